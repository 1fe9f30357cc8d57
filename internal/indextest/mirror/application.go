package main

import "fmt"

// part is one wheel of the application and the page that lists it. Sizes are in
// KiB, unpacked.
type part struct {
	sources, sourceKB    int // Python files
	libraries, libraryKB int // extension modules
	others, otherKB      int // data, licences, metadata
	otherPackedKB        int // what a compressor leaves of otherKB
	metadataKB           int
	optional             int  // dependencies of extras
	listed               int  // files on the page
	pythons, platforms   int  // the newest release has a wheel for each pair; one where 0
	attested             bool // the newer releases have provenance
	asked                bool // installed because a person asked for it
	requires             []int
}

// name is the project's name, by its place in the application.
func name(i int) string { return fmt.Sprintf("part%02d", i) }

// version is the newest version of every part.
const version = "3.0.0"

// application is measured of a real one, smallest wheel first: what pip chose for
// CPython 3.11 on x86-64 of an application with two web frameworks, an ORM, data
// frames, a task queue, a cloud provider's SDK, imaging, cryptography and a
// terminal interface. Of its 60 wheels the middle one has 107 KB, ten have more
// than 1.5 MB, two have 16 MB, and all 78 MB; they install 7,600 files of 228 MB.
// The pages list 8 to 14,917 files, 85,000 together, with up to 144 wheels in a
// release. What the mirror makes of it is a tenth larger when packed. That every
// other part is attested is not measured.
var application = []part{
	{sources: 1, sourceKB: 2, others: 4, otherKB: 5, otherPackedKB: 2, metadataKB: 3, listed: 11, attested: true, requires: []int{29}},
	{sources: 2, sourceKB: 1, others: 6, otherKB: 8, otherPackedKB: 3, metadataKB: 6, listed: 14},
	{sources: 1, sourceKB: 1, others: 6, otherKB: 15, otherPackedKB: 5, metadataKB: 3, listed: 20, attested: true, requires: []int{14, 39}},
	{sources: 3, sourceKB: 20, others: 5, otherKB: 3, otherPackedKB: 1, metadataKB: 1, listed: 27},
	{sources: 6, sourceKB: 16, others: 5, otherKB: 5, otherPackedKB: 2, metadataKB: 2, listed: 30, attested: true},
	{sources: 6, sourceKB: 18, others: 5, otherKB: 4, otherPackedKB: 2, metadataKB: 1, listed: 8},
	{sources: 1, sourceKB: 33, others: 5, otherKB: 3, otherPackedKB: 1, metadataKB: 1, listed: 48, attested: true},
	{sources: 2, sourceKB: 19, others: 5, otherKB: 16, otherPackedKB: 6, metadataKB: 14, listed: 18},
	{sources: 5, sourceKB: 18, others: 5, otherKB: 20, otherPackedKB: 7, metadataKB: 5, listed: 92, attested: true},
	{sources: 8, sourceKB: 41, others: 5, otherKB: 4, otherPackedKB: 2, metadataKB: 1, listed: 37},
	{sources: 5, sourceKB: 51, others: 6, otherKB: 9, otherPackedKB: 4, metadataKB: 7, optional: 8, listed: 91, attested: true},
	{sources: 9, sourceKB: 58, others: 5, otherKB: 9, otherPackedKB: 4, metadataKB: 7, listed: 39},
	{sources: 2, sourceKB: 13, libraries: 1, libraryKB: 42, others: 8, otherKB: 9, otherPackedKB: 3, metadataKB: 2, listed: 1024, pythons: 9, platforms: 16, attested: true},
	{sources: 11, sourceKB: 90, others: 6, otherKB: 10, otherPackedKB: 5, metadataKB: 8, listed: 26},
	{sources: 1, sourceKB: 161, others: 4, otherKB: 17, otherPackedKB: 5, metadataKB: 3, listed: 116, attested: true},
	{sources: 14, sourceKB: 177, others: 5, otherKB: 12, otherPackedKB: 5, metadataKB: 9, listed: 126, requires: []int{4}},
	{sources: 7, sourceKB: 236, others: 6, otherKB: 19, otherPackedKB: 8, metadataKB: 9, listed: 35, attested: true},
	{sources: 19, sourceKB: 188, others: 16, otherKB: 39, otherPackedKB: 12, metadataKB: 8, listed: 72},
	{sources: 10, sourceKB: 324, others: 6, otherKB: 9, otherPackedKB: 4, metadataKB: 7, optional: 6, listed: 75, attested: true},
	{sources: 23, sourceKB: 277, others: 6, otherKB: 10, otherPackedKB: 4, metadataKB: 6, optional: 8, listed: 145, asked: true, requires: []int{18, 20, 30, 31}},
	{sources: 31, sourceKB: 255, others: 5, otherKB: 25, otherPackedKB: 10, metadataKB: 21, optional: 4, listed: 119, attested: true, requires: []int{13, 30}},
	{sources: 36, sourceKB: 257, others: 5, otherKB: 11, otherPackedKB: 5, metadataKB: 6, optional: 7, listed: 312, requires: []int{14, 31}},
	{sources: 33, sourceKB: 266, others: 6, otherKB: 7, otherPackedKB: 3, metadataKB: 2, optional: 3, listed: 110, attested: true, requires: []int{12}},
	{sources: 45, sourceKB: 274, others: 6, otherKB: 12, otherPackedKB: 5, metadataKB: 6, optional: 6, listed: 299, asked: true, requires: []int{13, 14, 29}},
	{sources: 28, sourceKB: 295, others: 5, otherKB: 8, otherPackedKB: 4, metadataKB: 4, listed: 171, attested: true},
	{sources: 16, sourceKB: 318, others: 6, otherKB: 14, otherPackedKB: 5, metadataKB: 1, optional: 1, listed: 128, requires: []int{58}},
	{sources: 66, sourceKB: 233, others: 8, otherKB: 19, otherPackedKB: 8, metadataKB: 7, optional: 27, listed: 92, attested: true, requires: []int{5}},
	{sources: 24, sourceKB: 329, others: 7, otherKB: 7, otherPackedKB: 3, metadataKB: 3, optional: 3, listed: 110, asked: true, requires: []int{3, 9, 12, 29, 32, 37}},
	{sources: 8, sourceKB: 88, libraries: 1, libraryKB: 122, others: 8, otherKB: 146, otherPackedKB: 35, metadataKB: 109, listed: 5394, pythons: 9, platforms: 15, attested: true, requires: []int{18, 40, 46}},
	{sources: 17, sourceKB: 433, others: 5, otherKB: 5, otherPackedKB: 3, metadataKB: 2, listed: 130},
	{sources: 5, sourceKB: 4, others: 7, otherKB: 233, otherPackedKB: 128, metadataKB: 2, listed: 142, attested: true},
	{sources: 46, sourceKB: 530, others: 7, otherKB: 9, otherPackedKB: 4, metadataKB: 4, optional: 2, listed: 146, requires: []int{14, 18}},
	{sources: 25, sourceKB: 478, others: 6, otherKB: 6, otherPackedKB: 3, metadataKB: 2, optional: 1, listed: 97, attested: true, asked: true, requires: []int{12}},
	{sources: 36, sourceKB: 424, others: 6, otherKB: 15, otherPackedKB: 6, metadataKB: 7, optional: 5, listed: 192},
	{sources: 39, sourceKB: 299, others: 23, otherKB: 668, otherPackedKB: 50, metadataKB: 6, optional: 1, listed: 4312, attested: true, asked: true, requires: []int{11, 25, 58}},
	{sources: 54, sourceKB: 857, others: 15, otherKB: 64, otherPackedKB: 23, metadataKB: 26, optional: 40, listed: 742, asked: true, requires: []int{1, 14, 21, 31, 45}},
	{sources: 20, sourceKB: 329, libraries: 1, libraryKB: 324, others: 10, otherKB: 47, otherPackedKB: 15, metadataKB: 2, listed: 2124, pythons: 6, platforms: 16, attested: true, requires: []int{16}},
	{sources: 52, sourceKB: 728, others: 11, otherKB: 27, otherPackedKB: 11, metadataKB: 3, optional: 1, listed: 195, requires: []int{12}},
	{sources: 18, sourceKB: 265, others: 7, otherKB: 165, otherPackedKB: 153, metadataKB: 8, listed: 58, attested: true, requires: []int{6}},
	{sources: 1, sourceKB: 2, libraries: 1, libraryKB: 730, others: 8, otherKB: 37, otherPackedKB: 11, metadataKB: 19, listed: 1184, pythons: 8, platforms: 16},
	{sources: 4, sourceKB: 4, libraries: 1, libraryKB: 750, others: 8, otherKB: 41, otherPackedKB: 12, metadataKB: 24, listed: 1306, pythons: 9, platforms: 15, attested: true},
	{sources: 81, sourceKB: 877, others: 6, otherKB: 25, otherPackedKB: 10, metadataKB: 17, optional: 26, listed: 314, requires: []int{4, 15}},
	{sources: 77, sourceKB: 942, others: 26, otherKB: 127, otherPackedKB: 40, metadataKB: 7, optional: 2, listed: 217, attested: true, asked: true, requires: []int{14, 22, 54}},
	{sources: 100, sourceKB: 1189, others: 5, otherKB: 27, otherPackedKB: 11, metadataKB: 18, optional: 1, listed: 414, asked: true, requires: []int{26, 50}},
	{sources: 145, sourceKB: 1343, others: 7, otherKB: 21, otherPackedKB: 10, metadataKB: 6, listed: 303, attested: true, asked: true, requires: []int{49}},
	{sources: 106, sourceKB: 1791, others: 6, otherKB: 148, otherPackedKB: 30, metadataKB: 138, optional: 3, listed: 2066, requires: []int{7, 14, 52}},
	{sources: 4, sourceKB: 60, libraries: 2, libraryKB: 1604, others: 9, otherKB: 43, otherPackedKB: 13, metadataKB: 5, listed: 5696, pythons: 9, platforms: 16, attested: true},
	{sources: 161, sourceKB: 1652, others: 7, otherKB: 41, otherPackedKB: 18, metadataKB: 23, optional: 46, listed: 363, asked: true, requires: []int{0, 4, 10, 24, 29, 38, 41}},
	{sources: 120, sourceKB: 2511, others: 5, otherKB: 27, otherPackedKB: 11, metadataKB: 16, optional: 11, listed: 296, attested: true, asked: true},
	{sources: 48, sourceKB: 1607, libraries: 1, libraryKB: 1889, others: 7, otherKB: 31, otherPackedKB: 11, metadataKB: 23, listed: 212, pythons: 5, platforms: 6, asked: true},
	{sources: 343, sourceKB: 4469, others: 6, otherKB: 42, otherPackedKB: 21, metadataKB: 2, optional: 1, listed: 188, attested: true},
	{sources: 54, sourceKB: 971, libraries: 4, libraryKB: 5878, others: 15, otherKB: 78, otherPackedKB: 23, metadataKB: 8, optional: 5, listed: 10746, pythons: 9, platforms: 16, asked: true, requires: []int{2, 8, 14, 17, 28, 39, 40, 46}},
	{sources: 2, sourceKB: 177, libraries: 1, libraryKB: 4899, others: 8, otherKB: 177, otherPackedKB: 27, metadataKB: 6, listed: 14917, pythons: 9, platforms: 15, attested: true, requires: []int{14}},
	{sources: 11, sourceKB: 123, libraries: 16, libraryKB: 11336, others: 6, otherKB: 15, otherPackedKB: 5, metadataKB: 4, listed: 1195, pythons: 8, platforms: 8, asked: true},
	{sources: 258, sourceKB: 8448, libraries: 8, libraryKB: 9120, others: 10, otherKB: 44, otherPackedKB: 19, metadataKB: 9, optional: 32, listed: 6796, pythons: 9, platforms: 8, attested: true, asked: true, requires: []int{14}},
	{sources: 78, sourceKB: 419, libraries: 1, libraryKB: 14096, others: 41, otherKB: 132, otherPackedKB: 32, metadataKB: 4, optional: 1, listed: 3742, pythons: 7, platforms: 8, asked: true, requires: []int{14, 36}},
	{sources: 97, sourceKB: 1149, libraries: 26, libraryKB: 18640, others: 16, otherKB: 118, otherPackedKB: 32, metadataKB: 8, optional: 26, listed: 3910, pythons: 9, platforms: 9, attested: true, asked: true},
	{sources: 1440, sourceKB: 23962, libraries: 45, libraryKB: 18292, others: 73, otherKB: 384, otherPackedKB: 133, metadataKB: 16, optional: 46, listed: 2625, pythons: 7, platforms: 8, asked: true, requires: []int{38, 59}},
	{sources: 77, sourceKB: 1415, others: 1962, otherKB: 19200, otherPackedKB: 15438, metadataKB: 5, optional: 1, listed: 4984, attested: true, requires: []int{11, 33, 38}},
	{sources: 487, sourceKB: 8905, libraries: 22, libraryKB: 43243, others: 533, otherKB: 3867, otherPackedKB: 1013, metadataKB: 6, listed: 4415, pythons: 9, platforms: 8},
}
