package keysource

import "time"

// The caps on what is read. Debian's largest index has 10 MB as .xz, 50 MB plain, and
// 40,000 sources; a debian.tar of a Python package is below 1 MB.
const (
	maxTime      = 10 * time.Minute // for one import, all that it asks for
	maxRead      = 256 << 20        // bytes of all documents of one import
	maxDocuments = 3000             // documents of one import

	maxIndex      = 64 << 20  // bytes of a Sources index as it is served
	maxPlainIndex = 256 << 20 // bytes of it uncompressed
	maxParagraph  = 1 << 20   // bytes of one of its paragraphs
	maxParagraphs = 200_000
	maxCandidates = 16   // sources that one project may stand for
	maxAllSources = 1000 // sources that are looked into where no project is named

	maxTarball   = 32 << 20  // bytes of a debian.tar as it is served
	maxPlainTar  = 128 << 20 // bytes of it uncompressed
	maxMembers   = 20_000    // its members
	maxKeyMember = 1 << 20   // bytes of a key in it
	maxWatch     = 64 << 10  // bytes of debian/watch

	maxDictionary = 64 << 20 // bytes of an xz dictionary: what xz -9 wants
	maxBlocks     = 10_000   // blocks of an xz file

	maxPackage      = 1 << 20 // bytes of a .SRCINFO or a PKGBUILD
	maxPackageKeys  = 64      // fingerprints of a package
	maxCertificates = 4 << 20 // bytes of a file of certificates, as openpgp takes it
	maxSSHKeys      = 64 << 10
	maxAccountKeys  = 64 // keys of an account or an address

	maxDepth   = 3    // certifications between a granted key and a new one
	maxGrants  = 2000 // grants of one import
	maxRemarks = 200  // remarks on one import
	maxNote    = 300  // bytes of a note
	maxAddress = 254  // bytes of an e-mail address (RFC 5321)
	maxPlace   = 500  // bytes of a source, as trust takes it
)
