package sigstore

import (
	"crypto/x509"
	"encoding/asn1"
	"strings"
	"unicode/utf8"
)

// Certificate is what a signing certificate says about the signer, by Fulcio's
// extensions (1.3.6.1.4.1.57264.1.N). Empty fields were not in it.
type Certificate struct {
	// Email and URI are the subject alternative name; one of them at most is set.
	Email, URI string
	// IssuerV2 is extension 8, Issuer that or, where there is none, extension 1:
	// who vouched for the signer.
	Issuer, IssuerV2 string

	BuildSignerURI         string // 9
	BuildSignerDigest      string // 10
	RunnerEnvironment      string // 11
	SourceRepositoryURI    string // 12
	SourceRepositoryDigest string // 13: the commit
	SourceRepositoryRef    string // 14
	SourceRepositoryID     string // 15
	SourceOwnerURI         string // 16
	SourceOwnerID          string // 17
	BuildConfigURI         string // 18: the workflow that was started
	BuildConfigDigest      string // 19
	BuildTrigger           string // 20
	RunInvocationURI       string // 21
	SourceVisibility       string // 22
	Environment            string // 23: deployment environment
	TokenSubject           string // 24
}

// fulcioArc is the arc under which Fulcio's extensions are.
var fulcioArc = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1}

// field returns where the extension with the given number goes, and nil for one
// that is not read.
func (c *Certificate) field(n int) *string {
	fields := [...]*string{
		8: &c.IssuerV2, 9: &c.BuildSignerURI, 10: &c.BuildSignerDigest, 11: &c.RunnerEnvironment,
		12: &c.SourceRepositoryURI, 13: &c.SourceRepositoryDigest, 14: &c.SourceRepositoryRef,
		15: &c.SourceRepositoryID, 16: &c.SourceOwnerURI, 17: &c.SourceOwnerID, 18: &c.BuildConfigURI,
		19: &c.BuildConfigDigest, 20: &c.BuildTrigger, 21: &c.RunInvocationURI, 22: &c.SourceVisibility,
		23: &c.Environment, 24: &c.TokenSubject,
	}
	if n < 0 || n >= len(fields) {
		return nil
	}
	return fields[n]
}

// ReadCertificate reads a signing certificate's names and extensions. Extensions
// from 8 on are DER UTF8Strings, 1 is the bare text; 23 and 24 are taken either
// way, as there is no rule for them yet. Errors are ErrMalformed: two names, two
// different issuers, an extension that is not what it should be.
func ReadCertificate(cert *x509.Certificate) (Certificate, error) {
	var c Certificate
	names := len(cert.URIs) + len(cert.EmailAddresses) + len(cert.DNSNames) + len(cert.IPAddresses)
	if names > 1 {
		return Certificate{}, malformed("the certificate is for more than one name", nil)
	}
	for _, u := range cert.URIs {
		c.URI = u.String()
	}
	for _, email := range cert.EmailAddresses {
		c.Email = email
	}
	issuerV1 := ""
	for _, ext := range cert.Extensions {
		if len(ext.Id) != len(fulcioArc)+1 || !ext.Id[:len(fulcioArc)].Equal(fulcioArc) {
			continue
		}
		n := ext.Id[len(fulcioArc)]
		if n == 1 {
			issuerV1 = string(ext.Value)
			continue
		}
		field := c.field(n)
		if field == nil {
			continue
		}
		value, ok := utf8String(ext.Value)
		if !ok && n < 23 {
			return Certificate{}, malformed("extension "+ext.Id.String()+" of the certificate is not a string", nil)
		}
		if !ok {
			value = strings.ToValidUTF8(string(ext.Value), "")
		}
		*field = value
	}
	c.Issuer = c.IssuerV2
	if c.Issuer == "" {
		c.Issuer = issuerV1
	}
	if issuerV1 != "" && issuerV1 != c.Issuer {
		return Certificate{}, malformed("the certificate names two issuers", nil)
	}
	return c, nil
}

// utf8String decodes exactly one DER UTF8String.
func utf8String(der []byte) (string, bool) {
	var raw asn1.RawValue
	rest, err := asn1.Unmarshal(der, &raw)
	if err != nil || len(rest) != 0 || raw.Class != asn1.ClassUniversal || raw.Tag != asn1.TagUTF8String ||
		raw.IsCompound || !utf8.Valid(raw.Bytes) {
		return "", false
	}
	return string(raw.Bytes), true
}

// Details lists what the certificate says for policy and display, under the
// names that reports use. Empty values are left out.
func (c Certificate) Details() map[string]string {
	out := map[string]string{}
	for _, d := range []struct{ name, value string }{
		{"issuer", c.Issuer}, {"subject", c.URI + c.Email}, {"repository", c.SourceRepositoryURI},
		{"repository_id", c.SourceRepositoryID}, {"owner", c.SourceOwnerURI}, {"owner_id", c.SourceOwnerID},
		{"ref", c.SourceRepositoryRef}, {"commit", c.SourceRepositoryDigest}, {"workflow", c.BuildConfigURI},
		{"workflow_digest", c.BuildConfigDigest}, {"signer", c.BuildSignerURI}, {"runner", c.RunnerEnvironment},
		{"trigger", c.BuildTrigger}, {"run", c.RunInvocationURI}, {"visibility", c.SourceVisibility},
		{"environment", c.Environment}, {"token_subject", c.TokenSubject},
	} {
		if d.value != "" {
			out[d.name] = d.value
		}
	}
	return out
}
