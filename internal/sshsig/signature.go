package sshsig

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	lib "github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

const (
	armorBegin = "-----BEGIN SSH SIGNATURE-----"
	armorEnd   = "-----END SSH SIGNATURE-----"

	magic   = "SSHSIG"
	version = 1

	// userPresent is the flag in a FIDO signature that says that somebody touched
	// the key.
	userPresent = 0x01
)

// digestSizes are the hashes that a file may be hashed with, and their lengths.
var digestSizes = map[string]int{"sha256": sha256.Size, "sha512": sha512.Size}

// wire is a signature in its binary form, behind "SSHSIG".
type wire struct {
	Version   uint32
	Key       []byte
	Namespace string
	Reserved  string
	Hash      string
	Signature []byte
}

// signedData is what is signed, behind "SSHSIG".
type signedData struct {
	Namespace string
	Reserved  string
	Hash      string
	Digest    []byte
}

// SignedData returns the bytes that a signature in a namespace is made over, for a
// file with the given digest in the named hash ("sha256" or "sha512").
func SignedData(namespace, hash string, digest []byte) ([]byte, error) {
	if size, ok := digestSizes[hash]; !ok || size != len(digest) {
		return nil, malformed(fmt.Sprintf("%d bytes are no %.16q digest", len(digest), hash))
	}
	if err := checkNamespace(namespace); err != nil {
		return nil, err
	}
	return append([]byte(magic), ssh.Marshal(signedData{namespace, "", hash, digest})...), nil
}

// Signature is an SSH signature of a file. Its namespace and key are claims until
// [Signature.Verify] held.
type Signature struct {
	namespace string
	hash      string
	key       Key
	signature *ssh.Signature
}

// Parse reads one armored signature and nothing else: what stands before or after
// it is an error.
func Parse(armored []byte) (*Signature, error) {
	blob, err := dearmor(armored)
	if err != nil {
		return nil, err
	}
	rest, ok := bytes.CutPrefix(blob, []byte(magic))
	if !ok {
		return nil, malformed("it is not an SSH signature inside")
	}
	var w wire
	if len(rest) >= 4 && !bytes.Equal(rest[:4], []byte{0, 0, 0, version}) {
		return nil, &problem{"the signature is in a version that is not known", []error{ErrUnsupported}}
	}
	if err := ssh.Unmarshal(rest, &w); err != nil {
		return nil, malformed("the signature is cut off, or has something after its end")
	}
	if _, ok := digestSizes[w.Hash]; !ok {
		return nil, &problem{fmt.Sprintf("the file is hashed with %.32q: sha256 and sha512 are supported", w.Hash), []error{ErrUnsupported}}
	}
	if w.Reserved != "" {
		return nil, malformed("the signature's reserved part is not empty")
	}
	if err := checkNamespace(w.Namespace); err != nil {
		return nil, err
	}
	key, err := parseBlob(w.Key)
	if err != nil {
		return nil, err
	}
	parsed, err := lib.ParseSignature(blob)
	if err != nil {
		return nil, &problem{fmt.Sprintf("the signature by a key of type %s cannot be read", key.kind), []error{unreadable(w.Signature)}}
	}
	if !bytes.Equal(parsed.Marshal(), blob) {
		return nil, malformed("the signature is not in its canonical form")
	}
	if err := checkForm(key.kind, parsed.Signature); err != nil {
		return nil, err
	}
	return &Signature{w.Namespace, w.Hash, key, parsed.Signature}, nil
}

// unreadable returns the class of a signature that the library does not read:
// "ssh-rsa", which is RSA with SHA-1, is weak.
func unreadable(signature []byte) error {
	var head struct {
		Format string
		Rest   []byte `ssh:"rest"`
	}
	if ssh.Unmarshal(signature, &head) == nil && head.Format == ssh.KeyAlgoRSA {
		return ErrWeak
	}
	return ErrMalformed
}

// dearmor takes the armor off. Lines end with a line feed alone, as ssh-keygen
// wants it.
func dearmor(armored []byte) ([]byte, error) {
	if len(armored) > MaxFile {
		return nil, malformed(fmt.Sprintf("%d bytes are more than the %d that are read of a signature", len(armored), MaxFile))
	}
	text, ok := strings.CutPrefix(string(armored), armorBegin+"\n")
	if !ok {
		return nil, malformed("it does not begin with " + armorBegin)
	}
	text, ok = strings.CutSuffix(strings.TrimSuffix(text, "\n"), "\n"+armorEnd)
	if !ok {
		return nil, malformed("it does not end with " + armorEnd)
	}
	lines := strings.Split(text, "\n")
	for _, line := range lines {
		if line == "" || strings.Contains(line, "\r") {
			return nil, malformed("there is an empty line or a stray carriage return in the signature")
		}
	}
	blob, err := base64.StdEncoding.Strict().DecodeString(strings.Join(lines, ""))
	if err != nil {
		return nil, malformed("what stands between the armor's lines is not one signature in base64")
	}
	return blob, nil
}

func checkNamespace(namespace string) error {
	if namespace == "" || len(namespace) > maxNamespace || strings.ContainsFunc(namespace, control) {
		return malformed("the namespace is empty, too long or has a control character")
	}
	return nil
}

// checkForm holds the inner signature to the form that its key's type has.
func checkForm(kind string, s *ssh.Signature) error {
	if kind == algoDSA {
		return &problem{"signatures by DSA keys are not accepted", []error{ErrWeak}}
	}
	sk := kind == ssh.KeyAlgoSKED25519 || kind == ssh.KeyAlgoSKECDSA256
	if sk && len(s.Rest) != 5 || !sk && len(s.Rest) != 0 {
		return malformed("there is something after the signature's numbers, or something is missing")
	}
	if kind == ssh.KeyAlgoRSA {
		if s.Format != ssh.KeyAlgoRSASHA256 && s.Format != ssh.KeyAlgoRSASHA512 {
			return &problem{fmt.Sprintf("RSA signatures of the form %.32q are not accepted", s.Format), []error{ErrWeak}}
		}
		return nil
	}
	if s.Format != kind {
		return &problem{fmt.Sprintf("a signature of the form %.64q does not go with a key of type %s", s.Format, kind), []error{ErrUnsupported}}
	}
	if kind == ssh.KeyAlgoED25519 || kind == ssh.KeyAlgoSKED25519 {
		if len(s.Blob) != ed25519.SignatureSize {
			return malformed("an Ed25519 signature has 64 bytes")
		}
		return nil
	}
	var numbers struct{ R, S *big.Int }
	if err := ssh.Unmarshal(s.Blob, &numbers); err != nil || numbers.R.Sign() <= 0 || numbers.S.Sign() <= 0 || !bytes.Equal(ssh.Marshal(numbers), s.Blob) {
		return malformed("the signature's numbers are not in their canonical form")
	}
	return nil
}

// Namespace returns the purpose that the signature says it was made for.
func (s *Signature) Namespace() string { return s.namespace }

// HashAlgorithm returns which digest of the file is signed: "sha256" or "sha512".
func (s *Signature) HashAlgorithm() string { return s.hash }

// Key returns the key in the signature, without a comment.
func (s *Signature) Key() Key { return s.key }

// Verify checks that [Signature.Key] signed a file with this digest, in
// [Signature.HashAlgorithm], for this purpose. Whether the key is anybody's is not
// its question.
func (s *Signature) Verify(namespace string, digest []byte) error {
	if s.namespace != namespace {
		return &problem{fmt.Sprintf("the signature was made for the namespace %.64q, not for %.64q", s.namespace, namespace), []error{ErrNamespace}}
	}
	if err := s.key.Weak(); err != nil {
		return err
	}
	data, err := SignedData(namespace, s.hash, digest)
	if err != nil {
		return err
	}
	if len(s.signature.Rest) == 5 && s.signature.Rest[0]&userPresent == 0 {
		return &problem{"the signature was made without touching the security key", []error{ErrInvalid}}
	}
	if public := s.key.public(); public == nil || public.Verify(data, s.signature) != nil {
		return &problem{"the signature does not fit the file", []error{ErrInvalid}}
	}
	return nil
}
