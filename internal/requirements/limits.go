package requirements

// The caps on what is read.
const (
	MaxFile    = 8 << 20 // bytes of one file: thousands of pins with all their hashes
	maxLine    = 1 << 20 // bytes of one line with its continuations, variables expanded
	maxEntries = 100_000 // entries of all files together
	maxFiles   = 200     // files that lead to each other
	maxDepth   = 20      // files within files
)
