package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"assay"
	"assay/internal/trust"
)

func trustApp(t *testing.T) (*app, string, *strings.Builder) {
	t.Helper()
	home, said := t.TempDir(), &strings.Builder{}
	return &app{stdout: io.Discard, stderr: said, env: []string{"ASSAY_HOME=" + home}, cwd: home, interrupted: context.Background()}, home, said
}

func granted(project string) trust.Grant {
	g := trust.Grant{Project: project}
	g.Kind, g.Key, g.From, g.Reason = assay.GrantOpenPGP, strings.Repeat("AB", 20), "local", "a test"
	g.Until = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	return g
}

func TestChangeTrust(t *testing.T) {
	a, home, said := trustApp(t)
	path := a.ownTrust()
	if want := filepath.Join(home, "trust.toml"); path != want {
		t.Fatalf("got %s, want %s", path, want)
	}
	if f, err := a.readTrust(path); f != nil || err != nil {
		t.Fatal(f, err)
	}
	if l, err := a.readImports(path); l != nil || err != nil {
		t.Fatal(l, err)
	}
	add := func(project string) func(*trust.File, *trust.Lock) error {
		return func(f *trust.File, _ *trust.Lock) error {
			f.Grants = append(f.Grants, granted(project))
			return nil
		}
	}
	if err := a.changeTrust(add("a")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(home, importsName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a lock of no imports: %v", err)
	}
	refused := errors.New("no")
	err := a.changeTrust(func(f *trust.File, _ *trust.Lock) error { f.Grants = nil; return refused })
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	if err := a.changeTrust(func(f *trust.File, _ *trust.Lock) error { f.Grants = nil; return errAsItWas }); err != nil {
		t.Errorf("got %v", err)
	}
	err = a.changeTrust(func(f *trust.File, _ *trust.Lock) error { f.Grants[0].Project = "A B"; return nil })
	if err == nil || !strings.HasPrefix(err.Error(), "nothing was written, as it could not be read again: "+path+":5: ") {
		t.Errorf("got %v", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, "# why\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.changeTrust(add("b")); err != nil {
		t.Fatal(err)
	}
	if want := "assay: warning: lines of comments in " + path + " that were not kept: 1; what they said belongs into a reason\n"; said.String() != want {
		t.Errorf("said %q, want %q", said, want)
	}
	f, err := a.readTrust(path)
	if err != nil || len(f.Grants) != 2 {
		t.Fatalf("%+v, %v", f, err)
	}
	entries, _ := os.ReadDir(home)
	for _, e := range entries {
		if e.Name() != trustName && e.Name() != trustLockName {
			t.Errorf("%s is left", e.Name())
		}
	}
}

// TestChangeTrustBeside lets many change the grants at once: nobody's change is lost.
func TestChangeTrustBeside(t *testing.T) {
	a, _, _ := trustApp(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := a.changeTrust(func(f *trust.File, _ *trust.Lock) error {
				f.Grants = append(f.Grants, granted("p"+string(rune('a'+i))))
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if f, err := a.readTrust(a.ownTrust()); err != nil || len(f.Grants) != 20 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestChangeTrustThroughLink(t *testing.T) {
	a, home, _ := trustApp(t)
	real := filepath.Join(t.TempDir(), "mine.toml")
	if err := os.WriteFile(real, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, filepath.Join(home, trustName)); err != nil {
		t.Skip(err)
	}
	if err := a.changeTrust(func(f *trust.File, _ *trust.Lock) error { f.Grants = append(f.Grants, granted("a")); return nil }); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(filepath.Join(home, trustName)); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if data, err := os.ReadFile(real); err != nil || !strings.Contains(string(data), `project = "a"`) {
		t.Errorf("%s, %v", data, err)
	}
}
