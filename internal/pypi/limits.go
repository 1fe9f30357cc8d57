package pypi

// The caps on what is read. A page beyond them is refused, not cut.
const (
	maxPageSize    = 64 << 20  // bytes of a page
	maxFiles       = 200_000   // files on a page
	maxDepth       = 64        // nesting of JSON values
	maxString      = 64 << 10  // bytes of one JSON string or HTML attribute
	maxDescription = 8 << 20   // bytes of one string of a document of the JSON API
	maxName        = 255       // bytes of a project name
	maxVersion     = 512       // bytes of a version: more than one in a file name has in normal form
	maxFilename    = 255       // bytes of a file name, as file systems have it
	maxURL         = 8 << 10   // bytes of a URL
	maxYank        = 8 << 10   // bytes of a reason that WithYanked writes
	maxStanding    = 1 << 10   // bytes that are kept of the reason for a project's status
	maxAttributes  = 64        // attributes of one HTML tag
	maxLinkText    = 4 << 10   // bytes of an HTML link's text that are looked at
	maxHTMLToken   = 256 << 10 // bytes of one HTML tag, comment or run of text
	maxMetadata    = 8 << 20   // bytes of core metadata
	maxHeaders     = 20_000    // headers of core metadata
	maxValue       = 16 << 10  // bytes of a value that installers decide by
	maxPyproject   = 1 << 20   // bytes of a pyproject.toml
	maxBrackets    = 20_000    // opening brackets of one, which bounds how deep it nests
	maxFact        = 300       // bytes of what is shown of a summary, a license, an author
)
