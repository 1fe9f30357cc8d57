package gate_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"assay"
	"assay/internal/gate"
)

// receiver is a Sink that remembers.
type receiver struct {
	bytes.Buffer
	begun, aborted bool
	beginErr       error
	failAfter      int // 0: never
	began          time.Time
}

func (r *receiver) Begin() error {
	r.begun, r.began = true, time.Now()
	return r.beginErr
}

func (r *receiver) Write(p []byte) (int, error) {
	if r.failAfter > 0 && r.Len()+len(p) > r.failAfter {
		return 0, errors.New("no more")
	}
	return r.Buffer.Write(p)
}

func (r *receiver) Abort() { r.aborted = true }

func content(n int) []byte {
	b := make([]byte, n)
	src := rand.NewChaCha8([32]byte{1})
	_, _ = src.Read(b)
	return b
}

var limits = gate.Limits{Hold: 1 << 20, HoldTime: time.Minute, HoldBack: 64 << 10, Spool: 4 << 20, Stream: 64 << 20}

func allow(assay.Content) (assay.Decision, error) {
	return assay.Decision{Verdict: assay.Allow}, nil
}

func deny(assay.Content) (assay.Decision, error) {
	return assay.Refuse(assay.Artifact{}, assay.DigestMismatch, ""), nil
}

// pass passes data on from a source that never blocks.
func pass(t *testing.T, s gate.Stream, sink gate.Sink, judge gate.Judge) (gate.Result, error) {
	t.Helper()
	if s.Cut == nil {
		s.Cut = func() {}
	}
	if s.Limits == (gate.Limits{}) {
		s.Limits = limits
	}
	return s.Pass(t.Context(), sink, judge)
}

func TestWhatIsAllowedArrives(t *testing.T) {
	for _, n := range []int{0, 1, 64 << 10, 256 << 10, 256<<10 + 1, 1 << 20, 1<<20 + 1, 5<<20 + 77} {
		for _, hold := range []bool{false, true} {
			for _, announced := range []bool{false, true} {
				if hold && n > int(limits.Spool) {
					continue
				}
				data := content(n)
				dir := t.TempDir()
				s := gate.Stream{Body: bytes.NewReader(data), Length: -1, HoldWhole: hold, Store: gate.NewStore(dir, 1<<30),
					Promised: []assay.Digest{{Algorithm: "sha512"}}}
				if announced {
					s.Length, s.Size = int64(n), int64(n)
				}
				var sink receiver
				var judged assay.Content
				r, err := pass(t, s, &sink, func(c assay.Content) (assay.Decision, error) {
					judged = c
					if (hold || n <= 1<<20) && sink.begun {
						t.Errorf("%d bytes, hold %v: begun before the judge was asked", n, hold)
					}
					if !hold && n > 1<<20 && (!sink.begun || sink.Len() >= n-(64<<10)+1) {
						t.Errorf("%d bytes: %d were passed on before the judge was asked", n, sink.Len())
					}
					return assay.Decision{Verdict: assay.Warn}, nil
				})
				if err != nil || !r.Complete || !r.Begun || sink.aborted || !bytes.Equal(sink.Bytes(), data) {
					t.Errorf("%d bytes, hold %v: %+v, %v; %d arrived", n, hold, r, err, sink.Len())
				}
				h := assay.NewHasher(s.Promised)
				h.Write(data)
				if want := h.Content(); judged.Size != want.Size || len(judged.Digests) != 2 || judged.Digests[0] != want.Digests[0] || judged.Digests[1] != want.Digests[1] {
					t.Errorf("%d bytes: judged %v, want %v", n, judged, want)
				}
				left, _ := os.ReadDir(dir)
				if len(left) > 0 {
					t.Errorf("%d bytes: %d files are left in the spool's folder", n, len(left))
				}
			}
		}
	}
}

func TestWhatIsDeniedNeverCompletes(t *testing.T) {
	for _, c := range []struct {
		size  int
		hold  bool
		begun bool
	}{{0, false, false}, {1000, false, false}, {1 << 20, false, false}, {3 << 20, false, true}, {3 << 20, true, false}} {
		data := content(c.size)
		var sink receiver
		r, err := pass(t, gate.Stream{Body: bytes.NewReader(data), Length: -1, HoldWhole: c.hold, Store: gate.NewStore(t.TempDir(), 1<<30)}, &sink, deny)
		if err != nil || r.Complete || r.Begun != c.begun || sink.begun != c.begun || sink.aborted != c.begun {
			t.Errorf("%+v: %+v, %v, begun %v, aborted %v", c, r, err, sink.begun, sink.aborted)
		}
		if r.Decision.Verdict != assay.Deny || r.Content.Size != int64(c.size) {
			t.Errorf("%+v: %+v", c, r)
		}
		if !c.begun && sink.Len() > 0 || c.begun && sink.Len() > c.size-(64<<10) {
			t.Errorf("%+v: %d bytes got out", c, sink.Len())
		}
	}
}

func TestADecisionWithoutAVerdictDenies(t *testing.T) {
	var sink receiver
	r, err := pass(t, gate.Stream{Body: strings.NewReader("x"), Length: -1}, &sink, func(assay.Content) (assay.Decision, error) { return assay.Decision{}, nil })
	if err != nil || r.Begun || r.Complete {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestSourcesThatBreak(t *testing.T) {
	broken := errors.New("connection reset")
	for _, c := range []struct {
		name   string
		stream gate.Stream
		want   error
		text   string
		begun  bool
	}{
		{"ends early", gate.Stream{Body: bytes.NewReader(content(100)), Length: 200}, gate.ErrTruncated,
			"the stream ended early: 100 of 200 bytes came", false},
		{"ends early, size promised", gate.Stream{Body: bytes.NewReader(content(100)), Length: -1, Size: 300}, gate.ErrTruncated,
			"the stream ended early: 100 of 300 bytes came", false},
		{"unexpected end", gate.Stream{Body: io.MultiReader(bytes.NewReader(content(5)), iotest.ErrReader(io.ErrUnexpectedEOF)), Length: -1},
			gate.ErrTruncated, "the stream ended early: after 5 bytes", false},
		{"fails", gate.Stream{Body: io.MultiReader(bytes.NewReader(content(7)), iotest.ErrReader(broken)), Length: 10},
			broken, "the stream ended early: after 7 bytes: connection reset", false},
		{"fails late", gate.Stream{Body: io.MultiReader(bytes.NewReader(content(2<<20)), iotest.ErrReader(broken)), Length: 3 << 20},
			gate.ErrTruncated, "the stream ended early: after 2097152 bytes: connection reset", true},
		{"too long", gate.Stream{Body: bytes.NewReader(content(100)), Length: -1, Size: 99}, gate.ErrTooLong,
			"the stream is too long: more than 99 bytes", false},
		{"announced too long", gate.Stream{Body: bytes.NewReader(content(99)), Length: 100, Size: 99}, gate.ErrTooLong,
			"the stream is too long: 100 bytes were announced, and 99 promised", false},
		{"endless", gate.Stream{Body: endless{}, Length: -1}, gate.ErrTooLong,
			"the stream is too long: more than 67108864 bytes", true},
		{"endless, held", gate.Stream{Body: endless{}, Length: -1, HoldWhole: true, Store: gate.NewStore(t.TempDir(), 1<<30)}, gate.ErrTooLong,
			"the stream is too long: more than 4194304 bytes to be held", false},
		{"no folder", gate.Stream{Body: endless{}, Length: -1, HoldWhole: true}, gate.ErrSpool,
			"the stream could not be spooled: no folder to put it in", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sink receiver
			r, err := pass(t, c.stream, &sink, func(assay.Content) (assay.Decision, error) {
				t.Error("the judge was asked about a broken stream")
				return allow(assay.Content{})
			})
			if !errors.Is(err, c.want) || err.Error() != c.text {
				t.Errorf("error %v, want %s", err, c.text)
			}
			if r.Begun != c.begun || sink.aborted != c.begun || r.Complete {
				t.Errorf("%+v, aborted %v", r, sink.aborted)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestSpoolFolderThatCannotBeUsed(t *testing.T) {
	var sink receiver
	_, err := pass(t, gate.Stream{Body: endless{}, Length: -1, HoldWhole: true, Store: gate.NewStore(filepath.Join(t.TempDir(), "none"), 1<<30)}, &sink, allow)
	if !errors.Is(err, gate.ErrSpool) || !errors.Is(err, os.ErrNotExist) || sink.begun {
		t.Errorf("error %v, begun %v", err, sink.begun)
	}
}

func TestReceiversThatGoAway(t *testing.T) {
	gone := errors.New("gone")
	sink := &receiver{beginErr: gone}
	if _, err := pass(t, gate.Stream{Body: bytes.NewReader(content(10)), Length: 10}, sink, allow); !errors.Is(err, gate.ErrSink) || !errors.Is(err, gone) || !sink.aborted {
		t.Errorf("begin: %v", err)
	}
	sink = &receiver{failAfter: 1 << 20}
	r, err := pass(t, gate.Stream{Body: endless{}, Length: 32 << 20}, sink, allow)
	if !errors.Is(err, gate.ErrSink) || err.Error() != "the receiver is gone: no more" || !sink.aborted || r.Complete {
		t.Errorf("write: %v, %+v", err, r)
	}
}

func TestTheJudgesError(t *testing.T) {
	bug := errors.New("a bug")
	for size, begun := range map[int]bool{10: false, 3 << 20: true} {
		var sink receiver
		r, err := pass(t, gate.Stream{Body: bytes.NewReader(content(size)), Length: int64(size)}, &sink,
			func(assay.Content) (assay.Decision, error) { return assay.Decision{Verdict: assay.Allow}, bug })
		if !errors.Is(err, bug) || r.Complete || sink.aborted != begun || sink.Len() >= max(size, 1) {
			t.Errorf("%d bytes: %v, %+v", size, err, r)
		}
	}
}

// drip is a source that sends n bytes every so often, until it is cut.
func drip(n int, every time.Duration) (io.Reader, func()) {
	r, w := io.Pipe()
	go func() {
		for {
			if _, err := w.Write(make([]byte, n)); err != nil {
				return
			}
			time.Sleep(every)
		}
	}()
	return r, func() { _ = r.CloseWithError(errors.New("cut")) }
}

func TestSlowSourcesAreCut(t *testing.T) {
	body, cut := drip(1, 5*time.Millisecond)
	var sink receiver
	_, err := pass(t, gate.Stream{Body: body, Cut: cut, Length: 1 << 20, Limits: gate.Limits{MinRate: 1 << 20, RateWindow: 100 * time.Millisecond}}, &sink, allow)
	if !errors.Is(err, gate.ErrSlow) || !strings.Contains(err.Error(), "bytes came in") || sink.begun {
		t.Errorf("a byte at a time: %v", err)
	}
	body, cut = drip(1, time.Hour)
	_, err = pass(t, gate.Stream{Body: body, Cut: cut, Length: 1 << 20, Limits: gate.Limits{Idle: 50 * time.Millisecond}}, &sink, allow)
	if !errors.Is(err, gate.ErrSlow) || err.Error() != "the stream is too slow: nothing came for 50ms" {
		t.Errorf("silence: %v", err)
	}
}

func TestAStreamThatTakesLongIsBegun(t *testing.T) {
	body, cut := drip(32<<10, 10*time.Millisecond)
	start := time.Now()
	var sink receiver
	l := gate.Limits{HoldTime: 60 * time.Millisecond, HoldBack: 64 << 10}
	r, err := pass(t, gate.Stream{Body: io.LimitReader(body, 1<<20), Cut: cut, Length: 1 << 20, Limits: l}, &sink, deny)
	if err != nil || !r.Begun || !sink.aborted || sink.Len() > 1<<20-64<<10 {
		t.Errorf("%+v, %v, %d bytes", r, err, sink.Len())
	}
	if early := sink.began.Sub(start); early < 60*time.Millisecond {
		t.Errorf("begun after %s", early)
	}
}

func TestCancelled(t *testing.T) {
	body, cut := drip(10, time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var sink receiver
	_, err := gate.Stream{Body: body, Cut: cut, Length: -1}.Pass(ctx, &sink, allow)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkPass(b *testing.B) {
	data := content(32 << 20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var sink discard
		_, err := gate.Stream{Body: bytes.NewReader(data), Cut: func() {}, Length: int64(len(data))}.Pass(b.Context(), sink, allow)
		if err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Begin() error                { return nil }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Abort()                      {}
