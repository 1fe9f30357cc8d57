package trustroot

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/internal/sigstore"
)

func TestLoad(t *testing.T) {
	embedded, err := Load(Options{})
	if err != nil || embedded.Origin != Embedded || !embedded.Date.Equal(sigstore.EmbeddedDate) || embedded.Note != "" {
		t.Errorf("without a folder in use is %+v, %v", embedded, err)
	}
	if l, err := Load(Options{Dir: filepath.Join(t.TempDir(), "none")}); err != nil || l.Origin != Embedded || l.Note != "" {
		t.Errorf("without a copy in use is %+v, %v", l, err)
	}
	named := filepath.Join(t.TempDir(), "root.json")
	if err := os.WriteFile(named, trusted(t), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Load(Options{Path: named, Dir: t.TempDir()})
	if err != nil || l.Origin != named {
		t.Errorf("of a named file in use is %+v, %v", l, err)
	}
	if _, ok := l.Age(clock); ok {
		t.Error("a named file has an age")
	}
	for _, c := range []struct{ data, want string }{
		{"", "reading the trusted root %s: the trusted root: it is not one JSON value (byte 0)"},
		{"{}", "reading the trusted root %s: the trusted root has 0 certificate authorities"},
	} {
		if err := os.WriteFile(named, []byte(c.data), 0o600); err != nil {
			t.Fatal(err)
		}
		want := strings.Replace(c.want, "%s", named, 1)
		if _, err := Load(Options{Path: named}); err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
	if _, err := Load(Options{Path: filepath.Join(t.TempDir(), "none")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a file that is not there the error is %v", err)
	}
	folder := t.TempDir()
	if _, err := Load(Options{Path: folder}); err == nil || err.Error() != "reading the trusted root: "+folder+" is not a file" {
		t.Errorf("of a folder the error is %v", err)
	}
}

// TestDamagedCopy passes over a copy that cannot be used, and says so.
func TestDamagedCopy(t *testing.T) {
	r, dir := newRepository(t), t.TempDir()
	r.publish(1, trusted(t))
	refresh(t, r, dir)
	path := copyPath(dir)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		note string
	}{
		{"cut off", good[:len(good)/2], path + " is damaged"},
		{"empty", nil, path + " is damaged"},
		{"other bytes", flip(`"trusted_root":"e`, `"trusted_root":"f`)(bytes.Clone(good)), path + " is damaged: its digest does not match"},
		{"a later format", flip(`"schema":1`, `"schema":2`)(bytes.Clone(good)), path + " is in format 2, not 1"},
		{"too large", bytes.Repeat([]byte(" "), maxCopy+1), path + " is larger than the 2101248 bytes that are read"},
		{"no root", []byte(`{"schema":1,"refreshed":"2026-11-02T08:00:00Z","source":"","trusted_root":"e30=","sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}`),
			path + ": the trusted root has 0 certificate authorities"},
	} {
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Load(Options{Dir: dir})
		want := "the refreshed trusted root is not used: " + c.note
		if err != nil || l.Origin != Embedded || l.Root == nil || l.Note != want {
			t.Errorf("%s: in use is %s with the note %q, %v, want %q", c.name, l.Origin, l.Note, err, want)
		}
		// A refresh puts it right.
		if res := refresh(t, r, dir); !res.Changed {
			t.Errorf("%s: the refresh changed nothing", c.name)
		}
	}
	// A copy from before the embedded root was made is not used, and not damaged.
	o := r.options(dir)
	o.Now = func() time.Time { return sigstore.EmbeddedDate.Add(-time.Hour) }
	if _, err := Refresh(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if l, err := Load(Options{Dir: dir}); err != nil || l.Origin != Embedded || l.Note != "" {
		t.Errorf("beside an older copy in use is %+v, %v", l, err)
	}
}

func FuzzCopy(f *testing.F) {
	for _, s := range []string{``, `{}`, `{"schema":1}`, `{"schema":1,"trusted_root":"e30=","sha256":""}`, `[]`, "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copyPath(dir), data, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Load(Options{Dir: dir})
		if err != nil || l.Root == nil || l.Origin == Embedded && l.Note == "" {
			t.Errorf("in use is %+v, %v", l, err)
		}
	})
}
