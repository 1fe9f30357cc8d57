package index

import "time"

// limits are the caps on what an index may make the client do.
type limits struct {
	pageSize       int64 // bytes of a page, and of its transfer before decompression
	provenanceSize int64 // bytes of a provenance object; one attestation takes 5 to 20 KiB
	signatureSize  int64 // bytes of a detached signature: a verifier takes 64 KiB
	checksumsSize  int64 // bytes of a signed list of checksums
	fileSize       int64 // bytes of a distribution file

	pageTime       time.Duration // for a whole page, redirects included
	provenanceTime time.Duration // for a whole provenance object
	documentTime   time.Duration // for a whole document that a person names
	headerTime     time.Duration // until the head of the answer for a file has come

	idle     time.Duration // the longest silence within a body
	window   time.Duration // the time over which the rate is measured
	rate     int64         // bytes a second that a body must come with
	redirect int           // redirects that are followed

	cachedPages      int           // pages kept in memory
	cachedPageBytes  int64         // bytes of these pages, as they were sent
	cachedProvenance int           // provenance objects kept
	cachedBytes      int64         // bytes of these
	fresh            time.Duration // how long an answer is kept
	freshError       time.Duration // how long a failure is kept
}

// defaults are the limits of every client outside of this package's tests.
var defaults = limits{
	pageSize:       64 << 20,
	provenanceSize: 1 << 20,
	signatureSize:  64<<10 + 1,
	checksumsSize:  4<<20 + 1,
	fileSize:       64 << 30,

	pageTime:       60 * time.Second,
	provenanceTime: 20 * time.Second,
	documentTime:   5 * time.Minute,
	headerTime:     60 * time.Second,

	idle:     30 * time.Second,
	window:   10 * time.Second,
	rate:     256,
	redirect: 5,

	cachedPages:      512,
	cachedPageBytes:  256 << 20,
	cachedProvenance: 4096,
	cachedBytes:      64 << 20,
	fresh:            5 * time.Minute,
	freshError:       2 * time.Second,
}

// The caps that hold for single values.
const (
	maxURL       = 8 << 10 // bytes of a URL that is asked for or redirected to
	maxShownURL  = 300     // bytes of a URL in an error
	maxProjects  = 8       // projects that one file name may stand for
	maxBeside    = 16      // signatures that are asked for beside one file
	maxIndexes   = 64      // indexes that are asked for one file
	maxParallel  = 8       // pages that one Locate asks for at once
	maxRedirSize = 4 << 10 // bytes of a redirect's body that are read to reuse its connection
)
