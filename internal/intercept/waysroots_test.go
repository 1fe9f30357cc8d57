package intercept_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"assay/internal/intercept"
)

// TestRootsAreReadWhenTLSIsSpoken has roots that would take a while to read.
func TestRootsAreReadWhenTLSIsSpoken(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	var reads atomic.Int32
	trust := intercept.Trust{Roots: func() *x509.CertPool {
		reads.Add(1)
		return secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	}}
	var via *url.URL
	up := intercept.NewUpstream(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()},
		Proxy: func(*http.Request) (*url.URL, error) { return via, nil }}, trust)
	defer up.CloseIdleConnections()
	ask := func(address string) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := up.RoundTrip(r)
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	dial := up.Dialer()
	connect := func() {
		if c, err := dial(context.WithoutCancel(t.Context()), plain.Listener.Addr().String()); err == nil {
			c.Close()
		}
	}
	if err := ask(plain.URL); err != nil || reads.Load() != 0 {
		t.Errorf("without TLS: %v, read %d times", err, reads.Load())
	}
	if connect(); reads.Load() != 0 {
		t.Errorf("for a tunnel without TLS: read %d times", reads.Load())
	}
	for range 2 {
		if err := ask(secure.URL); err != nil || reads.Load() != 1 {
			t.Errorf("with TLS: %v, read %d times", err, reads.Load())
		}
	}
	// The proxy speaks TLS itself, and is no proxy: what counts is that it is believed.
	via, _ = url.Parse(secure.URL)
	if err := ask(plain.URL); err != nil || reads.Load() != 2 {
		t.Errorf("through a proxy: %v, read %d times", err, reads.Load())
	}
	if connect(); reads.Load() != 3 {
		t.Errorf("for a tunnel through a proxy: read %d times", reads.Load())
	}
}
