package signing

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"net"
	"strings"
	"time"

	lib "github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"assay/internal/sshsig"
)

// Namespace is the purpose of a file's SSH signature, as `ssh-keygen -Y sign -n
// file` gives it.
const Namespace = "file"

const (
	sshEnding = ".sig"
	sshHash   = "sha512"
	sshWidth  = 70 // of the armor's lines, as ssh-keygen writes them
	dialTime  = 10 * time.Second
)

// SSH signs with an SSH key.
type SSH struct {
	key    sshsig.Key
	signer ssh.Signer
	conn   net.Conn // to the agent; nil for a key file
}

// SSHFile returns a signer with the private key in a file, in any format that
// ssh-keygen writes. ask is called where the key is locked.
func SSHFile(data []byte, ask Ask) (*SSH, error) {
	if len(data) > sshsig.MaxFile {
		return nil, &problem{ErrKey, fmt.Sprintf("%d bytes are more than the %d that are read of a key", len(data), sshsig.MaxFile), nil}
	}
	if bytes.Contains(data, []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----")) {
		return nil, &problem{ErrKey, "the SSH key is locked in PKCS #8's way, which is not read: 'ssh-keygen -p -f KEY' rewrites it", nil}
	}
	signer, err := ssh.ParsePrivateKey(data)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		if signer, err = unlockSSH(data, ask); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, &problem{ErrKey, "it is not an SSH private key that can be read; a security key signs through ssh-agent", nil}
	}
	return newSSH(signer, nil)
}

// unlockSSH reads a key that is encrypted.
func unlockSSH(data []byte, ask Ask) (ssh.Signer, error) {
	prompt := "Passphrase of the SSH key"
	_, err := ssh.ParsePrivateKey(data)
	if locked, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok && locked.PublicKey != nil {
		prompt += " " + ssh.FingerprintSHA256(locked.PublicKey)
	}
	passphrase, err := ask(prompt)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKeyWithPassphrase(data, passphrase)
	clear(passphrase)
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, &problem{ErrPassphrase, "the passphrase does not fit the SSH key", nil}
	}
	if err != nil {
		return nil, &problem{ErrKey, "the SSH private key cannot be read", nil}
	}
	return signer, nil
}

func newSSH(signer ssh.Signer, conn net.Conn) (*SSH, error) {
	key, err := sshsig.ParseKey(strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(signer.PublicKey())), "\n"))
	if err == nil {
		err = key.Weak()
	}
	if err != nil {
		return nil, &problem{ErrKey, "the SSH key cannot sign files", err}
	}
	return &SSH{key, signer, conn}, nil
}

// SSHAgent returns a signer with a key that an SSH agent holds. With a zero key it
// is the agent's only one.
func SSHAgent(ctx context.Context, socket string, key sshsig.Key) (*SSH, error) {
	conn, err := dial(ctx, socket, "an SSH agent")
	if err != nil {
		return nil, err
	}
	s, err := fromAgent(conn, key)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// fromAgent finds the key among those that the agent holds.
func fromAgent(conn net.Conn, key sshsig.Key) (*SSH, error) {
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		return nil, &problem{ErrAgent, "the SSH agent does not list its keys", err}
	}
	var found []*SSH
	var refused error
	for _, signer := range signers {
		s, err := newSSH(signer, conn)
		switch {
		case err != nil:
			refused = err
		case key.IsZero() || s.key.Equal(key):
			found = append(found, s)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, &problem{ErrNotInAgent, fmt.Sprintf("the SSH agent holds %d keys: say which of them signs", len(found)), nil}
	case !key.IsZero():
		return nil, &problem{ErrNotInAgent, "the SSH agent does not hold the key " + key.Fingerprint(), nil}
	case refused != nil:
		return nil, refused
	}
	return nil, &problem{ErrNotInAgent, "the SSH agent holds no key", nil}
}

// dial connects to an agent's socket.
func dial(ctx context.Context, socket, what string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTime}
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op.Err
		}
		return nil, &problem{ErrNoAgent, fmt.Sprintf("there is no answer from %s at %s", what, socket), err}
	}
	return conn, nil
}

// Ending returns ".sig".
func (s *SSH) Ending() string { return sshEnding }

// Fingerprint returns the key's, "SHA256:…".
func (s *SSH) Fingerprint() string { return s.key.Fingerprint() }

// Key returns the public key, without a comment.
func (s *SSH) Key() sshsig.Key { return s.key }

// NewHash returns SHA-512.
func (s *SSH) NewHash() hash.Hash { return sha512.New() }

// Close forgets the key and ends the connection to the agent.
func (s *SSH) Close() error {
	s.signer = nil
	if s.conn != nil {
		return s.conn.Close()
	}
	return nil
}

// Sign returns an armored signature, as `ssh-keygen -Y sign -n file` writes it.
func (s *SSH) Sign(ctx context.Context, h hash.Hash) ([]byte, error) {
	if s.signer == nil {
		return nil, &problem{ErrKey, "the signer is closed", nil}
	}
	if s.conn != nil {
		stop := context.AfterFunc(ctx, func() { s.conn.Close() })
		defer stop()
	}
	digest := h.Sum(nil)
	data, err := sshsig.SignedData(Namespace, sshHash, digest)
	if err != nil {
		return nil, err
	}
	signature, err := s.signData(data)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &problem{ErrAgent, "the SSH key does not sign", err}
	}
	blob := lib.Signature{
		Version: 1, PublicKey: s.signer.PublicKey(), Namespace: Namespace,
		HashAlgorithm: lib.HashSHA512, Signature: signature,
	}.Marshal()
	armored := armorSSH(blob)
	made, err := sshsig.Parse(armored)
	if err == nil {
		err = made.Verify(Namespace, digest)
	}
	if err != nil {
		return nil, &problem{ErrAgent, "the signature that was made does not hold", err}
	}
	return armored, nil
}

// signData signs; RSA keys do with SHA-512.
func (s *SSH) signData(data []byte) (*ssh.Signature, error) {
	if s.key.Type() != ssh.KeyAlgoRSA {
		return s.signer.Sign(rand.Reader, data)
	}
	choosing, ok := s.signer.(ssh.AlgorithmSigner)
	if !ok {
		return nil, errors.New("RSA with SHA-512 is not offered")
	}
	return choosing.SignWithAlgorithm(rand.Reader, data, ssh.KeyAlgoRSASHA512)
}

// armorSSH armors a signature as ssh-keygen does.
func armorSSH(blob []byte) []byte {
	var out bytes.Buffer
	out.WriteString("-----BEGIN SSH SIGNATURE-----\n")
	for encoded := base64.StdEncoding.EncodeToString(blob); encoded != ""; {
		n := min(sshWidth, len(encoded))
		out.WriteString(encoded[:n] + "\n")
		encoded = encoded[n:]
	}
	out.WriteString("-----END SSH SIGNATURE-----\n")
	return out.Bytes()
}
