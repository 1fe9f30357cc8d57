package sigstore

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
	"net/url"
	"testing"
)

func extension(n int, value []byte) pkix.Extension {
	return pkix.Extension{Id: append(append(asn1.ObjectIdentifier{}, fulcioArc...), n), Value: value}
}

func utf8DER(t *testing.T, s string) []byte {
	t.Helper()
	der, err := asn1.MarshalWithParams(s, "utf8")
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestReadCertificate(t *testing.T) {
	printableDER, err := asn1.MarshalWithParams("x", "printable")
	if err != nil {
		t.Fatal(err)
	}
	site := &url.URL{Scheme: "https", Host: "ci.example.invalid"}
	numbered := func(n int, value []byte) *x509.Certificate {
		return &x509.Certificate{Extensions: []pkix.Extension{extension(n, value)}}
	}
	for _, c := range []struct {
		name string
		cert *x509.Certificate
		want Certificate
		err  string
	}{
		{"empty", &x509.Certificate{}, Certificate{}, ""},
		{"email", &x509.Certificate{EmailAddresses: []string{"a@b"}}, Certificate{Email: "a@b"}, ""},
		{"uri", &x509.Certificate{URIs: []*url.URL{site}}, Certificate{URI: "https://ci.example.invalid"}, ""},
		{"two names", &x509.Certificate{URIs: []*url.URL{site}, EmailAddresses: []string{"a@b"}}, Certificate{}, "the certificate is for more than one name"},
		{"two addresses", &x509.Certificate{EmailAddresses: []string{"a@b", "c@d"}}, Certificate{}, "the certificate is for more than one name"},
		{"a host beside", &x509.Certificate{EmailAddresses: []string{"a@b"}, IPAddresses: []net.IP{{127, 0, 0, 1}}}, Certificate{}, "the certificate is for more than one name"},
		{"old issuer", numbered(1, []byte("i")), Certificate{Issuer: "i"}, ""},
		{"issuer", numbered(8, utf8DER(t, "i")), Certificate{Issuer: "i", IssuerV2: "i"}, ""},
		{"issuers", &x509.Certificate{Extensions: []pkix.Extension{extension(8, utf8DER(t, "i")), extension(1, []byte("i"))}}, Certificate{Issuer: "i", IssuerV2: "i"}, ""},
		{"two issuers", &x509.Certificate{Extensions: []pkix.Extension{extension(1, []byte("j")), extension(8, utf8DER(t, "i"))}}, Certificate{}, "the certificate names two issuers"},
		{"another type", numbered(12, printableDER), Certificate{}, "extension 1.3.6.1.4.1.57264.1.12 of the certificate is not a string"},
		{"raw", numbered(12, []byte("x")), Certificate{}, "extension 1.3.6.1.4.1.57264.1.12 of the certificate is not a string"},
		{"trailing", numbered(12, append(utf8DER(t, "x"), 0)), Certificate{}, "extension 1.3.6.1.4.1.57264.1.12 of the certificate is not a string"},
		{"not UTF-8", numbered(12, []byte{12, 1, 0xff}), Certificate{}, "extension 1.3.6.1.4.1.57264.1.12 of the certificate is not a string"},
		{"environment", numbered(23, utf8DER(t, "pypi")), Certificate{Environment: "pypi"}, ""},
		{"raw environment", numbered(23, []byte("pypi")), Certificate{Environment: "pypi"}, ""},
		{"raw token subject", numbered(24, []byte("repo:a/b\xff")), Certificate{TokenSubject: "repo:a/b"}, ""},
		{"not read", numbered(25, []byte{0xff}), Certificate{}, ""},
		{"below the arc", &x509.Certificate{Extensions: []pkix.Extension{{Id: append(append(asn1.ObjectIdentifier{}, fulcioArc...), 12, 1), Value: []byte("x")}}}, Certificate{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadCertificate(c.cert)
			if c.err == "" && err != nil || c.err != "" && (err == nil || err.Error() != c.err) {
				t.Errorf("the error is %v, want %q", err, c.err)
			}
			if got != c.want {
				t.Errorf("found %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestEveryExtension(t *testing.T) {
	cert := &x509.Certificate{}
	for n := 8; n <= 24; n++ {
		cert.Extensions = append(cert.Extensions, extension(n, utf8DER(t, string(rune('a'+n-8)))))
	}
	c, err := ReadCertificate(cert)
	if err != nil {
		t.Fatal(err)
	}
	want := Certificate{Issuer: "a", IssuerV2: "a", BuildSignerURI: "b", BuildSignerDigest: "c", RunnerEnvironment: "d",
		SourceRepositoryURI: "e", SourceRepositoryDigest: "f", SourceRepositoryRef: "g", SourceRepositoryID: "h", SourceOwnerURI: "i",
		SourceOwnerID: "j", BuildConfigURI: "k", BuildConfigDigest: "l", BuildTrigger: "m", RunInvocationURI: "n",
		SourceVisibility: "o", Environment: "p", TokenSubject: "q"}
	if c != want {
		t.Errorf("found %+v, want %+v", c, want)
	}
}
