package policy

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay"

	"assay/internal/tomlfile"
)

// Check returns what a person should look at in a file that is valid: tables that
// contradict or hide each other, rules that can never match, exceptions that have
// expired. They are in the order of their lines.
func (f *File) Check(now time.Time) []tomlfile.Problem {
	c := checker{tomlfile.Problems{File: f.Name}}
	for _, t := range f.tables {
		c.table(t)
	}
	c.overlaps(f)
	c.repeated(f)
	for _, x := range f.exceptions {
		c.exception(x, now)
	}
	slices.SortStableFunc(c.List, func(a, b tomlfile.Problem) int { return cmp.Compare(a.Line, b.Line) })
	return c.List
}

type checker struct{ tomlfile.Problems }

func (c *checker) table(t *table) {
	if len(t.keys) == 0 {
		c.Add(t.line, "the [[project]] %s says nothing", t.name.pattern)
	}
	if t.when != nil && t.when.constant {
		if t.when.always {
			c.Add(t.line, "the 'when' of %s is always true: leave it out", t.name.pattern)
		} else {
			c.Add(t.line, "the 'when' of %s is never true, so the table never applies", t.name.pattern)
		}
	}
	for _, p := range t.settings.publishers.value {
		if why := hopeless(p); why != "" {
			c.Add(lineOf(p.Origin), "no publisher will ever fit %s: %s", tomlfile.Quoted(p.String()), why)
		}
	}
	if t.settings.require.set() && !t.settings.publishers.set() && t.settings.require.value > 0 {
		c.Add(lineOf(t.settings.require.at), "require stands in a table without publishers: it counts those that another table names for %s", t.name.pattern)
	}
}

// overlaps compares the globs with each other. A later glob within an earlier one
// is a refinement, and meant.
func (c *checker) overlaps(f *File) {
	globs := f.globs[:min(len(f.globs), maxGlobs)]
	for i, later := range globs {
		for _, earlier := range globs[:i] {
			if !later.name.meets(earlier.name) || earlier.name.covers(later.name) {
				continue
			}
			keys := later.settings.disagree(earlier.settings)
			if len(keys) == 0 {
				continue
			}
			how := "fit some of the same names and disagree on %s: the later one holds"
			if later.name.covers(earlier.name) {
				how = "disagree on %s, and the later one takes every name of the earlier one, which comes to nothing: put it first"
			}
			c.Add(later.line, "%s and %s (line %d) "+how, later.name.pattern, earlier.name.pattern, earlier.line, tomlfile.Listed(keys, "and"))
		}
	}
}

// disagree returns the keys that both set, and differently.
func (s settings) disagree(o settings) []string {
	var out []string
	note := func(key string, differ bool) {
		if differ {
			out = append(out, key)
		}
	}
	note("evidence", differ(s.evidence, o.evidence))
	note("cooldown", differ(s.cooldown, o.cooldown))
	note("sdist", differ(s.sdist, o.sdist))
	note("on_unavailable", differ(s.onUnavailable, o.onUnavailable))
	note("require", differ(s.require, o.require))
	note("signatures", differ(s.signatures, o.signatures))
	note("signature", s.places.set() && o.places.set() && !slices.Equal(s.places.value, o.places.value))
	note("deny", differ(s.deny, o.deny))
	note("warn", differ(s.warn, o.warn))
	note("index", s.indexes.set() && o.indexes.set() && !slices.Equal(s.indexes.value, o.indexes.value))
	note("publisher", s.publishers.set() && o.publishers.set() && !slices.EqualFunc(s.publishers.value, o.publishers.value,
		func(a, b assay.Publisher) bool { return a.String() == b.String() }))
	return out
}

func differ[T comparable](a, b opt[T]) bool { return a.set() && b.set() && a.value != b.value }

// repeated finds conditional tables that another one repeats.
func (c *checker) repeated(f *File) {
	type same struct{ name, when string }
	before := map[same]*table{}
	for _, t := range f.whens {
		key := same{t.name.pattern, strings.Join(strings.Fields(t.when.source), " ")}
		if first, ok := before[key]; ok {
			c.Add(t.line, "the [[project]] %s has the name and the 'when' of line %d: the earlier one comes to nothing where both set a key", t.name.pattern, first.line)
			continue
		}
		before[key] = t
	}
}

func (c *checker) exception(x *exception, now time.Time) {
	if !now.Before(x.waiver.Until) {
		c.Add(x.line, "the exception for %s has expired on %s: take it out", x.project.pattern, x.waiver.Until.AddDate(0, 0, -1).Format(time.DateOnly))
	}
	if slices.Contains(x.waiver.Codes, assay.SourceVCS) {
		c.Add(x.line, "source.vcs is refused before any project is known, so the exception lifts nothing: use vcs = \"allow\"")
	}
	if why := hopeless(assay.Publisher{Identity: x.waiver.Identity}); why != "" {
		c.Add(x.line, "no publisher will ever fit %s: %s", tomlfile.Quoted(x.waiver.Identity), why)
	}
}

// lineOf is the line of a place, which is "FILE:LINE".
func lineOf(at string) int {
	line, _ := strconv.Atoi(at[strings.LastIndexByte(at, ':')+1:])
	return line
}
