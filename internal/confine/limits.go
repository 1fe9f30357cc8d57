package confine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// The caps on what is passed on.
const (
	maxArgument = 64 << 10 // bytes of limits as an argument; the kernel takes 128 KiB
	maxConnect  = 16       // ports
	maxWrite    = 1000     // folders and files
)

// Verb is the hidden command that confines itself and then becomes a program:
//
//	assay __confined LIMITS PATH ARG0 [ARG ...]
const Verb = "__confined"

// Limits is what a confined program can still do.
type Limits struct {
	Connect []uint16 `json:"connect"` // TCP ports that it may connect to, on any host
	Write   []string `json:"write"`   // folders below which, and files that, it may change; absolute
}

// ErrLimits means that limits cannot be read or passed on.
var ErrLimits = errors.New("not limits that a program can be confined to")

// Argument renders the limits as one argument of a command line.
func (l Limits) Argument() (string, error) {
	if err := l.check(); err != nil {
		return "", err
	}
	text, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	if len(text) > maxArgument {
		return "", fmt.Errorf("%w: %d bytes of paths", ErrLimits, len(text))
	}
	return string(text), nil
}

// ParseLimits reads what [Limits.Argument] wrote.
func ParseLimits(argument string) (Limits, error) {
	if len(argument) > maxArgument {
		return Limits{}, fmt.Errorf("%w: %d bytes", ErrLimits, len(argument))
	}
	d := json.NewDecoder(bytes.NewReader([]byte(argument)))
	d.DisallowUnknownFields()
	var l Limits
	if err := d.Decode(&l); err != nil {
		return Limits{}, fmt.Errorf("%w: %w", ErrLimits, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Limits{}, fmt.Errorf("%w: something follows them", ErrLimits)
	}
	return l, l.check()
}

func (l Limits) check() error {
	if len(l.Connect) > maxConnect || len(l.Write) > maxWrite {
		return fmt.Errorf("%w: %d ports and %d paths", ErrLimits, len(l.Connect), len(l.Write))
	}
	for _, p := range l.Write {
		if !filepath.IsAbs(p) {
			return fmt.Errorf("%w: the path %q is not absolute", ErrLimits, p)
		}
	}
	return nil
}

// UnsupportedError means that nothing can be confined on this computer.
type UnsupportedError struct {
	reason, hint string
}

// Error says why not, in one sentence.
func (e *UnsupportedError) Error() string { return e.reason }

// Hint names the way out.
func (e *UnsupportedError) Hint() string { return e.hint }
