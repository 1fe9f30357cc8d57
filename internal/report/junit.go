package report

import (
	"encoding/xml"
	"fmt"
	"io"
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
	Output  string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes a test suite for each lock and a test case for each of its
// packages: refused is a failure, undecided an error, and what is warned about the
// case's output.
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

// in returns the first line of a lock at which the package stands. What stands in a file
// that a lock includes belongs to the first lock.
func (p checkedPack) in(lock string, all []CheckedLock) (Place, bool) {
	named := func(file string) bool {
		for _, l := range all {
			if l.Name == file {
				return true
			}
		}
		return false
	}
	for _, item := range p.items {
		for _, place := range item.Places {
			if place.File == lock || !named(place.File) && len(all) > 0 && all[0].Name == lock {
				return place, true
			}
		}
	}
	return Place{}, false
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
