package gate

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// Store is where the streams of a run hold bytes back: a budget of memory, and a
// folder for what is beyond it. It is safe for concurrent use.
type Store struct {
	create func() (file, error)

	mu      sync.Mutex
	left    int64
	streams int // under way
}

// file is a temporary file.
type file interface {
	io.ReadWriteSeeker
	io.Closer // removes it
}

// NewStore returns a Store with memory bytes, and a folder that nobody else
// should be able to read, empty for none.
func NewStore(dir string, memory int64) *Store {
	return &Store{left: memory, create: func() (file, error) { return newTemporary(dir) }}
}

// enter counts a stream, until leave, and returns the size of its blocks.
func (s *Store) enter() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams++; s.streams > fewStreams {
		return smallBlock
	}
	return blockSize
}

func (s *Store) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams--
}

// take takes from the budget, if it has so much.
func (s *Store) take(n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left < n {
		return false
	}
	s.left -= n
	return true
}

func (s *Store) give(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left += n
}

// spool is a stream's temporary file. Its errors are of the class ErrSpool,
// except for the sink's.
type spool struct{ file file }

func (s *Store) spool() (*spool, error) {
	f, err := s.create()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSpool, err)
	}
	return &spool{f}, nil
}

func (s *spool) write(p []byte) error {
	if _, err := s.file.Write(p); err != nil {
		return fmt.Errorf("%w: %w", ErrSpool, err)
	}
	return nil
}

func (s *spool) rewind() error {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("%w: %w", ErrSpool, err)
	}
	return nil
}

// copyTo writes the rest of the file to the sink.
func (s *spool) copyTo(sink Sink) error {
	b := newBlock(smallBlock)
	defer b.release()
	for {
		n, err := s.file.Read(b.buf)
		if n > 0 {
			if _, err := sink.Write(b.buf[:n]); err != nil {
				return fmt.Errorf("%w: %w", ErrSink, err)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrSpool, err)
		}
	}
}

func (s *spool) close() { _ = s.file.Close() }

// temporary is a file that nobody else can open: its name is removed as soon as
// the system allows.
type temporary struct {
	*os.File
	named bool // the name is still there
}

func newTemporary(dir string) (file, error) {
	if dir == "" {
		return nil, fmt.Errorf("no folder to put it in")
	}
	f, err := os.CreateTemp(dir, "spool-*")
	if err != nil {
		return nil, err
	}
	// Where an open file cannot be removed, Close removes it.
	return &temporary{File: f, named: os.Remove(f.Name()) != nil}, nil
}

func (t *temporary) Close() error {
	err := t.File.Close()
	if t.named {
		_ = os.Remove(t.Name())
	}
	return err
}
