package historytest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"assay"
	"assay/internal/historytest"
)

// attack is what somebody offers to a person after a history was replayed.
type attack struct {
	name string
	want assay.Code
	// make returns the offer, and false where there is nothing to attack.
	make func(s stage) (offer, bool)
}

// stage is what a person has seen when the attack comes.
type stage struct {
	steps []offer // what was let through, in the order in which it was seen
	now   time.Time
}

// attested are the steps in which the index showed provenance, from the lowest
// version to the highest as far as uploads tell.
func (s stage) attested() []offer {
	out := slices.DeleteFunc(slices.Clone(s.steps), func(o offer) bool { return o.index != index || !o.Attested() })
	slices.SortStableFunc(out, func(a, b offer) int { return a.Files[0].Uploaded.Compare(b.Files[0].Uploaded) })
	return out
}

// next is a release after all that were seen, made after the newest attested one.
func (s stage) next(version string, publisher func(historytest.File) string) (offer, bool) {
	known := s.attested()
	if len(known) == 0 {
		return offer{}, false
	}
	return s.like(known[len(known)-1], version, publisher), true
}

// like is a release under another version, uploaded now.
func (s stage) like(o offer, version string, publisher func(historytest.File) string) offer {
	files := slices.Clone(o.Files)
	for i, f := range files {
		files[i] = historytest.File{Filename: strings.Replace(f.Filename, "-"+o.Version, "-"+version, 1), Size: f.Size, Uploaded: s.now,
			SHA256: otherBytes(version + f.Filename), Publisher: publisher(f)}
	}
	return offer{historytest.Release{Version: version, Files: files}, o.project, o.index}
}

func always(publisher string) func(historytest.File) string {
	return func(historytest.File) string { return publisher }
}

const (
	evil   = "github:evil/project@release.yml repository-id=666 owner-id=6660"
	future = "9999.0"
)

// otherNumber is the publisher's name in the hands of somebody else.
func otherNumber(f historytest.File) string {
	name, _, _ := strings.Cut(f.Publisher, " ")
	if name == "" {
		return evil
	}
	return name + " repository-id=667 owner-id=6670"
}

var attacks = []attack{
	{"the next release, by another repository", assay.PublisherChanged, func(s stage) (offer, bool) { return s.next(future, always(evil)) }},
	{"the next release, by the same name with another number", assay.PublisherChanged, func(s stage) (offer, bool) { return s.next(future, otherNumber) }},
	{"the next release, by the same name on another forge", assay.PublisherChanged, func(s stage) (offer, bool) {
		return s.next(future, func(f historytest.File) string { return strings.Replace(otherNumber(f), "github:", "gitlab:", 1) })
	}},
	{"the next release, one file of it by another repository", assay.PublisherChanged, func(s stage) (offer, bool) {
		o, ok := s.next(future, func(f historytest.File) string { return f.Publisher })
		if ok {
			// Where nobody signs its kind of file, a new signer is not compared with anything but signers.
			o.Files[0].Publisher = evil
		}
		return o, ok
	}},
	{"a post-release of an old version, by another repository", assay.PublisherChanged, func(s stage) (offer, bool) {
		known := s.attested()
		if len(known) == 0 {
			return offer{}, false
		}
		return s.like(known[0], known[0].Version+".post1", always(evil)), true
	}},
	{"the next release, without provenance", assay.ProvenanceLost, func(s stage) (offer, bool) { return s.next(future, always("")) }},
	{"a post-release of an old version, without provenance", assay.ProvenanceLost, func(s stage) (offer, bool) {
		known := s.attested()
		if len(known) == 0 {
			return offer{}, false
		}
		return s.like(known[0], known[0].Version+".post1", always("")), true
	}},
	{"other bytes of an old file, with its provenance", assay.DigestChanged, func(s stage) (offer, bool) { return s.otherBytes(false) }},
	{"other bytes of an old file, without provenance", assay.DigestChanged, func(s stage) (offer, bool) { return s.otherBytes(true) }},
	{"other bytes of the newest file, by another repository", assay.DigestChanged, func(s stage) (offer, bool) {
		o := s.steps[len(s.steps)-1]
		o.Files = slices.Clone(o.Files[:1])
		o.Files[0].SHA256, o.Files[0].Publisher = otherBytes(o.Files[0].Filename), evil
		return o, true
	}},
}

func (s stage) otherBytes(bare bool) (offer, bool) {
	o := s.steps[0]
	o.Files = slices.Clone(o.Files[:1])
	o.Files[0].SHA256 = otherBytes(o.Files[0].Filename)
	if bare {
		o.Files[0].Publisher = ""
	}
	return o, true
}

// TestAttacks puts attacks behind every history in every order. All are refused,
// with the reason that fits, save where the person had let a release without
// provenance through between attested ones: what is missing then is no news.
func TestAttacks(t *testing.T) {
	type count struct{ tried, refused int }
	counts, gaps := make([]count, len(attacks)), count{}
	for _, o := range orders {
		p := newPerson(t)
		for _, h := range histories(t) {
			var s stage
			gap := false
			for _, step := range o.plan(offersOf(h)) {
				if p.install(step).refused {
					continue
				}
				s.steps = append(s.steps, step)
				gap = gap || step.index == index && (step.Change == "lost" || step.Change == "attack")
			}
			s.now = p.now.AddDate(0, 0, 1)
			for i, a := range attacks {
				offered, ok := a.make(s)
				if !ok {
					continue
				}
				got := p.install(offered)
				if gap && a.want == assay.ProvenanceLost && !got.refused {
					gaps.tried++
					if !got.says(assay.ProvenancePartial) {
						t.Errorf("%s, %s, %s: nothing is said", o.name, h.Project, a.name)
					}
					break // what was let through is known now
				}
				counts[i].tried++
				if got.refused && got.says(a.want) {
					counts[i].refused++
				} else {
					t.Errorf("%s, %s, %s: %s, refused: %v, for %v", o.name, h.Project, a.name, offered.Version, got.refused, got.reasons)
				}
			}
		}
	}
	var rows strings.Builder
	rows.WriteString("| attack | tried | refused | reason |\n|---|---|---|---|\n")
	for i, a := range attacks {
		fmt.Fprintf(&rows, "| %s | %d | %d | `%s` |\n", a.name, counts[i].tried, counts[i].refused, a.want)
	}
	fmt.Fprintf(&rows, "| one without provenance, where a person had first met the project in a gap | %d | 0 | a warning, `%s` |\n", gaps.tried, assay.ProvenancePartial)
	table(t, "attacks", rows.String())
}

// TestRealAttack replays December 2024 of ultralytics. Memory stops what was
// uploaded with a stolen token, and says nothing of what the project's own workflow
// was made to build.
func TestRealAttack(t *testing.T) {
	p := newPerson(t)
	for _, o := range offersOf(history(t, "ultralytics")) {
		got := p.install(o)
		want := ""
		if o.Change == "attack" {
			want = "provenance.lost"
		}
		if got.refused != (want != "") || want != "" && !got.says(assay.Code(want)) || want == "" && len(got.codes) > 0 {
			t.Errorf("%s (%s): refused %v, %v", o.Version, o.Change, got.refused, got.reasons)
		}
	}
}

// TestRealChanges replays what projects really changed and only a person can confirm:
// each such release is refused, let through with a warning once it was accepted, and
// makes neither the next one acceptable nor the way back any harder.
func TestRealChanges(t *testing.T) {
	for name, change := range map[string]struct {
		label string
		want  assay.Code
	}{"svglib": {"lost", assay.ProvenanceLost}, "fastapi": {"lost", assay.ProvenanceLost}, "pydantic-core": {"repository", assay.PublisherChanged}} {
		p, refused := newPerson(t), 0
		var last offer
		for _, o := range offersOf(history(t, name)) {
			got := p.install(o)
			if got.refused != (o.Change == change.label) {
				t.Errorf("%s %s (%s): refused %v, %v", name, o.Version, o.Change, got.refused, got.reasons)
			}
			if got.refused {
				refused++
				p.accept(o)
				if got = p.install(o); got.refused || !got.says(change.want) {
					t.Errorf("%s %s, accepted: refused %v, %v", name, o.Version, got.refused, got.reasons)
				}
			} else if len(got.codes) > 0 {
				t.Errorf("%s %s (%s): %v", name, o.Version, o.Change, got.reasons)
			}
			last = o
		}
		s := stage{now: p.now.AddDate(0, 2, 0)}
		if got := p.install(s.like(last, future, always(""))); refused == 0 || !got.refused || !got.says(assay.ProvenanceLost) {
			t.Errorf("%s: %d were refused, and the next one without provenance: %v", name, refused, got.reasons)
		}
	}
}

func history(t *testing.T, project string) historytest.History {
	t.Helper()
	for _, h := range histories(t) {
		if h.Project == project {
			return h
		}
	}
	t.Fatalf("there is no history of %s", project)
	return historytest.History{}
}
