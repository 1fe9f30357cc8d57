// Package lockfile reads the lock files that Python's installers write, and edits them so
// that what is not touched stays as it is, byte for byte.
//
//	bytes ──Detect──▶ Format ──Read──▶ Lock ──Edit──▶ changes ──Bytes──▶ new bytes, read again
//	                             │       └ Packages: name, version, source, files and hashes, each with its place
//	                             └ an *Error: every doubt with its file and line
//
//	lock, err := lockfile.Read("requirements.txt", data, open) // open is asked for what -r and -c name
//	edit := lock.Edit()
//	for _, p := range lock.Packages {
//		if p.Source.Kind == lockfile.Registry && len(p.Hashes) == 0 {
//			edit.AddHashes(p, digests[p.Name+"=="+p.Version])
//		}
//	}
//	changed, err := edit.Bytes() // by file name, those that change only
//
// so that
//
//	flask==3.1.3  # the web
//
// becomes, in a file in which other entries have their hashes like that,
//
//	flask==3.1.3 \
//	    --hash=sha256:… \
//	    --hash=sha256:…  # the web
//
// # What is read
//
// requirements.txt as pip reads it, with the files that it includes; pylock.toml (PEP 751,
// 1.0); uv.lock (1); poetry.lock (1.0, 1.1 and 2); pdm.lock (4); Pipfile.lock
// (pipfile-spec 6). Keys that are not known are left alone: they are the installers' own
// affair. What decides which bytes are installed is read strictly. Where pip and uv would
// read a requirements file differently (a line separator or white space that only one of
// them knows, a comment that ends in a backslash, a word that is cut in two, an include
// with "#" or blanks at an end), where two entries disagree, where git left a conflict
// in the file, there is an error and no lock. One difference is read the broader way: what a
// constraints file names by -r is requirements to pip and constraints to uv, and requirements
// here.
//
// Not an error, because it is to be judged and not to be misread: an entry without a
// version, without hashes or with weak ones only; a file whose name is another project's;
// a checkout, a folder, a URL.
//
// Credentials are never part of a Lock or of an error. A token in the path of an index, or
// in the query of a URL, is left, as the address would not work without it: show them
// through assay.Shown and assay.ShownSource.
//
// Nothing is opened here, and no environment is read: both are the caller's.
//
// Sources: pip's "Requirements File Format" and req_file.py, PEP 508, PEP 263, PEP 751, uv's
// lock/mod.rs, Poetry's locker.py, PDM's formats, Pipenv's Pipfile specification.
package lockfile
