package index

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// answer is a whole answer that has been read.
type answer struct {
	url         *url.URL // where it came from, after redirects
	contentType string
	body        []byte
}

// fetch asks and reads the whole answer: at most size bytes, within the given
// time.
func (c *Client) fetch(ctx context.Context, q request, size int64, within time.Duration) (answer, error) {
	if q.encoding == "" {
		q.encoding = "gzip"
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	deadline := time.AfterFunc(within, func() {
		cancel(failed(ErrTimeout, "%s did not finish answering within %s", Redact(q.url), within))
	})
	defer deadline.Stop()
	resp, err := c.send(ctx, q)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	at := resp.Request.URL
	tooLarge := failed(ErrTooLarge, "%s answered with more than %d bytes", Redact(at), size)
	if resp.ContentLength > size {
		return answer{}, tooLarge
	}
	raw := &capped{r: c.paced(ctx, cancel, resp), left: size, err: tooLarge}
	var body io.Reader = raw
	switch coding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); {
	case coding == "" || q.encoding == asSent:
	case coding == asSent:
	case coding == "gzip" || coding == "x-gzip":
		plain, err := gzip.NewReader(raw)
		if err != nil {
			return answer{}, broken(at, err)
		}
		body = &capped{r: plain, left: size, err: tooLarge}
	default:
		return answer{}, failed(ErrEncoding, "%s answered in the coding %.40q, which was not asked for", Redact(at), coding)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(body); err != nil {
		return answer{}, broken(at, err)
	}
	return answer{at, resp.Header.Get("Content-Type"), b.Bytes()}, nil
}

// broken names an answer that broke off or cannot be decompressed. What is
// already one of the client's failures, or a cancellation, stays what it is.
func broken(at *url.URL, err error) error {
	var f *failure
	switch {
	case errors.As(err, &f), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return failed(ErrEncoding, "%s answered with broken gzip data", Redact(at))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return failed(io.ErrUnexpectedEOF, "%s broke off in the middle of its answer", Redact(at))
	}
	if strings.HasPrefix(err.Error(), "flate: ") {
		return failed(ErrEncoding, "%s answered with broken gzip data", Redact(at))
	}
	return failed(err, "%s broke off: %s", Redact(at), withoutSecrets(err))
}

// unreachable names a request that got no answer at all.
func unreachable(ctx context.Context, at *url.URL, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return failed(ErrTimeout, "%s did not answer in time", Redact(at))
	}
	return failed(err, "%s cannot be reached: %s", Redact(at), withoutSecrets(err))
}

var userinfo = regexp.MustCompile(`//[^/\s"'@]*@`)

// withoutSecrets is an error's text without the user and password of any URL in
// it: a transport may quote its proxy's.
func withoutSecrets(err error) string {
	return userinfo.ReplaceAllString(err.Error(), "//…@")
}

// discard closes an answer that is of no use, so that its connection can be
// used again where little is left of it.
func discard(resp *http.Response) {
	io.CopyN(io.Discard, resp.Body, maxRedirSize)
	resp.Body.Close()
}

// capped ends with its own error once more than so many bytes came.
type capped struct {
	r    io.Reader
	left int64
	err  error
}

func (c *capped) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, c.err
	}
	return n, err
}

// paced gives up on an answer that falls silent or comes at a trickle. Only the
// time spent waiting for bytes counts, so a slow reader is nobody's fault.
type paced struct {
	body   io.ReadCloser
	at     *url.URL
	limits limits
	ctx    context.Context
	cancel context.CancelCauseFunc

	got   int64 // bytes since the window began
	spent time.Duration
}

// paced wraps an answer's body. cancel cancels ctx, the answer's context.
func (c *Client) paced(ctx context.Context, cancel context.CancelCauseFunc, resp *http.Response) *paced {
	return &paced{body: resp.Body, at: resp.Request.URL, limits: c.limits, ctx: ctx, cancel: cancel}
}

func (p *paced) Read(b []byte) (int, error) {
	silence := time.AfterFunc(p.limits.idle, func() {
		p.cancel(failed(ErrTimeout, "%s sent nothing for %s", Redact(p.at), p.limits.idle))
	})
	start := time.Now()
	n, err := p.body.Read(b)
	silence.Stop()
	if err != nil && err != io.EOF && p.ctx.Err() != nil {
		return n, context.Cause(p.ctx)
	}
	p.got += int64(n)
	if p.spent += time.Since(start); p.spent >= p.limits.window && err == nil {
		if float64(p.got) < float64(p.limits.rate)*p.spent.Seconds() {
			err = failed(ErrTooSlow, "%s sends less than %d bytes a second", Redact(p.at), p.limits.rate)
			p.cancel(err)
		}
		p.got, p.spent = 0, 0
	}
	return n, err
}

// Close ends the transfer.
func (p *paced) Close() error {
	defer p.cancel(nil)
	return p.body.Close()
}
