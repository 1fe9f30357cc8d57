package index

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"assay"
	"assay/internal/pypi"
)

// Options say how a client reaches its indexes. The zero value is usable.
type Options struct {
	// Transport carries the requests; nil stands for NewTransport(nil). It must
	// not follow redirects and, to keep the caps, not decompress.
	Transport http.RoundTripper
	// UserAgent is what the client calls itself; "assay" where it is empty.
	UserAgent string
	// Credentials returns what is known for an origin ([Origin]); nil where
	// nothing is. It is called from many goroutines.
	Credentials func(origin string) (user, password string, ok bool)
	// Outside marks the context of a request to which somebody else's answer led
	// (a redirect, a page), for a transport that then refuses addresses of this
	// computer and its network's own services; nil where it does not.
	Outside func(context.Context) context.Context
	// Beside says where signatures of an artifact may lie; nil for nowhere. It is called
	// from many goroutines.
	Beside func(assay.Artifact) []Beside
}

// Client asks indexes. It is safe for concurrent use, and remembers pages and
// provenance for some minutes.
type Client struct {
	transport   http.RoundTripper
	userAgent   string
	credentials func(origin string) (user, password string, ok bool)
	outside     func(context.Context) context.Context
	beside      func(assay.Artifact) []Beside
	limits      limits
	public      registry

	pages      *memo[*pypi.Page]
	provenance *memo[[]assay.Material]
}

// New returns a client.
func New(o Options) *Client { return newClient(o, defaults) }

func newClient(o Options, l limits) *Client {
	c := &Client{
		transport: o.Transport, userAgent: o.UserAgent, credentials: o.Credentials, outside: o.Outside, beside: o.Beside, limits: l, public: public,
		pages:      newMemo[*pypi.Page](l.cachedPages, l.cachedPageBytes),
		provenance: newMemo[[]assay.Material](l.cachedProvenance, l.cachedBytes),
	}
	if c.transport == nil {
		c.transport = NewTransport(nil)
	}
	if c.userAgent == "" {
		c.userAgent = "assay"
	}
	if c.outside == nil {
		c.outside = func(ctx context.Context) context.Context { return ctx }
	}
	return c
}

// NewTransport returns a transport with the time-outs and caps that fit the
// client, and the given TLS settings (nil for none: the system's roots).
func NewTransport(t *tls.Config) *http.Transport {
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        t,
		TLSHandshakeTimeout:    15 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		DisableCompression:     true,
	}
}

// authorize adds what is known for the request's origin: user and password
// from the URL that the person gave, if it is of the same origin, else those
// of the client.
func (c *Client) authorize(r *http.Request, given *url.URL) {
	if given.User != nil && Origin(given) == Origin(r.URL) {
		password, _ := given.User.Password()
		r.SetBasicAuth(given.User.Username(), password)
		return
	}
	if c.credentials == nil {
		return
	}
	if user, password, ok := c.credentials(Origin(r.URL)); ok {
		r.SetBasicAuth(user, password)
	}
}

// request is one thing to ask for.
type request struct {
	url      *url.URL // may carry credentials: the person's
	from     *url.URL // whose answer led to url; nil where the person named it
	accept   string
	encoding string // Accept-Encoding
}

// send asks, following redirects. It returns an answer of status 200, whose
// Request.URL is where it came from. The caller closes the body.
func (c *Client) send(ctx context.Context, q request) (*http.Response, error) {
	at := *q.url
	at.User, at.Fragment, at.RawFragment = nil, "", ""
	from := q.from
	if from == nil {
		from = q.url
	}
	for hops := 0; ; hops++ {
		asking := ctx
		if Origin(&at) != Origin(from) && !IsLoopback(from.Hostname()) {
			asking = c.outside(ctx)
		}
		r, err := http.NewRequestWithContext(asking, http.MethodGet, at.String(), nil)
		if err != nil {
			return nil, failed(ErrURL, "%q is not a usable URL", Redact(&at))
		}
		r.Header.Set("User-Agent", c.userAgent)
		r.Header.Set("Accept", q.accept)
		r.Header.Set("Accept-Encoding", q.encoding)
		c.authorize(r, q.url)
		resp, err := c.transport.RoundTrip(r)
		if err != nil {
			return nil, unreachable(ctx, &at, err)
		}
		resp.Request = r
		switch resp.StatusCode {
		case http.StatusOK:
			return resp, nil
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
			http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		default:
			discard(resp)
			return nil, badStatus(resp, &at)
		}
		discard(resp)
		if hops == c.limits.redirect {
			return nil, failed(ErrRedirect, "%s redirects more than %d times", Redact(q.url), hops)
		}
		next, err := follow(&at, resp.Header.Get("Location"))
		if err != nil {
			return nil, err
		}
		at = *next
	}
}

// follow resolves a redirect's target, or says why it is not followed.
func follow(at *url.URL, location string) (*url.URL, error) {
	if location == "" || len(location) > maxURL {
		return nil, failed(ErrRedirect, "%s redirects without a usable location", Redact(at))
	}
	next, err := at.Parse(location)
	if err != nil {
		return nil, failed(ErrRedirect, "%s redirects without a usable location", Redact(at))
	}
	if why := mayLead(at, next); why != "" {
		return nil, failed(ErrRedirect, "%s redirects to %s, %s", Redact(at), Redact(next), why)
	}
	next.User, next.Fragment, next.RawFragment = nil, "", ""
	return next, nil
}

func badStatus(resp *http.Response, at *url.URL) error {
	switch resp.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		return failed(ErrNotFound, "%s answered %d %s", Redact(at), resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return &StatusError{Status: resp.StatusCode, URL: Redact(at)}
}
