package intercept

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"assay/internal/gate"
)

// readBody reads a page's body: as it was sent, and decoded. What was sent the
// same as the page that is known, nil for none, is not decoded again. The error
// is a *pageError where the bytes are at fault rather than the connection.
func readBody(resp *http.Response, known *keptPage, cut func(), limits gate.Limits) (sent, body []byte, err error) {
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
	if known != nil && resp.ContentLength == int64(len(known.sent)) {
		if sent, err = readSent(source, resp.ContentLength); err != nil {
			return nil, nil, err
		}
		if bytes.Equal(sent, known.sent) {
			return known.sent, known.body, nil
		}
		source = bytes.NewReader(sent)
	}
	return gunzip(source, resp.ContentLength)
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

// gunzip reads a page and decodes it: when all of it has come if it is announced
// as no more than maxAtOnce, so that few are being decoded at a time, and while it
// comes otherwise. length is what was announced, -1 where nothing was.
func gunzip(source io.Reader, length int64) (sent, body []byte, err error) {
	if length >= 0 && length <= maxAtOnce {
		if sent, err = readSent(source, length); err != nil {
			return nil, nil, err
		}
		body, err = decode(bytes.NewReader(sent), func() int { return len(sent) })
		return sent, body, err
	}
	var raw bytes.Buffer
	fault := &faults{r: io.LimitReader(source, maxPageSent+1)}
	body, err = decode(io.TeeReader(fault, &raw), raw.Len)
	switch {
	case raw.Len() > maxPageSent:
		return nil, nil, &pageError{fmt.Sprintf("it is larger than %d MiB", maxPageSent>>20)}
	case fault.err != nil:
		return nil, nil, early(fault.err, int64(raw.Len()))
	}
	return raw.Bytes(), body, err
}

// decodeBuffers are for what is being decoded: how large a page becomes is known
// at its end only, and pages come in numbers.
var decodeBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// decode decodes a page up to maxPage bytes, and maxRatio times what has come.
func decode(source io.Reader, came func() int) ([]byte, error) {
	plain := decodeBuffers.Get().(*bytes.Buffer)
	defer func() {
		if plain.Cap() <= maxDecodeKept {
			plain.Reset()
			decodeBuffers.Put(plain)
		}
	}()
	z, err := gzip.NewReader(source)
	for err == nil {
		_, err = io.CopyN(plain, z, decodeStep)
		if n := int64(plain.Len()); n > maxPage || n > max(freeRatio, int64(came())*maxRatio) {
			return nil, &pageError{fmt.Sprintf("its first %d bytes decode to more than %d", came(), n)}
		}
	}
	if z == nil || !errors.Is(err, io.EOF) {
		return nil, &pageError{"its gzip encoding is broken"}
	}
	return bytes.Clone(plain.Bytes()), nil
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
