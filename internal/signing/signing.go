// Package signing makes signatures of files, as maintainers publish them beside a
// release: detached OpenPGP signatures (FILE.asc), SSH signatures (FILE.sig), and
// clearsigned lists of checksums (SHA256SUMS.asc). The key is in a file, or in an
// agent that is spoken to over its socket; no program is started.
//
//	signer, err := signing.OpenPGPFile(key, ask, time.Now())  // or OpenPGPAgent, SSHFile, SSHAgent
//	defer signer.Close()
//	armored, err := signing.SignFile(ctx, signer, "foo-1.0.tar.gz")
//	err = signing.Write("foo-1.0.tar.gz"+signer.Ending(), armored, false)
//
// A file goes once through the signer's hash, piece by piece; only the state of
// the hash is signed. What is written is either complete or not there.
//
// A passphrase is asked for by a callback, only where the key is locked. Its bytes
// are zeroed after use; no error contains them.
package signing

import (
	"context"
	"errors"
	"hash"
)

// Ask asks a person for a passphrase; prompt says for which key. The bytes it
// returns are zeroed after use.
type Ask func(prompt string) ([]byte, error)

// Classes of what can be wrong. Test with [errors.Is]; the error's text is a
// clause that says what in particular.
var (
	// ErrKey: there is no key in what was given that can sign.
	ErrKey = errors.New("no usable key")
	// ErrExpired: the key is expired.
	ErrExpired = errors.New("expired")
	// ErrRevoked: the key is revoked.
	ErrRevoked = errors.New("revoked")
	// ErrPassphrase: the passphrase does not fit.
	ErrPassphrase = errors.New("wrong passphrase")
	// ErrNoAgent: there is no agent to speak to.
	ErrNoAgent = errors.New("no agent")
	// ErrNotInAgent: the agent does not hold the key.
	ErrNotInAgent = errors.New("key not in agent")
	// ErrAgent: the agent refused or answered what is not understood.
	ErrAgent = errors.New("agent")
	// ErrExists: a signature is there already.
	ErrExists = errors.New("exists")
)

// problem is an error with one of the classes above.
type problem struct {
	class  error
	detail string
	cause  error // may be nil
}

func (p *problem) Error() string {
	if p.cause == nil {
		return p.detail
	}
	return p.detail + ": " + p.cause.Error()
}

// Unwrap makes both the class and the cause visible to errors.Is and errors.As.
func (p *problem) Unwrap() []error {
	if p.cause == nil {
		return []error{p.class}
	}
	return []error{p.class, p.cause}
}

// Signer signs files by their hashes. It is for one goroutine at a time.
type Signer interface {
	// Ending is what the name of a signature adds to that of its file: ".asc" or ".sig".
	Ending() string
	// Fingerprint names the key that users grant trust to: of OpenPGP the primary
	// key's in upper case hex, of SSH "SHA256:…".
	Fingerprint() string
	// NewHash returns the hash that a file has to go through.
	NewHash() hash.Hash
	// Sign returns the armored signature of what went through the hash.
	Sign(ctx context.Context, h hash.Hash) ([]byte, error)
	// Close forgets the key and ends the connection to an agent.
	Close() error
}
