package historytest

import (
	"bufio"
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/internal/indextest/authority"
)

//go:embed testdata/histories/*.tsv
var data embed.FS

// History is one project's.
type History struct {
	Project string
	// Story says in a sentence what happened.
	Story string
	// Releases are in the order of their first upload.
	Releases []Release
}

// Release is one version with its files, in the order of their upload.
type Release struct {
	Version string
	// Change says what is new; see the package comment.
	Change string
	Files  []File
}

// File is one distribution file.
type File struct {
	Filename string
	Size     int64
	Uploaded time.Time
	SHA256   string
	// Publisher is who attested it, as authority.ParseIdentity reads it; empty for
	// nobody.
	Publisher string
	// Basis says how that is known: "real", "told", "rebuilt".
	Basis string
}

// Attested reports whether any file of the release is.
func (r Release) Attested() bool {
	return slices.ContainsFunc(r.Files, func(f File) bool { return f.Publisher != "" })
}

// All returns every history, ordered by project.
func All() ([]History, error) {
	names, err := fs.Glob(data, "testdata/histories/*.tsv")
	if err != nil {
		return nil, err
	}
	var out []History
	for _, name := range names {
		text, err := data.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading a history: %w", err)
		}
		h, err := parse(strings.TrimSuffix(path.Base(name), ".tsv"), text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, h)
	}
	return out, nil
}

func parse(project string, text []byte) (History, error) {
	h := History{Project: project}
	publishers := map[string]string{"-": ""}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		if comment, ok := strings.CutPrefix(lines.Text(), "# "); ok {
			h.Story = comment
			continue
		}
		var err error
		switch fields := strings.Split(lines.Text(), "\t"); {
		case fields[0] == "publisher" && len(fields) == 4:
			publishers[fields[1]] = fields[2]
			_, err = authority.ParseIdentity(fields[2])
		case fields[0] == "file" && len(fields) == 9:
			err = h.add(fields, publishers)
		default:
			err = fmt.Errorf("%q with %d fields", fields[0], len(fields))
		}
		if err != nil {
			return History{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return h, lines.Err()
}

// add takes in a line about a file.
func (h *History) add(fields []string, publishers map[string]string) error {
	size, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil {
		return fmt.Errorf("size: %w", err)
	}
	uploaded, err := time.Parse(time.RFC3339, fields[4])
	if err != nil {
		return fmt.Errorf("upload time: %w", err)
	}
	publisher, ok := publishers[fields[6]]
	if !ok {
		return fmt.Errorf("there is no publisher %q", fields[6])
	}
	f := File{Filename: fields[2], Size: size, Uploaded: uploaded, SHA256: fields[5], Publisher: publisher, Basis: fields[7]}
	i := slices.IndexFunc(h.Releases, func(r Release) bool { return r.Version == fields[1] })
	if i < 0 {
		i = len(h.Releases)
		h.Releases = append(h.Releases, Release{Version: fields[1], Change: strings.Trim(fields[8], "-")})
	}
	h.Releases[i].Files = append(h.Releases[i].Files, f)
	return nil
}
