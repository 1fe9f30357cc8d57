package installer

// The caps on what is read.
const (
	maxConfigFile = 1 << 20  // bytes of a configuration file
	maxBundle     = 16 << 20 // bytes of a file of certificates
	maxDirFiles   = 2000     // files of a folder of certificates
	maxRoots      = 10_000   // certificates
	maxIndexes    = 200      // indexes of one configuration
	maxParents    = 64       // folders upward in which a project is looked for
	maxNetrc      = 1 << 20  // bytes of a netrc file
	maxSources    = 10_000   // sources beside the indexes, of one configuration
	maxLock       = 32 << 20 // bytes of an installer's own lock file
	maxShebang    = 512      // bytes of a program in which its interpreter is looked for
	maxLinks      = 16       // links that lead to an interpreter
)
