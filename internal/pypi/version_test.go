package pypi

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/osv-scalibr/semantic"
)

func TestParseVersion(t *testing.T) {
	for _, c := range []struct {
		in, want string
		pre      bool
	}{
		{"1.0", "1.0", false},
		{"2024.10.3", "2024.10.3", false},
		{"v1.0", "1.0", false},
		{"V1", "1", false},
		{" 1.0\n", "1.0", false},
		{"01.002.0", "1.2.0", false},
		{"000", "0", false},
		{"0!1.0", "1.0", false},
		{"1!2.0", "1!2.0", false},
		{"007!1", "7!1", false},
		{"1.0a", "1.0a0", true},
		{"1.0-Alpha.01", "1.0a1", true},
		{"1.0.beta_2", "1.0b2", true},
		{"1.0c1", "1.0rc1", true},
		{"1.0-preview-3", "1.0rc3", true},
		{"1.0PRE", "1.0rc0", true},
		{"1.0-1", "1.0.post1", false},
		{"1.0.post", "1.0.post0", false},
		{"1.0-r4", "1.0.post4", false},
		{"1.0rev", "1.0.post0", false},
		{"1.0.dev", "1.0.dev0", true},
		{"1.0_DEV_3", "1.0.dev3", true},
		{"1.0rc1.post2.dev3", "1.0rc1.post2.dev3", true},
		{"1.0.post1.dev2", "1.0.post1.dev2", true},
		{"1.0a.", "1.0a0", true},
		{"1.0a..dev_", "1.0a0.dev0", true},
		{"1.0a--1", "1.0a0.post1", true},
		{"1.0+Ubuntu-1_02", "1.0+ubuntu.1.2", false},
		{"1.0+00a", "1.0+00a", false},
		{"1!1.0b2.post345.dev456+local.7", "1!1.0b2.post345.dev456+local.7", true},
		{"18446744073709551616.1", "18446744073709551616.1", false},
	} {
		v, err := ParseVersion(c.in)
		if err != nil || v.String() != c.want || v.IsPrerelease() != c.pre {
			t.Errorf("ParseVersion(%q) = %q, %t, %v, want %q, %t", c.in, v, v.IsPrerelease(), err, c.want, c.pre)
		}
	}
	for _, in := range []string{"", "1.", ".1", "1..0", "1.0-", "1.0+", "1.0+a..b", "1.0+a-", "1.0.x", "x", "1.0 .1", "1!", "!1",
		"1!2!3", "1.0--1", "1.0-1-1", "1.0post1a1", "1.0.dev1.post1", "1.0a1b1", "vv1", "１.0", "1.0\x00", "1.0+é", "v", "1-2.0"} {
		if v, err := ParseVersion(in); !errors.Is(err, ErrVersion) {
			t.Errorf("ParseVersion(%q) = %q, %v, want an error", in, v, err)
		}
	}
	_, err := ParseVersion(strings.Repeat("1", 513))
	if want := `"11111111111111111111"… (513 bytes): not a valid version`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// The order of PEP 440's own examples, least first.
func TestCompare(t *testing.T) {
	order := []string{"1.dev0", "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2",
		"1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0", "1.0+abc.5", "1.0+abc.7", "1.0+5",
		"1.0.post456.dev34", "1.0.post456", "1.0.15", "1.1.dev1", "18446744073709551616", "1!0.1"}
	var versions []Version
	for _, s := range order {
		v, err := ParseVersion(s)
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, v)
	}
	for i, v := range versions {
		for j, w := range versions {
			want := 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			if got := v.Compare(w); got != want {
				t.Errorf("%s.Compare(%s) = %d, want %d", v, w, got, want)
			}
		}
		if v.Compare(Version{}) != 1 || (Version{}).Compare(v) != -1 {
			t.Errorf("%s does not come after the zero Version", v)
		}
	}
	a, _ := ParseVersion("1.0")
	b, _ := ParseVersion("1.0.0")
	if a.Compare(b) != 0 {
		t.Error("1.0 and 1.0.0 differ")
	}
	shuffled := slices.Clone(versions)
	slices.Reverse(shuffled)
	slices.SortFunc(shuffled, Version.Compare)
	if !slices.Equal(shuffled, versions) {
		t.Errorf("sorted: %v", shuffled)
	}
}

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		"2": "2", "2.0": "2", "2.0.0": "2", "2.0.10": "2.0.10", "20": "20", "2.10": "2.10", "0.0": "0", "1!0.0": "1!0", "1!2.0": "1!2",
		"2.0rc1": "2rc1", "2.0.post0": "2.post0", "2.0.dev0": "2.dev0", "2.0rc0.post0.dev0": "2rc0.post0.dev0",
		"2.0+1.0": "2+1.0", "2.1.0+ubuntu": "2.1+ubuntu",
	} {
		v, err := ParseVersion(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Canonical(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if got := (Version{}).Canonical(); got != "" {
		t.Errorf("the zero Version: %q", got)
	}
}

// pep440 is the regular expression of PEP 440's appendix B.
var pep440 = regexp.MustCompile(`^(?i)[\s\v]*v?(?:(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*(?:[-_.]?(?:a|b|c|rc|alpha|beta|pre|preview)[-_.]?(?:[0-9]+)?)?` +
	`(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?(?:[0-9]+)?)?(?:[-_.]?dev[-_.]?(?:[0-9]+)?)?)(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?[\s\v]*$`)

func FuzzVersion(f *testing.F) {
	for _, s := range []string{"1.0", "v1!02.0-alpha.1-2.dev+Local_03", "1.0rc", "1.0-1", "1.0.post-dev", "1.0.", "\v1", " \v0", "1.0-rev.a", "1.0\u017f"} {
		f.Add(s, "1.0")
	}
	f.Fuzz(func(t *testing.T, s, other string) {
		v, err := ParseVersion(s)
		ascii := strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
		if len(s) <= maxVersion && (ascii && (err == nil) != pep440.MatchString(s) || !ascii && err == nil) {
			t.Fatalf("ParseVersion(%q): %v, which PEP 440's expression does not say", s, err)
		}
		if err != nil {
			return
		}
		again, err := ParseVersion(v.String())
		if len(v.String()) > maxVersion {
			return // normalising may add a few letters
		}
		if err != nil || again != v || v.Compare(again) != 0 {
			t.Fatalf("%q: %q becomes %q, %v", s, v, again, err)
		}
		if w, err := ParseVersion(other); err == nil && (v.Compare(w) == 0) != (v.Canonical() == w.Canonical()) {
			t.Fatalf("%s and %s: %d, but %s and %s", v, w, v.Compare(w), v.Canonical(), w.Canonical())
		}
		if w, err := ParseVersion(other); err == nil && v.Compare(w) != -w.Compare(v) {
			t.Fatalf("%s and %s: %d and %d", v, w, v.Compare(w), w.Compare(v))
		}
	})
}

// The short way of comparing plain releases is the library's order.
func TestComparePlain(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	release := func() string {
		parts := make([]string, 1+r.IntN(4))
		for i := range parts {
			parts[i] = []string{"0", "1", "2", "9", "10", "11", "100", "20240101", "99999999999999999999999"}[r.IntN(9)]
		}
		return strings.Join(parts, ".")
	}
	for range 20000 {
		v, w := release(), release()
		got, ok := comparePlain(v, w)
		a, err := semantic.ParsePyPIVersion(v)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := a.CompareStr(w); err != nil || !ok || got != want {
			t.Fatalf("%s and %s: %d %t, the library says %d (%v)", v, w, got, ok, want, err)
		}
	}
	if _, ok := comparePlain("1.0", "1.0rc1"); ok {
		t.Error("a pre-release is no plain release")
	}
}
