package installer

import (
	"net/url"
	"strings"

	"assay/internal/index"
)

// Credentials returns what the person's configuration knows for an origin
// ("https://index.example"): the user and password in the URL of a configured
// index, uv's UV_INDEX_<NAME>_USERNAME and _PASSWORD, and the netrc file, in
// this order. Installers send their own credentials through the proxy; these
// are for what Assay asks by itself.
func Credentials(env []string, config Config) (func(origin string) (user, password string, ok bool), error) {
	e := Environ(env)
	machines, err := readNetrc(e)
	if err != nil {
		return nil, err
	}
	known := map[string]*url.Userinfo{}
	for _, i := range config.Indexes {
		origin := index.Origin(i.URL)
		user := i.User
		if user == nil {
			user = namedCredentials(e, i.Name)
		}
		if user != nil && known[origin] == nil {
			known[origin] = user
		}
	}
	return func(origin string) (string, string, bool) {
		if user := known[origin]; user != nil {
			password, _ := user.Password()
			return user.Username(), password, true
		}
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "https" && !index.IsLoopback(u.Hostname()) {
			return "", "", false // netrc knows hosts, not schemes: nothing in plain text
		}
		m, ok := machines[strings.ToLower(u.Hostname())]
		return m.login, m.password, ok
	}, nil
}

// namedCredentials reads the variables that uv has for a named index.
func namedCredentials(env Environ, name string) *url.Userinfo {
	if name == "" {
		return nil
	}
	key := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
	user, okUser := env.Lookup("UV_INDEX_" + key + "_USERNAME")
	password, okPassword := env.Lookup("UV_INDEX_" + key + "_PASSWORD")
	if !okUser && !okPassword {
		return nil
	}
	return url.UserPassword(user, password)
}
