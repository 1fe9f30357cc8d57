package installer

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// systemBundles are the files in which systems keep the roots they trust, and
// systemDirs the folders, as Go's crypto/x509 looks for them (root_linux.go,
// root_bsd.go). The first file that exists counts, and a folder where none does.
var (
	systemBundles = []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Gentoo, Arch
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL 6
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/pki/tls/cacert.pem",                           // OpenELEC
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // CentOS, RHEL 7
		"/etc/ssl/cert.pem",                                 // Alpine, macOS, BSD
		"/usr/local/etc/ssl/cert.pem",                       // FreeBSD
		"/usr/local/share/certs/ca-root-nss.crt",            // DragonFly
	}
	systemDirs = []string{"/etc/ssl/certs", "/etc/pki/tls/certs", "/system/etc/security/cacerts"}
)

// Roots returns, as PEM, the certificates that the person's programs trust: the
// system's own, those that the environment names for OpenSSL, requests, curl,
// git and pip, and those that the installer's configuration names. Each
// certificate is in it once. It is what belongs into the child's bundle beside
// Assay's own, and what Assay trusts towards the indexes.
//
// A file that is named and cannot be read is an error, except for SSL_CERT_FILE
// and SSL_CERT_DIR, whose readers ignore what is not there.
func Roots(env []string, config Config) ([]byte, error) {
	e := Environ(env)
	b := bundle{seen: map[[sha256.Size]byte]bool{}}
	if err := b.system(systemBundles, systemDirs); err != nil {
		return nil, err
	}
	if path := e.Get("SSL_CERT_FILE"); path != "" {
		if err := b.optional(path, "SSL_CERT_FILE"); err != nil {
			return nil, err
		}
	}
	for _, dir := range filepath.SplitList(e.Get("SSL_CERT_DIR")) {
		if dir == "" {
			continue
		}
		if err := b.optional(dir, "SSL_CERT_DIR"); err != nil {
			return nil, err
		}
	}
	named := config.CertFiles
	for _, key := range []string{"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT"} {
		if path := e.Get(key); path != "" {
			named = append(named[:len(named):len(named)], Setting{path, key})
		}
	}
	for _, s := range named {
		if err := b.add(s.Value, s.Origin); err != nil {
			return nil, err
		}
	}
	return b.pem.Bytes(), nil
}

// bundle gathers certificates.
type bundle struct {
	pem   bytes.Buffer
	count int
	seen  map[[sha256.Size]byte]bool
}

// system adds the system's roots, if it keeps them in files.
func (b *bundle) system(files, dirs []string) error {
	for _, path := range files {
		if exists(path) {
			return b.add(path, "the system's roots")
		}
	}
	for _, dir := range dirs {
		if exists(dir) {
			return b.add(dir, "the system's roots")
		}
	}
	return nil
}

func (b *bundle) optional(path, origin string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return b.add(path, origin)
}

// add adds the certificates of a file, or of the files of a folder.
func (b *bundle) add(path, origin string) error {
	files := []string{path}
	if isDir(path) {
		var err error
		if files, err = certFiles(path); err != nil {
			return &ConfigError{File: origin, Detail: err.Error()}
		}
	}
	for _, file := range files {
		data, err := readCapped(file, maxBundle)
		var known *ConfigError
		switch {
		case errors.As(err, &known):
			return err
		case err != nil:
			return &ConfigError{File: origin, Detail: fmt.Sprintf("the roots cannot be read: %v", err)}
		}
		if err := b.append(data); err != nil {
			return &ConfigError{File: file, Detail: err.Error()}
		}
	}
	return nil
}

// certFiles lists a folder's files, links among them.
func certFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("the roots cannot be read: %w", err)
	}
	var files []string
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue // a link that leads nowhere; a folder
		}
		if len(files) == maxDirFiles {
			return nil, fmt.Errorf("the folder %s holds more than %d files", dir, maxDirFiles)
		}
		files = append(files, path)
	}
	return files, nil
}

// append adds the certificates of PEM data. What is no certificate, or one that
// cannot be read, is left out, as Go and OpenSSL do: keys may stand between.
func (b *bundle) append(data []byte) error {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return nil
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		sum := sha256.Sum256(block.Bytes)
		if _, err := x509.ParseCertificate(block.Bytes); err != nil || b.seen[sum] {
			continue
		}
		if b.count++; b.count > maxRoots {
			return fmt.Errorf("more than %d roots are configured", maxRoots)
		}
		b.seen[sum] = true
		if err := pem.Encode(&b.pem, &pem.Block{Type: "CERTIFICATE", Bytes: block.Bytes}); err != nil {
			return err
		}
	}
}
