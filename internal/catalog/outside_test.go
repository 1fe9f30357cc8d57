package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"assay"
)

// only is a policy that holds some files to be in a lock, and no others.
type only []string

func (o only) For(a assay.Artifact, _ []assay.Claim) assay.Rules {
	rules := assay.DefaultRules()
	if !slices.Contains(o, a.Filename) {
		rules.Verdicts = []assay.Finding{{Code: assay.LockOutside, Detail: "lock.txt says so"}}
	}
	return rules
}

// TestOutside shows pages under a lock: a file that is not in it is refused alone, what
// is newer than the lock is not reported as passed over, and a project that is not in
// it keeps its page, so that its files are asked for and refused with the reason.
func TestOutside(t *testing.T) {
	files := []string{"foo-1.0-py3-none-any.whl@01", "foo-1.0.tar.gz@01", "foo-2.0-py3-none-any.whl@02"}
	because := func(f string) string {
		return f + ": refused by assay: " + f + " is not in the lock: lock.txt says so [lock.outside]"
	}
	for name, c := range map[string]struct {
		lock     only
		marks    []string
		recorded string
		allowed  []string
		refused  []string
	}{
		"one file of one release": {only{"foo-1.0-py3-none-any.whl"}, []string{because("foo-1.0.tar.gz"), because("foo-2.0-py3-none-any.whl")}, "",
			[]string{"foo-1.0-py3-none-any.whl"}, []string{"foo-1.0.tar.gz", "foo-2.0-py3-none-any.whl"}},
		"none of the project": {nil, nil, "deny foo-2.0-py3-none-any.whl lock.outside", nil,
			[]string{"foo-1.0-py3-none-any.whl", "foo-1.0.tar.gz", "foo-2.0-py3-none-any.whl"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := startWith(t, upstream{}, c.lock)
			p := b.mustPage(t, dated("foo", files...))
			if got, want := yanks(t, p.Body), strings.Join(c.marks, "\n"); got != want {
				t.Errorf("marked:\n%s\nwant:\n%s", got, want)
			}
			if got := b.records.take(); got != c.recorded {
				t.Errorf("recorded %q, want %q", got, c.recorded)
			}
			for _, f := range slices.Concat(c.refused, c.allowed, c.refused) { // whatever was refused before
				_, no := b.mustFile(t, f).Refusal()
				if no != slices.Contains(c.refused, f) {
					t.Errorf("%s: refused %v", f, no)
				}
			}
		})
	}
}
