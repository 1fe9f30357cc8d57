package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

var (
	// ErrEdited says that a line is not what was written: somebody changed it, or the
	// disk did.
	ErrEdited = errors.New("the journal was edited or is damaged")
	// ErrCut says that the journal ends before a line that is known to have been
	// written.
	ErrCut = errors.New("the journal was cut")
	// ErrNewer says that there is something in the journal that this program does not
	// know. It may well forbid what would be allowed without it.
	ErrNewer = errors.New("the journal was written by a newer assay")
	// ErrBusy says that another run did not let go of the journal in time.
	ErrBusy = errors.New("another run holds the journal")
	// ErrConflict says that a run beside this one has just seen other bytes of a file.
	ErrConflict = errors.New("other bytes were seen at the same time")
)

// LineError is a line that cannot be taken for what was written. It is ErrEdited or
// ErrNewer.
type LineError struct {
	Path string
	Line int64 // from 1
	// At is where it begins, and End where the next one does, in bytes.
	At, End int64
	Err     error
	What    string // a clause
}

func (e *LineError) Error() string {
	return fmt.Sprintf("%v: line %d of %s: %s", e.Err, e.Line, e.Path, e.What)
}

func (e *LineError) Unwrap() error { return e.Err }

// torn reports whether the line may be the rest of a write that was broken off: it
// is no entry at all.
func (e *LineError) torn() bool { return e.What == whatNoLine }

const (
	whatNoLine = "it is not an entry"
	whatChain  = "its hash does not follow from the line before it"
	whatLong   = "it is too long"
)

// follow checks that a line, with its line break, follows from a position. It
// returns the entry and moves the position behind it.
func (p *position) follow(path string, line []byte) (Entry, error) {
	bad := func(kind error, what string) error {
		return &LineError{Path: path, Line: p.seq + 1, At: p.end, End: p.end + int64(len(line)), Err: kind, What: what}
	}
	stated, body, err := chainOf(line[:len(line)-1])
	if err != nil {
		return Entry{}, bad(ErrEdited, whatNoLine)
	}
	e, err := parseBody(body)
	fits := p.head.next(body) == stated
	switch {
	case errors.Is(err, ErrNewer) && fits:
		return e, bad(ErrNewer, err.Error()[len(ErrNewer.Error())+len(": "):]+"; a newer assay knows it")
	case errors.Is(err, errNoLine) || err != nil && fits:
		return e, bad(ErrEdited, whatNoLine)
	case !fits:
		return e, bad(ErrEdited, whatChain)
	case e.Seq != p.seq+1:
		return e, bad(ErrEdited, fmt.Sprintf("its number is %d", e.Seq))
	}
	p.last, p.end, p.seq, p.head = p.end, p.end+int64(len(line)), e.Seq, stated
	return e, nil
}

// scan reads the lines from a position up to size and moves the position along. It
// returns the bytes behind the last line break. A line that does not follow is a
// *LineError, and the position stays before it.
func (p *position) scan(path string, f io.ReaderAt, size int64, each func(at int64, line []byte, e Entry) error) (rest []byte, err error) {
	err = lines(f, p.end, size, func(at int64, line []byte) error {
		switch {
		case len(line) > maxLine:
			return &LineError{Path: path, Line: p.seq + 1, At: p.end, End: at + int64(len(line)), Err: ErrEdited, What: whatLong}
		case line[len(line)-1] != '\n':
			rest = bytes.Clone(line)
			return nil
		}
		e, err := p.follow(path, line)
		if err != nil {
			return err
		}
		return each(at, line, e)
	})
	return rest, err
}

// lines hands on each line between two offsets with its line break; the last one may
// have none. What is longer than maxLine comes as one piece of maxLine+1 bytes, and
// then the function must return an error. The bytes are good until it returns.
func lines(f io.ReaderAt, from, size int64, each func(at int64, line []byte) error) error {
	buffer := make([]byte, 0, min(chunk, max(size-from, 0))+maxLine+1)
	for at := from; at < size || len(buffer) > 0; {
		n := int(min(int64(cap(buffer)-len(buffer)), size-at))
		got, err := f.ReadAt(buffer[len(buffer):len(buffer)+n], at)
		if got < n {
			return fmt.Errorf("reading the journal: %w", errors.Join(err, io.ErrUnexpectedEOF))
		}
		buffer, at = buffer[:len(buffer)+n], at+int64(n)
		todo := buffer
		for len(todo) > 0 {
			end := bytes.IndexByte(todo, '\n') + 1
			if end == 0 && len(todo) <= maxLine && at < size {
				break // the rest of it is still to be read
			}
			if end == 0 {
				end = min(len(todo), maxLine+1)
			}
			if err := each(at-int64(len(todo)), todo[:end]); err != nil {
				return err
			}
			todo = todo[end:]
		}
		buffer = buffer[:copy(buffer, todo)]
	}
	return nil
}
