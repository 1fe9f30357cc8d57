package index

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestPagesAreShared(t *testing.T) {
	var asked atomic.Int32
	release := make(chan struct{})
	free := sync.OnceFunc(func() { close(release) })
	base, c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		<-release
		answerWith(200, jsonType, samplePage)(w, r)
	})
	t.Cleanup(free)
	c.limits.idle = time.Minute
	gone, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := c.Page(gone, base, "sample")
		first <- err
	}()
	for deadline := time.Now().Add(5 * time.Second); asked.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was asked for")
		}
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := c.Page(t.Context(), base, "Sample"); err != nil {
				t.Error(err)
			}
		})
	}
	for deadline := time.Now().Add(5 * time.Second); c.waiting(base+"/sample/") < 11; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("they do not wait for one request")
		}
	}
	cancel() // the one who began gives up: the others still get the page
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled one got %v", err)
	}
	free()
	wg.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func (c *Client) waiting(key string) int {
	c.pages.mu.Lock()
	defer c.pages.mu.Unlock()
	if e := c.pages.entries[key]; e != nil {
		return e.waiting
	}
	return 0
}

func TestAbandonedRequestsEnd(t *testing.T) {
	ended := make(chan struct{})
	base, c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(ended)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Page(ctx, base, "sample"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the request went on with nobody waiting for it")
	}
}

func TestErrorsAreForgotten(t *testing.T) {
	var asked atomic.Int32
	base, c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(500)
			return
		}
		answerWith(200, jsonType, samplePage)(w, r)
	})
	c.limits.freshError = 0
	if _, err := c.Page(t.Context(), base, "sample"); err == nil {
		t.Fatal("no error")
	}
	if _, err := c.Page(t.Context(), base, "sample"); err != nil {
		t.Fatal(err)
	}
}

func TestMemoIsBounded(t *testing.T) {
	m := newMemo[int](3, 100)
	put := func(key string, cost int64, count int, held int64) {
		t.Helper()
		if _, err := m.get(t.Context(), key, func(context.Context) (found[int], error) {
			return found[int]{1, cost, time.Hour}, nil
		}); err != nil {
			t.Fatal(err)
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if len(m.entries) != count || m.age.Len() != count || m.held != held {
			t.Errorf("%s: %d entries, %d bytes", key, len(m.entries), m.held)
		}
	}
	for i := range 10 {
		put(fmt.Sprint(i), 10, min(i+1, 3), int64(10*min(i+1, 3)))
	}
	put("large", 90, 2, 100)
	put("too large", 1000, 0, 0)
}
