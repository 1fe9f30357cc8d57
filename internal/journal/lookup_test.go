package journal

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"assay"
)

// apart writes a journal in which the lines of "runs" follow each other, those of
// "gaps" have a few others between them, and those of "far-…" lie far apart. It has
// an index.
func apart(t *testing.T, dir string) {
	t.Helper()
	var data []byte
	var head hash
	for i := range 4*tailEntries + 10 {
		e := seen(fmt.Sprintf("1.%d", i), fmt.Sprint(i%10), acme)
		switch {
		case i/50%5 == 0:
			e.Project = "runs"
		case i%3 == 0:
			e.Project, e.Publishers = "gaps", append(e.Publishers, assay.Identity{Name: "github:acme/other@release.yml"})
		default:
			e.Project = fmt.Sprintf("far-%d", i%97)
		}
		e.Seq, e.Time = int64(i+1), noon
		var err error
		if data, head, err = appendLine(data, head, e); err != nil {
			t.Fatal(err)
		}
	}
	rewrite(t, dir, string(data))
	if err := mustOpen(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLookups holds that a question finds what reading everything finds, wherever the
// lines are, and that an answer stays what it is when the next question is asked.
func TestLookups(t *testing.T) {
	dir := t.TempDir()
	apart(t, dir)
	j := mustOpen(t, dir)
	all, err := j.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]Entry{}
	for _, e := range all {
		want[e.Project] = append(want[e.Project], e)
	}
	if longest := len(want["gaps"]) * len(text(t, dir)) / len(all); longest <= chunk {
		t.Fatalf("the lines of the longest project have %d bytes, and go into one batch", longest)
	}
	answers := map[string]assay.Memory{}
	for project := range want {
		got, err := j.Entries(t.Context(), project)
		if err != nil || !reflect.DeepEqual(got, want[project]) {
			t.Fatalf("%s: %d entries, %v; there are %d", project, len(got), err, len(want[project]))
		}
		if answers[project], err = j.Memory(t.Context(), assay.Artifact{Project: project, Version: "1.0"}); err != nil {
			t.Fatal(err)
		}
	}
	for project, before := range answers {
		now, err := mustOpen(t, dir).Memory(t.Context(), assay.Artifact{Project: project, Version: "1.0"})
		if err != nil || len(now.Files) == 0 || !reflect.DeepEqual(now, before) {
			t.Fatalf("%s: what was answered has changed (%v)", project, err)
		}
	}
}

// TestEditedBetweenNeighbours changes lines that are read together with others: a
// question about the changed one's project notices, one about the others does not
// depend on it.
func TestEditedBetweenNeighbours(t *testing.T) {
	for _, number := range []string{"0", "7", "49", "60"} {
		dir := t.TempDir()
		apart(t, dir)
		file := `"foo-1.` + number + `.tar.gz"`
		whole := text(t, dir)
		at := strings.Index(whole, file)
		e := strings.LastIndex(whole[:at], `"project":"`) + len(`"project":"`)
		project := whole[e : e+strings.IndexByte(whole[e:], '"')]
		j := mustOpen(t, dir)
		rewrite(t, dir, strings.Replace(whole, file, strings.Replace(file, "foo", "fop", 1), 1))
		if _, err := j.Memory(t.Context(), assay.Artifact{Project: project, Version: "1.0"}); !errors.Is(err, ErrEdited) {
			t.Errorf("line %s, of %s: %v", number, project, err)
		}
		for _, other := range []string{"runs", "gaps", "far-1"} {
			if other == project {
				continue
			}
			if _, err := mustOpen(t, dir).Memory(t.Context(), assay.Artifact{Project: other, Version: "1.0"}); err != nil {
				t.Errorf("line %s, of %s, and a question about %s: %v", number, project, other, err)
			}
		}
	}
}

// TestImpossibleRecords has an index that says what cannot be of lines: it is given up,
// whatever it says.
func TestImpossibleRecords(t *testing.T) {
	dir := t.TempDir()
	apart(t, dir)
	j := mustOpen(t, dir)
	for _, place := range []uint64{0, 1, 1<<lengthBits - 1, 1<<64 - 1} {
		if _, err := j.bodies([]record{{place: place}, {place: place}}); !errors.Is(err, errIndex) {
			t.Errorf("%x: %v", place, err)
		}
	}
	list := []record{{place: 1000<<lengthBits | 500}, {place: 900<<lengthBits | 500}, {place: 1500<<lengthBits | 500}, {place: 7000 << lengthBits}}
	for first, want := range map[int]int{0: 1, 1: 2, 2: 1, 3: 1} {
		if got, _ := neighbours(list[first:]); len(got) != want {
			t.Errorf("from %d: %d are read at once, not %d", first, len(got), want)
		}
	}
}
