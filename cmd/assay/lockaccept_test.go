package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/internal/journal"
)

// TestAcceptanceIsTakenBack: where the lock cannot be written memory does not go on letting
// the publisher through that it was to name, and says why it did for a moment.
func TestAcceptanceIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	var out, errs bytes.Buffer
	a := &app{stdout: &out, stderr: &errs, cwd: dir, env: []string{"ASSAY_HOME=" + filepath.Join(dir, "home"), "USER=ann"}}
	f := &lockFlags{update: true, accept: []string{"Demo"}, reason: "it moved"}
	if err := f.check([]string{"pylock.toml"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	e, err := f.acceptance("demo", "github:new/demo@release.yml", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	e.By = a.userName()
	name := filepath.Join(dir, "pylock.toml")
	l := &locking{flags: *f, checker: &checker{app: a}, acceptances: []journal.Entry{e}}
	before, after := map[string][]byte{name: []byte("old")}, map[string][]byte{name: []byte("new")}
	known := func() (accepted []journal.Entry, all int) {
		t.Helper()
		if err := a.withMemory(func(j *journal.Journal) error {
			entries, err := j.Entries(t.Context())
			if err != nil {
				return err
			}
			list, err := j.Known(t.Context(), "demo")
			for _, k := range list {
				accepted = append(accepted, k.Accepted...)
			}
			all = len(entries)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return accepted, all
	}
	if err := os.WriteFile(name, []byte("changed meanwhile"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.put(t.Context(), before, after); err == nil || !strings.Contains(err.Error(), "changed in the meantime, and nothing was written") {
		t.Errorf("a lock that changed meanwhile: %v", err)
	}
	if accepted, all := known(); len(accepted) != 0 || all != 2 {
		t.Errorf("%d entries, and accepted is %+v", all, accepted)
	}
	if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.put(t.Context(), before, after); err != nil {
		t.Fatal(err)
	}
	accepted, all := known()
	if len(accepted) != 1 || all != 3 || accepted[0].Identity != "github:new/demo@release.yml" || accepted[0].Version != "" || accepted[0].Reason != "it moved" ||
		accepted[0].By != "ann" || joinCodes(accepted[0].Codes) != "publisher.changed" || lastDay(accepted[0]) != f.until {
		t.Errorf("%d entries, and accepted is %+v", all, accepted)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != "new" || errs.Len() > 0 {
		t.Errorf("the lock is %q, %v, and it says %q", got, err, errs.String())
	}
}
