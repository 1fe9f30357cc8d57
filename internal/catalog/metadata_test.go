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
