package intercept_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"assay"
	"assay/internal/intercept"
)

// anywhere leads a transport's connections to one address, whatever is asked for.
func anywhere(address string) option {
	return func(c *intercept.Config) {
		tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}}
		intercept.Tune(tr)
		c.Upstream = tr
	}
}

// TestNothingThatIsJudgedComesWithoutTLS asks for pages, files and metadata over
// http, by name and in disguise.
func TestNothingThatIsJudgedComesWithoutTLS(t *testing.T) {
	var asked atomic.Int32
	up := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch r.URL.Path {
		case "/disguised-page":
			rw.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
		case "/disguised-file":
			rw.Header().Set("Content-Disposition", `attachment; filename="foo-1.0-py3-none-any.whl"`)
		}
		fmt.Fprint(rw, "from ", r.Host)
	}))
	defer up.Close()
	w := newWorld(t, http.NotFoundHandler(), anywhere(up.Listener.Addr().String()),
		withScope(intercept.Scope{PlainHTTP: []string{"plain.example.invalid", "*.inside.example.invalid:8080"}}))
	const text = "403 assay: it would come over plain http, which anybody on the way can change: %s (transport.plain-http)"
	for _, c := range []struct {
		url, accept string
		sent        int32  // requests that reach the upstream before the refusal
		host        string // "" where it is let through
	}{
		{"http://index.example.invalid/simple/foo/", pipAccept, 0, "index.example.invalid"},
		{"http://index.example.invalid:8080/simple/foo/", pipAccept, 0, "index.example.invalid:8080"},
		{"http://INDEX.example.invalid.:80" + wheel, "", 0, "index.example.invalid"},
		{"http://index.example.invalid" + wheel + ".metadata", "", 0, "index.example.invalid"},
		{"http://10.0.0.1" + wheel, "", 0, "10.0.0.1"},
		{"http://[fd00::1]" + wheel, "", 0, "[fd00::1]"},
		{"http://other.plain.example.invalid" + wheel, "", 0, "other.plain.example.invalid"},
		{"http://a.inside.example.invalid" + wheel, "", 0, "a.inside.example.invalid"},
		{"http://index.example.invalid/disguised-page", "", 1, "index.example.invalid"},
		{"http://index.example.invalid/disguised-file", "", 1, "index.example.invalid"},
		{"http://index.example.invalid/other", "", 1, ""},
		{"http://plain.example.invalid/simple/foo/", pipAccept, 1, ""},
		{"http://plain.example.invalid:8080" + wheel, "", 1, ""},
		{"http://a.inside.example.invalid:8080" + wheel, "", 1, ""},
		{"http://127.0.0.1" + wheel, "", 1, ""},
		{"http://localhost:8080" + wheel, "", 1, ""},
		{"http://[::1]:8080" + wheel, "", 1, ""},
		{"http://plain.example.invalid/disguised-page", "", 2, ""},
	} {
		asked.Store(0)
		before := len(w.desk.log())
		resp, body, err := w.get(t, c.url, "Accept", c.accept)
		if err != nil {
			t.Fatal(err)
		}
		if got := asked.Load(); got != c.sent {
			t.Errorf("%s: %d requests were sent", c.url, got)
		}
		if c.host == "" {
			if resp.StatusCode != 200 || !strings.HasPrefix(string(body), "from ") {
				t.Errorf("%s: %v, %q", c.url, resp, body)
			}
			continue
		}
		u, _ := url.Parse(c.url)
		if want := fmt.Sprintf(text, c.host); resp.Status != want {
			t.Errorf("%s: got %q\nwant %q", c.url, resp.Status, want)
		}
		p := problemOf(t, resp, body)
		if p.Code != "transport.plain-http" || p.Title != "refused by assay" || p.Hint != "use the index's https address, or allow this host with '--allow-http HOST'" {
			t.Errorf("%+v", p)
		}
		want := []string{"unread " + u.Path + " transport.plain-http: " + c.host}
		if got := w.desk.log()[before:]; !reflect.DeepEqual(got, want) {
			t.Errorf("the desk was asked %q", got)
		}
	}
}

// TestARedirectLeavesNoTLS has a file redirected from this machine to plain http
// elsewhere.
func TestARedirectLeavesNoTLS(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(rw, r, to, http.StatusFound)
			return
		}
		t.Errorf("asked for %s", r.URL)
	}))
	defer up.Close()
	w := newWorld(t, http.NotFoundHandler())
	for to, want := range map[string]string{
		"http://files.example.invalid" + wheel:     "it leads to plain http",
		"https://files.example.invalid:25" + wheel: "it leads to a port where no web server is",
	} {
		resp, _, err := w.get(t, up.URL+wheel+"?to="+url.QueryEscape(to))
		if err != nil || resp.StatusCode != http.StatusBadGateway || !strings.HasSuffix(resp.Status, "a redirect that is not followed: "+want) {
			t.Errorf("%s: %v, %v", to, resp, err)
		}
	}
}

// TestPortsOfOtherServices asks for connections and URLs where no web server is.
func TestPortsOfOtherServices(t *testing.T) {
	w := newWorld(t, http.NotFoundHandler(), withScope(intercept.Scope{Runner: true, Tunnel: []string{"mail.example.invalid"}}),
		withDial(func(context.Context, string) (net.Conn, error) {
			t.Error("somebody dialled")
			return nil, net.ErrClosed
		}))
	const text = "403 assay: the connection is to a port where no web server is: %s (transport.tunnel-port)"
	for _, at := range []string{"mail.example.invalid:25", "127.0.0.1:22", "[::1]:6667", "irc.example.invalid:6697", "zero.example.invalid:0"} {
		_, in, resp := w.connect(t, at, "User-Agent: git/2.39.5")
		if want := fmt.Sprintf(text, at); resp.Status != want {
			t.Errorf("got %q, want %q", resp.Status, want)
		}
		if body, _ := io.ReadAll(in); !strings.Contains(string(body), `"code":"transport.tunnel-port","hint":"find out what wanted it: no installer needs that port"`) {
			t.Errorf("%s", body)
		}
	}
	resp, _, err := w.get(t, "http://mail.example.invalid:25/HELO")
	if want := fmt.Sprintf(text, "mail.example.invalid:25"); err != nil || resp.Status != want {
		t.Errorf("%v, %v", resp, err)
	}
	want := []string{"mail.example.invalid:25", "127.0.0.1:22", "[::1]:6667", "irc.example.invalid:6697", "zero.example.invalid:0"}
	for i, at := range want {
		want[i] = "unread  transport.tunnel-port: " + at
	}
	want = append(want, "unread /HELO transport.tunnel-port: mail.example.invalid:25")
	if got := w.desk.log(); !reflect.DeepEqual(got, want) {
		t.Errorf("the desk was asked\n%q, want\n%q", got, want)
	}
	if s := w.proxy.Stats(); s.Refused != 6 || len(s.Tunnels) != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestAnApplicationsPlainRequests are copied unjudged where they are known not to
// be an installer's.
func TestAnApplicationsPlainRequests(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
		fmt.Fprint(rw, "hello", r.Header["Proxy-Authorization"])
	}))
	defer up.Close()
	scope := intercept.Scope{Runner: true, Indexes: []string{"index.example.invalid:80", "[fd00::1]:8080"}, PlainHTTP: []string{"index.example.invalid"}}
	for _, c := range []struct {
		url     string
		header  []string
		refused bool
		asked   int
	}{
		{"http://other.example.invalid" + wheel, nil, false, 0},
		{"http://other.example.invalid/simple/foo/", []string{"Accept", pipAccept}, false, 0},
		{"http://other.example.invalid" + wheel, []string{"User-Agent", "uv/0.13.9"}, true, 1},
		{"http://other.example.invalid" + wheel, []string{"User-Agent", "pip/26.3"}, true, 1},
		{"http://[fd00::1]:8080" + wheel, nil, true, 1},
		{"http://[fd00::1]:8081" + wheel, nil, false, 0},
		{"http://index.example.invalid/simple/foo/", []string{"Accept", pipAccept}, false, 1},
	} {
		w := newWorld(t, http.NotFoundHandler(), anywhere(up.Listener.Addr().String()), withScope(scope))
		resp, body, err := w.get(t, c.url, c.header...)
		if err != nil || (resp.StatusCode == 403) != c.refused || !c.refused && string(body) != "hello[]" {
			t.Errorf("%s %q: %v, %v, %s", c.url, c.header, resp, err, body)
		}
		s := w.proxy.Stats()
		if len(w.desk.log()) != c.asked || (len(s.Tunnels) == 1) != (c.asked == 0) {
			t.Errorf("%s %q: the desk was asked %q; %+v", c.url, c.header, w.desk.log(), s)
		}
		if c.asked == 0 && (s.Tunnels[0].Why != "not an installer's" || s.Tunnels[0].Count != 1 || len(s.Requests) != 0) {
			t.Errorf("stats %+v", s)
		}
	}
	// The mark tells pip, and goes nowhere.
	w := newWorld(t, http.NotFoundHandler(), anywhere(up.Listener.Addr().String()), withScope(scope))
	marked, _ := url.Parse(w.proxy.MarkedURL())
	w.client.Transport.(*http.Transport).Proxy = http.ProxyURL(marked)
	if resp, _, err := w.get(t, "http://other.example.invalid"+wheel); err != nil || resp.StatusCode != 403 {
		t.Errorf("%v, %v", resp, err)
	}
	if _, body, err := w.get(t, "http://index.example.invalid/other"); err != nil || string(body) != "hello[]" {
		t.Errorf("%s, %v", body, err)
	}
}

// TestOldPoetrysPages are asked for as anything is, but of an index's host.
func TestOldPoetrysPages(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "hello") }))
	defer up.Close()
	scope := intercept.Scope{Indexes: []string{"index.example.invalid:80", "allowed.example.invalid:80", "127.0.0.1:80"}, PlainHTTP: []string{"allowed.example.invalid"}}
	for _, c := range []struct {
		url, agent string
		refused    bool
	}{
		{"http://index.example.invalid/simple/foo/", "poetry/1.8.5 CPython/3.11.7", true},
		{"http://index.example.invalid/simple/foo/", "curl/8", false},
		{"http://index.example.invalid:81/simple/foo/", "poetry/1.8.5 CPython/3.11.7", false},
		{"http://allowed.example.invalid/simple/foo/", "poetry/1.8.5 CPython/3.11.7", false},
		{"http://127.0.0.1/simple/foo/", "poetry/1.8.5 CPython/3.11.7", false},
	} {
		w := newWorld(t, http.NotFoundHandler(), anywhere(up.Listener.Addr().String()), withScope(scope))
		resp, body, err := w.get(t, c.url, "User-Agent", c.agent, "Accept", "*/*")
		if err != nil || (resp.StatusCode == 403) != c.refused || !c.refused && string(body) != "hello" {
			t.Errorf("%s, %s: %v, %v, %s", c.url, c.agent, resp, err, body)
		}
	}
}

// TestVersionControlInside is git's smart protocol on a connection that is
// opened, as dulwich speaks it.
func TestVersionControlInside(t *testing.T) {
	type ask struct{ method, target, agent, system string }
	asks := []ask{
		{"GET", "/a/repo.git/info/refs?service=git-upload-pack", "python-urllib3/2.0", "git"},
		{"GET", "/a/repo/info/refs?x=y&service=git-receive-pack", "", "git"},
		{"POST", "/a/repo.git/git-upload-pack", "", "git"},
		{"GET", "/a/repo.git/HEAD", "git/dulwich/0.22.1", "git"},
		{"GET", "/repo?cmd=capabilities", "mercurial/proto-1.0", "hg"},
		{"OPTIONS", "/svn/trunk", "SVN/1.14", "svn"},
		{"GET", "/bzr/.bzr/smart", "Breezy/3.3", "bzr"},
		{"GET", "/a/info/refs?service=other", "", ""},
		{"GET", "/a/git-upload-pack", "", ""},
		{"GET", "/legit/", "digit/1", ""},
	}
	judged := []ask{
		// What is judged stays judged, whoever asks.
		{"GET", wheel, "git/2.39.5", ""},
		{"GET", "/a/disguised", "git/2.39.5", ""},
	}
	for _, vcs := range []assay.Severity{"", assay.Warning, assay.Error} {
		w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "disguised") {
				rw.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
			}
			fmt.Fprint(rw, "hello")
		}), withScope(intercept.Scope{VCS: vcs}))
		up := strings.TrimPrefix(w.up.URL, "https://")
		want := map[string]int{}
		refused := 0
		for _, a := range append(asks, judged...) {
			resp, body, err := w.do(t, a.method, a.target, "User-Agent", a.agent)
			if err != nil {
				t.Fatal(err)
			}
			if refuse := vcs == assay.Error && (a.system != "" || a.target == "/a/disguised"); refuse {
				refused++
				system := a.system
				if system == "" {
					system = "git"
				}
				if want := "403 assay: the rules refuse sources that come straight from version control: " + system + ": " + up + " (source.vcs)"; resp.Status != want {
					t.Errorf("%v: got %q", a, resp.Status)
				}
				continue
			}
			if string(body) != "hello" {
				t.Errorf("%v: %v, %q", a, resp, body)
			}
			if a.system != "" {
				want[a.system]++
			}
		}
		s := w.proxy.Stats()
		got := map[string]int{}
		for _, tunnel := range s.Tunnels {
			got[tunnel.Why] = tunnel.Count
			if tunnel.Host != up {
				t.Errorf("%+v", tunnel)
			}
		}
		if !reflect.DeepEqual(got, want) || s.Refused != refused || s.Requests["file"] != 1 || s.Requests["other"] != 3 {
			t.Errorf("%s: %+v", vcs, s)
		}
		if vcs != assay.Error && (s.Requests["page"] != 1 || s.Requests["vcs"] != 7) {
			t.Errorf("%s: %+v", vcs, s)
		}
	}
}

// TestNoMarkIsLogged looks for the mark and for passwords in the log.
func TestNoMarkIsLogged(t *testing.T) {
	var mu sync.Mutex
	var log bytes.Buffer
	up := tcp(t, "tcp4", func(c *net.TCPConn) { _, _ = io.WriteString(c, "hello") })
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, r.Header) }),
		withScope(intercept.Scope{Tunnel: []string{up}}), func(c *intercept.Config) {
			c.Log = slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
				mu.Lock()
				defer mu.Unlock()
				return log.Write(p)
			}), &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
	u, _ := url.Parse(w.proxy.MarkedURL())
	mark, _ := u.User.Password()
	request, _ := http.NewRequest("GET", "http://x", nil)
	request.SetBasicAuth("pip", mark)
	header := "Proxy-Authorization: " + request.Header.Get("Authorization")
	for _, at := range []string{up, "127.0.0.1:1", "bad host:1", "127.0.0.1:25", strings.TrimPrefix(w.up.URL, "https://")} {
		c, in, _ := w.connect(t, at, header)
		_ = c.CloseWrite()
		_, _ = io.ReadAll(in)
	}
	_, body, err := w.get(t, w.up.URL+"/x", "Proxy-Authorization", request.Header.Get("Authorization"), "Connection", "Proxy-Authorization")
	mu.Lock()
	defer mu.Unlock()
	secret := strings.TrimPrefix(request.Header.Get("Authorization"), "Basic ")
	for _, text := range []string{log.String(), string(body)} {
		if err != nil || text == "" || strings.Contains(text, mark) || strings.Contains(text, secret) || strings.Contains(text, "Proxy-Auth") {
			t.Errorf("%v\n%s", err, text)
		}
	}
}
