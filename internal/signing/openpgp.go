package signing

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// MaxKeyFile is how many bytes of a key file are read: certificates with many
// certifications are large.
const MaxKeyFile = 1 << 20

const (
	openPGPEnding = ".asc"
	// sha512ID is SHA-512 in OpenPGP, and what gpg-agent calls it.
	sha512ID = 10
	hashName = "SHA512" // in a clearsigned text
	minRSA   = 2048
)

// OpenPGP signs with an OpenPGP key. Its signatures are of version 4, over SHA-512.
type OpenPGP struct {
	entity *openpgp.Entity
	key    *packet.PublicKey // the key or subkey that signs
	now    func() time.Time
	// signDigest makes the signature packet of a type over a hash.
	sign  func(ctx context.Context, kind packet.SignatureType, h hash.Hash, at time.Time) ([]byte, error)
	close func() error
}

// OpenPGPFile returns a signer with the secret key in a file, armored or not. The
// newest signing key or subkey signs that is valid now and of which the secret is
// there; ask is called where it is locked.
func OpenPGPFile(data []byte, ask Ask, now func() time.Time) (*OpenPGP, error) {
	entity, err := readEntity(data)
	if err != nil {
		return nil, err
	}
	key, err := signingKey(entity, now(), true)
	if err != nil {
		return nil, err
	}
	if err := unlock(entity, key.PrivateKey, ask); err != nil {
		return nil, err
	}
	private := key.PrivateKey
	s := &OpenPGP{entity: entity, key: key.PublicKey, now: now}
	s.sign = func(_ context.Context, kind packet.SignatureType, h hash.Hash, at time.Time) ([]byte, error) {
		deterministic := false
		config := &packet.Config{DefaultHash: crypto.SHA512, NonDeterministicSignaturesViaNotation: &deterministic}
		sig := &packet.Signature{
			Version: 4, SigType: kind, PubKeyAlgo: private.PubKeyAlgo, Hash: crypto.SHA512,
			CreationTime: at, IssuerKeyId: &private.KeyId,
		}
		var out bytes.Buffer
		if err := sig.Sign(h, private, config); err != nil {
			return nil, &problem{ErrKey, "the key does not sign", err}
		}
		if err := sig.Serialize(&out); err != nil {
			return nil, &problem{ErrKey, "the key does not sign", err}
		}
		return out.Bytes(), nil
	}
	s.close = func() error { s.sign = nil; return nil }
	return s, nil
}

// readEntity reads the one key of a file.
func readEntity(data []byte) (*openpgp.Entity, error) {
	if len(data) > MaxKeyFile {
		return nil, &problem{ErrKey, fmt.Sprintf("%d bytes are more than the %d that are read of a key", len(data), MaxKeyFile), nil}
	}
	var list openpgp.EntityList
	var err error
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN")) {
		list, err = openpgp.ReadArmoredKeyRing(bytes.NewReader(data))
	} else {
		list, err = openpgp.ReadKeyRing(bytes.NewReader(data))
	}
	if err != nil {
		return nil, &problem{ErrKey, "it is not an OpenPGP key that can be read", err}
	}
	if len(list) != 1 {
		return nil, &problem{ErrKey, fmt.Sprintf("there are %d keys in the file: give a file with the one that signs", len(list)), nil}
	}
	if v := list[0].PrimaryKey.Version; v != 4 {
		return nil, &problem{ErrKey, fmt.Sprintf("the key is of version %d: version 4 is supported", v), nil}
	}
	return list[0], nil
}

// signingKey chooses the newest signing key that is valid at a time. With secret
// its secret must be there as well.
func signingKey(e *openpgp.Entity, at time.Time, secret bool) (openpgp.Key, error) {
	config := &packet.Config{}
	if e.Revoked(at) {
		return openpgp.Key{}, &problem{ErrRevoked, "the key " + fingerprint(e.PrimaryKey) + " is revoked", nil}
	}
	self, err := e.VerifyPrimaryKey(at, config)
	if err != nil {
		return openpgp.Key{}, invalidKey(e, at, err)
	}
	var usable []openpgp.Key
	var why error = &problem{ErrKey, "the key " + fingerprint(e.PrimaryKey) + " has no part that may sign files", nil}
	for i := range e.Subkeys {
		sub := &e.Subkeys[i]
		binding, err := sub.Verify(at, config)
		if err != nil {
			why = worse(why, sub, at, err)
			continue
		}
		if binding.FlagsValid && binding.FlagSign {
			usable = append(usable, openpgp.Key{Entity: e, PrimarySelfSignature: self, PublicKey: sub.PublicKey, PrivateKey: sub.PrivateKey, SelfSignature: binding})
		}
	}
	slices.SortStableFunc(usable, func(a, b openpgp.Key) int {
		return b.PublicKey.CreationTime.Compare(a.PublicKey.CreationTime)
	})
	if maySign(e, self, at, config) {
		usable = append(usable, openpgp.Key{Entity: e, PrimarySelfSignature: self, PublicKey: e.PrimaryKey, PrivateKey: e.PrivateKey, SelfSignature: self})
	}
	for _, k := range usable {
		if secret && (k.PrivateKey == nil || k.PrivateKey.Dummy()) {
			why = &problem{ErrKey, "the secret part of the signing key " + fingerprint(k.PublicKey) + " is not in the file", nil}
			continue
		}
		if err := strong(k.PublicKey); err != nil {
			why = err
			continue
		}
		if dated(self) || dated(k.SelfSignature) || dated(k.SelfSignature.EmbeddedSignature) {
			why = &problem{ErrKey, "the key " + fingerprint(e.PrimaryKey) + " is bound together with SHA-1 or MD5, which verifiers refuse: " +
				"gpg renews that with --cert-digest-algo SHA512 --quick-set-expire", nil}
			continue
		}
		return k, nil
	}
	return openpgp.Key{}, why
}

// dated reports a signature over a hash that verifiers refuse.
func dated(s *packet.Signature) bool {
	return s != nil && (s.Hash == crypto.SHA1 || s.Hash == crypto.MD5 || s.Hash == crypto.RIPEMD160)
}

// maySign reports whether the primary key is meant for signing files. Where the
// signature over the name has no flags, those of the direct one count.
func maySign(e *openpgp.Entity, self *packet.Signature, at time.Time, config *packet.Config) bool {
	if self.FlagsValid {
		return self.FlagSign
	}
	direct, err := e.LatestValidDirectSignature(at, config)
	return err == nil && direct.FlagsValid && direct.FlagSign
}

// strong returns nil for a key that verifiers accept, and that can be signed with.
func strong(k *packet.PublicKey) error {
	m, err := parseMaterial(k)
	if err != nil {
		return err
	}
	if n := new(big.Int).SetBytes(m.number).BitLen(); m.oid == "" && n < minRSA {
		return &problem{ErrKey, fmt.Sprintf("an RSA key of %d bits is too weak: %d is the least", n, minRSA), nil}
	}
	return nil
}

// invalidKey is the error about a primary key that is not valid.
func invalidKey(e *openpgp.Entity, at time.Time, err error) error {
	name := fingerprint(e.PrimaryKey)
	switch {
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return &problem{ErrRevoked, "the key " + name + " is revoked", nil}
	case errors.Is(err, pgperrors.ErrKeyExpired) && !e.PrimaryKey.CreationTime.After(at):
		return &problem{ErrExpired, "the key " + name + " is expired", nil}
	}
	return &problem{ErrKey, "the key " + name + " is not valid", err}
}

// worse says of a subkey that might have signed why it does not.
func worse(why error, sub *openpgp.Subkey, at time.Time, err error) error {
	binding, _ := sub.LatestValidBindingSignature(time.Time{}, &packet.Config{})
	if binding == nil || !binding.FlagSign {
		return why
	}
	name := "the signing subkey " + fingerprint(sub.PublicKey)
	switch {
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return &problem{ErrRevoked, name + " is revoked", nil}
	case errors.Is(err, pgperrors.ErrKeyExpired) && !sub.PublicKey.CreationTime.After(at):
		return &problem{ErrExpired, name + " is expired", nil}
	}
	return why
}

// unlock decrypts a secret key where it is locked.
func unlock(e *openpgp.Entity, private *packet.PrivateKey, ask Ask) error {
	if !private.Encrypted {
		return nil
	}
	prompt := "Passphrase of the OpenPGP key " + fingerprint(e.PrimaryKey)
	if name := userName(e); name != "" {
		prompt += " (" + name + ")"
	}
	passphrase, err := ask(prompt)
	if err != nil {
		return err
	}
	err = private.Decrypt(passphrase)
	clear(passphrase)
	if err != nil || private.Encrypted {
		return &problem{ErrPassphrase, "the passphrase does not fit the key " + fingerprint(e.PrimaryKey), nil}
	}
	return nil
}

// userName returns the name that the key leads with.
func userName(e *openpgp.Entity) string {
	if _, identity := e.PrimaryIdentity(time.Time{}, &packet.Config{}); identity != nil {
		return identity.Name
	}
	return ""
}

func fingerprint(k *packet.PublicKey) string { return fmt.Sprintf("%X", k.Fingerprint) }

// Ending returns ".asc".
func (s *OpenPGP) Ending() string { return openPGPEnding }

// Fingerprint returns the primary key's, in upper case hex.
func (s *OpenPGP) Fingerprint() string { return fingerprint(s.entity.PrimaryKey) }

// SubkeyFingerprint returns that of the key that signs: the primary's or a subkey's.
func (s *OpenPGP) SubkeyFingerprint() string { return fingerprint(s.key) }

// UserID returns the name that the key leads with. It is anybody's text.
func (s *OpenPGP) UserID() string { return userName(s.entity) }

// NewHash returns SHA-512.
func (s *OpenPGP) NewHash() hash.Hash { return sha512.New() }

// Close forgets the key and ends the connection to an agent.
func (s *OpenPGP) Close() error { return s.close() }

// Sign returns a detached, armored signature of a file.
func (s *OpenPGP) Sign(ctx context.Context, h hash.Hash) ([]byte, error) {
	return s.armored(ctx, packet.SigTypeBinary, h)
}

// armored makes a signature, checks it with the public key, and armors it.
func (s *OpenPGP) armored(ctx context.Context, kind packet.SignatureType, h hash.Hash) ([]byte, error) {
	if s.sign == nil {
		return nil, &problem{ErrKey, "the signer is closed", nil}
	}
	again, err := clone(h)
	if err != nil {
		return nil, err
	}
	at := s.now()
	if at.Before(s.key.CreationTime) {
		return nil, &problem{ErrKey, "the clock is behind the key's date", nil}
	}
	raw, err := s.sign(ctx, kind, h, at)
	if err != nil {
		return nil, err
	}
	// A wrong signature must not get out: it could give the key away, and an
	// agent may have signed with another key.
	made, err := packet.Read(bytes.NewReader(raw))
	if err != nil {
		return nil, &problem{ErrKey, "the signature that was made cannot be read", err}
	}
	sig, ok := made.(*packet.Signature)
	if !ok || s.key.VerifySignature(again, sig) != nil {
		return nil, &problem{ErrKey, "the signature that was made does not fit the key", nil}
	}
	var out bytes.Buffer
	w, err := armor.EncodeWithChecksumOption(&out, openpgp.SignatureType, nil, true)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if !bytes.HasSuffix(out.Bytes(), []byte("\n")) {
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

// clone returns a hash in the same state.
func clone(h hash.Hash) (hash.Hash, error) {
	c, ok := h.(hash.Cloner)
	if !ok {
		return nil, errors.New("the hash is not one that NewHash returned")
	}
	return c.Clone()
}

// ClearSign returns a text with its signature around it. Its lines must have no
// space or control character at their ends, which the signature would not cover.
func (s *OpenPGP) ClearSign(ctx context.Context, text string) ([]byte, error) {
	body, ok := strings.CutSuffix(text, "\n")
	if !ok {
		return nil, errors.New("the text to be signed does not end with a line end")
	}
	h := s.NewHash()
	var out bytes.Buffer
	out.WriteString("-----BEGIN PGP SIGNED MESSAGE-----\nHash: " + hashName + "\n\n")
	for i, line := range strings.Split(body, "\n") {
		if strings.TrimRight(line, " \t\r") != line {
			return nil, fmt.Errorf("line %d of the text to be signed ends with a space", i+1)
		}
		if i > 0 {
			h.Write([]byte("\r\n"))
		}
		h.Write([]byte(line))
		if strings.HasPrefix(line, "-") {
			out.WriteString("- ")
		}
		out.WriteString(line + "\n")
	}
	armored, err := s.armored(ctx, packet.SigTypeText, h)
	if err != nil {
		return nil, err
	}
	out.Write(armored)
	return out.Bytes(), nil
}
