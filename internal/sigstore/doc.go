// Package sigstore reads PEP 740 provenance, PEP 740 attestations and Sigstore
// bundles strictly, and verifies them offline under one Sigstore trusted root.
//
//	provenance bytes ──ParseProvenance──▶ bundles of (Publisher, []*Entity)
//	attestation bytes ──ParseAttestation──▶ *Entity
//	bundle bytes ──ParseBundle──▶ *Entity
//	trusted root bytes ──ParseRoot──▶ *Root
//	(*Root).Verify(*Entity, digest) ──▶ Verified: certificate, statement, time
//
// A PEP 740 provenance object, as an index serves it for one file:
//
//	{"version": 1, "attestation_bundles": [{
//	   "publisher": {"kind": "GitHub", "repository": "pypa/sampleproject",
//	                 "workflow": "release.yml", "environment": null},
//	   "attestations": [{
//	     "version": 1,
//	     "verification_material": {
//	       "certificate": "MIIG…",              base64 of an X.509 certificate in DER
//	       "transparency_entries": [{…}],       Rekor entries in protobuf's JSON
//	       "timestamps": ["MII…"]},             RFC 3161 responses, a draft
//	     "envelope": {"statement": "eyJf…",     base64 of an in-toto statement
//	                  "signature": "MEUC…"}}]}]}
//
// Reading and verifying are separate: what a parser returns is well formed and
// nothing more. Everything read is bounded (see the Max constants), a name that
// occurs twice in one JSON object is refused, and so is data behind the value.
//
// [Root.Verify] checks, with sigstore-go: the certificate's signed certificate
// timestamp, the log entry (promise, inclusion proof, checkpoint), an observed
// time, the certificate's chain at every observed time, and the signature of the
// envelope or the message. On top it binds the subject's digest, and holds the
// entry to the kind that it claims. Who signed is then decided by
// [Certificate.Identity] or [Certificate.Match].
//
// Sources: PEP 740; the PyPI publish attestation v1; in-toto Statement v1;
// Sigstore's protobuf-specs and client specification; Fulcio's OID registry.
package sigstore
