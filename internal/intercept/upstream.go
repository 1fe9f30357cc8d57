package intercept

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// ErrInside is why a request marked by [Outside] is not made. Whether a redirect led there
// is known to who made it.
var ErrInside = errors.New("it leads to this machine or its own network's services")

var (
	errLoop     = errors.New("the request leads back to the proxy")
	errRedirect = errors.New("a redirect that is not followed")
	errInside   = fmt.Errorf("%w: %w", errRedirect, ErrInside)
)

// send sends a request upstream, with the headers given.
func (x *exchange) send(ctx context.Context, method string, u *url.URL, h http.Header, body io.ReadCloser, length int64) (*http.Response, error) {
	if x.proxy.isSelf(u.Host) {
		return nil, errLoop
	}
	if _, named := h["User-Agent"]; !named {
		h.Set("User-Agent", "") // or else the transport names itself
	}
	if x.proxy.led.has(origin(u)) {
		ctx = Outside(ctx)
	}
	out := (&http.Request{Method: method, URL: u, Header: h, Body: body, ContentLength: length,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(noteRemote(ctx))
	resp, err := x.proxy.upstream.RoundTrip(out)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", u.Host, err)
	}
	return resp, nil
}

// remoteKey is the key, in the context of a request, of the address that it was
// sent to in the end.
type remoteKey struct{}

func noteRemote(ctx context.Context) context.Context {
	remote := new(atomic.Pointer[netip.Addr])
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		if at, err := netip.ParseAddrPort(i.Conn.RemoteAddr().String()); err == nil {
			ip := at.Addr()
			remote.Store(&ip)
		}
	}})
	return context.WithValue(ctx, remoteKey{}, remote)
}

// isOutside reports whether an answer came from elsewhere than this machine and
// its network's own services: by the host in its URL, and by the address that
// this resolved to where no proxy resolved it.
func (x *exchange) isOutside(from *url.URL, resp *http.Response) bool {
	if isInside(from.Hostname()) {
		return false
	}
	up, ok := x.proxy.upstream.(*Upstream)
	if !ok || resp.Request == nil {
		return true
	}
	if proxied, err := up.proxied(resp.Request); err != nil || proxied {
		return true
	}
	remote, _ := resp.Request.Context().Value(remoteKey{}).(*atomic.Pointer[netip.Addr])
	return remote == nil || remote.Load() == nil || !insideAddr(*remote.Load())
}

// origins is a set of the latest maxHosts that were added.
type origins struct {
	mu   sync.Mutex
	list []string // oldest first
}

func (o *origins) add(origin string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.Contains(o.list, origin) {
		return
	}
	if len(o.list) == maxHosts {
		o.list = slices.Delete(o.list, 0, 1)
	}
	o.list = append(o.list, origin)
}

func (o *origins) has(origin string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Contains(o.list, origin)
}

// discard gives an answer back that nobody wants, and keeps its connection where
// that is cheap.
func discard(resp *http.Response) {
	if resp.ContentLength >= 0 && resp.ContentLength <= maxDrain {
		_, _ = io.CopyN(io.Discard, resp.Body, maxDrain)
	}
	_ = resp.Body.Close()
}

// isRedirect reports whether clients follow the answer's Location.
func isRedirect(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return resp.Header.Get("Location") != ""
	}
	return false
}

// arrive follows the redirects of an answer to a request for x.url with these
// headers. Each must lead to what could be asked for directly, and none from
// outside to the inside.
func (x *exchange) arrive(ctx context.Context, method string, h http.Header, resp *http.Response) (*http.Response, error) {
	h, u := h.Clone(), x.url
	for range maxRedirects {
		if !isRedirect(resp) {
			return resp, nil
		}
		discard(resp)
		outside := x.isOutside(u, resp)
		var err error
		if u, err = redirected(u, outside, resp, h); err != nil {
			return nil, err
		}
		if err := x.proxy.scope.followable(u); err != nil {
			return nil, err
		}
		if outside {
			ctx = Outside(ctx)
		}
		if resp, err = x.send(ctx, method, u, h.Clone(), nil, 0); err != nil {
			return nil, err
		}
	}
	if isRedirect(resp) {
		discard(resp)
		return nil, fmt.Errorf("%w: there are more than %d", errRedirect, maxRedirects)
	}
	return resp, nil
}

// redirected returns where an answer to a request for a file leads. The headers
// lose what is for the first origin only. TLS is never left, and this machine
// and its network's own services are never reached from outside.
func redirected(from *url.URL, outside bool, resp *http.Response, h http.Header) (*url.URL, error) {
	to, err := from.Parse(resp.Header.Get("Location"))
	if err != nil {
		return nil, fmt.Errorf("%w: its address cannot be read", errRedirect)
	}
	switch {
	case to.Scheme != "https" && to.Scheme != "http" || to.Host == "":
		return nil, fmt.Errorf("%w: it leads to no web address", errRedirect)
	case from.Scheme == "https" && to.Scheme != "https":
		return nil, fmt.Errorf("%w: it leads from https to http", errRedirect)
	case outside && isInside(to.Hostname()):
		return nil, errInside
	}
	to = cloneURL(to)
	if origin(to) != origin(from) {
		for _, name := range []string{"Authorization", "Cookie", "Cookie2"} {
			h.Del(name)
		}
	}
	return to, nil
}

// origin returns "scheme://host:port" of a URL, in lower case.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	return strings.ToLower(u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port))
}
