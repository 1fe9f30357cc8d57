package main_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/confine"
)

// The pages of docs/installers show what installers say when Assay refuses
// something. Each transcript there is what a real one said, and this test plays
// them all again:
//
//	<!-- transcript: pip pinned -->
//	```
//	$ assay run -- pip install foo==2.0
//	…
//	```

// scene is one transcript.
type scene struct {
	tool    string // the program
	archive string
	files   map[string]string // below the working folder; BENCH stands for the index
	shown   []string          // those of them that the transcript begins with
	env     []string
	venv    bool     // in a virtual environment
	pip     bool     // which has a pip
	before  []string // a command that runs ahead, without Assay
	flags   []string // of "assay run"
	args    []string
	then    []string // files that the transcript ends with
	ok      bool     // it succeeds, and installs nothing that stays

	installed []string // what of foo is installed afterwards
	refused   string   // the code that the transcript must have; empty where Assay must be silent
}

// needsLandlock reports whether the scene can be played only where a command can
// be confined.
func (s scene) needsLandlock() bool { return slices.Contains(s.flags, "--confine") }

// rewriting reports whether the pages are to be written anew. The flag is defined
// by the tests of the package itself.
func rewriting() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

var transcriptMark = regexp.MustCompile("(?s)<!-- transcript: ([^>]+) -->\n```\n(.*?)```\n")

// TestTranscripts plays the scenes and holds the pages to them. With -update it
// writes the pages anew.
func TestTranscripts(t *testing.T) {
	if testing.Short() {
		t.Skip("plays every transcript with real installers")
	}
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "installers", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("there are no pages: %v", err)
	}
	told := map[string]bool{}
	slots := make(chan struct{}, 3)
	for _, page := range pages {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		marks := transcriptMark.FindAllSubmatch(data, -1)
		if len(marks) == 0 {
			continue
		}
		for _, m := range marks {
			told[string(m[1])] = true
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			holdPage(t, page, string(data), slots)
		})
	}
	for name := range scenes {
		if !told[name] {
			t.Errorf("no page has the transcript %q", name)
		}
	}
}

// holdPage plays what a page shows.
func holdPage(t *testing.T, page, text string, slots chan struct{}) {
	var mu sync.Mutex
	now := map[string]string{}
	t.Cleanup(func() {
		if !rewriting() {
			return
		}
		out := transcriptMark.ReplaceAllStringFunc(text, func(block string) string {
			name := transcriptMark.FindStringSubmatch(block)[1]
			if played, ok := now[name]; ok {
				return fmt.Sprintf("<!-- transcript: %s -->\n```\n%s```\n", name, played)
			}
			return block
		})
		if err := os.WriteFile(page, []byte(out), 0o644); err != nil {
			t.Error(err)
		}
	})
	for _, m := range transcriptMark.FindAllStringSubmatch(text, -1) {
		name, want := m[1], m[2]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			s, ok := scenes[name]
			if !ok {
				t.Fatalf("there is no such scene")
			}
			got := s.play(t)
			mu.Lock()
			now[name] = got
			mu.Unlock()
			if !rewriting() && got != want {
				t.Errorf("%s shows:\n%s\nand this is what happens (go test -run TestTranscripts -update rewrites it):\n%s", filepath.Base(page), want, got)
			}
		})
	}
}

// play runs a scene and returns its transcript.
func (s scene) play(t *testing.T) string {
	t.Helper()
	tools, err := filepath.Abs(filepath.Join("..", "..", ".venv", "bin"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(tools, s.tool) // others of other versions say it in other words
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not there: run 'make tools'", s.tool)
	}
	if s.needsLandlock() && confine.Check() != nil {
		t.Skipf("a command cannot be confined here: %v", confine.Check())
	}
	b := newBench(t, s.archive)
	fill := strings.NewReplacer("BENCH", b.SimpleURL(), "HOME", b.dir).Replace
	b.target = filepath.Join(b.dir, ".venv")
	switch {
	case s.pip:
		if out, err := exec.Command("python3", "-m", "venv", b.target).CombinedOutput(); err != nil {
			t.Fatalf("making a virtual environment: %v: %s", err, out)
		}
	case s.venv:
		b.venv(t)
	}
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		b.write(t, name, fill(s.files[name]))
	}
	for _, name := range s.shown {
		fmt.Fprintf(&out, "$ cat %s\n%s", name, s.files[name])
	}
	env := append(slices.Clone(b.env), "PIP_INDEX_URL="+b.SimpleURL(), "UV_DEFAULT_INDEX="+b.SimpleURL(), "PDM_PYPI_URL="+b.SimpleURL(),
		"PYTHONUNBUFFERED=1", "COLUMNS=1000", "PATH="+strings.Join([]string{filepath.Join(b.dir, "bin"), tools, os.Getenv("PATH")}, string(filepath.ListSeparator)))
	for _, kv := range s.env {
		env = append(env, fill(kv))
	}
	if len(s.before) > 0 {
		cmd := exec.Command(path, s.before...)
		cmd.Env, cmd.Dir = env, b.dir
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	args := make([]string, len(s.args))
	for i, a := range s.args {
		args[i] = fill(a)
	}
	status, said := b.say(t, env, s.flags, append([]string{path}, args...))
	words := slices.Concat([]string{"$ assay run"}, shellWords(s.flags), []string{"--", s.tool}, shellWords(s.args))
	fmt.Fprintf(&out, "%s\n%s$ echo $?\n%d\n", strings.Join(words, " "), b.neutral(said), status)
	s.hold(t, b, status, said)
	for _, name := range s.then {
		data, err := os.ReadFile(filepath.Join(b.dir, name))
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(&out, "$ cat %s\n%s", name, b.neutral(string(data)))
	}
	return out.String()
}

// say runs a command through Assay and returns its status and all that is said.
func (b *bench) say(t *testing.T, env, flags, command []string) (int, string) {
	t.Helper()
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, assay, slices.Concat([]string{"run", "--trusted-root", b.root}, flags, []string{"--"}, command)...)
	cmd.Env, cmd.Dir = env, b.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	var ended *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ended) || ctx.Err() != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// hold holds what happened to what the transcript is to show.
func (s scene) hold(t *testing.T, b *bench, status int, said string) {
	t.Helper()
	if got := b.lies(t); !slices.Equal(got, s.installed) {
		t.Errorf("installed %v, want %v; the output was:\n%s", got, s.installed, said)
	}
	if (status == 0) != (s.ok || len(s.installed) > 0) {
		t.Errorf("status %d; the output was:\n%s", status, said)
	}
	if _, err := os.Stat(b.mark()); err == nil {
		t.Errorf("code of a refused package ran; the output was:\n%s", said)
	}
	if s.refused == "" && strings.Contains(said, "assay: ") {
		t.Errorf("Assay did not stay quiet:\n%s", said)
	}
	if !strings.Contains(said, s.refused) {
		t.Errorf("the output lacks %q:\n%s", s.refused, said)
	}
}

// lies lists what is installed of foo anywhere below the bench, but in the caches.
func (b *bench) lies(t *testing.T) []string {
	t.Helper()
	var out []string
	_ = filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // a tool has just removed it
		}
		if path == filepath.Join(b.dir, "assay") || path == filepath.Join(b.dir, ".cache") {
			return fs.SkipDir
		}
		if name, ok := strings.CutSuffix(d.Name(), ".dist-info"); ok && strings.HasPrefix(name, "foo-") {
			out = append(out, name)
		}
		return nil
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// volatile are the parts of an output that differ from run to run, and what
// stands for them.
var volatile = []struct {
	found *regexp.Regexp
	shown string
}{
	{regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`), ""},
	{regexp.MustCompile(`(?m)[ \t]+$`), ""},
	{regexp.MustCompile(`(?m)^[⠀-⣿] .*\n`), ""}, // spinners
	{regexp.MustCompile(`(?m)^(\W*)Traceback \(most recent call last\):\n(?:[ \t]+.*\n)+`), "${1}Traceback (most recent call last):\n  …\n"},
	{regexp.MustCompile(`/packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/`), "/packages/…/"},
	{regexp.MustCompile(`\b([0-9a-f]{8})[0-9a-f]{56}\b`), "$1…"},
	{regexp.MustCompile(`127\.0\.0\.1:[0-9]{4,5}`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`\bin [0-9.]+ ?m?s(econds?)?\b`), "in TIME"},
	{regexp.MustCompile(`\([0-9.]+(=[^()]*)? ?s(econds)?\)`), "(TIME)"},
	{regexp.MustCompile(`\b[0-9]:[0-9]{2}:[0-9]{2}\b`), "TIME"},
	{regexp.MustCompile(`\bpid=[0-9]+`), "pid=PID"},
	{regexp.MustCompile(`\b(pdm-[a-z]+-|cmd_)[0-9a-z_.-]+?(_errors)?\.log`), "$1…$2.log"},
	{regexp.MustCompile(`CPython [0-9.]+ interpreter at: \S+`), "CPython VERSION interpreter at: /usr/bin/python3"},
	{regexp.MustCompile(`\bPython [0-9.]*[0-9]`), "Python VERSION"},
	{regexp.MustCompile(`\b(pip|setuptools|wheel)==[0-9.]+`), "$1==VERSION"},
	{regexp.MustCompile(`[^\s'"]*/(site-packages|bin)/(python|pip)`), "…/$1/$2"},
	{regexp.MustCompile(`[^\s'"]*/site-packages/`), "…/site-packages/"},
	{regexp.MustCompile(`writing outside of [^;]+;`), "writing outside of /home/you, /tmp, /var/tmp;"},
	{regexp.MustCompile(`/tmp/[^\s'",:;]+`), "/tmp/…"},
}

// neutral returns what was said without what differs from run to run.
func (b *bench) neutral(said string) string {
	said = strings.ReplaceAll(said, b.dir, "/home/you")
	said = strings.ReplaceAll(said, b.URL(), "https://index.example")
	for _, v := range volatile {
		said = v.found.ReplaceAllString(said, v.shown)
	}
	if said = strings.TrimRight(said, "\n"); said != "" {
		said += "\n"
	}
	return said
}

// shellWords quotes what a shell would take apart.
func shellWords(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if out[i] = a; strings.ContainsAny(a, " <>*;") {
			out[i] = "'" + a + "'"
		}
	}
	return out
}
