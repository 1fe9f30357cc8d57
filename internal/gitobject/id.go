package gitobject

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/pjbgf/sha1cd"
)

// ID is the id of an object in lower-case hexadecimal: 40 digits in a repository
// with SHA-1, 64 in one with SHA-256.
type ID string

const (
	sha1Digits   = 40
	sha256Digits = 64
)

// ParseID reads an id as git writes it.
func ParseID(s string) (ID, error) {
	if len(s) != sha1Digits && len(s) != sha256Digits {
		return "", failed(ErrMalformed, "%s is not an object id", shown([]byte(s)))
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return "", failed(ErrMalformed, "%s is not an object id", shown([]byte(s)))
		}
	}
	return ID(s), nil
}

// IsSHA256 reports whether the id is one of a repository with SHA-256.
func (id ID) IsSHA256() bool { return len(id) == sha256Digits }

// IsZero reports whether the id stands for no object.
func (id ID) IsZero() bool {
	for i := range len(id) {
		if id[i] != '0' {
			return false
		}
	}
	return true
}

// Type is the type of an object.
type Type string

// The types of objects.
const (
	TypeCommit Type = "commit"
	TypeTree   Type = "tree"
	TypeBlob   Type = "blob"
	TypeTag    Type = "tag"
)

// Sum returns the id of an object of the type with these bytes, for the hash
// function that a repository uses. [ErrCollision] means that the bytes carry the
// marks of an attack on SHA-1.
func Sum(t Type, raw []byte, useSHA256 bool) (ID, error) {
	header := append(append([]byte(t), ' '), strconv.Itoa(len(raw))...)
	header = append(header, 0)
	if useSHA256 {
		h := sha256.New()
		h.Write(header)
		h.Write(raw)
		return ID(hex.EncodeToString(h.Sum(nil))), nil
	}
	sum, collision := sumSHA1(header, raw)
	if collision {
		return "", failed(ErrCollision, "a %s was made for a SHA-1 collision", t)
	}
	return ID(hex.EncodeToString(sum)), nil
}

// sumSHA1 hashes parts, and says whether they carry the marks of an attack.
func sumSHA1(parts ...[]byte) (sum []byte, collision bool) {
	h := sha1cd.New().(sha1cd.CollisionResistantHash)
	for _, p := range parts {
		h.Write(p)
	}
	return h.CollisionResistantSum(nil)
}

// Check reports whether an id is that of an object of the type with these bytes:
// [ErrHash] where it is not, else what [Sum] returns.
func Check(id ID, t Type, raw []byte) error {
	got, err := Sum(t, raw, id.IsSHA256())
	if err != nil {
		return err
	}
	if got != id {
		return failed(ErrHash, "the %s that was given as %s is %s", t, shown([]byte(id)), got)
	}
	return nil
}
