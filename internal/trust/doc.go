// Package trust keeps who may speak for which project: grants, as text that a person
// can review.
//
// A trust.toml holds grants, denials, the certificates of keys, authorities and imports:
//
//	[[grant]]
//	project = "django"
//	openpgp = "FE5FB63876A1D718A8C67556E17DF5C82B4F9D00"   # the whole fingerprint; or ssh, jws, publisher, sha256
//	roles   = ["artifact", "checksums"]                    # and "tag"; these two where it is left out
//	until   = 2027-12-31                                   # mandatory
//	reason  = "their release manager until 2027, from their keys page"
//	by      = "jane"
//
//	[[key]]
//	openpgp     = "FE5FB63876A1D718A8C67556E17DF5C82B4F9D00"
//	certificate = """-----BEGIN PGP PUBLIC KEY BLOCK----- …"""
//
// Imports are curated lists of others: trust.toml names them, and assay-imports.lock
// beside it holds what they granted when they were last fetched, each with the SHA-256
// of what was read. They are not transitive, and count where as many of them agree as
// "agree" says.
//
//	own, err := trust.Parse("trust.toml", data)      // *tomlfile.Error, with lines
//	lock, err := trust.ParseLock("assay-imports.lock", data)
//	store, err := trust.Join(own, lock, theirs)
//	rules = store.Apply(rules, artifact, claims)     // Rules.Grants, Rules.Foreign
//
// There is no grant for all projects; a denial may be.
package trust
