package gitobject

// The caps on what is read.
const (
	MaxObject = 1 << 20 // bytes of a tag or commit object; a merge of signed tags takes some 100 KiB

	maxHeaders   = 256      // lines of headers, without continuations
	maxHeader    = 16 << 10 // bytes of one line of headers
	maxParents   = 128      // parents of a commit; the largest known has 66
	maxTagName   = 255      // bytes of a tag's name
	maxSignature = 64 << 10 // bytes of a signature
	maxIdent     = 1 << 10  // bytes of who and when
	maxTime      = 1 << 40  // seconds since 1970, beyond which a time is none
)
