package historytest_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay"
	"assay/internal/historytest"
)

var update = flag.Bool("update", false, "write the table into the documentation")

// shuffles is how many random orders are tried.
const shuffles = 20

// order is a way in which somebody comes by the releases of a project.
type order struct {
	name string
	plan func(offers []offer) []offer
}

var orders = []order{
	{"as uploaded", func(all []offer) []offer { return all }},
	{"all of it twice", func(all []offer) []offer { return append(slices.Clone(all), all...) }},
	{"newest first", newestFirst},
	{"newest, then older pins", func(all []offer) []offer { return append([]offer{all[len(all)-1]}, all...) }},
	{"newest again after each older pin", func(all []offer) []offer {
		newest := all[len(all)-1]
		out := []offer{newest}
		for _, o := range all {
			out = append(out, o, newest)
		}
		return out
	}},
	{"every third release", func(all []offer) (out []offer) {
		for i := 0; i < len(all); i += 3 {
			out = append(out, all[i])
		}
		return out
	}},
	{"one wheel a release", only(func(f historytest.File) bool { return !assay.IsSdist(f.Filename) }, 1)},
	{"sdists alone", only(func(f historytest.File) bool { return assay.IsSdist(f.Filename) }, 1)},
	{"sdists are never attested", without(func(f historytest.File) bool { return assay.IsSdist(f.Filename) })},
	{"through a mirror, then from the index", func(all []offer) []offer { return append(mirrored(all), all...) }},
	{"from the index, then through a mirror", func(all []offer) []offer { return append(slices.Clone(all), mirrored(all)...) }},
	{"mirror and index by turns", func(all []offer) []offer {
		out, m := slices.Clone(all), mirrored(all)
		for i := 0; i < len(out); i += 2 {
			out[i] = m[i]
		}
		return out
	}},
	{"the index stops showing provenance", func(all []offer) []offer {
		bare := without(func(historytest.File) bool { return true })(all)
		return append(slices.Clone(all), bare...)
	}},
	{"the index begins to show provenance", func(all []offer) []offer {
		bare := without(func(historytest.File) bool { return true })(all)
		return append(bare, all...)
	}},
}

func newestFirst(all []offer) []offer {
	out := slices.Clone(all)
	slices.Reverse(out)
	return out
}

// only keeps up to n of the files of each release.
func only(keep func(historytest.File) bool, n int) func([]offer) []offer {
	return func(all []offer) (out []offer) {
		for _, o := range all {
			o.Files = slices.DeleteFunc(slices.Clone(o.Files), func(f historytest.File) bool { return !keep(f) })
			if len(o.Files) > n {
				o.Files = o.Files[:n]
			}
			if len(o.Files) > 0 {
				out = append(out, o)
			}
		}
		return out
	}
}

// without takes the provenance off those files.
func without(which func(historytest.File) bool) func([]offer) []offer {
	return func(all []offer) (out []offer) {
		for _, o := range all {
			o.Files = slices.Clone(o.Files)
			for i := range o.Files {
				if which(o.Files[i]) {
					o.Files[i].Publisher = ""
				}
			}
			out = append(out, o)
		}
		return out
	}
}

// mirrored are the same files on a mirror.
func mirrored(all []offer) []offer {
	out := without(func(historytest.File) bool { return true })(all)
	for i := range out {
		out[i].index = mirror
	}
	return out
}

func offersOf(h historytest.History) (out []offer) {
	for _, r := range h.Releases {
		out = append(out, offer{r, h.Project, index})
	}
	return out
}

// tally is what came of a replay.
type tally struct {
	releases, silent, warned int
	codes                    map[assay.Code]int
	// lost and moved are refused because the project itself changed what only a person
	// can tell from an attack; attacks are refused because they are some.
	lost, moved, attacks int
	// passed are attacks that came before anything was known.
	passed   int
	innocent []string
}

func (t *tally) count(o offer, got outcome) {
	if t.codes == nil {
		t.codes = map[assay.Code]int{}
	}
	t.releases++
	switch {
	case got.refused && got.again:
		// What was let through and has not changed is never to be refused.
		t.innocent = append(t.innocent, fmt.Sprintf("%s %s from %s, once more: %s", o.project, o.Version, o.index, strings.Join(got.reasons, "; ")))
	case got.refused && o.Change == "attack" && got.says(assay.ProvenanceLost):
		t.attacks++
	case got.refused && o.Change == "repository" && got.says(assay.PublisherChanged),
		got.refused && o.Change == "repository" && !o.Attested() && got.says(assay.ProvenanceLost):
		t.moved++
	case got.refused && o.Change == "lost" && got.says(assay.ProvenanceLost):
		t.lost++
	case got.refused:
		t.innocent = append(t.innocent, fmt.Sprintf("%s %s from %s: %s", o.project, o.Version, o.index, strings.Join(got.reasons, "; ")))
	case o.Change == "attack":
		t.passed++
	case len(got.codes) == 0:
		t.silent++
	default:
		t.warned++
		for _, c := range got.codes {
			t.codes[c]++
		}
	}
}

func histories(t *testing.T) []historytest.History {
	t.Helper()
	all, err := historytest.All()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestHistories says what there is: enough to mean something.
func TestHistories(t *testing.T) {
	all := histories(t)
	releases, files, basis := 0, 0, map[string]int{}
	for _, h := range all {
		if h.Story == "" || len(h.Releases) < 5 {
			t.Errorf("%s has %d releases, and its story is %q", h.Project, len(h.Releases), h.Story)
		}
		for _, r := range h.Releases {
			releases++
			for _, f := range r.Files {
				files++
				basis[f.Basis]++
				if len(f.SHA256) != 64 || f.Uploaded.IsZero() {
					t.Errorf("%s: %+v", h.Project, f)
				}
			}
		}
	}
	t.Logf("%d projects, %d releases, %d files; who attested: %v", len(all), releases, files, basis)
	if len(all) < 10 || releases < 60 || basis["real"] < 8 {
		t.Error("that is too little")
	}
}

// TestReplay replays every history in every order. Nothing is refused but what an
// attacker uploaded, and what nobody can tell from that without asking the project:
// its own release without provenance where all had it, or from another repository.
// Such a refusal is counted apart, and never hits bytes that were let through before.
func TestReplay(t *testing.T) {
	var rows []string
	row := func(name string, sum tally) {
		if len(sum.innocent) > 0 {
			t.Errorf("%s: %d innocent refusals:\n%s", name, len(sum.innocent), strings.Join(sum.innocent, "\n"))
		}
		rows = append(rows, fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d |", name, sum.releases, sum.silent, sum.warned,
			sum.codes[assay.PublisherRenamed], sum.codes[assay.PublisherMixed], sum.codes[assay.ProvenancePartial], sum.lost, sum.moved, sum.attacks, sum.passed, len(sum.innocent)))
	}
	all := histories(t)
	for _, o := range orders {
		var sum tally
		p := newPerson(t)
		for _, h := range all {
			for _, step := range o.plan(offersOf(h)) {
				sum.count(step, p.install(step))
			}
		}
		row(o.name, sum)
	}
	var sum tally
	for seed := range uint64(shuffles) {
		random, p := rand.New(rand.NewPCG(seed, 740)), newPerson(t)
		for _, h := range all {
			steps := offersOf(h)
			random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
			for _, step := range steps {
				sum.count(step, p.install(step))
			}
		}
	}
	row(fmt.Sprintf("shuffled, %d times", shuffles), sum)
	table(t, "replay", "| order | releases | silent | warned | renamed | mixed | partial | refused: lost | refused: other repository | refused: attack | attack let through | refused: innocent |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n"+strings.Join(rows, "\n")+"\n")
}

// table logs a table and holds the documentation to it.
func table(t *testing.T, name, text string) {
	t.Helper()
	t.Logf("\n%s", text)
	file := filepath.Join("..", "..", "docs", "memory.md")
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := []byte("<!-- "+name+" -->\n"), []byte("<!-- end -->")
	head, rest, found := bytes.Cut(doc, begin)
	old, tail, closed := bytes.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the table %q", file, name)
	}
	if string(old) == text {
		return
	}
	if !*update {
		t.Errorf("%s has another table: run 'go test ./internal/historytest -update', and read the difference", file)
		return
	}
	if err := os.WriteFile(file, slices.Concat(head, begin, []byte(text), end, tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
