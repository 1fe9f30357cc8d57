package openpgp

import (
	"os"
	"path/filepath"
	"testing"
)

// TestKeyrings reads the keyrings that a Debian system has, which real tools made from 2004 on.
func TestKeyrings(t *testing.T) {
	var paths []string
	for _, pattern := range []string{"/usr/share/keyrings/debian-archive-*", "/etc/apt/trusted.gpg.d/debian-archive-*"} {
		found, _ := filepath.Glob(pattern)
		paths = append(paths, found...)
	}
	read := 0
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil || len(data) > MaxCertificateFile || len(data) == 0 {
			continue
		}
		certs, err := ReadCertificates(data)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		for _, c := range certs {
			read++
			end, _ := c.Expires()
			_, revoked := c.Revoked()
			t.Logf("%s %s %s users %q subkeys %d ends %v revoked %v", filepath.Base(path), c.Fingerprint(), c.Algorithm(), c.UserIDs(), len(c.subkeys), end, revoked)
			if len(c.UserIDs()) == 0 {
				t.Errorf("%s: %s has no user id that counts", path, c.Fingerprint())
			}
		}
	}
	if read == 0 {
		t.Skip("no keyrings here")
	}
}
