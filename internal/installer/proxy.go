package installer

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// Proxies are the person's own proxies, as a tool's files and variables name
// them. Their values may carry a password and must not be shown.
type Proxies struct {
	HTTP, HTTPS Setting // for requests in plain http and in https
	No          Setting // the hosts that are asked without one, as in NO_PROXY
}

// runVariable tells what runs in a child process which proxy is Assay's.
const runVariable = "ASSAY_RUN"

// Proxy returns how requests to a URL leave: through the person's own proxy
// (http, https, socks5 and socks5h, with user and password in its URL), or
// directly (nil). A proxy of the tool's own counts first, without the
// environment's exceptions, as with the tool; then HTTPS_PROXY or HTTP_PROXY,
// then ALL_PROXY, in small letters before capital ones, but for the hosts in
// NO_PROXY and this computer itself.
//
// Inside of another run (ASSAY_RUN) whose proxy it is, requests to this computer
// go through it as well, so that the outer run sees them.
//
// The error is a [*ConfigError] that names the variable and shows nothing of its
// value. The proxies that macOS and Windows have in their system settings are
// not read.
func Proxy(env Environ, c Config) func(*url.URL) (*url.URL, error) {
	if outer := env.Get(runVariable); outer != "" {
		if v, _ := env.first("https_proxy", "HTTPS_PROXY"); v == outer {
			if u, err := parseProxy(outer); err == nil {
				return func(*url.URL) (*url.URL, error) { return u, nil }
			}
		}
	}
	no := c.Proxies.No.Value
	pick := func(own Setting, keys ...string) Setting {
		if own.Value != "" {
			return own
		}
		v, key := env.first(keys...)
		return Setting{v, key}
	}
	if c.Proxies.HTTP.Value == "" && c.Proxies.HTTPS.Value == "" && no == "" {
		no, _ = env.first("no_proxy", "NO_PROXY")
	}
	plain := chosen(pick(c.Proxies.HTTP, "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"))
	tls := chosen(pick(c.Proxies.HTTPS, "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"))
	// The library answers which hosts the exceptions hold for.
	applies := (&httpproxy.Config{HTTPProxy: "http://proxy.invalid", HTTPSProxy: "http://proxy.invalid", NoProxy: exceptions(no)}).ProxyFunc()
	return func(u *url.URL) (*url.URL, error) {
		through := plain
		if u.Scheme == "https" {
			through = tls
		}
		if through.url == nil && through.err == nil {
			return nil, nil
		}
		if proxied, err := applies(u); err != nil || proxied == nil {
			return nil, err
		}
		return through.url, through.err
	}
}

// choice is a proxy, none, or one that cannot be read.
type choice struct {
	url *url.URL
	err error
}

func chosen(s Setting) choice {
	if s.Value == "" {
		return choice{}
	}
	u, err := parseProxy(strings.TrimSpace(s.Value))
	if err != nil {
		err = &ConfigError{File: s.Origin, Detail: err.Error()}
	}
	return choice{u, err}
}

// exceptions brings NO_PROXY into the library's form: entries may be divided by
// white space too, and an IPv6 address may stand in brackets.
func exceptions(s string) string {
	fields := strings.FieldsFunc(s, func(c rune) bool { return c == ',' || isSpace(c) })
	for i, f := range fields {
		if inner, ok := strings.CutPrefix(f, "["); ok && strings.HasSuffix(inner, "]") {
			if a, err := netip.ParseAddr(strings.TrimSuffix(inner, "]")); err == nil {
				fields[i] = a.String()
			}
		}
	}
	return strings.Join(fields, ",")
}
