package keysource

import (
	"strings"
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

// TestDesignatedRevoker has an account that shows a key which somebody else may revoke, and has
// revoked.
func TestDesignatedRevoker(t *testing.T) {
	l := library{"https://forge.example/ann.gpg": []byte(annCert), "https://forge.example/ann.keys": nil}
	i := trust.Import{Kind: "forge", Source: "https://forge.example/ann", Projects: []string{"demo"}}
	certs, err := openpgp.ReadCertificates([]byte(ritaCert))
	if err != nil {
		t.Fatal(err)
	}
	knows := &trust.File{Agree: 1, Keys: []trust.Key{{Kind: assay.GrantOpenPGP, Fingerprint: ritaKey, Certificate: certs[0]}}}
	const believed = "note demo: the account https://forge.example/ann is believed: whoever can log in there may add a key\n"
	for _, c := range []struct {
		own  *trust.File
		want string
	}{
		{nil, "grant demo openpgp:ANN (shown by the account https://forge.example/ann)\nkey ANN\n" + believed +
			"warning demo: the key ANN seems to be revoked by RITA, whom its owner lets do so, and whose certificate is not here: until it is a [[key]] in trust.toml that counts for nothing\n"},
		{knows, "key ANN\n" + believed + "warning demo: the key ANN was given up as lost on 2025-10-28 (\"because\"): nothing that it signed counts\n"},
	} {
		got := outcome(t, l, i, c.own)
		if got = strings.ReplaceAll(strings.ReplaceAll(got, annKey, "ANN"), ritaKey, "RITA"); got != c.want {
			t.Errorf("got\n%swant\n%s", got, c.want)
		}
	}
}
