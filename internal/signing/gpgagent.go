package signing

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// OpenPGPAgent returns a signer with a key that gpg-agent holds. The public key is
// read from a file; the agent asks for a passphrase itself, by its pinentry, which
// options such as "ttyname=/dev/pts/1" tell where the person is.
func OpenPGPAgent(ctx context.Context, socket string, public []byte, options []string, now func() time.Time) (*OpenPGP, error) {
	entity, err := readEntity(public)
	if err != nil {
		return nil, err
	}
	key, err := signingKey(entity, now(), false)
	if err != nil {
		return nil, err
	}
	material, err := parseMaterial(key.PublicKey)
	if err != nil {
		return nil, err
	}
	if socket, err = followSocket(socket); err != nil {
		return nil, err
	}
	conn, err := dial(ctx, socket, "gpg-agent")
	if err != nil {
		return nil, err
	}
	a, err := newAssuan(ctx, conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	grip := material.keygrip()
	if err := prepare(ctx, a, grip, options, entity.PrimaryKey, userName(entity)); err != nil {
		conn.Close()
		return nil, err
	}
	s := &OpenPGP{entity: entity, key: key.PublicKey, now: now, close: conn.Close}
	s.sign = func(ctx context.Context, kind packet.SignatureType, h hash.Hash, at time.Time) ([]byte, error) {
		hashed := hashedPart(kind, key.PublicKey, at)
		h.Write(hashed)
		h.Write(trailer(hashed))
		digest := h.Sum(nil)
		numbers, err := a.sign(ctx, grip, digest)
		if err != nil {
			return nil, err
		}
		return material.signature(hashed, key.PublicKey.KeyId, digest, numbers)
	}
	return s, nil
}

// prepare tells the agent where the person is, and sees that it has the key.
func prepare(ctx context.Context, a *assuan, grip string, options []string, primary *packet.PublicKey, name string) error {
	for _, option := range options {
		if strings.ContainsAny(option, "\r\n") {
			continue
		}
		// An agent that does not know an option says so, and works all the same.
		if _, err := a.command(ctx, "OPTION "+option); err != nil && !errors.As(err, new(refusal)) {
			return err
		}
	}
	if _, err := a.command(ctx, "HAVEKEY "+grip); err != nil {
		if errors.As(err, new(refusal)) {
			return &problem{ErrNotInAgent, fmt.Sprintf("gpg-agent does not hold the secret of the key %s (keygrip %s)", fingerprint(primary), grip), nil}
		}
		return err
	}
	text := "Please enter the passphrase to sign a release with the OpenPGP key\n" + name + "\n" + fingerprint(primary)
	_, err := a.command(ctx, "SETKEYDESC "+escapeDescription(text))
	return err
}

// sign has the agent sign a SHA-512 digest.
func (a *assuan) sign(ctx context.Context, grip string, digest []byte) (map[string][]byte, error) {
	for _, line := range []string{"SIGKEY " + grip, fmt.Sprintf("SETHASH %d %X", sha512ID, digest)} {
		if _, err := a.command(ctx, line); err != nil {
			return nil, signProblem(err)
		}
	}
	data, err := a.command(ctx, "PKSIGN")
	if err != nil {
		return nil, signProblem(err)
	}
	return parseSignature(data)
}

// Codes of libgpg-error, without the part that says who reports it.
const (
	codeBadPassphrase = 11
	codeNoSecretKey   = 17
	codeCanceled      = 99
	codeNoPinentry    = 86
	codeFullyCanceled = 198
)

// signProblem says what a person can do about a refusal.
func signProblem(err error) error {
	r, ok := errors.AsType[refusal](err)
	if !ok {
		return err
	}
	switch r.code & 0xffff {
	case codeBadPassphrase:
		return &problem{ErrPassphrase, "gpg-agent says that the passphrase does not fit", nil}
	case codeNoSecretKey:
		return &problem{ErrNotInAgent, "gpg-agent does not hold the key", nil}
	case codeCanceled, codeFullyCanceled:
		return &problem{ErrPassphrase, "the passphrase was not given", nil}
	case codeNoPinentry:
		return &problem{ErrAgent, "gpg-agent cannot ask for the passphrase: it has no pinentry", nil}
	}
	return &problem{ErrAgent, "gpg-agent does not sign", r}
}

// maxRedirect is how many bytes of a redirect file are read.
const maxRedirect = 4 << 10

// followSocket returns the socket's path. What stands there may be a file that
// says where the socket is:
//
//	%Assuan%
//	socket=/run/user/1000/gnupg/S.gpg-agent
func followSocket(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", &problem{ErrNoAgent, "there is no gpg-agent at " + path, nil}
	}
	if info.Mode()&os.ModeSocket != 0 {
		return path, nil
	}
	if !info.Mode().IsRegular() || info.Size() > maxRedirect {
		return "", &problem{ErrNoAgent, path + " is not gpg-agent's socket", nil}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	target := ""
	lines := strings.Split(string(data), "\n")
	for _, line := range lines[1:] {
		if v, ok := strings.CutPrefix(strings.TrimSuffix(line, "\r"), "socket="); ok && target == "" {
			target = v
		}
	}
	switch {
	case strings.TrimSuffix(lines[0], "\r") != "%Assuan%" || target == "":
		return "", &problem{ErrNoAgent, path + " is not gpg-agent's socket", nil}
	case strings.Contains(target, "${"):
		return "", &problem{ErrNoAgent, path + " names the socket by a variable: give the socket itself", nil}
	}
	return target, nil
}

// hashedPart is the part of a version 4 signature that is signed: its beginning,
// the time and the fingerprint of the key.
func hashedPart(kind packet.SignatureType, key *packet.PublicKey, at time.Time) []byte {
	const subCreated, subIssuerFingerprint = 2, 33
	var sub bytes.Buffer
	sub.Write([]byte{5, subCreated | 0x80}) // critical, as gpg and go-crypto have it
	_ = binary.Write(&sub, binary.BigEndian, uint32(at.Unix()))
	sub.Write([]byte{byte(len(key.Fingerprint) + 2), subIssuerFingerprint, byte(key.Version)})
	sub.Write(key.Fingerprint)
	head := []byte{4, byte(kind), byte(key.PubKeyAlgo), sha512ID, 0, byte(sub.Len())}
	return append(head, sub.Bytes()...)
}

// trailer is what is hashed after the hashed part.
func trailer(hashed []byte) []byte {
	return binary.BigEndian.AppendUint32([]byte{4, 0xff}, uint32(len(hashed)))
}

// signature puts the packet together: the hashed part, the key's id, the first
// bytes of the digest, and the numbers.
func (m material) signature(hashed []byte, id uint64, digest []byte, numbers map[string][]byte) ([]byte, error) {
	const subIssuer = 16
	body := bytes.Clone(hashed)
	body = append(body, 0, 10, 9, subIssuer)
	body = binary.BigEndian.AppendUint64(body, id)
	body = append(body, digest[:2]...)
	bad := &problem{ErrAgent, "gpg-agent signed with another kind of key", nil}
	switch m.algorithm {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSASignOnly:
		if len(numbers["s"]) == 0 || len(numbers) != 1 {
			return nil, bad
		}
		body = appendMPI(body, numbers["s"])
	case packet.PubKeyAlgoECDSA, packet.PubKeyAlgoEdDSA, packet.PubKeyAlgoEd25519:
		r, s := numbers["r"], numbers["s"]
		if len(r) == 0 || len(s) == 0 || len(numbers) != 2 {
			return nil, bad
		}
		if m.algorithm != packet.PubKeyAlgoEd25519 {
			body = appendMPI(appendMPI(body, r), s)
			break
		}
		if len(r) != 32 || len(s) != 32 {
			return nil, bad
		}
		body = append(append(body, r...), s...)
	}
	out := []byte{0xc0 | 2, 0xff} // a signature, with its length in four bytes
	if n := len(body); n < 192 {
		out[1] = byte(n)
	} else {
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	return append(out, body...), nil
}

// appendMPI appends a number as OpenPGP writes it: its bits, then its bytes
// without zeros in front.
func appendMPI(b, number []byte) []byte {
	n := new(big.Int).SetBytes(number)
	b = binary.BigEndian.AppendUint16(b, uint16(n.BitLen()))
	return append(b, n.Bytes()...)
}
