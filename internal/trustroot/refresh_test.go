package trustroot

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var clock = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

func (r *repository) options(dir string) RefreshOptions {
	return RefreshOptions{Dir: dir, Mirror: r.url, Root: r.first, Timeout: 10 * time.Second,
		Now: func() time.Time { return clock }}
}

func refresh(t *testing.T, r *repository, dir string) Result {
	t.Helper()
	res, err := Refresh(t.Context(), r.options(dir))
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestRefresh(t *testing.T) {
	r, dir := newRepository(t), t.TempDir()
	one, two := trusted(t), trusted(t)
	r.publish(1, one)
	res := refresh(t, r, dir)
	if !res.Changed || res.Origin != Refreshed || !res.Date.Equal(clock) || res.Root == nil || res.Path != copyPath(dir) {
		t.Errorf("the first refresh came to %+v", res)
	}
	if res = refresh(t, r, dir); res.Changed {
		t.Errorf("a refresh of nothing new came to %+v", res)
	}
	r.publish(2, two)
	if res = refresh(t, r, dir); !res.Changed {
		t.Errorf("a refresh of something new came to %+v", res)
	}
	l, err := Load(Options{Dir: dir})
	if err != nil || l.Origin != Refreshed || !l.Date.Equal(clock) || l.Note != "" {
		t.Errorf("in use is %+v, %v", l, err)
	}
	if age, ok := l.Age(clock.Add(time.Hour)); !ok || age != time.Hour {
		t.Errorf("the age is %s, %v", age, ok)
	}
	if age, ok := l.Age(clock.Add(-time.Hour)); !ok || age != 0 {
		t.Errorf("by a clock that is behind the age is %s, %v", age, ok)
	}
	leftovers(t, dir)
}

// leftovers fails where a refresh left temporary files.
func leftovers(t *testing.T, dir string) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && (strings.HasPrefix(d.Name(), ".new-") || strings.HasPrefix(d.Name(), ".probe")) {
			t.Errorf("%s is left over", path)
		}
		return nil
	})
}

// flip replaces the first occurrence of a text.
func flip(old, changed string) func([]byte) []byte {
	return func(data []byte) []byte { return bytes.Replace(data, []byte(old), []byte(changed), 1) }
}

// TestRefused is what a repository may do wrong, on purpose or not. Each must
// leave the copy of before.
func TestRefused(t *testing.T) {
	old := trusted(t)
	for _, c := range []struct {
		name string
		do   func(r *repository)
		want error
	}{
		{"an expired timestamp", func(r *repository) { r.publish(2, trusted(r.tb), "timestamp") }, ErrRefused},
		{"an expired snapshot", func(r *repository) { r.publish(2, trusted(r.tb), "snapshot") }, ErrRefused},
		{"expired targets", func(r *repository) { r.publish(2, trusted(r.tb), "targets") }, ErrRefused},
		{"an expired root", func(r *repository) {
			r.root.Signed.Version, r.root.Signed.Expires = 2, time.Now().Add(-time.Hour)
			r.publishRoot()
		}, ErrRefused},
		{"a wrong key for the timestamp", func(r *repository) { r.addKey("timestamp"); r.publish(2, trusted(r.tb)) }, ErrRefused},
		{"a wrong key for the targets", func(r *repository) { r.addKey("targets"); r.publish(2, trusted(r.tb)) }, ErrRefused},
		{"a root by another key", func(r *repository) { r.addKey("root"); r.root.Signed.Version = 2; r.publishRoot() }, ErrRefused},
		{"a root that skips a version", func(r *repository) {
			r.root.Signed.Version = 3
			r.publishRoot()
			r.put("/2.root.json", r.files["/3.root.json"])
		}, ErrRefused},
		{"a tampered timestamp", func(r *repository) {
			r.publish(2, trusted(r.tb))
			r.change("/timestamp.json", flip(`"version":2`, `"version":9`))
		}, ErrRefused},
		{"tampered targets", func(r *repository) {
			r.publish(2, trusted(r.tb))
			r.change("2.targets.json", flip(`"length":`, `"length":1`))
		}, ErrRefused},
		{"a swapped target", func(r *repository) {
			r.publish(2, trusted(r.tb))
			other := trusted(r.tb)
			r.change("/targets/", func([]byte) []byte { return other })
		}, ErrRefused},
		{"an oversized target", func(r *repository) {
			r.publish(2, trusted(r.tb))
			r.change("/targets/", func(b []byte) []byte { return append(b, ' ') })
		}, ErrRefused},
		{"an oversized timestamp", func(r *repository) {
			r.change("/timestamp.json", func(b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), 1<<20)...) })
		}, ErrRefused},
		{"an endless answer", func(r *repository) {
			r.answer(func(w http.ResponseWriter, _ *http.Request) bool {
				for range 64 << 10 {
					if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<10)); err != nil {
						break
					}
				}
				return true
			})
		}, ErrRefused},
		{"a mix of versions", func(r *repository) {
			r.publish(2, trusted(r.tb))
			r.change("/2.targets.json", func([]byte) []byte { return r.files["/1.targets.json"] })
		}, ErrRefused},
		{"no JSON", func(r *repository) { r.put("/timestamp.json", []byte("<html>")) }, ErrRefused},
		{"a null role", func(r *repository) {
			r.put("/2.root.json", []byte(`{"signed":{"_type":"root","version":2,"roles":{"root":null},"keys":{"a":null}},"signatures":[]}`))
		}, ErrRefused},
		{"a target that is no trusted root", func(r *repository) { r.publish(2, []byte(`{"a":1}`)) }, ErrRefused},
		{"a target that is cut off", func(r *repository) { r.publish(2, old[:len(old)/2]) }, ErrRefused},
		{"a missing target", func(r *repository) { r.publish(2, trusted(r.tb)); r.gone("/targets/") }, ErrUnreachable},
		{"a missing timestamp", func(r *repository) { r.gone("/timestamp.json") }, ErrUnreachable},
		{"an error", func(r *repository) {
			r.answer(func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true })
		}, ErrUnreachable},
		{"an answer that breaks off", func(r *repository) {
			r.answer(func(w http.ResponseWriter, q *http.Request) bool {
				w.Header().Set("Content-Length", "1000")
				_, _ = w.Write([]byte("{"))
				return true
			})
		}, ErrUnreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, dir := newRepository(t), t.TempDir()
			r.publish(1, old)
			refresh(t, r, dir)
			before, err := os.ReadFile(copyPath(dir))
			if err != nil {
				t.Fatal(err)
			}
			r.tb = t
			c.do(r)
			_, err = Refresh(t.Context(), r.options(dir))
			if !errors.Is(err, c.want) {
				t.Errorf("the error is %v, want %v", err, c.want)
			}
			if after, err := os.ReadFile(copyPath(dir)); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the copy of before is gone (%v)", err)
			}
			if l, err := Load(Options{Dir: dir}); err != nil || l.Origin != Refreshed {
				t.Errorf("in use is %+v, %v", l, err)
			}
			leftovers(t, dir)
		})
	}
}

func (r *repository) gone(part string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for path := range r.files {
		if strings.Contains(path, part) {
			delete(r.files, path)
		}
	}
}

// TestRollback serves a state that was right before.
func TestRollback(t *testing.T) {
	r, dir := newRepository(t), t.TempDir()
	r.publish(1, trusted(t))
	first := r.snapshotFiles()
	r.publish(2, trusted(t))
	refresh(t, r, dir)
	before, err := os.ReadFile(copyPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	r.restore(first)
	if _, err := Refresh(t.Context(), r.options(dir)); !errors.Is(err, ErrRefused) {
		t.Errorf("the error is %v, want %v", err, ErrRefused)
	}
	if after, err := os.ReadFile(copyPath(dir)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the copy of before is gone (%v)", err)
	}
}

// TestRevokedKeys serves, after a rotation of all keys, the state of before under
// a new number, signed with the keys that the rotation took away.
func TestRevokedKeys(t *testing.T) {
	r, dir := newRepository(t), t.TempDir()
	r.publish(1, trusted(t))
	r.root.Signed.Version = 2
	revoked := map[string][]byte{}
	for _, role := range roleNames[1:] {
		revoked[role] = r.keys[role]
		for _, id := range append([]string(nil), r.root.Signed.Roles[role].KeyIDs...) {
			if err := r.root.Signed.RevokeKey(id, role); err != nil {
				t.Fatal(err)
			}
		}
		r.addKey(role)
	}
	r.publishRoot()
	r.publish(2, trusted(t))
	refresh(t, r, dir)

	// The attacker has the old keys, and hides the new root.
	for role, key := range revoked {
		r.keys[role] = key
	}
	r.gone("/2.root.json")
	r.publish(3, trusted(t))
	if _, err := Refresh(t.Context(), r.options(dir)); !errors.Is(err, ErrRefused) {
		t.Errorf("the error is %v, want %v", err, ErrRefused)
	}
}

func TestSlow(t *testing.T) {
	r, dir := newRepository(t), t.TempDir()
	r.publish(1, trusted(t))
	done := make(chan struct{})
	defer close(done)
	r.answer(func(w http.ResponseWriter, q *http.Request) bool {
		for {
			if _, err := w.Write([]byte(" ")); err != nil {
				return true
			}
			w.(http.Flusher).Flush()
			select {
			case <-done:
				return true
			case <-q.Context().Done():
				return true
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	o := r.options(dir)
	o.Timeout = 300 * time.Millisecond
	start := time.Now()
	_, err := Refresh(t.Context(), o)
	if !errors.Is(err, ErrUnreachable) || err.Error() != "the trusted root's repository is out of reach: it took longer than 300ms" {
		t.Errorf("the error is %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := Refresh(ctx, r.options(dir)); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want %v", err, context.Canceled)
	}
}

func TestUnreachable(t *testing.T) {
	r := newRepository(t)
	o := r.options(t.TempDir())
	o.Mirror = "http://127.0.0.1:1"
	if _, err := Refresh(t.Context(), o); !errors.Is(err, ErrUnreachable) {
		t.Errorf("the error is %v, want %v", err, ErrUnreachable)
	}
}

func TestState(t *testing.T) {
	r := newRepository(t)
	r.publish(1, trusted(t))
	if _, err := Refresh(t.Context(), RefreshOptions{}); !errors.Is(err, ErrState) || err.Error() != "the state folder cannot be used: none is named" {
		t.Errorf("without a folder the error is %v", err)
	}
	inFile := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(inFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Refresh(t.Context(), r.options(inFile)); !errors.Is(err, ErrState) {
		t.Errorf("in a file the error is %v", err)
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(closed, 0o700)
	if os.Geteuid() == 0 {
		t.Log("a read-only folder stops everybody but root, who runs this")
	} else if _, err := Refresh(t.Context(), r.options(closed)); !errors.Is(err, ErrState) {
		t.Errorf("in a read-only folder the error is %v", err)
	}
	for _, root := range []string{"x", "null", `{"signed":null}`, `{"signed":{"_type":"root","roles":{"root":null}}}`} {
		o := r.options(t.TempDir())
		o.Root = []byte(root)
		if _, err := Refresh(t.Context(), o); !errors.Is(err, ErrRoot) && !errors.Is(err, ErrRefused) {
			t.Errorf("from the root %s the error is %v", root, err)
		}
	}
}

// failing is a file that fails at one step.
type failing struct {
	*os.File
	at string
}

var errFull = errors.New("no space left on device")

func (f failing) Write(p []byte) (int, error) {
	switch f.at {
	case "write":
		n, _ := f.File.Write(p[:len(p)/2])
		return n, errFull
	case "short write":
		return f.File.Write(p[:len(p)/2])
	}
	return f.File.Write(p)
}

func (f failing) Sync() error {
	if f.at == "sync" {
		return errFull
	}
	return f.File.Sync()
}

func (f failing) Close() error {
	err := f.File.Close()
	if f.at == "close" {
		return errFull
	}
	return err
}

// TestFull fails each step of writing the copy.
func TestFull(t *testing.T) {
	r, dir := newRepository(t), t.TempDir()
	r.publish(1, trusted(t))
	refresh(t, r, dir)
	before, err := os.ReadFile(copyPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	version := int64(1)
	for _, at := range []string{"create", "write", "short write", "sync", "close"} {
		version++
		r.publish(version, trusted(t))
		o := r.options(dir)
		o.create = func(dir, pattern string) (file, error) {
			if at == "create" {
				return nil, errFull
			}
			f, err := os.CreateTemp(dir, pattern)
			return failing{f, at}, err
		}
		if _, err := Refresh(t.Context(), o); !errors.Is(err, ErrState) {
			t.Errorf("%s: the error is %v, want %v", at, err, ErrState)
		}
		if after, err := os.ReadFile(copyPath(dir)); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the copy of before is gone (%v)", at, err)
		}
		leftovers(t, dir)
	}
	// Afterwards it works again.
	if res := refresh(t, r, dir); !res.Changed {
		t.Error("the refresh after the failures changed nothing")
	}
}
