package intercept_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"assay/internal/catalog"
	"assay/internal/intercept"
)

const streamSize = 100 << 20

// BenchmarkStream100MB streams a file of 100 MB over TLS on both sides, through
// the proxy (hashing it) and through nginx as a reverse proxy, in turns, with one
// client and one upstream. It reports the median of each in MB/s and their ratio:
// with nginx as it comes, and with large buffers, where it is fastest.
func BenchmarkStream100MB(b *testing.B) {
	b.Run("nginx=plain", func(b *testing.B) { benchmarkStream(b, "") })
	b.Run("nginx=tuned", func(b *testing.B) {
		benchmarkStream(b, "proxy_buffer_size 64k; proxy_buffers 16 256k; proxy_busy_buffers_size 1m;")
	})
}

func benchmarkStream(b *testing.B, tuning string) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		b.Skip("nginx is not installed: there is nothing to compare with")
	}
	dir := b.TempDir()
	content := make([]byte, streamSize)
	if _, err := rand.Read(content); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "big-1.0-py3-none-any.whl"), content, 0o644); err != nil {
		b.Fatal(err)
	}
	roots := serverCert(b, dir)
	upstream, reverse := startNginx(b, nginx, dir, tuning)

	w := newWorld(b, http.NotFoundHandler(), func(c *intercept.Config) {
		t := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
		intercept.Tune(t)
		b.Cleanup(t.CloseIdleConnections)
		c.Upstream = t
	})
	file := promise("big-1.0-py3-none-any.whl", content)
	w.desk.file = func(*url.URL) (*catalog.File, error) { return file, nil }
	direct := &http.Client{Transport: &http.Transport{DisableCompression: true, ReadBufferSize: 64 << 10,
		TLSClientConfig: &tls.Config{RootCAs: roots}}}
	b.Cleanup(direct.CloseIdleConnections)

	const name = "/big-1.0-py3-none-any.whl"
	fetch(b, direct, "https://"+reverse+name)
	fetch(b, w.client, "https://"+upstream+name)
	var ours, theirs, ratios []float64
	b.ResetTimer()
	for range b.N {
		n := fetch(b, direct, "https://"+reverse+name)
		a := fetch(b, w.client, "https://"+upstream+name)
		ours, theirs, ratios = append(ours, a), append(theirs, n), append(ratios, a/n)
	}
	b.ReportMetric(median(ours), "assay-MB/s")
	b.ReportMetric(median(theirs), "nginx-MB/s")
	b.ReportMetric(median(ratios), "ratio")
}

// fetch returns the rate in MB/s at which the whole body came.
func fetch(b *testing.B, c *http.Client, u string) float64 {
	b.Helper()
	start := time.Now()
	resp, err := c.Get(u)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 256<<10)
	var n int
	for {
		m, err := resp.Body.Read(buf)
		n += m
		if err == io.EOF {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if resp.StatusCode != http.StatusOK || n != streamSize {
		b.Fatalf("status %d, %d bytes", resp.StatusCode, n)
	}
	return float64(n) / 1e6 / time.Since(start).Seconds()
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

// serverCert writes cert.pem and key.pem for 127.0.0.1 and returns who trusts it.
func serverCert(b *testing.B, dir string) *x509.CertPool {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		b.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		b.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}

const nginxConfig = `%[4]s
daemon off; worker_processes 2; pid %[1]s/pid; error_log stderr;
events { worker_connections 64; }
http {
  access_log off; sendfile on; tcp_nopush on;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  ssl_certificate %[1]s/cert.pem; ssl_certificate_key %[1]s/key.pem; ssl_protocols TLSv1.2 TLSv1.3;
  upstream files { server 127.0.0.1:%[2]d; keepalive 8; }
  server { listen 127.0.0.1:%[2]d ssl; root %[1]s; keepalive_requests 100000; }
  server {
    listen 127.0.0.1:%[3]d ssl; keepalive_requests 100000;
    location / {
      proxy_pass https://files; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_max_temp_file_size 0; %[5]s
      proxy_ssl_verify on; proxy_ssl_trusted_certificate %[1]s/cert.pem; proxy_ssl_name localhost;
    }
  }
}
`

// startNginx serves dir over TLS on one address, and as a reverse proxy to that,
// TLS on both sides, on another.
func startNginx(b *testing.B, nginx, dir, tuning string) (upstream, reverse string) {
	b.Helper()
	up, rev := freePort(b), freePort(b)
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConfig, dir, up, rev, user, tuning), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(nginx, "-c", conf, "-p", dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	upstream, reverse = fmt.Sprintf("127.0.0.1:%d", up), fmt.Sprintf("127.0.0.1:%d", rev)
	for range 100 {
		if c, err := net.Dial("tcp", reverse); err == nil {
			_ = c.Close()
			return upstream, reverse
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.Fatal("nginx does not start")
	return "", ""
}

func freePort(b *testing.B) int {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
