package policy

import (
	"time"

	"assay/internal/tomlfile"
)

// The caps on what is read, and on what judging by it may cost.
const (
	MaxFile = tomlfile.MaxFile // bytes of a policy, of a pyproject.toml and of a file with cases

	maxTables    = 10_000  // tables of a file: projects, exceptions and cases
	maxList      = 200     // entries of a list
	maxText      = 500     // bytes of a reason, of the text of deny and warn, of a pattern
	maxCooldown  = 3650    // days
	maxWhen      = 4 << 10 // bytes of a condition
	maxWhenDepth = 50      // expressions within expressions
	maxCost      = 100_000 // cel-go's units of work for one evaluation; about 0.1 s
	maxNames     = 8192    // projects whose rules are kept; beyond it all are worked out anew
	maxSettled   = 8       // of one project, for how many outcomes of its conditions the rules are kept
	maxGlobs     = 500     // globs that are compared with each other when a policy is checked
	maxWhens     = 1000    // conditions of one file
	maxDrafted   = 50      // dependencies that a first policy proposes a table for
	maxDecoded   = 4       // times that a URL may be percent-encoded
)

// day is the unit in which a cooldown is written.
const day = 24 * time.Hour
