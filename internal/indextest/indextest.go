package indextest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"assay/internal/indextest/authority"
	"assay/internal/indextest/localca"
)

// Server is one index. Its methods are safe for concurrent use.
type Server struct {
	config    config
	index     *index
	authority *authority.Authority
	root      []byte

	faults   faults
	requests requestLog

	listener net.Listener
	http     *http.Server
	ca       *localca.Authority
	scheme   string
	url      string // without a path
	// closing ends the answers that would never end by themselves.
	closing context.Context
	stop    context.CancelFunc

	// pages holds what has been rendered, by project and form.
	pages sync.Map
}

type config struct {
	addr      string
	dir       string
	authority *authority.Authority
	api       string
	user      string
	password  string

	tls           bool
	ca            *localca.Authority
	clientCert    bool
	certNames     []string
	host          string
	url, filesURL string
}

// Option changes how a server is set up.
type Option func(*config)

// WithAddr listens on a loopback address, such as "[::1]:0"; the default is a
// free port of 127.0.0.1.
func WithAddr(addr string) Option { return func(c *config) { c.addr = addr } }

// WithDir is the folder that the archive's relative paths start from.
func WithDir(dir string) Option { return func(c *config) { c.dir = dir } }

// WithAuthority issues provenance from an existing authority, so that several
// servers share a trusted root.
func WithAuthority(a *authority.Authority) Option { return func(c *config) { c.authority = a } }

// WithAPIVersion sets the Simple API's version, as the archive's api-version
// does.
func WithAPIVersion(version string) Option { return func(c *config) { c.api = version } }

// WithBasicAuth demands credentials, as the archive's basic-auth does.
func WithBasicAuth(user, password string) Option {
	return func(c *config) { c.user, c.password = user, password }
}

// New reads an archive, makes its files and returns a server that does not
// listen yet. The package comment describes the archive.
func New(archive []byte, opts ...Option) (*Server, error) {
	s := &Server{config: config{addr: "127.0.0.1:0"}}
	for _, o := range opts {
		o(&s.config)
	}
	s.closing, s.stop = context.WithCancel(context.Background())
	sections, err := parseArchive(archive)
	if err != nil {
		return nil, fmt.Errorf("indextest: %w", err)
	}
	if s.index, err = buildIndex(sections, s.config.dir); err != nil {
		return nil, fmt.Errorf("indextest: %w", err)
	}
	if s.config.api != "" {
		if err := s.index.setAPI(s.config.api); err != nil {
			return nil, fmt.Errorf("indextest: %w", err)
		}
	}
	if s.config.user != "" {
		s.index.realms = append(s.index.realms, realm{"index", "/", s.config.user, s.config.password})
	}
	for _, m := range s.index.misbehaviour {
		if err := s.Misbehave(m.target, m.fault); err != nil {
			return nil, err
		}
	}
	if s.authority = s.config.authority; s.authority == nil {
		if s.authority, err = authority.New(); err != nil {
			return nil, fmt.Errorf("indextest: %w", err)
		}
	}
	if s.root, err = s.authority.TrustedRootJSON(); err != nil {
		return nil, fmt.Errorf("indextest: %w", err)
	}
	return s, nil
}

// Start makes a server for a test, starts it, and closes it when the test ends.
func Start(t testing.TB, archive string, opts ...Option) *Server {
	t.Helper()
	s, err := New([]byte(archive), opts...)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Start listens and serves until Close.
func (s *Server) Start() error {
	if s.listener != nil {
		return errors.New("indextest: started twice")
	}
	host, _, err := net.SplitHostPort(s.config.addr)
	if err != nil {
		return fmt.Errorf("indextest: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("indextest: %q is not a loopback address", s.config.addr)
	}
	s.scheme = "http"
	// HTTP/1.1 only: several misbehaviours need the bare connection.
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ErrorLog:          quietLog(),
	}
	if s.index.clientCert {
		s.config.tls = true
	}
	if s.config.tls {
		s.scheme = "https"
		if s.http.TLSConfig, err = s.tlsConfig(); err != nil {
			return fmt.Errorf("indextest: %w", err)
		}
	}
	if s.listener, err = net.Listen("tcp", s.config.addr); err != nil {
		return fmt.Errorf("indextest: %w", err)
	}
	switch {
	case s.config.url != "":
		s.url = s.config.url
	case s.config.host != "":
		s.url = s.HostURL(s.config.host)
	default:
		s.url = s.scheme + "://" + s.Addr()
	}
	// Serve returns when Close closes the listener; there is nobody to tell.
	if s.config.tls {
		go func() { _ = s.http.ServeTLS(s.listener, "", "") }()
	} else {
		go func() { _ = s.http.Serve(s.listener) }()
	}
	return nil
}

// Close stops the server and cuts every connection.
func (s *Server) Close() {
	s.stop()
	if s.http != nil {
		_ = s.http.Close()
	}
}

// Addr is the address on which the server listens: 127.0.0.1:PORT.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL is where the server is to be found, without a path: http://127.0.0.1:PORT,
// or what WithURL says.
func (s *Server) URL() string { return s.url }

// SimpleURL is what an installer takes as its index.
func (s *Server) SimpleURL() string { return s.url + "/simple/" }

// HostURL is the URL of Addr by another of the names that the server answers to
// (localhost), for tests about origins.
func (s *Server) HostURL(host string) string {
	_, port, _ := net.SplitHostPort(s.Addr())
	return s.scheme + "://" + net.JoinHostPort(host, port)
}

// Authority issues the server's provenance.
func (s *Server) Authority() *authority.Authority { return s.authority }

// TrustedRoot is the Sigstore trusted root, in JSON, under which the
// provenance that the server makes is good.
func (s *Server) TrustedRoot() []byte { return s.root }

// File says where a file is and what its true bytes hash to.
type File struct {
	Project  string // normalised
	Version  string
	Filename string
	URL      string
	SHA256   string // hexadecimal
	Size     int64
}

// File returns the file of that name.
func (s *Server) File(filename string) (File, bool) {
	f, ok := s.index.files[filename]
	if !ok {
		return File{}, false
	}
	return File{
		Project: f.project, Version: f.version, Filename: f.name,
		URL: s.filesURL() + escaped(f.path), SHA256: f.sha256(), Size: f.content.Size(),
	}, true
}
