package intercept

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"assay"
	"assay/internal/gate"
)

// unconditional are the request headers that could leave an answer without its
// whole body.
var unconditional = []string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range"}

// page fetches an index page whole, has it judged, and hands it on.
func (x *exchange) page() {
	ctx, cancel := context.WithTimeout(x.ctx, pageTimeout)
	defer cancel()
	h := forwardable(x.request.Header)
	for _, name := range unconditional {
		h.Del(name)
	}
	if acceptsGzip(h) {
		h.Set("Accept-Encoding", "gzip")
	} else {
		h.Set("Accept-Encoding", "identity")
	}
	resp, err := x.send(ctx, http.MethodGet, x.url, h, nil, 0)
	if err != nil {
		x.noPage(err)
		return
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK:
		x.judgePage(ctx, cancel, resp)
	case resp.StatusCode >= 400, isRedirect(resp):
		x.relay(resp, forwardable(resp.Header))
	default:
		// An installer may take any such body for the page.
		x.fail(fmt.Sprintf("%s: it answered with status %d where a page was asked for", x.url.Host, resp.StatusCode), hintNetwork)
	}
}

func (x *exchange) judgePage(ctx context.Context, cancel context.CancelFunc, resp *http.Response) {
	sent, body, err := x.proxy.memo.read(x.url, resp, cancel, x.proxy.config.Limits)
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
	page, err := x.proxy.config.Desk.Page(ctx, x.url, resp.Header.Get("Content-Type"), body)
	if err != nil {
		x.undecided(err)
		return
	}
	h := forwardable(resp.Header)
	switch {
	case page.Refusal != nil:
		x.refuse(*page.Refusal)
	case page.Edited:
		for _, name := range describing {
			h.Del(name)
		}
		h.Set("Cache-Control", "no-store")
		x.answer.whole(http.StatusOK, "", h, page.Body)
	default:
		h.Del("Accept-Ranges")
		x.answer.whole(http.StatusOK, statusReason(resp), h, sent)
	}
}

// describing are the headers that describe the very bytes an index sent, or let
// them live on in a cache.
var describing = []string{"Etag", "Last-Modified", "Expires", "Age", "Pragma", "Content-Encoding", "Accept-Ranges",
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

// pageMemo keeps pages as they were sent beside their decoded form: an installer
// that builds in isolation asks for the same few pages over and over, and what
// was sent the same is not decoded again.
type pageMemo struct {
	mu    sync.Mutex
	pages map[string]*decodedPage // by URL
	order []string                // oldest first
	bytes int
}

type decodedPage struct{ sent, body []byte }

func (p *decodedPage) size() int { return len(p.sent) + len(p.body) }

// read reads an answer's body: as it was sent, and decoded. The error is a
// *pageError where the bytes are at fault rather than the connection.
func (m *pageMemo) read(u *url.URL, resp *http.Response, cut func(), limits gate.Limits) (sent, body []byte, err error) {
	if resp.ContentLength > maxPageSent {
		return nil, nil, &pageError{fmt.Sprintf("it is larger than %d MiB", maxPageSent>>20)}
	}
	source := io.Reader(gate.NewReader(resp.Body, cut, limits))
	coding := strings.ToLower(strings.Join(resp.Header["Content-Encoding"], ","))
	switch coding {
	case "", "identity":
		sent, err = readSent(source, resp.ContentLength)
		return sent, sent, err
	case "gzip", "x-gzip":
	default:
		return nil, nil, &pageError{fmt.Sprintf("it is encoded as %q, which was not asked for", coding)}
	}
	// Only the beginning is read before decoding starts: what decodes to too much
	// is noticed before all of it has come.
	before := m.get(u)
	if before != nil && resp.ContentLength == int64(len(before.sent)) {
		if sent, err = readSent(source, resp.ContentLength); err != nil {
			return nil, nil, err
		}
		if bytes.Equal(sent, before.sent) {
			return before.sent, before.body, nil
		}
		source = bytes.NewReader(sent)
	}
	if sent, body, err = gunzip(source, resp.ContentLength); err != nil {
		return nil, nil, err
	}
	m.put(u, &decodedPage{sent, body})
	return sent, body, nil
}

func (m *pageMemo) get(u *url.URL) *decodedPage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pages[u.String()]
}

// put keeps a page in place of an older copy of it. The oldest go when they are
// too large together.
func (m *pageMemo) put(u *url.URL, p *decodedPage) {
	key := u.String()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pages == nil {
		m.pages = map[string]*decodedPage{}
	}
	if old, ok := m.pages[key]; ok {
		m.bytes -= old.size()
		m.order = slices.DeleteFunc(m.order, func(k string) bool { return k == key })
	}
	m.pages[key] = p
	m.order = append(m.order, key)
	for m.bytes += p.size(); m.bytes > maxMemo; m.order = m.order[1:] {
		m.bytes -= m.pages[m.order[0]].size()
		delete(m.pages, m.order[0])
	}
}

// readSent reads a body to its end, length bytes where that is known.
func readSent(source io.Reader, length int64) ([]byte, error) {
	if length >= 0 {
		sent := make([]byte, length)
		if n, err := io.ReadFull(source, sent); err != nil {
			return nil, early(err, int64(n))
		}
		return sent, nil
	}
	sent, err := io.ReadAll(io.LimitReader(source, maxPageSent+1))
	if err != nil {
		return nil, early(err, int64(len(sent)))
	}
	if len(sent) > maxPageSent {
		return nil, &pageError{fmt.Sprintf("it is larger than %d MiB", maxPageSent>>20)}
	}
	return sent, nil
}

// early classes an error while reading: a slow source as it is, anything else as
// truncated.
func early(err error, n int64) error {
	if errors.Is(err, gate.ErrSlow) {
		return err
	}
	return fmt.Errorf("%w: after %d bytes: %w", gate.ErrTruncated, n, err)
}

// gunzip decodes a page while it comes, up to maxPage bytes and maxRatio times
// what was sent so far. length is what was announced, -1 where nothing was.
func gunzip(source io.Reader, length int64) (sent, body []byte, err error) {
	var raw, plain bytes.Buffer
	if length > 0 {
		raw.Grow(int(length) + bytes.MinRead)
		plain.Grow(int(min(length*12, maxPage)) + bytes.MinRead)
	}
	fault := &faults{r: io.LimitReader(source, maxPageSent+1)}
	z, err := gzip.NewReader(io.TeeReader(fault, &raw))
	for err == nil {
		_, err = io.CopyN(&plain, z, decodeStep)
		if n := int64(plain.Len()); n > maxPage || n > max(freeRatio, int64(raw.Len())*maxRatio) {
			return nil, nil, &pageError{fmt.Sprintf("its first %d bytes decode to more than %d", raw.Len(), n)}
		}
	}
	switch {
	case raw.Len() > maxPageSent:
		return nil, nil, &pageError{fmt.Sprintf("it is larger than %d MiB", maxPageSent>>20)}
	case fault.err != nil:
		return nil, nil, early(fault.err, int64(raw.Len()))
	case z == nil || !errors.Is(err, io.EOF):
		return nil, nil, &pageError{"its gzip encoding is broken"}
	}
	return raw.Bytes(), plain.Bytes(), nil
}

// faults tells a source's own errors from those of what decodes it.
type faults struct {
	r   io.Reader
	err error
}

func (f *faults) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}
