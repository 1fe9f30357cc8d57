package intercept

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"assay"
	"assay/internal/catalog"
)

// unconditional are the request headers that could leave an answer without its
// whole body.
var unconditional = []string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range"}

// page fetches an index page whole, has it judged, and hands it on. HEAD is
// answered like GET, without the body: its validators could refresh a cache.
func (x *exchange) page() {
	ctx, cancel := context.WithTimeout(catalog.AskedBy(x.ctx, x.request.UserAgent()), pageTimeout)
	defer cancel()
	h := x.pageRequest()
	key := memoKey(x.url, h)
	known := x.proxy.memo.get(key)
	resp, same, err := x.askPage(ctx, h, known)
	if err == nil && isDocument(x.url) {
		// The installer would follow to an address that does not show what is there.
		// Other redirects it follows itself: see ledAway.
		resp, err = x.arrive(ctx, http.MethodGet, h, resp)
	}
	if err != nil {
		x.noPage(err)
		return
	}
	defer resp.Body.Close()
	switch {
	case same:
		// The very page that this run has; what it depends on may have changed, so
		// it is judged again.
		x.judgePage(ctx, known.refreshed(resp.Header), true)
	case resp.StatusCode == http.StatusOK:
		x.readPage(ctx, cancel, resp, key, known)
	case isRedirect(resp):
		x.ledAway(resp)
	case resp.StatusCode >= 400:
		x.relay(resp, forwardable(resp.Header))
	default:
		// An installer may take any such body for the page.
		x.fail(fmt.Sprintf("%s: it answered with status %d where a page was asked for", x.url.Host, resp.StatusCode), hintNetwork)
	}
}

// pageRequest returns the headers to ask for a whole page with.
func (x *exchange) pageRequest() http.Header {
	h := forwardable(x.request.Header)
	for _, name := range unconditional {
		h.Del(name)
	}
	if acceptsGzip(h) {
		h.Set("Accept-Encoding", "gzip")
	} else {
		h.Set("Accept-Encoding", "identity")
	}
	return h
}

// askPage asks for a page: for one that is known, whether it is still the same
// (RFC 9110, 13.1.2). An answer that says so of another page is not believed.
func (x *exchange) askPage(ctx context.Context, h http.Header, known *keptPage) (resp *http.Response, same bool, err error) {
	if known == nil || !known.revalidates() {
		resp, err = x.send(ctx, http.MethodGet, x.url, h, nil, 0)
		return resp, false, err
	}
	conditional := h.Clone()
	conditional.Set("If-None-Match", known.etag)
	resp, err = x.send(ctx, http.MethodGet, x.url, conditional, nil, 0)
	if err != nil || resp.StatusCode != http.StatusNotModified {
		return resp, false, err
	}
	if tag := resp.Header.Get("Etag"); tag == "" || weakly(tag) == weakly(known.etag) {
		return resp, true, nil
	}
	discard(resp)
	resp, err = x.send(ctx, http.MethodGet, x.url, h, nil, 0)
	return resp, false, err
}

// ledAway hands a page's redirect on, for the page's links are relative to where
// it ends. Where it leads is remembered if it is led to from outside.
func (x *exchange) ledAway(resp *http.Response) {
	if to, err := x.url.Parse(resp.Header.Get("Location")); err == nil && x.isOutside(x.url, resp) {
		if isInside(to.Hostname()) {
			x.noPage(errInside)
			return
		}
		x.proxy.led.add(origin(to))
	}
	x.relay(resp, forwardable(resp.Header))
}

// readPage reads an answer to the end and has it judged.
func (x *exchange) readPage(ctx context.Context, cancel context.CancelFunc, resp *http.Response, key memoKeyed, known *keptPage) {
	sent, body, err := readBody(resp, known, cancel, x.proxy.config.Limits)
	if bad := (*pageError)(nil); errors.As(err, &bad) {
		if d, err := x.proxy.config.Desk.Unread(x.ctx, x.url, assay.PageMalformed, bad.Error()); err != nil {
			x.undecided(err)
		} else {
			x.refuse(d)
		}
		return
	}
	if err != nil {
		x.noPage(err)
		return
	}
	p := &keptPage{header: forwardable(resp.Header), reason: statusReason(resp), etag: validETag(resp.Header), sent: sent, body: body}
	// Two pages under one tag: which of them the installer has, nobody knows.
	truthful := known == nil || known.etag == "" || known.etag != p.etag || bytes.Equal(known.sent, sent)
	x.proxy.memo.put(key, p)
	x.judgePage(ctx, p, truthful)
}

// judgePage hands a page on as the Desk says. An unedited one may be one that
// the installer has, if its validator can be trusted. An edited or a refused one
// never is: what installers keep came past unedited.
func (x *exchange) judgePage(ctx context.Context, p *keptPage, truthful bool) {
	page, err := x.proxy.config.Desk.Page(ctx, x.url, p.header.Get("Content-Type"), p.body)
	if err != nil {
		x.undecided(err)
		return
	}
	h := p.header.Clone()
	h.Del("Accept-Ranges")
	h.Del("Content-Range")
	switch {
	case page.Refusal != nil:
		x.refuse(*page.Refusal)
	case page.Edited:
		for _, name := range describing {
			h.Del(name)
		}
		h.Set("Cache-Control", "no-store")
		x.answer.whole(http.StatusOK, "", h, page.Body)
	case truthful && unmodified(x.request.Header, p):
		notModified(h)
		_ = x.answer.begin(http.StatusNotModified, "", h, -1)
	default:
		x.answer.whole(http.StatusOK, p.reason, h, p.sent)
	}
}

// describing are the headers that describe the very bytes an index sent, or let
// them live on in a cache.
var describing = []string{"Etag", "Last-Modified", "Expires", "Age", "Pragma", "Content-Encoding",
	"Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "Signature", "Signature-Input"}

// acceptsGzip reports whether the request takes gzip (RFC 9110, 12.5.3).
func acceptsGzip(h http.Header) bool {
	for _, v := range h["Accept-Encoding"] {
		for item := range strings.SplitSeq(v, ",") {
			coding, params, _ := strings.Cut(item, ";")
			if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				continue
			}
			name, q, _ := strings.Cut(strings.TrimSpace(params), "=")
			weight, err := strconv.ParseFloat(q, 64)
			return name != "q" || err != nil || weight > 0
		}
	}
	return false
}

// pageError says that what an index sent cannot be a page.
type pageError struct{ detail string }

func (e *pageError) Error() string { return e.detail }

// noPage answers that a page could not be fetched, and has the Desk note it:
// installers are silent about the reason.
func (x *exchange) noPage(cause error) {
	detail, _ := explain(cause)
	if _, err := x.proxy.config.Desk.Unread(x.ctx, x.url, assay.PageUnavailable, x.url.Host+": "+detail); err != nil {
		x.undecided(err)
		return
	}
	x.unreachable(x.url, cause)
}
