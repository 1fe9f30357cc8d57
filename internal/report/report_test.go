package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"assay"
	"assay/internal/engine"
	"assay/internal/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// golden compares a whole text with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -update writes it anew)\n--- got\n%s\n--- want\n%s", name, got, want)
	}
}

func sha(c string) assay.Digest { return assay.Digest{Algorithm: "sha256", Hex: strings.Repeat(c, 64)} }

func artifact(project, version, tail string, age time.Duration) assay.Artifact {
	filename := project + "-" + version + tail
	return assay.Artifact{
		Ecosystem: assay.PyPI, Project: project, Version: version, Filename: filename,
		Digests: []assay.Digest{sha("a")}, Size: 1234, UploadTime: now.Add(-age),
		Index: "https://index.example.invalid/simple/" + project + "/",
		URL:   "https://user:secret@files.example.invalid/packages/aa/" + filename + "?sig=secret#sha256=aa",
	}
}

var digestOK = assay.Evidence{Verifier: "digest", State: assay.Verified, Claims: []assay.Claim{{Method: "sha256", Digest: sha("a")}}}

func published(identity string) assay.Evidence {
	return assay.Evidence{Verifier: "pep740", State: assay.Verified, Claims: []assay.Claim{{
		Method: "pep740", Identity: identity, Digest: sha("a"), Time: time.Date(2024, 11, 6, 23, 37, 25, 0, time.FixedZone("", 3600)),
		Details: map[string]string{"ref": "refs/tags/v1", "issuer": "https://issuer.example.invalid"}}}}
}

func lacking(state assay.State, code assay.Code, detail string) assay.Evidence {
	return assay.Evidence{Verifier: "pep740", State: state, Findings: []assay.Finding{{Code: code, Detail: detail}}}
}

var unsigned = lacking(assay.Absent, assay.ProvenanceAbsent, "")

// judge decides as the engine would.
func judge(a assay.Artifact, evidence ...assay.Evidence) engine.Judgement {
	j := engine.Judgement{Subject: assay.Subject{Artifact: a}, Evidence: evidence, Time: now}
	j.Decision = assay.Decide(assay.DefaultRules(), a, evidence, assay.Memory{}, now)
	for _, e := range evidence {
		if e.Verifier == "digest" {
			j.Subject.Content = &assay.Content{Digests: a.Digests, Size: a.Size}
		}
	}
	return j
}

const day = 24 * time.Hour

func sample() []engine.Judgement {
	wheel := "-py3-none-any.whl"
	refusedSdist := artifact("foo", "2.0", ".tar.gz", 3*time.Hour)
	released := judge(refusedSdist)
	released.Decision = assay.Refuse(refusedSdist, assay.ReleaseRefused, "foo-2.0-py3-none-any.whl")
	yanked := artifact("oldone", "0.3", wheel, 900*day)
	yanked.Yanked, yanked.YankReason = true, "breaks on Python 3.13"
	return []engine.Judgement{
		judge(artifact("sampleproject", "4.0.0", wheel, 744*day), published("github:pypa/sampleproject@release.yml"), digestOK),
		judge(artifact("attrs", "25.10.0", wheel, 3*day), published("github:python-attrs/attrs@pypi-package.yml"), digestOK),
		judge(artifact("attrs", "25.10.0", ".tar.gz", 3*day), unsigned, digestOK),
		judge(artifact("certifi", "2026.1.4", wheel, 300*day), unsigned, digestOK),
		judge(artifact("idna", "3.11", wheel, 400*day), unsigned, digestOK),
		judge(artifact("urllib3", "2.5.0", wheel, 500*day), unsigned, digestOK),
		judge(artifact("foo", "1.9", wheel, 70*day), unsigned, digestOK),
		judge(artifact("foo", "2.0", wheel, 3*time.Hour), lacking(assay.Invalid, assay.ProvenanceWrongSubject, "it names foo-1.9-py3-none-any.whl")),
		released,
		judge(yanked, unsigned, digestOK),
		judge(artifact("newkind", "1.0", wheel, time.Minute), lacking(assay.Absent, assay.ProvenanceUnknownPublisher, "CircleCI"), digestOK),
		judge(artifact("slow", "1.0", wheel, 50*day), lacking(assay.Unavailable, assay.ProvenanceUnavailable, "the index answered 503")),
	}
}

// gather records judgements and makes a report of them.
func gather(t *testing.T, command string, judgements ...engine.Judgement) report.Report {
	t.Helper()
	c := report.NewCollector()
	for _, j := range judgements {
		if err := c.Record(context.Background(), j); err != nil {
			t.Fatal(err)
		}
	}
	if command == "run" && len(judgements) > 3 {
		c.Skip("git.example.invalid:443", "tunnelled as it is: git")
		c.Skip("git.example.invalid:443", "tunnelled as it is: git")
		c.Skip("data.example.invalid:443", "")
	}
	return c.Report(command)
}

func packages(r report.Report, o report.Text) []byte {
	var b bytes.Buffer
	if err := r.WritePackages(&b, o); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func files(r report.Report, o report.Text) []byte {
	var b bytes.Buffer
	if err := r.WriteFiles(&b, o); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func jsonOf(r report.Report) []byte {
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	run, verify := gather(t, "run", sample()...), gather(t, "verify", sample()...)
	one := gather(t, "verify", sample()[0])
	many := manyUnsigned(t, 30)
	hostile := gather(t, "run", hostileJudgements()...)
	for name, got := range map[string][]byte{
		"run.txt":             packages(run, report.Text{}),
		"run-100.txt":         packages(run, report.Text{Width: 100}),
		"run-60.txt":          packages(run, report.Text{Width: 60}),
		"run-color.txt":       packages(run, report.Text{Width: 120, Color: true}),
		"run-ascii.txt":       packages(run, report.Text{Width: 120, ASCII: true}),
		"run-one.txt":         packages(gather(t, "run", sample()[0]), report.Text{Width: 100}),
		"run-one-folded.txt":  packages(gather(t, "run", sample()[3]), report.Text{Width: 100}),
		"run-many.txt":        packages(many, report.Text{Width: 100}),
		"run-nothing.txt":     packages(gather(t, "run"), report.Text{Width: 100}),
		"run-hostile.txt":     packages(hostile, report.Text{Width: 100}),
		"verify.txt":          files(verify, report.Text{}),
		"verify-80.txt":       files(verify, report.Text{Width: 80, Color: true}),
		"verify-one.txt":      files(one, report.Text{Width: 100}),
		"verify-nothing.txt":  files(gather(t, "verify"), report.Text{}),
		"verify-hostile.txt":  files(hostile, report.Text{Width: 100, ASCII: true}),
		"verify.json":         jsonOf(verify),
		"verify-nothing.json": jsonOf(gather(t, "verify")),
		"run-hostile.json":    jsonOf(hostile),
	} {
		golden(t, name, got)
	}
}

func manyUnsigned(t *testing.T, n int) report.Report {
	var js []engine.Judgement
	for i := range n {
		js = append(js, judge(artifact(fmt.Sprintf("package%d", i), "1.0", "-py3-none-any.whl", 99*day), unsigned, digestOK))
	}
	return gather(t, "run", js...)
}

// hostileJudgements carry what could disturb a terminal or a reader.
func hostileJudgements() []engine.Judgement {
	a := artifact("evil", "1.0\x1b[2K", "\x1b]0;owned\a\u202egpj.whl", day)
	a.Project = "e\u0301vil\n✓ allowed    requests 2.0"
	a.Yanked, a.YankReason = true, "z\u0300\u0301\u0302\u0303algo \u200bzero\r\nassay: nothing was refused 'rm -rf \U000e0041"
	long := artifact(strings.Repeat("long", 60), "1.0", ".whl", day)
	homograph := artifact("ok", "1.0", ".whl", day)
	broken := artifact("broken", "1.0", "\xff\xfe.whl", day)
	broken.Index = "https://user:pass@index.example.invalid/\x00"
	return []engine.Judgement{
		judge(a, lacking(assay.Invalid, assay.ProvenanceMalformed, "a\tb\u2028c\x9bd")),
		judge(long, published("github:"+strings.Repeat("o", 200)+"/x@y.yml"), digestOK),
		judge(homograph, published("github:рypa/sampleproject@release.yml"), digestOK),
		judge(broken, unsigned, digestOK),
	}
}

// TestTerminalSafe asserts what the hostile golden files show: nothing but
// printable characters and line feeds reaches the reader, and no line begins as
// if it were a verdict that is none.
func TestTerminalSafe(t *testing.T) {
	r := gather(t, "run", hostileJudgements()...)
	for name, got := range map[string][]byte{
		"packages": packages(r, report.Text{Width: 100}),
		"files":    files(r, report.Text{}),
		"json":     jsonOf(r),
	} {
		for _, bad := range []string{"\x1b", "\a", "\r", "\x00", "\x9b", "\u202e", "\u200b", "\u2028", "\U000e0041", "\xff", "\ufffd"} {
			if bytes.Contains(got, []byte(bad)) {
				t.Errorf("%s holds %+q", name, bad)
			}
		}
		if bytes.Contains(got, []byte("\n✓ allowed    requests")) {
			t.Errorf("%s lets a name pass for a line of its own:\n%s", name, got)
		}
	}
}

func TestJSONValue(t *testing.T) {
	got := jsonOf(gather(t, "run", hostileJudgements()...))
	var v struct {
		Artifacts []struct {
			Project, Filename, Index, URL string
		}
	}
	if err := json.Unmarshal(got, &v); err != nil {
		t.Fatal(err)
	}
	project := "e\u0301vil\n✓ allowed    requests 2.0"
	found := false
	for _, a := range v.Artifacts {
		found = found || a.Project == project
	}
	if !found {
		t.Errorf("no artifact of project %q: escaping changed the value", project)
	}
	for _, secret := range []string{"secret", "pass@", "user"} {
		if bytes.Contains(got, []byte(secret)) {
			t.Errorf("the JSON holds %q", secret)
		}
	}
}

func TestWidth(t *testing.T) {
	many := packages(manyUnsigned(t, 30), report.Text{Width: 100})
	for _, line := range strings.Split(string(many), "\n") {
		if n := len([]rune(line)); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	// Whatever the width, no word of a reason is lost.
	wide := strings.Fields(string(files(gather(t, "verify", sample()...), report.Text{})))
	for _, width := range []int{1, 40, 60, 80, 200} {
		narrow := strings.Fields(string(files(gather(t, "verify", sample()...), report.Text{Width: width})))
		if strings.Join(narrow, " ") != strings.Join(wide, " ") {
			t.Errorf("width %d changes the words", width)
		}
	}
}

func TestSummaryAndExit(t *testing.T) {
	s := sample()
	for _, tc := range []struct {
		name string
		in   []engine.Judgement
		want report.Summary
		exit int
	}{
		{"nothing", nil, report.Summary{}, report.ExitAllowed},
		{"allowed", s[:1], report.Summary{Allowed: 1}, report.ExitAllowed},
		{"warned", s[10:11], report.Summary{Warned: 1}, report.ExitAllowed},
		{"undecided", s[11:], report.Summary{Undecided: 1}, report.ExitUndecided},
		{"refused", s[7:9], report.Summary{Refused: 2}, report.ExitRefused},
		{"all", s, report.Summary{Allowed: 8, Warned: 1, Refused: 2, Undecided: 1}, report.ExitRefused},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := gather(t, "verify", tc.in...).Summary()
			if got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			if exit := report.Exit(got); exit != tc.exit {
				t.Errorf("exit %d, want %d", exit, tc.exit)
			}
		})
	}
	unknown := report.Report{Items: []report.Item{{Decision: assay.Decision{Verdict: "maybe"}}}}
	if got := unknown.Summary(); got != (report.Summary{Refused: 1}) {
		t.Errorf("a verdict that is none counts as %+v, want refused", got)
	}
}

func TestCollectorJudgedTwice(t *testing.T) {
	a := artifact("foo", "1.0", ".whl", day)
	good := judge(a, unsigned, digestOK)
	bad := judge(a, unsigned, assay.Evidence{Verifier: "digest", State: assay.Invalid, Findings: []assay.Finding{{Code: assay.DigestMismatch}}})
	cut := good
	cut.Decision = assay.Refuse(a, assay.FileTruncated, "")
	swapped := judge(a, lacking(assay.Invalid, assay.ProvenanceWrongSubject, ""))
	renamed := good
	renamed.Subject.Artifact.Digests = []assay.Digest{sha("b")}
	local := good
	local.Subject.Artifact.Index, local.Subject.Artifact.URL = "", ""
	for _, tc := range []struct {
		name  string
		in    []engine.Judgement
		want  string // verdicts and codes
		items int
	}{
		{"same", []engine.Judgement{good, good}, "allow provenance.absent", 1},
		{"a refusal stays", []engine.Judgement{bad, good}, "deny digest.mismatch provenance.absent", 1},
		{"a refusal comes", []engine.Judgement{good, bad}, "deny digest.mismatch provenance.absent", 1},
		{"refusals add up", []engine.Judgement{bad, swapped}, "deny digest.mismatch provenance.wrong-subject provenance.absent", 1},
		{"a cut transfer is repeated", []engine.Judgement{cut, good}, "allow provenance.absent", 1},
		{"a transfer is cut", []engine.Judgement{good, cut}, "deny file.truncated", 1},
		{"the index promises another digest", []engine.Judgement{good, renamed}, "allow provenance.absent; allow provenance.absent", 2},
		{"local files are told apart", []engine.Judgement{local, local}, "allow provenance.absent; allow provenance.absent", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := gather(t, "run", tc.in...)
			var got []string
			for _, item := range r.Items {
				line := string(item.Decision.Verdict)
				for _, reason := range item.Decision.Reasons {
					line += " " + string(reason.Code)
				}
				got = append(got, line)
			}
			if s := strings.Join(got, "; "); len(r.Items) != tc.items || (s != tc.want && sorted(s) != sorted(tc.want)) {
				t.Errorf("got  %s\nwant %s", s, tc.want)
			}
		})
	}
}

// sorted makes the order of reasons irrelevant where severities are equal.
func sorted(s string) string {
	f := strings.Fields(s)
	for i := range f {
		for k := i + 1; k < len(f); k++ {
			if f[k] < f[i] {
				f[i], f[k] = f[k], f[i]
			}
		}
	}
	return strings.Join(f, " ")
}

func TestCollectorMergesEvidence(t *testing.T) {
	a := artifact("foo", "1.0", ".whl", day)
	bad := judge(a, lacking(assay.Invalid, assay.ProvenanceWrongSubject, ""))
	again := judge(a, published("github:x/y@z.yml"), digestOK)
	r := gather(t, "run", bad, again)
	var got []string
	for _, e := range r.Items[0].Evidence {
		got = append(got, e.Verifier+" "+e.State.String())
	}
	if s := strings.Join(got, ", "); s != "pep740 invalid, digest verified" {
		t.Errorf("got %s", s)
	}
}

// TestCollectorConcurrent records from many goroutines in any order and gets one
// order.
func TestCollectorConcurrent(t *testing.T) {
	want := jsonOf(gather(t, "verify", sample()...))
	c := report.NewCollector()
	var wg sync.WaitGroup
	for _, j := range sample() {
		for range 4 {
			wg.Go(func() {
				if err := c.Record(context.Background(), j); err != nil {
					t.Error(err)
				}
				_ = c.Report("verify")
			})
		}
	}
	wg.Wait()
	if got := jsonOf(c.Report("verify")); !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestOrder(t *testing.T) {
	var js []engine.Judgement
	for _, v := range []string{"1.10", "1.9", "1.9.1", "2.0", "1.09", "1!0.1"} {
		js = append(js, judge(artifact("foo", v, ".whl", day), unsigned, digestOK))
	}
	js = append(js, judge(artifact("bar", "9", ".whl", day), unsigned, digestOK))
	var got []string
	for _, item := range gather(t, "run", js...).Items {
		got = append(got, item.Artifact.Release().String())
	}
	want := "bar==9 foo==1!0.1 foo==1.09 foo==1.9 foo==1.9.1 foo==1.10 foo==2.0"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestAges(t *testing.T) {
	for _, tc := range []struct {
		age  time.Duration
		want string
	}{
		{-2 * time.Hour, "dated ahead"}, {-time.Minute, "0 minutes old"}, {time.Minute, "1 minute old"},
		{90 * time.Minute, "90 minutes old"}, {3 * time.Hour, "3 hours old"}, {3 * day, "3 days old"},
		{65 * day, "2 months old"}, {800 * day, "2 years old"},
	} {
		r := gather(t, "run", judge(artifact("foo", "1.0", ".whl", tc.age), published("github:a/b@c.yml"), digestOK))
		if got := string(packages(r, report.Text{})); !strings.Contains(got, "  "+tc.want+"\n") {
			t.Errorf("%v: want %q in\n%s", tc.age, tc.want, got)
		}
	}
	a := artifact("foo", "1.0", ".whl", 0)
	a.UploadTime = time.Time{}
	got := string(packages(gather(t, "run", judge(a, published("github:a/b@c.yml"), digestOK)), report.Text{}))
	if !strings.Contains(got, "  age unknown\n") {
		t.Errorf("want an unknown age in\n%s", got)
	}
}

// TestClaimsOfWhatDoesNotHold shows that a claim counts in verified evidence only.
func TestClaimsOfWhatDoesNotHold(t *testing.T) {
	e := published("github:trusted/project@release.yml")
	e.State = assay.Invalid
	r := gather(t, "run", judge(artifact("foo", "1.0", ".whl", day), e))
	for _, got := range [][]byte{packages(r, report.Text{}), files(r, report.Text{})} {
		if bytes.Contains(got, []byte("github:trusted")) {
			t.Errorf("an invalid claim is shown as who published it:\n%s", got)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestWriteErrors(t *testing.T) {
	full := errors.New("no space left on device")
	r := gather(t, "verify", sample()...)
	for name, err := range map[string]error{
		"json":     r.WriteJSON(failing{full}),
		"files":    r.WriteFiles(failing{full}, report.Text{}),
		"packages": r.WritePackages(failing{full}, report.Text{}),
		"nothing":  report.Report{}.WritePackages(failing{full}, report.Text{}),
	} {
		if !errors.Is(err, full) || err.Error() != "writing the report: no space left on device" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
