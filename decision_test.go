package assay_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"assay"
)

var (
	now  = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	file = assay.Artifact{Ecosystem: assay.PyPI, Project: "foo", Version: "1.0", Filename: "foo-1.0.tar.gz", Index: "https://index.example.invalid/simple/foo/",
		Digests: []assay.Digest{{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}}}
)

func verified(claims ...assay.Claim) assay.Evidence {
	return assay.Evidence{Verifier: "digest", State: assay.Verified, Claims: claims}
}

// standing makes an artifact one of a project of which its index says this.
func standing(status assay.ProjectStatus, reason string) func(assay.Artifact) assay.Artifact {
	return func(a assay.Artifact) assay.Artifact {
		a.Standing = assay.Standing{Status: status, Reason: reason}
		return a
	}
}

// lines renders a decision's reasons, one a line.
func lines(d assay.Decision) string {
	var b strings.Builder
	for _, r := range d.Reasons {
		b.WriteString(string(r.Severity) + " " + string(r.Code) + ": " + r.Message + "\n")
	}
	return b.String()
}

func TestDecide(t *testing.T) {
	signed := assay.Evidence{Verifier: "pep740", State: assay.Verified,
		Claims: []assay.Claim{{Method: "pep740", Identity: "github:o/r@w.yml", Time: now.Add(-time.Hour)}}}
	bytesHold := verified(assay.Claim{Method: "sha256"})
	for name, c := range map[string]struct {
		rules     assay.Rules
		artifact  func(assay.Artifact) assay.Artifact
		evidence  []assay.Evidence
		memory    assay.Memory
		verdict   assay.Verdict
		undecided bool
		reasons   string
	}{
		"everything holds": {evidence: []assay.Evidence{bytesHold, signed}, verdict: assay.Allow},
		"bytes hold, nobody signed": {evidence: []assay.Evidence{bytesHold, {Verifier: "pep740", State: assay.Absent, Findings: []assay.Finding{{Code: assay.ProvenanceAbsent}}}},
			verdict: assay.Allow, reasons: "note provenance.absent: the file has no provenance\n"},
		"no evidence at all": {verdict: assay.Warn, reasons: "warning evidence.none: nothing about foo-1.0.tar.gz could be verified\n"},
		"every reason, the worst first": {
			evidence: []assay.Evidence{
				{Verifier: "digest", State: assay.Absent, Findings: []assay.Finding{{Code: assay.DigestWeak, Detail: "md5"}}},
				{Verifier: "pep740", State: assay.Invalid, Findings: []assay.Finding{{Code: assay.ProvenanceWrongSubject, Detail: "it is about bar"}, {Code: assay.ProvenanceInvalid, Detail: "bad signature"}}}},
			verdict: assay.Deny,
			reasons: "error provenance.wrong-subject: the provenance is about another file: it is about bar\n" +
				"error provenance.invalid: the provenance does not hold: bad signature\n" +
				"warning digest.weak: only a weak digest of the file was promised: md5\n"},
		"one invalid among verified refuses": {evidence: []assay.Evidence{bytesHold, signed, {Verifier: "x", State: assay.Invalid}},
			verdict: assay.Deny, reasons: "error evidence.invalid: the evidence does not hold: the x evidence does not hold\n"},
		"invalid with a finding that only warns still refuses": {evidence: []assay.Evidence{bytesHold, {Verifier: "x", State: assay.Invalid, Findings: []assay.Finding{{Code: assay.ProvenanceUnknownPublisher}}}},
			verdict: assay.Deny, reasons: "error evidence.invalid: the evidence does not hold: the x evidence does not hold\n" +
				"warning provenance.unknown-publisher: the provenance names a kind of publisher that assay does not know\n"},
		"no state is a bug and refuses": {evidence: []assay.Evidence{bytesHold, {Verifier: "x"}},
			verdict: assay.Deny, reasons: "error evidence.invalid: the evidence does not hold: the x verifier came to no result\n"},
		"out of reach refuses, undecided": {evidence: []assay.Evidence{bytesHold, {Verifier: "pep740", State: assay.Unavailable, Findings: []assay.Finding{{Code: assay.ProvenanceUnavailable, Detail: "status 503"}}}},
			verdict: assay.Deny, undecided: true, reasons: "error provenance.unavailable: the provenance exists but could not be fetched: status 503\n"},
		"out of reach warns where the rules say so": {rules: assay.Rules{OnUnavailable: assay.Warning}, evidence: []assay.Evidence{bytesHold, {Verifier: "pep740", State: assay.Unavailable, Findings: []assay.Finding{{Code: assay.ProvenanceUnavailable}}}},
			verdict: assay.Warn, reasons: "warning provenance.unavailable: the provenance exists but could not be fetched\n"},
		"out of reach without a finding": {evidence: []assay.Evidence{bytesHold, {Verifier: "x", State: assay.Unavailable}},
			verdict: assay.Deny, undecided: true, reasons: "error evidence.unavailable: the evidence could not be asked for: the x evidence could not be asked for\n"},
		"out of reach and wrong is refused, not undecided": {evidence: []assay.Evidence{
			{Verifier: "digest", State: assay.Invalid, Findings: []assay.Finding{{Code: assay.DigestMismatch}}}, {Verifier: "x", State: assay.Unavailable}},
			verdict: assay.Deny, reasons: "error digest.mismatch: the file's bytes are not the ones that were promised\n" +
				"error evidence.unavailable: the evidence could not be asked for: the x evidence could not be asked for\n"},
		"a sound file that nothing ties to anybody warns": {evidence: []assay.Evidence{verified()},
			verdict: assay.Warn, reasons: "warning evidence.none: nothing about foo-1.0.tar.gz could be verified\n"},
		"a sound file with the promised bytes": {evidence: []assay.Evidence{verified(), bytesHold}, verdict: assay.Allow},
		"required and nobody signed": {rules: assay.Rules{Evidence: assay.RequireEvidence}, evidence: []assay.Evidence{bytesHold},
			verdict: assay.Deny, reasons: "error evidence.required: the rules require to know who published foo-1.0.tar.gz, and nothing says so\n"},
		"required and signed": {rules: assay.Rules{Evidence: assay.RequireEvidence}, evidence: []assay.Evidence{signed}, verdict: assay.Allow},
		"other bytes than before": {evidence: []assay.Evidence{bytesHold},
			memory:  assay.Memory{Files: map[assay.FileKey]assay.SeenFile{{Index: file.Index, Filename: file.Filename}: {Digest: assay.Digest{Algorithm: "sha256", Hex: strings.Repeat("b", 64)}, First: now}}},
			verdict: assay.Deny, reasons: "error digest.changed: the index offers other bytes under a name that was accepted before: accepted on 2026-06-01 sha256:" +
				strings.Repeat("b", 64) + ", offered now sha256:" + strings.Repeat("a", 64) + "\n"},
		"the same bytes from another index are another file": {evidence: []assay.Evidence{bytesHold},
			memory:  assay.Memory{Files: map[assay.FileKey]assay.SeenFile{{Index: "elsewhere", Filename: file.Filename}: {Digest: assay.Digest{Algorithm: "sha256", Hex: strings.Repeat("b", 64)}}}},
			verdict: assay.Allow},
		"a signature from the future": {evidence: []assay.Evidence{verified(assay.Claim{Method: "sha256", Time: now.Add(time.Hour)})}, verdict: assay.Warn,
			reasons: "warning clock.behind: this computer's clock seems to be wrong: the signature is from 2026-06-01T13:00:00Z, the clock says 2026-06-01T12:00:00Z\n"},
		"an upload from the future": {artifact: func(a assay.Artifact) assay.Artifact { a.UploadTime = now.Add(time.Hour); return a },
			evidence: []assay.Evidence{bytesHold}, verdict: assay.Warn,
			reasons: "warning clock.behind: this computer's clock seems to be wrong: the file is from 2026-06-01T13:00:00Z, the clock says 2026-06-01T12:00:00Z\n"},
		"yanked": {artifact: func(a assay.Artifact) assay.Artifact {
			a.Yanked, a.YankReason = true, "broken\x1b[31m\u202e on\nwindows"
			return a
		},
			evidence: []assay.Evidence{bytesHold}, verdict: assay.Allow, reasons: "note file.yanked: the index marks the file as yanked: broken[31m on windows\n"},
		"active": {artifact: standing(assay.StatusActive, "as ever"), evidence: []assay.Evidence{bytesHold}, verdict: assay.Allow},
		"archived": {artifact: standing(assay.StatusArchived, "no\ntime\x1b[2J \u202efor it "+strings.Repeat("é", 300)),
			evidence: []assay.Evidence{bytesHold}, verdict: assay.Warn,
			reasons: "warning project.archived: the index says that foo is archived: no time[2J for it " + strings.Repeat("é", 191) + "…\n"},
		"deprecated": {artifact: standing(assay.StatusDeprecated, ""), evidence: []assay.Evidence{bytesHold}, verdict: assay.Warn,
			reasons: "warning project.deprecated: the index says that foo is deprecated\n"},
		"quarantined, whatever anybody accepted": {artifact: standing(assay.StatusQuarantined, "holds a stealer"), evidence: []assay.Evidence{bytesHold}, verdict: assay.Deny,
			rules:   assay.Rules{Mode: assay.Audit, Waivers: []assay.Waiver{{Codes: []assay.Code{assay.ProjectQuarantined}, Until: now.Add(time.Hour)}}},
			reasons: "error project.quarantined: the index has put foo under quarantine: holds a stealer\n"},
	} {
		t.Run(name, func(t *testing.T) {
			a := file
			if c.artifact != nil {
				a = c.artifact(a)
			}
			if c.rules.OnUnavailable == "" {
				c.rules.OnUnavailable = assay.Error
			}
			d := assay.Decide(c.rules, a, c.evidence, c.memory, now)
			if d.Verdict != c.verdict || d.Undecided() != c.undecided {
				t.Errorf("verdict %s, undecided %t; want %s, %t", d.Verdict, d.Undecided(), c.verdict, c.undecided)
			}
			if got := lines(d); got != c.reasons {
				t.Errorf("reasons:\n%swant:\n%s", got, c.reasons)
			}
		})
	}
}

func TestHintsNameTheFile(t *testing.T) {
	d := assay.Refuse(file, assay.ProvenanceWrongSubject, "")
	main, ok := d.Main()
	if want := "do not install it: ask the project's maintainers whether they released this file, then run 'assay verify foo==1.0' again"; !ok || main.Hint != want {
		t.Errorf("hint %q, want %q", main.Hint, want)
	}
}

func TestJoinTakesTheWorse(t *testing.T) {
	d := assay.Remark(file, assay.FileUnlisted, "").Join(assay.Refuse(file, assay.PageMalformed, "x"))
	if want := "error page.malformed: the index page cannot be read without doubt: x\nwarning file.unlisted: no index page lists the file\n"; d.Verdict != assay.Deny || lines(d) != want {
		t.Errorf("%s\n%s", d.Verdict, lines(d))
	}
	if again := d.Join(d); lines(again) != lines(d) {
		t.Errorf("joining a decision with itself repeats reasons:\n%s", lines(again))
	}
}

func TestAnUnregisteredCodeRefuses(t *testing.T) {
	d := assay.Decide(assay.DefaultRules(), file, []assay.Evidence{{Verifier: "digest", State: assay.Verified,
		Findings: []assay.Finding{{Code: "no.such-code"}}}}, assay.Memory{}, now)
	if d.Verdict != assay.Deny {
		t.Errorf("verdict %s", d.Verdict)
	}
}

func TestLongDetailsAreCut(t *testing.T) {
	d := assay.Refuse(file, assay.PageMalformed, strings.Repeat("é", 1000))
	main, _ := d.Main()
	if len(main.Message) > 500 || !strings.HasSuffix(main.Message, "é…") {
		t.Errorf("%d bytes, ending %q", len(main.Message), main.Message[len(main.Message)-10:])
	}
}

// TestWaived tells which files make nobody known.
func TestWaived(t *testing.T) {
	signed := assay.Evidence{Verifier: "pep740", State: assay.Verified, Claims: []assay.Claim{{Method: "pep740", Identity: "github:evil/foo@w.yml"}}}
	tomorrow := now.Add(24 * time.Hour)
	rules := func(change func(*assay.Rules)) assay.Rules {
		r := assay.DefaultRules()
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		rules    assay.Rules
		evidence []assay.Evidence
		want     bool
	}{
		"as it should be":     {rules: assay.DefaultRules(), evidence: []assay.Evidence{signed}},
		"nothing is compared": {rules: rules(func(r *assay.Rules) { r.Evidence = assay.RequireNothing }), evidence: []assay.Evidence{signed}, want: true},
		"it could not be asked for": {rules: rules(func(r *assay.Rules) { r.OnUnavailable = assay.Warning }),
			evidence: []assay.Evidence{{Verifier: "pep740", State: assay.Unavailable}}, want: true},
		"not who the policy names, and accepted": {rules: rules(func(r *assay.Rules) {
			r.Publishers = []assay.Publisher{{Identity: "github:acme/foo"}}
			r.Waivers = []assay.Waiver{{Codes: []assay.Code{assay.PublisherUnexpected}, Until: tomorrow}}
		}), evidence: []assay.Evidence{signed}, want: true},
		"not who the policy names, in audit mode": {rules: rules(func(r *assay.Rules) {
			r.Publishers, r.Mode = []assay.Publisher{{Identity: "github:acme/foo"}}, assay.Audit
		}), evidence: []assay.Evidence{signed}, want: true},
		"too young, and accepted": {rules: rules(func(r *assay.Rules) {
			r.Cooldown = time.Hour
			r.Waivers = []assay.Waiver{{Codes: []assay.Code{assay.CooldownUnknownAge}, Until: tomorrow}}
		}), evidence: []assay.Evidence{signed}},
	} {
		d := assay.Decide(c.rules, file, c.evidence, assay.Memory{}, now)
		if d.Verdict == assay.Deny || d.Waived != c.want || d.Join(assay.Decision{}).Waived != c.want {
			t.Errorf("%s: got %+v, want waived %v", name, d, c.want)
		}
	}
}

// TestIndexes holds where a file is offered to where the rules take it from.
func TestIndexes(t *testing.T) {
	rules := assay.DefaultRules()
	rules.Indexes = []string{"https://corp.example.invalid/simple/"}
	for index, ok := range map[string]bool{
		"https://corp.example.invalid/simple/foo/": true, "https://corp.example.invalid/simple": true,
		"https://corp.example.invalid/simpleton/foo/": false, "https://corp.example.invalid/simple/%2e%2E/public/foo/": false,
		"https://corp.example.invalid/simple/../public/foo/": false, "https://index.example.invalid/simple/foo/": false,
	} {
		a := file
		a.Index = index
		if d := assay.DecideListed(rules, a, assay.Memory{}, now); (d.Verdict == assay.Allow) != ok {
			t.Errorf("%s: %+v", index, d)
		}
	}
	const token = "4xKqyPbT2mW9sLcVn7Rd"
	rules.Indexes = []string{"https://index.example.invalid/" + token + "/acme/"}
	for index, ok := range map[string]bool{
		"https://index.example.invalid/" + token + "/acme/foo/": true, "https://index.example.invalid/~f4219864/acme/foo/": true,
		"https://index.example.invalid/~f4219865/acme/foo/": false, "https://index.example.invalid/~f4219864/other/foo/": false,
	} {
		a := file
		a.Index = index
		d := assay.DecideListed(rules, a, assay.Memory{}, now)
		if (d.Verdict == assay.Allow) != ok || strings.Contains(lines(d), token) {
			t.Errorf("%s: %+v", index, d)
		}
	}
	rules.Indexes = []string{"https://corp.example.invalid/simple/"}
	a := file
	a.Index, a.URL = "", "https://elsewhere.example.invalid/foo-9.0.tar.gz"
	want := "error index.other: foo may not come from this index: no index lists it, and the default policy takes it from https://corp.example.invalid/simple/\n"
	if got := lines(assay.DecideListed(rules, a, assay.Memory{}, now)); got != want {
		t.Errorf("a file that no index lists: %q, want %q", got, want)
	}
	a.URL = "file:///home/you/foo-9.0.tar.gz"
	if d := assay.DecideListed(rules, a, assay.Memory{}, now); d.Verdict != assay.Allow {
		t.Errorf("a file of one's own: %+v", d)
	}
}

// TestAskListing sets every single rule: what does not ask refuses no file for what an
// index tells of it.
func TestAskListing(t *testing.T) {
	asking := []string{}
	of := reflect.TypeFor[assay.Rules]()
	for i := range of.NumField() {
		rules := assay.DefaultRules()
		v := reflect.ValueOf(&rules).Elem().Field(i)
		for _, value := range []any{assay.Audit, assay.RequireEvidence, assay.Warning, 7 * 24 * time.Hour, 1, true, map[string]string{"cooldown": "x"},
			[]assay.Publisher{{Identity: "github:o/r"}}, []string{"https://corp.example.invalid/"}, []assay.Finding{{Code: assay.PolicyDenied}}, []assay.Waiver{{Reason: "x"}},
			[]assay.Grant{{Kind: assay.GrantOpenPGP}}, map[string][]string{"openpgp:A": {"bar"}}} {
			if reflect.TypeOf(value) == v.Type() {
				v.Set(reflect.ValueOf(value))
			}
		}
		if reflect.DeepEqual(rules, assay.DefaultRules()) && of.Field(i).Name != "VCS" {
			t.Errorf("%s was not set: give it a value here", of.Field(i).Name)
		}
		if rules.AskListing() {
			asking = append(asking, of.Field(i).Name)
			continue
		}
		if d := assay.DecideListed(rules, file, assay.Memory{}, now); d.Verdict != assay.Allow {
			t.Errorf("%s does not ask, and refuses: %+v", of.Field(i).Name, d)
		}
	}
	if got := strings.Join(asking, " "); got != "Cooldown Sdist Indexes Verdicts Problems" {
		t.Errorf("these ask: %s", got)
	}
}

func TestIsSdist(t *testing.T) {
	for name, want := range map[string]bool{"foo-1.0.tar.gz": true, "foo-1.0.zip": true, "foo-1.0.txz": true, "foo-1.0.tar.zst": true, "foo-1.0.tbz ": true,
		"foo-1.0-py3-none-any.whl": false, "FOO-1.0-py3-none-any.WHL ": false, "foo-1.0.egg": false, "foo-1.0.win32.exe": false, "": false} {
		if got := assay.IsSdist(name); got != want {
			t.Errorf("IsSdist(%q) = %v", name, got)
		}
	}
}

// TestDecideFindings: what is found outside of evidence weighs what its code does, and
// an exception takes the edge off what may be waived only.
func TestDecideFindings(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	a := assay.Artifact{Ecosystem: assay.PyPI, Project: "demo", Version: "1.0", Filename: "demo-1.0.tar.gz"}
	rules := assay.DefaultRules()
	rules.Waivers = []assay.Waiver{{Codes: []assay.Code{assay.LockMissingHash, assay.LockOtherDigest}, Until: now.AddDate(0, 0, 1), Reason: "known", Origin: "assay.toml:3"}}
	decide := func(code assay.Code) assay.Verdict {
		return assay.DecideFindings(rules, a, []assay.Finding{{Code: code}}, nil, assay.Memory{}, now).Verdict
	}
	for code, want := range map[assay.Code]assay.Verdict{
		assay.LockMissingHash: assay.Warn, assay.LockOtherDigest: assay.Deny, assay.LockWeakHash: assay.Deny,
		assay.LockNotVerifiable: assay.Warn, assay.FileYanked: assay.Allow,
	} {
		if got := decide(code); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
	if got := assay.DecideFindings(rules, a, nil, nil, assay.Memory{}, now); got.Verdict != assay.Allow || len(got.Reasons) != 0 {
		t.Errorf("nothing found: %+v", got)
	}
}

// TestOutsideALock shows that a file that is not in a lock says nothing about its
// release, whatever else is wrong with it, and that no mode or waiver lets it pass.
func TestOutsideALock(t *testing.T) {
	a := assay.Artifact{Project: "demo", Version: "1.0", Filename: "demo-1.0.tar.gz"}
	rules := assay.DefaultRules()
	rules.Mode, rules.Sdist = assay.Audit, assay.Error
	rules.Verdicts = []assay.Finding{{Code: assay.LockOutside, Detail: "lock.txt names no demo"}}
	d := assay.DecideListed(rules, a, assay.Memory{}, time.Now())
	if d.Verdict != assay.Deny || !d.OfFileAlone() || d.OfRelease() {
		t.Errorf("got %+v, of the file alone %v, of the release %v", d, d.OfFileAlone(), d.OfRelease())
	}
	if d = d.Join(assay.Refuse(a, assay.ProvenanceUntrusted, "")); !d.OfFileAlone() || d.OfRelease() {
		t.Error("what else is wrong with it refuses its release")
	}
	other := assay.Refuse(a, assay.LockOtherIdentity, "")
	if !other.OfFileAlone() || other.OfRelease() {
		t.Error("whom one file is by refuses its release")
	}
	if both := other.Join(assay.Refuse(a, assay.ProvenanceUntrusted, "")); both.OfFileAlone() || !both.OfRelease() {
		t.Error("a broken provenance does not refuse its release")
	}
}
