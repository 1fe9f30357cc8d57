package installer

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestEnvironment(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("names of variables have one case there")
	}
	env := []string{"PATH=/bin", "no_proxy=a.invalid", "UV_HTTP_TIMEOUT=3", "HTTPS_PROXY=http://corp.invalid", "HTTPS_PROXY=again",
		"SSL_CERT_DIR=/certs", "PIP_CERT=/c.pem", "odd", "UV_CACHE_DIR=/u"}
	setup := Setup{ProxyURL: "http://127.0.0.1:1", MarkedURL: "http://pip:mark@127.0.0.1:1", BundlePath: "/run/b.pem", CacheDir: "/cache"}
	before := strings.Join(env, "\n")
	got := strings.Join(Environment(env, setup), "\n")
	want := `PATH=/bin
no_proxy=
UV_HTTP_TIMEOUT=3
HTTPS_PROXY=http://127.0.0.1:1
PIP_CERT=/run/b.pem
odd
UV_CACHE_DIR=/cache/uv
HTTP_PROXY=http://127.0.0.1:1
http_proxy=http://127.0.0.1:1
https_proxy=http://127.0.0.1:1
ALL_PROXY=http://127.0.0.1:1
all_proxy=http://127.0.0.1:1
NO_PROXY=
PIP_PROXY=http://pip:mark@127.0.0.1:1
REQUESTS_CA_BUNDLE=/run/b.pem
SSL_CERT_FILE=/run/b.pem
CURL_CA_BUNDLE=/run/b.pem
GIT_SSL_CAINFO=/run/b.pem
CARGO_HTTP_CAINFO=/run/b.pem
NODE_EXTRA_CA_CERTS=/run/b.pem
AWS_CA_BUNDLE=/run/b.pem
ASSAY_RUN=http://127.0.0.1:1
VIRTUALENV_NO_PERIODIC_UPDATE=1
PIP_CACHE_DIR=/cache/pip
PIP_TOOLS_CACHE_DIR=/cache/pip-tools
VIRTUALENV_OVERRIDE_APP_DATA=/cache/virtualenv
PDM_CACHE_DIR=/cache/pdm`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if strings.Join(env, "\n") != before {
		t.Error("the given environment was changed")
	}
	setup.CacheDir = ""
	if got := Environ(Environment(env, setup)).Get("UV_CACHE_DIR"); got != "/u" {
		t.Errorf("UV_CACHE_DIR=%s, though caches stay theirs", got)
	}
}

// root makes a certificate, as PEM.
func root(t *testing.T, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// names are the common names of PEM certificates, in order.
func names(t *testing.T, data []byte) string {
	t.Helper()
	var out []string
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return strings.Join(out, " ")
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, cert.Subject.CommonName)
	}
}

func TestRoots(t *testing.T) {
	one, two, three, four, five := root(t, "one"), root(t, "two"), root(t, "three"), root(t, "four"), root(t, "five")
	key := "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	broken := "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	dir := place(t, map[string]string{
		"system.pem": "# the system's\n" + one + two, "file.pem": key + two + broken + three,
		"dir/a.pem": three + four, "dir/sub/b.pem": "", "pip.pem": five + one,
	})
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "dir/link")); err != nil {
		t.Fatal(err)
	}
	defer func(files, dirs []string) { systemBundles, systemDirs = files, dirs }(systemBundles, systemDirs)
	systemBundles, systemDirs = []string{dir + "/none", dir + "/system.pem", dir + "/pip.pem"}, []string{dir + "/dir"}

	for _, tt := range []struct {
		name string
		env  []string
		cert string
		want string
		err  string
	}{
		{"the system's", nil, "", "one two", ""},
		{"each once", []string{"SSL_CERT_FILE=ROOT/file.pem", "SSL_CERT_DIR=ROOT/dir:ROOT/gone:", "PIP_CERT=ROOT/pip.pem"}, "", "one two three four five", ""},
		{"those of what builds run", []string{"CARGO_HTTP_CAINFO=ROOT/pip.pem", "NODE_EXTRA_CA_CERTS=ROOT/file.pem", "AWS_CA_BUNDLE=ROOT/pip.pem"}, "", "one two five three", ""},
		{"the system's folder", []string{"SSL_CERT_DIR=ROOT/"}, "", "one two", ""},
		{"a folder for requests", []string{"REQUESTS_CA_BUNDLE=ROOT/dir"}, "", "one two three four", ""},
		{"what OpenSSL ignores", []string{"SSL_CERT_FILE=ROOT/gone"}, "", "one two", ""},
		{"configured", nil, "ROOT/pip.pem", "one two five", ""},
		{"missing", []string{"PIP_CERT=ROOT/gone"}, "", "", "PIP_CERT: the roots cannot be read: stat ROOT/gone: no such file or directory"},
		{"configured, missing", nil, "ROOT/gone", "", "pip.conf:3: the roots cannot be read: stat ROOT/gone: no such file or directory"},
		{"endless", []string{"CURL_CA_BUNDLE=/dev/zero"}, "", "", "CURL_CA_BUNDLE: the roots cannot be read: read /dev/zero: not a regular file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := Config{}
			if tt.cert != "" {
				config.CertFiles = []Setting{{strings.ReplaceAll(tt.cert, "ROOT", dir), "pip.conf:3"}}
			}
			data, err := Roots(environ(dir, tt.env...), config)
			if got := ""; err != nil {
				if got = strings.ReplaceAll(err.Error(), dir, "ROOT"); got != tt.err {
					t.Errorf("got  %s\nwant %s", got, tt.err)
				}
				return
			}
			if got := names(t, data); tt.err != "" || got != tt.want {
				t.Errorf("got %s, want %s%s", got, tt.want, tt.err)
			}
			if bytes.Contains(data, []byte("PRIVATE")) || bytes.Contains(data, []byte("#")) {
				t.Error("more than certificates came along")
			}
		})
	}

	systemBundles = nil
	if data, err := Roots(environ(dir), Config{}); err != nil || names(t, data) != "three four" {
		t.Errorf("the system's folder: %s, %v", names(t, data), err)
	}
}

// Roots stands between a command and its start.
func BenchmarkRoots(b *testing.B) {
	for name, env := range map[string][]string{
		"system": nil,
		"named":  {"SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt", "SSL_CERT_DIR=/etc/ssl/certs", "PIP_CERT=/etc/ssl/certs/ca-certificates.crt"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Roots(env, Config{}); err != nil {
					b.Skip(err)
				}
			}
		})
	}
}
