//go:build linux

package intercept_test

import (
	"bytes"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"assay/internal/catalog"
	"assay/internal/intercept"
)

// TestAFullDisk has the folder for what is held run full midway, and not be there:
// the installer is told, and gets nothing of the file.
func TestAFullDisk(t *testing.T) {
	data := content(20 << 20)
	full := t.TempDir()
	for name, dir := range map[string]string{"full": full, "gone": filepath.Join(full, "none"), "none": ""} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, serve(data), func(c *intercept.Config) { c.SpoolDir = dir })
			w.desk.file = func(*url.URL) (*catalog.File, error) {
				f := promise("foo-1.0-py3-none-any.whl", data)
				f.HoldWhole = true
				return f, nil
			}
			if name == "full" { // no file of this process may be larger
				signal.Ignore(syscall.SIGXFSZ)
				var old syscall.Rlimit
				if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
					t.Fatal(err)
				}
				if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 12<<20 + 77, Max: old.Max}); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
						t.Error(err)
					}
					signal.Reset(syscall.SIGXFSZ)
				})
			}
			resp, body, err := w.get(t, wheel)
			if err != nil || resp.Status != "502 assay: assay could not hold the file back: its folder cannot be written to" {
				t.Fatalf("%v, %v", resp, err)
			}
			if p := problemOf(t, resp, body); p.Hint != "make room on the disk, or give assay another folder: set ASSAY_HOME" || bytes.Contains(body, data[:16]) {
				t.Errorf("%+v", p)
			}
			if got := w.desk.causes(); len(got) != 1 || got[0] != "file.unavailable: assay could not hold the file back: its folder cannot be written to" {
				t.Errorf("the desk heard %q", got)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%d files are left", len(left))
			}
		})
	}
	// There is room again.
	w := newWorld(t, serve(data), func(c *intercept.Config) { c.SpoolDir = full })
	w.desk.file = func(*url.URL) (*catalog.File, error) {
		f := promise("foo-1.0-py3-none-any.whl", data)
		f.HoldWhole = true
		return f, nil
	}
	if _, body, err := w.get(t, wheel); err != nil || !bytes.Equal(body, data) {
		t.Errorf("%v, %d bytes", err, len(body))
	}
}
