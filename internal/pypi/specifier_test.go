package pypi

import (
	"encoding/json"
	"errors"
	"testing"
)

var specifiers = []string{"==1.0", "==1", "!=1.0", ">=1.0", ">1.0", "<1.0", "<=1.0", "<1.0rc1", ">1.0.post1", "~=1.0", "~=1.4.2", "==1.*", "==1.0.*",
	"!=1.*", "==1!1.*", ">=1,<2", ">=1.0,!=1.0.1,<1.4", "==1.0+a", "!=1.0+a", "~=2.2.post3", "<2", ">0.9.post1", "==0.*", "~=1!1.0"}

var specified = []string{"1.0", "1", "1.0.0", "1.0.1", "1.0rc1", "1.0.dev1", "1.0.post1", "1.0.post2", "1.0+a", "1.0+b", "1.0.post1+a", "1.4.2",
	"1.4.2.post1", "1.4.3rc1", "1.5", "2", "2.0rc1", "2.0.dev0", "2.2", "2.2.post3", "2.3", "0.9", "0.9.post2", "1!1.0", "1!1.2", "10.1", "1.10", "0.0", "1.3+x"}

func TestSpecifierIsPythons(t *testing.T) {
	var questions [][2]any
	for _, s := range specifiers {
		for _, v := range specified {
			questions = append(questions, [2]any{"contains", [2]string{s, v}})
		}
	}
	answers := ask(t, questions)
	for i, q := range questions {
		pair := q[1].([2]string)
		spec, err := ParseSpecifier(pair[0])
		if err != nil {
			t.Fatal(err)
		}
		v, err := ParseVersion(pair[1])
		if err != nil {
			t.Fatal(err)
		}
		var want bool
		if err := json.Unmarshal(answers[i], &want); err != nil {
			t.Fatal(err)
		}
		if got := spec.Contains(v); got != want {
			t.Errorf("%s contains %s: %t, and packaging says %t", pair[0], pair[1], got, want)
		}
	}
}

func TestSpecifierRefuses(t *testing.T) {
	for _, s := range []string{"1.0", "=1.0", "===1.0", "~=1", ">=1.*", "==1.0rc1.*", ">=1.0+a", ",", ">=1,", "==", ">=x", "== 1.0 || 2"} {
		if _, err := ParseSpecifier(s); !errors.Is(err, ErrSpecifier) {
			t.Errorf("%q: %v", s, err)
		}
	}
	every, err := ParseSpecifier(" ")
	v, _ := ParseVersion("0.0.dev1")
	if err != nil || !every.Contains(v) {
		t.Errorf("an empty one: %v", err)
	}
}

func FuzzSpecifier(f *testing.F) {
	for _, s := range specifiers {
		f.Add(s, "1.0.post1+a")
	}
	f.Fuzz(func(t *testing.T, s, version string) {
		spec, err := ParseSpecifier(s)
		if err != nil && !errors.Is(err, ErrSpecifier) {
			t.Fatal(err)
		}
		if v, err := ParseVersion(version); err == nil {
			spec.Contains(v)
		}
	})
}
