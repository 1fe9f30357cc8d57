package tomlfile

// The caps on what is read.
const (
	MaxFile = 1 << 20 // bytes of a file

	maxKeys     = 100_000 // keys of one file
	maxProblems = 20      // errors that are shown at once
	maxQuoted   = 80      // bytes of what was written that a message repeats
)
