// Package authority is a Sigstore instance of its own, for tests: a
// certificate authority like Fulcio's, a certificate transparency log, a Rekor
// v1 and a Rekor v2 transparency log and a timestamp authority, all in memory,
// with keys made for each Authority and never stored. It issues PEP 740
// attestations and provenance objects in the identity of any publisher, and
// misissues them on request.
//
//	a, err := authority.New()
//	root := a.TrustedRootJSON()             // sigstore-go's root.NewTrustedRootFromJSON reads it
//	id := authority.GitHub("acme/demo", "release.yml")
//	prov, err := a.Provenance(authority.Request{
//		Filename: "demo-1.0-py3-none-any.whl",
//		SHA256:   sum,
//		Identity: id,
//	})
//
// gives the object that an index serves for the file:
//
//	{"version":1,"attestation_bundles":[{
//	  "publisher":{"kind":"GitHub","repository":"acme/demo","workflow":"release.yml","environment":null,"claims":null},
//	  "attestations":[{
//	    "version":1,
//	    "verification_material":{"certificate":"MII…","transparency_entries":[{…}]},
//	    "envelope":{"statement":"eyJ…","signature":"MEU…"}}]}]}
//
// What is issued matches the public instance in form: P-384 CA keys, P-256
// leaves valid for ten minutes with Fulcio's certificate extensions and an
// embedded SCT (RFC 6962), Rekor v1 entries of kind dsse 0.0.1 with a signed
// entry timestamp, an inclusion proof and a signed checkpoint, or Rekor v2
// entries of kind hashedrekord 0.0.2 with an inclusion proof, a checkpoint
// signed by an Ed25519 key, and an RFC 3161 timestamp.
//
// A Fault makes one thing about the material wrong and leaves the rest right,
// so that a test shows which check refuses it.
package authority
