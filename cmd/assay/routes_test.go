package main_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/indextest"
)

// The table of docs/installers/routes.md: every way on which files reach an
// installer, tried with every installer. On each way lies a package that must not
// get in, and what a cell says is what was observed when the real installer went
// for it. "make routes" runs it.

// columns are the installers of the table, in its order.
var columns = []string{"pip", "uv", "uv tool", "poetry", "pdm", "pipx", "pip-tools", "build", "tox", "nox"}

const (
	// routesAtOnce is how many installers run at a time.
	routesAtOnce = 4
	// routeTime bounds one of them.
	routeTime = 4 * time.Minute
)

// asking is what an installer is made to ask for.
type asking struct {
	none        string            // why there is no such way
	requirement string            // PEP 508, a path, or "-e PATH"; default evilassay
	flags       []string          // as pip and uv spell them
	lines       []string          // of a requirements file, instead of the requirement
	project     string            // more lines of pyproject.toml
	alone       bool              // the project's lines say what is asked for
	bare        bool              // the installer is not told of the bench's index beforehand
	source      string            // URL of the index that it is told of; default the bench's
	files       map[string]string // below the bench's folder
	env         []string          // "KEY=VALUE"
	run         []string          // flags of "assay run"
	before      func()            // what happens first, without Assay
	command     func() []string   // instead of the installer's usual one
	stops       bool              // the package is honest: what matters is whether it got out
	clause      string            // what the report may say instead of the package's name
}

// try is one attempt on a way.
type try struct {
	archive string // default swappedArchive
	options []indextest.Option
	ask     func(t *testing.T, b *bench, tool string) asking
}

// route is one way, with its variants.
type route struct {
	name  string
	tries []try
}

// The package is called evilassay, a name that nobody took, and
// [bench.prepare] sees to it that nothing here can leave loopback: an installer
// that does not take an index as it is told would go to PyPI.
//
// evilModule leaves a mark when it runs. It is an application, and a build
// backend (PEP 517) that would do anything for anybody.
const evilModule = `
-- evilassay-1.0-py3-none-any.whl/evilassay/__init__.py --
import os
if os.environ.get("MARK"):
    with open(os.environ["MARK"], "a") as mark:
        mark.write("evilassay\n")

def main():
    print("evilassay ran")

def build_wheel(directory, settings=None, metadata=None):
    import zipfile
    with zipfile.ZipFile(os.path.join(directory, "demo-0-py3-none-any.whl"), "w") as z:
        z.writestr("demo-0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 0\n")
        z.writestr("demo-0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr("demo-0.dist-info/RECORD", "")
    return "demo-0-py3-none-any.whl"
-- evilassay-1.0-py3-none-any.whl/evilassay-1.0.dist-info/entry_points.txt --
[console_scripts]
evilassay = evilassay:main
`

const (
	swappedArchive = "-- evilassay-1.0-py3-none-any.whl --\nmisbehave: swapped\n" + evilModule
	honestArchive  = "-- evilassay-1.0-py3-none-any.whl --\n" + evilModule
	evilFile       = "evilassay-1.0-py3-none-any.whl"
)

// routes are the rows of the table.
var routes = slices.Concat(indexRoutes, fileRoutes, proxyRoutes, elsewhereRoutes)

// TestRoutes makes the table. It runs when it is asked for, by ASSAY_TEST_ROUTES,
// because it takes as long as all other tests; where an installer is missing it is
// skipped: the table would have empty cells.
func TestRoutes(t *testing.T) {
	if os.Getenv("ASSAY_TEST_ROUTES") == "" {
		t.Skip("runs every installer some thirty times: 'make routes' does")
	}
	for _, tool := range columns {
		routeTool(t, tool)
	}
	cells := make([][]string, len(routes))
	slots := make(chan struct{}, routesAtOnce)
	var wg sync.WaitGroup
	for i, r := range routes {
		cells[i] = make([]string, len(columns))
		for j, tool := range columns {
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				t.Run(r.name+"/"+tool, func(t *testing.T) { cells[i][j] = r.cell(t, tool) })
			})
		}
	}
	wg.Wait()
	if !t.Failed() {
		compareTable(t, cells)
	}
}

// cell goes one way with one installer and says what came of it.
func (r route) cell(t *testing.T, tool string) string {
	var out []string
	none := ""
	for _, attempt := range r.tries {
		archive := attempt.archive
		if archive == "" {
			archive = swappedArchive
		}
		b := newBench(t, archive, attempt.options...)
		b.target = filepath.Join(b.dir, "target")
		a := attempt.ask(t, b, tool)
		if a.none != "" {
			none = cmp.Or(none, "no such way: "+a.none)
			continue
		}
		if outcome := b.attempt(t, tool, a); !slices.Contains(out, outcome) {
			out = append(out, outcome)
		}
	}
	if len(out) == 0 {
		return none
	}
	return strings.Join(out, "; ")
}

// attempt lets an installer go for something and returns what was observed.
func (b *bench) attempt(t *testing.T, tool string, a asking) string {
	t.Helper()
	b.prepare(t, tool, &a)
	command := b.usual(t, tool, a)
	if a.before != nil {
		a.before()
		b.forget(t)
		command = b.usual(t, tool, a)
	}
	if a.command != nil {
		command = a.command()
	}
	o := b.observe(t, a.run, command)
	return b.outcome(t, o, a)
}

// forget removes what was installed, and the mark.
func (b *bench) forget(t *testing.T) {
	t.Helper()
	for _, path := range []string{b.mark(), b.target, filepath.Join(b.dir, ".venv"), filepath.Join(b.dir, ".tox"), filepath.Join(b.dir, ".nox")} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
}

// observation is one run of Assay around an installer.
type observation struct {
	status int
	output string
	report struct {
		Artifacts []struct {
			Filename, Project string
			Decision          struct {
				Verdict string
				Reasons []struct{ Code string }
			}
		}
		NotLookedAt []struct{ What, Why string } `json:"not_looked_at"`
	}
}

func (b *bench) observe(t *testing.T, flags, command []string) observation {
	t.Helper()
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(b.dir, "report.json")
	ctx, cancel := context.WithTimeout(t.Context(), routeTime)
	defer cancel()
	args := slices.Concat([]string{"run", "--report", file, "--trusted-root", b.root}, flags, []string{"--"}, command)
	cmd := exec.CommandContext(ctx, assay, args...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = b.env, b.dir, time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	var ended *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ended) || ctx.Err() != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	o := observation{status: cmd.ProcessState.ExitCode(), output: out.String()}
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &o.report)
	}
	if err != nil && o.status != 125 {
		t.Fatalf("%v; the output was:\n%s", err, o.output)
	}
	return o
}

// stopCode is the reason code in the error of a run that stopped.
var stopCode = regexp.MustCompile(`assay: error: .*\[((?:transport|source)\.[a-z-]+)\]`)

// outcome says in a word what became of the package.
func (b *bench) outcome(t *testing.T, o observation, a asking) string {
	t.Helper()
	in := b.arrived(t)
	if a.stops {
		if in || o.status == 0 {
			t.Errorf("slipped: status %d, got out: %v; the output was:\n%s", o.status, in, o.output)
			return "slipped"
		}
		if !strings.Contains(o.output, "the command was confined") {
			t.Errorf("nothing says what stopped it; the output was:\n%s", o.output)
		}
		return "stopped"
	}
	if code := o.denied(); code != "" {
		if in || o.status == 0 {
			t.Errorf("refused (%s), and yet: status %d, arrived: %v; the output was:\n%s", code, o.status, in, o.output)
		}
		if strings.HasPrefix(code, "transport.") || strings.HasPrefix(code, "source.") {
			return "refused (`" + code + "`)"
		}
		return "judged"
	}
	if o.status == 125 && strings.Contains(o.output, "assay: error: ") && strings.Contains(o.output, "assay: hint: ") && !in {
		if m := stopCode.FindStringSubmatch(o.output); m != nil {
			return "refused (`" + m[1] + "`)"
		}
		return "stopped"
	}
	if said := o.reported(a.clause); said != "" && o.status == 0 {
		return said
	}
	t.Errorf("slipped: status %d, arrived: %v; the output was:\n%s", o.status, in, o.output)
	return "slipped"
}

// denied is the code of the first refusal; empty where nothing was refused.
func (o observation) denied() string {
	for _, a := range o.report.Artifacts {
		if a.Decision.Verdict == "deny" && len(a.Decision.Reasons) > 0 {
			return a.Decision.Reasons[0].Code
		}
	}
	return ""
}

// reported says how the report names the package among what was not looked at;
// empty where it does not. clause is what it may say instead of the name.
func (o observation) reported(clause string) string {
	for _, a := range o.report.Artifacts {
		for _, reason := range a.Decision.Reasons {
			if a.Project == "evilassay" && reason.Code == "install.unseen" {
				return "reported (`install.unseen`)"
			}
		}
	}
	for _, s := range o.report.NotLookedAt {
		if strings.Contains(s.What+s.Why, "evilassay") || clause != "" && strings.Contains(s.Why, clause) {
			return "reported"
		}
	}
	return ""
}

// arrived reports whether anything of the package was installed, or ran.
func (b *bench) arrived(t *testing.T) bool {
	t.Helper()
	if _, err := os.Stat(b.mark()); err == nil {
		return true
	}
	found := false
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // a folder that went away meanwhile
		}
		if d.IsDir() && (path == filepath.Join(b.dir, "assay") || path == filepath.Join(b.dir, ".cache")) {
			return fs.SkipDir
		}
		found = found || strings.HasPrefix(d.Name(), "evilassay-") && strings.HasSuffix(d.Name(), ".dist-info")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
