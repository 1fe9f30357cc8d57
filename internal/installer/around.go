package installer

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// AroundError means that a flag or a setting is stronger than the environment in
// which Assay runs the installer, and would lead it around Assay.
type AroundError struct {
	Tool    Tool
	Setting string // "proxy", "https-proxy", "cache-dir"
	Origin  string

	effect string // what it does, with the tool's name in the place of %s
	hint   string
}

// Error says what goes around, where it is set, and what it does.
func (e *AroundError) Error() string {
	return fmt.Sprintf("%q (%s) would %s", e.Setting, e.Origin, fmt.Sprintf(e.effect, e.Tool))
}

// Hint names the way out.
func (e *AroundError) Hint() string { return e.hint }

// aroundProxy is the error for a proxy that an installer would use instead of
// Assay's.
func aroundProxy(tool Tool, setting string, s Setting) error {
	proxy := "to the same proxy"
	if u, err := parseProxy(s.Value); err == nil && u.User == nil {
		proxy = "to " + u.String()
	} else if err != nil {
		proxy = "to that proxy"
	}
	return &AroundError{Tool: tool, Setting: setting, Origin: s.Origin, effect: "send %s around assay",
		hint: "leave it out, and set HTTPS_PROXY and HTTP_PROXY " + proxy + ": assay goes out through it"}
}

// aroundCache is the error for what makes an installer use a cache in which not
// everything came past Assay.
func aroundCache(tool Tool, setting, origin string) error {
	return &AroundError{Tool: tool, Setting: setting, Origin: origin, effect: "let %s take files from a cache that assay did not fill",
		hint: "leave it out, or keep your own caches: assay run --installer-cache theirs -- COMMAND"}
}

// aroundCert is the error for roots that an installer trusts instead of those in
// the file that Assay gives it.
func aroundCert(tool Tool, setting string, s Setting) error {
	return &AroundError{Tool: tool, Setting: setting, Origin: s.Origin, effect: "make %s distrust assay",
		hint: "leave it out, and set SSL_CERT_FILE=" + s.Value + ": assay trusts what is in it, and hands it on"}
}

// parseProxy reads the address of a proxy, which may stand without its scheme.
func parseProxy(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, errors.New("the address of a proxy cannot be read")
	case !proxySchemes[u.Scheme]:
		return nil, fmt.Errorf("a proxy is asked by http, https or socks5, not by %q", u.Scheme)
	}
	return &url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}, nil
}

var proxySchemes = set("http https socks5 socks5h")
