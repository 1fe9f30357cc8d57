package indextest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"assay/internal/indextest/authority"
)

// setting is one "key: value" line.
type setting struct{ key, value string }

// member is one file inside a distribution.
type member struct {
	name string
	data []byte
}

// fileSpec is a distribution file as the archive describes it.
type fileSpec struct {
	filename string
	settings []setting
	members  []member
}

// projectSpec is a project's own section.
type projectSpec struct {
	name     string
	settings []setting
}

// sections is an archive taken apart, in its order.
type sections struct {
	index    []setting
	projects []*projectSpec
	files    []*fileSpec
}

var fileSection = regexp.MustCompile(`^([^/]+\.(?:whl|tar\.gz|zip))(?:/(.+))?$`)

// parseArchive takes a txtar archive apart.
func parseArchive(data []byte) (*sections, error) {
	out := &sections{}
	files := map[string]*fileSpec{}
	for _, section := range txtar.Parse(data).Files {
		name := section.Name
		if m := fileSection.FindStringSubmatch(name); m != nil {
			f := files[m[1]]
			if f == nil {
				f = &fileSpec{filename: m[1]}
				files[m[1]] = f
				out.files = append(out.files, f)
			}
			if m[2] != "" {
				f.members = append(f.members, member{m[2], section.Data})
				continue
			}
			settings, err := parseSettings(name, section.Data)
			if err != nil {
				return nil, err
			}
			f.settings = append(f.settings, settings...)
			continue
		}
		settings, err := parseSettings(name, section.Data)
		if err != nil {
			return nil, err
		}
		project, isProject := strings.CutSuffix(name, "/")
		switch {
		case name == "index":
			out.index = append(out.index, settings...)
		case isProject && project != "" && !strings.Contains(project, "/"):
			out.projects = append(out.projects, &projectSpec{project, settings})
		default:
			return nil, fmt.Errorf("section %q is neither index, PROJECT/, FILENAME nor FILENAME/MEMBER", name)
		}
	}
	return out, nil
}

func parseSettings(section string, data []byte) ([]setting, error) {
	var out []setting
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("%s: line %d: %q is not of the form key: value", section, i+1, line)
		}
		out = append(out, setting{strings.TrimSpace(key), strings.TrimSpace(value)})
	}
	return out, nil
}

var units = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}, {"", 1}}

// parseSize reads a number of bytes: 5000, 64KiB, 10MiB, 100MB.
func parseSize(text string) (int64, error) {
	for _, u := range units {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > 1<<40/u.bytes {
			break
		}
		return n * u.bytes, nil
	}
	return 0, fmt.Errorf("%q is not a size", text)
}

// parseTime reads a moment: RFC 3339, "now", or a duration from now ("-72h").
func parseTime(text string) (time.Time, error) {
	if text == "now" {
		return time.Now().UTC(), nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return time.Now().UTC().Add(d), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither RFC 3339, now, nor a duration from now", text)
	}
	return t.UTC(), nil
}

// attestSpec is how a file's provenance is made.
type attestSpec struct {
	identities []authority.Identity
	claims     *authority.Identity
	predicates []string
	rekor      int
	signed     time.Time
	faults     []authority.Fault
}

// requests are what the authority is asked to attest.
func (a attestSpec) requests(filename string, sum [32]byte) []authority.Request {
	var out []authority.Request
	predicates := a.predicates
	if len(predicates) == 0 {
		predicates = []string{"publish"}
	}
	for _, id := range a.identities {
		for _, p := range predicates {
			out = append(out, authority.Request{
				Filename: filename, SHA256: sum, Identity: id, Publisher: a.claims,
				Predicate: authority.NamedPredicate(p), Time: a.signed, Rekor: a.rekor, Faults: a.faults,
			})
		}
	}
	return out
}
