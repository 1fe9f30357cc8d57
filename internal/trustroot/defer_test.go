package trustroot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestDefer(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := Defer(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if l, err := d.Outcome(); l != (Loaded{}) || err != nil {
		t.Errorf("before it is needed it is %+v, %v", l, err)
	}
	// What lies there when it is needed counts.
	if err := os.WriteFile(copyPath(dir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if root, err := d.Root(); root == nil || err != nil {
				t.Errorf("%v, %v", root, err)
			}
		})
	}
	wg.Wait()
	want := "the refreshed trusted root is not used: " + copyPath(dir) + " is damaged"
	if l, err := d.Outcome(); l.Origin != Embedded || l.Note != want || err != nil {
		t.Errorf("in use is %+v, %v", l, err)
	}
}

func TestDeferANamedFile(t *testing.T) {
	named := filepath.Join(t.TempDir(), "root.json")
	if d, err := Defer(Options{Path: named}); d != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, %v", d, err)
	}
	if err := os.WriteFile(named, trusted(t), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Defer(Options{Path: named})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(named); err != nil {
		t.Fatal(err)
	}
	if root, err := d.Root(); root == nil || err != nil {
		t.Errorf("%v, %v", root, err)
	}
	if l, err := d.Outcome(); l.Origin != named || err != nil {
		t.Errorf("in use is %+v, %v", l, err)
	}
}

// TestDeferredFailure stays one.
func TestDeferredFailure(t *testing.T) {
	broken := errors.New("broken")
	calls := 0
	d := &Deferred{load: func() (Loaded, error) { calls++; return Loaded{}, broken }}
	for range 2 {
		if root, err := d.Root(); root != nil || !errors.Is(err, broken) {
			t.Errorf("%v, %v", root, err)
		}
	}
	if _, err := d.Outcome(); !errors.Is(err, broken) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}
