package journal

import "time"

// Caps on what is read from the folder and from files to import, and on what is
// waited for.
const (
	// schema is the version of the lines that this program writes and understands.
	schema = 1
	// maxLine is the longest line, in bytes, with its line break.
	maxLine = 64 << 10
	// maxText is the longest single value in a line, in bytes.
	maxText = 8 << 10
	// maxPublishers and maxCodes bound the lists in one entry.
	maxPublishers = 64
	maxCodes      = 64
	// maxHead is the size of the file that notes the head, in bytes.
	maxHead = 256
	// maxImport is the size of a file to import, in bytes, and maxImported how many
	// files and acceptances it may hold.
	maxImport   = 64 << 20
	maxImported = 200_000
	// maxAcceptance is how far ahead an acceptance may end.
	maxAcceptance = 5 * 366 * 24 * time.Hour

	// lockWait is how long another run may hold the journal before that is an error.
	lockWait = 10 * time.Second
	// ahead is how far the time of an entry may lie ahead of now before that is
	// mentioned.
	ahead = 10 * time.Minute

	// tailEntries is how many entries behind the index are read at each start before
	// a new index is written.
	tailEntries = 2000
	// chunk is how much of the journal is read at a time, in bytes.
	chunk = 1 << 20
)
