// Package openpgptest has certificates for the tests of several packages: Ann's names Rita
// as one who may revoke it (RFC 9580, section 5.2.3.23), and Rita has, as compromised.
//
//	certs, err := openpgp.ReadCertificates([]byte(openpgptest.Ann))
//	certs[0].Fingerprint() // openpgptest.AnnKey
package openpgptest

import _ "embed"

// The certificates, in armor.
var (
	//go:embed ann-revoked-by-rita.asc
	Ann string
	//go:embed rita.asc
	Rita string
)

// Their fingerprints, as upper-case hexadecimal.
const (
	AnnKey  = "CA6CAA8DF04BDC2FBDBDF7BC5B7C7A8F31F77DE6"
	RitaKey = "5F7B2F3A69AFCE31C1B7E3239F3BBD27E9EAC516"
)
