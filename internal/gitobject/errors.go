package gitobject

import (
	"errors"
	"fmt"
)

// The classes of what is wrong. Every error of this package wraps one of them.
var (
	// ErrTooLarge means that a cap of this package is exceeded.
	ErrTooLarge = errors.New("git object is too large")
	// ErrMalformed means that the object is not one that git writes.
	ErrMalformed = errors.New("git object is malformed")
	// ErrSignature means that it is not clear which bytes are signed by what: two
	// blocks, bytes after a block, a block that does not end.
	ErrSignature = errors.New("signature of a git object is malformed")
	// ErrIdent means that who and when cannot be read.
	ErrIdent = errors.New("git identity is malformed")
	// ErrHash means that the bytes are not those that the id stands for.
	ErrHash = errors.New("git object is not what its id says")
	// ErrCollision means that the bytes were made to collide under SHA-1.
	ErrCollision = errors.New("git object was made for a SHA-1 collision")
)

// failure is an error with its class.
type failure struct {
	text  string
	class error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.class }

func failed(class error, format string, args ...any) error {
	return &failure{fmt.Sprintf(format, args...), class}
}

// shown is a piece of a hostile text for a message.
func shown(b []byte) string {
	const most = 40
	if len(b) > most {
		return fmt.Sprintf("%q…", b[:most])
	}
	return fmt.Sprintf("%q", b)
}
