package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"assay"
	"assay/internal/index"
	"assay/internal/installer"
	"assay/internal/intercept"
)

// settings reads the configuration of the installer that args start, of pip and
// uv where there are none.
func (a *app) settings(args []string, o installer.Options) (installer.Config, error) {
	settings, err := installer.Read(installer.Environ(a.env), a.cwd, args, o)
	var around *installer.AroundError
	var broken *installer.ConfigError
	switch {
	case err == nil:
		return settings, nil
	case errors.As(err, &around):
		return settings, usage(around.Hint(), "%w", err)
	case errors.As(err, &broken):
		return settings, usage("correct it; assay reads the same configuration as the installer", "%w", err)
	}
	return settings, usage("", "reading the installer's configuration: %w", err)
}

// network is how the indexes are reached: through the person's own proxy, under
// the system's roots and the person's own, with what was said of single hosts.
type network struct {
	transport *http.Transport
	trust     intercept.Trust
	roots     []byte // PEM: what the command shall go on trusting
}

func (a *app) network(settings installer.Config) (*network, error) {
	roots, err := installer.Roots(installer.Environ(a.env), settings)
	if err != nil {
		return nil, usage("correct the setting, or unset it", "reading the roots: %w", err)
	}
	n := &network{transport: index.NewTransport(&tls.Config{MinVersion: tls.VersionTLS12}), roots: roots}
	n.trust.Roots = sync.OnceValue(func() *x509.CertPool { return rootPool(roots, rootFolders) })
	choose := installer.Proxy(installer.Environ(a.env), settings)
	n.transport.Proxy = func(r *http.Request) (*url.URL, error) { return choose(r.URL) }
	for _, c := range settings.ClientCerts {
		pair, err := tls.LoadX509KeyPair(c.Cert, cmp.Or(c.Key, c.Cert))
		if err != nil {
			return nil, usage("correct the setting, or unset it", "the client certificate %s (%s): %w", shown(c.Cert), c.Origin, err)
		}
		n.trust.Certificates = append(n.trust.Certificates, intercept.ClientCertificate{Host: c.Host, Certificate: pair})
	}
	for _, s := range settings.Insecure {
		n.trust.Insecure = append(n.trust.Insecure, s.Value)
	}
	return n, nil
}

// client asks indexes, showing what is known to those that want credentials.
// Signatures are looked for where beside says.
func (n *network) client(known *credentials, beside func(assay.Artifact) []index.Beside) *index.Client {
	return index.New(index.Options{Transport: intercept.NewUpstream(n.transport.Clone(), n.trust), UserAgent: userAgent(), Credentials: known.of,
		Outside: intercept.Outside, Beside: beside})
}

// upstream answers the catalog's questions about the indexes behind it.
type upstream struct {
	index.Upstream
	pages []string // by Key: of configured indexes, and of further pages with files
}

func upstreamOf(client *index.Client, settings installer.Config) upstream {
	u := upstream{Upstream: index.Upstream{Client: client, Indexes: bases(settings)}}
	add := func(raw string) {
		if at, err := url.Parse(raw); err == nil {
			u.pages = append(u.pages, strings.TrimSuffix(index.Key(at), "/"))
		}
	}
	for _, ix := range settings.Indexes {
		add(ix.URL.String())
	}
	for _, link := range settings.FindLinks {
		if !link.Local {
			add(link.Where)
		}
	}
	return u
}

// Configured reports whether a page is one of a configured index, or one of links
// that is configured. Where a part of its path may lead elsewhere it is none.
func (u upstream) Configured(page *url.URL) bool {
	key := index.Key(page)
	for _, part := range strings.Split(key, "/") {
		if part == "." || part == ".." {
			return false
		}
	}
	return slices.ContainsFunc(u.pages, func(p string) bool { return key == p || strings.HasPrefix(key, p+"/") })
}

// Key renders a URL so that two spellings of one resource compare equal.
func (upstream) Key(u *url.URL) string { return index.Key(u) }

func bases(settings installer.Config) []string {
	out := make([]string, len(settings.Indexes))
	for i, ix := range settings.Indexes {
		out[i] = ix.Base()
	}
	return out
}

// credentials knows what to show to which origin: what the configuration says,
// and what the command itself was seen to send there. They live in memory only.
type credentials struct {
	configured func(origin string) (user, password string, ok bool)
	mu         sync.Mutex
	sent       map[string]*url.Userinfo // by origin
}

func (a *app) credentials(settings installer.Config) (*credentials, error) {
	configured, err := installer.Credentials(a.env, settings)
	if err != nil {
		return nil, usage("correct it; assay reads the same credentials as the installer", "reading credentials: %w", err)
	}
	return &credentials{configured: configured, sent: map[string]*url.Userinfo{}}, nil
}

// of returns what is known for an origin.
func (c *credentials) of(origin string) (user, password string, ok bool) {
	c.mu.Lock()
	u, ok := c.sent[origin]
	c.mu.Unlock()
	if !ok {
		return c.configured(origin)
	}
	password, _ = u.Password()
	return u.Username(), password, true
}

// seen notes the Authorization header that the command sent to an origin. Other
// schemes than Basic cannot be repeated and are left alone.
func (c *credentials) seen(origin, authorization string) {
	encoded, ok := strings.CutPrefix(authorization, "Basic ")
	if !ok {
		return
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return
	}
	user, password, ok := strings.Cut(string(plain), ":")
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent[origin] = url.UserPassword(user, password)
}

// indexClient is the client of the commands that ask indexes themselves.
func (a *app) indexClient(settings installer.Config, beside func(assay.Artifact) []index.Beside) (*index.Client, error) {
	n, err := a.network(settings)
	if err != nil {
		return nil, err
	}
	known, err := a.credentials(settings)
	if err != nil {
		return nil, err
	}
	return n.client(known, beside), nil
}

// userAgent is how Assay names itself to indexes.
func userAgent() string { return fmt.Sprintf("assay/%s", version) }
