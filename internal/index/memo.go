package index

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// memo remembers answers by key for a while and lets those who ask for the same
// thing at the same time share one request. The shared request is cancelled
// when the last of them has given up, not when the first has. It holds at most
// count answers of bytes together; the oldest leave first.
type memo[T any] struct {
	count int
	bytes int64

	mu      sync.Mutex
	entries map[string]*entry[T]
	age     list.List // of the finished entries' keys, oldest first
	held    int64     // bytes of the finished entries
}

// entry is one answer, or a request under way.
type entry[T any] struct {
	done    chan struct{} // closed when value and err are there
	cancel  context.CancelFunc
	waiting int

	value   T
	err     error
	cost    int64
	expires time.Time
	place   *list.Element
}

// found is what a fetch came to: how many bytes it takes, and how long it keeps.
type found[T any] struct {
	value T
	cost  int64
	keep  time.Duration
}

func newMemo[T any](count int, bytes int64) *memo[T] {
	return &memo[T]{count: count, bytes: bytes, entries: map[string]*entry[T]{}}
}

// get returns the remembered answer, or that of fetch. It returns early, with
// the context's cause, when ctx is done.
func (m *memo[T]) get(ctx context.Context, key string, fetch func(context.Context) (found[T], error)) (T, error) {
	var zero T
	if ctx.Err() != nil {
		return zero, context.Cause(ctx)
	}
	m.mu.Lock()
	e, ok := m.entries[key]
	if ok && e.place != nil && !time.Now().Before(e.expires) {
		m.drop(key, e)
		ok = false
	}
	if !ok {
		shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
		e = &entry[T]{done: make(chan struct{}), cancel: cancel}
		m.entries[key] = e
		go m.run(shared, key, e, fetch)
	}
	e.waiting++
	m.mu.Unlock()
	select {
	case <-e.done:
		return e.value, e.err
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.waiting--; e.waiting == 0 && e.place == nil {
		e.cancel()
		if m.entries[key] == e {
			delete(m.entries, key)
		}
	}
	return zero, context.Cause(ctx)
}

func (m *memo[T]) run(ctx context.Context, key string, e *entry[T], fetch func(context.Context) (found[T], error)) {
	f, err := fetch(ctx)
	e.cancel()
	m.mu.Lock()
	defer m.mu.Unlock()
	e.value, e.err, e.cost, e.expires = f.value, err, f.cost, time.Now().Add(f.keep)
	close(e.done)
	if m.entries[key] != e {
		return
	}
	e.place = m.age.PushBack(key)
	m.held += e.cost
	for m.age.Len() > m.count || m.held > m.bytes {
		oldest := m.age.Front().Value.(string)
		m.drop(oldest, m.entries[oldest])
	}
}

// drop forgets a finished entry.
func (m *memo[T]) drop(key string, e *entry[T]) {
	m.age.Remove(e.place)
	m.held -= e.cost
	delete(m.entries, key)
}
