package sshsig

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// algoDSA is the type of DSA keys.
const algoDSA = "ssh-dss"

// keyTypes are the types of keys that are known, as they are spelled in a key.
// DSA is known so that it can be refused by name.
var keyTypes = map[string]bool{
	ssh.KeyAlgoED25519:    true,
	ssh.KeyAlgoECDSA256:   true,
	ssh.KeyAlgoECDSA384:   true,
	ssh.KeyAlgoECDSA521:   true,
	ssh.KeyAlgoRSA:        true,
	ssh.KeyAlgoSKED25519:  true,
	ssh.KeyAlgoSKECDSA256: true,
	algoDSA:               true,
}

// Key is an SSH public key. Keys of which the comments differ are different for
// ==: compare them with [Key.Equal].
type Key struct {
	kind    string
	blob    string // in SSH's wire format
	comment string
}

// ParseKey reads one key: "TYPE BASE64 [COMMENT]", as it is in .pub files and in
// authorized_keys. Options before the key are refused: what they say would be lost.
func ParseKey(line string) (Key, error) {
	if len(line) > maxLine {
		return Key{}, malformed(fmt.Sprintf("%d bytes are more than the %d that are read of a key", len(line), maxLine))
	}
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	if strings.ContainsFunc(line, control) {
		return Key{}, malformed("the key has a control character or a second line")
	}
	line = strings.Trim(line, " \t")
	kind, rest := field(line)
	if !keyTypes[kind] {
		return Key{}, unknownType(kind)
	}
	encoded, comment := field(rest)
	blob, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || encoded == "" {
		return Key{}, malformed("what follows " + kind + " is not base64")
	}
	k, err := parseBlob(blob)
	if err != nil {
		return Key{}, err
	}
	if k.kind != kind {
		return Key{}, malformed(fmt.Sprintf("it is called %s and holds a key of type %s", kind, k.kind))
	}
	k.comment = comment
	return k, nil
}

// field splits the first word from a line.
func field(line string) (word, rest string) {
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return line, ""
	}
	return line[:i], strings.TrimLeft(line[i:], " \t")
}

// control reports a character that has no place in a line of text.
func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// unknownType is the error about a first word that is no type of key.
func unknownType(kind string) error {
	switch {
	case strings.Contains(kind, "-cert-v0"):
		return &problem{fmt.Sprintf("SSH certificates (%.64q) are not supported: name the key itself", kind), []error{ErrUnsupported, ErrCertificate}}
	case strings.ContainsAny(kind, `=",`) || kind == "restrict" || kind == "cert-authority":
		return malformed("there are options before the key: give the key alone")
	case strings.HasPrefix(kind, "ssh-"), strings.HasPrefix(kind, "ecdsa-"), strings.HasPrefix(kind, "sk-"), strings.HasPrefix(kind, "rsa-"):
		return &problem{fmt.Sprintf("%.64q is a type of key that is not supported", kind), []error{ErrUnsupported}}
	}
	return malformed("it does not begin with the type of a key, such as ssh-ed25519")
}

// parseBlob reads a key in SSH's wire format, in its one canonical spelling.
func parseBlob(blob []byte) (Key, error) {
	var head struct {
		Kind string
		Rest []byte `ssh:"rest"`
	}
	if err := ssh.Unmarshal(blob, &head); err != nil {
		return Key{}, malformed("the key is cut off")
	}
	if !keyTypes[head.Kind] {
		return Key{}, unknownType(head.Kind)
	}
	public, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return Key{}, malformed(fmt.Sprintf("the key of type %s cannot be read", head.Kind))
	}
	if public.Type() != head.Kind || !bytes.Equal(public.Marshal(), blob) {
		return Key{}, malformed(fmt.Sprintf("the key of type %s is not in its canonical form", head.Kind))
	}
	return Key{kind: head.Kind, blob: string(blob)}, nil
}

// public returns the key for the ssh package; nil for a zero Key.
func (k Key) public() ssh.PublicKey {
	public, err := ssh.ParsePublicKey([]byte(k.blob))
	if err != nil {
		return nil
	}
	return public
}

// Public returns the key as the standard library has it, or its wire format for keys on
// tokens: what these sign is not only the data.
func (k Key) Public() any {
	switch k.kind {
	case ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256:
	default:
		if public, ok := k.public().(ssh.CryptoPublicKey); ok {
			return public.CryptoPublicKey()
		}
	}
	return []byte(k.blob)
}

// Fingerprint returns "SHA256:…", as `ssh-keygen -l` prints it.
func (k Key) Fingerprint() string {
	sum := sha256.Sum256([]byte(k.blob))
	return fingerprintPrefix + base64.RawStdEncoding.EncodeToString(sum[:])
}

// Type returns the type as it is spelled in the key, such as "ssh-ed25519".
func (k Key) Type() string { return k.kind }

// Line returns the key as a line of a .pub file, without comment or line end.
func (k Key) Line() string { return k.kind + " " + base64.StdEncoding.EncodeToString([]byte(k.blob)) }

// Comment returns what followed the key in its line. It is anybody's text.
func (k Key) Comment() string { return k.comment }

// Equal reports whether both are the same key, whatever their comments.
func (k Key) Equal(other Key) bool { return k.blob == other.blob }

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.blob == "" }

// Weak returns why signatures by the key say nothing, or nil.
func (k Key) Weak() error {
	switch k.kind {
	case algoDSA:
		return &problem{"DSA keys are not accepted", []error{ErrWeak}}
	case ssh.KeyAlgoRSA:
		crypto, ok := k.public().(ssh.CryptoPublicKey)
		if !ok {
			return malformed("the RSA key cannot be read")
		}
		public, ok := crypto.CryptoPublicKey().(*rsa.PublicKey)
		if !ok {
			return malformed("the RSA key cannot be read")
		}
		if n := public.N.BitLen(); n < minRSA {
			return &problem{fmt.Sprintf("an RSA key of %d bits is too weak: %d is the least", n, minRSA), []error{ErrWeak}}
		}
	}
	return nil
}

const (
	fingerprintPrefix = "SHA256:"
	fingerprintLength = 43 // base64 of 32 bytes, unpadded
)

// ParseFingerprint reads a whole fingerprint, "SHA256:" and 43 characters, and
// returns it in its one spelling. MD5 fingerprints are ErrMD5Fingerprint, cut ones
// ErrShortFingerprint.
func ParseFingerprint(s string) (string, error) {
	encoded, ok := strings.CutPrefix(s, fingerprintPrefix)
	if !ok {
		if md5Fingerprint(s) {
			return "", &problem{"an MD5 fingerprint is not accepted: give the one that 'ssh-keygen -l' prints", []error{ErrMalformed, ErrMD5Fingerprint}}
		}
		return "", malformed("a fingerprint is SHA256: and 43 characters")
	}
	encoded = strings.TrimSuffix(encoded, "=")
	if len(encoded) < fingerprintLength {
		return "", &problem{fmt.Sprintf("the fingerprint has %d of %d characters", len(encoded), fingerprintLength), []error{ErrMalformed, ErrShortFingerprint}}
	}
	sum, err := base64.RawStdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(sum) != sha256.Size || strings.ContainsAny(encoded, "\r\n") {
		return "", malformed("a fingerprint is SHA256: and 43 characters of base64")
	}
	return fingerprintPrefix + encoded, nil
}

// md5Fingerprint reports whether it looks like "[MD5:]16 hex pairs with colons".
func md5Fingerprint(s string) bool {
	bare, named := strings.CutPrefix(strings.ToUpper(s), "MD5:")
	pairs := strings.Split(bare, ":")
	for _, p := range pairs {
		if len(p) != 2 || strings.Trim(p, "0123456789ABCDEF") != "" {
			return named
		}
	}
	return named || len(pairs) == 16
}

// ParseKeys reads a list of keys as forges serve it at /USER.keys: a key a line,
// empty lines and comments between. Lines of types that are not supported are left
// out, so nothing is signed by them; any other line that cannot be read is an
// error that names it. A key that is listed twice is returned once.
func ParseKeys(data []byte) ([]Key, error) {
	lines, err := split(data)
	if err != nil {
		return nil, err
	}
	var out []Key
	seen := map[string]bool{}
	for i, line := range lines {
		line = strings.Trim(line, " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		k, err := ParseKey(line)
		if errors.Is(err, ErrUnsupported) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if seen[k.blob] {
			continue
		}
		if seen[k.blob] = true; len(seen) > maxKeys {
			return nil, malformed(fmt.Sprintf("line %d: there are more than the %d keys that are read", i+1, maxKeys))
		}
		out = append(out, k)
	}
	return out, nil
}

// split returns the lines of a text file, without their ends.
func split(data []byte) ([]string, error) {
	if len(data) > MaxFile {
		return nil, malformed(fmt.Sprintf("%d bytes are more than the %d that are read", len(data), MaxFile))
	}
	lines := strings.Split(string(data), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
		if strings.ContainsFunc(lines[i], control) {
			return nil, malformed(fmt.Sprintf("line %d has a control character", i+1))
		}
	}
	return lines, nil
}
