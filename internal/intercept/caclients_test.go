package intercept

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// clients ask for a URL through a proxy under a bundle of roots; {proxy},
// {bundle}, {host} and {dir} are filled in. Whether they believed the certificate
// is seen by whether their request arrives.
var clients = []struct {
	name string
	args []string
	env  []string
}{
	{"curl", []string{"curl", "-sS", "--noproxy", "", "--proxy", "http://{proxy}", "--cacert", "{bundle}", "https://{host}:8443/"}, nil},
	{"git", []string{"git", "ls-remote", "https://{host}:8443/x.git"}, []string{"https_proxy=http://{proxy}", "GIT_SSL_CAINFO={bundle}", "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"}},
	{"uv", []string{"uv", "pip", "install", "--dry-run", "--no-config", "--no-cache", "--target", "{dir}", "--index-url", "https://{host}:8443/simple/", "x"},
		[]string{"https_proxy=http://{proxy}", "SSL_CERT_FILE={bundle}", "UV_HTTP_RETRIES=0", "UV_PYTHON_DOWNLOADS=never"}},
	{"python", []string{"python3", "-c", strictPython, "{proxy}", "{bundle}", "{host}"}, nil},
}

// strictPython verifies as Python does by default since 3.13.
const strictPython = `
import socket, ssl, sys
proxy, bundle, host = sys.argv[1:]
name, port = proxy.rsplit(":", 1)
s = socket.create_connection((name, int(port)))
where = ("[%s]" if ":" in host else "%s") % host + ":8443"
s.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (where, where)).encode())
while not s.recv(65536).endswith(b"\r\n\r\n"): pass
c = ssl.create_default_context(cafile=bundle)
c.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
t = c.wrap_socket(s, server_hostname=host)
t.sendall(("GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % where).encode())
print(t.recv(100))
`

// front is a server that answers every connection as whatever certificate says.
type front struct {
	proxy       string
	certificate atomic.Pointer[tls.Certificate]
	arrived     atomic.Int32
}

func newFront(t *testing.T) *front {
	t.Helper()
	f := &front{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		f.arrived.Add(1)
		http.Error(rw, "it is only about the connection", http.StatusNotFound)
	}))
	server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{Certificates: []tls.Certificate{*f.certificate.Load()}}, nil
	}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f.proxy = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go connectTo(c, server.Listener.Addr().String())
		}
	}()
	return f
}

// connectTo answers CONNECT to anywhere with a connection to address.
func connectTo(c net.Conn, address string) {
	defer c.Close()
	in := bufio.NewReader(c)
	if r, err := http.ReadRequest(in); err != nil || r.Method != http.MethodConnect {
		return
	}
	up, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer up.Close()
	if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(up, in)
		_ = up.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(c, up)
}

// TestRealClients has real clients believe what may be named, at its time, and
// nothing else, although the authority's own key signed it.
func TestRealClients(t *testing.T) {
	ca := newTestCA(t, CAOptions{Indexes: []string{"10.0.0.5:443"}, Tunnel: []string{"*.tunnelled.example"}})
	open := newTestCA(t, CAOptions{})
	ca.tended.Stop() // the root's key is still needed
	f := newFront(t)
	dir := t.TempDir()
	bundles := map[*CA]string{ca: filepath.Join(dir, "ca.pem"), open: filepath.Join(dir, "open.pem")}
	for ca, path := range bundles {
		if err := ca.Publish(path, nil); err != nil {
			t.Fatal(err)
		}
	}
	issued := func(ca *CA, host string, at time.Time) *tls.Certificate {
		t.Helper()
		by := &ca.series[0].issuers[0]
		cert, err := ca.issue(host, by, at)
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	cases := []struct {
		name, host, bundle string
		cert               *tls.Certificate
		believed           bool
	}{
		{"an index", "index.example", bundles[ca], issued(ca, "index.example", time.Now()), true},
		{"an index's address", "10.0.0.5", bundles[ca], issued(ca, "10.0.0.5", time.Now()), true},
		{"another address", "10.0.0.6", bundles[ca], issued(ca, "10.0.0.6", time.Now()), false},
		{"an address where none is permitted", "10.0.0.5", bundles[open], issued(open, "10.0.0.5", time.Now()), false},
		{"what is tunnelled", "git.tunnelled.example", bundles[ca], issued(ca, "git.tunnelled.example", time.Now()), false},
		{"another run", "index.example", bundles[ca], issued(open, "index.example", time.Now()), false},
		{"another name", "other.example", bundles[ca], issued(ca, "index.example", time.Now()), false},
		{"an issuer whose time is over", "index.example", bundles[ca], old(t, ca), false},
	}
	for _, client := range clients {
		t.Run(client.name, func(t *testing.T) {
			program, err := exec.LookPath(client.args[0])
			if err != nil {
				t.Skipf("%s is not installed: run 'make tools'", client.args[0])
			}
			for _, c := range cases {
				f.certificate.Store(c.cert)
				f.arrived.Store(0)
				fill := strings.NewReplacer("{proxy}", f.proxy, "{bundle}", c.bundle, "{host}", c.host, "{dir}", t.TempDir())
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				cmd := exec.CommandContext(ctx, program)
				for _, arg := range client.args[1:] {
					cmd.Args = append(cmd.Args, fill.Replace(arg))
				}
				cmd.Dir = t.TempDir()
				cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
				for _, kv := range client.env {
					cmd.Env = append(cmd.Env, fill.Replace(kv))
				}
				out, _ := cmd.CombinedOutput()
				cancel()
				if believed := f.arrived.Load() > 0; believed != c.believed {
					t.Errorf("%s: believed %v, want %v\n%s", c.name, believed, c.believed, out)
				}
			}
		})
	}
}

// old is a certificate of today by an issuer of yesterday, below a root of today:
// there are clients that take no dates from a root.
func old(t *testing.T, ca *CA) *tls.Certificate {
	t.Helper()
	s := *ca.series[0]
	s.start = s.start.Add(-2 * issuerLife)
	by, err := s.issuer(1, s.key, ca.scope)
	if err != nil {
		t.Fatal(err)
	}
	lasting := *by.cert
	lasting.NotAfter = time.Now().Add(time.Hour)
	cert, err := ca.issue("index.example", &issuer{cert: &lasting, key: by.key}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// TestOpenSSLIsStrict has OpenSSL verify a chain as strictly as it can.
func TestOpenSSLIsStrict(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	ca := newTestCA(t, CAOptions{Indexes: []string{"127.0.0.1"}})
	for host, flag := range map[string]string{"index.example": "-verify_hostname", "127.0.0.1": "-verify_ip"} {
		config, err := ca.config(host)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		roots, leaf, between := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "leaf.pem"), filepath.Join(dir, "issuer.pem")
		chain := config.Certificates[0].Certificate
		for name, data := range map[string][]byte{roots: ca.Bundle(nil),
			leaf: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain[0]}), between: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain[1]})} {
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out, err := exec.Command(openssl, "verify", "-x509_strict", "-check_ss_sig", "-purpose", "sslserver", flag, host, "-CAfile", roots, "-untrusted", between, leaf).CombinedOutput()
		if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), ": OK") {
			t.Errorf("%s: %v\n%s", host, err, out)
		}
	}
}
