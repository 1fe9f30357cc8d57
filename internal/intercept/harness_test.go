package intercept_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"sync"
	"testing"
	"time"

	"assay"
	"assay/internal/catalog"
	"assay/internal/engine"
	"assay/internal/gate"
	"assay/internal/intercept"
)

// desk is a Desk that does as it is told and remembers what it was asked.
type desk struct {
	page     func(u *url.URL, contentType string, body []byte) (catalog.Page, error)
	file     func(u *url.URL) (*catalog.File, error)
	conclude func(f *catalog.File, c assay.Content) (assay.Decision, error)

	mu      sync.Mutex
	asked   []string
	broken  []string
	refused map[string]bool // by file name, once it broke or was denied
}

func (d *desk) note(s string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, s)
}

func (d *desk) log() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.asked...)
}

func (d *desk) causes() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.broken...)
}

func (d *desk) remember(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refused == nil {
		d.refused = map[string]bool{}
	}
	d.refused[name] = true
}

func (d *desk) Page(_ context.Context, u *url.URL, contentType string, body []byte) (catalog.Page, error) {
	d.note("page " + u.Path)
	if d.page != nil {
		return d.page(u, contentType, body)
	}
	return catalog.Page{Body: body}, nil
}

func (d *desk) File(_ context.Context, u *url.URL) (*catalog.File, error) {
	name := path.Base(u.Path)
	d.note("file " + u.Path)
	d.mu.Lock()
	no := d.refused[name]
	d.mu.Unlock()
	if no {
		return deny(name, assay.DigestMismatch), nil
	}
	if d.file != nil {
		return d.file(u)
	}
	return &catalog.File{Judgement: engine.Judgement{Subject: assay.Subject{Artifact: assay.Artifact{Filename: name}},
		Decision: assay.Decision{Verdict: assay.Allow}}}, nil
}

func (d *desk) Conclude(_ context.Context, f *catalog.File, c assay.Content) (assay.Decision, error) {
	d.note("conclude")
	if d.conclude != nil {
		return d.conclude(f, c)
	}
	for _, p := range f.Promised {
		if got, ok := c.Digest(p.Algorithm); !ok || got != p {
			d.remember(f.Judgement.Subject.Artifact.Filename)
			return assay.Refuse(f.Judgement.Subject.Artifact, assay.DigestMismatch, ""), nil
		}
	}
	return assay.Decision{Verdict: assay.Allow}, nil
}

func (d *desk) Broken(_ context.Context, f *catalog.File, code assay.Code, detail string) (assay.Decision, error) {
	d.mu.Lock()
	d.broken = append(d.broken, string(code)+": "+detail)
	d.mu.Unlock()
	if code == assay.FileTruncated {
		d.remember(f.Judgement.Subject.Artifact.Filename)
	}
	return assay.Refuse(f.Judgement.Subject.Artifact, code, ""), nil
}

func (d *desk) Unread(_ context.Context, u *url.URL, code assay.Code, detail string) (assay.Decision, error) {
	d.note("unread " + u.Path + " " + string(code) + ": " + detail)
	return assay.Refuse(assay.Artifact{}, code, detail), nil
}

func deny(name string, code assay.Code) *catalog.File {
	a := assay.Artifact{Filename: name}
	return &catalog.File{Judgement: engine.Judgement{Subject: assay.Subject{Artifact: a}, Decision: assay.Refuse(a, code, "")}}
}

func promise(name string, content []byte) *catalog.File {
	h := assay.NewHasher(nil)
	h.Write(content)
	a := assay.Artifact{Filename: name, Digests: h.Content().Digests, Size: int64(len(content))}
	return &catalog.File{Judgement: engine.Judgement{Subject: assay.Subject{Artifact: a}, Decision: assay.Decision{Verdict: assay.Allow}},
		Promised: a.Digests, Size: a.Size}
}

// world is an upstream, a proxy before it, and a client that uses it.
type world struct {
	desk   *desk
	up     *httptest.Server
	proxy  *intercept.Proxy
	client *http.Client
	roots  *x509.CertPool // what the client trusts
	ca     *intercept.CA
}

type option func(*intercept.Config)

func withLimits(l gate.Limits) option { return func(c *intercept.Config) { c.Limits = l } }

func newWorld(t testing.TB, handler http.Handler, options ...option) *world {
	t.Helper()
	w := &world{desk: &desk{}}
	w.up = httptest.NewTLSServer(handler)
	t.Cleanup(w.up.Close)
	ca, err := intercept.NewCA(intercept.CAOptions{Indexes: []string{"127.0.0.1", "[::1]"}})
	if err != nil {
		t.Fatal(err)
	}
	w.ca = ca
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()}}
	transport.TLSClientConfig.RootCAs.AddCert(w.up.Certificate())
	intercept.Tune(transport)
	t.Cleanup(transport.CloseIdleConnections)
	config := intercept.Config{Desk: w.desk, CA: ca, Upstream: transport, SpoolDir: t.TempDir()}
	for _, o := range options {
		o(&config)
	}
	w.proxy, err = intercept.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		w.proxy.Close(ctx)
	})
	w.roots = x509.NewCertPool()
	if !w.roots.AppendCertsFromPEM(ca.Bundle(nil)) {
		t.Fatal("the bundle holds no certificate")
	}
	w.client = w.newClient()
	t.Cleanup(w.client.CloseIdleConnections)
	return w
}

func (w *world) newClient() *http.Client {
	proxy, _ := url.Parse(w.proxy.URL())
	return &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyURL(proxy), DisableCompression: true,
			ReadBufferSize: 64 << 10, TLSClientConfig: &tls.Config{RootCAs: w.roots}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}
}
