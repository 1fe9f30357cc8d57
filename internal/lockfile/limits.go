package lockfile

// The caps on what is read.
const (
	MaxFile = 32 << 20 // bytes of one file

	maxKeys     = 2_000_000 // keys of a TOML document, values of a JSON one
	maxDots     = 200_000   // dots between names in a TOML document
	maxNesting  = 64        // values within values of a JSON document
	maxPackages = 50_000    // entries of a lock with all its includes
	maxFiles    = 5_000     // files of one entry
	maxAllFiles = 300_000   // files of all entries together
	maxOfFile   = 50        // hashes of one file
	maxIndexes  = 1_000     // indexes that a lock names
	maxLines    = 1_000_000 // lines of a requirements file
	maxHashes   = 10_000    // hashes of one entry
	maxLine     = 1 << 20   // bytes of a requirements line with its continuations, variables put in
	maxIncludes = 200       // requirements files that lead to each other
	maxDepth    = 20        // requirements files within each other
	maxSize     = 1 << 40   // bytes that a file may be said to have
	maxText     = 8 << 10   // bytes of a name, URL, path or marker
	maxNeeds    = 5_000     // what one entry needs
	maxProblems = 20        // problems that are shown at once
	maxDigits   = 512       // digits of a hash whose algorithm Assay does not know
	maxExtras   = 200       // extras of one entry
	maxFields   = 50        // keys of an identity
)
