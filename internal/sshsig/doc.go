// Package sshsig reads SSH keys, SSH signatures of files and lists of allowed
// signers, all of them as ssh-keygen(1) writes them, and checks signatures. It is
// bytes to types: no files, no network, no clock.
//
// # A signature
//
// `ssh-keygen -Y sign -n file -f KEY FILE` writes FILE.sig:
//
//	-----BEGIN SSH SIGNATURE-----
//	U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg…
//	-----END SSH SIGNATURE-----
//
// The base64 holds "SSHSIG", the version (1), the public key, the namespace, a
// reserved string, the name of the hash and the signature. What is signed is not
// the file but
//
//	"SSHSIG" || namespace || reserved || name of the hash || hash of the file
//
// so a file is hashed once, whatever number of signatures it has:
//
//	s, err := sshsig.Parse(armored)        // s.HashAlgorithm() says which digest
//	err = s.Verify("file", digest)         // the key in s made it; is that key trusted?
//	for _, a := range allowed {
//		ok = ok || a.Key.Equal(s.Key()) && a.Matches("ann@example.com", s.Namespace(), when)
//	}
//
// The namespace keeps a signature of one purpose ("git", "email") from counting
// for another: files are signed in "file".
//
// # Allowed signers
//
// A line is principals, options, key:
//
//	# who may sign what, and from when to when
//	ann@example.com,!*@old.example.com,*@example.com namespaces="file,git",valid-after="20260101Z" ssh-ed25519 AAAA…
//
// # Stricter than ssh-keygen
//
// Nothing that ssh-keygen refuses is accepted. Beyond it are refused: text around
// the one armor, base64 that is not canonical, a reserved string that is not
// empty, signatures that are longer than their numbers need, RSA below 2048 bits,
// DSA, SHA-1, FIDO signatures that nobody touched the key for, certificates (by
// name, as what is not supported), control characters, an allowed signers file
// with a line that cannot be read, and days that do not exist.
package sshsig
