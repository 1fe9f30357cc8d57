package intercept_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"assay"
	"assay/internal/intercept"
)

// TestWhatIsOpened has one upstream, and clients that trust either it or the
// proxy: so a connection that is opened although it should not be fails, and the
// other way round.
func TestWhatIsOpened(t *testing.T) {
	for _, c := range []struct {
		name   string
		scope  func(up string) intercept.Scope
		agent  string
		marked bool
		why    string // "" where it is opened
		anyway bool
	}{
		{name: "the zero scope opens", scope: func(string) intercept.Scope { return intercept.Scope{} }},
		{name: "named", scope: func(string) intercept.Scope { return intercept.Scope{Tunnel: []string{"127.0.0.1"}} }, why: "named"},
		{name: "named, and uv", scope: func(string) intercept.Scope { return intercept.Scope{Tunnel: []string{"127.0.0.1"}} }, agent: "uv/0.13.9", why: "named"},
		{name: "named, and an index", scope: func(up string) intercept.Scope {
			return intercept.Scope{Tunnel: []string{"127.0.0.1"}, Indexes: []string{up}}
		}, anyway: true},
		{name: "another port is named", scope: func(string) intercept.Scope { return intercept.Scope{Tunnel: []string{"127.0.0.1:1"}} }},
		{name: "git", scope: func(string) intercept.Scope { return intercept.Scope{} }, agent: "git/2.39.5", why: "git"},
		{name: "git, in an index", scope: func(up string) intercept.Scope { return intercept.Scope{Indexes: []string{up}} }, agent: "git/2.39.5", why: "git"},
		{name: "hg", scope: func(string) intercept.Scope { return intercept.Scope{} }, agent: "mercurial/proto-1.0 (Mercurial 6.8)", why: "hg"},
		{name: "svn", scope: func(string) intercept.Scope { return intercept.Scope{} }, agent: "SVN/1.14.2 (x86_64-pc-linux-gnu) serf/1.3.9", why: "svn"},
		{name: "an application", scope: func(string) intercept.Scope { return intercept.Scope{Runner: true} }, why: "not an installer's"},
		{name: "an application that has a name", scope: func(string) intercept.Scope { return intercept.Scope{Runner: true} }, agent: "python-requests/2.32", why: "not an installer's"},
		{name: "an application at an index", scope: func(up string) intercept.Scope { return intercept.Scope{Runner: true, Indexes: []string{up}} }},
		{name: "a runner's uv", scope: func(string) intercept.Scope { return intercept.Scope{Runner: true} }, agent: "uv/0.13.9 {}"},
		{name: "a runner's pip", scope: func(string) intercept.Scope { return intercept.Scope{Runner: true} }, marked: true},
		{name: "uv is the beginning, not a part", scope: func(string) intercept.Scope { return intercept.Scope{Runner: true} }, agent: "my uv/1", why: "not an installer's"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.Header["Proxy-Authorization"] != nil {
					t.Errorf("the upstream got %q", r.Header)
				}
				fmt.Fprint(rw, "hello")
			}), func(config *intercept.Config) {})
			up := strings.TrimPrefix(w.up.URL, "https://")
			scoped := newWorld(t, http.NotFoundHandler(), withScope(c.scope(up)), func(config *intercept.Config) {
				tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()}}
				tr.TLSClientConfig.RootCAs.AddCert(w.up.Certificate())
				config.Upstream = tr
			})
			proxyURL := scoped.proxy.URL()
			if c.marked {
				proxyURL = scoped.proxy.MarkedURL()
			}
			header := http.Header{}
			if c.agent != "" {
				header.Set("User-Agent", c.agent)
			}
			direct := w.trusting(t, proxyURL, header)
			through := &http.Client{Transport: direct.Transport.(*http.Transport).Clone()}
			through.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: scoped.roots}
			defer through.CloseIdleConnections()
			works, fails := direct, through
			if c.why == "" {
				works, fails = through, direct
			}
			resp, err := works.Get(w.up.URL + "/x")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if string(body) != "hello" || err != nil {
				t.Errorf("%q, %v", body, err)
			}
			if resp, err := fails.Get(w.up.URL + "/x"); err == nil {
				resp.Body.Close()
				t.Error("it was both opened and passed on")
			}
			works.CloseIdleConnections()
			fails.CloseIdleConnections()
			if c.why == "" {
				s := scoped.proxy.Stats()
				if len(s.Tunnels) != 0 || s.Requests["other"] != 1 || c.anyway != reflect.DeepEqual(s.OpenedAnyway, []string{up}) {
					t.Errorf("stats %+v", s)
				}
				eventually(t, "the failure is explained", func() bool {
					s := scoped.proxy.Stats().Unopened
					return len(s) == 1 && s[0].Host == up && s[0].Count == 1 && strings.HasPrefix(s[0].Why, "the client does not take assay's certificate (")
				})
				return
			}
			eventually(t, "the tunnels are counted", func() bool {
				s := scoped.proxy.Stats()
				return len(s.Tunnels) == 1 && s.Tunnels[0].Count == 2 && s.Tunnels[0].Sent > 500 && s.Tunnels[0].Received > 1000
			})
			s := scoped.proxy.Stats()
			if len(s.Tunnels) != 1 || s.Tunnels[0].Host != up || s.Tunnels[0].Why != c.why || len(s.Requests) != 0 || len(s.HostNames()) != 0 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestTheMarkIsRandomAndItsOwn(t *testing.T) {
	a, b := newWorld(t, http.NotFoundHandler(), withScope(intercept.Scope{Runner: true})), newWorld(t, http.NotFoundHandler())
	u, err := url.Parse(a.proxy.MarkedURL())
	if err != nil {
		t.Fatal(err)
	}
	v, _ := url.Parse(b.proxy.MarkedURL())
	mark, _ := u.User.Password()
	other, _ := v.User.Password()
	if u.User.Username() != "pip" || len(mark) < 22 || mark == other || "http://"+u.Host != a.proxy.URL() {
		t.Errorf("%s, %s", u, v)
	}
	// Another proxy's mark is none.
	up := tcp(t, "tcp4", func(c *net.TCPConn) { _, _ = io.WriteString(c, "passed on") })
	request, _ := http.NewRequest("GET", "http://x", nil)
	request.SetBasicAuth("pip", other)
	for _, value := range []string{request.Header.Get("Authorization"), "Basic", "Basic ?", "Bearer " + mark, "", "Basic cGlwOg=="} {
		_, in, resp := a.connect(t, up, "Proxy-Authorization: "+value)
		if rest, _ := io.ReadAll(in); resp.StatusCode != 200 || string(rest) != "passed on" {
			t.Errorf("%q: %v, %q", value, resp, rest)
		}
	}
}

// TestHalvesEndApart ends either side of a connection that is passed on, and has
// the other go on.
func TestHalvesEndApart(t *testing.T) {
	for _, network := range []string{"tcp4", "tcp6"} {
		up := tcp(t, network, func(c *net.TCPConn) {
			_, _ = io.WriteString(c, "first\n")
			all, _ := io.ReadAll(c) // to the client's end
			fmt.Fprintf(c, "got %d\n", len(all))
			_ = c.CloseWrite()
		})
		w := newWorld(t, http.NotFoundHandler(), withScope(intercept.Scope{Runner: true}))
		// What the client sends with its request is not lost.
		c := w.dial(t)
		fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\nearly", up)
		in := bufio.NewReader(c)
		if line, _ := in.ReadString('\n'); line != "HTTP/1.1 200 Connection established\r\n" {
			t.Fatalf("%q", line)
		}
		_, _ = in.ReadString('\n')
		if line, _ := in.ReadString('\n'); line != "first\n" {
			t.Errorf("%q", line)
		}
		_, _ = c.Write(make([]byte, 1<<20))
		_ = c.CloseWrite()
		if line, err := in.ReadString('\n'); line != fmt.Sprintf("got %d\n", 1<<20+5) {
			t.Errorf("%q, %v", line, err)
		}
		if _, err := in.ReadByte(); err != io.EOF {
			t.Errorf("the end is %v", err)
		}
		eventually(t, "bytes are counted", func() bool {
			s := w.proxy.Stats().Tunnels
			return len(s) == 1 && s[0].Host == up && s[0].Sent == 1<<20+5 && s[0].Received == int64(len("first\n")+len("got 1048581\n"))
		})
	}
	// The server ends first, and still reads.
	got := make(chan int, 1)
	up := tcp(t, "tcp4", func(c *net.TCPConn) {
		_, _ = io.WriteString(c, "bye")
		_ = c.CloseWrite()
		all, _ := io.ReadAll(c)
		got <- len(all)
	})
	w := newWorld(t, http.NotFoundHandler(), withScope(intercept.Scope{Tunnel: []string{"127.0.0.1"}}))
	c, in, _ := w.connect(t, up)
	if rest, err := io.ReadAll(in); string(rest) != "bye" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
	time.Sleep(20 * time.Millisecond)
	_, _ = c.Write(make([]byte, 4<<20))
	_ = c.Close()
	if n := <-got; n != 4<<20 {
		t.Errorf("%d bytes arrived", n)
	}
}

// TestABreakIsABreak resets one side, and the other must not see an end.
func TestABreakIsABreak(t *testing.T) {
	up := tcp(t, "tcp4", func(c *net.TCPConn) {
		_, _ = io.WriteString(c, "part")
		time.Sleep(50 * time.Millisecond)
		_ = c.SetLinger(0)
	})
	w := newWorld(t, http.NotFoundHandler(), withScope(intercept.Scope{Runner: true}))
	_, in, _ := w.connect(t, up)
	if rest, err := io.ReadAll(in); string(rest) != "part" || err == nil {
		t.Errorf("%q, %v", rest, err)
	}
}

// TestAHalfOpenConnectionMayNotBeSilent ends one side; the other goes on while it
// has something to say.
func TestAHalfOpenConnectionMayNotBeSilent(t *testing.T) {
	gone := make(chan struct{})
	up := tcp(t, "tcp4", func(c *net.TCPConn) {
		_, _ = io.Copy(io.Discard, c)
		for range 8 {
			time.Sleep(150 * time.Millisecond)
			_, _ = io.WriteString(c, ".")
		}
		<-gone
	})
	w := newWorld(t, http.NotFoundHandler(), withScope(intercept.Scope{Runner: true}), hurried(400*time.Millisecond))
	c, in, _ := w.connect(t, up)
	_ = c.CloseWrite()
	start := time.Now()
	rest, err := io.ReadAll(in)
	close(gone)
	if string(rest) != "........" || err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("%q, %v after %s", rest, err, time.Since(start))
	}
	eventually(t, "it is counted", func() bool {
		s := w.proxy.Stats().Tunnels
		return len(s) == 1 && s[0].Received == 8
	})
}

func TestUnreachedConnections(t *testing.T) {
	timeout := &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&net.DNSError{Err: "no such host", IsNotFound: true}, "502 assay: nowhere.invalid:443: its address could not be found"},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, "502 assay: nowhere.invalid:443: it could not be reached"},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}, "502 assay: nowhere.invalid:443: too many files and connections are open here"},
		{timeout, "504 assay: nowhere.invalid:443: it did not answer in time"},
		{fmt.Errorf("dialling: %w", context.DeadlineExceeded), "504 assay: nowhere.invalid:443: it did not answer in time"},
	} {
		w := newWorld(t, http.NotFoundHandler(), withScope(intercept.Scope{Runner: true}),
			withDial(func(_ context.Context, hostport string) (net.Conn, error) {
				if hostport != "nowhere.invalid:443" {
					t.Errorf("asked for %q", hostport)
				}
				return nil, c.err
			}))
		_, in, resp := w.connect(t, "Nowhere.Invalid.:443")
		if body, _ := io.ReadAll(in); resp.Status != c.want {
			t.Errorf("%v: got %q, %s", c.err, resp.Status, body)
		}
		if s := w.proxy.Stats(); s.Failed != 1 || len(s.Tunnels) != 0 {
			t.Errorf("stats %+v", s)
		}
	}
}

// TestANameThatLeadsBack has a name, which the proxy cannot know, resolve to the
// proxy itself.
func TestANameThatLeadsBack(t *testing.T) {
	var w *world
	w = newWorld(t, http.NotFoundHandler(), withScope(intercept.Scope{Runner: true}),
		withDial(func(ctx context.Context, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(w.proxy.URL(), "http://"))
		}))
	_, _, resp := w.connect(t, "myself.invalid:443")
	if resp.Status != "508 assay: myself.invalid:443: the request leads back to assay itself" {
		t.Errorf("%q", resp.Status)
	}
}

// TestCloseEndsTunnels closes the proxy with connections open, one of them
// silent, and counts what went through.
func TestCloseEndsTunnels(t *testing.T) {
	var open atomic.Int32
	up := tcp(t, "tcp4", func(c *net.TCPConn) {
		open.Add(1)
		defer open.Add(-1)
		_, _ = io.Copy(c, c)
	})
	w := newWorld(t, http.NotFoundHandler(), withScope(intercept.Scope{Runner: true}))
	c, in, _ := w.connect(t, up)
	_, _ = io.WriteString(c, "echo\n")
	if line, _ := in.ReadString('\n'); line != "echo\n" {
		t.Fatalf("%q", line)
	}
	w.connect(t, up)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	s := w.proxy.Close(ctx)
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("closing took %s", d)
	}
	if len(s.Tunnels) != 1 || s.Tunnels[0] != (intercept.Tunnel{Host: up, Why: "not an installer's", Count: 2, Sent: 5, Received: 5}) {
		t.Errorf("stats %+v", s)
	}
	if _, err := in.ReadByte(); err == nil {
		t.Error("the connection is still open")
	}
	eventually(t, "the upstream is let go", func() bool { return open.Load() == 0 })
}

// TestManyTunnels keeps more connections passed on than requests may be answered
// at a time: these do not stand in the way of installers.
func TestManyTunnels(t *testing.T) {
	up := tcp(t, "tcp4", func(c *net.TCPConn) { _, _ = io.Copy(c, c) })
	w := newWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, "hello") }),
		withScope(intercept.Scope{Tunnel: []string{up}}))
	const n = intercept.MaxConns + 100
	conns := make([]net.Conn, n)
	var wg sync.WaitGroup
	for i := range conns {
		conns[i], _, _ = w.connect(t, up)
		if i%50 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	for i, c := range conns {
		wg.Go(func() {
			data := bytes.Repeat([]byte{byte(i)}, 10_000)
			go func() { _, _ = c.Write(data) }()
			got := make([]byte, len(data))
			if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, data) {
				t.Errorf("connection %d: %v", i, err)
			}
		})
	}
	if _, body, err := w.get(t, "/x"); err != nil || string(body) != "hello" {
		t.Errorf("%q, %v", body, err)
	}
	wg.Wait()
}

// TestTooManyTunnels has more connections to pass on than may be at a time, and
// then fewer again.
func TestTooManyTunnels(t *testing.T) {
	up := tcp(t, "tcp4", func(c *net.TCPConn) { _, _ = io.Copy(c, c) })
	w := newWorld(t, hello, withScope(intercept.Scope{Tunnel: []string{up}}), func(c *intercept.Config) { intercept.FewTunnels(c, 2) })
	first, _, _ := w.connect(t, up)
	w.connect(t, up)
	for range 3 {
		if _, _, resp := w.connect(t, up); resp.Status != "503 assay: too many connections are passed on at once" {
			t.Errorf("%q", resp.Status)
		}
	}
	w.stillServes(t)
	_ = first.Close()
	eventually(t, "there is room again", func() bool {
		_, _, resp := w.connect(t, up)
		return resp.StatusCode == 200
	})
}

// TestMoreHostsThanAreNamed connects to more hosts than the report names.
func TestMoreHostsThanAreNamed(t *testing.T) {
	w := newWorld(t, hello, withScope(intercept.Scope{Runner: true}), withDial(func(context.Context, string) (net.Conn, error) {
		a, b := net.Pipe()
		_ = b.Close()
		return a, nil
	}))
	for i := range 300 {
		c, _, resp := w.connect(t, fmt.Sprintf("host-%d.example.invalid:443", i))
		if resp.StatusCode != 200 {
			t.Fatal(resp.Status)
		}
		_ = c.Close()
	}
	if s := w.proxy.Stats(); len(s.Tunnels) != 256 || s.OtherTunnels != 44 || s.Tunnels[0].Host != "host-0.example.invalid:443" {
		t.Errorf("%d named, %d others, %+v", len(s.Tunnels), s.OtherTunnels, s.Tunnels[0])
	}
}

// TestGit clones a repository over plain smart HTTP and through a connection that
// is passed on, with git itself.
func TestGit(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	backend := gitBackend(t, git)
	dir := t.TempDir()
	run := func(env []string, args ...string) (string, error) {
		cmd := exec.Command(git, args...)
		cmd.Dir = dir
		cmd.Env = append([]string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.invalid",
			"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.invalid", "GIT_TERMINAL_PROMPT=0"}, env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, args := range [][]string{{"init", "-q", "repo"}, {"-C", "repo", "commit", "-q", "--allow-empty", "-m", "first"}, {"clone", "-q", "--bare", "repo", "repo.git"}} {
		if out, err := run(nil, args...); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	for _, vcs := range []assay.Severity{assay.Warning, assay.Error} {
		w := newWorld(t, backend(dir), withScope(intercept.Scope{VCS: vcs}))
		upstreamRoots := filepath.Join(t.TempDir(), "up.pem")
		if err := os.WriteFile(upstreamRoots, pemOf(w.up.Certificate()), 0o600); err != nil {
			t.Fatal(err)
		}
		plain := httptest.NewServer(backend(dir))
		t.Cleanup(plain.Close)
		env := []string{"http_proxy=" + w.proxy.URL(), "https_proxy=" + w.proxy.URL(), "GIT_SSL_CAINFO=" + upstreamRoots}
		for i, base := range []string{w.up.URL, plain.URL} {
			out, err := run(env, "clone", "-q", base+"/repo.git", fmt.Sprintf("clone-%s-%d", vcs, i))
			if refuse := vcs == assay.Error; refuse != (err != nil) || refuse && !strings.Contains(out, "403") {
				t.Errorf("%s, %s: %v\n%s", vcs, base, err, out)
			}
		}
		s := w.proxy.Stats()
		https, http := strings.TrimPrefix(w.up.URL, "https://"), strings.TrimPrefix(plain.URL, "http://")
		if vcs == assay.Error {
			want := []string{"unread  source.vcs: git: " + https, "unread /repo.git/info/refs source.vcs: git: " + http}
			if got := w.desk.log(); !reflect.DeepEqual(got, want) || s.Refused != 2 || len(s.Tunnels) != 0 {
				t.Errorf("the desk was asked %q; %+v", got, s)
			}
			continue
		}
		if len(w.desk.log()) != 0 || len(s.Tunnels) != 2 || len(s.HostNames()) != 0 || s.Requests["vcs"] < 2 {
			t.Errorf("stats %+v, %q", s, w.desk.log())
		}
		for _, tunnel := range s.Tunnels {
			if tunnel.Why != "git" || tunnel.Host != https && tunnel.Host != http || tunnel.Count < 1 {
				t.Errorf("%+v", tunnel)
			}
		}
	}
}
