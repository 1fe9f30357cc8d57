package pypi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"assay"
)

const wholeMetadata = `Metadata-Version: 2.4
Name: Demo.Project
Version: 1.0
Summary: a demonstration
Author: UNKNOWN
author-email: Jane Doe <jane@example.invalid>
License-Expression: MIT
Classifier: one
Classifier: two
Requires-Python: >=3.9
Requires-Dist: dep>=1
Requires-Dist: other; extra == "more"
Provides-Extra: more
Dynamic: Summary
License: not
        this

# Demo
Name: in the description
`

func TestParseMetadata(t *testing.T) {
	want := &Metadata{FormatVersion: "2.4", Name: "Demo.Project", Version: "1.0", RequiresPython: ">=3.9", RequiresDist: []string{"dep>=1", `other; extra == "more"`},
		ProvidesExtra: []string{"more"}, Dynamic: []string{"summary"}, Summary: "a demonstration", License: "MIT", Author: "Jane Doe <jane@example.invalid>", Addresses: "Jane Doe <jane@example.invalid>",
		Description: "# Demo\nName: in the description"}
	for name, text := range map[string]string{"lines": wholeMetadata, "carriage returns": strings.ReplaceAll(wholeMetadata, "\n", "\r\n")} {
		got, err := ParseMetadata([]byte(text))
		if got != nil {
			got.Description = strings.ReplaceAll(got.Description, "\r", "")
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v\nwant %+v", name, got, err, want)
		}
	}
	old, err := ParseMetadata([]byte("Metadata-Version: 1.0\nName: demo\nVersion: 1.0\nLicense: UNKNOWN\nDescription: first\n        second\n       |third\n        \n"))
	if err != nil || old.Description != "first\nsecond\nthird" || old.License != "" {
		t.Errorf("%+v, %v", old, err)
	}
}

func TestMetadataThatCanBeReadInTwoWays(t *testing.T) {
	const head = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
	for name, c := range map[string]struct{ text, want string }{
		"empty":                   {"", "it has no field name"},
		"no version":              {"Name: demo\n", "it has no field version"},
		"two names":               {head + "nAME: other\n", "the field name is there more than once"},
		"two versions":            {head + "Version: 1.0\n", "the field version is there more than once"},
		"two pythons":             {head + "Requires-Python: >=3\nRequires-Python: >=2\n", "the field requires-python is there more than once"},
		"two format versions":     {"Metadata-Version: 2.1\n" + head, "the field metadata-version is there more than once"},
		"format version of later": {"Metadata-Version: 3.0\nName: demo\nVersion: 1.0\n", `its format version "3.0" is not known`},
		"no format version":       {"Metadata-Version: two\nName: demo\nVersion: 1.0\n", `its format version "two" is not known`},
		"latin-1":                 {head + "Author: J\xf6rg\n", "it is not UTF-8"},
		"NUL":                     {head + "\nde\x00scription", "there is a NUL in it"},
		"no header":               {head + "no header at all\nRequires-Dist: hidden\n", `"no header at all" is no header, and no empty line ends the headers before it`},
		"a space before":          {head + "Requires-Dist : hidden\n", `"Requires-Dist : hidden" is no header, and no empty line ends the headers before it`},
		"no name":                 {head + ": hidden\n", `": hidden" is no header, and no empty line ends the headers before it`},
		"byte order mark":         {"\ufeff" + head, `"\ufeffMetadata-Version: 2.1" is no header, and no empty line ends the headers before it`},
		"envelope":                {"From somebody\n" + head, `"From somebody" is no header, and no empty line ends the headers before it`},
		"begins with more":        {" more\n" + head, "it begins with the continuation of a header"},
		"carriage return":         {head + "Summary: x\rRequires-Dist: hidden\n", "a header holds a carriage return alone, which ends a line for some readers"},
		"folded":                  {head + "Requires-Dist: dep\n  ; extra == 'x'\n", "a value of the field requires-dist goes over several lines"},
		"encoded":                 {"Name: =?utf-8?q?demo?=\nVersion: 1.0\n", "a value of the field name is encoded, and some readers decode it"},
		"long":                    {head + "Requires-Dist: " + strings.Repeat("x", maxValue+1), "a value of the field requires-dist has more than 16384 bytes"},
		"many":                    {head + strings.Repeat("Classifier: x\n", maxHeaders), "it has more than 20000 headers"},
		"huge":                    {head + "\n" + strings.Repeat("x", maxMetadata), "it has more than 8388608 bytes"},
	} {
		m, err := ParseMetadata([]byte(c.text))
		var bad *MetadataError
		if m != nil || !errors.As(err, &bad) || bad.Why != c.want {
			t.Errorf("%s: %+v, %v\nwant %s", name, m, err, c.want)
		}
	}
}

func TestAbout(t *testing.T) {
	const static = "Metadata-Version: 2.2\nName: demo\nVersion: 1.0\nRequires-Dist: dep\n"
	const project = "[project]\nname = \"demo\"\nversion = \"1.0\"\nrequires-python = \">=3\"\ndescription = \"a demo\"\nlicense = \"MIT\"\nauthors = [{name = \"Jane\"}]\n" +
		"dependencies = [\"dep\"]\n[project.optional-dependencies]\nmore = [\"a\", \"b; python_version > '3'\"]\n"
	fromProject := assay.About{Name: "demo", Version: "1.0", RequiresPython: ">=3", Summary: "a demo", License: "MIT", Author: "Jane",
		Dependencies: []string{"dep", "a; extra == 'more'", "b; (python_version > '3') and extra == 'more'"}, Extras: []string{"more"}}
	demo := func(build string, deps ...string) assay.About {
		return assay.About{Name: "demo", Version: "1.0", Dependencies: deps, Build: build}
	}
	old := strings.Replace(static, "2.2", "2.1", 1)
	const tooOld = `its PKG-INFO has the format version "2.1", and speaks for a build from 2.2 on`
	for name, c := range map[string]struct {
		format, metadata, pyproject string
		want                        assay.About
		err                         string
	}{
		"wheel":                             {"wheel", old, "", demo("", "dep"), ""},
		"wheel without":                     {"wheel", "", "", assay.About{}, "core metadata: it has no field name"},
		"static":                            {"sdist", static, "", demo("", "dep"), ""},
		"dynamic in what does not decide":   {"sdist", static + "Dynamic: Summary\n", "", demo("", "dep"), ""},
		"dynamic":                           {"sdist", static + "Dynamic: requires-DIST\n", "", demo("its PKG-INFO leaves the field requires-dist to the build", "dep"), ""},
		"dynamic, static project":           {"sdist", static + "Dynamic: requires-dist\n", project, fromProject, ""},
		"old":                               {"sdist", old, "", demo(tooOld, "dep"), ""},
		"old, static project":               {"sdist", old, project, fromProject, ""},
		"old, dynamic project":              {"sdist", old, project + "[project.x]\n", fromProject, ""},
		"old, project of a dynamic version": {"sdist", old, "[project]\nname = \"demo\"\ndynamic = [\"version\"]\n", demo(tooOld, "dep"), ""},
		"old, project with dynamic extras":  {"sdist", old, "[project]\nname = \"demo\"\nversion = \"1\"\ndynamic = [\"optional-dependencies\"]\n", demo(tooOld, "dep"), ""},
		"old, no project":                   {"sdist", old, "[build-system]\n", demo(tooOld, "dep"), ""},
		"old, project twice":                {"sdist", old, project + "[project]\n", demo(tooOld, "dep"), ""},
		"old, project that nests":           {"sdist", old, project + "[x]\nx = " + strings.Repeat("[", maxBrackets) + strings.Repeat("]", maxBrackets), demo(tooOld, "dep"), ""},
		"none":                              {"sdist", "", "", assay.About{Build: "it has no PKG-INFO"}, ""},
		"ambiguous, and believed":           {"sdist", static + "Name: other\n", project, assay.About{}, "core metadata: the field name is there more than once"},
		"ambiguous, and not believed":       {"sdist", old + "Name: other\n", "", assay.About{Build: "its PKG-INFO cannot be read, the field name is there more than once"}, ""},
	} {
		in := &assay.Inside{Format: c.format, Pyproject: []byte(c.pyproject)}
		if c.metadata != "" {
			in.Metadata = []byte(c.metadata)
		}
		got, err := About(in)
		if got == nil {
			got = &assay.About{}
		}
		if text := fmt.Sprint(err); err != nil && text != c.err || err == nil && c.err != "" {
			t.Errorf("%s: %v, want %q", name, err, c.err)
		}
		if got.Dependencies == nil {
			got.Dependencies = c.want.Dependencies[:0]
		}
		if fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", c.want) {
			t.Errorf("%s:\n%+v, want\n%+v", name, *got, c.want)
		}
	}
}

// What is taken is what Python's packaging reads: it reads more, but never other
// things.
func TestMetadataAgainstPackaging(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	lines := []string{"Metadata-Version: 2.1\n", "Name: demo\n", "Name: demo\n", "Version: 1.0\n", "Version: 1.0\n", "version:1.0  \r\n", "Requires-Dist: a\n", "Requires-Dist:  b; extra == 'x'\n",
		"requires-dist: c\r\n", "Requires-Python: >=3\n", "Provides-Extra: x\n", "Dynamic: Summary\n", "Summary: é\n", "  more\n", "\t\n", "   \n", "\n", "\r\n", "\r", "License: a\n", "From x\n",
		"Name : y\n", ": z\n", "x\n", "\x0c", "\x1c", "\u0085", "\u2028", "Author: =?utf-8?q?a?=\n"}
	var questions [][2]any
	for range 8_000 {
		text := "Name: demo\nVersion: 1.0\n" + pieces(random, lines, 7)
		if random.IntN(2) == 0 {
			text = pieces(random, lines, 9)
		}
		questions = append(questions, [2]any{"metadata", text})
	}
	taken := 0
	for i, answer := range ask(t, questions) {
		text := questions[i][1].(string)
		m, err := ParseMetadata([]byte(text))
		if err != nil {
			continue
		}
		taken++
		got, err := json.Marshal([]any{m.FormatVersion, m.Name, m.Version, m.RequiresPython, list(m.RequiresDist), list(m.ProvidesExtra), list(m.Dynamic)})
		var want, ours any
		if err != nil || json.Unmarshal(answer, &want) != nil || json.Unmarshal(got, &ours) != nil || !reflect.DeepEqual(want, ours) {
			t.Errorf("%q: %s, packaging says %s", text, got, bytes.TrimSpace(answer))
		}
	}
	if taken < 500 {
		t.Errorf("only %d of %d texts were taken", taken, len(questions))
	}
}

func list(s []string) []string { return append([]string{}, s...) }

func FuzzMetadata(f *testing.F) {
	for _, s := range []string{wholeMetadata, "Name: demo\nVersion: 1.0\n\n", "Name:demo\r\nVersion:1\r\n\r\nbody\x0c", "Name: a\nVersion: 1\nDescription: x\n        y\n       |z\n", "Name: a\rVersion: 1\n", " x\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseMetadata(data)
		if err != nil {
			if bad := new(MetadataError); !errors.As(err, &bad) || bad.Why == "" || m != nil {
				t.Fatalf("%q: %+v, %v", data, m, err)
			}
			return
		}
		// Written anew, it says the same.
		var b strings.Builder
		for _, h := range []struct {
			name   string
			values []string
		}{{"Name", []string{m.Name}}, {"Version", []string{m.Version}}, {"Requires-Dist", m.RequiresDist}, {"Provides-Extra", m.ProvidesExtra}, {"Dynamic", m.Dynamic}} {
			for _, v := range h.values {
				b.WriteString(h.name + ": " + v + "\n")
			}
		}
		if m.RequiresPython != "" {
			b.WriteString("Requires-Python: " + m.RequiresPython + "\n")
		}
		if m.FormatVersion != "" {
			b.WriteString("Metadata-Version: " + m.FormatVersion + "\n")
		}
		again, err := ParseMetadata([]byte(b.String()))
		if err != nil {
			t.Fatalf("%q: written anew %q: %v", data, b.String(), err)
		}
		again.Summary, again.License, again.Author, again.Addresses, again.Description = m.Summary, m.License, m.Author, m.Addresses, m.Description
		if !reflect.DeepEqual(again, m) {
			t.Fatalf("%q: %+v, written anew %+v", data, m, again)
		}
	})
}

func FuzzProject(f *testing.F) {
	f.Add([]byte("[project]\nname = \"demo\"\nversion = \"1.0\"\noptional-dependencies = { more = [\"a; b\"] }\n"))
	f.Add([]byte("[project]\nname = \"demo\"\ndynamic = [\"version\"]\nlicense = {text = \"MIT\"}\nauthors = [{name = \"x\"}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := ParseProject(data); (m == nil) != (err != nil) {
			t.Fatalf("%q: %+v, %v", data, m, err)
		}
	})
}
