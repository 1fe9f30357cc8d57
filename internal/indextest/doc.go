// Package indextest is a real Python package index on loopback, for tests and
// demonstrations with real installers. It is fed from a txtar archive, makes
// the files and their provenance itself, and misbehaves on request.
//
//	s := indextest.Start(t, `
//	-- demo-1.0-py3-none-any.whl --
//	requires-dist: dep>=1
//	publisher: github:acme/demo@release.yml
//	-- demo-1.0-py3-none-any.whl/demo/__init__.py --
//	print("hello")
//	-- demo-2.0-py3-none-any.whl --
//	upload-time: -2h
//	publisher: github:acme/demo@release.yml repository-id=7 environment=pypi
//	misbehave: swapped
//	-- dep-1.0.tar.gz --
//	backend: in-tree
//	mark: MARK
//	`)
//	// pip download --index-url s.SimpleURL() demo
//	// what verifies its provenance trusts s.TrustedRoot()
//
// # Sections
//
// A section's body is "key: value" lines; empty lines and lines that begin with
// # do not count. Keys marked * may be repeated. PATH starts from WithDir.
//
// "-- FILENAME --" is a wheel or sdist (.tar.gz), made from its description:
//
//	project: NAME             on whose page it stands; default from the file name
//	filename: NAME            what the index calls the file, where that is another
//	                          name than its bytes are made by, such as an odd
//	                          spelling; stands ahead of misbehave
//	version: VERSION          in its metadata; default from the file name
//	requires-dist: SPEC       * a dependency
//	requires-python: SPEC
//	provides-extra: NAME      *
//	summary: TEXT
//	metadata-version: N.N     of its metadata; default 2.1
//	misrecord: MEMBER         wheel: its RECORD lists another hash of that member
//	sidecar: LINE             * a line more in its .metadata, as promised, than in
//	                          the wheel itself
//	pad: SIZE                 incompressible padding: 5000, 64KiB, 10MiB, 100MB
//	backend: in-tree          sdist: builds without fetching a build backend;
//	                          without it there is a setup.py for setuptools only
//	mark: VARIABLE            sdist: its code, when it runs, appends the file name
//	                          to the file that this environment variable names
//	file: PATH                taken from disk as it is, instead of being made
//	upload-time: TIME         RFC 3339, now, -72h, none; default 2024-01-01
//	yanked: REASON            the reason may be empty
//	hashes: NAMES             listed digests (md5 sha1 sha256 sha384 sha512);
//	                          may be empty; default sha256
//	omit: KEYS                keys to leave out of the page (size, upload-time, …)
//	listed: no                served, but not on the page
//	publisher: IDENTITY       * who attests it, see authority.ParseIdentity
//	claims: IDENTITY          whom the provenance names, if not the publisher
//	predicates: NAMES         publish slsa, or a URL; default publish
//	rekor: 1|2                the transparency log's version; default 1
//	signed: TIME              default the upload time
//	misissue: FAULTS          what is wrong with the provenance, see authority.Fault
//	provenance: PATH          provenance from disk as it is
//	openpgp: KEY HOW          * who has signed it: FILENAME.asc, which the page offers;
//	                          KEY is a name of package signers, HOW is none or several
//	                          of at=TIME (default the upload time) and hash=NAME
//	gpg-sig: yes|no           what the page says of FILENAME.asc, whatever there is
//	ssh: KEY HOW              FILENAME.sig, an SSH signature; HOW may be namespace=NAME
//	jws: KEYS                 wheel: RECORD.jws in it
//	misbehave: FAULT          * when the file is asked for
//	misbehave-metadata: FAULT * when its .metadata is
//	misbehave-provenance: FAULT *
//	misbehave-signature: FAULT * when FILENAME.asc is
//
// "-- FILENAME/MEMBER --" is one member of it (sdist: below its folder). A
// member of the same name replaces what would be made: METADATA, WHEEL, PKG-INFO,
// setup.py, pyproject.toml; so a file is of another project inside. Without members
// there is one module of the project's name.
//
// "-- PROJECT/ --" is about a project's page:
//
//	status: STATUS REASON     active, archived, quarantined, deprecated
//	offers: files             lists the files of a project under quarantine, as no
//	                          index may
//	checksums: VERSION KEY HOW
//	                          * a clearsigned list of a release's files, as Django has:
//	                          PROJECT-VERSION.checksum.txt
//	bulk: COUNT [IDENTITY]    that many small wheels more, forty to a release
//	misbehave: FAULT          * when the page is asked for
//
// "-- index --" is about the whole server:
//
//	api-version: 1.N          0 to 4; below 4, 3, 2, 1 the keys that came with it
//	                          are missing (below 2: core-metadata, upload-time)
//	basic-auth: USER PASSWORD demanded for everything, realm "index"
//	realm: NAME PREFIX USER PASSWORD
//	                          * demanded for paths that begin so; of several
//	                          prefixes the longest counts
//	client-cert: required     https, to clients with a certificate; see ClientPEM
//	files-host: HOST          links name this host, such as localhost, so that
//	                          files have another origin than pages
//	misbehave: TARGET FAULT   *
//
// # What is served
//
//	/simple/                                   projects
//	/simple/PROJECT/                           page (PEP 503, 691), with ETag, gzip
//	/packages/xx/yy/REST/FILENAME              file; ranges, If-Range, HEAD
//	/packages/xx/yy/REST/FILENAME.metadata     sidecar of a wheel (PEP 658)
//	/packages/xx/yy/REST/FILENAME.asc          signature; FILENAME.sig likewise
//	/signatures/NAME                           signatures and lists by their names alone
//	/integrity/PROJECT/VERSION/FILENAME/provenance   (PEP 740)
//	/pypi/PROJECT/json                         document of the JSON API
//	/pypi/PROJECT/VERSION/json                 that of one release
//
// # Misbehaviour
//
// The archive or Server.Misbehave says for which target and what goes wrong. A
// target is a page ("demo/"), a file ("demo-1.0-py3-none-any.whl"), what stands
// beside it (the file name with ".metadata", ".provenance", ".asc" or ".sig"), a list of
// checksums ("demo-1.0.checksum.txt"), a path
// ("/simple/"), or "*". HEAD requests count as well.
//
// Instead of an answer, or ahead of it:
//
//	status CODE               403, 404, 429, 500, 503, …
//	delay DURATION            then goes on
//	redirect loop|host|URL    to itself; to the same path on localhost; to a URL
//	drop                      hangs up
//	endless-headers           headers that never end
//	interim COUNT             that many interim responses (103), then goes on
//
// What a page says:
//
//	foreign-file [NAME]       lists a file of another project as well
//	duplicate-file            lists every file twice, with different digests
//	wrong-name [NAME]         is called otherwise
//	wrong-hash                states wrong digests of the files
//	wrong-metadata-hash       states wrong digests of the sidecars
//
// What the body is. A PLACE is N, -N (from the end) or N%:
//
//	swapped                   another working distribution of the same name; a
//	                          sidecar with one more dependency; else one bit
//	flipped [PLACE]           one bit differs; default the last byte
//	truncated [PLACE]         only the beginning, Content-Length to match
//	body TEXT                 that text
//	body-of TARGET            what another target has, with its content type
//	content-type TYPE
//	not-json
//	oversized SIZE            filled up to that size, valid otherwise
//	nested [DEPTH]            an array, or tags, that deep; default 100000
//	duplicate-keys [KEY]      the key twice, the first time as an empty list
//
// How it is sent:
//
//	cut [PLACE]               hangs up there, after the full Content-Length
//	slow N                    N bytes a second
//	endless                   never stops sending spaces after the body
//	chunked                   without Content-Length
//	no-range                  ignores Range
//	gzip-bomb [SIZE]          gzip that unpacks to SIZE; default 1 GiB
//	unframed [PLACE]          without a length, and ends there in good order;
//	                          default 50%
//	length N|+N|-N            states that Content-Length, or one off by N
//	chunks no-end             chunked, and ends in order without the last chunk
//	chunks bad-size|huge-size|overlong
//	                          a chunk's size is no number, no number that holds
//	                          anything, larger than the chunk
//	chunks both               with a Content-Length, of half the body, as well
//	chunks extension|trailers never ends a chunk's extension, or the trailers
//	chunks tiny               a byte a chunk, for the first 64 KiB
//	chunks second             another whole answer behind the last chunk
//
// From unframed on, answers are whole: Range is ignored.
// What is wrong with TLS is said by options: WithCertificateFor.
//
// Each may be followed by "skip=N" (lets N requests pass first) and "times=N"
// (then meets only N).
package indextest
