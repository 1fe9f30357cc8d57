package gitobject

import (
	"bytes"
	"strconv"
)

// SignatureKind says what a signature is to be verified by.
type SignatureKind int

// The kinds of signatures.
const (
	None    SignatureKind = iota
	OpenPGP               // a detached OpenPGP signature, armored
	SSH                   // an SSH signature for the namespace "git", armored
	X509                  // a detached CMS signature, armored as gpgsm does
)

// String returns "none", "openpgp", "ssh" or "x509".
func (k SignatureKind) String() string {
	switch k {
	case None:
		return "none"
	case OpenPGP:
		return "openpgp"
	case SSH:
		return "ssh"
	case X509:
		return "x509"
	}
	return "SignatureKind(" + strconv.Itoa(int(k)) + ")"
}

// armors are the beginnings of lines with which a signature begins for git
// (gpg-interface.c), and the line with which it ends.
var armors = []struct {
	begin, end string
	kind       SignatureKind // None: git takes it for a signature, and it is none that is detached
}{
	{"-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----", OpenPGP},
	{"-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----", None},
	{"-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----", SSH},
	{"-----BEGIN SIGNED MESSAGE-----", "-----END SIGNED MESSAGE-----", X509},
}

// armorOf returns the place in armors of what begins in a line, or -1.
func armorOf(line []byte) int {
	for i, a := range armors {
		if bytes.HasPrefix(line, []byte(a.begin)) {
			return i
		}
	}
	return -1
}

// splitSignature divides a tag before the signature that ends it. Without one,
// all of it is the payload.
func splitSignature(raw []byte) (payload, signature []byte, kind SignatureKind, err error) {
	start := -1
	for at := 0; at < len(raw); {
		next := lineEnd(raw, at)
		if armorOf(raw[at:next]) >= 0 {
			if start >= 0 {
				return nil, nil, None, failed(ErrSignature, "a signature begins at byte %d, and another one at byte %d", start, at)
			}
			start = at
		}
		at = next
	}
	if start < 0 {
		return raw, nil, None, nil
	}
	signature = raw[start:]
	kind, err = checkBlock(signature)
	if err != nil {
		return nil, nil, None, err
	}
	return raw[:start:start], signature, kind, nil
}

// checkBlock returns the kind of a block that begins at the first byte and must
// end with the last one.
func checkBlock(block []byte) (SignatureKind, error) {
	if len(block) > maxSignature {
		return None, failed(ErrTooLarge, "a signature of %d bytes is larger than %d", len(block), maxSignature)
	}
	first := block[:lineEnd(block, 0)]
	i := armorOf(first)
	if i < 0 {
		return None, failed(ErrSignature, "the signature begins with %s", shown(first))
	}
	a := armors[i]
	if a.kind == None {
		return None, failed(ErrSignature, "%q is not a detached signature", a.begin)
	}
	if string(first) != a.begin+"\n" {
		return None, failed(ErrSignature, "the first line of the signature is %s", shown(first))
	}
	for at := len(first); at < len(block); {
		next := lineEnd(block, at)
		line := block[at:next]
		switch {
		case armorOf(line) >= 0:
			return None, failed(ErrSignature, "a second signature begins within the signature")
		case string(bytes.TrimSuffix(line, []byte("\n"))) == a.end:
			if next != len(block) {
				return None, failed(ErrSignature, "%d bytes follow the signature", len(block)-next)
			}
			return a.kind, nil
		case bytes.HasPrefix(line, []byte("-----")):
			return None, failed(ErrSignature, "the signature contains the line %s", shown(line))
		}
		at = next
	}
	return None, failed(ErrSignature, "the signature does not end with %q", a.end)
}

// lineEnd returns where the line that begins at a place ends, its line feed
// included.
func lineEnd(b []byte, at int) int {
	if n := bytes.IndexByte(b[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(b)
}
