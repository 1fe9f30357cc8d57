package installer

import (
	"net/url"
	"strings"

	"assay/internal/index"
)

// Credentials returns what the person's configuration knows for an origin
// ("https://index.example"): uv's UV_INDEX_<NAME>_USERNAME and _PASSWORD, the
// user and password in the URL of a configured index, and the netrc file, in this
// order; a URL with a user alone takes that user's password from the netrc file.
// The entry "default" of that file holds for configured indexes only: it would
// hand a password to whatever host is asked.
//
// Installers send their own credentials through the proxy, those of a keyring
// among them; these are for what Assay asks by itself.
func Credentials(env []string, config Config) (func(origin string) (user, password string, ok bool), error) {
	e := Environ(env)
	netrc, err := readNetrc(e)
	if err != nil {
		return nil, err
	}
	known := map[string]*url.Userinfo{}
	configured := map[string]bool{}
	for _, i := range config.Indexes {
		origin := index.Origin(i.URL)
		configured[origin] = true
		user := namedCredentials(e, i)
		if user != nil && known[origin] == nil {
			known[origin] = user
		}
	}
	return func(origin string) (string, string, bool) {
		login := ""
		user := known[origin]
		if user != nil {
			login = user.Username()
			if password, given := user.Password(); given {
				return login, password, true
			}
		}
		if m, ok := fromNetrc(netrc, origin, login, configured[origin]); ok {
			return m.login, m.password, true
		}
		return login, "", user != nil
	}, nil
}

// fromNetrc finds an origin's entry. A netrc file knows hosts and not schemes, so
// that nothing of it is sent in plain text but to this computer.
func fromNetrc(netrc machines, origin, login string, configured bool) (machine, bool) {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" && !index.IsLoopback(u.Hostname()) {
		return machine{}, false
	}
	if m, ok := netrc.find(strings.ToLower(u.Hostname()), login); ok || !configured {
		return m, ok
	}
	return netrc.find("", login)
}

// namedCredentials are an index's own: those of the variables that uv has for a
// named index, else those of its URL.
func namedCredentials(env Environ, i Index) *url.Userinfo {
	if i.Name == "" {
		return i.User
	}
	key := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, i.Name)
	user, okUser := env.Lookup("UV_INDEX_" + key + "_USERNAME")
	password, okPassword := env.Lookup("UV_INDEX_" + key + "_PASSWORD")
	if !okUser && !okPassword {
		return i.User
	}
	return url.UserPassword(user, password)
}
