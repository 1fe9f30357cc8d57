package installer

import (
	"strings"

	"assay/internal/requirements"
)

// scriptFile is the metadata of a script (PEP 723), as uv reads it.
type scriptFile struct {
	Dependencies []string `toml:"dependencies"`
	Tool         struct {
		UV *uvFile `toml:"uv"`
	} `toml:"tool"`
}

// script reads the settings that a script brings along for uv, nil where there
// are none, and notes the sources among its dependencies.
func (r *reader) script(path string) (*uvFile, error) {
	if isDir(path) || !exists(path) {
		return nil, nil
	}
	data, err := r.open(path)
	if err != nil || data == nil {
		return nil, err
	}
	block, ok := scriptBlock(string(data))
	if !ok {
		return nil, nil
	}
	var f scriptFile
	if err := decodeTOML(path, []byte(block), &f); err != nil {
		return nil, err
	}
	for _, s := range f.Dependencies {
		if err := r.ask(requirements.Classify(expand(s, r.env)), path); err != nil {
			return nil, err
		}
	}
	if f.Tool.UV == nil {
		return nil, nil
	}
	f.Tool.UV.origin = path
	return f.Tool.UV, r.uvSources(f.Tool.UV.Sources, path)
}

// scriptBlock finds the block of a script's metadata, as PEP 723 defines it:
//
//	# /// script
//	# dependencies = ["sampleproject"]
//	# ///
//
// Lines go on while they begin with "#"; the last "# ///" among them ends it.
// Empty lines stand for what is in front of it, so that the lines of errors are
// the script's.
func scriptBlock(text string) (string, bool) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, l := range lines {
		if l != "# /// script" {
			continue
		}
		end := 0
		for j := i + 1; j < len(lines) && (lines[j] == "#" || strings.HasPrefix(lines[j], "# ")); j++ {
			if lines[j] == "# ///" {
				end = j
			}
		}
		if end == 0 {
			continue
		}
		var b strings.Builder
		b.WriteString(strings.Repeat("\n", i+1))
		for _, l := range lines[i+1 : end] {
			b.WriteString(strings.TrimPrefix(strings.TrimPrefix(l, "#"), " ") + "\n")
		}
		return b.String(), true
	}
	return "", false
}
