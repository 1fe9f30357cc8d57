// Package requirements reads requirements files as pip and uv read them: lines
// in, typed entries with their place out.
//
//	-i https://index.example/simple      # IndexURL
//	--find-links ./wheels                # FindLinks
//	-r base.txt                          # Include, followed by the entries of base.txt
//	sampleproject==4.0 \
//	    --hash=sha256:…                  # Name
//	other @ https://files.example/o.whl  # Direct, of the project "other"
//	git+https://git.example/x@v1         # VCS
//	-e ./lib                             # Editable
//
// The reading is pip's, which is the broader of the two: its line ends (all of
// Python's str.splitlines), its order of continuations, comments and ${NAME},
// its shell-like options that may be cut short. What pip would refuse is passed
// over here, because pip then says so itself; what could hide a line (an
// encoding that nobody reads alike, a file beyond the limits) is an [*Error].
//
// Nothing is opened here: [Read] asks its caller for each file.
//
// Sources: pip's "Requirements File Format" and its req_file.py, uv's
// "Compatibility with pip", PEP 508, PEP 263 (encodings).
package requirements
