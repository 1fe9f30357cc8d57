package indextest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net/url"

	"assay/internal/indextest/localca"
)

// loopbackNames are what the server's certificate is for, beside its own name.
var loopbackNames = []string{"localhost", "127.0.0.1", "::1"}

// WithTLS serves https with a certificate of the server's own authority; see
// CertificatePEM.
func WithTLS() Option { return func(c *config) { c.tls = true } }

// WithCertificates serves https with a certificate of an existing authority, so
// that several servers share a root.
func WithCertificates(a *localca.Authority) Option {
	return func(c *config) { c.tls, c.ca = true, a }
}

// WithClientCertificates serves https to clients that show a certificate of the
// server's authority and to no others, as the archive's client-cert does; see
// ClientPEM.
func WithClientCertificates() Option { return func(c *config) { c.tls, c.clientCert = true, true } }

// WithCertificateFor serves https with a certificate for these names and no
// others, such as another server's.
func WithCertificateFor(names ...string) Option {
	return func(c *config) { c.tls, c.certNames = true, names }
}

// WithURL is where the server believes itself to be: an origin without a path
// ("https://index.test"), which pages and File then name. The certificate is for
// its host too. Clients get there through a proxy that leads them to Addr.
func WithURL(origin string) Option { return func(c *config) { c.url = origin } }

// WithHost is a name of 127.0.0.1 or [::1] (localhost) by which the server is to
// be found, instead of by its address.
func WithHost(name string) Option { return func(c *config) { c.host = name } }

// WithFilesURL is the origin of the files on the pages, if that is not the
// server's own; the certificate is for its host too.
func WithFilesURL(origin string) Option { return func(c *config) { c.filesURL = origin } }

// tlsConfig makes the server's certificate.
func (s *Server) tlsConfig() (*tls.Config, error) {
	var err error
	if s.ca = s.config.ca; s.ca == nil {
		if s.ca, err = localca.New(); err != nil {
			return nil, err
		}
	}
	names := s.config.certNames
	if names == nil {
		names = append(names, loopbackNames...)
		for _, origin := range []string{s.config.url, s.config.filesURL} {
			if u, err := url.Parse(origin); err == nil && u.Hostname() != "" {
				names = append(names, u.Hostname())
			}
		}
	}
	pair, err := s.ca.Server(names...)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}
	if s.config.clientCert || s.index.clientCert {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, s.ca.Pool()
	}
	return c, nil
}

// CertificatePEM is the certificate that a client must trust to speak TLS with
// the server; nil without TLS or before Start.
func (s *Server) CertificatePEM() []byte {
	if s.ca == nil {
		return nil
	}
	return s.ca.PEM()
}

// ClientPEM is a new certificate for a client of that name, with its key in the
// same file. It needs TLS and a server that was started.
func (s *Server) ClientPEM(name string) ([]byte, error) {
	if s.ca == nil {
		return nil, errors.New("indextest: a client's certificate needs a server with TLS that was started")
	}
	out, err := s.ca.Client(name)
	if err != nil {
		return nil, fmt.Errorf("indextest: %w", err)
	}
	return out, nil
}

// quietLog drops what net/http says about connections that are cut on purpose.
func quietLog() *stdlog.Logger { return stdlog.New(io.Discard, "", 0) }
