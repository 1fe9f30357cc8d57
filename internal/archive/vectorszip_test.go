package archive

import (
	"bytes"
	"strings"

	"assay"
)

// vector is one archive of the corpus: how it is built, and what it is.
type vector struct {
	file  string // its name in vectors/archives
	as    string // the name to read it under
	class string
	code  assay.Code // of the finding that makes the class; empty for ok
	rule  string     // the rule that it breaks, or the habit that it shows
	build func() []byte
}

const (
	wheelName = "demo-1.0-py3-none-any.whl"
	zipName   = "demo-1.0.zip"
)

// changed is a wheel with a change.
func changed(change func(*zipFile)) func() []byte { return func() []byte { return wheel(change) } }

// bothHeaders changes the first member's local header and its central entry.
func bothHeaders(change func(*zipHeader)) func() []byte {
	return changed(func(z *zipFile) { z.parts[0].local, z.parts[0].central = change, change })
}

func localHeader(change func(*zipHeader)) func() []byte {
	return changed(func(z *zipFile) { z.parts[0].local = change })
}

func centralEntry(change func(*zipHeader)) func() []byte {
	return changed(func(z *zipFile) { z.parts[0].central = change })
}

// with adds members before RECORD, which lists them.
func with(parts ...part) func() []byte {
	return changed(func(z *zipFile) { z.parts = append(parts, z.parts...) })
}

// zipVectors are archives that are odd or hostile as a zip, whatever is in it.
func zipVectors() []vector {
	refused := func(file, rule string, build func() []byte) vector {
		return vector{file, wheelName, refuse, assay.ArchiveAmbiguous, rule, build}
	}
	unreadable := func(file, rule string, build func() []byte) vector {
		return vector{file, wheelName, refuse, assay.ArchiveUnreadable, rule, build}
	}
	warned := func(file, rule string, build func() []byte) vector {
		return vector{file, wheelName, warn, assay.ArchiveIrregular, rule, build}
	}
	legal := func(file, rule string, build func() []byte) vector {
		return vector{file, wheelName, ok, "", rule, build}
	}
	bomb := func(file, rule string, build func() []byte) vector {
		return vector{file, wheelName, refuse, assay.ArchiveBomb, rule, build}
	}
	unsafe := func(file, rule, name string) vector {
		return vector{file, wheelName, refuse, assay.ArchiveUnsafeName, rule, with(part{name: name, data: "x"})}
	}
	descriptor := func(kind string, method uint16) func() []byte {
		return changed(func(z *zipFile) { z.parts[0].descriptor, z.parts[0].method = kind, method })
	}
	return []vector{
		legal("wheel.whl", "a wheel without a fault", changed(nil)),
		legal("wheel-stored.whl", "nothing is compressed", changed(func(z *zipFile) { z.parts[0].method = stored })),
		legal("wheel-directories.whl", "members for directories", with(part{name: "demo/"})),
		legal("wheel-utf8-name.whl", "a name beyond ASCII, marked as UTF-8", with(part{name: "demo/é.py", data: "x", flags: flagUTF8})),
		legal("wheel-level-flags.whl", "flags for the level of compression", bothHeaders(func(h *zipHeader) { h.flags = flagLevel })),
		legal("wheel-timestamp-extra.whl", "an extra field with times", bothHeaders(func(h *zipHeader) { h.extra = "UT\x05\x00\x01\x00\x00\x00\x00" })),
		legal("wheel-zip64-end.whl", "a zip64 end record that is not needed and right", changed(func(z *zipFile) { z.zip64 = func(*zip64Record) {} })),
		legal("wheel-zip64-sizes.whl", "sizes in zip64 extra fields", bothHeaders(func(h *zipHeader) {
			h.extra = zip64Field(uint64(h.size), uint64(h.packed))
			h.size, h.packed = max32, max32
		})),
		legal("wheel-empty-file.whl", "an empty member", with(part{name: "demo/py.typed", method: deflated})),
		legal("wheel-vendored-dist-info.whl", "a .dist-info directory further down", with(part{name: "demo/_vendor/other-2.0.dist-info/METADATA", data: "x"})),

		warned("zip-descriptor.whl", "a data descriptor behind deflated data", descriptor("signed", deflated)),
		warned("zip-descriptor-bare.whl", "a data descriptor without a signature", descriptor("bare", deflated)),
		warned("zip-descriptor-zip64.whl", "a data descriptor with sizes of 8 bytes", descriptor("zip64", deflated)),
		warned("zip-comment.whl", "an archive comment", changed(func(z *zipFile) { z.end = func(e *endRecord) { e.comment = "made by hand" } })),
		warned("zip-member-comment.whl", "a comment in a central entry", centralEntry(func(h *zipHeader) { h.comment = "hello" })),
		warned("zip-reserved-flag.whl", "a flag that means nothing", bothHeaders(func(h *zipHeader) { h.flags |= 1 << 9 })),
		warned("zip-central-order.whl", "a central directory in another order than the data", changed(func(z *zipFile) { z.reversed = true })),
		warned("zip-extra-loose.whl", "loose bytes behind the extra fields", bothHeaders(func(h *zipHeader) { h.extra = "\x00\x00" })),
		legal("wheel-zip64-needless.whl", "a zip64 extra field that is not needed and agrees", localHeader(func(h *zipHeader) { h.extra = zip64Field(uint64(h.size), uint64(h.packed)) })),
		legal("wheel-zip64-needless-central.whl", "a zip64 extra field in a central entry that is not needed and agrees", centralEntry(func(h *zipHeader) { h.extra = zip64Field(uint64(h.size), uint64(h.packed), 0) })),
		warned("zip-unicode-path-same.whl", "a Unicode path extra field with the same name", localHeader(func(h *zipHeader) { h.extra = unicodeField(h.name, h.name) })),
		warned("zip-case-collision.whl", "two names that differ only in case", with(part{name: "demo/__INIT__.py", data: "x"})),
		warned("zip-nfc-collision.whl", "two names that differ only in Unicode form",
			with(part{name: "demo/e\u0301.py", data: "x", flags: flagUTF8}, part{name: "demo/\u00e9.py", data: "y", flags: flagUTF8})),
		warned("zip-windows-collision.whl", "two names that are one on Windows, which drops dots at an end", with(part{name: "demo/a.py", data: "x"}, part{name: "demo/a.py.", data: "y"})),
		warned("zip-colon-name.whl", "a colon in a name", with(part{name: "demo/a.py:stream", data: "x"})),
		warned("zip-dot-name.whl", "a name that begins with ./", with(part{name: "./demo/a.py", data: "x"})),
		warned("zip-invisible-name.whl", "a name with a right-to-left mark", with(part{name: "demo/a\u200f.py", data: "x", flags: flagUTF8})),

		unreadable("zip-empty.whl", "a zip without members", func() []byte { return (&zipFile{}).bytes() }),
		unreadable("zip-prefix.whl", "bytes before the first local header", changed(func(z *zipFile) { z.prefix = "#!/bin/sh\n" })),
		refused("zip-gap.whl", "bytes between two members", changed(func(z *zipFile) { z.gap = "gap" })),
		refused("zip-before-central.whl", "bytes before the central directory", changed(func(z *zipFile) { z.beforeCentral = "between" })),
		refused("zip-before-end.whl", "bytes before the end record", changed(func(z *zipFile) { z.beforeEnd = "between" })),
		refused("zip-trailing.whl", "bytes behind the end record", changed(func(z *zipFile) { z.suffix = "x" })),
		refused("zip-two-archives.whl", "a second zip behind the first", changed(func(z *zipFile) { z.suffix = string(wheel(nil)) })),
		refused("zip-comment-archive.whl", "a second zip in the comment", changed(func(z *zipFile) {
			z.end = func(e *endRecord) { e.comment = string(wheel(nil)) }
		})),
		refused("zip-comment-signature.whl", "the signature of an end record in the comment", changed(func(z *zipFile) {
			z.end = func(e *endRecord) { e.comment = "PK\x05\x06" + strings.Repeat("\x00", 18) }
		})),
		refused("zip-member-comment-signature.whl", "the signature of an end record in a member's comment", centralEntry(func(h *zipHeader) { h.comment = "PK\x05\x06" })),
		refused("zip-hidden-member.whl", "a member that the central directory does not list", with(part{name: "demo/evil.py", data: "x", unlisted: true})),
		refused("zip-listed-twice.whl", "a member that the central directory lists twice", with(part{name: "demo/a.py", data: "x", twice: true})),
		refused("zip-ghost.whl", "a central entry that points into data", centralEntry(func(h *zipHeader) { h.offset += 5 })),
		refused("zip-duplicate.whl", "one name twice", with(part{name: "demo/a.py", data: "good"}, part{name: "demo/a.py", data: "evil"})),
		refused("zip-duplicate-same.whl", "one name twice, with the same content", with(part{name: "demo/a.py", data: "x"}, part{name: "demo/a.py", data: "x"})),
		refused("zip-duplicate-dot.whl", "one path under two names", with(part{name: "demo/a.py", data: "x"}, part{name: "demo/./a.py", data: "y"})),
		refused("zip-duplicate-slash.whl", "a file and a directory of one name", with(part{name: "demo/a", data: "x"}, part{name: "demo/a/"})),
		refused("zip-file-as-directory.whl", "members below a file", with(part{name: "demo/a", data: "x"}, part{name: "demo/a/b.py", data: "y"})),
		refused("zip-name-differs.whl", "two names in the two headers", centralEntry(func(h *zipHeader) { h.name = "demo/__main__.py" })),
		refused("zip-flags-differ.whl", "two sets of flags in the two headers", centralEntry(func(h *zipHeader) { h.flags |= flagUTF8 })),
		refused("zip-method-differs.whl", "two methods in the two headers", centralEntry(func(h *zipHeader) { h.method = stored })),
		refused("zip-crc-differs.whl", "two CRCs in the two headers", centralEntry(func(h *zipHeader) { h.crc++ })),
		refused("zip-size-differs.whl", "two sizes in the two headers", centralEntry(func(h *zipHeader) { h.size++ })),
		refused("zip-packed-size-differs.whl", "two packed sizes in the two headers", centralEntry(func(h *zipHeader) { h.packed++ })),
		refused("zip-size-wrong.whl", "deflated data of another size than both headers say", bothHeaders(func(h *zipHeader) { h.size++ })),
		refused("zip-deflate-short.whl", "a deflate stream that ends before the packed size", changed(func(z *zipFile) { z.parts[0].packed = deflate(initText) + "hidden" })),
		refused("zip-deflate-long.whl", "a deflate stream that goes on behind the packed size", bothHeaders(func(h *zipHeader) { h.packed -= 3 })),
		unreadable("zip-crc-wrong.whl", "data with another CRC than both headers say", bothHeaders(func(h *zipHeader) { h.crc++ })),
		unreadable("zip-deflate-damaged.whl", "a damaged deflate stream", changed(func(z *zipFile) { z.parts[0].packed = "\xff\xff\xff\xff" })),
		unreadable("zip-truncated.whl", "a file that is cut off", func() []byte { b := wheel(nil); return b[:len(b)-30] }),
		refused("zip-stored-descriptor.whl", "a data descriptor behind stored data", descriptor("signed", stored)),
		refused("zip-descriptor-wrong.whl", "a data descriptor that does not fit the data", descriptor("wrong", deflated)),
		refused("zip-stored-sizes.whl", "a stored member with two different sizes", changed(func(z *zipFile) {
			z.parts[0].method = stored
			change := func(h *zipHeader) { h.size += 4 }
			z.parts[0].local, z.parts[0].central = change, change
		})),
		unreadable("zip-encrypted.whl", "an encrypted member", bothHeaders(func(h *zipHeader) { h.flags |= 1 })),
		unreadable("zip-strong-encryption.whl", "a member with strong encryption", bothHeaders(func(h *zipHeader) { h.flags |= 1 << 6 })),
		unreadable("zip-patched.whl", "a member that is a patch", bothHeaders(func(h *zipHeader) { h.flags |= flagPatched })),
		unreadable("zip-method-bzip2.whl", "a member packed by bzip2", bothHeaders(func(h *zipHeader) { h.method = 12 })),
		unreadable("zip-method-lzma.whl", "a member packed by LZMA", bothHeaders(func(h *zipHeader) { h.method = 14 })),
		unreadable("zip-member-disk.whl", "a member on another disk", centralEntry(func(h *zipHeader) { h.disk = 1 })),
		unreadable("zip-end-disk.whl", "an end record that names another disk", changed(func(z *zipFile) { z.end = func(e *endRecord) { e.disk = 1 } })),
		refused("zip-end-count.whl", "an end record with a wrong number of entries", changed(func(z *zipFile) { z.end = func(e *endRecord) { e.entries-- } })),
		refused("zip-end-size.whl", "an end record with a wrong size of the central directory", changed(func(z *zipFile) { z.end = func(e *endRecord) { e.size -= 50 } })),
		refused("zip-end-offset.whl", "an end record with a wrong offset of the central directory", changed(func(z *zipFile) { z.end = func(e *endRecord) { e.offset++ } })),
		refused("zip-zip64-end-count.whl", "a zip64 end record with a wrong number of entries", changed(func(z *zipFile) { z.zip64 = func(r *zip64Record) { r.entries-- } })),
		refused("zip-zip64-end-offset.whl", "a zip64 end record with a wrong offset", changed(func(z *zipFile) { z.zip64 = func(r *zip64Record) { r.offset++ } })),
		refused("zip-zip64-extensible.whl", "a zip64 end record with extensible data", changed(func(z *zipFile) { z.zip64 = func(r *zip64Record) { r.recordSize += 8 } })),
		refused("zip-zip64-locator.whl", "a zip64 locator that points elsewhere", changed(func(z *zipFile) { z.zip64 = func(r *zip64Record) { r.locator -= 4 } })),
		refused("zip-zip64-end-missing.whl", "an end record that refers to a zip64 one that is not there", changed(func(z *zipFile) { z.end = func(e *endRecord) { e.offset = max32 } })),
		refused("zip-overlap.whl", "a member within the data of another one", changed(func(z *zipFile) {
			inner := (&zipFile{parts: []part{{name: "demo/evil.py", data: "evil"}}}).bytes()
			inner = inner[:30+len("demo/evil.py")+len("evil")]
			z.parts = append([]part{{name: "demo/data", data: string(inner)}, {name: "demo/evil.py", data: "evil"}}, z.parts...)
			z.parts[1].central = func(h *zipHeader) { h.offset = uint32(30 + len("demo/data")) }
		})),
		refused("zip-zip64-fake-locator.whl", "an extra field that looks like a zip64 locator", changed(func(z *zipFile) {
			z.parts[3].central = func(h *zipHeader) { h.extra = "XX\x14\x00PK\x06\x07" + strings.Repeat("\x00", 16) }
		})),
		refused("zip-zip64-missing.whl", "sizes that refer to a zip64 extra field that is not there", localHeader(func(h *zipHeader) { h.size, h.packed = max32, max32 })),
		refused("zip-zip64-short.whl", "a zip64 extra field with one size of two", localHeader(func(h *zipHeader) {
			h.extra = zip64Field(uint64(h.size))
			h.size = max32
		})),
		refused("zip-zip64-twice.whl", "two zip64 extra fields", localHeader(func(h *zipHeader) {
			h.extra = strings.Repeat(zip64Field(uint64(h.size), uint64(h.packed)), 2)
		})),
		refused("zip-zip64-contradicts.whl", "a zip64 extra field that contradicts its header", localHeader(func(h *zipHeader) { h.extra = zip64Field(uint64(h.size)+1, uint64(h.packed)) })),
		refused("zip-zip64-central-contradicts.whl", "a central zip64 extra field that contradicts its entry", centralEntry(func(h *zipHeader) { h.extra = zip64Field(uint64(h.size)+1, uint64(h.packed)) })),
		refused("zip-extra-malformed.whl", "an extra field that is longer than all of them", localHeader(func(h *zipHeader) { h.extra = "UT\xff\x00\x00" })),
		refused("zip-unicode-path.whl", "a Unicode path extra field with another name", localHeader(func(h *zipHeader) { h.extra = unicodeField(h.name, "demo/evil.py") })),
		refused("zip-unicode-path-malformed.whl", "a Unicode path extra field of another version", localHeader(func(h *zipHeader) { h.extra = "up\x05\x00\x02\x00\x00\x00\x00" })),
		refused("zip-unicode-path-twice.whl", "two Unicode path extra fields", localHeader(func(h *zipHeader) { h.extra = strings.Repeat(unicodeField(h.name, h.name), 2) })),
		refused("zip-name-cp437.whl", "a name beyond ASCII that does not say that it is UTF-8", with(part{name: "demo/é.py", data: "x"})),
		refused("zip-name-not-utf8.whl", "a name that says that it is UTF-8 and is not", with(part{name: "demo/\xe9.py", data: "x", flags: flagUTF8})),
		unsafe("zip-name-control.whl", "a control character in a name", "demo/a\n.py"),
		unsafe("zip-name-nul.whl", "a NUL in a name", "demo/a.py\x00.txt"),
		unsafe("zip-name-empty.whl", "an empty name", ""),
		unsafe("zip-name-absolute.whl", "an absolute path", "/etc/demo.py"),
		unsafe("zip-name-parent.whl", "a path that leads out", "demo/../../evil.py"),
		unsafe("zip-name-backslash.whl", "a backslash in a name", `demo\evil.py`),
		unsafe("zip-name-drive.whl", "a drive letter", "C:/evil.py"),
		refused("zip-symlink.whl", "a symbolic link by its attributes", centralEntry(func(h *zipHeader) { h.attributes = 0o120777 << 16 })),
		refused("zip-device.whl", "a device by its attributes", centralEntry(func(h *zipHeader) { h.attributes = 0o020666 << 16 })),
		refused("zip-directory-attribute.whl", "a directory by its attributes and a file by its name", centralEntry(func(h *zipHeader) { h.attributes = 0o040755 << 16 })),
		refused("zip-directory-data.whl", "a directory with data", with(part{name: "demo/", data: "x"})),
		refused("zip-and-tar.whl", "a zip that is a tar too", func() []byte {
			return wheel(func(z *zipFile) {
				z.parts = append([]part{{name: "demo/a.txt", data: strings.Repeat("x", 257-30-10) + "ustar\x0000" + strings.Repeat("x", 300)}}, z.parts...)
			})
		}),
		unreadable("zip-gzip.whl", "a tar.gz that is called a wheel", func() []byte { return sdist(nil) }),

		bomb("bomb-ratio.whl", "65 MiB of zeros in 65 kB", with(part{name: "demo/zeros", data: string(make([]byte, 65<<20)), method: deflated})),
		bomb("bomb-name.whl", "a name of 5000 bytes", with(part{name: "demo/" + strings.Repeat("a", 5000), data: "x"})),
		bomb("bomb-depth.whl", "a path of 300 parts", with(part{name: "demo/" + strings.Repeat("a/", 300) + "a.py", data: "x"})),
		bomb("bomb-extra.whl", "an extra field of 9000 bytes", localHeader(func(h *zipHeader) { h.extra = "XX\x24\x23" + strings.Repeat("x", 8996) })),
		bomb("bomb-record.whl", "a RECORD of 33 MiB", changed(func(z *zipFile) { z.record = func(s string) string { return s + strings.Repeat("\n", 33<<20) } })),
		bomb("bomb-metadata.whl", "a METADATA of 9 MiB", changed(func(z *zipFile) { z.parts[1].data += strings.Repeat("\n", 9<<20) })),

		{"zip-sdist.zip", zipName, ok, "", "an sdist that is a zip", func() []byte { return zippedSdist("demo-1.0/") }},
		{"zip-sdist-other-root.zip", zipName, warn, assay.ArchiveIrregular, "an sdist whose directory is called otherwise", func() []byte { return zippedSdist("other/") }},
	}
}

func zippedSdist(root string) []byte {
	return (&zipFile{parts: []part{
		{name: root + "PKG-INFO", data: metadataText}, {name: root + "demo.py", data: initText, method: deflated},
	}}).bytes()
}

// polyglot is a tar.gz whose last bytes are a zip, within a stored block.
func polyglot() []byte {
	return sdist(func(t *tarFile) {
		z := wheel(nil)
		end := bytes.LastIndex(z, []byte("PK\x05\x06"))
		le.PutUint32(z[end+16:], 0)
		t.entries = append(t.entries, entry{name: "demo-1.0/data", data: string(z)})
		t.storedAs = storedDeflate
	})
}
