package policy

import (
	"strings"
	"testing"

	"assay"
)

// TestDraft holds that a first policy is one, that it changes nothing but that pins
// hold, and that all that it proposes is valid too.
func TestDraft(t *testing.T) {
	draft := Draft(Project{Sources: []string{"pyproject.toml", "uv.lock"}, Dependencies: []string{"django", "requests"}, Locked: 3,
		Pins: []Pin{{"acme-web", "https://index.corp.example/simple"}}, Private: []string{"https://index.corp.example/simple"}, Plain: []string{"lab.example:8080"}})
	p := Join(nil, mustParse(t, "assay.toml", draft))
	if notes, warnings := p.Notes(), p.project.Check(now); len(notes)+len(warnings) > 0 {
		t.Errorf("it is not as it should be: %v %v", notes, warnings)
	}
	got, want := p.For(artifact("django", "1.0"), nil), assay.DefaultRules()
	got.Origins = nil
	if rules(got) != rules(want) || got.VCS != want.VCS {
		t.Errorf("got %+v", got)
	}
	if r := p.For(artifact("acme-web", "1.0"), nil); len(r.Indexes) != 1 || r.Indexes[0] != "https://index.corp.example/simple" {
		t.Errorf("the pin does not hold: %v", r.Indexes)
	}

	var all []string
	for _, line := range strings.Split(draft, "\n") {
		proposal := strings.TrimPrefix(line, "# ")
		if strings.HasPrefix(proposal, "[") || strings.Contains(proposal, " = ") {
			line = proposal
		}
		all = append(all, line)
	}
	text := strings.Join(all, "\n")
	if _, err := Parse("assay.toml", []byte(text)); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
	if many := Draft(Project{Dependencies: make([]string, maxDrafted+7)}); !strings.Contains(many, "# and so on for 7 more\n") {
		t.Error("the dependencies are not bounded")
	}
	mustParse(t, "assay.toml", Draft(Project{}))
}
