package main

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"assay/internal/indextest/localca"
)

// TestRootPool finds what lies in folders only, beside what the bundle has.
func TestRootPool(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("the system keeps its roots itself")
	}
	var pems [][]byte
	for range 4 {
		a, err := localca.New()
		if err != nil {
			t.Fatal(err)
		}
		pems = append(pems, a.PEM())
	}
	bundled, both, single, elsewhere := pems[0], pems[1], pems[2], pems[3]
	folder, other := t.TempDir(), t.TempDir()
	write := func(path string, parts ...[]byte) {
		t.Helper()
		if err := os.WriteFile(path, bytes.Join(parts, []byte("\n# text\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(folder, "all.crt"), bundled, both)
	write(filepath.Join(folder, "single.pem"), single)
	write(filepath.Join(folder, "README"), []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN NOTE-----\nAAAA\n-----END NOTE-----\n"))
	write(filepath.Join(other, "elsewhere.pem"), elsewhere)
	for link, to := range map[string]string{"0a1b2c3d.0": "single.pem", "elsewhere.pem": filepath.Join(other, "elsewhere.pem"), "nowhere.pem": filepath.Join(other, "nowhere")} {
		if err := os.Symlink(to, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "java"), 0o700); err != nil {
		t.Fatal(err)
	}
	if files := rootFiles(folder); len(files) != 4 {
		t.Errorf("read are %q", files)
	}
	want := x509.NewCertPool()
	for _, p := range pems {
		want.AppendCertsFromPEM(p)
	}
	got := rootPool(append(bundled, both...), []string{folder, filepath.Join(folder, "none")})
	if !got.Equal(want) {
		t.Error("the pool holds other roots")
	}
	// It is what the standard library finds, and what the bundle adds.
	system, err := x509.SystemCertPool()
	if err != nil {
		t.Fatal(err)
	}
	system.AppendCertsFromPEM(single)
	all := rootPool(single, rootFolders)
	for _, file := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"} {
		if data, err := os.ReadFile(file); err == nil {
			all.AppendCertsFromPEM(data)
		}
	}
	if os.Getenv("SSL_CERT_FILE") == "" && os.Getenv("SSL_CERT_DIR") == "" && !all.Equal(system) {
		t.Error("the system's roots are others")
	}
}

func BenchmarkRootPool(b *testing.B) {
	bundle, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		b.Skip("there is no bundle")
	}
	b.Run("assay", func(b *testing.B) {
		for b.Loop() {
			rootPool(bundle, rootFolders)
		}
	})
	b.Run("SystemCertPool", func(b *testing.B) {
		for b.Loop() {
			// It is read once for all: what is measured is its parts.
			pool := x509.NewCertPool()
			pool.AppendCertsFromPEM(bundle)
			for _, path := range rootFiles("/etc/ssl/certs") {
				if data, err := os.ReadFile(path); err == nil {
					pool.AppendCertsFromPEM(data)
				}
			}
			pool.AppendCertsFromPEM(bundle)
		}
	})
}
