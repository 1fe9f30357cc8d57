package openpgp

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"assay"
	"assay/internal/openpgp"
)

// checksums judges a signed list of checksums: first whose it is, and then, by what is
// inside of the signed text and nowhere else, whether it is about the file.
func (l *look) checksums(m assay.Material) {
	if l.lists++; l.lists > maxLists {
		l.fail(assay.SignatureMalformed, m.Name, fmt.Sprintf("with it there are more than %d lists of checksums", maxLists))
		return
	}
	text, err := openpgp.ReadCleartext(m.Data)
	if err != nil {
		l.fail(assay.SignatureMalformed, m.Name, err.Error())
		return
	}
	var claims []assay.Claim
	var faults []fault
	for _, sig := range text.Signatures {
		if !l.isKnown(sig) {
			l.unknown(m.Name, sig)
			continue
		}
		good, bad := l.judge(sig, assay.RoleChecksums, func(c *openpgp.Certificate) (openpgp.Valid, error) { return text.Verify(sig, c) })
		claims = append(claims, good...)
		if bad != nil {
			faults = append(faults, *bad)
		}
	}
	if len(claims) == 0 {
		for _, f := range faults {
			l.fail(f.code, m.Name, f.detail)
		}
		return
	}
	sums, err := openpgp.ReadChecksums(text.Text)
	if err != nil {
		l.fail(assay.SignatureMalformed, m.Name, err.Error())
		return
	}
	var beside []string
	for _, f := range faults {
		beside = append(beside, m.Name+": "+f.detail)
	}
	for i := range claims {
		if len(beside) > 0 {
			claims[i].Details["beside"] = strings.Join(beside, "; ")
		}
	}
	l.compare(m.Name, listed(sums, l.subject.Artifact.Filename), distinct(claims))
}

// entry is what a list has for one file.
type entry struct {
	strong []assay.Digest // SHA-256 first, where it is there
	weak   []string       // algorithms that decide nothing
	// unsure says that the only strong one is told by its 128 digits alone, which b2sum writes
	// as well.
	unsure bool
}

// listed returns what a list has for a file.
func listed(sums []openpgp.Checksum, filename string) entry {
	var out entry
	named := false
	for _, s := range sums {
		d := assay.Digest{Algorithm: s.Algorithm, Hex: s.Hex}
		switch {
		case s.Filename != filename:
		case d.Strong():
			out.strong = append(out.strong, d)
			named = named || s.Named
		default:
			out.weak = append(out.weak, d.Algorithm)
		}
	}
	out.unsure = len(out.strong) == 1 && out.strong[0].Algorithm == "sha512" && !named
	slices.SortStableFunc(out.strong, func(a, b assay.Digest) int { return strings.Compare(a.Algorithm, b.Algorithm) })
	return out
}

// uncommon returns the hashes that have to be computed for it: SHA-256 always is, and so
// is what was promised.
func (e entry) uncommon(a assay.Artifact) []assay.Hashing {
	var out []assay.Hashing
	for _, d := range e.strong {
		if _, promised := a.Digest(d.Algorithm); d.Algorithm == "sha256" || promised {
			return nil
		}
		out = append(out, assay.Hashing{Algorithm: d.Algorithm})
	}
	return out
}

// compare holds what a signed list has for the file against the file. Every digest that is
// known must be the listed one, and one must be.
func (l *look) compare(where string, e entry, claims []assay.Claim) {
	switch {
	case len(e.strong) == 0 && len(e.weak) > 0:
		l.Find(assay.SignatureUnlisted, where, "it has the file by "+strings.Join(e.weak, " and ")+" only, which is too weak")
		return
	case len(e.strong) == 0:
		l.Find(assay.SignatureUnlisted, where, "it is signed by "+claims[0].Identity)
		return
	}
	var equal []assay.Digest
	for _, want := range e.strong {
		got, ok := l.digestOf(want.Algorithm)
		switch {
		case !ok:
		case got != want && e.unsure && !strings.Contains(strings.ToLower(where), "sha512"): // else what it is called tells
			l.Find(assay.SignatureUnlisted, where, "it has the file by 128 digits only, which are not its SHA-512 and can be those of BLAKE2b")
			return
		case got != want:
			l.fail(assay.SignatureWrongChecksum, where, fmt.Sprintf("it has %s, the file is %s", want, got))
			return
		default:
			equal = append(equal, got)
		}
	}
	switch {
	case len(equal) > 0:
		if l.subject.Content == nil { // only this promise is known to be the signed one
			for i := range claims {
				claims[i].Digest = equal[0]
			}
		}
		l.Claims = append(l.Claims, claims...)
	case l.subject.Content == nil:
		l.Pending = true
	default:
		l.Unavailable = true
		l.Find(assay.SignatureUnavailable, where, "the bytes were not read to their end, or not hashed by "+e.strong[0].Algorithm)
	}
}

// digestOf returns the file's digest: the computed one where the bytes were read, else the
// promised one.
func (l *look) digestOf(algorithm string) (assay.Digest, bool) {
	content := l.subject.Content
	if content == nil {
		return l.subject.Artifact.Digest(algorithm)
	}
	if _, whole := content.Digest("sha256"); !whole {
		return assay.Digest{}, false
	}
	if d, ok := content.Digest(algorithm); ok {
		return d, true
	}
	state, ok := content.State(assay.Hashing{Algorithm: algorithm})
	if !ok {
		return assay.Digest{}, false
	}
	return assay.Digest{Algorithm: algorithm, Hex: hex.EncodeToString(state.Sum(nil))}, true
}
