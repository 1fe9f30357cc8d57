// Package gitobject reads git's tag and commit objects strictly, and takes their
// signatures off: raw bytes -> types. It verifies nothing and does no I/O.
//
// # Flow
//
//	raw object ──Check──▶ its id is that of these bytes
//	           ──ParseTag/ParseCommit──▶ headers, message
//	                                     Payload   the bytes that were signed
//	                                     Signature the armored signature, for a verifier of its kind
//
// The object of a signed tag, as `git cat-file tag v1.2.3` prints it:
//
//	object 0c1b7e2f0d6d3c7e0e1f9a1a7cf3f1f8a8c9d0e1      ┐
//	type commit                                           │
//	tag v1.2.3                                            │ Payload
//	tagger Ann <ann@example.invalid> 1700000000 +0100     │
//	                                                      │
//	Release 1.2.3                                         ┘
//	-----BEGIN SSH SIGNATURE-----                         ┐
//	U1NIU0lHAAAAAQ…                                       │ Signature
//	-----END SSH SIGNATURE-----                           ┘
//
// A commit carries its signature in a header, each further line of which begins
// with a space. Payload is then the commit without these lines, as git signs it:
//
//	tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
//	author Ann <ann@example.invalid> 1700000000 +0100
//	committer Ann <ann@example.invalid> 1700000000 +0100
//	gpgsig -----BEGIN SSH SIGNATURE-----                  ┐
//	 U1NIU0lHAAAAAQ…                                      │ Signature, without the spaces
//	 -----END SSH SIGNATURE-----                          ┘
//
//	Say hello
//
// # What is refused
//
// What git's own readers, other libraries and people could take in two ways: a
// header twice, in another order or unknown (of a commit, an unknown one is of no
// meaning and stays in the payload), a NUL, a second signature block, bytes after
// a block. Git looks for the last line that begins like a signature; other readers
// look for the first. Here there is one, and it ends where the object does.
//
// Nothing is re-encoded: carriage returns, broken UTF-8 and trailing spaces are in
// the payload as they are in the object. (Libraries that parse a tag and write it
// again to verify it have verified other bytes than those that are shown.)
package gitobject
