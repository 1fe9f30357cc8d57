package assay

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
)

// Digest is a hash value with its algorithm, written "sha256:<hex>".
type Digest struct {
	Algorithm string // lower case, as Python's hashlib names it: "sha256"
	Hex       string // lower case
}

// algorithms are those Assay knows by name (the names of the Simple API's
// hashes key), with the hex length of each. Those that have no constructor are
// recognised but never computed: they are too weak to decide anything.
var algorithms = map[string]struct {
	hexLen int
	make   func() hash.Hash
}{
	"md5":    {32, nil},
	"sha1":   {40, nil},
	"sha224": {56, nil},
	"sha256": {64, sha256.New},
	"sha384": {96, sha512.New384},
	"sha512": {128, sha512.New},
}

// ParseDigest reads "algorithm:hex". It returns an error for an algorithm that
// Assay does not know and for a value of the wrong length.
func ParseDigest(s string) (Digest, error) {
	alg, value, ok := strings.Cut(s, ":")
	if !ok {
		return Digest{}, fmt.Errorf("digest %q is not of the form algorithm:hex", s)
	}
	return NewDigest(alg, value)
}

// NewDigest checks an algorithm's name and a hex value of either case.
func NewDigest(algorithm, value string) (Digest, error) {
	algorithm, value = strings.ToLower(algorithm), strings.ToLower(value)
	known, ok := algorithms[algorithm]
	if !ok {
		return Digest{}, fmt.Errorf("digest algorithm %q is not known", algorithm)
	}
	if len(value) != known.hexLen {
		return Digest{}, fmt.Errorf("a %s digest has %d hex digits, not %d", algorithm, known.hexLen, len(value))
	}
	if _, err := hex.DecodeString(value); err != nil {
		return Digest{}, fmt.Errorf("%s digest is not hexadecimal", algorithm)
	}
	return Digest{Algorithm: algorithm, Hex: value}, nil
}

// String renders the digest as "algorithm:hex".
func (d Digest) String() string { return d.Algorithm + ":" + d.Hex }

// Strong reports whether the digest may decide: SHA-256, SHA-384 and SHA-512
// do, anything shorter or broken does not.
func (d Digest) Strong() bool { return algorithms[d.Algorithm].make != nil }

// pick returns the digest of the given algorithm.
func pick(digests []Digest, algorithm string) (Digest, bool) {
	for _, d := range digests {
		if d.Algorithm == algorithm {
			return d, true
		}
	}
	return Digest{}, false
}

// Hashing names a hash over a file's bytes whose state a signature goes on from:
// it covers the bytes and then something of its own. Salt comes before the bytes
// (RFC 9580, section 5.2.4, version 6).
type Hashing struct {
	Algorithm string // "sha256", "sha512", "sha3-256", "sha1", …
	Salt      string // bytes, most often none
}

// maxHashings bounds how many hashes one pass over a file computes for signatures.
const maxHashings = 24

// stateful are the hashes that signatures are made over. The weak ones are here to
// tell a weak signature from a false one.
var stateful = map[string]func() hash.Hash{
	"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
	"sha3-256": func() hash.Hash { return sha3.New256() }, "sha3-512": func() hash.Hash { return sha3.New512() },
}

// Known reports whether the hash can be computed.
func (h Hashing) Known() bool { return stateful[h.Algorithm] != nil }

// New returns the hash's state before the file's first byte, and nil for a hash
// that is not known.
func (h Hashing) New() hash.Hash {
	make := stateful[h.Algorithm]
	if make == nil {
		return nil
	}
	x := make()
	x.Write([]byte(h.Salt))
	return x
}

// Hasher computes, in one pass over a file's bytes, SHA-256 and every other
// strong algorithm that the file's promised digests use, and the states that
// signatures go on from.
type Hasher struct {
	names  []string
	hashes []hash.Hash
	states []state
	size   int64
}

// state is a hash over a file's bytes so far.
type state struct {
	of   Hashing
	hash hash.Hash
}

// NewHasher returns a Hasher for a file with the given promised digests and
// signatures. Of signatures, what is not known or too many is left out.
func NewHasher(promised []Digest, signed ...Hashing) *Hasher {
	h := &Hasher{names: []string{"sha256"}, hashes: []hash.Hash{sha256.New()}}
	for _, d := range promised {
		if d.Algorithm == "sha256" || !d.Strong() {
			continue
		}
		h.add(d.Algorithm)
	}
	for _, s := range signed {
		same := func(x state) bool { return x.of == s }
		if len(h.states) < maxHashings && s.Known() && !slices.ContainsFunc(h.states, same) {
			h.states = append(h.states, state{s, s.New()})
		}
	}
	return h
}

func (h *Hasher) add(algorithm string) {
	for _, n := range h.names {
		if n == algorithm {
			return
		}
	}
	h.names = append(h.names, algorithm)
	h.hashes = append(h.hashes, algorithms[algorithm].make())
}

// Write adds bytes of the file. It never returns an error.
func (h *Hasher) Write(p []byte) (int, error) {
	for _, x := range h.hashes {
		x.Write(p)
	}
	for _, x := range h.states {
		x.hash.Write(p)
	}
	h.size += int64(len(p))
	return len(p), nil
}

// Content returns what the bytes written so far amount to. Nothing may be written
// afterwards.
func (h *Hasher) Content() Content {
	c := Content{Size: h.size, states: h.states}
	for i, x := range h.hashes {
		c.Digests = append(c.Digests, Digest{Algorithm: h.names[i], Hex: hex.EncodeToString(x.Sum(nil))})
	}
	return c
}

// State returns a hash's state after the file's last byte, to go on from, and false
// where it was not computed. It is safe for concurrent use.
func (c Content) State(h Hashing) (hash.Hash, bool) {
	for _, s := range c.states {
		if s.of != h {
			continue
		}
		if cloner, ok := s.hash.(hash.Cloner); ok {
			if x, err := cloner.Clone(); err == nil {
				return x, true
			}
		}
	}
	return nil, false
}
