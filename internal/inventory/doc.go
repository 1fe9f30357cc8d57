// Package inventory tells what an installer has installed, by looking at the
// folders before and after: which distributions are new, of another version, or
// put there again, and where each says that it came from.
//
//	places := inventory.Find(inventory.Query{Env: os.Environ(), Dir: cwd, Args: []string{"uv", "sync"}})
//	before := inventory.Take(places)
//	// … uv sync …
//	for _, d := range inventory.Since(before, inventory.Take(places)) {
//		// {Project: "requests", Version: "2.32.5", Folder: "/w/.venv/lib/python3.12/site-packages", Source: Index}
//		// {Project: "mine", Version: "0.1.0", …, Source: Editable, Where: "file:///w"}
//	}
//
// An installed distribution is a folder in site-packages ("Recording installed
// projects", PEP 376 and PEP 627):
//
//	requests-2.32.5.dist-info/METADATA, RECORD, INSTALLER, direct_url.json (PEP 610)
//	old-1.0-py3.12.egg-info/PKG-INFO        or a file of that name, by setup.py install
//	mine.egg-link                           by setup.py develop
//
// A snapshot reads names and stamps (time and inode) only, so that it costs
// little in every run; METADATA and direct_url.json are read for what changed.
//
// Nothing is run to find the folders: they follow from the command line, the
// environment, the first line of the installer's script, pyvenv.cfg and the
// tools' own rules, in which they are guessed too widely rather than missed. What
// is in the folders is somebody else's: it is capped (see limits.go), and no
// symbolic link leads out of them.
package inventory
