package intercept

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"assay"
)

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		in   string
		port uint16
		want string // "" for an error
	}{
		{"example.invalid:443", 0, "example.invalid:443"},
		{"EXAMPLE.Invalid.:443", 0, "example.invalid:443"},
		{"example.invalid", 80, "example.invalid:80"},
		{"example.invalid", 0, ""},
		{"127.0.0.1:1", 0, "127.0.0.1:1"},
		{"[::1]:8443", 0, "[::1]:8443"},
		{"[::1]", 443, "[::1]:443"},
		{"[0:0:0:0:0:0:0:1]:8443", 0, "[::1]:8443"},
		{"[::FFFF:10.0.0.1]:8443", 0, "10.0.0.1:8443"},
		{"under_score.invalid:8443", 0, "under_score.invalid:8443"},
		{"a:0", 0, "a:0"},
		{"a:65535", 0, "a:65535"},
		{"a:00443", 0, "a:443"},
		{"a:65536", 0, ""}, {"a:000443", 0, ""}, {"a:+443", 0, ""}, {"a:-1", 0, ""}, {"a:https", 0, ""}, {"a:4 43", 0, ""},
		{"a:", 443, ""}, {":443", 0, ""}, {"", 443, ""}, {"a..b:443", 0, ""}, {".:443", 0, ""}, {"a.b..:443", 0, ""},
		{"user@a:443", 0, ""}, {"user:pw@a:443", 0, ""}, {"a:443/", 0, ""}, {"a:443/path", 0, ""}, {"a:443?q", 0, ""}, {"a:443#f", 0, ""},
		{"https://a:443", 0, ""}, {"::1:443", 0, ""}, {"[::1", 443, ""}, {"[::1]443", 0, ""}, {"[::1]:", 443, ""}, {"[a]:443", 0, ""},
		{"[127.0.0.1]:443", 0, ""}, {"[fe80::1%eth0]:443", 0, ""}, {"[fe80::1%25eth0]:443", 0, ""}, {"[]:443", 0, ""},
		{"a\r\nb:443", 0, ""}, {"a b:443", 0, ""}, {"a\x00:443", 0, ""}, {"ä.invalid:443", 0, ""}, {"-a:443", 0, ""}, {"*.a:443", 0, ""},
		{strings.Repeat("a.", 127) + "a:443", 0, ""}, {strings.Repeat("a", 64) + ":443", 0, ""},
	} {
		got, err := parseTarget(c.in, c.port)
		if c.want == "" {
			if !errors.Is(err, ErrHost) {
				t.Errorf("%q: %v, %v", c.in, got, err)
			}
			continue
		}
		if err != nil || got.String() != c.want {
			t.Errorf("%q: %v, %v; want %s", c.in, got, err, c.want)
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern string
		match   []string
		not     []string
	}{
		{"git.example", []string{"git.example:443", "git.example:1"}, []string{"x.git.example:443", "agit.example:443", "example:443", "git.example.invalid:443"}},
		{" GIT.Example. ", []string{"git.example:443"}, nil},
		{"*.example", []string{"git.example:443", "a.b.example:8443"}, []string{"example:443", "aexample:443", "git.example.invalid:443"}},
		{"*.Example:8443", []string{"git.example:8443"}, []string{"git.example:443"}},
		{"git.example:8443", []string{"git.example:8443"}, []string{"git.example:443"}},
		{"127.0.0.1", []string{"127.0.0.1:5"}, []string{"127.0.0.2:5"}},
		{"127.0.0.1:80", []string{"127.0.0.1:80"}, []string{"127.0.0.1:81"}},
		{"[::1]", []string{"[::1]:80", "[::1]:443"}, []string{"[::2]:80", "127.0.0.1:80"}},
		{"[0::1]:80", []string{"[::1]:80"}, []string{"[::1]:81"}},
		{"[::ffff:127.0.0.1]:80", []string{"127.0.0.1:80"}, nil},
		{"bücher.example", []string{"xn--bcher-kva.example:443"}, []string{"bucher.example:443"}},
		{"*.0.0.com", []string{"a.0.0.com:1"}, nil},
	} {
		p, err := parsePattern(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		for i, s := range append(slices.Clone(c.match), c.not...) {
			at, err := parseTarget(s, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.matches(at); got != (i < len(c.match)) {
				t.Errorf("%q matches %s: %v", c.pattern, s, got)
			}
		}
	}
	for _, bad := range []string{"", "*", "*.", "*.*.example", "a.*", "*example", "**.example", "https://git.example", "git.example/x", "user@git.example",
		"git.example:", "git.example:0", "git.example:99999", "git.example:https", "a b", "a..b", "::1", "[::1", "[fe80::1%eth0]", "*.127.0.0.1", "*.[::1]",
		"git.example,other.example", "\x00", "b\u2028\u00fc"} {
		if err := CheckPattern(bad); !errors.Is(err, ErrPattern) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := CheckPattern("a..b"); err == nil || err.Error() != `not a host pattern: "a..b"` {
		t.Errorf("error %v", err)
	}
	if _, err := newScope(Scope{PlainHTTP: []string{"x y"}}); err == nil || err.Error() != `hosts without TLS: not a host pattern: "x y"` {
		t.Errorf("error %v", err)
	}
}

func TestRoutes(t *testing.T) {
	s := Scope{Tunnel: []string{"*.named.example", "index.example"}, Indexes: []string{"index.example:443", "[::1]:8443", "git.example:443"}}
	plain, runner, strict := s, s, s
	runner.Runner, strict.VCS = true, assay.Error
	for _, c := range []struct {
		scope  Scope
		target string
		vcs    string
		marked bool
		want   route
	}{
		{plain, "other.example:443", "", false, route{}},
		{plain, "a.named.example:443", "", false, route{why: WhyNamed}},
		{plain, "a.named.example:443", "", true, route{why: WhyNamed}},
		{plain, "index.example:443", "", false, route{anyway: true}},
		{plain, "index.example:8443", "", false, route{why: WhyNamed}},
		{plain, "other.example:25", "", true, route{code: assay.TransportTunnelPort, detail: "other.example:25"}},
		{plain, "a.named.example:25", "git", false, route{code: assay.TransportTunnelPort, detail: "a.named.example:25"}},
		{plain, "index.example:6667", "", false, route{code: assay.TransportTunnelPort, detail: "index.example:6667"}},
		{plain, "other.example:0", "", false, route{code: assay.TransportTunnelPort, detail: "other.example:0"}},
		{plain, "git.example:443", "git", false, route{why: "git"}},
		{plain, "git.example:443", "hg", true, route{why: "hg"}},
		{strict, "git.example:443", "git", false, route{code: assay.SourceVCS, detail: "git: git.example:443"}},
		{strict, "a.named.example:443", "svn", true, route{code: assay.SourceVCS, detail: "svn: a.named.example:443"}},
		{strict, "other.example:443", "", false, route{}},
		{runner, "other.example:443", "", false, route{why: WhyNotInstaller}},
		{runner, "other.example:443", "", true, route{}},
		{runner, "index.example:443", "", false, route{anyway: true}},
		{runner, "[::1]:8443", "", false, route{}},
		{runner, "[::1]:8444", "", false, route{why: WhyNotInstaller}},
		{runner, "a.named.example:443", "", true, route{why: WhyNamed}},
		{runner, "other.example:443", "git", false, route{why: "git"}},
		{runner, "other.example:993", "", false, route{code: assay.TransportTunnelPort, detail: "other.example:993"}},
	} {
		scope, err := newScope(c.scope)
		if err != nil {
			t.Fatal(err)
		}
		at, err := parseTarget(c.target, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := scope.route(at, c.vcs, c.marked); got != c.want {
			t.Errorf("runner %v, vcs %q, marked %v, %s:\n got %+v\nwant %+v", c.scope.Runner, c.vcs, c.marked, c.target, got, c.want)
		}
	}
}

func TestFollowable(t *testing.T) {
	s, err := newScope(Scope{PlainHTTP: []string{"plain.example", "[fd00::1]:8080"}})
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"https://other.example/x":         "",
		"http://plain.example/x":          "",
		"http://plain.example:8080/x":     "",
		"http://127.0.0.1:8080/x":         "",
		"http://[::1]/x":                  "",
		"http://[fd00::1]:8080/x":         "",
		"http://[fd00::1]:8081/x":         "a redirect that is not followed: it leads to plain http",
		"http://other.example/x":          "a redirect that is not followed: it leads to plain http",
		"https://other.example:25/x":      "a redirect that is not followed: it leads to a port where no web server is",
		"http://plain.example:6000/x":     "a redirect that is not followed: it leads to a port where no web server is",
		"https://a..b/x":                  "a redirect that is not followed: its address cannot be read",
		"http://plain.example.evil.com/x": "a redirect that is not followed: it leads to plain http",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.followable(u); err == nil && want != "" || err != nil && (err.Error() != want || !errors.Is(err, errRedirect)) {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestBadPorts(t *testing.T) {
	if !slices.IsSorted(badPorts) || len(badPorts) != len(slices.Compact(slices.Clone(badPorts))) {
		t.Error("the list must be in order, without repetitions")
	}
	for _, port := range []uint16{0, 21, 22, 25, 6000, 10080} {
		if !isBadPort(port) {
			t.Errorf("%d is not bad", port)
		}
	}
	for _, port := range []uint16{80, 443, 8080, 8443, 3128, 65535, 5000} {
		if isBadPort(port) {
			t.Errorf("%d is bad", port)
		}
	}
}

// FuzzTarget reads targets and patterns: what is read once reads the same again,
// and neither holds what a header or a URL would be split by.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{"example.invalid:443", "[::1]:8443", "*.example.invalid", "*.Example.:80", "127.0.0.1", "user@a:1", "a:1/b", "[fe80::1%25x]:1",
		"bücher.example", "[::ffff:1.2.3.4]:9", "a\r\nb:1", "xn--a.example:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := parseTarget(s, 80); err == nil {
			again, err := parseTarget(got.String(), 0)
			if err != nil || again != got {
				t.Fatalf("%q reads as %q, and that as %q, %v", s, got, again, err)
			}
			if strings.ContainsAny(got.String(), "\r\n\x00 /@?#%\\*") {
				t.Fatalf("%q reads as %q", s, got)
			}
			if p, err := parsePattern(got.String()); got.port != 0 && (err != nil || !p.matches(got)) {
				t.Fatalf("%q is no pattern of itself: %v", got, err)
			}
		}
		p, err := parsePattern(s)
		if err != nil {
			return
		}
		at := target{p.host, max(p.port, 1)}
		if p.matches(at) == p.below || p.below && !p.matches(target{"x." + p.host, at.port}) {
			t.Fatalf("%q reads as %+v", s, p)
		}
	})
}

// FuzzRequests reads requests: what is looked at is what would be sent, to where
// it was looked at to go.
func FuzzRequests(f *testing.F) {
	for _, s := range []string{
		"GET http://example.invalid/a%2fb/../c?x#y HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a HTTP/1.1\r\nHost: example.invalid:8443\r\n\r\n",
		"GET x:y HTTP/1.1\r\nHost: example.invalid:8443\r\n\r\n", "GET https://u:p@example.invalid:8443//z HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT example.invalid:443 HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: EXAMPLE.invalid.:8443\r\n\r\n",
		"POST http://[::1]:80/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", "GET http://a:/ HTTP/1.0\n\n",
	} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, head []byte, opened bool) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		if err != nil || !wellFormed(r) || r.Method == http.MethodConnect {
			return
		}
		s := &session{proxy: &Proxy{address: "127.0.0.1:1"}}
		if opened {
			s.authority = target{"example.invalid", 8443}
		}
		u, status, _ := s.target(r)
		if status != 0 {
			return
		}
		at, err := targetOf(u)
		if err != nil || opened && (at != s.authority || u.Scheme != "https") || !opened && u.Scheme != "http" {
			t.Fatalf("%q leads to %q, %v", head, u, err)
		}
		uri := u.RequestURI()
		if u.User != nil || u.Opaque != "" || !strings.HasPrefix(uri, "/") && uri != "*" || strings.ContainsAny(uri, "\r\n \x00") {
			t.Fatalf("%q would ask for %q", head, uri)
		}
		again, err := url.ParseRequestURI(uri)
		if err != nil || again.Path != cmp.Or(u.Path, "/") || again.RawQuery != u.RawQuery {
			t.Fatalf("%q is looked at as %q, and would ask for %q, %v", head, u.Path, uri, err)
		}
	})
}
