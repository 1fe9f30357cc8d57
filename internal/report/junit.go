package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"assay"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Skipped *junitSkipped `xml:"skipped"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes a test suite for each lock and a test case for each of its
// packages: refused is a failure, undecided an error, and what is warned about the
// case's output. Entries that markers keep out, and those of which no
// file fits, are skipped.
func (c Check) WriteJUnit(w io.Writer) error {
	out := junitSuites{Name: "assay check"}
	packs := c.packs()
	for _, lock := range c.Locks {
		suite := junitSuite{Name: lock.Name}
		for _, p := range packs {
			if place, ok := p.in(lock.Name, c.Locks); ok {
				suite.add(p, place, lock.Name)
			}
		}
		for _, l := range c.LeftOut {
			if belongs(l.Place.File, lock.Name, c.Locks) {
				suite.skip(l, lock.Name, "markers keep it out of "+c.Environment)
			}
		}
		for _, l := range c.NoFit {
			if belongs(l.Place.File, lock.Name, c.Locks) {
				suite.skip(l, lock.Name, "no file of it fits "+c.Environment)
			}
		}
		out.Tests, out.Failures, out.Errors = out.Tests+suite.Tests, out.Failures+suite.Failures, out.Errors+suite.Errors
		out.Suites = append(out.Suites, suite)
	}
	data, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	var b strings.Builder
	b.WriteString(xml.Header)
	b.Write(data)
	b.WriteByte('\n')
	return write(w, &b)
}

// in returns the first line of a lock at which the package stands.
func (p checkedPack) in(lock string, all []CheckedLock) (Place, bool) {
	for _, item := range p.items {
		for _, place := range item.Places {
			if belongs(place.File, lock, all) {
				return place, true
			}
		}
	}
	return Place{}, false
}

// belongs reports whether what stands in a file is a lock's. What stands in a file that a
// lock includes belongs to the first lock.
func belongs(file, lock string, all []CheckedLock) bool {
	named := func(l CheckedLock) bool { return l.Name == file }
	return file == lock || !slices.ContainsFunc(all, named) && len(all) > 0 && all[0].Name == lock
}

// skip adds an entry that was not looked at.
func (s *junitSuite) skip(l LeftOut, lock, why string) {
	s.Tests++
	s.Skipped++
	s.Cases = append(s.Cases, junitCase{Class: Line(lock), Name: Line(l.What), File: Line(l.Place.File), Line: l.Place.Line,
		Skipped: &junitSkipped{Line(why)}})
}

func (s *junitSuite) add(p checkedPack, place Place, lock string) {
	x := junitCase{Class: Line(lock), Name: Line(strings.TrimSpace(p.release.Project + " " + p.release.Version)), File: Line(place.File), Line: place.Line}
	var bad, rest []string
	var main assay.Reason
	for _, f := range p.findings(assay.Note) {
		line := f.place.String() + ": "
		if about := f.about(); about != "" {
			line += about + ": "
		}
		line = Line(line + f.Message + " [" + string(f.Code) + "]")
		if f.Severity != assay.Error {
			rest = append(rest, Line(string(f.Severity))+": "+line)
			continue
		}
		if main.Code == "" {
			main = f.Reason
		}
		bad = append(bad, line)
		if f.Hint != "" {
			bad = append(bad, "hint: "+Line(f.Hint))
		}
	}
	problem := &junitProblem{Message: Line(main.Message), Type: string(main.Code), Text: strings.Join(bad, "\n")}
	s.Tests++
	switch p.outcome {
	case refused:
		s.Failures++
		x.Failure = problem
	case undecided:
		s.Errors++
		x.Error = problem
	}
	x.Output = strings.Join(rest, "\n")
	s.Cases = append(s.Cases, x)
}
