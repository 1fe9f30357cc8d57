package report

import (
	"fmt"
	"strings"

	"assay"
)

// maxFact bounds in columns what a text shows of a license or of the Python versions.
const maxFact = 60

// withoutTexts returns what a report needs of an inside: the texts that were read are
// not kept for every file of a run.
func withoutTexts(in *assay.Inside) *assay.Inside {
	if in == nil || in.Format == "" {
		return nil
	}
	out := *in
	out.Metadata, out.Pyproject, out.Findings = nil, nil, nil
	return &out
}

// writeInside says what a file calls itself, and what is in it:
//
//	says of itself: demo 1.0, Python >=3.9, 2 dependencies, 1 extra, license MIT
//	holds: 12 members, 34.1 kB unpacked, 11 as RECORD lists them
func (t Text) writeInside(b *strings.Builder, indent string, in *assay.Inside) {
	if in == nil {
		return
	}
	if a := in.About; a != nil && a.Name != "" {
		facts := []string{strings.TrimSpace(t.name(a.Name) + " " + t.name(a.Version))}
		if a.RequiresPython != "" {
			facts = append(facts, "Python "+t.fact(a.RequiresPython))
		}
		switch n := len(a.Dependencies); n {
		case 0:
			facts = append(facts, "no dependencies")
		case 1:
			facts = append(facts, "1 dependency")
		default:
			facts = append(facts, fmt.Sprintf("%d dependencies", n))
		}
		if n := len(a.Extras); n > 0 {
			facts = append(facts, plural(n, "extra"))
		}
		if a.License != "" {
			facts = append(facts, "license "+t.fact(a.License))
		}
		switch {
		case a.Build != "":
			facts = append(facts, "metadata left to a build")
		case in.Format == "sdist":
			facts = append(facts, "metadata static")
		}
		t.writeWrapped(b, indent, "says of itself: "+strings.Join(facts, ", "))
	}
	if in.Members == 0 {
		return
	}
	line := "holds: " + plural(in.Members, "member") + ", " + size(in.Unpacked) + " unpacked"
	if in.Hashed > 0 {
		line += fmt.Sprintf(", %d compared with RECORD", in.Hashed)
	}
	t.writeWrapped(b, indent, line)
}

// fact makes what a stranger wrote in a field safe and short.
func (t Text) fact(s string) string { return t.cut(t.prose(s), maxFact) }

// size renders a number of bytes.
func size(n int64) string {
	for _, u := range []struct {
		bytes int64
		name  string
	}{{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if n >= u.bytes {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.bytes), u.name)
		}
	}
	return plural(int(n), "byte")
}

type jsonInside struct {
	Format   string        `json:"format"`
	Members  int           `json:"members"`
	Unpacked int64         `json:"unpacked"`
	Hashed   int           `json:"hashed"`
	Metadata *jsonMetadata `json:"metadata,omitempty"`
}

type jsonMetadata struct {
	Name           string   `json:"name"`
	Version        string   `json:"version"`
	RequiresPython string   `json:"requires_python"`
	RequiresDist   []string `json:"requires_dist"`
	ProvidesExtra  []string `json:"provides_extra"`
	Summary        string   `json:"summary"`
	License        string   `json:"license"`
	Author         string   `json:"author"`
	Static         bool     `json:"static"`
}

// insideJSON is nil where nobody looked inside.
func insideJSON(in *assay.Inside) *jsonInside {
	if in == nil {
		return nil
	}
	out := &jsonInside{Format: in.Format, Members: in.Members, Unpacked: in.Unpacked, Hashed: in.Hashed}
	if a := in.About; a != nil {
		out.Metadata = &jsonMetadata{Name: a.Name, Version: a.Version, RequiresPython: a.RequiresPython,
			RequiresDist: append([]string{}, a.Dependencies...), ProvidesExtra: append([]string{}, a.Extras...),
			Summary: a.Summary, License: a.License, Author: a.Author, Static: a.Build == ""}
	}
	return out
}
