// Package pypi reads what a Python index says: project names, versions, file
// names and the pages of the Simple Repository API. It turns bytes into types
// and back, and does nothing else: no network, no files, no clock.
//
// A page goes through it like this:
//
//	page, err := pypi.ParsePage("application/vnd.pypi.simple.v1+json", body, u)
//	// page.Files[0].Filename == "sampleproject-4.0.0-py3-none-any.whl"
//	f, err := pypi.ParseFilenameFor("sampleproject", page.Files[0].Filename)
//	// f.Kind == pypi.Wheel, f.Version.String() == "4.0.0"
//	a := page.Artifact(0, "https://index.example.invalid/simple/sampleproject/")
//	edited, err := page.WithYanked(map[int]string{0: "refused: …"})
//	// edited is body, but for the mark on the first file
//
// What PyPI's JSON API says of a project or a release, from which Poetry installs,
// is read as a page too: see ParseDocument. What a distribution says of itself is
// read by [ParseMetadata] and [About], and never by running it.
//
// Everything is read strictly: what two installers could read in two ways (a key
// given twice, a link hidden where only some parsers see it, a file name that
// its URL contradicts) is a [PageError], and every size, count and depth is
// capped (see limits.go).
//
// Sources: PEP 440 and 508 (versions, names), PEP 427, 491 and 625 (file
// names), PEP 503, 592, 629, 658, 691, 700, 714, 740 and 792 (pages), PEP 621, 643 and 658 (metadata).
package pypi
