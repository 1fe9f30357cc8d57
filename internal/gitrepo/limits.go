package gitrepo

import (
	"time"

	"assay/internal/gitobject"
)

// Limits are the caps on what a repository may make its reader do. What is zero
// stands for the default.
type Limits struct {
	Tags     int           // tags of a repository
	RefBytes int64         // bytes of a list of refs, of all kinds
	RefTime  time.Duration // for the list of refs of a server, redirects included

	PackBytes    int64         // bytes of one pack from a server, as it is sent
	Inflated     int64         // bytes of what is in one, inflated
	PackObjects  uint32        // objects in one
	TagsInPack   int           // tags and commits in one; there is a tag and a commit
	PackTime     time.Duration // for one pack from a server
	DeltaDepth   int           // deltas upon deltas in a clone; git makes 50, and 250 at most
	DeltaBytes   int64         // bytes that are inflated for one object of a clone
	LocalPacks   int           // packs of a clone
	MaxFitting   int           // tags that name one release
	MaxRedirects int           // redirects that are followed for the list of refs
}

var defaults = Limits{
	Tags:     200_000,
	RefBytes: 128 << 20, // a forge lists two refs for each pull request
	RefTime:  2 * time.Minute,

	PackBytes:    256 << 20, // a large project's files, from a server that cannot leave them out
	Inflated:     2 << 30,
	PackObjects:  1_000_000,
	TagsInPack:   16,
	PackTime:     3 * time.Minute,
	DeltaDepth:   512,
	DeltaBytes:   64 << 20,
	LocalPacks:   4096,
	MaxFitting:   8,
	MaxRedirects: 3,
}

const (
	maxObject     = gitobject.MaxObject // bytes of a tag, a commit, and of what either is a delta of
	maxFileObject = 32 << 20            // bytes of a tree or a file that is read, and of what either is a delta of
	maxFileDelta  = 512 << 20           // bytes that are inflated for one of these
	maxFileDepth  = 64                  // folders in a path
	maxFollowed   = 5                   // symbolic refs, and tags of tags
	maxAncestors  = 1000                // commits that a revision goes back
	maxWhere      = 8 << 10             // bytes of a URL or path
	maxPointer    = 4 << 10             // bytes of a file that names a folder or an object
	maxText       = 200                 // bytes of a server's message that are shown
)

// orDefault fills what is zero.
func (l Limits) orDefault() Limits {
	fill(&l.Tags, defaults.Tags)
	fill(&l.RefBytes, defaults.RefBytes)
	fill(&l.RefTime, defaults.RefTime)
	fill(&l.PackBytes, defaults.PackBytes)
	fill(&l.Inflated, defaults.Inflated)
	fill(&l.PackObjects, defaults.PackObjects)
	fill(&l.TagsInPack, defaults.TagsInPack)
	fill(&l.PackTime, defaults.PackTime)
	fill(&l.DeltaDepth, defaults.DeltaDepth)
	fill(&l.DeltaBytes, defaults.DeltaBytes)
	fill(&l.LocalPacks, defaults.LocalPacks)
	fill(&l.MaxFitting, defaults.MaxFitting)
	fill(&l.MaxRedirects, defaults.MaxRedirects)
	return l
}

func fill[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}
