package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"assay/internal/indextest"
)

// goodIndex is the index that each kind of bad input is then made of.
const goodIndex = `
-- demo-1.0-py3-none-any.whl --
publisher: github:acme/demo@release.yml
pad: 20KiB
`

const (
	demoPage       = "demo/"
	demoFile       = "demo-1.0-py3-none-any.whl"
	demoProvenance = demoFile + ".provenance"
	demoMetadata   = demoFile + ".metadata"
)

// badInput is one way in which an index can be wrong.
type badInput struct {
	name    string
	archive string // goodIndex unless given
	target  string // what misbehaves
	fault   string // how
	handler http.Handler
	// slow inputs take as long as the program's patience; only the URL in
	// question is asked for.
	slow bool
	// passes says that the file may be had: nothing about it is refused. marked
	// says that the page may, with its files marked as refused.
	passes, marked bool
}

// badInputs are played against `assay run` and `assay verify NAME==VERSION`.
// What these say is in testdata/badinput.txtar, under "run NAME" and "verify NAME".
var badInputs = []badInput{
	{name: "nothing wrong", passes: true},

	{name: "page truncated", target: demoPage, fault: "truncated"},
	{name: "page cut", target: demoPage, fault: "cut"},
	{name: "page oversized", target: demoPage, fault: "oversized 65MiB"},
	{name: "page endless", target: demoPage, fault: "endless"},
	{name: "page nested", target: demoPage, fault: "nested"},
	{name: "page with a key twice", target: demoPage, fault: "duplicate-keys"},
	{name: "page not json", target: demoPage, fault: "not-json"},
	{name: "page empty", target: demoPage, fault: "truncated 0"},
	{name: "page of another type", target: demoPage, fault: "content-type image/png"},
	{name: "page of an unknown version", target: demoPage, fault: `body {"meta":{"api-version":"2.0"},"name":"demo","files":[]}`},
	{name: "page of another project", target: demoPage, fault: "wrong-name"},
	{name: "page with a foreign file", target: demoPage, fault: "foreign-file"},
	{name: "page with a file twice", target: demoPage, fault: "duplicate-file", marked: true},
	{name: "page with wrong hashes", target: demoPage, fault: "wrong-hash", marked: true},
	{name: "page with endless headers", target: demoPage, fault: "endless-headers"},
	{name: "page redirected in circles", target: demoPage, fault: "redirect loop"},
	{name: "page redirected to a file", target: demoPage, fault: "redirect file:///etc/passwd"},
	{name: "page dropped", target: demoPage, fault: "drop"},
	{name: "page in a coding nobody asked for", handler: encoded("br", []byte("\x0b\x02\x80{}\x03"))},
	{name: "page in broken gzip", handler: encoded("gzip", []byte("no gzip"))},
	{name: "page that is a bomb", handler: encoded("gzip", bomb())},
	{name: "page slow", target: demoPage, fault: "slow 1", slow: true},

	{name: "provenance truncated", target: demoProvenance, fault: "truncated"},
	{name: "provenance cut", target: demoProvenance, fault: "cut"},
	{name: "provenance oversized", target: demoProvenance, fault: "oversized 3MiB"},
	{name: "provenance endless", target: demoProvenance, fault: "endless"},
	{name: "provenance nested", target: demoProvenance, fault: "nested"},
	{name: "provenance with a key twice", target: demoProvenance, fault: "duplicate-keys"},
	{name: "provenance not json", target: demoProvenance, fault: "not-json"},
	{name: "provenance of another type", target: demoProvenance, fault: "content-type text/html"},
	{name: "provenance missing", target: demoProvenance, fault: "status 404"},
	{name: "provenance with endless headers", target: demoProvenance, fault: "endless-headers"},
	{name: "provenance redirected in circles", target: demoProvenance, fault: "redirect loop"},
	{name: "provenance dropped", target: demoProvenance, fault: "drop"},
	{name: "provenance that is a bomb", target: demoProvenance, fault: "gzip-bomb 10GiB"},
	{name: "provenance slow", target: demoProvenance, fault: "slow 1", slow: true},

	{name: "file truncated", target: demoFile, fault: "truncated"},
	{name: "file cut", target: demoFile, fault: "cut"},
	{name: "file swapped", target: demoFile, fault: "swapped"},
	{name: "file flipped", target: demoFile, fault: "flipped"},
	{name: "file oversized", target: demoFile, fault: "oversized 20MiB"},
	{name: "file endless", target: demoFile, fault: "endless"},
	{name: "file with endless headers", target: demoFile, fault: "endless-headers"},
	{name: "file redirected in circles", target: demoFile, fault: "redirect loop"},
	{name: "file dropped", target: demoFile, fault: "drop"},
	{name: "file missing", target: demoFile, fault: "status 404"},
	{name: "file that is a bomb", target: demoFile, fault: "gzip-bomb 10GiB"},
	{name: "file slow", target: demoFile, fault: "slow 1", slow: true},

	{name: "metadata swapped", target: demoMetadata, fault: "swapped"},
	{name: "metadata endless", target: demoMetadata, fault: "endless", passes: true},

	{name: "clock behind", passes: true, archive: `
-- demo-1.0-py3-none-any.whl --
publisher: github:acme/demo@release.yml
upload-time: 2048-01-01T00:00:00Z
`},
}

// encoded serves one body, in a content coding, for whatever is asked.
func encoded(coding string, body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
		w.Header().Set("Content-Encoding", coding)
		_, _ = w.Write(body) // a client that hangs up is right to
	})
}

// bomb is 10 GiB of spaces in gzip members of 64 MiB.
func bomb() []byte {
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	spaces := bytes.Repeat([]byte(" "), 1<<20)
	for range 64 {
		_, _ = z.Write(spaces) // a bytes.Buffer takes everything
	}
	_ = z.Close()
	return bytes.Repeat(member.Bytes(), 160)
}

// patience is how long any bad input may keep the program busy: the longest
// waits are 20 s for a page or a file that trickles in.
const patience = 60 * time.Second

func TestBadInput(t *testing.T) {
	golden := filepath.Join("testdata", "badinput.txtar")
	archive, err := txtar.ParseFile(golden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := map[string]string{}
	if err == nil {
		for _, f := range archive.Files {
			want[f.Name] = string(f.Data)
		}
	}
	plays := playAll(t)
	if *update {
		writeGolden(t, golden, plays)
		return
	}
	for _, p := range plays {
		t.Run(p.name, func(t *testing.T) {
			if p.err != nil {
				t.Fatal(p.err)
			}
			if got := p.text(); got != want[p.name] {
				t.Errorf("got\n%s\nwant\n%s", got, want[p.name])
			}
		})
	}
}

func writeGolden(t *testing.T, path string, plays []*play) {
	t.Helper()
	out := txtar.Archive{Comment: []byte("What assay run and assay verify do about each of badInputs (go test -update writes it anew).\n")}
	for _, p := range plays {
		if p.err != nil {
			t.Errorf("%s: %v", p.name, p.err)
		}
		out.Files = append(out.Files, txtar.File{Name: p.name, Data: []byte(p.text())})
	}
	if err := os.WriteFile(path, txtar.Format(&out), 0o644); err != nil {
		t.Fatal(err)
	}
}

// playAll plays every bad input in both ways. Those that only wait do so side by
// side; of the others a few run at once.
func playAll(t *testing.T) []*play {
	t.Helper()
	var plays []*play
	for _, way := range []string{"run", "verify"} {
		for _, b := range badInputs {
			if b.slow && testing.Short() && !*update {
				continue
			}
			if way == "verify" && b.target == demoMetadata {
				continue // it asks for no metadata
			}
			plays = append(plays, &play{name: way + " " + b.name, way: way, badInput: b, dir: t.TempDir()})
		}
	}
	slots := make(chan struct{}, 3)
	var wg sync.WaitGroup
	for _, p := range plays {
		wg.Go(func() {
			if !p.slow {
				slots <- struct{}{}
				defer func() { <-slots }()
			}
			p.err = p.play()
		})
	}
	wg.Wait()
	return plays
}

// play is one bad input against one command.
type play struct {
	badInput
	name string
	way  string
	dir  string

	status   int
	out, log string
	err      error
}

// text is what the command did, without what differs from run to run.
func (p *play) text() string {
	return fmt.Sprintf("exit status %d\nstdout:\n%s\nstderr:\n%s", p.status, stable(p.out), stable(p.log))
}

func (p *play) play() error {
	base, urls, done, err := p.serve()
	if err != nil {
		return err
	}
	defer done()
	home := filepath.Join(p.dir, "home")
	args := []string{"verify", "--trusted-root", filepath.Join(p.dir, "root.json"), "demo==1.0"}
	if p.way == "run" {
		args = append([]string{"run", "--trusted-root", filepath.Join(p.dir, "root.json"), "--", "getter"}, urls...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "assay", args...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + p.dir, "HOME=" + p.dir, "ASSAY_HOME=" + home,
		"PIP_INDEX_URL=" + base + "/simple/", "PIP_CONFIG_FILE=" + os.DevNull, "UV_NO_CONFIG=1"}
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	p.out, p.log = out.String(), log.String()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("it hangs: nothing after %s", patience)
	case errors.As(err, &ended):
		p.status = ended.ExitCode()
	case err != nil:
		return err
	}
	return errors.Join(p.checkBytes(), p.checkState(home))
}

// serve starts the index, and returns what the getter asks for: the page and the
// file, or only what is slow.
func (p *play) serve() (base string, urls []string, done func(), err error) {
	if p.handler != nil {
		s := httptest.NewServer(p.handler)
		return s.URL, []string{s.URL + "/simple/demo/"}, s.Close, os.WriteFile(filepath.Join(p.dir, "root.json"), emptyRoot, 0o600)
	}
	archive := p.archive
	if archive == "" {
		archive = goodIndex
	}
	s, err := indextest.New([]byte(archive))
	if err != nil {
		return "", nil, nil, err
	}
	if p.target != "" {
		if err := s.Misbehave(p.target, p.fault); err != nil {
			return "", nil, nil, err
		}
	}
	if err := s.Start(); err != nil {
		return "", nil, nil, err
	}
	f, _ := s.File(demoFile)
	page := s.SimpleURL() + "demo/"
	switch {
	case p.slow && p.target == demoPage:
		urls = []string{page}
	case p.slow:
		urls = []string{f.URL}
	case p.target == demoMetadata:
		urls = []string{page, f.URL + ".metadata", f.URL}
	default:
		urls = []string{page, f.URL}
	}
	return s.URL(), urls, s.Close, os.WriteFile(filepath.Join(p.dir, "root.json"), s.TrustedRoot(), 0o600)
}

// emptyRoot is a trusted root for indexes without provenance.
var emptyRoot = mustRoot()

func mustRoot() []byte {
	s, err := indextest.New(nil)
	if err != nil {
		panic(err)
	}
	return s.TrustedRoot()
}

// checkBytes sees to it that not one byte of a file came through that should not.
func (p *play) checkBytes() error {
	if p.way != "run" || p.passes {
		return nil
	}
	lines := strings.Split(p.out, "\n")
	for i, line := range lines {
		page := i == 0 && (p.marked || p.target != demoPage && !p.slow)
		if !page && strings.HasPrefix(line, "200") && line != "200 OK, broke off after 0 bytes" {
			return fmt.Errorf("the getter got something: %s", line)
		}
	}
	return nil
}

// checkState sees to it that nothing is left behind, half written or whole.
func (p *play) checkState(home string) error {
	return filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		switch {
		case errors.Is(err, os.ErrNotExist):
			return nil
		case err != nil:
			return err
		case path == home, path == filepath.Join(home, "run"):
			return nil
		case p.way == "run" && strings.HasPrefix(filepath.Join(home, "cache", "came-past.txt"), path):
			return nil // the note of what came past whole
		case path == filepath.Join(home, "memory"), strings.HasPrefix(path, filepath.Join(home, "memory", "journal.")) && filepath.Ext(path) != ".new":
			return nil // what is remembered of what was let through
		}
		return fmt.Errorf("%s is left behind", path)
	})
}
