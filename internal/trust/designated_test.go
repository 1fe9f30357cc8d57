package trust_test

import (
	"slices"
	"testing"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/trust"
)

// ann's owner lets rita revoke it, who has done so as compromised.
const (
	annKey  = "CA6CAA8DF04BDC2FBDBDF7BC5B7C7A8F31F77DE6"
	annCert = `-----BEGIN PGP PUBLIC KEY BLOCK-----

xjMEZ3SFgBYJKwYBBAHaRw8BAQdA153q5JTGB19sGtiJYlTUdPjpLs965cr1HIUz
SrJ/+vjCjwQgFggAQf8AAAAFAmkAB4D/AAAAFiEEX3svOmmvzjHBt+Mjnzu9J+nq
xRb/AAAACRCfO70n6erFFv8AAAAJHQJiZWNhdXNlAADJrQD/SK1UYCgw1R1U6lRV
GAcVPNuZhfPCbmYBWwy/UQzuhy4A/RuX6c6r34wYmfEKgopf3K+F68tru0SDnBRd
JyU/J+IHwqQEHxYIAFb/AAAABQJndIWA/wAAABYhBMpsqo3wS9wvvb33vFt8eo8x
933m/wAAAAkQW3x6jzH3feb/AAAAAhsD/wAAABcMgBZfey86aa/OMcG34yOfO70n
6erFFgAAc1wBAOF6hvl4K2kc+MWy90EZoXTtA6wqH5cB01dozieQ7rG3AQD4ccWw
CDQWgWMUU4L7YvDpe6tqW99VvLbnIHLbbxtoDs0VQW5uIDxhbm5AZXhhbXBsZS5v
cmc+wogEExYIADr/AAAABQJndIWA/wAAABYhBMpsqo3wS9wvvb33vFt8eo8x933m
/wAAAAkQW3x6jzH3feb/AAAAAhsDAAD4YAEAlJcS4D/JXIUPO9k7TosSJYCmnpfi
dKAPZlIVZxyA1XgBAMHJOKOm6S5XaDSMAIiofhV5DDiFsdlBn97QgqldZ6UP
=oKL2
-----END PGP PUBLIC KEY BLOCK-----
`
	ritaKey  = "5F7B2F3A69AFCE31C1B7E3239F3BBD27E9EAC516"
	ritaCert = `-----BEGIN PGP PUBLIC KEY BLOCK-----

xjMEZ3SFgRYJKwYBBAHaRw8BAQdAz+jLbeTZEM91mYQ1WA++Ludh8gh8I0uHBrsP
DiMxisrNF1JpdGEgPHJpdGFAZXhhbXBsZS5vcmc+wogEExYIADr/AAAABQJndIWB
/wAAABYhBF97Lzppr84xwbfjI587vSfp6sUW/wAAAAkQnzu9J+nqxRb/AAAAAhsD
AADZHgEAu2fSSCuFvFY0WENn+T6aRtUF4ofU79e02zaicu1T6OsBAPnb/VzM+89f
WHmDgR/IunWGwJWSO6rA4K0DoyzTTWYO
=1aGZ
-----END PGP PUBLIC KEY BLOCK-----
`
)

func designated(t *testing.T, text string) trust.Key {
	t.Helper()
	certs, err := openpgp.ReadCertificates([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return trust.Key{Kind: assay.GrantOpenPGP, Fingerprint: string(certs[0].Fingerprint()), Certificate: certs[0]}
}

// TestDesignatedRevoker has a key that somebody else may revoke, and has revoked: it is lost
// once their certificate is known, wherever that is.
func TestDesignatedRevoker(t *testing.T) {
	ann, rita := designated(t, annCert), designated(t, ritaCert)
	other := locked("b")
	other.Keys = []trust.Key{rita}
	for name, c := range map[string]struct {
		keys []trust.Key
		lock *trust.Lock
		want bool
	}{
		"nobody knows the revoker":        {[]trust.Key{ann}, &trust.Lock{}, false},
		"the file knows the revoker":      {[]trust.Key{ann, rita}, &trust.Lock{}, true},
		"an import knows the revoker":     {[]trust.Key{ann}, &trust.Lock{Imports: []trust.Locked{other}}, true},
		"the revoker alone, and not hers": {[]trust.Key{rita}, &trust.Lock{}, false},
	} {
		own := mustParse(t, twoImports)
		g := keyFor("demo", annKey, false)
		g.Until, g.From = day.AddDate(1, 0, 0), "local"
		own.Grants, own.Keys = []trust.Grant{g}, c.keys
		own = mustParse(t, string(own.Text())) // as it is kept
		store, err := trust.Join(own, c.lock, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		lost := false
		for _, cert := range store.OpenPGP(annKey) {
			r, ok := cert.Revoked()
			lost = ok && r.Hard
		}
		if lost != c.want || own.Lost(c.lock, annKey) != c.want || own.Lost(c.lock, ritaKey) {
			t.Errorf("%s: lost: %v, %v", name, lost, own.Lost(c.lock, annKey))
		}
	}
	f := &trust.File{Grants: []trust.Grant{keyFor("demo", annKey, false)}, Keys: []trust.Key{ann, rita}}
	if f.Sweep(); !slices.ContainsFunc(f.Keys, func(k trust.Key) bool { return k.Fingerprint == ritaKey }) {
		t.Error("the revoker's certificate is forgotten")
	}
}
