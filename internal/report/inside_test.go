package report_test

import (
	"strings"
	"testing"

	"assay"
	"assay/internal/engine"
	"assay/internal/report"
)

// looked adds to a judgement what was seen inside of the file.
func looked(j engine.Judgement, in assay.Inside) engine.Judgement {
	c := *j.Subject.Content
	c.Inside = &in
	j.Subject.Content = &c
	return j
}

func TestInsideGolden(t *testing.T) {
	sound := assay.Evidence{Verifier: "archive", State: assay.Verified}
	build := sound
	build.Findings = []assay.Finding{{Code: assay.SdistBuild, Detail: `its PKG-INFO has the format version "2.1", and speaks for a build from 2.2 on`}}
	unreadable := assay.Evidence{Verifier: "archive", State: assay.Invalid, Findings: []assay.Finding{{Code: assay.ArchiveUnreadable, Detail: "the file ends too early, after 12 bytes"}}}
	about := assay.About{Name: "Demo", Version: "1.0", RequiresPython: ">=3.9, <4", Dependencies: []string{"dep>=1", "other; extra == \"more\""}, Extras: []string{"more"},
		Summary: "a demonstration", License: "MIT OR Apache-2.0", Author: "Jane"}
	old := about
	old.License, old.Extras, old.Dependencies, old.Build = "", nil, []string{"dep>=1"}, "its PKG-INFO has the format version \"2.1\", and speaks for a build from 2.2 on"
	evil := assay.About{Name: "evil\x1b[2K\n✓ allowed", Version: "1.0\u202e", RequiresPython: strings.Repeat("x", 200), License: "\x1b]0;owned\a", Summary: "\x9b\u2028"}
	native := sound
	native.Findings = []assay.Finding{{Code: assay.ArchiveSurprising, Detail: "10 members are native code"}}
	r := gather(t, "verify",
		looked(judge(artifact("native", "1.0", "-py3-none-any.whl", day), digestOK, native, unsigned), assay.Inside{Format: "wheel", Members: 10}),
		looked(judge(artifact("demo", "1.0", "-py3-none-any.whl", day), digestOK, sound, published("github:acme/demo@release.yml")),
			assay.Inside{Format: "wheel", Members: 12, Unpacked: 34_100, Hashed: 11, About: &about, Metadata: []byte("secret"), Pyproject: []byte("secret")}),
		looked(judge(artifact("demo", "1.0", ".tar.gz", day), digestOK, build, unsigned), assay.Inside{Format: "sdist", Members: 1, Unpacked: 1, About: &old}),
		looked(judge(artifact("demo", "1.1", ".tar.gz", day), digestOK, sound, unsigned), assay.Inside{Format: "sdist", Members: 10, Unpacked: 2_345_678_901, About: &about}),
		looked(judge(artifact("damaged", "1.0", ".tar.gz", day), digestOK, unreadable, unsigned), assay.Inside{Format: "sdist", About: &assay.About{Build: "it has no PKG-INFO"}}),
		looked(judge(artifact("egg", "1.0", ".egg", day), digestOK, unsigned), assay.Inside{}),
		looked(judge(artifact("evil", "1.0", ".whl", day), digestOK, sound, unsigned), assay.Inside{Format: "wheel", Members: 3, Unpacked: 999, About: &evil}),
	)
	for _, item := range r.Items {
		if item.Inside != nil && (item.Inside.Metadata != nil || item.Inside.Pyproject != nil) {
			t.Errorf("%s: its texts are kept", item.Artifact.Filename)
		}
	}
	golden(t, "verify-inside.txt", files(r, report.Text{Width: 100}))
	golden(t, "verify-inside.json", jsonOf(r))
	golden(t, "run-inside.txt", packages(r, report.Text{Width: 100}))
}
