package intercept_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"assay/internal/intercept"
)

// TestJumpsOfTheClock moves the clock of proxy and client to and fro: connections
// are opened all the same, and none that stands is lost.
func TestJumpsOfTheClock(t *testing.T) {
	var offset atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	ca, err := intercept.NewCA(intercept.CAOptions{Indexes: []string{"127.0.0.1"}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer ca.Close()
	w := newWorld(t, hello, func(c *intercept.Config) { c.CA = ca })
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca.Bundle(nil)) {
		t.Fatal("the bundle holds no certificate")
	}
	client := func() *http.Client {
		c := w.newClient()
		c.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots, Time: now}
		t.Cleanup(c.CloseIdleConnections)
		return c
	}
	ask := func(what string, c *http.Client) {
		t.Helper()
		resp, err := c.Get(w.up.URL + "/x")
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); string(body) != "hello" || err != nil {
			t.Errorf("%s: %q, %v", what, body, err)
		}
	}
	standing := client()
	ask("at first", standing)
	for _, jump := range []time.Duration{20 * time.Minute, 45 * time.Minute, 3 * time.Hour, 10 * time.Hour, 20 * time.Minute, 0, -30 * time.Minute} {
		offset.Store(int64(jump))
		ask("a new connection at "+jump.String(), client())
		ask("the standing connection at "+jump.String(), standing)
	}
}
