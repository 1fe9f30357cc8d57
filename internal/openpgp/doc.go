// Package openpgp reads OpenPGP certificates, detached signatures, cleartext signed files and
// lists of checksums strictly, and verifies signatures by RFC 9580 and no laxer than gpgv and
// sqv. It does no I/O, runs nothing and knows no clock.
//
//	certificate bytes ──ReadCertificates──▶ []*Certificate ──Merge──▶ one for each key
//	signature bytes ──ReadSignatures──▶ []*Signature ──Hashing──▶ which hash, which salt
//	(*Signature).Verify(certificate, hash state) ──▶ Valid: who, by which key, when, until when, what is weak
//	signed text ──ReadCleartext──▶ text and signatures ──(*Cleartext).Verify──▶ Valid
//	text ──ReadChecksums──▶ []Checksum
//	(*Certificate).CertifiedBy(authority) ──▶ []Certification with its notations
//
// A file is hashed once for all its signatures:
//
//	signatures, err := openpgp.ReadSignatures(asc)      // demo-1.0.tar.gz.asc
//	certs, err := openpgp.ReadCertificates(keys)        // -----BEGIN PGP PUBLIC KEY BLOCK----- …
//	state := signatures[0].NewHash()                    // for example SHA-256
//	io.Copy(state, file)
//	valid, err := signatures[0].Verify(certs[0], state) // state.(hash.Cloner) for the next one
//	if err == nil && len(valid.Unwaived()) == 0 && !valid.Created.After(now) { … }
//
// The caller decides what this package cannot know: which certificate may sign which project,
// what is weak and allowed nevertheless ([Valid.Weak]), whether the signature's claimed time
// is believable ([Valid.Created], [Valid.Ends]), and how many signers are enough
// ([Valid.Signer] is the same for all keys of a certificate, and [Valid.Public] for one key in
// several).
//
// Reading is strict where OpenPGP is generous, because readers that disagree about a file can
// be played against each other: one armored block, nothing around it, no packet of another
// kind, no length in parts, capped sizes and counts (limits.go), and one linear pass over
// them. Packets are taken apart here, and go-crypto is handed single keys that can sign and
// the numbers of single signatures, never a file (RSA, for speed, is verified in rsa.go). Of self-signatures the ones that were in
// force when a signature was made and the ones that were made last both have to allow it.
//
// Revocations count however they are made: of version 3, by weak hashes, and by those whom a
// key's owner lets revoke it, where their key is known ([Certificate.Adopt]).
//
// Not supported, and so refused: version 3 and 5 keys, other signatures of these versions, curves
// other than NIST's, Curve25519 and Curve448, and user attributes.
//
// Sources: RFC 9580; RFC 4880 for what it obsoletes; the Sequoia and GnuPG tools, beside which
// the tests judge the same cases.
package openpgp
