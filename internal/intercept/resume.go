package intercept

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"assay/internal/catalog"
	"assay/internal/gate"
)

// resumed reads a file's body, and asks for the rest where the transfer breaks
// off or comes to a halt (RFC 9110, 14.2 and 13.1.5):
//
//	GET /packages/…/big-1.0-py3-none-any.whl        206 Partial Content
//	Range: bytes=1048576-                           Content-Range: bytes 1048576-9999999/10000000
//	If-Range: "abc"                                 Etag: "abc"
//
// It is a guess of the upstream's that both parts are of one file: all of the
// bytes run through the same hash, so a wrong guess is a wrong file.
type resumed struct {
	x       *exchange
	ctx     context.Context
	request http.Header // what the whole file was asked for with
	first   *http.Response
	same    string // the validator
	transfer

	at, from         int64 // what was read, and how much of it before this transfer
	tries, fruitless int
}

// transfer is one answer on its way. halt ends it when nothing comes.
type transfer struct {
	body io.ReadCloser
	stop context.CancelFunc
	halt *time.Timer
}

func (t transfer) end() {
	t.halt.Stop()
	t.stop()
	if t.body != nil {
		_ = t.body.Close()
	}
}

// ask asks for the file. The error is the first answer's.
func (x *exchange) ask(ctx context.Context, h http.Header) (*http.Response, transfer, error) {
	ctx, stop := context.WithCancel(ctx)
	t := transfer{stop: stop, halt: time.AfterFunc(time.Hour, stop)}
	t.halt.Stop()
	resp, err := x.follow(ctx, h)
	if err != nil {
		t.end()
		return nil, t, err
	}
	t.body = resp.Body
	return resp, t, nil
}

// resumable returns the body of an answer to a request for a whole file. It is
// the answer's own where that cannot be resumed: where the length is unknown, or
// nothing shows that a rest belongs to it.
func (x *exchange) resumable(ctx context.Context, f *catalog.File, request http.Header, resp *http.Response, t transfer) io.ReadCloser {
	same := resumedBy(resp.Header, len(f.Promised) > 0)
	if resp.StatusCode != http.StatusOK || resp.ContentLength <= 0 || same == "" || strings.EqualFold(resp.Header.Get("Accept-Ranges"), "none") {
		return resp.Body
	}
	return &resumed{x: x, ctx: ctx, request: request, first: resp, same: same, transfer: t}
}

// patience is how long a transfer may halt before the rest is asked for anew: a
// few times before the source counts as too slow.
func (x *exchange) patience() time.Duration {
	return cmp.Or(x.proxy.config.Limits.Idle, gate.DefaultLimits.Idle) / 3
}

// resumedBy returns the validator for If-Range: a strong entity tag, or else a
// date, which does where the bytes have to match a digest anyway.
func resumedBy(h http.Header, promised bool) string {
	if tag := validETag(h); tag != "" && tag == weakly(tag) {
		return tag
	}
	if dates := h["Last-Modified"]; promised && len(dates) == 1 {
		if _, err := http.ParseTime(dates[0]); err == nil {
			return dates[0]
		}
	}
	return ""
}

// Read reads, from the rest where the transfer broke off.
func (r *resumed) Read(p []byte) (int, error) {
	for {
		r.halt.Reset(r.x.patience())
		n, err := r.body.Read(p)
		r.halt.Stop()
		r.at += int64(n)
		if n > 0 || err == nil || err == io.EOF && r.at == r.first.ContentLength {
			return n, err
		}
		if !r.resume() {
			return 0, err
		}
	}
}

// Close ends the transfer under way.
func (r *resumed) Close() error {
	r.end()
	return nil
}

// resume asks for the rest and reports whether it comes.
func (r *resumed) resume() bool {
	if r.at-r.from >= resumeProgress {
		r.fruitless = 0
	}
	for r.at > 0 && r.at < r.first.ContentLength && r.tries < maxResumes && r.fruitless < maxFruitless {
		pause := resumePause << r.fruitless
		r.tries++
		r.fruitless++
		if !sleep(r.ctx, pause) {
			return false
		}
		h := r.request.Clone()
		h.Set("Range", fmt.Sprintf("bytes=%d-", r.at))
		h.Set("If-Range", r.same)
		resp, t, err := r.x.ask(r.ctx, h)
		if errors.Is(err, errRedirect) || errors.Is(err, ErrInside) {
			return false
		}
		if err != nil {
			continue
		}
		if r.isRest(resp) {
			r.x.proxy.log.Debug("a transfer is resumed", "host", r.x.url.Host, "at", r.at)
			r.end()
			r.transfer, r.from = t, r.at
			return true
		}
		t.end()
		if resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests {
			return false
		}
	}
	return false
}

// isRest reports whether an answer is exactly the rest of the first one.
func (r *resumed) isRest(resp *http.Response) bool {
	total := r.first.ContentLength
	want := fmt.Sprintf("bytes %d-%d/%d", r.at, total-1, total)
	h, first := resp.Header, r.first.Header
	same := func(name string) bool { return len(h[name]) == 0 || slices.Equal(h[name], first[name]) }
	return resp.StatusCode == http.StatusPartialContent && slices.Equal(h["Content-Range"], []string{want}) &&
		(resp.ContentLength == total-r.at || resp.ContentLength == -1) &&
		slices.Equal(h["Content-Encoding"], first["Content-Encoding"]) && same("Etag") && same("Last-Modified")
}
