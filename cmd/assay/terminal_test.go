//go:build unix

package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// These tests run installers under Assay on a terminal, and do what a person
// does there: watch, resize the window, press Ctrl-C and Ctrl-Z.

const (
	ctrlC, ctrlZ = "\x03", "\x1a"
	// patience is how long something may take to appear on the terminal.
	patience = 60 * time.Second
)

// terminal is a command on a terminal of its own.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	pty  *os.File
	read chan struct{} // closed when nothing more will be shown

	mu     sync.Mutex
	screen bytes.Buffer
}

// open starts a command on a new terminal.
func (b *bench) open(t *testing.T, command ...string) *terminal {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = b.dir
	for _, kv := range b.env {
		if !strings.HasPrefix(kv, "NO_COLOR=") && !strings.HasPrefix(kv, "CI=") && !strings.HasPrefix(kv, "COLUMNS=") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "TERM=xterm-256color")
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 30, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	s := &terminal{t: t, cmd: cmd, pty: f, read: make(chan struct{})}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		f.Close()
	})
	go func() {
		defer close(s.read)
		piece := make([]byte, 4096)
		for {
			n, err := f.Read(piece)
			s.mu.Lock()
			s.screen.Write(piece[:n])
			s.mu.Unlock()
			if err != nil {
				return // the command's side is closed
			}
		}
	}()
	return s
}

func (s *terminal) shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.String()
}

// await waits until the terminal shows a text.
func (s *terminal) await(text string) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if strings.Contains(s.shown(), text) {
			return
		}
	}
	s.t.Fatalf("the terminal does not show %q but:\n%s", text, s.shown())
}

func (s *terminal) press(keys string) {
	s.t.Helper()
	if _, err := s.pty.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// wait waits for the command's end, and returns its status and all that was
// shown.
func (s *terminal) wait() (int, string) {
	s.t.Helper()
	timer := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	err := s.cmd.Wait()
	if !timer.Stop() {
		s.t.Fatalf("the command does not end; it showed:\n%s", s.shown())
	}
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		s.t.Fatal(err)
	}
	select {
	case <-s.read:
	case <-time.After(time.Second): // a background process holds the terminal
	}
	if ws, ok := s.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), s.shown() // as shells have it
	}
	return s.cmd.ProcessState.ExitCode(), s.shown()
}

// installation is how an installer is called on a terminal.
func (b *bench) installation(t *testing.T, installer string, names ...string) []string {
	t.Helper()
	command := []string{program(t, installer)}
	if installer == "uv" {
		command = append(command, "pip")
	}
	return append(append(command, "install", "--target", b.target, "--index-url", b.SimpleURL()), names...)
}

// slowArchive has a package that takes a second or two to arrive.
const slowArchive = `
-- foo-1.0-py3-none-any.whl --
pad: 9MiB
misbehave: slow 6000000
-- foo-2.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
misissue: wrong-digest
`

// uncached is how each installer is told to keep nothing.
var uncached = map[string]string{"pip": "--no-cache-dir", "uv": "--no-cache"}

// controls are the control sequences of terminals (ECMA-48).
var controls = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

func TestTerminalProgress(t *testing.T) {
	t.Parallel()
	bars := map[string]string{"pip": "━", "uv": "\x1b["}
	for _, installer := range installers {
		t.Run(installer, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, slowArchive)
			_, plain := b.open(t, append(b.installation(t, installer, "foo<2"), uncached[installer])...).wait()
			if err := os.RemoveAll(b.target); err != nil {
				t.Fatal(err)
			}
			status, shown := b.open(t, b.under(t, b.installation(t, installer, "foo<2")...)...).wait()
			if status != 0 {
				t.Errorf("status %d:\n%s", status, shown)
			}
			shown, report, found := strings.Cut(shown, "assay: ")
			if !found || !strings.Contains(report, "1 package refused, 1 allowed") {
				t.Errorf("no report at the end:\n%s", report)
			}
			// The bar moves as often, give or take, and in the same colours.
			before, after := strings.Count(plain, bars[installer]), strings.Count(shown, bars[installer])
			if before < 10 || after < before/4 {
				t.Errorf("without Assay %d pieces of a bar, with it %d:\n%q", before, after, shown)
			}
			if want, got := kinds(plain), kinds(shown); !slices.Equal(got, want) {
				t.Errorf("without Assay the terminal is controlled by %q, with it by %q", want, got)
			}
		})
	}
}

// kinds are the different control sequences of a text, without the numbers that
// say where the cursor goes.
func kinds(text string) []string {
	var out []string
	for _, c := range controls.FindAllString(text, -1) {
		if strings.HasSuffix(c, "m") || strings.Contains(c, "?") {
			out = append(out, c)
		} else {
			out = append(out, c[len(c)-1:])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestTerminalColours shows that an installer that fails for a reason of its own
// looks on a terminal as it does without Assay.
func TestTerminalColours(t *testing.T) {
	t.Parallel()
	for _, installer := range installers {
		t.Run(installer, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, slowArchive)
			command := b.installation(t, installer, "nothing-of-the-kind")
			want, plain := b.open(t, command...).wait()
			status, shown := b.open(t, b.under(t, command...)...).wait()
			if status != want {
				t.Errorf("status %d, without Assay %d", status, want)
			}
			if len(controls.FindAllString(plain, -1)) == 0 {
				t.Error("there is no colour even without Assay: the test shows nothing")
			}
			if got := kinds(shown); !slices.Equal(got, kinds(plain)) {
				t.Errorf("without Assay:\n%q\nwith it:\n%q", plain, shown)
			}
		})
	}
}

// python runs a script under Assay on a terminal.
func (b *bench) python(t *testing.T, script string) *terminal {
	t.Helper()
	return b.open(t, b.under(t, program(t, "python3"), "-uc", script)...)
}

func TestTerminalIsTheCommands(t *testing.T) {
	t.Parallel()
	b := newBench(t, slowArchive)
	status, shown := b.python(t, `import os
print([os.isatty(n) for n in range(3)], os.get_terminal_size(), os.environ["TERM"], "COLUMNS" in os.environ)
print(os.tcgetpgrp(0) == os.getpgrp(), os.open("/dev/tty", os.O_RDWR) > 2)`).wait()
	for _, want := range []string{
		"[True, True, True] os.terminal_size(columns=100, lines=30) xterm-256color False",
		"True True",
	} {
		if status != 0 || !strings.Contains(shown, want) {
			t.Errorf("status %d, the terminal does not show %q but:\n%s", status, want, shown)
		}
	}
}

func TestTerminalWindowSize(t *testing.T) {
	t.Parallel()
	b := newBench(t, slowArchive)
	s := b.python(t, `import os, signal
signal.signal(signal.SIGWINCH, lambda *_: None)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
print("ready")
signal.sigwait([signal.SIGWINCH])
print("now", os.get_terminal_size().columns)`)
	s.await("ready")
	if err := pty.Setsize(s.pty, &pty.Winsize{Rows: 40, Cols: 132}); err != nil {
		t.Fatal(err)
	}
	if status, shown := s.wait(); status != 0 || !strings.Contains(shown, "now 132") {
		t.Errorf("status %d:\n%s", status, shown)
	}
}

// TestTerminalInterrupt presses Ctrl-C: the command ends as it likes, with its
// own status, and the report appears all the same.
func TestTerminalInterrupt(t *testing.T) {
	t.Parallel()
	t.Run("the command's own status", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, slowArchive)
		s := b.python(t, `import sys, time
try:
    print("ready")
    time.sleep(60)
except KeyboardInterrupt:
    print("tidying up")
    time.sleep(0.3)
    sys.exit(42)`)
		s.await("ready")
		s.press(ctrlC)
		if status, shown := s.wait(); status != 42 || !strings.Contains(shown, "tidying up") {
			t.Errorf("status %d:\n%s", status, shown)
		}
	})
	for _, installer := range installers {
		t.Run(installer, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, strings.Replace(slowArchive, "6000000", "600000", 1))
			statuses := map[bool]int{}
			for _, assay := range []bool{false, true} {
				command := b.installation(t, installer, "foo")
				if assay {
					command = b.under(t, command...)
				} else {
					command = append(command, "foo<2", uncached[installer])
				}
				s := b.open(t, command...)
				b.downloading(s)
				s.press(ctrlC)
				status, shown := s.wait()
				statuses[assay] = status
				if assay {
					for _, want := range []string{"foo 2.0", "the provenance is about another file", "1 package refused"} {
						if !strings.Contains(shown, want) {
							t.Errorf("the report lacks %q:\n%s", want, shown)
						}
					}
					if _, err := os.Stat(filepath.Join(b.dir, "report.json")); err != nil {
						t.Error(err)
					}
				}
				b.ResetRequests()
			}
			if statuses[true] != statuses[false] || statuses[true] == 0 {
				t.Errorf("status %d, without Assay %d", statuses[true], statuses[false])
			}
		})
	}
}

// downloading waits until the slow file is on its way.
func (b *bench) downloading(s *terminal) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		for _, q := range b.Requests() {
			if strings.HasSuffix(q.Path, "foo-1.0-py3-none-any.whl") && q.Bytes > 100_000 {
				time.Sleep(300 * time.Millisecond) // the installer has seen some of it
				return
			}
		}
	}
	s.t.Fatalf("nothing is downloaded:\n%s", s.shown())
}

// TestTerminalJobControl presses Ctrl-Z in a shell, and brings the job back.
func TestTerminalJobControl(t *testing.T) {
	t.Parallel()
	shell := program(t, "bash")
	for _, installer := range installers {
		t.Run(installer, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, strings.Replace(slowArchive, "6000000", "3000000", 1))
			b.env = append(b.env, "PS1=prompt> ")
			s := b.open(t, shell, "--norc", "--noprofile", "-i")
			s.await("prompt> ")
			line := ""
			for _, word := range b.under(t, b.installation(t, installer, "foo<2")...) {
				line += "'" + word + "' "
			}
			s.press(line + "\r")
			b.downloading(s)
			s.press(ctrlZ)
			s.await("Stopped")
			if b.has(t) != nil {
				t.Errorf("installed %v while it was stopped", b.has(t))
			}
			s.press("jobs -l; echo still-$((40+2))\r")
			s.await("still-42")
			s.press("fg\r")
			s.await("1 package refused, 1 allowed")
			s.press("echo status-$?-$((40+2))\r")
			s.await("status-0-42")
			s.press("exit\r")
			if status, shown := s.wait(); status != 0 {
				t.Errorf("the shell's status %d:\n%s", status, shown)
			}
			if got := fmt.Sprint(b.has(t)); got != "[foo-1.0]" {
				t.Errorf("installed %s:\n%s", got, s.shown())
			}
		})
	}
}
