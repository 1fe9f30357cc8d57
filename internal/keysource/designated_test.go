package keysource

import (
	"strings"
	"testing"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/openpgp/openpgptest"
	"assay/internal/trust"
)

// TestDesignatedRevoker has an account that shows a key which somebody else may revoke, and has
// revoked.
func TestDesignatedRevoker(t *testing.T) {
	l := library{"https://forge.example/ann.gpg": []byte(openpgptest.Ann), "https://forge.example/ann.keys": nil}
	i := trust.Import{Kind: "forge", Source: "https://forge.example/ann", Projects: []string{"demo"}}
	certs, err := openpgp.ReadCertificates([]byte(openpgptest.Rita))
	if err != nil {
		t.Fatal(err)
	}
	knows := &trust.File{Agree: 1, Keys: []trust.Key{{Kind: assay.GrantOpenPGP, Fingerprint: openpgptest.RitaKey, Certificate: certs[0]}}}
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
		if got = strings.ReplaceAll(strings.ReplaceAll(got, openpgptest.AnnKey, "ANN"), openpgptest.RitaKey, "RITA"); got != c.want {
			t.Errorf("got\n%swant\n%s", got, c.want)
		}
	}
}
