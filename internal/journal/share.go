package journal

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"assay"
	"assay/internal/pypi"
)

// ErrShared says that a file is no export of memory.
var ErrShared = errors.New("it is not an export of memory")

// shared is an export: what one memory knows, as text that people review.
type shared struct {
	Schema   int              `toml:"schema"`
	Seen     []sharedFile     `toml:"seen"`
	Accepted []sharedAccepted `toml:"accepted"`
}

type sharedFile struct {
	Project    string            `toml:"project"`
	Version    string            `toml:"version"`
	Filename   string            `toml:"filename"`
	Index      string            `toml:"index"`
	SHA256     string            `toml:"sha256"`
	Size       int64             `toml:"size"`
	Uploaded   time.Time         `toml:"uploaded"`
	First      time.Time         `toml:"first"`
	Waived     bool              `toml:"waived"`
	Publishers []sharedPublisher `toml:"publishers"`
}

type sharedPublisher struct {
	Name         string `toml:"name"`
	RepositoryID string `toml:"repository_id"`
	OwnerID      string `toml:"owner_id"`
}

type sharedAccepted struct {
	Project  string         `toml:"project"`
	Version  string         `toml:"version"`
	Identity string         `toml:"identity"`
	Codes    []assay.Code   `toml:"codes"`
	Until    toml.LocalDate `toml:"until"`
	Reason   string         `toml:"reason"`
	By       string         `toml:"by"`
	On       toml.LocalDate `toml:"on"`
}

const exportTop = `# What Assay remembers: who published these files, and which bytes they were, when
# they were first let through. Continuity, not verification: nobody says that the
# first ones were good. 'assay trust import' takes it over on another computer.
schema = 1
`

// Export writes what is known as TOML, in an order that does not depend on when it
// was seen: by project, version, file name and index. It holds no local path, and of
// people only who accepted something and why.
func Export(known []Known) []byte {
	var b bytes.Buffer
	b.WriteString(exportTop)
	for _, k := range known {
		files := slices.Clone(k.Files)
		slices.SortFunc(files, func(a, b Entry) int {
			v, _ := pypi.ParseVersion(a.Version)
			w, _ := pypi.ParseVersion(b.Version)
			return cmp.Or(v.Compare(w), strings.Compare(a.Filename, b.Filename), strings.Compare(a.Index, b.Index))
		})
		for _, f := range files {
			exportFile(&b, f)
		}
	}
	for _, k := range known {
		accepted := slices.Clone(k.Accepted)
		slices.SortStableFunc(accepted, func(a, b Entry) int {
			return cmp.Or(strings.Compare(a.Version, b.Version), a.Until.Compare(b.Until), strings.Compare(a.Reason, b.Reason))
		})
		for _, a := range accepted {
			exportAccepted(&b, a)
		}
	}
	return b.Bytes()
}

func exportFile(b *bytes.Buffer, f Entry) {
	b.WriteString("\n[[seen]]\n")
	put(b, "project", f.Project)
	put(b, "version", f.Version)
	put(b, "filename", f.Filename)
	put(b, "index", f.Index)
	put(b, "sha256", f.SHA256)
	if f.Size > 0 {
		fmt.Fprintf(b, "size = %d\n", f.Size)
	}
	if !f.Uploaded.IsZero() {
		fmt.Fprintf(b, "uploaded = %s\n", f.Uploaded.UTC().Format(time.RFC3339Nano))
	}
	fmt.Fprintf(b, "first = %s\n", f.firstSeen().UTC().Format(time.RFC3339Nano))
	if f.Waived {
		b.WriteString("waived = true\n")
	}
	for _, p := range f.Publishers {
		b.WriteString("[[seen.publishers]]\n")
		put(b, "name", p.Name)
		put(b, "repository_id", p.RepositoryID)
		put(b, "owner_id", p.OwnerID)
	}
}

func exportAccepted(b *bytes.Buffer, a Entry) {
	b.WriteString("\n[[accepted]]\n")
	put(b, "project", a.Project)
	put(b, "version", a.Version)
	put(b, "identity", a.Identity)
	b.WriteString("codes = [")
	for i, c := range a.Codes {
		b.WriteString([]string{"", ", "}[min(i, 1)])
		b.Write(quote(nil, string(c)))
	}
	fmt.Fprintf(b, "]\nuntil = %s\n", lastDay(a.Until))
	put(b, "reason", a.Reason)
	put(b, "by", a.By)
	fmt.Fprintf(b, "on = %s\n", a.firstSeen().UTC().Format(time.DateOnly))
}

// lastDay is the last day of an acceptance.
func lastDay(until time.Time) string { return until.Add(-time.Second).UTC().Format(time.DateOnly) }

// put writes a text if there is one. What entries hold can be printed, and so TOML's
// strings are those of JSON.
func put(b *bytes.Buffer, key, value string) {
	if value != "" {
		fmt.Fprintf(b, "%s = %s\n", key, quote(nil, value))
	}
}

// ReadExport reads an export, whose file has this name, into the entries that stand
// for it: an Import, and what follows from it. They have no times of their own. Any
// other key than those that Export writes is an error, as is what no entry may hold:
// an [ErrShared], with the line where it is known.
func ReadExport(name string, data []byte) ([]Entry, error) {
	if len(data) > maxImport {
		return nil, fmt.Errorf("%w: it is larger than %d bytes", ErrShared, maxImport)
	}
	var s shared
	d := toml.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(&s)
	var strict *toml.StrictMissingError
	var broken *toml.DecodeError
	switch {
	case errors.As(err, &strict) && len(strict.Errors) > 0:
		line, _ := strict.Errors[0].Position()
		return nil, fmt.Errorf("%w: line %d: the key %q is not known", ErrShared, line, strings.Join(strict.Errors[0].Key(), "."))
	case errors.As(err, &broken):
		line, _ := broken.Position()
		return nil, fmt.Errorf("%w: line %d: %s", ErrShared, line, strings.TrimPrefix(broken.Error(), "toml: "))
	case err != nil:
		return nil, fmt.Errorf("%w: %s", ErrShared, strings.TrimPrefix(err.Error(), "toml: "))
	case s.Schema != schema:
		return nil, fmt.Errorf("%w: its schema is %d, not %d", ErrShared, s.Schema, schema)
	case len(s.Seen)+len(s.Accepted) > maxImported:
		return nil, fmt.Errorf("%w: it has more than %d entries", ErrShared, maxImported)
	}
	sum := sha256.Sum256(data)
	out := []Entry{{Kind: Import, Origin: name, SHA256: hex.EncodeToString(sum[:])}}
	for i, f := range s.Seen {
		e := Entry{Kind: Seen, Project: f.Project, Version: f.Version, Filename: f.Filename, Index: assay.Shown(f.Index), SHA256: f.SHA256, Size: f.Size,
			Uploaded: f.Uploaded.UTC(), First: f.First.UTC(), Waived: f.Waived, Route: RouteImport}
		for _, p := range f.Publishers {
			e.Publishers = append(e.Publishers, assay.Identity{Name: p.Name, RepositoryID: p.RepositoryID, OwnerID: p.OwnerID})
		}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("%w: the %s [[seen]] (%s): %w", ErrShared, ordinal(i+1), f.Filename, err)
		}
		out = append(out, e)
	}
	for i, a := range s.Accepted {
		e := Entry{Kind: Accept, Project: a.Project, Version: a.Version, Identity: a.Identity, Codes: a.Codes, Reason: a.Reason, By: a.By}
		if a.Until != (toml.LocalDate{}) {
			e.Until = a.Until.AsTime(time.UTC).Add(24 * time.Hour)
		}
		if a.On != (toml.LocalDate{}) {
			e.First = a.On.AsTime(time.UTC)
		}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("%w: the %s [[accepted]] (%s): %w", ErrShared, ordinal(i+1), a.Project, err)
		}
		out = append(out, e)
	}
	return out, nil
}

func ordinal(n int) string {
	ending := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			ending = "st"
		case 2:
			ending = "nd"
		case 3:
			ending = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, ending)
}
