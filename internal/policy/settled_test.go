package policy

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"assay"
)

// TestSettled asks one policy, from several goroutines, for files for which different
// conditions hold, more of them than outcomes are kept. Each answer is that of a policy
// that was asked for nothing else.
func TestSettled(t *testing.T) {
	var own strings.Builder
	own.WriteString(header)
	for i := range 5 {
		fmt.Fprintf(&own, "[[project]]\nname = \"foo\"\nwhen = \"artifact.version.contains('%d')\"\ncooldown = \"%dd\"\nwarn = \"holds %d\"\n", i, i+1, i)
	}
	own.WriteString("[[project]]\nname = \"foo\"\nwhen = \"artifact.size > 7\"\nevidence = \"require\"\n")
	own.WriteString("[[project]]\nname = \"foo\"\nwhen = \"claims.exists(c, c.identity == 'github:a/b@c.yml')\"\npublisher = \"github:a/b\"\n")
	project := header + "[[project]]\nname = \"foo\"\npublisher = \"github:x/y\"\n[[exception]]\nproject = \"foo\"\nversion = \"1.3\"\nallow = [\"cooldown.young\"]\nuntil = 2030-01-01\nreason = \"so\"\n"
	policy := func() *Policy {
		return Join(mustParse(t, "own.toml", own.String()), mustParse(t, "project.toml", project))
	}
	shared := policy()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 64 {
				a := artifact("foo", fmt.Sprintf("%d.%d", i%8, i/8))
				a.Size = int64(i % 3 * 5) // nobody says the first: a problem
				for _, claims := range [][]assay.Claim{nil, {}, signed("github:a/b@c.yml", nil), signed("github:x/y@c.yml", nil)} {
					if got, want := shared.For(a, claims), policy().For(a, claims); !reflect.DeepEqual(got, want) {
						t.Errorf("%s, %d bytes, %v:\n%+v\nnot\n%+v", a.Version, a.Size, claims, got, want)
					}
				}
			}
		})
	}
	wg.Wait()
	if n := len(shared.compiled("foo").settled); n != maxSettled {
		t.Errorf("%d outcomes are kept", n)
	}
}
