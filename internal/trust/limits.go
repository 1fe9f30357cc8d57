package trust

import "assay/internal/tomlfile"

// The caps on what is read.
const (
	// MaxFile is how many bytes a trust.toml may have, and a lock of imports.
	MaxFile = tomlfile.MaxFile

	maxTables    = 10_000   // tables of a file
	maxList      = 50       // entries of a list
	maxText      = 500      // bytes of a reason, a name, a URL
	maxKeyText   = 64 << 10 // bytes of a certificate or a public key
	maxTemplates = 8        // places where signatures of one grant may lie
	maxImports   = 64       // imports of a file
	maxDepth     = 3        // certifications between a granted key and another one
)
