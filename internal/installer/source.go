package installer

// SourceKind says by what means something is asked for, if not of an index.
type SourceKind string

// The kinds.
const (
	SourceVCS      SourceKind = "vcs"      // git+https://…: nobody looks at its bytes
	SourceLocal    SourceKind = "local"    // a file or folder of this computer
	SourceEditable SourceKind = "editable" // a folder that is installed in place
	SourceDirect   SourceKind = "direct"   // the URL of a file, judged like every other
)

// Source is something asked for by other means than an index.
type Source struct {
	Kind   SourceKind
	Where  string // a URL without secrets, or a path as it was written
	Origin string // "command line", "requirements.txt:3"
}
