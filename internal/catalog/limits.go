package catalog

import "time"

// Caps on what one page may cost and on what is kept.
const (
	// pageBudget is how long the evidence for a page's newest releases may take
	// before the page is handed on without it. The evidence is then judged when
	// a file is asked for.
	pageBudget = 10 * time.Second
	// pageReleases is how many releases of a page are looked at, newest first,
	// until one holds.
	pageReleases = 6
	// releaseFiles is how many files of one release are looked at for its page.
	releaseFiles = 24
	// parallel is how many files are judged at once for one page.
	parallel = 8
	// maxBroken is how many transfers of one file may break off before it is
	// refused at once: an installer that only sees its connections cut learns no
	// reason.
	maxBroken = 2
	// maxPages is how many pages are remembered; beyond it the oldest goes, and
	// its files are mapped to their project by asking the index again.
	maxPages = 4096
	// maxBytes is how many bytes the remembered pages may take.
	maxBytes = 256 << 20
)

// kept says how much is kept of what a run asks for.
type kept struct {
	// tried is how many judgements are kept. Beyond it those that refuse nothing go,
	// and are made anew; where all refuse, no further one is kept.
	tried int
	// told is how many records are known to have been made. Beyond it the oldest go:
	// what they were of may be recorded twice.
	told int
	// broken is how many files are counted whose transfer broke off. Beyond it all
	// others count as one: once that is refused, every file is that is not counted.
	broken int
	// quarantined is how many projects under quarantine are known by more than their
	// page. Beyond it any of them goes.
	quarantined int
	// refused is how many refused releases are told apart. Beyond it a release is
	// refused with its whole project, and beyond twice as many with everything.
	refused int
	// metadata is of how many files the metadata is known that was handed out, and
	// that was inside. Beyond it the oldest go: of these only what their index promises
	// is compared.
	metadata int
}

var keep = kept{tried: 8192, told: 32_768, broken: 8192, refused: 65_536, metadata: 32_768, quarantined: 8192}
