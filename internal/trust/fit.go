package trust

import (
	"fmt"
	"slices"
	"strings"

	"assay/internal/openpgp"
	"assay/internal/tomlfile"
)

// Fit returns a key as it can be written and read again: with what is known of those whom its
// owner lets revoke it. Of a certificate that is too large, and whose key was given up as lost,
// what is left says so; of another one that is too large nothing is kept, and the error says
// that.
func Fit(k Key, known Known) (Key, error) {
	if k.Certificate == nil {
		return k, nil
	}
	if k.Certificate, _ = k.Certificate.Adopt(known); fits(k.Certificate) {
		return k, nil
	}
	if left := k.Certificate.Remains(); k.Lost(nil) && fits(left) {
		k.Certificate = left
		return k, nil
	}
	return k, fmt.Errorf("the certificate of %s has %d bytes without what others have certified, and at most %d are kept", k.Fingerprint, textSize(k.Certificate), maxKeyText)
}

func fits(c *openpgp.Certificate) bool { return textSize(c) <= maxKeyText }

func textSize(c *openpgp.Certificate) int { return len(strings.TrimSpace(string(c.Armor()))) + 1 }

// Merged returns a key with what is known of it from before and by now. Where that is more
// than can be kept, that it was given up as lost is kept of it, and else nothing but an error.
func Merged(before, now Key, known Known) (Key, error) {
	if before.Certificate == nil || now.Certificate == nil {
		return Fit(now, known)
	}
	before.Certificate, _ = before.Certificate.Adopt(known)
	now.Certificate, _ = now.Certificate.Adopt(known)
	merged, err := openpgp.Merge(before.Certificate, now.Certificate)
	switch {
	case err == nil:
		now.Certificate = merged[0]
	case before.Lost(nil):
		now.Certificate = before.Certificate.Remains()
	case now.Lost(nil):
		now.Certificate = now.Certificate.Remains()
	default:
		return before, fmt.Errorf("what is new of the key %s cannot be kept beside what is known of it: %w", now.Fingerprint, err)
	}
	return Fit(now, known)
}

// Take takes what an import grants now into the lock, if the lock can be read again with it.
// Where it cannot, the lock is as it was, and the error says why.
func (l *Lock) Take(now Locked) error {
	one := Lock{Imports: []Locked{now}}
	if _, err := ParseLock("what it grants", one.Text()); err != nil {
		return fmt.Errorf("it could not be read again: %w", err)
	}
	before := slices.Clone(l.Imports)
	l.Put(now)
	tables := len(l.Imports)
	for _, i := range l.Imports {
		tables += len(i.Grants) + len(i.Keys)
	}
	size := len(l.Text())
	if tables <= maxTables && size <= tomlfile.MaxFile {
		return nil
	}
	l.Imports = before
	return fmt.Errorf("all imports together would have %d bytes and %d tables in the lock, and at most %d and %d are read", size, tables, tomlfile.MaxFile, maxTables)
}

// Take takes a key into the file, if the file can be read again with it. Where it cannot, the
// file is as it was, and the error says why.
func (f *File) Take(k Key, known Known) error {
	k, err := Fit(k, known)
	if err != nil {
		return err
	}
	before := slices.Clone(f.Keys)
	f.PutKey(k)
	if size := len(f.Text()); size > MaxFile {
		f.Keys = before
		return fmt.Errorf("with the key %s the file would have %d bytes, and at most %d are read", k.Fingerprint, size, MaxFile)
	}
	return nil
}
