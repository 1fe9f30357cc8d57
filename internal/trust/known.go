package trust

import (
	"slices"

	"assay"
	"assay/internal/openpgp"
)

// Known returns what is known of the certificate of an OpenPGP key, or nil. It may be nil
// itself: then nothing is known.
type Known func(openpgp.Fingerprint) *openpgp.Certificate

// Knows finds certificates in the file, in the lock, which may be nil, and in what more there
// is: with them the revocations by those count whom a key's owner lets revoke it.
func (f *File) Knows(l *Lock, more ...Key) Known {
	return func(of openpgp.Fingerprint) *openpgp.Certificate {
		var found *openpgp.Certificate
		look := func(k Key) {
			if found == nil && k.Kind == assay.GrantOpenPGP && k.Fingerprint == string(of) {
				found = k.Certificate
			}
		}
		eachKey(f, l, nil, look)
		for _, k := range more {
			look(k)
		}
		return found
	}
}

// Lost reports whether a key was revoked as compromised, by its owner or by whom the owner
// lets do so, as far as these are known.
func (k Key) Lost(known Known) bool {
	if k.Certificate == nil {
		return false
	}
	c, _ := k.Certificate.Adopt(known)
	r, ok := c.Revoked()
	return ok && r.Hard
}

// Sweep removes the keys of grants that were just taken away, as far as nothing else needs them:
// no grant or authority of the file, and no key of the file or of the lock whose owner lets
// them revoke it. Those that were given up as lost stay: an import may still have an older copy,
// and grant them. What a person wrote without a grant is not touched.
func (f *File) Sweep(l *Lock, gone []Grant) {
	of := func(k Key) func(Grant) bool {
		return func(g Grant) bool { return g.Kind == k.Kind && g.Grant.Key == k.Fingerprint }
	}
	needed := func(k Key) bool {
		if slices.ContainsFunc(f.Grants, of(k)) || k.Kind == assay.GrantOpenPGP && f.Lost(l, k.Fingerprint) {
			return true
		}
		if k.Kind == assay.GrantOpenPGP && slices.ContainsFunc(f.Authorities, func(a Authority) bool { return string(a.Fingerprint) == k.Fingerprint }) {
			return true
		}
		revokes := false // what it revokes is verified by it
		eachKey(f, l, nil, func(o Key) {
			revokes = revokes || o.Certificate != nil && slices.Contains(o.Certificate.Revokers(), openpgp.Fingerprint(k.Fingerprint))
		})
		return revokes
	}
	f.Keys = slices.DeleteFunc(slices.Clone(f.Keys), func(k Key) bool { return slices.ContainsFunc(gone, of(k)) && !needed(k) })
}

// Settle has the revocations by known revokers take the place of whatever was said in their
// names, in the file and in the lock, before these are written: of what is not verified, a few
// are kept only, and anybody can make such.
func (f *File) Settle(l *Lock) {
	known := f.Knows(l)
	settle := func(keys []Key) []Key {
		out := slices.Clone(keys)
		for i, k := range out {
			if k.Certificate != nil {
				out[i].Certificate, _ = k.Certificate.Adopt(known)
			}
		}
		return out
	}
	f.Keys = settle(f.Keys)
	for i := range l.Imports {
		l.Imports[i].Keys = settle(l.Imports[i].Keys)
	}
}
