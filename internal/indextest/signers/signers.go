// Package signers has people with keys, for tests: the same name is always the same key.
//
//	jacob := signers.Named("jacob")
//	cert, err := jacob.Certificate()           // armored, as people publish it
//	sig, err := jacob.Sign(file, signers.How{}) // FILE.asc
//	jacob.Fingerprint()                         // of grants: 40 hexadecimal digits
//	jacob.SSHPublic(), jacob.SSHFingerprint()   // their SSH key
//	jacob.JWSKey()                              // and the one for RECORD.jws
//
// The keys are worth nothing: anybody can make them.
package signers

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	_ "crypto/sha1" // a signature may be weak
	"crypto/sha256"
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	lib "github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// Born is when every OpenPGP key was made.
var Born = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Signer is somebody with one key of each kind.
type Signer struct {
	name string
	seed [32]byte
}

// Named returns the person of that name.
func Named(name string) Signer {
	return Signer{name, sha256.Sum256([]byte("assay test key of " + name))}
}

// config is how OpenPGP things are made at a time. They are the same every time.
func (s Signer) config(at time.Time, hash crypto.Hash) *packet.Config {
	return &packet.Config{Time: func() time.Time { return at }, Algorithm: packet.PubKeyAlgoEdDSA, DefaultHash: hash,
		Rand: rand.NewChaCha8(s.seed), NonDeterministicSignaturesViaNotation: packet.BoolPointer(false)}
}

// entity makes the person's key; about changes how.
func (s Signer) entity(about func(*packet.Config)) (*pgp.Entity, error) {
	c := s.config(Born, crypto.SHA256)
	if about != nil {
		about(c)
	}
	e, err := pgp.NewEntity(strings.ToUpper(s.name[:1])+s.name[1:], "", s.name+"@example.com", c)
	if err != nil {
		return nil, fmt.Errorf("the key of %s: %w", s.name, err)
	}
	return e, nil
}

// Published says what a certificate has beside the key.
type Published struct {
	// Expires is when the key ends; zero for never.
	Expires time.Time
	// Revoked is "compromised", "superseded", or nothing; At is when.
	Revoked string
	At      time.Time
	// CertifiedBy are others that have signed it.
	CertifiedBy []Signer
	// Secret asks for the secret key, as nobody publishes it.
	Secret bool
}

// Certificate returns the person's OpenPGP key, armored.
func (s Signer) Certificate(p Published) ([]byte, error) {
	e, err := s.entity(func(c *packet.Config) {
		if !p.Expires.IsZero() {
			c.KeyLifetimeSecs = uint32(p.Expires.Sub(Born) / time.Second)
		}
	})
	if err != nil {
		return nil, err
	}
	switch p.Revoked {
	case "":
	case "compromised":
		err = e.Revoke(packet.KeyCompromised, "it was stolen", s.config(p.At, crypto.SHA256))
	case "superseded":
		err = e.Revoke(packet.KeySuperseded, "there is a new one", s.config(p.At, crypto.SHA256))
	default:
		err = fmt.Errorf("a key is compromised or superseded, not %q", p.Revoked)
	}
	if err != nil {
		return nil, fmt.Errorf("revoking the key of %s: %w", s.name, err)
	}
	for _, by := range p.CertifiedBy {
		other, err := by.entity(nil)
		if err != nil {
			return nil, err
		}
		for id := range e.Identities {
			if err := e.SignIdentity(id, other, by.config(Born.AddDate(1, 0, 0), crypto.SHA256)); err != nil {
				return nil, fmt.Errorf("certifying the key of %s: %w", s.name, err)
			}
		}
	}
	kind, write := pgp.PublicKeyType, e.Serialize
	if p.Secret {
		kind, write = pgp.PrivateKeyType, func(w io.Writer) error { return e.SerializePrivateWithoutSigning(w, nil) }
	}
	return armored(kind, write)
}

func armored(kind string, write func(io.Writer) error) ([]byte, error) {
	var b bytes.Buffer
	w, err := armor.Encode(&b, kind, nil)
	if err != nil {
		return nil, err
	}
	if err := write(w); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return append(b.Bytes(), '\n'), nil
}

// Fingerprint is that of the person's OpenPGP key.
func (s Signer) Fingerprint() string {
	e, err := s.entity(nil)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%X", e.PrimaryKey.Fingerprint)
}

// How says how a signature is made; the zero value is as it should be.
type How struct {
	At        time.Time // a year after the key where it is zero
	Hash      string    // sha256
	Namespace string    // of SSH: file
	// Issuer is the key id of somebody else, whom an OpenPGP signature names instead: it
	// holds for nobody.
	Issuer string
}

func (h How) at() time.Time {
	if h.At.IsZero() {
		return Born.AddDate(1, 0, 0)
	}
	return h.At
}

var hashes = map[string]crypto.Hash{"": crypto.SHA256, "sha1": crypto.SHA1, "sha256": crypto.SHA256, "sha512": crypto.SHA512}

// Packet makes a detached OpenPGP signature.
func (s Signer) Packet(data io.Reader, h How) ([]byte, error) {
	hash, ok := hashes[h.Hash]
	if !ok {
		return nil, fmt.Errorf("nobody signs with the hash %q here", h.Hash)
	}
	e, err := s.entity(nil)
	if err != nil {
		return nil, err
	}
	c := s.config(h.at(), hash)
	sig := &packet.Signature{Version: 4, SigType: packet.SigTypeBinary, PubKeyAlgo: e.PrimaryKey.PubKeyAlgo, Hash: hash, CreationTime: h.at()}
	state, err := sig.PrepareSign(c)
	if err == nil {
		_, err = io.Copy(state, data)
	}
	if err == nil {
		err = sig.Sign(state, e.PrivateKey, c)
	}
	if err != nil {
		return nil, fmt.Errorf("signing as %s: %w", s.name, err)
	}
	var b bytes.Buffer
	if err := sig.Serialize(&b); err != nil {
		return nil, err
	}
	id, err := hex.DecodeString(h.Issuer)
	if err != nil || h.Issuer == "" {
		return b.Bytes(), err
	}
	// A fingerprint ends with the key id.
	return bytes.ReplaceAll(b.Bytes(), e.PrimaryKey.Fingerprint[12:], id), nil
}

// Armor puts detached signatures into one FILE.asc.
func Armor(packets ...[]byte) ([]byte, error) {
	return armored(pgp.SignatureType, func(w io.Writer) error {
		_, err := w.Write(bytes.Join(packets, nil))
		return err
	})
}

// Clearsign signs a text, within it.
func (s Signer) Clearsign(text string, h How) ([]byte, error) {
	e, err := s.entity(nil)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w, err := clearsign.Encode(&b, e.PrivateKey, s.config(h.at(), hashes[h.Hash]))
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("signing as %s: %w", s.name, err)
	}
	return append(b.Bytes(), '\n'), nil
}

// ed25519 is the person's plain key, for SSH and RECORD.jws.
func (s Signer) ed25519(of string) ed25519.PrivateKey {
	seed := sha256.Sum256(append([]byte(of), s.seed[:]...))
	return ed25519.NewKeyFromSeed(seed[:])
}

func (s Signer) ssh() ssh.Signer {
	signer, err := ssh.NewSignerFromKey(s.ed25519("ssh"))
	if err != nil {
		panic(err) // an Ed25519 key is one always
	}
	return signer
}

// SSHPublic is the line of the person's .pub file.
func (s Signer) SSHPublic() []byte {
	line := bytes.TrimSpace(ssh.MarshalAuthorizedKey(s.ssh().PublicKey()))
	return append(line, []byte(" "+s.name+"@example.com\n")...)
}

// SSHFingerprint is that of the person's SSH key.
func (s Signer) SSHFingerprint() string { return ssh.FingerprintSHA256(s.ssh().PublicKey()) }

// SignSSH makes an SSH signature: FILE.sig.
func (s Signer) SignSSH(data io.Reader, h How) ([]byte, error) {
	namespace := h.Namespace
	if namespace == "" {
		namespace = "file"
	}
	sig, err := lib.Sign(data, s.ssh(), lib.HashSHA512, namespace)
	if err != nil {
		return nil, fmt.Errorf("signing as %s: %w", s.name, err)
	}
	return lib.Armor(sig), nil
}

// JWSKey is the person's key as wheel keygen printed it.
func (s Signer) JWSKey() string {
	return encode(s.ed25519("jws").Public().(ed25519.PublicKey))
}

// RecordJWS makes the RECORD.jws of a wheel with that RECORD, as wheel sign did.
func RecordJWS(record []byte, by ...Signer) []byte {
	sum := sha256.Sum256(record)
	payload := encode([]byte(`{"hash":"sha256=` + encode(sum[:]) + `"}`))
	var list []string
	for _, s := range by {
		header := encode([]byte(`{"alg":"Ed25519","jwk":{"kty":"Ed25519","vk":"` + s.JWSKey() + `"}}`))
		list = append(list, fmt.Sprintf(`{"header":%q,"signature":%q}`, header, encode(ed25519.Sign(s.ed25519("jws"), []byte(header+"."+payload)))))
	}
	return fmt.Appendf(nil, `{"payload":%q,"recipients":[%s]}`, payload, strings.Join(list, ","))
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
