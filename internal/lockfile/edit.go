package lockfile

import (
	"errors"

	"assay"
)

// Edit collects changes of a lock. Nothing is changed before [Edit.Bytes].
type Edit struct {
	lock *Lock
}

// Edit returns an empty set of changes.
func (l *Lock) Edit() *Edit { return &Edit{lock: l} }

// AddHashes adds hashes to an entry of a requirements file or a Pipfile.lock. Those
// that it has already stay as they are. p is one of the lock's Packages.
func (e *Edit) AddHashes(p Package, digests []assay.Digest) {}

// SetFileDigest adds a digest to a file that a pylock.toml, uv.lock, poetry.lock or
// pdm.lock names without one.
func (e *Edit) SetFileDigest(p Package, filename string, d assay.Digest) {}

// SetIdentities replaces the attestation-identities of an entry of a pylock.toml.
func (e *Edit) SetIdentities(p Package, ids []Identity) {}

// Bytes returns the new content of each file that changes, by its name.
func (e *Edit) Bytes() (map[string][]byte, error) { return nil, errors.New("not built") }
