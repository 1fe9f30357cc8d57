package index

import (
	"context"
	"io"
	"time"

	"assay"
)

// Body is a file under way. Read returns a failure of this package where the
// transfer stalls, and one that wraps io.ErrUnexpectedEOF where it breaks off.
type Body struct {
	io.ReadCloser
	Size int64 // bytes, as the server announced it; -1 where it did not
}

// Open asks for an artifact's file and returns its bytes as they are sent,
// never decompressed. There is no limit to the whole transfer's time: it ends
// when it falls silent, comes at a trickle, or ctx is done. The caller closes
// the body.
func (c *Client) Open(ctx context.Context, a assay.Artifact) (*Body, error) {
	u, err := parse(a.URL)
	if err != nil {
		return nil, err
	}
	if page, err := parse(a.Index); err == nil {
		if why := mayLead(page, u); why != "" {
			return nil, failed(ErrURL, "%s names a file at %s, %s", Redact(page), Redact(u), why)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	head := time.AfterFunc(c.limits.headerTime, func() {
		cancel(failed(ErrTimeout, "%s did not answer within %s", Redact(u), c.limits.headerTime))
	})
	resp, err := c.send(ctx, request{url: u, accept: "*/*", encoding: "identity"})
	head.Stop()
	if err != nil {
		cancel(nil)
		return nil, err
	}
	at := resp.Request.URL
	tooLarge := failed(ErrTooLarge, "%s is larger than %d bytes", Redact(at), c.limits.fileSize)
	if resp.ContentLength > c.limits.fileSize {
		resp.Body.Close()
		cancel(nil)
		return nil, tooLarge
	}
	body := c.paced(ctx, cancel, resp)
	return &Body{&file{capped{r: body, left: c.limits.fileSize, err: tooLarge}, body}, resp.ContentLength}, nil
}

// file is a body whose errors name it.
type file struct {
	r     capped
	paced *paced
}

func (f *file) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		err = broken(f.paced.at, err)
	}
	return n, err
}

func (f *file) Close() error { return f.paced.Close() }
