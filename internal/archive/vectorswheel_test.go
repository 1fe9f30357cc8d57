package archive

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"assay"
)

// recorded is a wheel with a change in its RECORD.
func recorded(change func(string) string) func() []byte {
	return changed(func(z *zipFile) { z.record = change })
}

// without leaves a member out of the wheel.
func without(index int) func() []byte {
	return changed(func(z *zipFile) { z.parts = append(z.parts[:index:index], z.parts[index+1:]...) })
}

// wheelVectors are wheels whose zip is in order and whose content is not, or is
// odd.
func wheelVectors() []vector {
	warned := func(file, rule string, build func() []byte) vector {
		return vector{file, wheelName, warn, assay.ArchiveIrregular, rule, build}
	}
	mismatch := func(file, rule string, build func() []byte) vector {
		return vector{file, wheelName, refuse, assay.ArchiveRecordMismatch, rule, build}
	}
	refused := func(file, rule string, code assay.Code, build func() []byte) vector {
		return vector{file, wheelName, refuse, code, rule, build}
	}
	legal := func(file, rule string, build func() []byte) vector {
		return vector{file, wheelName, ok, "", rule, build}
	}
	hash := hash64(initText)
	raw, _ := base64.RawURLEncoding.DecodeString(hash)
	entryPoints := func(text string) func() []byte {
		return with(part{name: info + "entry_points.txt", data: text})
	}
	swap := func(old, new string) func() []byte {
		return recorded(func(s string) string { return strings.Replace(s, old, new, 1) })
	}
	return []vector{
		legal("record-crlf.whl", "RECORD with CRLF line ends", recorded(func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") })),
		legal("record-quoted.whl", "a quoted path with a comma in RECORD", changed(func(z *zipFile) {
			z.parts = append([]part{{name: "demo/a,b.py", data: "x"}}, z.parts...)
			z.record = func(s string) string { return strings.Replace(s, "demo/a,b.py", `"demo/a,b.py"`, 1) }
		})),
		legal("record-empty-line.whl", "an empty line in RECORD", recorded(func(s string) string { return s + "\n" })),
		legal("record-no-last-newline.whl", "no line end behind RECORD's last row", recorded(func(s string) string { return strings.TrimSpace(s) })),
		legal("record-signed.whl", "RECORD.jws, which RECORD does not list", with(part{name: info + "RECORD.jws", data: "{}", noRecord: true})),
		legal("wheel-entry-points.whl", "an entry_points.txt", entryPoints("# commands\n[console_scripts]\ndemo = demo:main [cli]\n\n[demo.plugins]\ndemo=demo\n")),
		legal("wheel-pth.whl", "a .pth file", with(part{name: "demo.pth", data: "import demo\n"})),
		legal("wheel-script.whl", "a script in .data/scripts", with(part{name: "demo-1.0.data/scripts/demo", data: "#!python\n"})),
		legal("wheel-native.whl", "a shared library", with(part{name: "demo/_x.so", data: "\x7fELF\x02\x01\x01"})),
		legal("wheel-data-purelib.whl", "a module in .data/purelib", with(part{name: "demo-1.0.data/purelib/demo/a.py", data: "x"})),
		legal("wheel-sitecustomize.whl", "a sitecustomize.py", with(part{name: "sitecustomize.py", data: "x"})),
		legal("wheel-setuid.whl", "a member with the setuid bit", centralEntry(func(h *zipHeader) { h.attributes = 0o104755 << 16 })),

		mismatch("record-hash.whl", "a member with another hash than in RECORD", swap(hash, hash64("evil"))),
		mismatch("record-size.whl", "a member with another size than in RECORD", swap(hash+",16", hash+",17")),
		mismatch("record-hash-malformed.whl", "a hash without an algorithm in RECORD", swap("sha256="+hash, hash)),
		mismatch("record-hash-cut.whl", "a hash that is cut off in RECORD", swap(hash, hash[:40])),
		mismatch("record-metadata.whl", "a METADATA with another hash than in RECORD", swap(hash64(metadataText), hash64("evil"))),
		refused("record-differs-twice.whl", "a path with two hashes in RECORD", assay.ArchiveAmbiguous,
			recorded(func(s string) string { return "demo/__init__.py,,16\n" + s })),
		refused("record-quote.whl", "a stray quote in RECORD", assay.ArchiveAmbiguous, swap("demo/__init__.py", `demo/"__init__.py`)),
		refused("record-open-quote.whl", "a quote that is never closed in RECORD", assay.ArchiveAmbiguous, swap("demo/__init__.py", `"demo/__init__.py`)),
		refused("record-not-utf8.whl", "a RECORD that is not UTF-8", assay.ArchiveAmbiguous, recorded(func(s string) string { return s + "\xff,,\n" })),
		refused("record-nul.whl", "a NUL in RECORD", assay.ArchiveAmbiguous, recorded(func(s string) string { return s + "\x00,,\n" })),
		refused("record-line-separator.whl", "a character in RECORD that ends a line for some readers only", assay.ArchiveAmbiguous, recorded(func(s string) string { return "demo/a\u2028b.py,,\n" + s })),
		refused("record-quoted-newline.whl", "a line end within quotes in RECORD", assay.ArchiveAmbiguous, recorded(func(s string) string { return "\"demo/a\nb.py\",,\n" + s })),
		refused("bomb-record-rows.whl", "a RECORD of 500,000 empty rows", assay.ArchiveBomb, recorded(func(s string) string { return s + strings.Repeat("\n", 500_000) })),
		refused("wheel-no-record.whl", "a wheel without RECORD", assay.ArchiveUnreadable, without(3)),
		refused("wheel-no-metadata.whl", "a wheel without METADATA", assay.ArchiveUnreadable, without(1)),
		refused("wheel-no-wheel.whl", "a wheel without WHEEL", assay.ArchiveUnreadable, without(2)),
		refused("wheel-no-dist-info.whl", "a wheel without .dist-info", assay.ArchiveUnreadable,
			changed(func(z *zipFile) { z.parts = z.parts[:1] })),
		refused("wheel-two-dist-info.whl", "a wheel with two .dist-info directories", assay.ArchiveAmbiguous,
			with(part{name: "demo-2.0.dist-info/METADATA", data: metadataText})),
		refused("wheel-dist-info-file.whl", "a file beside the .dist-info directory that is called like one", assay.ArchiveAmbiguous,
			with(part{name: "demo-2.0.dist-info", data: "x"})),
		refused("wheel-purelib-over-root.whl", "a member of .data/purelib that is installed over one of the top level", assay.ArchiveAmbiguous,
			with(part{name: "demo-1.0.data/purelib/demo/__init__.py", data: "evil"})),
		refused("wheel-purelib-over-platlib.whl", "members of .data/purelib and .data/platlib that are installed to one place", assay.ArchiveAmbiguous,
			with(part{name: "demo-1.0.data/purelib/demo/a.py", data: "good"}, part{name: "demo-1.0.data/platlib/demo/a.py", data: "evil"})),
		refused("wheel-data-over-root.whl", "a member of .data/data that is installed over one of the top level", assay.ArchiveAmbiguous,
			with(part{name: "demo-1.0.data/data/lib/python3.11/site-packages/demo/__init__.py", data: "evil"})),
		refused("wheel-data-over-scripts.whl", "a member of .data/data that is installed over a script", assay.ArchiveAmbiguous,
			with(part{name: "demo-1.0.data/scripts/demo", data: "good"}, part{name: "demo-1.0.data/data/bin/demo", data: "evil"})),
		refused("wheel-other-data.whl", "a .data directory that is called otherwise: pip spreads it out, uv leaves it", assay.ArchiveAmbiguous,
			with(part{name: "other-1.0.data/purelib/demo/__init__.py", data: "evil"})),
		refused("wheel-data-case.whl", "a .data directory in other letter case: it is spread out where case does not count", assay.ArchiveAmbiguous,
			with(part{name: "Demo-1.0.DATA/purelib/demo/__init__.py", data: "evil"})),
		refused("wheel-data-dot.whl", "a .data directory behind ./: uv spreads it out, pip leaves it", assay.ArchiveAmbiguous,
			with(part{name: "./demo-1.0.data/purelib/demo/__init__.py", data: "evil"})),
		refused("wheel-data-file.whl", "a file called like a .data directory: pip refuses it, uv installs it", assay.ArchiveAmbiguous,
			with(part{name: "demo.data", data: "x"})),
		legal("wheel-data-data.whl", "a file in .data/data", with(part{name: "demo-1.0.data/data/share/demo/a.txt", data: "x"})),

		{"record-unlisted.whl", wheelName, warn, assay.ArchiveUnlistedMember, "a member that RECORD does not list", with(part{name: "demo/evil.py", data: "x", noRecord: true})},
		warned("record-ghost.whl", "a row in RECORD for nothing", recorded(func(s string) string { return s + "demo/gone.py,sha256=" + hash + ",16\n" })),
		warned("record-twice.whl", "a row twice in RECORD", recorded(func(s string) string { return s[:strings.Index(s, "\n")+1] + s })),
		warned("record-no-hash.whl", "no hash in RECORD", swap("sha256="+hash, "")),
		warned("record-no-size.whl", "no size in RECORD", swap(hash+",16", hash+",")),
		warned("record-bad-size.whl", "a size in RECORD that is no number", swap(hash+",16", hash+",0x10")),
		warned("record-md5.whl", "a weak hash in RECORD", swap("sha256="+hash, "md5=dJJwQ0Q5Y3VtJxY2Jb8xnw")),
		warned("record-sha512.whl", "a hash in RECORD that is not compared", swap("sha256="+hash, "sha512=x")),
		warned("record-padded.whl", "a padded hash in RECORD", swap(hash, hash+"=")),
		warned("record-hex.whl", "a hash in hexadecimal in RECORD", swap(hash, hex.EncodeToString(raw))),
		warned("record-backslash.whl", "a backslash in RECORD", swap("demo/__init__.py", `demo\__init__.py`)),
		warned("record-fields.whl", "a fourth field in RECORD", swap(hash+",16", hash+",16,x")),
		warned("record-bom.whl", "a byte order mark before RECORD", recorded(func(s string) string { return "\ufeff" + s })),
		warned("record-own-hash.whl", "a hash of RECORD in itself", swap("RECORD,,", "RECORD,sha256="+hash+",1")),
		warned("wheel-version.whl", "a WHEEL of an unknown version", changed(func(z *zipFile) { z.parts[2].data = strings.Replace(wheelText, "1.0", "2.0", 1) })),
		warned("wheel-empty-wheel.whl", "a WHEEL that says nothing", changed(func(z *zipFile) { z.parts[2].data = "\n" })),
		warned("entry-points-section.whl", "a malformed section in entry_points.txt", entryPoints("[console_scripts\ndemo = demo:main\n")),
		warned("entry-points-line.whl", "a malformed line in entry_points.txt", entryPoints("[console_scripts]\ndemo\n")),
		warned("entry-points-twice.whl", "a command twice in entry_points.txt", entryPoints("[console_scripts]\ndemo = demo:main\ndemo = evil:main\n")),
		warned("entry-points-no-section.whl", "a line before the first section in entry_points.txt", entryPoints("demo = demo:main\n")),
		{"unopened.egg", "demo-1.0-py2.7.egg", ok, assay.ArchiveUnopened, "a kind of file that is not looked into", func() []byte { return wheel(nil) }},
	}
}
