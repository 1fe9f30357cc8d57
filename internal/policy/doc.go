// Package policy reads what people write down about the packages they take, and
// compiles it to the rules that decide.
//
//	mode = "enforce"                 # audit: report, refuse nothing but what is broken
//
//	[defaults]
//	evidence       = "remember"      # none, remember or require
//	cooldown       = "3d"            # days or hours
//	sdist          = "warn"          # allow, warn or deny
//	on_unavailable = "refuse"        # refuse or warn
//	vcs            = "deny"          # allow or deny
//	allow_http     = ["*.corp.example"]
//
//	[[project]]
//	name      = "acme-*"             # a normalised name (PEP 503), or a glob with "*"
//	index     = "https://index.corp.example/simple"
//	cooldown  = "0d"
//	publisher = ["github:acme/*@release.yml", {identity = "gitlab:acme/**", owner_id = "4711"}]
//	require   = "any"                # any, all or a number
//
//	[[project]]
//	name = "*"
//	when = "claims.exists(c, c.identity.startsWith('google:'))"   # CEL
//	deny = "nobody here signs by hand"
//
//	[[exception]]
//	project = "foo"
//	version = "1.2.3"
//	allow   = ["publisher.changed"]
//	until   = 2026-12-31
//	reason  = "moved to the new organisation, ticket 4711"
//
// A file is read strictly: what is not known is an error that names the line and
// the nearest key. [Parse] and [ParsePyproject] read one, [Join] makes a [Policy] of
// the person's own and the project's.
//
// # Which rule holds
//
// Within one file, key by key, the later of
//
//	[defaults] < tables with a glob, in the file's order < the table with the exact name
//	< tables with a "when" that holds, in the file's order
//
// A list replaces a list. Of two files the person's own is the stronger: see [Join].
//
// Nothing here opens a file, asks the network or reads the environment.
package policy
