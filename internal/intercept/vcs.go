package intercept

import (
	"net/http"
	"slices"
	"strings"
)

// vcsAgents are the beginnings of the User-Agents of version control systems, in
// lower case. Dulwich, libgit2, go-git and gitoxide all begin as git does.
var vcsAgents = []struct{ prefix, system string }{
	{"git/", "git"}, {"git-lfs/", "git"}, {"mercurial/", "hg"}, {"svn/", "svn"}, {"bzr/", "bzr"}, {"breezy/", "bzr"},
}

// vcsAgent returns the version control system that a User-Agent belongs to, or "".
func vcsAgent(agent string) string {
	agent = strings.ToLower(agent)
	for _, a := range vcsAgents {
		if strings.HasPrefix(agent, a.prefix) {
			return a.system
		}
	}
	return ""
}

// vcsRequest returns the version control system that a request belongs to, or
// "": by its User-Agent, or because it speaks git's smart protocol
// (gitprotocol-http), as Poetry's dulwich does under any name.
func vcsRequest(r *http.Request) string {
	if system := vcsAgent(r.UserAgent()); system != "" {
		return system
	}
	for _, service := range []string{"git-upload-pack", "git-receive-pack"} {
		switch {
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/"+service),
			strings.HasSuffix(r.URL.Path, "/info/refs") && slices.Contains(strings.Split(r.URL.RawQuery, "&"), "service="+service):
			return "git"
		}
	}
	return ""
}
