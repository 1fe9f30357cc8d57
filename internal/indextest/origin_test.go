package indextest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"

	"assay/internal/indextest"
)

// trusting is a client that trusts the server's authority and nothing else, and
// connects to the server whatever the URL's host is.
func trusting(t *testing.T, s *indextest.Server, pairs ...tls.Certificate) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CertificatePEM()) {
		t.Fatal("no certificate")
	}
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Addr())
		},
		TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: pairs}, DisableKeepAlives: true,
	}}
}

func TestRealms(t *testing.T) {
	s := indextest.Start(t, "-- index --\nrealm: all / me secret\nrealm: files /packages/ you other\n"+small)
	f := file(t, s, wheelName)
	for _, c := range []struct {
		url, user, password, realm string
		status                     int
	}{
		{s.SimpleURL(), "", "", "all", 401},
		{s.SimpleURL(), "you", "other", "all", 401},
		{s.SimpleURL(), "me", "secret", "", 200},
		{f.URL, "me", "secret", "files", 401},
		{f.URL, "you", "other", "", 200},
	} {
		r, err := http.NewRequest(http.MethodGet, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.user != "" {
			r.SetBasicAuth(c.user, c.password)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		want := ""
		if c.realm != "" {
			want = `Basic realm="` + c.realm + `"`
		}
		if resp.StatusCode != c.status || resp.Header.Get("WWW-Authenticate") != want {
			t.Errorf("%s as %q: %d, %q", c.url, c.user, resp.StatusCode, resp.Header.Get("WWW-Authenticate"))
		}
	}
	if a, b, c := s.Challenges("all"), s.Challenges("files"), s.Challenges(""); a != 2 || b != 1 || c != 3 {
		t.Errorf("challenges: %d, %d, %d", a, b, c)
	}
}

func TestClientCertificates(t *testing.T) {
	s := indextest.Start(t, "-- index --\nclient-cert: required\n"+small)
	if !strings.HasPrefix(s.URL(), "https://") {
		t.Fatalf("URL = %s", s.URL())
	}
	if resp, err := trusting(t, s).Get(s.SimpleURL()); err == nil {
		t.Errorf("without a certificate: %s", resp.Status)
	}
	pair := func(s *indextest.Server) tls.Certificate {
		both, err := s.ClientPEM("alice")
		if err != nil {
			t.Fatal(err)
		}
		out, err := tls.X509KeyPair(both, both)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	other := indextest.Start(t, small, indextest.WithClientCertificates())
	if resp, err := trusting(t, s, pair(other)).Get(s.SimpleURL()); err == nil {
		t.Errorf("with another authority's certificate: %s", resp.Status)
	}
	resp, err := trusting(t, s, pair(s)).Get(s.SimpleURL())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := s.Requests(); len(got) != 1 || got[0].Client != "alice" || got[0].Status != 200 {
		t.Errorf("requests = %+v", got)
	}
	plain := indextest.Start(t, small)
	if _, err := plain.ClientPEM("alice"); err == nil || err.Error() != "indextest: a client's certificate needs a server with TLS that was started" {
		t.Errorf("error = %v", err)
	}
}

func TestIPv6(t *testing.T) {
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skipf("there is no IPv6 loopback here: %v", err)
	} else {
		l.Close()
	}
	s := indextest.Start(t, small, indextest.WithTLS(), indextest.WithAddr("[::1]:0"))
	if !strings.HasPrefix(s.URL(), "https://[::1]:") || strings.TrimPrefix(s.HostURL("localhost"), "https://localhost") != strings.TrimPrefix(s.URL(), "https://[::1]") {
		t.Errorf("URL = %s, HostURL = %s", s.URL(), s.HostURL("localhost"))
	}
	resp, err := trusting(t, s).Get(s.SimpleURL())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func TestNamesOfItsOwn(t *testing.T) {
	s := indextest.Start(t, small, indextest.WithTLS(), indextest.WithURL("https://index.test"), indextest.WithFilesURL("https://files.test"))
	client := trusting(t, s)
	r, err := http.NewRequest(http.MethodGet, "https://index.test/simple/demo/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", typeJSON)
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var p jsonPage
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	url, provenance := p.Files[0]["url"].(string), p.Files[0]["provenance"].(string)
	if url != file(t, s, wheelName).URL || !strings.HasPrefix(url, "https://files.test/packages/") || !strings.HasPrefix(provenance, "https://index.test/integrity/") {
		t.Errorf("url = %s, provenance = %s", url, provenance)
	}
	for _, u := range []string{url, provenance} {
		resp, err := client.Get(u)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %v", u, err)
		}
		resp.Body.Close()
	}
	if _, err := client.Get("https://third.test/"); err == nil {
		t.Error("the certificate is good for a third name")
	}
}

func TestHost(t *testing.T) {
	s := indextest.Start(t, small, indextest.WithHost("localhost"))
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if want := "http://localhost:" + port; s.URL() != want || !strings.HasPrefix(file(t, s, wheelName).URL, want+"/packages/") {
		t.Errorf("URL = %s, file at %s", s.URL(), file(t, s, wheelName).URL)
	}
}

func TestCertificateForAnotherName(t *testing.T) {
	s := indextest.Start(t, small, indextest.WithCertificateFor("other.example.invalid"))
	_, err := trusting(t, s).Get(s.SimpleURL())
	if err == nil || !strings.Contains(err.Error(), "doesn't contain any IP SANs") {
		t.Errorf("error = %v", err)
	}
}
