package intercept

import "time"

// The caps on what an installer, or an index, may make the proxy hold or wait
// for. Those of streams are gate.DefaultLimits.
const (
	// maxConns is how many connections are served at a time; for more, those that
	// are idle make room. maxTunnels is how many are passed on at a time, which need
	// little but file descriptors; more are refused.
	maxConns   = 512
	maxTunnels = 4096
	// maxRequestHeader and maxResponseHeader bound a message's head, in bytes.
	maxRequestHeader  = 256 << 10
	maxResponseHeader = 256 << 10
	// maxDrain is how much of an upstream body nobody wants is read to keep its
	// connection, in bytes.
	maxDrain = 256 << 10

	// readAhead and writeBehind are how many bytes are moved by one system
	// call: TLS by itself makes one for each record of 16 KiB. copyBuffer is how
	// many are copied at a time of what is not looked at.
	readAhead   = 128 << 10
	writeBehind = 128 << 10
	copyBuffer  = 64 << 10

	// maxPageSent and maxPage bound an index page, as it is sent and decoded, in
	// bytes; maxRatio is how much a page above freeRatio bytes may grow when it
	// is decoded. A real page is about 650 bytes a file and shrinks tenfold.
	maxPageSent = 64 << 20
	maxPage     = 64 << 20
	maxRatio    = 100
	freeRatio   = 1 << 20
	// decodeStep is how many bytes are decoded between two looks at the caps.
	decodeStep = 256 << 10
	// maxETag bounds a page's entity tag, in bytes.
	maxETag = 1 << 10
	// maxAtOnce is how many bytes of a page may come before any is decoded, and
	// maxDecodeKept how large a buffer for decoding is kept for the next page.
	maxAtOnce     = 4 << 20
	maxDecodeKept = 16 << 20
	// maxMemo is how many bytes of pages are kept, as sent and decoded.
	maxMemo = 128 << 20

	// maxHeld is how many bytes of files are held in memory by all requests
	// together; what is more is held in Config.SpoolDir.
	maxHeld = 32 << 20
	// maxMetadata bounds the core metadata of a file, in bytes. It is held whole.
	maxMetadata = 8 << 20
	// keptMetadata is how much of it is kept for a look at its fields, in bytes.
	keptMetadata = 256 << 10

	// maxResumes is how often a file's transfer that broke off is resumed, and
	// maxFruitless how often in a row without resumeProgress bytes in between.
	// resumePause is how long is waited before the first of these tries, and twice
	// as long before each next one: seconds in all, less than what a source may be
	// silent for.
	maxResumes     = 16
	maxFruitless   = 4
	resumeProgress = 1 << 20
	resumePause    = 250 * time.Millisecond
	// maxRedirects is how many redirects of a file are followed.
	maxRedirects = 5
	// maxLeaves is how many hosts' certificates are kept.
	maxLeaves = 1024
	// maxHosts is how many hosts of copied requests are remembered for the report.
	maxHosts = 256
	// maxReason bounds the reason phrase, in bytes.
	maxReason = 200

	// idleTimeout is how long an installer's connection may be silent between
	// requests, headTimeout how long a request's head may take,
	// handshakeTimeout a TLS handshake on either side.
	idleTimeout      = 10 * time.Minute
	headTimeout      = 30 * time.Second
	handshakeTimeout = 20 * time.Second
	// dialTimeout and responseTimeout bound the wait for an upstream's
	// connection and for the head of its answer.
	dialTimeout     = 30 * time.Second
	responseTimeout = 60 * time.Second
	// pageTimeout bounds the whole fetch of a page.
	pageTimeout = 2 * time.Minute
	// upstreamIdle is how long an unused upstream connection is kept.
	upstreamIdle = 90 * time.Second

	// halfOpenTimeout is how long a connection that is passed on may be silent once
	// one of its sides has ended.
	halfOpenTimeout = 10 * time.Minute
	// lingerTimeout and maxLinger bound the reading of what a client still sends
	// after the last answer.
	lingerTimeout = 500 * time.Millisecond
	maxLinger     = 512 << 10

	// acceptPause is how long accepting rests when no connection can be had, and
	// between two looks for room.
	acceptPause = 50 * time.Millisecond
	// idleGrace is how long a connection must have waited for a request, and
	// stuckGrace how long none of its bytes must have moved, before it is closed to
	// make room for another.
	idleGrace  = time.Second
	stuckGrace = 5 * time.Minute
)
