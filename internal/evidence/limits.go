package evidence

import "time"

// The caps of the store.
const (
	maxFile     = 8 << 20   // bytes of one release
	maxFiles    = 20000     // releases
	maxBytes    = 512 << 20 // bytes of all
	maxEvidence = 10000     // pieces of evidence of one release

	keep    = 24 * time.Hour      // how long evidence is taken
	forget  = 30 * 24 * time.Hour // how long it is kept for who takes it however old
	rewrite = time.Hour           // how old a page may be that is not written anew where it says the same
)
