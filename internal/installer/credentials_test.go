package installer

import (
	"strings"
	"testing"
)

func TestCredentials(t *testing.T) {
	dir := place(t, map[string]string{
		"home/.netrc": "# mine\nmachine C.invalid login me password \"a secret\"\nmacdef x\nls\n\ndefault login d password dd\n" +
			"machine d.invalid password p\\ q account z\nmachine e.invalid login one password 1\nmachine e.invalid login two password 2\n",
		"cwd/pyproject.toml": "[tool.uv]\nindex = [{name = \"my-one\", url = \"https://x:y@b.invalid/simple\"}]",
	})
	env := environ(dir, "UV_DEFAULT_INDEX=https://u:p%40w@a.invalid/simple",
		"UV_INDEX=https://one@e.invalid/simple https://f.invalid/simple https://three@g.invalid/simple http://h.invalid/simple https://a.invalid/second",
		"UV_INDEX_MY_ONE_USERNAME=uv", "UV_INDEX_MY_ONE_PASSWORD=pw")
	config, err := Read(env, dir+"/cwd", []string{"uv", "sync"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := Credentials(env, config)
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]string{
		"https://a.invalid":      "u:p@w true",
		"https://a.invalid:8443": ": false",
		"http://a.invalid":       ": false",
		"https://b.invalid":      "uv:pw true",       // the variables beat the URL
		"https://c.invalid":      "me:a secret true", // the netrc file's
		"https://c.invalid:8443": "me:a secret true",
		"http://c.invalid":       ": false",
		"https://d.invalid":      ":p q true",
		"https://e.invalid":      "one:1 true", // the URL's user, the file's password
		"https://f.invalid":      "d:dd true",  // default, for an index
		"https://g.invalid":      "three: true",
		"http://h.invalid":       ": false",
		"https://other.invalid":  ": false", // default, for no index
		"::":                     ": false",
	} {
		user, password, ok := credentials(origin)
		if got := user + ":" + password + map[bool]string{true: " true", false: " false"}[ok]; got != want {
			t.Errorf("%s: %s, want %s", origin, got, want)
		}
	}
}

// What pip and uv pass over does not stop a run.
func TestNetrcOfNoUse(t *testing.T) {
	dir := place(t, map[string]string{"bad": "machine a.invalid\nlogin me\npassword", "large": strings.Repeat("#\n", maxNetrc)})
	for file, want := range map[string]string{
		"bad":   "",
		"none":  "",
		"large": "reading credentials: ROOT/large: the file is larger than 1048576 bytes",
		"home":  "reading credentials: read ROOT/home: not a regular file",
	} {
		got := ""
		if _, err := Credentials(environ(dir, "NETRC=ROOT/"+file), Config{}); err != nil {
			got = strings.ReplaceAll(err.Error(), dir, "ROOT")
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", file, got, want)
		}
	}
}

func TestParseNetrcRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"machine a.invalid\nlogin me\npassword": "f:3: an entry has no value",
		"secret machine x":                      "f:1: something stands before the first machine, or in the place of one",
		"machine a.invalid secret secret":       "f:1: an entry is neither login, user, account nor password",
		"machine":                               "f:1: a machine has no name",
	} {
		if _, err := parseNetrc("f", text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
