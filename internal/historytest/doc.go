// Package historytest has the release histories of real projects, for tests that
// replay them: which files were uploaded when, and who attested each.
//
//	histories, err := historytest.All()
//
// # What is real, and what is rebuilt
//
// Versions, file names, sizes, upload times and SHA-256 digests are those that the
// public index states. Of a release with many wheels up to three stand for all.
// Who attested a file is known less well, and each line says how:
//
//	real     production provenance of this very file was verified: identity and numbers
//	told     the index, the project or somebody who looked said publicly whether the
//	         file is attested; the workflow is the one in the project's repository
//	rebuilt  what the project's public workflows and habits suggest. The first
//	         attested release may be another one, and repository and owner numbers
//	         from 850000001 on are made up
//
// So a history is a real rhythm of releases with a likely course of provenance. It is
// no statement about a project.
//
// # A file
//
// has a line to a field, separated by tabs:
//
//	# a sentence about the project
//	publisher  KEY  IDENTITY  real|rebuilt
//	file  VERSION  FILENAME  SIZE  UPLOADED  SHA256  KEY|-  real|told|rebuilt  CHANGE|-
//
// IDENTITY is read by authority.ParseIdentity. CHANGE says what is new at a release:
//
//	begins    the first attested one
//	renamed   another workflow of the same repository
//	moved     the repository has another owner or name, and its number still
//	repository  attested by another repository, with another number
//	lost      not attested, though earlier ones were
//	regained  attested again
//	attack    uploaded by somebody else with a stolen token
//	poisoned  built by the project's own workflow out of what an attacker put there
package historytest
