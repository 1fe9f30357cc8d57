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
// than can be kept, that it was given up as lost is kept of it, or else what was known, with
// what was revoked since, and an error.
func Merged(before, now Key, known Known) (Key, error) {
	if before.Certificate == nil || now.Certificate == nil {
		return Fit(now, known)
	}
	before.Certificate, _ = before.Certificate.Adopt(known)
	now.Certificate, _ = now.Certificate.Adopt(known)
	merged, err := openpgp.Merge(before.Certificate, now.Certificate)
	switch {
	case err == nil:
		whole := now
		whole.Certificate = merged[0]
		if whole, err = Fit(whole, known); err == nil {
			return whole, nil
		}
	case before.Lost(nil):
		now.Certificate = before.Certificate.Remains()
		return Fit(now, known)
	case now.Lost(nil):
		now.Certificate = now.Certificate.Remains()
		return Fit(now, known)
	default:
		err = fmt.Errorf("what is new of the key %s cannot be kept beside what is known of it: %w", now.Fingerprint, err)
	}
	return before.withRevocations(now), err
}

// withRevocations is a key with what another copy of it says was revoked, as far as that can be
// kept.
func (k Key) withRevocations(now Key) Key {
	if k.Certificate == nil || now.Certificate == nil {
		return k
	}
	left := now.Certificate.Remains()
	if left == now.Certificate {
		return k
	}
	if joined, err := openpgp.Merge(k.Certificate, left); err == nil {
		with := k
		with.Certificate = joined[0]
		if with, err = Fit(with, nil); err == nil {
			return with
		}
	}
	return k
}

// reserved are bytes of the lock that nothing is for but revocations.
const reserved = 64 << 10

// Take takes what an import grants now into the lock, if the lock can be read again with it.
// Where it cannot, the lock is as it was, and the error says why.
func (l *Lock) Take(now Locked) error { return l.take(now, tomlfile.MaxFile-reserved) }

// TakeRevocations takes of the keys that an import had before what was revoked since, where what
// it grants now is too much for the lock, and of keys that are known beside it that they were
// given up as lost. What was lost takes no more room than the key did. It reports whether all of
// it was taken.
func (l *Lock) TakeRevocations(before Locked, keys []Key, known Known) bool {
	some, all := before, before
	some.Keys, all.Keys = slices.Clone(before.Keys), slices.Clone(before.Keys)
	for _, n := range keys {
		at := slices.IndexFunc(before.Keys, func(k Key) bool { return k.Kind == n.Kind && k.Fingerprint == n.Fingerprint })
		switch {
		case n.Certificate == nil:
			continue
		case at >= 0 && n.Lost(known):
			lost := before.Keys[at]
			lost.Certificate, _ = n.Certificate.Adopt(known)
			lost.Certificate = lost.Certificate.Remains()
			if all.Keys[at] = lost; textSize(lost.Certificate) <= textSize(before.Keys[at].Certificate) {
				some.Keys[at] = lost
			}
		case at >= 0:
			all.Keys[at] = before.Keys[at].withRevocations(n)
		case n.Lost(known) && known != nil && known(openpgp.Fingerprint(n.Fingerprint)) != nil:
			n.Certificate, _ = n.Certificate.Adopt(known)
			n.Certificate = n.Certificate.Remains()
			all.Keys = append(all.Keys, n)
		}
	}
	if l.take(all, tomlfile.MaxFile) == nil {
		return true
	}
	_ = l.take(some, tomlfile.MaxFile) // what does not grow has a place
	return false
}

// take is Take, with at most so many bytes for all imports: or as many as there were.
func (l *Lock) take(now Locked, most int) error {
	one := Lock{Imports: []Locked{now}}
	if _, err := ParseLock("what it grants", one.Text()); err != nil {
		return fmt.Errorf("it could not be read again: %w", err)
	}
	before := slices.Clone(l.Imports)
	most = min(max(most, len(l.Text())), tomlfile.MaxFile)
	l.Put(now)
	tables := len(l.Imports)
	for _, i := range l.Imports {
		tables += len(i.Grants) + len(i.Keys)
	}
	size := len(l.Text())
	if tables <= maxTables && size <= most {
		return nil
	}
	l.Imports = before
	return fmt.Errorf("all imports together would have %d bytes and %d tables in the lock, and at most %d and %d are taken", size, tables, most, maxTables)
}

// Take takes a key into the file, if the file can be read again with it: of one that was given
// up as lost at least that it was. Where it cannot, the file is as it was, and the error says
// why.
func (f *File) Take(k Key, known Known) error {
	k, err := Fit(k, known)
	if err != nil {
		return err
	}
	before := slices.Clone(f.Keys)
	f.PutKey(k)
	size := len(f.Text())
	if size > MaxFile && k.Lost(nil) {
		k.Certificate = k.Certificate.Remains()
		f.PutKey(k)
		size = len(f.Text())
	}
	if size > MaxFile {
		f.Keys = before
		return fmt.Errorf("with the key %s the file would have %d bytes, and at most %d are read", k.Fingerprint, size, MaxFile)
	}
	return nil
}
