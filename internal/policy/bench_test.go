package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"assay"
)

// fiveHundred is a policy of 500 tables: names, globs and a few conditions.
func fiveHundred() string {
	var b strings.Builder
	b.WriteString(header)
	for i := range 440 {
		fmt.Fprintf(&b, "[[project]]\nname = \"project-%d\"\npublisher = [\"github:owner-%d/repo@release.yml\"]\ncooldown = \"%dd\"\n", i, i, i%7)
	}
	for i := range 50 {
		fmt.Fprintf(&b, "[[project]]\nname = \"team-%d-*\"\nindex = \"https://index-%d.example/simple\"\n", i, i)
	}
	for i := range 10 {
		fmt.Fprintf(&b, "[[project]]\nname = \"special-%d\"\nwhen = \"claims.exists(c, c.identity.startsWith('github:'))\"\nevidence = \"require\"\n", i)
	}
	return b.String()
}

// BenchmarkDecide is a decision by a policy of 500 tables. It reports decisions for
// each second on one processor.
func BenchmarkDecide(b *testing.B) {
	p := Join(mustParse(b, "assay.toml", fiveHundred()), nil)
	for _, kind := range []struct {
		what, name string
		age        time.Duration
	}{{"passes", "project-", 30 * day}, {"refused", "project-", time.Hour}, {"condition", "special-", 30 * day}} {
		b.Run(kind.what, func(b *testing.B) {
			var files []assay.Artifact
			var evidence [][]assay.Evidence
			for i := range 10 {
				a := artifact(fmt.Sprintf("%s%d", kind.name, i), "1.0")
				a.UploadTime = now.Add(-kind.age)
				files = append(files, a)
				evidence = append(evidence, []assay.Evidence{{Verifier: "pep740", State: assay.Verified, Claims: signed(fmt.Sprintf("github:owner-%d/repo@release.yml", i), nil)}})
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				a, e := files[i%10], evidence[i%10]
				assay.Decide(p.For(a, e[0].Claims), a, e, assay.Memory{}, now)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}

// BenchmarkPage is a page of 4,000 files, some of them too young.
func BenchmarkPage(b *testing.B) {
	p := Join(mustParse(b, "assay.toml", fiveHundred()), nil)
	var files []assay.Artifact
	for i := range 4000 {
		a := artifact("project-4", fmt.Sprintf("1.%d", i))
		a.UploadTime = now.Add(-time.Duration(i) * time.Hour)
		files = append(files, a)
	}
	for b.Loop() {
		for _, a := range files {
			assay.DecideListed(p.For(a, nil), a, assay.Memory{}, now)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms/page")
}

// BenchmarkParse reads the policy itself, without and with conditions.
func BenchmarkParse(b *testing.B) {
	text := []byte(fiveHundred())
	for b.Loop() {
		if _, err := Parse("assay.toml", text); err != nil {
			b.Fatal(err)
		}
	}
}
