package archive

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"strings"

	"assay"
)

const tarName = "demo-1.0.tar.gz"

// bzip2Sdist is the sdist without a fault as bzip2 packs it: the standard library
// has no writer.
const bzip2Sdist = "" +
	"QlpoOTFBWSZTWTMKHbQAALnfhcqQUIP/kgOr2YpuN94gAACCACgIMADY2w0qaMjATCaYBMBMIYBPQijI0GgAEwTE0waAjTCCSiaG" +
	"lP1NTDRomNI09TRgE02po/U4WXU+aqimhAaDHgkVFU34GRNpAv1wGgwKBIYgMVVfXboJ1oGcrZJs8GND24QFjddOE6YDq2gj1FSD" +
	"QEfPxq3ygi8TUP8sfuEqtHWvdn0usUicQSKCRBlWOUUAXwPBQNHcRk0HcENeCYz7cMU0ikHOIAPBxk4DBoSt1GSMZjYbBMifGX8W" +
	"BBYHLkXIeOhFgGdxnrd3gH+XigiESV18HxB5YJeBdyRThQkDMKHbQA=="

func bzip2ed() []byte {
	body, err := base64.StdEncoding.DecodeString(bzip2Sdist)
	if err != nil {
		panic(err)
	}
	return body
}

// more is an sdist with further members.
func more(entries ...entry) func() []byte {
	return func() []byte { return sdist(func(t *tarFile) { t.entries = append(t.entries, entries...) }) }
}

// tarred is an sdist with a change.
func tarred(change func(*tarFile)) func() []byte { return func() []byte { return sdist(change) } }

// plain is an sdist that is not compressed.
func plain() []byte {
	t := &tarFile{}
	sdist(func(made *tarFile) { t.entries = made.entries })
	return t.tar()
}

// described is a member with a pax header of its own.
func described(kind byte, records ...string) func() []byte {
	return more(entry{name: "pax", kind: kind, data: strings.Join(records, "")}, entry{name: "demo-1.0/a.py", data: "0123456789"})
}

func tarVectors() []vector {
	refused := func(file, rule string, build func() []byte) vector {
		return vector{file, tarName, refuse, assay.ArchiveAmbiguous, rule, build}
	}
	unreadable := func(file, rule string, build func() []byte) vector {
		return vector{file, tarName, refuse, assay.ArchiveUnreadable, rule, build}
	}
	unsafe := func(file, rule string, build func() []byte) vector {
		return vector{file, tarName, refuse, assay.ArchiveUnsafeName, rule, build}
	}
	warned := func(file, rule string, build func() []byte) vector {
		return vector{file, tarName, warn, assay.ArchiveIrregular, rule, build}
	}
	legal := func(file, rule string, build func() []byte) vector {
		return vector{file, tarName, ok, "", rule, build}
	}
	link := func(kind byte, to string) func() []byte {
		return more(entry{name: "demo-1.0/link", kind: kind, link: to})
	}
	allAs := func(magic string) func() []byte {
		return tarred(func(t *tarFile) {
			for i := range t.entries {
				t.entries[i].magic = magic
			}
		})
	}
	long := "demo-1.0/" + strings.Repeat("long/", 30) + "a.py"
	member := entry{name: "demo-1.0/a.py", data: "0123456789"}
	longName := entry{name: "././@LongLink", kind: 'L', data: long + "\x00", magic: "gnu"}
	field := func(at int, text string) func([]byte) { return func(b []byte) { copy(b[at:], text) } }
	return []vector{
		legal("tar.tar.gz", "an sdist without a fault", tarred(nil)),
		legal("tar-gnu.tar.gz", "GNU's format", allAs("gnu")),
		legal("tar-v7.tar.gz", "the format before ustar", allAs("v7")),
		legal("tar-gnu-long-name.tar.gz", "GNU's long name", more(longName, entry{name: long[:100], data: "x", magic: "gnu"})),
		legal("tar-pax-path.tar.gz", "a path in a pax header", described('x', paxRecord("path", long), paxRecord("mtime", "1700000000.5"))),
		legal("tar-pax-size-same.tar.gz", "the same size in a pax header", described('x', paxRecord("size", "10"))),
		legal("tar-git-archive.tar.gz", "the pax header for all members that git archive writes", func() []byte {
			return sdist(func(t *tarFile) {
				t.entries = append([]entry{{name: "pax_global_header", kind: 'g', data: paxRecord("comment", strings.Repeat("0", 40))}}, t.entries...)
			})
		}),
		legal("tar-prefix.tar.gz", "a name in two fields", more(entry{name: "deep/a.py", prefix: "demo-1.0/" + strings.Repeat("x", 100), data: "x"})),
		legal("tar-symlink.tar.gz", "a symbolic link to the inside", link('2', "demo.py")),
		legal("tar-symlink-up.tar.gz", "a symbolic link up and inside", more(entry{name: "demo-1.0/sub/link", kind: '2', link: "../demo.py"})),
		legal("tar-v7-directory.tar.gz", "a directory of the format before ustar", more(entry{name: "demo-1.0/sub/", magic: "v7", change: field(156, "\x00")})),
		legal("tar-padded-to-record.tar.gz", "zeros up to a record of 10240 bytes", tarred(func(t *tarFile) { t.end = strings.Repeat("\x00", 7168) })),
		legal("tar-gzip-name.tar.gz", "a name in the gzip header", tarred(func(t *tarFile) { t.flags, t.header = gzipName, "demo-1.0.tar\x00" })),
		legal("tar-stored.tar.gz", "gzip without compression", tarred(func(t *tarFile) { t.storedAs = storedDeflate })),
		legal("tar-base256-time.tar.gz", "a time in GNU's binary form", more(entry{name: "demo-1.0/a.py", magic: "gnu", change: field(136, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe")})),

		warned("tar-hardlink.tar.gz", "a hard link to a member before it", link('1', "demo-1.0/demo.py")),
		warned("tar-hardlink-missing.tar.gz", "a hard link to a member that is not there", link('1', "demo-1.0/gone.py")),
		warned("tar-two-roots.tar.gz", "two top directories", more(entry{name: "other-2.0/a.py", data: "x"})),
		warned("tar-loose-file.tar.gz", "a member beside the top directory", more(entry{name: "README", data: "x"})),
		warned("tar-loose-build.tar.gz", "nothing but a project beside a directory, which is not called like the file", tarred(func(t *tarFile) {
			t.entries = []entry{{name: "setup.py", data: "x"}, {name: "PKG-INFO", data: metadataText}, {name: "demo/__init__.py", data: initText}}
		})),
		refused("tar-two-projects.tar.gz", "a project beside the top directory: pip and uv build it, Poetry the one in the directory", more(entry{name: "setup.py", data: "evil"})),
		refused("tar-two-projects-dot.tar.gz", "a project beside the top directory, behind ./", more(entry{name: "./pyproject.toml", data: "evil"})),
		refused("tar-two-projects-many.tar.gz", "a project beside many top directories", tarred(func(t *tarFile) {
			for i := range 2 * maxRootsKept {
				t.entries = append([]entry{{name: fmt.Sprintf("%d/a.py", i), data: "x"}}, t.entries...)
			}
			t.entries = append(t.entries, entry{name: "setup.py", data: "evil"})
		})),
		warned("tar-no-pkg-info.tar.gz", "an sdist without PKG-INFO", tarred(func(t *tarFile) { t.entries = append(t.entries[:1], t.entries[3]) })),
		warned("tar-dot-names.tar.gz", "names that begin with ./", tarred(func(t *tarFile) {
			for i := range t.entries {
				t.entries[i].name = "./" + t.entries[i].name
			}
		})),
		warned("tar-latin1-name.tar.gz", "a name that is not UTF-8", more(entry{name: "demo-1.0/\xe9.py", data: "x"})),
		warned("tar-case-collision.tar.gz", "two names that differ only in case", more(entry{name: "demo-1.0/DEMO.py", data: "x"})),
		warned("tar-directory-twice.tar.gz", "a directory twice", more(entry{name: "demo-1.0/", kind: '5'})),
		warned("tar-contiguous.tar.gz", "a contiguous file", more(entry{name: "demo-1.0/a.py", kind: '7', data: "x"})),
		warned("tar-padding.tar.gz", "padding that is not zero", more(entry{name: "demo-1.0/a.py", data: "x", padding: "hidden"})),
		warned("tar-one-zero-block.tar.gz", "one block of zeros at the end", tarred(func(t *tarFile) { t.end = strings.Repeat("\x00", blockSize) })),
		warned("tar-no-end.tar.gz", "no block of zeros at the end", tarred(func(t *tarFile) { t.noEnd = true })),
		warned("tar-odd-end.tar.gz", "an end within a block", tarred(func(t *tarFile) { t.end = strings.Repeat("\x00", 1100) })),
		warned("tar-pax-global.tar.gz", "a pax header that sets attributes of all members", described('g', paxRecord("mtime", "1"))),
		warned("tar-gzip-zeros.tar.gz", "zeros behind the gzip trailer", tarred(func(t *tarFile) { t.suffix = "\x00\x00\x00" })),
		warned("tar-gzip-comment.tar.gz", "a comment in the gzip header", tarred(func(t *tarFile) { t.flags, t.header = gzipComment, "hello\x00" })),
		warned("tar-gzip-extra.tar.gz", "an extra field in the gzip header", tarred(func(t *tarFile) { t.flags, t.header = gzipExtra, "\x04\x00AB\x00\x00" })),
		{"tar-other-spelling.tar.gz", "Demo_1.0.tar.gz", warn, assay.ArchiveIrregular, "a top directory that is spelled otherwise", tarred(nil)},

		refused("tar-pax-size.tar.gz", "a size in a pax header that contradicts the tar header (CVE-2025-62518)", described('x', paxRecord("size", "522"))),
		refused("tar-pax-size-zero.tar.gz", "a size in a pax header where the tar header has none", more(
			entry{name: "pax", kind: 'x', data: paxRecord("size", "512")}, entry{name: "demo-1.0/a.py"}, entry{name: "demo-1.0/evil.py"})),
		refused("tar-pax-duplicate.tar.gz", "a record twice in a pax header", described('x', paxRecord("path", "demo-1.0/x"), paxRecord("path", "demo-1.0/y"))),
		refused("tar-pax-length.tar.gz", "a pax record of a wrong length", described('x', "99 path=demo-1.0/x\n")),
		refused("tar-pax-leading-zero.tar.gz", "a pax record with a length that begins with 0", described('x', "021 path=demo-1.0/xyz\n")),
		refused("tar-pax-no-newline.tar.gz", "a pax record without a line end", described('x', "19 path=demo-1.0/xy")),
		refused("tar-pax-empty-path.tar.gz", "an empty path in a pax header", described('x', paxRecord("path", ""))),
		refused("tar-pax-nul.tar.gz", "a NUL in a pax path", described('x', paxRecord("path", "demo-1.0/a\x00b"))),
		refused("tar-pax-charset.tar.gz", "a pax header with names in another encoding", described('x', paxRecord("hdrcharset", "BINARY"))),
		refused("tar-pax-global-path.tar.gz", "a path for all members", described('g', paxRecord("path", "demo-1.0/x"))),
		refused("tar-pax-global-size.tar.gz", "a size for all members", described('g', paxRecord("size", "0"))),
		refused("tar-pax-twice.tar.gz", "two pax headers for one member", more(
			entry{name: "pax", kind: 'x', data: paxRecord("path", "demo-1.0/x")}, entry{name: "pax", kind: 'x', data: paxRecord("path", "demo-1.0/y")}, member)),
		refused("tar-pax-and-gnu.tar.gz", "a pax path and a GNU long name for one member", more(
			longName, entry{name: "pax", kind: 'x', data: paxRecord("path", "demo-1.0/x")}, member)),
		refused("tar-gnu-long-twice.tar.gz", "two GNU long names for one member", more(longName, longName, member)),
		refused("tar-gnu-long-hidden.tar.gz", "bytes behind the NUL of a GNU long name", more(
			entry{name: "././@LongLink", kind: 'L', data: "demo-1.0/x\x00demo-1.0/y\x00", magic: "gnu"}, member)),
		refused("tar-pax-dangling.tar.gz", "a pax header before the end", more(entry{name: "pax", kind: 'x', data: paxRecord("path", "demo-1.0/x")})),
		refused("tar-gnu-sparse.tar.gz", "a sparse member in GNU's format", more(entry{name: "demo-1.0/a", kind: 'S', magic: "gnu"})),
		refused("tar-pax-sparse.tar.gz", "a sparse member in a pax header", described('x', paxRecord("GNU.sparse.major", "1"), paxRecord("GNU.sparse.minor", "0"))),
		refused("tar-unknown-kind.tar.gz", "an unknown kind of member", more(entry{name: "demo-1.0/a", kind: 'Z'})),
		refused("tar-volume.tar.gz", "a part of a member from another volume", more(entry{name: "demo-1.0/a", kind: 'M', magic: "gnu"})),
		refused("tar-link-size.tar.gz", "a symbolic link with a size", more(entry{name: "demo-1.0/link", kind: '2', link: "demo.py", data: "hidden"})),
		refused("tar-directory-size.tar.gz", "a directory with a size", more(entry{name: "demo-1.0/sub/", kind: '5', data: "hidden"})),
		refused("tar-file-slash.tar.gz", "a file whose name ends like a directory's", more(entry{name: "demo-1.0/sub/", data: "x"})),
		refused("tar-duplicate.tar.gz", "one name twice", more(entry{name: "demo-1.0/demo.py", data: "evil"})),
		refused("tar-duplicate-dot.tar.gz", "one path under two names", more(entry{name: "demo-1.0/./demo.py", data: "evil"})),
		refused("tar-file-as-directory.tar.gz", "members below a file", more(entry{name: "demo-1.0/demo.py/a.py", data: "x"})),
		refused("tar-zero-block.tar.gz", "members behind a block of zeros", tarred(func(t *tarFile) {
			t.end = strings.Repeat("\x00", blockSize) + string(member.bytes()) + strings.Repeat("\x00", 2*blockSize)
		})),
		refused("tar-behind-end.tar.gz", "members behind the end", tarred(func(t *tarFile) {
			t.end = strings.Repeat("\x00", 2*blockSize) + string(member.bytes()) + strings.Repeat("\x00", 2*blockSize)
		})),
		refused("tar-size-malformed.tar.gz", "a size with a letter in it", more(entry{name: "demo-1.0/a", change: field(124, "0000000000x")})),
		refused("tar-size-negative.tar.gz", "a negative size in GNU's binary form", more(entry{name: "demo-1.0/a", magic: "gnu", change: field(124, strings.Repeat("\xff", 12))})),
		refused("tar-size-overflow.tar.gz", "a size of more than 63 bits", more(entry{name: "demo-1.0/a", magic: "gnu", change: field(124, "\x80"+strings.Repeat("\xff", 11))})),
		refused("tar-owner-malformed.tar.gz", "an owner that is no number, where Python stops reading", more(entry{name: "demo-1.0/a", change: field(108, "0o17__1")})),
		refused("tar-gnu-prefix.tar.gz", "a name with a prefix in GNU's format", more(entry{name: "a.py", prefix: "demo-1.0", magic: "gnu"})),
		unreadable("tar-checksum.tar.gz", "a wrong checksum", more(entry{name: "demo-1.0/a", after: field(0, "demo-1.0/b")})),
		unreadable("tar-member-cut.tar.gz", "a member that is longer than the tar", tarred(func(t *tarFile) {
			t.entries = append(t.entries, entry{name: "demo-1.0/a", size: 1 << 20})
		})),
		unreadable("tar-empty.tar.gz", "an empty tar", tarred(func(t *tarFile) { t.entries, t.noEnd = nil, true })),

		unsafe("tar-absolute.tar.gz", "an absolute path", more(entry{name: "/etc/demo", data: "x"})),
		unsafe("tar-parent.tar.gz", "a path that leads out", more(entry{name: "demo-1.0/../../x", data: "x"})),
		unsafe("tar-backslash.tar.gz", "a backslash in a name", more(entry{name: `demo-1.0\..\x`, data: "x"})),
		unsafe("tar-control.tar.gz", "a control character in a name", more(entry{name: "demo-1.0/\x1b[2J", data: "x"})),
		unsafe("tar-symlink-absolute.tar.gz", "a symbolic link to an absolute path", link('2', "/etc/passwd")),
		unsafe("tar-symlink-out.tar.gz", "a symbolic link to the outside", link('2', "../../x")),
		unsafe("tar-symlink-sibling.tar.gz", "a symbolic link to beside the top directory", link('2', "../other/x")),
		unsafe("tar-symlink-down-up.tar.gz", "a symbolic link that goes down and up again", link('2', "sub/../../demo-1.0/x")),
		unsafe("tar-symlink-chain.tar.gz", "a symbolic link through another one", more(
			entry{name: "demo-1.0/a", kind: '2', link: "sub"}, entry{name: "demo-1.0/b", kind: '2', link: "a/x"})),
		unsafe("tar-below-symlink.tar.gz", "a member below a symbolic link", more(
			entry{name: "demo-1.0/a", kind: '2', link: "sub"}, entry{name: "demo-1.0/a/x", data: "x"})),
		unsafe("tar-below-symlink-case.tar.gz", "a member below a symbolic link where letter case does not count", more(
			entry{name: "demo-1.0/A", kind: '2', link: "sub"}, entry{name: "demo-1.0/a/x", data: "x"})),
		unsafe("tar-hardlink-out.tar.gz", "a hard link to the outside", link('1', "../../etc/passwd")),
		unsafe("tar-hardlink-absolute.tar.gz", "a hard link to an absolute path", link('1', "/etc/passwd")),
		unsafe("tar-hardlink-symlink.tar.gz", "a hard link to a symbolic link", more(
			entry{name: "demo-1.0/a", kind: '2', link: "sub"}, entry{name: "demo-1.0/b", kind: '1', link: "demo-1.0/a"})),
		unsafe("tar-device.tar.gz", "a device", more(entry{name: "demo-1.0/null", kind: '3'})),
		unsafe("tar-block-device.tar.gz", "a block device", more(entry{name: "demo-1.0/sda", kind: '4'})),
		unsafe("tar-fifo.tar.gz", "a pipe", more(entry{name: "demo-1.0/pipe", kind: '6'})),

		refused("gzip-two-members.tar.gz", "a second gzip file behind the first", tarred(func(t *tarFile) { t.suffix = string(sdist(nil)) })),
		refused("gzip-trailing.tar.gz", "bytes behind the gzip trailer", tarred(func(t *tarFile) { t.suffix = "trailing" })),
		refused("gzip-trailing-zip.tar.gz", "a zip behind the gzip trailer", tarred(func(t *tarFile) { t.suffix = string(wheel(nil)) })),
		refused("gzip-zip-inside.tar.gz", "a tar.gz that pip takes for a zip", polyglot),
		refused("gzip-reserved-flags.tar.gz", "flags of a gzip header that mean nothing", tarred(func(t *tarFile) { t.flags = 0x80 })),
		unreadable("gzip-crc.tar.gz", "a wrong CRC in the gzip trailer", tarred(func(t *tarFile) { t.crc = 1 })),
		unreadable("gzip-length.tar.gz", "a wrong length in the gzip trailer", tarred(func(t *tarFile) { t.length = 1 })),
		unreadable("gzip-header-crc.tar.gz", "a wrong CRC of the gzip header", tarred(func(t *tarFile) { t.flags, t.header = gzipHeaderCRC, "xx" })),
		unreadable("gzip-truncated.tar.gz", "a gzip file that is cut off", func() []byte { b := sdist(nil); return b[:len(b)-20] }),
		unreadable("gzip-plain-tar.tar.gz", "a tar that is not compressed", func() []byte { return (&tarFile{entries: []entry{member}}).tar() }),
		unreadable("gzip-is-zip.tar.gz", "a zip that is called .tar.gz", func() []byte { return zippedSdist("demo-1.0/")[:60] }),
		{"bomb-tar.tar.gz", tarName, refuse, assay.ArchiveBomb, "65 MiB of zeros in 65 kB", more(entry{name: "demo-1.0/zeros", data: string(make([]byte, 65<<20))})},
		{"bomb-link.tar.gz", tarName, refuse, assay.ArchiveBomb, "a link target of 5000 bytes", more(
			entry{name: "pax", kind: 'x', data: paxRecord("linkpath", strings.Repeat("a", 5000))}, entry{name: "demo-1.0/a", kind: '2', link: "a"})},
		{"bomb-pax.tar.gz", tarName, refuse, assay.ArchiveBomb, "a pax header of 2 MiB", described('x', paxRecord("comment", strings.Repeat("x", 2<<20)))},
		{"bomb-gzip-name.tar.gz", tarName, refuse, assay.ArchiveBomb, "a name of 5000 bytes in the gzip header",
			tarred(func(t *tarFile) { t.flags, t.header = gzipName, strings.Repeat("x", 5000)+"\x00" })},
		legal("gzip-header-crc-right.tar.gz", "a right CRC of the gzip header", tarred(func(t *tarFile) {
			t.flags = gzipHeaderCRC
			sum := crc32.ChecksumIEEE([]byte{0x1f, 0x8b, 8, gzipHeaderCRC, 0, 0, 0, 0, 2, 0xff})
			t.header = string(le.AppendUint16(nil, uint16(sum)))
		})),
		{"plain.tar", "demo-1.0.tar", ok, "", "an sdist that is not compressed", plain},
		{"plain-trailing.tar", "demo-1.0.tar", refuse, assay.ArchiveAmbiguous, "bytes behind the end of a tar that is not compressed", func() []byte { return append(plain(), "trailing"...) }},
		{"plain-cut.tar", "demo-1.0.tar", refuse, assay.ArchiveUnreadable, "a tar that is cut off", func() []byte { return plain()[:5*blockSize+3] }},
		{"plain-is-gzip.tar", "demo-1.0.tar", refuse, assay.ArchiveUnreadable, "a tar.gz that is called .tar, which Python unpacks all the same", tarred(nil)},
		{"unread.tar.xz", "demo-1.0.tar.xz", warn, assay.ArchiveUnreadSdist, "an sdist in a compression that is not looked into: pip builds it", func() []byte { return []byte("\xfd7zXZ\x00") }},
		{"bzip2.tar.bz2", "demo-1.0.tar.bz2", ok, "", "an sdist in bzip2", bzip2ed},
		{"bzip2-trailing.tar.bz2", "demo-1.0.tar.bz2", refuse, assay.ArchiveUnreadable, "bytes behind the bzip2 file", func() []byte { return append(bzip2ed(), "trailing"...) }},
		{"bzip2-crc.tar.bz2", "demo-1.0.tar.bz2", refuse, assay.ArchiveUnreadable, "a wrong CRC in the bzip2 file", func() []byte { b := bzip2ed(); b[len(b)-2] ^= 0x10; return b }},
		{"bzip2-is-gzip.tar.bz2", "demo-1.0.tar.bz2", refuse, assay.ArchiveUnreadable, "a tar.gz that is called .tar.bz2", tarred(nil)},
		legal("tar-many-members.tar.gz", "three hundred members", func() []byte {
			var all []entry
			for i := range 300 {
				all = append(all, entry{name: fmt.Sprintf("demo-1.0/%d.py", i), data: "x"})
			}
			return more(all...)()
		}),
	}
}
