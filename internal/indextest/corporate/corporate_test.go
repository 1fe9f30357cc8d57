package corporate_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"assay/internal/indextest"
	"assay/internal/indextest/corporate"
)

const archive = "-- demo-1.0-py3-none-any.whl --\n"

// through asks by way of a proxy; pem are the roots to trust.
func through(t *testing.T, proxy, ask string, pem ...[]byte) (int, string, error) {
	t.Helper()
	u, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	for _, p := range pem {
		pool.AppendCertsFromPEM(p)
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(u), TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	resp, err := client.Get(ask)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func TestProxyLeadsNames(t *testing.T) {
	for _, front := range []bool{false, true} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(fmt.Sprintf("tls=%v %s", front, scheme), func(t *testing.T) {
				options := []indextest.Option{indextest.WithURL(scheme + "://index.test")}
				port := "80"
				if scheme == "https" {
					options, port = append(options, indextest.WithTLS()), "443"
				}
				index := indextest.Start(t, archive, options...)
				p := corporate.Start(t, corporate.Options{User: "alice", Password: "s3cr:et", TLS: front})
				p.Lead("index.test:"+port, index.Addr())
				roots := [][]byte{index.CertificatePEM(), p.CertificatePEM()}

				if status, _, err := through(t, p.URL(), index.SimpleURL(), roots...); status != 407 && (err == nil || !strings.Contains(err.Error(), "Proxy Authentication Required")) {
					t.Errorf("without credentials: %d, %v", status, err)
				}
				status, body, err := through(t, p.UserURL(), index.SimpleURL()+"demo/", roots...)
				if err != nil || status != 200 || !strings.Contains(body, scheme+"://index.test/packages/") {
					t.Errorf("with credentials: %d, %v, %s", status, err, body)
				}
				method := map[string]string{"http": "GET", "https": "CONNECT"}[scheme]
				want := fmt.Sprintf("[%s index.test:%s 407 %s index.test:%s 200]", method, port, method, port)
				if got := fmt.Sprint(p.Requests()); got != want {
					t.Errorf("requests = %s, want %s", got, want)
				}
				if got := p.Requests()[1].User; got != "alice" {
					t.Errorf("user = %q", got)
				}
				for _, q := range index.Requests() {
					if q.User != "" || q.Host != "index.test" {
						t.Errorf("the index was shown %+v", q)
					}
				}
			})
		}
	}
}

func TestProxyStaysOnLoopback(t *testing.T) {
	p := corporate.Start(t, corporate.Options{})
	status, body, err := through(t, p.URL(), "http://other.example.invalid/")
	if err != nil || status != 502 || !strings.Contains(body, "the proxy leads nowhere but to loopback: other.example.invalid:80") {
		t.Errorf("%d, %v, %s", status, err, body)
	}
	if _, err := corporate.New(corporate.Options{Addr: "0.0.0.0:0"}); err == nil || err.Error() != `corporate: "0.0.0.0:0" is not a loopback address` {
		t.Errorf("error = %v", err)
	}
}

func TestProxyFails(t *testing.T) {
	index := indextest.Start(t, archive)
	p := corporate.Start(t, corporate.Options{})
	p.Fail(503)
	p.Lead("index.test:80", index.Addr())
	if status, _, err := through(t, p.URL(), "http://index.test/simple/"); err != nil || status != 503 || p.Count("index.test:80", 503) != 1 {
		t.Errorf("failing: %d, %v, %v", status, err, p.Requests())
	}
	p.Fail(0)
	if status, _, err := through(t, p.URL(), "http://index.test/simple/"); err != nil || status != 200 {
		t.Errorf("working: %d, %v", status, err)
	}
	p.HangUp()
	if status, _, err := through(t, p.URL(), "http://index.test/simple/"); err == nil {
		t.Errorf("hanging up: %d", status)
	}
}
