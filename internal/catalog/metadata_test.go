package catalog_test

import (
	"strings"
	"testing"

	"assay"
)

// opened is the content of a file in which this metadata is.
func opened(name, metadata string) assay.Content {
	c := content(name)
	c.Inside = &assay.Inside{Format: "wheel", Metadata: []byte(metadata)}
	if metadata == "" {
		c.Inside.Metadata = nil
	}
	return c
}

// What was handed out beside a file is held against what is inside of it, whichever
// comes first, and so is what the index promises to hand out.
func TestMetadataBesideAndInsideAreTheSame(t *testing.T) {
	const name = "foo-2.0-py3-none-any.whl"
	const said = "metadata.mismatch: the metadata of the file is not what the index promised: "
	mine, other := "METADATA of "+name, "Requires-Dist: evil"
	unpromised := strings.Replace(string(page("foo", name, "foo-2.0.tar.gz")), `{"sha256":"`+sum(mine)+`"}`, "true", 1)
	for what, c := range map[string]struct {
		page       string
		asked      []string // "file" or "beside"
		beside, in string
		want       string
	}{
		"the same":           {string(page("foo", name)), []string{"beside", "file", "beside"}, mine, mine, ""},
		"the file alone":     {string(page("foo", name)), []string{"file"}, mine, mine, ""},
		"promised otherwise": {string(page("foo", name)), []string{"file"}, "", other, said + "promised beside the file sha256:" + sum(mine) + ", inside of it sha256:" + sum(other)},
		"unpromised":         {unpromised, []string{"beside", "file"}, mine, mine, ""},
		"beside first":       {unpromised, []string{"beside", "file"}, mine, other, said + "beside the file sha256:" + sum(mine) + ", inside of it sha256:" + sum(other)},
		"the file first":     {unpromised, []string{"file", "beside"}, mine, other, said + "beside the file sha256:" + sum(mine) + ", inside of it sha256:" + sum(other)},
		"none inside":        {unpromised, []string{"beside", "file"}, mine, "", said + "beside the file sha256:" + sum(mine) + ", inside of it none"},
	} {
		b := start(t, upstream{})
		b.mustPage(t, []byte(c.page))
		got := ""
		for _, asked := range c.asked {
			if got != "" {
				t.Fatalf("%s: refused before the last: %s", what, got)
			}
			f, seen := b.mustFile(t, name), opened(name, c.in)
			if asked == "beside" {
				f, seen = b.mustFile(t, name+".metadata"), content(c.beside)
			}
			d, err := b.Conclude(t.Context(), f, seen)
			if err != nil {
				t.Fatal(err)
			}
			if d.Verdict == assay.Deny {
				got = refusalText(d)
			}
		}
		if got != c.want {
			t.Errorf("%s: %s\nwant %s", what, got, c.want)
		}
		if c.want == "" {
			continue
		}
		if _, refused := b.mustFile(t, name).Refusal(); !refused {
			t.Errorf("%s: the file is still offered", what)
		}
		if d, refused := b.mustFile(t, "foo-2.0.tar.gz").Refusal(); c.page == unpromised && (!refused || !strings.HasPrefix(refusalText(d), "release.refused: ")) {
			t.Errorf("%s: the sdist of the release: %s", what, refusalText(d))
		}
	}
}

// Metadata of another project or version refuses the release: an installer would pass
// over the file by itself, and build the sdist.
func TestMetadataOfAnotherProject(t *testing.T) {
	const name = "foo-2.0-py3-none-any.whl"
	for text, want := range map[string]string{
		"Name: Foo\nVersion: 2.0.0\n":             "",
		"Name: bar\nVersion: 2.0\n":               `archive.wrong-project: foo-2.0-py3-none-any.whl is another project or version inside than its name says: its metadata names the project "bar"`,
		"Name: foo\nVersion: 2.1\n":               `archive.wrong-project: foo-2.0-py3-none-any.whl is another project or version inside than its name says: its metadata names the version "2.1"`,
		"Name: foo\nVersion: 2.0\nName: bar\n":    "", // the file itself will be refused
		"Name: foo\nVersion: whatever\n":          "",
		"a page of a captive portal, and no more": "",
	} {
		b := start(t, upstream{})
		b.mustPage(t, []byte(strings.Replace(string(page("foo", name, "foo-2.0.tar.gz")), `{"sha256":"`+sum("METADATA of "+name)+`"}`, "true", 1)))
		seen := content(text)
		seen.Inside = &assay.Inside{Metadata: []byte(text)}
		d, err := b.Conclude(t.Context(), b.mustFile(t, name+".metadata"), seen)
		got := ""
		if d.Verdict == assay.Deny {
			got = refusalText(d)
		}
		if err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
		if _, refused := b.mustFile(t, "foo-2.0.tar.gz").Refusal(); refused != (want != "") {
			t.Errorf("%q: the sdist is refused: %t", text, refused)
		}
	}
}
