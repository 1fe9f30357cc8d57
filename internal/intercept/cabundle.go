package intercept

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Bundle returns PEM for a child to trust: the person's own roots, and ours
// behind them. With ours alone everything that is not intercepted would break.
func (ca *CA) Bundle(roots []byte) []byte {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	return ca.bundle(roots)
}

func (ca *CA) bundle(roots []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(roots) + 1 + len(ca.series)*1024)
	b.Write(roots)
	if n := len(roots); n > 0 && roots[n-1] != '\n' {
		b.WriteByte('\n')
	}
	for _, s := range ca.series {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.root.Raw}))
	}
	return b.Bytes()
}

// Publish writes the bundle to a file that only this user can read, and from now
// on replaces it, in one step, whenever the authority grows, until Close. Its
// folder should be nobody else's.
func (ca *CA) Publish(path string, roots []byte) error {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.path, ca.roots = path, roots
	return ca.write()
}

// write replaces the published file, if there is one. The caller holds mu.
func (ca *CA) write() error {
	if ca.path == "" {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(ca.path), ".roots-*") // with mode 0600
	if err != nil {
		return fmt.Errorf("writing the roots for the command: %w", err)
	}
	_, err = f.Write(ca.bundle(ca.roots))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), ca.path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("writing the roots for the command: %w", err)
	}
	return nil
}
