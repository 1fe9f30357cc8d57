// Package keysource reads where a project's keys can be learnt, and turns what is found
// into what a person can lock: grants and keys, each with a note of what it is from.
//
//	kind          Source                                    who is believed
//	debian        a Sources index (plain, .gz, .xz)         the distribution's maintainers
//	arch          a package's folder (.SRCINFO, PKGBUILD)   the distribution's maintainers
//	grants        another organisation's trust.toml         that organisation
//	certified     a file of certificates                    a named authority, by its signed notation
//	forge         https://forge.example/USER                whoever holds the account
//	wkd           ann@example.org                           whoever holds the mail domain
//	web-of-trust  a file of certificates                    keys that are granted already
//
// The order is the order of weight; [Kinds] has it. The package opens neither sockets
// nor files: what it reads it asks a [Fetcher] for, and all of it is in the digest of the
// [trust.Locked] that comes out:
//
//	result, err := keysource.Read(ctx, fetcher, keysource.Request{Import: i, Own: own, Now: now})
//	lock.Put(result.Locked)            // once a person has looked at it
//
// The digest is the SHA-256 of what was read; where several documents were, it is that of
// a line for each with its digest in hex, in the order in which they were asked for. Where
// they lie has no part in it, so that a copy of a list is known for one. Signatures over a source, such
// as Debian's InRelease, are not looked at: the lock pins what was read, and whoever
// takes it looks at what it grants.
//
// Whose certification a grant rests on is in it (CertifiedBy), and since when that was seen: it
// falls when one of those keys is given up as lost, and stays when one was superseded since.
//
// Everything that is read is hostile, and capped in limits.go. No import is transitive:
// of another organisation's trust.toml its own grants and denials count, and not what it
// imports. A PKGBUILD is a program; one array of it is read as text, and nothing is run.
//
// Sources: deb-src-control(5), deb822(5), uscan(1); PKGBUILD(5), .SRCINFO;
// draft-koch-openpgp-webkey-service-20; the .xz file format 1.2.1.
package keysource
