package sigstore

import (
	"crypto/sha256"
	_ "embed" // for the production trusted root
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	prototrustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	sigroot "github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/encoding/protojson"
)

// embeddedRoot is the trusted root of Sigstore's public-good instance, as its
// TUF repository (tuf-repo-cdn.sigstore.dev, target trusted_root.json) served it
// on EmbeddedDate.
//
//go:embed production.trusted_root.json
var embeddedRoot []byte

// EmbeddedDate is when the embedded trusted root was last changed at its source.
var EmbeddedDate = time.Date(2026, time.May, 31, 0, 0, 0, 0, time.UTC)

// Root is a Sigstore trusted root: the certificate authorities, logs and
// time-stamping authorities that are believed. It is safe for concurrent use.
type Root struct {
	material *material
	verifier *verify.Verifier
	sum      [sha256.Size]byte
}

// SHA256 returns the hex digest of the file that the root was read from: what was
// verified under one root says nothing under another.
func (r *Root) SHA256() string { return hex.EncodeToString(r.sum[:]) }

// EmbeddedRoot returns the trusted root that is built in.
func EmbeddedRoot() (*Root, error) { return loadEmbedded() }

var loadEmbedded = sync.OnceValues(func() (*Root, error) { return ParseRoot(embeddedRoot) })

// ParseRoot reads a trusted root (trusted_root.json, media type
// application/vnd.dev.sigstore.trustedroot+json;version=0.1). Errors are
// ErrMalformed; a root without an authority, a log or a certificate log could
// verify nothing and is one.
func ParseRoot(data []byte) (r *Root, err error) {
	defer func() {
		if p := recover(); p != nil {
			r, err = nil, malformed(fmt.Sprintf("the trusted root cannot be read (%v)", p), nil)
		}
	}()
	var whole jsontext.Value
	if err := decode(data, MaxRootSize, &whole); err != nil {
		return nil, malformed("the trusted root", err)
	}
	message := &prototrustroot.TrustedRoot{}
	if err := protojson.Unmarshal(data, message); err != nil {
		return nil, malformed("the trusted root is not a message of its type", nil)
	}
	if err := checkRoot(message); err != nil {
		return nil, err
	}
	trusted, err := sigroot.NewTrustedRootFromProtobuf(message)
	if err != nil {
		return nil, malformed("the trusted root", err)
	}
	m := &material{TrustedRoot: trusted}
	for _, ca := range trusted.FulcioCertificateAuthorities() {
		fulcio, ok := ca.(*sigroot.FulcioCertificateAuthority)
		if !ok {
			return nil, malformed("the trusted root has an authority of an unknown sort", nil)
		}
		a := newAuthority(fulcio)
		m.own = append(m.own, a)
		m.authorities = append(m.authorities, a)
	}
	verifier, err := verify.NewVerifier(m, verifierOptions()...)
	if err != nil {
		return nil, fmt.Errorf("setting up the verifier: %w", err)
	}
	return &Root{material: m, verifier: verifier, sum: sha256.Sum256(data)}, nil
}

// verifierOptions ask for one signed certificate timestamp, one log entry and
// one time that somebody else than the signer observed.
func verifierOptions() []verify.VerifierOption {
	return []verify.VerifierOption{
		verify.WithSignedCertificateTimestamps(1),
		verify.WithTransparencyLog(1),
		verify.WithObserverTimestamps(1),
	}
}

func checkRoot(m *prototrustroot.TrustedRoot) error {
	for _, part := range []struct {
		name  string
		count int
		least int
	}{
		{"certificate authorities", len(m.GetCertificateAuthorities()), 1},
		{"transparency logs", len(m.GetTlogs()), 1},
		{"certificate logs", len(m.GetCtlogs()), 1},
		{"time-stamping authorities", len(m.GetTimestampAuthorities()), 0},
	} {
		if part.count < part.least || part.count > maxAuthorities {
			return malformed(fmt.Sprintf("the trusted root has %d %s", part.count, part.name), nil)
		}
	}
	for _, logs := range [][]*prototrustroot.TransparencyLogInstance{m.GetTlogs(), m.GetCtlogs()} {
		seen := map[string]bool{}
		for _, l := range logs {
			id := hex.EncodeToString(l.GetLogId().GetKeyId())
			if seen[id] {
				return malformed("the trusted root lists a log twice", nil)
			}
			seen[id] = true
		}
	}
	return nil
}

// material is sigstore-go's trusted root with authorities of our own.
type material struct {
	*sigroot.TrustedRoot
	authorities []sigroot.CertificateAuthority
	own         []*authority
}

// FulcioCertificateAuthorities returns the authorities that share the upper part
// of their chains.
func (m *material) FulcioCertificateAuthorities() []sigroot.CertificateAuthority {
	return m.authorities
}
