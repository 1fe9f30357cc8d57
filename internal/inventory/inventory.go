package inventory

// Source is where an installed distribution says that it came from.
type Source string

// The sources, as direct_url.json tells them.
const (
	Index    Source = "index"    // nothing is said: it was found by its name
	VCS      Source = "vcs"      // a repository
	Local    Source = "local"    // a folder or file of this computer
	Editable Source = "editable" // a folder of this computer, used as it stands
	Direct   Source = "direct"   // a file asked for by its URL
	Unknown  Source = "unknown"  // what is said cannot be read without doubt
)

// Installed is a distribution that is there now and was not before.
type Installed struct {
	Project string // in normal form
	Version string // as its metadata spells it; empty where it does not tell
	Folder  string // the site-packages that it is in
	Source  Source
	Where   string // for other sources than the index: the URL, without credentials
}
