package inventory

// The caps on what is looked at. What lies beyond them is left out, and
// [Snapshot.Complete] says so.
const (
	maxFolders   = 512     // folders with distributions
	maxEntries   = 100_000 // names of one folder
	maxDists     = 50_000  // distributions of all folders
	maxChildren  = 2_000   // environments of one folder of environments
	maxParents   = 64      // folders upward in which an environment is looked for
	maxArguments = 10_000  // words of the command line

	maxName      = 512       // bytes of a distribution's folder name
	maxMetadata  = 64 << 10  // bytes of METADATA that are looked at: its headers come first
	maxDirectURL = 64 << 10  // bytes of a direct_url.json
	maxEggLink   = 8 << 10   // bytes of an egg-link
	maxScript    = 4 << 10   // bytes of a script that are looked at for its interpreter
	maxConfig    = 256 << 10 // bytes of a tool's configuration
	maxShown     = 1 << 10   // bytes of a URL in Installed.Where
	maxJSONDepth = 32        // nesting of direct_url.json
)
