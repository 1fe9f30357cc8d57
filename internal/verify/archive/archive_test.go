package archive

import (
	"fmt"
	"strings"
	"testing"

	"assay"
	"assay/internal/verify/verifytest"
)

// subject is a file of demo-project 1.0 with that inside.
func subject(in *assay.Inside) assay.Subject {
	h := assay.NewHasher(nil)
	h.Write([]byte("bytes"))
	c := h.Content()
	c.Inside = in
	a := assay.Artifact{Ecosystem: assay.PyPI, Project: "demo-project", Version: "1.0", Filename: "demo_project-1.0-py3-none-any.whl"}
	if in != nil && in.Format == "sdist" {
		a.Filename = "demo_project-1.0.tar.gz"
	}
	return assay.Subject{Artifact: a, Content: &c}
}

func metadata(version, name, release string) []byte {
	return []byte("Metadata-Version: " + version + "\nName: " + name + "\nVersion: " + release + "\n")
}

func wheel(name, version string, findings ...assay.Finding) *assay.Inside {
	return &assay.Inside{Format: "wheel", Members: 3, Folder: "demo_project-1.0", Metadata: metadata("2.1", name, version), Findings: findings}
}

func TestContract(t *testing.T) {
	lies := assay.Finding{Code: assay.ArchiveRecordMismatch, Detail: `member "a.py"`}
	static := &assay.Inside{Format: "sdist", Folder: "demo-project-1.0", Metadata: metadata("2.2", "demo.project", "1.0")}
	old := &assay.Inside{Format: "sdist", Folder: "anything", Metadata: metadata("1.1", "Demo Project", "1.0-final")}
	verifytest.Run(t, verifytest.Claimless(Verifier{}),
		verifytest.Case{Name: "wheel", Subject: subject(wheel("Demo.Project", "1.0.0")), State: assay.Verified, Codes: []assay.Code{}},
		verifytest.Case{Name: "sdist", Subject: subject(static), State: assay.Verified, Codes: []assay.Code{}},
		verifytest.Case{Name: "sdist to be built", Subject: subject(old), State: assay.Verified, Codes: []assay.Code{assay.SdistBuild}},
		verifytest.Case{Name: "remark", Subject: subject(wheel("demo-project", "1", assay.Finding{Code: assay.FileYanked})), State: assay.Verified, Codes: []assay.Code{assay.FileYanked}},
		verifytest.Case{Name: "RECORD lies", Subject: subject(wheel("demo-project", "1.0", lies)), State: assay.Invalid, Codes: []assay.Code{assay.ArchiveRecordMismatch}},
		verifytest.Case{Name: "another project", Subject: subject(wheel("other", "1.0")), State: assay.Invalid, Codes: []assay.Code{assay.ArchiveWrongProject}},
		verifytest.Case{Name: "damaged", Subject: subject(&assay.Inside{Format: "sdist", Findings: []assay.Finding{{Code: assay.ArchiveUnreadable, Detail: "it ends too early"}}}),
			State: assay.Invalid, Codes: []assay.Code{assay.ArchiveUnreadable}},
		verifytest.Case{Name: "egg", Subject: subject(&assay.Inside{}), State: assay.Absent, Codes: []assay.Code{assay.ArchiveUnopened}},
		verifytest.Case{Name: "sdist in xz", Subject: subject(&assay.Inside{Findings: []assay.Finding{{Code: assay.ArchiveUnreadSdist, Detail: "not read"}}}), State: assay.Absent, Codes: []assay.Code{assay.ArchiveUnreadSdist}},
		verifytest.Case{Name: "broke down", Subject: subject(&assay.Inside{Findings: []assay.Finding{{Code: assay.EvidenceInvalid}}}), State: assay.Invalid},
		verifytest.Case{Name: "nobody looked", Subject: subject(nil), State: assay.Absent, Codes: []assay.Code{assay.ArchiveUnopened}},
		verifytest.Case{Name: "not read to its end", Subject: assay.Subject{Content: &assay.Content{Size: 2}}, State: assay.Absent, Codes: []assay.Code{}},
		verifytest.Case{Name: "not read", Subject: assay.Subject{Artifact: assay.Artifact{Filename: "a-1.zip"}}, State: assay.Absent, Codes: []assay.Code{}},
	)
}

func TestFindings(t *testing.T) {
	in := func(format, folder, metadata, pyproject string) *assay.Inside {
		return &assay.Inside{Format: format, Folder: folder, Metadata: []byte(metadata), Pyproject: []byte(pyproject)}
	}
	good, static := string(metadata("2.1", "demo_project", "1.0")), string(metadata("2.3", "demo_project", "1.0"))
	const table = "[project]\nname = \"demo-project\"\nversion = \"1\"\n"
	const build = `sdist.build: its PKG-INFO has the format version "2.1", and speaks for a build from 2.2 on`
	const beside = `sdist.build: files lie beside its top folder, so that what is built is not what this PKG-INFO is about`
	scattered := func(in *assay.Inside) *assay.Inside { in.Scattered = true; return in }
	for name, c := range map[string]struct {
		in   *assay.Inside
		want string
	}{
		"another version":              {in("wheel", "demo_project-1.0", string(metadata("2.1", "demo_project", "1.0.post1")), ""), `archive.wrong-project: METADATA names the version "1.0.post1"`},
		"no version":                   {in("wheel", "demo_project-1.0", string(metadata("2.1", "demo_project", "one")), ""), `archive.wrong-project: METADATA names the version "one"`},
		"look-alike":                   {in("wheel", "demo_project-1.0", string(metadata("2.1", "dеmo_project", "1.0")), ""), `archive.wrong-project: METADATA names the project "d\u0435mo_project"`},
		"folder of another project":    {in("wheel", "other-1.0", good, ""), `archive.wrong-project: its folder is called "other-1.0.dist-info"`},
		"folder of another version":    {in("wheel", "demo_project-2.0", good, ""), `archive.wrong-project: its folder is called "demo_project-2.0.dist-info"`},
		"folder without a version":     {in("wheel", "demo_project", good, ""), `archive.wrong-project: its folder is called "demo_project.dist-info"`},
		"folder and metadata, once":    {in("wheel", "other-1.0", string(metadata("2.1", "other", "1.0")), ""), `archive.wrong-project: METADATA names the project "other"`},
		"no metadata":                  {&assay.Inside{Format: "wheel"}, "metadata.malformed: there is none"},
		"two names":                    {in("wheel", "demo_project-1.0", good+"Name: other\n", ""), "metadata.malformed: the field name is there more than once"},
		"sdist":                        {in("sdist", "demo_project-1.0", good, ""), build},
		"sdist, static":                {in("sdist", "demo_project-1.0", static, ""), ""},
		"sdist, static project":        {in("sdist", "demo_project-1.0", good, table), ""},
		"sdist, project of another":    {in("sdist", "demo_project-1.0", good, strings.Replace(table, "demo", "other", 1)), `archive.wrong-project: the metadata names the project "other-project"`},
		"sdist, top of another":        {in("sdist", "other-1.0", static, ""), `archive.wrong-project: its folder is called "other-1.0"`},
		"sdist, top of another, later": {in("sdist", "demo_project-1.1", static, ""), `archive.wrong-project: its folder is called "demo_project-1.1"`},
		"sdist, top that says nothing": {in("sdist", "src", static, ""), ""},
		"sdist, old and of another":    {in("sdist", "", string(metadata("1.0", "other", "1.0")), ""), "archive.wrong-project: PKG-INFO names the project \"other\"\nsdist.build: its PKG-INFO has the format version \"1.0\", and speaks for a build from 2.2 on"},
		"sdist, old and strange":       {in("sdist", "", "Metadata-Version: 1.0\nName: demo-project\nSummary: a\nb\nVersion: 1.0\n", ""), `sdist.build: its PKG-INFO cannot be read, "b" is no header, and no empty line ends the headers before it`},
		"sdist, new and strange":       {in("sdist", "", static+"Version: 2.0\n", table), "metadata.malformed: the field version is there more than once"},
		"sdist, scattered":             {scattered(in("sdist", "demo_project-1.0", static, table)), beside},
		"sdist, scattered, of another": {scattered(in("sdist", "demo_project-1.0", strings.Replace(static, "demo", "other", 1), "")), "archive.wrong-project: PKG-INFO names the project \"other_project\"\n" + beside},
		"sdist, nothing":               {&assay.Inside{Format: "sdist"}, "sdist.build: it has no PKG-INFO"},
	} {
		ev, err := Verifier{}.Verify(t.Context(), subject(c.in))
		var got []string
		for _, f := range ev.Findings {
			got = append(got, fmt.Sprintf("%s: %s", f.Code, f.Detail))
		}
		if text := strings.Join(got, "\n"); err != nil || text != c.want {
			t.Errorf("%s: %v\n%s, want\n%s", name, err, text, c.want)
		}
	}
}

// A name that tells no release is compared with nothing.
func TestNamesThatTellNothing(t *testing.T) {
	s := subject(wheel("other", "2.0"))
	s.Artifact.Project, s.Artifact.Version = "", ""
	if ev, err := (Verifier{}).Verify(t.Context(), s); err != nil || ev.State != assay.Verified {
		t.Errorf("%+v, %v", ev, err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("wheel", "demo_project-1.0", []byte("Name: demo-project\nVersion: 1.0\n"), []byte(nil))
	f.Add("sdist", "demo-project-1.0", []byte("Metadata-Version: 2.1\nName: demo-project\nVersion: 1.0\n"), []byte("[project]\nname = \"other\"\nversion = \"1\"\n"))
	f.Add("sdist", "-", []byte("Metadata-Version: 2.2\nName: x\nName: y\n"), []byte("[["))
	f.Add("", "", []byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, format, folder string, metadata, pyproject []byte) {
		ev, err := Verifier{}.Verify(t.Context(), subject(&assay.Inside{Format: format, Folder: folder, Metadata: metadata, Pyproject: pyproject}))
		if err != nil || ev.State == 0 || len(ev.Claims) > 0 || ev.State != assay.Verified && len(ev.Findings) == 0 {
			t.Fatalf("%+v, %v", ev, err)
		}
		for _, finding := range ev.Findings {
			if strings.ContainsAny(finding.Detail, "\n\r\x00\x1b") || strings.HasSuffix(finding.Detail, ".") {
				t.Fatalf("the detail %q is not a clause", finding.Detail)
			}
		}
		if ev.State == assay.Verified && format == "wheel" && !strings.Contains(strings.ToLower(string(metadata)), "demo") {
			t.Fatalf("%q is taken for demo-project", metadata)
		}
	})
}
