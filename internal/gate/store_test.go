package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"assay"
)

// sink is a Sink that remembers.
type sink struct {
	bytes.Buffer
	begun, aborted bool
}

func (s *sink) Begin() error { s.begun = true; return nil }
func (s *sink) Abort()       { s.aborted = true }

func yes(assay.Content) (assay.Decision, error) { return assay.Decision{Verdict: assay.Allow}, nil }

// faulty is a temporary file of which one operation fails, as on a full disk.
type faulty struct {
	file
	log    *[]string
	failAt int
}

func (f *faulty) fails(what string) bool {
	*f.log = append(*f.log, what)
	return len(*f.log)-1 == f.failAt
}

func (f *faulty) Write(p []byte) (int, error) {
	if f.fails("write") {
		n, _ := f.file.Write(p[:len(p)/2])
		return n, syscall.ENOSPC
	}
	return f.file.Write(p)
}

func (f *faulty) Seek(offset int64, whence int) (int64, error) {
	if f.fails("seek") {
		return 0, syscall.EIO
	}
	return f.file.Seek(offset, whence)
}

func (f *faulty) Read(p []byte) (int, error) {
	if f.fails("read") {
		return 0, syscall.EIO
	}
	return f.file.Read(p)
}

// TestEveryFaultOfTheFolder fails every single operation on the temporary file in
// turn: nothing is begun where it was not before, nothing completes, nothing is
// left behind.
func TestEveryFaultOfTheFolder(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 5<<16) // 5 MiB
	for _, held := range []string{"whole", "beyond the budget"} {
		run := func(failAt int) (log []string, r Result, out *sink, err error) {
			dir := t.TempDir()
			store := NewStore(dir, 512<<10)
			store.create = func() (file, error) {
				log = append(log, "create")
				if failAt == 0 {
					return nil, syscall.ENOSPC
				}
				f, err := newTemporary(dir)
				return &faulty{f, &log, failAt}, err
			}
			out = &sink{}
			s := Stream{Body: bytes.NewReader(data), Length: int64(len(data)), Cut: func() {}, HoldWhole: held == "whole", Store: store,
				Limits: Limits{Hold: 1 << 20}}
			if held != "whole" {
				s.Limits.Hold = 8 << 20
			}
			r, err = s.Pass(t.Context(), out, yes)
			if left, _ := os.ReadDir(dir); len(left) > 0 || store.left != 512<<10 {
				t.Errorf("%s, fault %d: %d files are left, and %d bytes of the budget", held, failAt, len(left), store.left)
			}
			return log, r, out, err
		}
		all, r, out, err := run(-1)
		if err != nil || !r.Complete || !bytes.Equal(out.Bytes(), data) {
			t.Fatalf("%s, no fault: %+v, %v, %d bytes", held, r, err, out.Len())
		}
		seek := slices.Index(all, "seek")
		if all[0] != "create" || !slices.Contains(all, "write") || seek < 0 || all[len(all)-1] != "read" {
			t.Fatalf("%s: the operations are %q", held, all)
		}
		for i, what := range all {
			_, r, out, err := run(i)
			if !errors.Is(err, ErrSpool) || r.Complete || out.begun != (i > seek) || out.aborted != out.begun || out.Len() >= len(data) && what != "read" {
				t.Errorf("%s, %s (operation %d) fails: %+v, %v, begun %v, aborted %v, %d bytes", held, what, i, r, err, out.begun, out.aborted, out.Len())
			}
			if want := map[string]error{"create": syscall.ENOSPC, "write": syscall.ENOSPC}[what]; want != nil && !errors.Is(err, want) {
				t.Errorf("%s, operation %d: %v does not say what failed", held, i, err)
			}
		}
	}
}

// TestTheBudgetIsShared passes many streams at once over a small budget: all of
// them arrive, held to their end, and the budget is whole again.
func TestTheBudgetIsShared(t *testing.T) {
	const memory = 4 * blockSize
	dir := t.TempDir()
	store := NewStore(dir, memory)
	var mu sync.Mutex
	spooled := 0
	create := store.create
	store.create = func() (file, error) {
		mu.Lock()
		defer mu.Unlock()
		spooled++
		return create()
	}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			data := bytes.Repeat(fmt.Appendf(nil, "%08d", i), (1+i)<<13) // 64 KiB to 2.5 MiB
			out := &sink{}
			length := int64(len(data))
			if i%3 == 0 {
				length = -1
			}
			s := Stream{Body: bytes.NewReader(data), Length: length, Cut: func() {}, HoldWhole: i%2 == 0, Store: store}
			r, err := s.Pass(context.Background(), out, func(c assay.Content) (assay.Decision, error) {
				if out.begun {
					t.Errorf("stream %d was begun before it was judged", i)
				}
				if i%5 == 0 {
					return assay.Refuse(assay.Artifact{}, assay.DigestMismatch, ""), nil
				}
				return yes(c)
			})
			if err != nil || r.Complete == (i%5 == 0) || r.Complete && !bytes.Equal(out.Bytes(), data) || !r.Complete && out.begun {
				t.Errorf("stream %d: %+v, %v, %d bytes", i, r, err, out.Len())
			}
		})
	}
	wg.Wait()
	if left, _ := os.ReadDir(dir); len(left) > 0 || store.left != memory || spooled < 10 {
		t.Errorf("%d files are left, %d bytes of the budget; %d streams were spooled", len(left), store.left, spooled)
	}
}

// A stream that turns out slow after it was put into the folder is passed on from
// there.
func TestAStreamLeavesTheFolderWhenItTakesLong(t *testing.T) {
	store := NewStore(t.TempDir(), 0)
	data := bytes.Repeat([]byte("0123456789abcdef"), 3<<16)
	r, w := io.Pipe()
	go func() {
		_, _ = w.Write(data[:2<<20])
		time.Sleep(200 * time.Millisecond)
		_, _ = w.Write(data[2<<20:])
		_ = w.Close()
	}()
	out := &sink{}
	s := Stream{Body: r, Length: int64(len(data)), Cut: func() { _ = r.Close() }, Store: store, Limits: Limits{HoldTime: 30 * time.Millisecond}}
	result, err := s.Pass(t.Context(), out, func(c assay.Content) (assay.Decision, error) {
		if !out.begun {
			t.Error("it was not begun before its end")
		}
		return yes(c)
	})
	if err != nil || !result.Complete || !bytes.Equal(out.Bytes(), data) {
		t.Errorf("%+v, %v, %d bytes", result, err, out.Len())
	}
}
