package intercept

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"

	"assay"
	"assay/internal/catalog"
	"assay/internal/gate"
)

// Desk decides about what comes past. An error means a bug or I/O: the request
// is answered with 502. It is called from many goroutines at once.
type Desk interface {
	Pages
	Files
}

// Pages decides about index pages.
type Pages interface {
	// Page judges an index page. The URL carries no credentials.
	Page(ctx context.Context, u *url.URL, contentType string, body []byte) (catalog.Page, error)
	// Unread says what becomes of a page that could not be read (PageMalformed,
	// PageUnavailable), and of what may not be asked for in the way it was:
	// TransportPlainHTTP for a page or a file, TransportTunnelPort and SourceVCS for
	// anything, "https://host:port" where only a connection was asked for.
	Unread(ctx context.Context, u *url.URL, code assay.Code, detail string) (assay.Decision, error)
}

// Files decides about distribution files and their metadata.
type Files interface {
	// File maps a file's URL to its artifact and judges that before a byte was
	// fetched.
	File(ctx context.Context, u *url.URL) (*catalog.File, error)
	// Conclude judges again when every byte was read.
	Conclude(ctx context.Context, f *catalog.File, c assay.Content) (assay.Decision, error)
	// Broken says what becomes of a file that could not be read to its end
	// (FileTruncated) or not at all (FileUnavailable).
	Broken(ctx context.Context, f *catalog.File, code assay.Code, detail string) (assay.Decision, error)
}

// Config says what a proxy works with. Desk, CA and Upstream are needed.
type Config struct {
	Desk Desk
	CA   *CA

	// Upstream is how the indexes are reached: the person's proxy, roots and
	// client certificates. See Tune, and NewUpstream.
	Upstream http.RoundTripper

	// Dial reaches a "host:port" for connections that are passed on unopened, the
	// same way as Upstream. Without it NewDialer(Upstream) is used where Upstream is
	// one of this package or of net/http, and else the network itself.
	Dial func(ctx context.Context, hostport string) (net.Conn, error)

	// Scope says what is looked into. The zero Scope opens everything, and takes
	// no page and no file from another machine without TLS.
	Scope Scope

	// SpoolDir is a folder, readable by nobody else, for files that are held whole
	// and are too large, or too many, for memory.
	SpoolDir string

	// Inspect, if set, looks into distribution files while they pass, by their names:
	// the Desk is shown what it returns. See gate.Inspector.
	Inspect func(filename string, r io.Reader) (*assay.Inside, error)

	// Limits bound the streams; zero fields mean gate.DefaultLimits.
	Limits gate.Limits

	// Credentials, if set, is told the Authorization header that an installer
	// sends to an origin ("https://host:port"), before the Desk is asked about
	// the same request.
	Credentials func(origin, authorization string)

	waits waits // for tests

	// Log takes debug messages; nil for none. URLs are logged without
	// credentials, path and query, for all of them carry secrets somewhere.
	Log *slog.Logger
}

// Proxy is a forward proxy on loopback.
type Proxy struct {
	config   Config
	listener net.Listener
	address  string
	mark     string // what tells an installer's connections, see MarkedURL
	scope    scope
	log      *slog.Logger
	ctx      context.Context
	cancel   context.CancelFunc
	waits    waits
	slots    chan struct{} // of connections whose requests are answered
	tunnels  chan struct{} // of connections that are passed on
	served   chan struct{} // closed when Serve's loop has ended
	counts   counts
	memo     pageMemo
	upstream http.RoundTripper
	led      origins // to which pages were redirected from outside
	store    *gate.Store

	mu      sync.Mutex
	conns   map[*session]struct{}
	closing bool
	done    sync.WaitGroup
}

// Start listens on a port of its own on 127.0.0.1 and serves until Close.
func Start(config Config) (*Proxy, error) {
	if config.Desk == nil || config.CA == nil || config.Upstream == nil {
		return nil, errors.New("the proxy needs a desk, an authority and a way upstream")
	}
	scope, err := newScope(config.Scope)
	if err != nil {
		return nil, err
	}
	if config.Dial == nil {
		if u, ok := asUpstream(config.Upstream).(*Upstream); ok {
			config.Dial = u.Dialer()
		} else {
			config.Dial = NewDialer(nil)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the proxy: %w", err)
	}
	p := &Proxy{config: config, listener: l, address: l.Addr().String(), log: config.Log,
		mark: rand.Text(), scope: scope, waits: config.waits.orDefault(), slots: make(chan struct{}, maxConns),
		tunnels: make(chan struct{}, config.waits.orDefault().tunnels), served: make(chan struct{}), conns: map[*session]struct{}{}}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.upstream = asUpstream(config.Upstream)
	p.store = gate.NewStore(config.SpoolDir, maxHeld)
	p.ctx, p.cancel = context.WithCancel(context.Background())
	go p.serve()
	return p, nil
}

// URL returns the proxy's URL, for the proxy variables of a child.
func (p *Proxy) URL() string { return "http://" + p.address }

// MarkedURL returns the proxy's URL with a mark, random for each proxy, that
// tells the connections of an installer: pip names itself in none of its
// requests to connect. It is a password that opens nothing.
func (p *Proxy) MarkedURL() string {
	return (&url.URL{Scheme: "http", User: url.UserPassword(markUser, p.mark), Host: p.address}).String()
}

// markUser is the user that the mark is the password of.
const markUser = "pip"

func (p *Proxy) isClosing() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closing
}

// Close stops accepting, waits for the requests under way until ctx ends, cuts
// what is left, and reports what came past. Idle connections are closed at once.
func (p *Proxy) Close(ctx context.Context) Stats {
	p.mu.Lock()
	p.closing = true
	for s := range p.conns {
		s.closeIdle()
	}
	p.mu.Unlock()
	_ = p.listener.Close()
	finished := make(chan struct{})
	go func() {
		p.done.Wait()
		close(finished)
	}()
	select {
	case <-finished:
	case <-ctx.Done():
		p.cancel()
		p.mu.Lock()
		for s := range p.conns {
			_ = s.conn.Conn.Close()
		}
		p.mu.Unlock()
		<-finished
	}
	p.cancel()
	<-p.served
	return p.Stats()
}

// Stats returns what came past so far.
func (p *Proxy) Stats() Stats { return p.counts.stats() }
