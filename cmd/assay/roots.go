package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	// maxRootFiles is how many files of one folder are read, maxRootFile how large
	// one may be, in bytes.
	maxRootFiles = 4096
	maxRootFile  = 8 << 20
)

// rootFolders are where systems keep single certificates, as Go's crypto/x509
// looks for them (root_linux.go, root_bsd.go).
var rootFolders = []string{"/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/local/share/certs", "/etc/openssl/certs"}

// rootPool returns the roots to verify indexes under: those in bundle, in PEM, and
// the system's other ones.
//
// It is x509.SystemCertPool with the bundle's added. But where the system keeps
// its roots in files, nearly all are in the bundle by now and once more, or more
// often, in folders: what was seen is not parsed again, which takes most of the
// time.
func rootPool(bundle []byte, folders []string) *x509.CertPool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		pool, err := x509.SystemCertPool() // asks the system when it verifies
		if err != nil {
			pool = x509.NewCertPool()
		}
		pool.AppendCertsFromPEM(bundle)
		return pool
	}
	pool := x509.NewCertPool()
	seen := map[[sha256.Size]byte]bool{}
	add := func(data []byte) {
		for {
			var block *pem.Block
			if block, data = pem.Decode(data); block == nil {
				return
			}
			sum := sha256.Sum256(block.Bytes)
			if block.Type != "CERTIFICATE" || seen[sum] {
				continue
			}
			seen[sum] = true
			if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
				pool.AddCert(cert)
			}
		}
	}
	add(bundle)
	for _, folder := range folders {
		for _, path := range rootFiles(folder) {
			if data, err := os.ReadFile(path); err == nil {
				add(data)
			}
		}
	}
	return pool
}

// rootFiles lists a folder's files, but not the links by which OpenSSL finds them
// there. A folder that cannot be read has none.
func rootFiles(folder string) []string {
	entries, _ := os.ReadDir(folder)
	var files []string
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		if to, err := os.Readlink(path); err == nil && !strings.Contains(to, "/") {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() <= maxRootFile && len(files) < maxRootFiles {
			files = append(files, path)
		}
	}
	return files
}
