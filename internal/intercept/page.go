package intercept

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

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
		x.unreachable(x.url, err)
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
	sent, body, err := readPage(resp, cancel, x.proxy.config.Limits)
	if bad := (*pageError)(nil); errors.As(err, &bad) {
		x.refuse(assay.Refuse(assay.Artifact{}, assay.PageMalformed, bad.Error()))
		return
	}
	if err != nil {
		x.unreachable(x.url, err)
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

// readPage reads an answer's body: as it was sent, and decoded. The error is a
// *pageError where the bytes are at fault rather than the connection.
func readPage(resp *http.Response, cut func(), limits gate.Limits) (sent, body []byte, err error) {
	if resp.ContentLength > maxPageSent {
		return nil, nil, &pageError{fmt.Sprintf("it is larger than %d MiB", maxPageSent>>20)}
	}
	source := gate.NewReader(resp.Body, cut, limits)
	if resp.ContentLength >= 0 {
		sent = make([]byte, resp.ContentLength)
		if n, err := io.ReadFull(source, sent); err != nil {
			return nil, nil, early(err, int64(n))
		}
	} else {
		if sent, err = io.ReadAll(io.LimitReader(source, maxPageSent+1)); err != nil {
			return nil, nil, early(err, int64(len(sent)))
		}
		if len(sent) > maxPageSent {
			return nil, nil, &pageError{fmt.Sprintf("it is larger than %d MiB", maxPageSent>>20)}
		}
	}
	switch coding := strings.ToLower(strings.Join(resp.Header["Content-Encoding"], ",")); coding {
	case "", "identity":
		return sent, sent, nil
	case "gzip", "x-gzip":
		body, err = gunzip(sent)
		return sent, body, err
	default:
		return nil, nil, &pageError{fmt.Sprintf("it is encoded as %q, which was not asked for", coding)}
	}
}

// early classes an error while reading: a slow source as it is, anything else as
// truncated.
func early(err error, n int64) error {
	if errors.Is(err, gate.ErrSlow) {
		return err
	}
	return fmt.Errorf("%w: after %d bytes: %w", gate.ErrTruncated, n, err)
}

// gunzip decodes a page, up to maxPage bytes and maxRatio times its size.
func gunzip(sent []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		return nil, &pageError{"its gzip encoding is broken"}
	}
	limit := min(max(int64(len(sent))*maxRatio, freeRatio), maxPage)
	var b bytes.Buffer
	b.Grow(int(min(int64(len(sent))*12+bytes.MinRead, limit)))
	n, err := b.ReadFrom(io.LimitReader(z, limit+1))
	if n > limit {
		return nil, &pageError{fmt.Sprintf("%d bytes decode to more than %d", len(sent), limit)}
	}
	if err != nil {
		return nil, &pageError{"its gzip encoding is broken"}
	}
	return b.Bytes(), nil
}
