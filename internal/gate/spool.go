package gate

import (
	"fmt"
	"io"
	"os"
)

// spool is a temporary file that nobody else can open: its name is removed as
// soon as the system allows.
type spool struct {
	file  *os.File
	named bool // the name is still there
}

func newSpool(dir string) (*spool, error) {
	if dir == "" {
		return nil, fmt.Errorf("%w: no folder to put it in", ErrSpool)
	}
	f, err := os.CreateTemp(dir, "spool-*")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSpool, err)
	}
	// Where an open file cannot be removed, close removes it.
	return &spool{file: f, named: os.Remove(f.Name()) != nil}, nil
}

func (s *spool) write(p []byte) error {
	if _, err := s.file.Write(p); err != nil {
		return fmt.Errorf("%w: %w", ErrSpool, err)
	}
	return nil
}

// copyTo writes the whole file to the sink.
func (s *spool) copyTo(sink Sink) error {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("%w: %w", ErrSpool, err)
	}
	b := newBlock()
	defer b.release()
	for {
		n, err := s.file.Read(b.buf[:])
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

func (s *spool) close() {
	_ = s.file.Close()
	if s.named {
		_ = os.Remove(s.file.Name())
	}
}
