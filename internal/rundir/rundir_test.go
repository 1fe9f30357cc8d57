package rundir

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/filelock"
)

// actAs makes the test binary be a run: it prints its folder, starts a command
// that outlives it if told so, and waits to be killed.
const actAs = "RUNDIR_TEST_ACT_AS_A_RUN_IN"

func TestMain(m *testing.M) {
	parent := os.Getenv(actAs)
	if parent == "" {
		os.Exit(m.Run())
	}
	d, err := Open(parent)
	if err == nil {
		err = os.WriteFile(filepath.Join(d.Path(), "roots.pem"), []byte("roots"), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if len(os.Args) > 1 && os.Args[1] == "with-a-command" {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), actAs+"="+os.Args[2])
		cmd.Stdout = os.Stdout
		if err := cmd.Start(); err != nil {
			os.Exit(1)
		}
	}
	fmt.Println(d.Path(), os.Getpid())
	time.Sleep(time.Minute)
}

// entries lists a folder.
func entries(t testing.TB, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func sweep(t testing.TB, parent string, want int) {
	t.Helper()
	if n, err := Sweep(parent); err != nil || n != want {
		t.Errorf("%d folders were swept, want %d; %v", n, want, err)
	}
}

func TestOpenAndClose(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "state", "run")
	sweep(t, parent, 0) // nothing is there
	d, err := Open(parent)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{parent, d.Path()} {
		if info, err := os.Lstat(path); err != nil || !info.IsDir() || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if filepath.Dir(d.Path()) != parent || len(entries(t, d.Path())) != 0 {
		t.Errorf("the folder is %s", d.Path())
	}
	if err := os.WriteFile(filepath.Join(d.Path(), "a"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	other, err := Open(parent)
	if err != nil || other.Path() == d.Path() {
		t.Fatalf("%+v, %v", other, err)
	}
	sweep(t, parent, 0)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("the second time: %v", err)
	}
	if left := entries(t, parent); len(left) != 2 {
		t.Errorf("%q are left", left)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if left := entries(t, parent); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

// TestASharedParent makes a folder private that others might write to.
func TestASharedParent(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access lists say who may use a folder")
	}
	parent := t.TempDir()
	if err := os.Chmod(parent, 0o777); err != nil {
		t.Fatal(err)
	}
	d, err := Open(parent)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if info, err := os.Stat(parent); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// start starts a run and returns its folder, and those of the command it starts.
func start(t *testing.T, parent string, args ...string) (*exec.Cmd, []string, []int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), actAs+"="+parent)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	var dirs []string
	var pids []int
	for range 1 + len(args)/2 {
		var dir string
		var pid int
		if !lines.Scan() {
			t.Fatal("the run ended")
		}
		if _, err := fmt.Sscan(lines.Text(), &dir, &pid); err != nil {
			t.Fatal(err)
		}
		dirs, pids = append(dirs, dir), append(pids, pid)
	}
	return cmd, dirs, pids
}

// TestKilled kills a run the hard way.
func TestKilled(t *testing.T) {
	parent := t.TempDir()
	dead, dirs, _ := start(t, parent)
	_, alive, _ := start(t, parent)
	sweep(t, parent, 0)
	if err := dead.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	dead.Wait()
	if _, err := os.Stat(filepath.Join(dirs[0], "roots.pem")); err != nil {
		t.Fatal(err)
	}
	sweep(t, parent, 1)
	if left := entries(t, parent); len(left) != 2 || filepath.Join(parent, left[0]) != alive[0] {
		t.Errorf("%q are left, want the living one's", left)
	}
	if _, err := os.Stat(filepath.Join(alive[0], "roots.pem")); err != nil {
		t.Error(err)
	}
}

// TestTheCommandOutlivesTheRun has a command that does not hold its run's lock.
func TestTheCommandOutlivesTheRun(t *testing.T) {
	parent, other := t.TempDir(), t.TempDir()
	run, _, pids := start(t, parent, "with-a-command", other)
	for _, pid := range pids {
		if p, err := os.FindProcess(pid); err == nil {
			defer p.Kill()
		}
	}
	run.Process.Kill()
	run.Wait()
	sweep(t, other, 0) // the command lives
	sweep(t, parent, 1)
	if left := entries(t, parent); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

// TestForeign leaves alone what it did not make.
func TestForeign(t *testing.T) {
	parent, outside := t.TempDir(), t.TempDir()
	name := func(n byte) string { return filepath.Join(parent, strings.Repeat(string(n), 2*nameBytes)) }
	keep := filepath.Join(outside, "keep")
	for _, err := range []error{
		os.WriteFile(keep, []byte("x"), 0o600),
		os.Mkdir(name('a'), 0o700),                                                  // a folder without a lock
		os.Symlink(outside, name('b')), os.WriteFile(name('b')+".lock", nil, 0o600), // a link with one
		os.Symlink(keep, name('c')+".lock"), os.Mkdir(name('c'), 0o700), // a lock that is a link
		os.Mkdir(name('d')+".lock", 0o700),                            // or a folder
		os.WriteFile(filepath.Join(parent, "notes.lock"), nil, 0o600), // another name
		os.WriteFile(filepath.Join(parent, hex.EncodeToString([]byte("short"))+".lock"), nil, 0o600),
		os.WriteFile(name('e'), nil, 0o600), os.WriteFile(name('e')+".lock", nil, 0o600), // a file in its place
		os.WriteFile(name('f')+".lock", nil, 0o600), // a lock without a folder: ours
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	before := entries(t, parent)
	for range 2 {
		sweep(t, parent, 0)
	}
	if after := entries(t, parent); len(after) != len(before)-1 {
		t.Errorf("left of %q is %q", before, after)
	}
	if _, err := os.Stat(keep); err != nil {
		t.Error(err)
	}
	// A dead folder's links are removed, and not what they lead to.
	dead := name('9')
	for _, err := range []error{os.WriteFile(dead+".lock", nil, 0o600), os.Mkdir(dead, 0o700), os.Symlink(outside, filepath.Join(dead, "link"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	sweep(t, parent, 1)
	if _, err := os.Stat(keep); err != nil {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("a folder was made below a file")
	}
	if _, err := Sweep(file); err == nil || !strings.HasPrefix(err.Error(), "looking for folders of ended runs: ") {
		t.Errorf("of a file the error is %v", err)
	}
}

// TestManyAtOnce starts and ends runs beside sweeps: no folder disappears while
// it is somebody's, and none stays.
func TestManyAtOnce(t *testing.T) {
	parent := t.TempDir()
	var runs, sweeps sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		sweeps.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if n, err := Sweep(parent); err != nil || n != 0 {
					t.Errorf("%d were swept, %v", n, err)
					return
				}
			}
		})
	}
	for range 6 {
		runs.Go(func() {
			for range 100 {
				d, err := Open(parent)
				if err != nil {
					t.Error(err)
					return
				}
				file := filepath.Join(d.Path(), "roots.pem")
				if err := os.WriteFile(file, nil, 0o600); err != nil {
					t.Error(err)
				}
				runtime.Gosched()
				if _, err := os.Stat(file); err != nil {
					t.Error(err)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	runs.Wait()
	close(stop)
	sweeps.Wait()
	if left := entries(t, parent); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

// TestFaults makes every step fail: nothing is left behind that a sweep cannot
// remove, no lock file is lost before its folder, and a living folder is safe.
func TestFaults(t *testing.T) {
	broken := errors.New("broken")
	on := func(nth int, err error) func() error {
		n := 0
		return func() error {
			if n++; n == nth {
				return err
			}
			return nil
		}
	}
	for _, c := range []struct {
		name   string
		spoil  func(*calls)
		opened string // the error of Open
		closed string // and of Close
		left   int    // entries after Close, before a sweep
	}{
		{"nothing", func(*calls) {}, "", "", 0},
		{"the lock file", func(c *calls) {
			c.open = func(string, int, fs.FileMode) (*os.File, error) { return nil, broken }
		}, "making the folder for the run: broken", "", 0},
		{"locking", func(c *calls) { c.lock = func(*os.File) error { return broken } }, "making the folder for the run: broken", "", 0},
		{"held once", func(c *calls) {
			fail := on(1, errHeld)
			c.lock = func(f *os.File) error {
				if err := fail(); err != nil {
					return err
				}
				return filelock.Try(f)
			}
		}, "", "", 1}, // whoever held it would have removed it
		{"always held", func(c *calls) { c.lock = func(*os.File) error { return errHeld } }, "no folder for the run could be locked in PARENT", "", maxTries},
		{"swept before it is held", func(c *calls) {
			fail := on(1, broken)
			c.lock = func(f *os.File) error {
				if fail() != nil {
					os.Remove(f.Name())
				}
				return filelock.Try(f)
			}
		}, "", "", 0},
		{"no locks", func(c *calls) { c.lock = func(*os.File) error { return errUnsupported } }, "", "", 0},
		{"the folder", func(c *calls) { c.mkdir = func(string, fs.FileMode) error { return broken } }, "making the folder for the run: broken", "", 0},
		{"the folder is there", func(c *calls) {
			fail := on(1, fs.ErrExist)
			c.mkdir = func(name string, perm fs.FileMode) error {
				if err := fail(); err != nil {
					return err
				}
				return os.Mkdir(name, perm)
			}
		}, "", "", 0},
		{"removing the folder", func(c *calls) { c.removeAll = func(string) error { return broken } }, "", "removing the folder of the run: broken", 2},
		{"removing the lock file", func(c *calls) { c.remove = func(string) error { return broken } }, "", "removing the folder of the run: broken", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			parent := t.TempDir()
			bystander, err := Open(parent)
			if err != nil {
				t.Fatal(err)
			}
			defer bystander.Close()
			calls := system
			c.spoil(&calls)
			d, err := calls.make(parent)
			if got := strings.ReplaceAll(text(err), parent, "PARENT"); got != c.opened {
				t.Fatalf("the error is %q, want %q", got, c.opened)
			}
			if err == nil {
				if err := d.Close(); text(err) != c.closed {
					t.Errorf("the error is %q, want %q", text(err), c.closed)
				}
			}
			if left := entries(t, parent); len(left) != c.left+2 {
				t.Errorf("left is %q", left)
			}
			if _, err := Sweep(parent); err != nil {
				t.Error(err)
			}
			if left := entries(t, parent); len(left) != 2 {
				t.Errorf("after a sweep left is %q", left)
			}
			if _, err := os.Stat(bystander.Path()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSweepFaults makes every step of a sweep fail beside another dead folder.
func TestSweepFaults(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name  string
		spoil func(c *calls, dead string)
		want  string
		swept int // of two
	}{
		{"opening", func(c *calls, dead string) {
			c.open = func(name string, flag int, perm fs.FileMode) (*os.File, error) {
				if name == dead+lockEnding {
					return nil, broken
				}
				return os.OpenFile(name, flag, perm)
			}
		}, "removing the folder of an ended run: broken", 1},
		{"gone meanwhile", func(c *calls, dead string) {
			c.open = func(name string, flag int, perm fs.FileMode) (*os.File, error) {
				f, err := os.OpenFile(name, flag, perm)
				if name == dead+lockEnding { // by another sweep
					os.RemoveAll(dead)
					os.Remove(name)
				}
				return f, err
			}
		}, "", 1},
		{"locking", func(c *calls, dead string) {
			c.lock = func(f *os.File) error {
				if f.Name() == dead+lockEnding {
					return broken
				}
				return filelock.Try(f)
			}
		}, "removing the folder of an ended run: broken", 1},
		{"no locks", func(c *calls, _ string) { c.lock = func(*os.File) error { return errUnsupported } }, "", 0},
		{"removing", func(c *calls, dead string) {
			c.removeAll = func(name string) error {
				if name == dead {
					return broken
				}
				return os.RemoveAll(name)
			}
		}, "removing the folder of an ended run: broken", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			parent := t.TempDir()
			var dead []string
			for n := range 2 {
				path := filepath.Join(parent, strings.Repeat(fmt.Sprint(n), 2*nameBytes))
				dead = append(dead, path)
				if err := errors.Join(os.Mkdir(path, 0o700), os.WriteFile(path+lockEnding, nil, 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			calls := system
			c.spoil(&calls, dead[0])
			if n, err := calls.sweep(parent); n != c.swept || text(err) != c.want {
				t.Errorf("%d were swept, want %d; the error is %q, want %q", n, c.swept, text(err), c.want)
			}
			if _, err := Sweep(parent); err != nil {
				t.Error(err)
			}
			if left := entries(t, parent); len(left) != 0 {
				t.Errorf("left is %q", left)
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func BenchmarkOpenAndClose(b *testing.B) {
	parent := b.TempDir()
	for b.Loop() {
		d, err := Open(parent)
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
