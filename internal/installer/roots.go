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
	"slices"
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

// rootVariables name files of roots beside those of OpenSSL: for requests,
// curl, git, pip, and for the programs that builds run.
var rootVariables = []string{"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT", "CARGO_HTTP_CAINFO", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE"}

// Roots returns, as PEM, the certificates that the person's programs trust: the
// system's own, those that the environment names for OpenSSL, requests, curl,
// git, pip, cargo, node and AWS, and those that the installer's configuration
// names. Each certificate is in it once. It is what belongs into the child's
// bundle beside Assay's own, and what Assay trusts towards the indexes.
//
// A file that is named and cannot be read is an error, except for SSL_CERT_FILE
// and SSL_CERT_DIR, whose readers ignore what is not there.
//
// It stands between a command and its start, so a file is read once however many
// variables name it, a certificate is looked into only if it is not one of the
// system's, and a folder is passed over in which the system keeps its roots one
// by one beside the file of them all: several hundred files.
func Roots(env []string, config Config) ([]byte, error) {
	e := Environ(env)
	b := bundle{}
	if err := b.system(systemBundles, systemDirs); err != nil {
		return nil, err
	}
	if path := e.Get("SSL_CERT_FILE"); path != "" {
		if err := b.optional(path, "SSL_CERT_FILE"); err != nil {
			return nil, err
		}
	}
	for _, dir := range filepath.SplitList(e.Get("SSL_CERT_DIR")) {
		if dir == "" || filepath.Clean(dir) == b.folder {
			continue
		}
		if err := b.optional(dir, "SSL_CERT_DIR"); err != nil {
			return nil, err
		}
	}
	named := config.CertFiles
	for _, key := range rootVariables {
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
	pem    bytes.Buffer
	count  int
	seen   map[[sha256.Size]byte]bool // by their digest; nil until something is compared
	files  []os.FileInfo              // those that were read
	own    bool                       // it is the system's that are added
	folder string                     // in which these are
}

// system adds the system's roots, if it keeps them in files.
func (b *bundle) system(files, dirs []string) error {
	b.own = true
	defer func() { b.own = false }()
	for _, path := range append(files[:len(files):len(files)], dirs...) {
		if !exists(path) {
			continue
		}
		if b.folder = path; !slices.Contains(dirs, path) {
			b.folder = filepath.Dir(path)
		}
		return b.add(path, "the system's roots")
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
	files, folder := []string{path}, isDir(path)
	if folder {
		var err error
		if files, err = certFiles(path); err != nil {
			return &ConfigError{File: origin, Detail: err.Error()}
		}
	}
	for _, file := range files {
		if err := b.addFile(file, origin, folder); err != nil {
			return err
		}
	}
	return nil
}

// addFile adds the certificates of a file, unless it was read before. In a
// folder, what is no file is passed over: a link that leads nowhere, a folder.
func (b *bundle) addFile(file, origin string, inFolder bool) error {
	info, err := os.Stat(file)
	if inFolder && (err != nil || !info.Mode().IsRegular()) {
		return nil
	}
	if err == nil && info.Mode().IsRegular() {
		if slices.ContainsFunc(b.files, func(known os.FileInfo) bool { return os.SameFile(known, info) }) {
			return nil
		}
		b.files = append(b.files, info)
	}
	var data []byte
	if err == nil {
		data, err = readRegular(file, info, maxBundle)
	}
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
	return nil
}

// certFiles lists what is in a folder, without its links within itself.
func certFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("the roots cannot be read: %w", err)
	}
	if len(entries) > maxDirFiles {
		return nil, fmt.Errorf("the folder %s holds more than %d files", dir, maxDirFiles)
	}
	var files []string
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if entry.Type()&fs.ModeSymlink != 0 {
			if to, err := os.Readlink(path); err == nil && filepath.Base(to) == to && to != "." && to != ".." {
				continue // as OpenSSL's hashes are: it leads to another in this folder
			}
		}
		files = append(files, path)
	}
	return files, nil
}

var pemBegin, pemEnd = []byte("-----BEGIN CERTIFICATE-----"), []byte("-----END CERTIFICATE-----")

// take copies the certificates of a file of the system's as they are written.
// They are decoded only when others come to be compared with them.
func (b *bundle) take(data []byte) error {
	for {
		begin := bytes.Index(data, pemBegin)
		if begin < 0 {
			return nil
		}
		data = data[begin:]
		end := bytes.Index(data, pemEnd)
		if end < 0 {
			return nil
		}
		end += len(pemEnd)
		if b.count++; b.count > maxRoots {
			return fmt.Errorf("more than %d roots are configured", maxRoots)
		}
		b.pem.Write(data[:end])
		b.pem.WriteByte('\n')
		data = data[end:]
	}
}

// compare makes known what was taken.
func (b *bundle) compare() {
	if b.seen != nil {
		return
	}
	b.seen = map[[sha256.Size]byte]bool{}
	for data := b.pem.Bytes(); ; {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return
		}
		b.seen[sha256.Sum256(block.Bytes)] = true
	}
}

// append adds the certificates of PEM data. What is no certificate, or one that
// cannot be read, is left out, as Go and OpenSSL do: keys may stand between.
func (b *bundle) append(data []byte) error {
	if b.own {
		return b.take(data)
	}
	b.compare()
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return nil
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		sum := sha256.Sum256(block.Bytes)
		if b.seen[sum] {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
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
