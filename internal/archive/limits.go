package archive

// Limits bound what an archive may hold. The zero value of a field means the
// default.
type Limits struct {
	// Members is how many members an archive may have.
	Members int
	// Member is the size of one member, and Total that of all, in bytes when
	// unpacked.
	Member, Total int64
	// Ratio is how many times larger than its packed bytes a member of a zip, or a
	// whole tar, may become once it is larger than RatioFloor bytes.
	Ratio, RatioFloor int64
	// Record is the size of RECORD, and Text that of each other text that is
	// kept (METADATA, PKG-INFO, pyproject.toml), in bytes.
	Record, Text int64
}

// DefaultLimits are the limits in use where none are given. PyPI takes no new
// member of over 64 MiB that unpacks to more than 50 times its packed size. The
// largest RECORD of a real wheel is below 2 MiB.
var DefaultLimits = Limits{
	Members: 200_000,
	Member:  16 << 30, Total: 32 << 30,
	Ratio: 50, RatioFloor: 64 << 20,
	Record: 8 << 20, Text: 4 << 20,
}

// The caps that nobody needs to choose.
const (
	maxName      = 4096       // bytes of a member's name: PATH_MAX
	maxNames     = 16 << 20   // bytes of all names and link targets together
	maxParts     = 256        // parts of a path
	maxExtra     = 8 << 10    // bytes of a zip header's extra field
	maxPax       = 1 << 20    // bytes of one pax header, or of a GNU long name
	maxPaxKeys   = 256        // records of one pax header
	maxGzipName  = 4 << 10    // bytes of the name or comment in a gzip header
	maxTexts     = 16         // texts that are kept of one archive
	maxKept      = 16 << 20   // bytes of all texts that are kept of one archive
	maxPlainText = 256 << 10  // bytes of a text that is kept as it is, not packed
	maxParsing   = 2          // large RECORDs that are compared at a time
	maxCrowded   = 4          // crowded archives that are read at a time
	fewMembers   = 20_000     // members of an archive that is not crowded
	fewNames     = 2 << 20    // bytes of all their names
	maxSmallText = 1 << 20    // bytes of WHEEL and of entry_points.txt
	maxJWS       = 64 << 10   // bytes of RECORD.jws
	maxRows      = 2          // rows of RECORD for each member that an archive has
	maxSpareRows = 10_000     // rows of RECORD beyond those
	maxPerCode   = 10         // findings of one code; the rest is counted
	maxShown     = 120        // bytes of a name that a finding shows
	maxRootsKept = 8          // top directories that are told apart
	copyBuffer   = 64 << 10   // bytes that are passed on at a time
	tailWindow   = 22 + 1<<16 // bytes in which zip readers look for the end record
)

// orDefault fills the fields that are zero.
func (l Limits) orDefault() Limits {
	d := DefaultLimits
	if l.Members == 0 {
		l.Members = d.Members
	}
	for _, f := range []struct {
		v *int64
		d int64
	}{
		{&l.Member, d.Member}, {&l.Total, d.Total}, {&l.Ratio, d.Ratio},
		{&l.RatioFloor, d.RatioFloor}, {&l.Record, d.Record}, {&l.Text, d.Text},
	} {
		if *f.v == 0 {
			*f.v = f.d
		}
	}
	return l
}
