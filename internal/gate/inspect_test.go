package gate_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"assay"
	"assay/internal/gate"
)

// sum is an inspector that reports the SHA-256 of what it sees.
func sum(r io.Reader) (*assay.Inside, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return nil, err
	}
	return &assay.Inside{Format: "wheel", Unpacked: n, Metadata: h.Sum(nil)}, nil
}

func TestTheInspectorSeesEveryByteBeforeTheJudge(t *testing.T) {
	for _, n := range []int{0, 1, 256 << 10, 256<<10 + 1, 1<<20 + 1, 5<<20 + 77} {
		for _, hold := range []bool{false, true} {
			data := content(n)
			want := sha256.Sum256(data)
			var sink receiver
			// A source that gives little at a time makes many segments of a block.
			s := gate.Stream{Body: iotest.HalfReader(bytes.NewReader(data)), Length: int64(n), HoldWhole: hold, Store: gate.NewStore(t.TempDir(), 1<<20),
				Inspect: sum, Limits: gate.Limits{Hold: 1 << 20}}
			r, err := pass(t, s, &sink, func(c assay.Content) (assay.Decision, error) {
				if c.Inside == nil || !bytes.Equal(c.Inside.Metadata, want[:]) || c.Inside.Unpacked != c.Size {
					t.Errorf("%d bytes, hold %v: the judge is shown %+v", n, hold, c.Inside)
				}
				return allow(c)
			})
			if err != nil || !r.Complete || r.Content.Inside == nil || !bytes.Equal(sink.Bytes(), data) {
				t.Errorf("%d bytes, hold %v: %+v, %v", n, hold, r, err)
			}
		}
	}
}

// Whatever an inspector does, the stream comes to its end, and what did not come to
// a result says so.
func TestInspectorsThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		inspect gate.Inspector
		want    string
	}{
		"breaks down": {func(r io.Reader) (*assay.Inside, error) {
			_, _ = io.ReadFull(r, make([]byte, 100))
			panic("bad block")
		}, "looking inside of the file broke down (bad block)"},
		"fails":         {func(io.Reader) (*assay.Inside, error) { return nil, errors.New("no") }, "looking inside of the file came to no end"},
		"has no result": {func(io.Reader) (*assay.Inside, error) { return nil, nil }, "looking inside of the file came to no result"},
		"has seen enough": {func(r io.Reader) (*assay.Inside, error) {
			_, err := io.ReadFull(r, make([]byte, 300<<10))
			return &assay.Inside{Findings: []assay.Finding{{Code: assay.EvidenceInvalid, Detail: "enough"}}}, err
		}, "enough"},
	} {
		data := content(5 << 20)
		var sink receiver
		r, err := pass(t, gate.Stream{Body: bytes.NewReader(data), Length: -1, Inspect: c.inspect}, &sink, allow)
		if err != nil || !r.Complete || !bytes.Equal(sink.Bytes(), data) {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
		read, err := gate.Read(bytes.NewReader(data), assay.NewHasher(nil), c.inspect)
		if err != nil || read.Size != int64(len(data)) || read.Digests[0] != r.Content.Digests[0] {
			t.Errorf("%s: %+v, %v", name, read, err)
		}
		for _, in := range []*assay.Inside{r.Content.Inside, read.Inside} {
			if got := fmt.Sprintf("%+v", in.Findings); got != "[{Code:evidence.invalid Detail:"+c.want+"}]" {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

// A stream that is given up ends its inspector, wherever that is.
func TestInspectorsOfStreamsThatAreGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		stream func(data []byte) gate.Stream
		sink   receiver
		cancel bool
		want   error
	}{
		"truncated": {stream: func(data []byte) gate.Stream {
			return gate.Stream{Body: bytes.NewReader(data), Length: int64(len(data)) + 1}
		}, want: gate.ErrTruncated},
		"broken": {stream: func(data []byte) gate.Stream {
			return gate.Stream{Body: io.MultiReader(bytes.NewReader(data), iotest.ErrReader(errors.New("reset"))), Length: -1}
		}, want: gate.ErrTruncated},
		"too long": {stream: func(data []byte) gate.Stream {
			return gate.Stream{Body: bytes.NewReader(data), Length: -1, Size: int64(len(data)) - 1}
		}, want: gate.ErrTooLong},
		"nobody to receive it": {stream: func(data []byte) gate.Stream { return gate.Stream{Body: bytes.NewReader(data), Length: -1} },
			sink: receiver{failAfter: 1}, want: gate.ErrSink},
		"cancelled": {stream: func(data []byte) gate.Stream {
			r, w := io.Pipe()
			go func() { _, _ = w.Write(data) }() // and nothing more
			return gate.Stream{Body: r, Cut: func() { _ = r.CloseWithError(errors.New("cut")) }, Length: -1}
		}, cancel: true, want: context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.stream(content(3 << 20))
			ended := make(chan error, 1)
			s.Inspect = func(r io.Reader) (*assay.Inside, error) {
				_, err := io.Copy(io.Discard, r)
				ended <- err
				return nil, err
			}
			if s.Cut == nil {
				s.Cut = func() {}
			}
			s.Limits = limits
			ctx := t.Context()
			if c.cancel {
				short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
				defer cancel()
				ctx = short
			}
			sink := receiver{failAfter: c.sink.failAfter}
			_, err := s.Pass(ctx, &sink, func(assay.Content) (assay.Decision, error) {
				t.Error("the judge was asked")
				return assay.Decision{}, nil
			})
			if !errors.Is(err, c.want) {
				t.Errorf("the error is %v", err)
			}
			if err := <-ended; err == nil {
				t.Error("the inspector was told that this is all")
			}
		})
	}
	_, err := gate.Read(io.MultiReader(strings.NewReader("x"), iotest.ErrReader(errors.New("disk"))), assay.NewHasher(nil), sum)
	if err == nil || err.Error() != "disk" {
		t.Errorf("reading: %v", err)
	}
}

// A cancelled caller does not wait for an inspector's result, only for it to stop.
func TestSlowInspectors(t *testing.T) {
	data := content(2 << 20)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			var sink receiver
			slow := func(r io.Reader) (*assay.Inside, error) {
				time.Sleep(time.Duration(i) * time.Millisecond)
				return sum(r)
			}
			s := gate.Stream{Body: bytes.NewReader(data), Cut: func() {}, Length: -1, Inspect: slow, Limits: limits}
			if r, err := s.Pass(t.Context(), &sink, allow); err != nil || !r.Complete || r.Content.Inside.Unpacked != int64(len(data)) {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	wg.Wait()
}

func TestRead(t *testing.T) {
	data := content(1<<20 + 3)
	want := sha256.Sum256(data)
	c, err := gate.Read(bytes.NewReader(data), assay.NewHasher([]assay.Digest{{Algorithm: "sha512"}}), sum)
	if err != nil || c.Size != int64(len(data)) || len(c.Digests) != 2 || c.Digests[0].Hex != fmt.Sprintf("%x", want) || !bytes.Equal(c.Inside.Metadata, want[:]) {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := gate.Read(bytes.NewReader(data), assay.NewHasher(nil), nil); err != nil || c.Inside != nil || c.Size != int64(len(data)) {
		t.Errorf("without an inspector: %+v, %v", c, err)
	}
}

// BenchmarkInspect is BenchmarkPass with an inspector that costs as much as the
// hash does.
func BenchmarkInspect(b *testing.B) {
	data := content(32 << 20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var sink discard
		_, err := gate.Stream{Body: bytes.NewReader(data), Cut: func() {}, Length: int64(len(data)), Inspect: sum}.Pass(b.Context(), sink, allow)
		if err != nil {
			b.Fatal(err)
		}
	}
}
