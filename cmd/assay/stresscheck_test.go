package main_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/internal/indextest"
)

// stressCheck holds the runs of a stress test to what they left behind. Of a run
// that is its exit status, what it installed, its report, and what the index's log
// says of the projects that it alone asked for:
//
//   - It ended in time, with a report whose summary counts the report's own items.
//   - It ended with status 0 if and only if its project is installed.
//   - Every installed file has the bytes that its authors released.
//   - Nothing is installed of a release that was spoilt; where nothing was, the
//     newest of everything is.
//   - What is installed of its own projects, the report allows. What the report
//     allows, the index has sent to the end, unspoilt. Where the run succeeded, what
//     the index has sent to the end, unspoilt, the report names.
//   - What the report refuses is of the project that was spoilt.
//   - Where a file or page was refused by Assay, the report says so.
//
// And of all runs together: of each shared file, as many reports allow it as the
// index has sent it, and some report does if anybody has it installed.
type stressCheck struct {
	*stress
	log     []indextest.Request
	slowest time.Duration
	tally   string

	wheels map[string]map[string][]byte // of the honest index, by file name
	shared map[string]int               // reports that allow a shared file
	having map[string]int               // runs that have a shared file installed
}

func (c *stressCheck) all(t *testing.T) {
	c.wheels, c.shared, c.having = map[string]map[string][]byte{}, map[string]int{}, map[string]int{}
	counts := map[string]int{}
	failed := 0
	for _, j := range c.jobs {
		c.slowest = max(c.slowest, j.outcome.took)
		problems := c.run(j)
		for _, p := range problems {
			t.Errorf("run %d, %s of %s, %s %q about %s: %s", j.number, j.installer, j.project(), j.fault.key, j.fault.value, j.spoilt, p)
		}
		if len(problems) > 0 {
			t.Logf("status %d after %s:\n%s", j.outcome.status, j.outcome.took, j.outcome.output)
		}
		counts[j.installer]++
		s := j.outcome.report.Summary
		counts["allowed"] += s.Allowed + s.Warned
		counts["refused"] += s.Refused
		counts["undecided"] += s.Undecided
		if j.outcome.status != 0 {
			failed++
		}
	}
	for n := range sharedProjects {
		file := sharedProject(n) + "-2.0-py3-none-any.whl"
		// A run that fails may leave before what it asked for has come past.
		if sent := c.sent(file); c.shared[file] > sent || c.shared[file] < sent-failed {
			t.Errorf("%d reports allow %s, which the index has sent %d times", c.shared[file], file, sent)
		}
		if c.having[file] > 0 && c.shared[file] == 0 {
			t.Errorf("%d runs have installed %s, which no report allows", c.having[file], file)
		}
	}
	if left, err := os.ReadDir(filepath.Join(c.home, "run")); err == nil {
		for _, e := range left {
			t.Errorf("a run has left %s behind", e.Name())
		}
	}
	c.tally = fmt.Sprintf("%d pip, %d uv, %d fetcher; %d runs failed; in the reports %d files allowed, %d refused, %d undecided; the index answered %d requests",
		counts["pip"], counts["uv"], counts["fetcher"], failed, counts["allowed"], counts["refused"], counts["undecided"], len(c.log))
}

// run returns what is wrong about one run.
func (c *stressCheck) run(j *job) []string {
	var problems []string
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	o := j.outcome
	if o.err != nil {
		wrong("%v", o.err)
		return problems
	}
	installed, err := c.installed(j)
	if err != nil {
		wrong("%v", err)
		return problems
	}
	has := func(project string) bool {
		return slices.ContainsFunc(installed, func(r string) bool { return strings.HasPrefix(r, project+"-") })
	}
	if o.status != 0 && o.status != 1 && o.status != 2 {
		wrong("status %d", o.status)
	}
	if (o.status == 0) != has(j.project()) {
		wrong("status %d, installed %v", o.status, installed)
	}
	for _, version := range strings.Fields(j.fault.releases) {
		if r := j.spoilt + "-" + version; slices.Contains(installed, r) {
			wrong("%s is installed", r)
		}
	}
	if want := j.newest(); j.fault.effect == harmless && !slices.Equal(installed, want) {
		wrong("installed %v, want %v", installed, want)
	}
	c.report(j, installed, wrong)
	return problems
}

// newest are the releases that a run installs where nothing is spoilt.
func (j *job) newest() []string {
	out := []string{j.project() + "-2.0"}
	if j.installer != "fetcher" {
		out = append(out, j.dependency()+"-2.0")
		for n := range sharedProjects {
			out = append(out, sharedProject(n)+"-2.0")
		}
	}
	slices.Sort(out)
	return out
}

// report holds a run's report to what was installed and sent.
func (c *stressCheck) report(j *job, installed []string, wrong func(string, ...any)) {
	own := func(project string) bool { return project == j.project() || project == j.dependency() }
	r := j.outcome.report
	allowed, said := map[string]bool{}, map[string]bool{}
	good, bad, refusedSpoilt := 0, 0, false
	for _, i := range r.Artifacts {
		switch {
		case i.Filename == "" && i.allowed():
			wrong("the report warns of %s %s: %+v", i.Project, i.Version, i.Decision)
		case i.Filename != "" && said[i.Filename]:
			wrong("the report names %s twice", i.Filename)
		case i.allowed():
			good++
			allowed[i.Filename] = true
			if sent := c.sent(i.Filename); sent == 0 {
				wrong("the report allows %s, which the index has not sent to the end", i.Filename)
			}
			if f, ok := c.honest.File(i.Filename); !ok || f.SHA256 != i.SHA256 {
				wrong("the report allows %s with the digest %s, which is not its own", i.Filename, i.SHA256)
			}
			if !own(i.Project) {
				c.shared[i.Filename]++
			}
		default:
			bad++
			if i.Project != j.spoilt || j.fault.key == "" {
				wrong("the report refuses %s of %s, which nobody spoilt: %+v", i.Filename, i.Project, i.Decision)
			}
			refusedSpoilt = refusedSpoilt || i.Project == j.spoilt
		}
		said[i.Filename] = true
	}
	if s := r.Summary; s.Allowed+s.Warned != good || s.Refused+s.Undecided != bad {
		wrong("the report counts %+v, and names %d allowed and %d refused", s, good, bad)
	}
	for _, release := range installed {
		file := release + "-py3-none-any.whl"
		if !own(release[:strings.LastIndexByte(release, '-')]) {
			c.having[file]++
			continue
		}
		if !allowed[file] {
			wrong("%s is installed, and the report does not allow it", release)
		}
	}
	for _, project := range []string{j.project(), j.dependency()} {
		for _, version := range []string{"1.0", "2.0"} {
			file := project + "-" + version + "-py3-none-any.whl"
			if j.outcome.status == 0 && j.fault.effect != harmful && c.sent(file) > 0 && !said[file] {
				wrong("the index has sent %s to the end, and the report does not name it", file)
			}
		}
	}
	if j.fault.refusedByAssay() && !refusedSpoilt && c.asked(j.spoilt) {
		wrong("the report does not say that anything of %s was refused", j.spoilt)
	}
}

// refusedByAssay reports whether the fault is one that Assay finds, and not one
// that the index itself answers with an error.
func (f spoiling) refusedByAssay() bool {
	return f.effect == harmful && !(f.key == "misbehave" && f.value == "status 500") && !(f.key == "page" && f.value == "redirect loop")
}

// asked reports whether a project's page was asked for.
func (c *stressCheck) asked(project string) bool {
	return slices.ContainsFunc(c.log, func(q indextest.Request) bool { return q.Path == "/simple/"+project+"/" })
}

// sent returns how often the index has sent a file to its end, as far as it was
// not spoilt on the way.
func (c *stressCheck) sent(filename string) int {
	f, ok := c.faulty.File(filename)
	if !ok {
		return 0
	}
	u, err := url.Parse(f.URL)
	if err != nil {
		return 0
	}
	n := int64(0) // bytes: what broke off may have been sent in two parts
	for _, q := range c.log {
		if q.Path == u.Path && q.Method == http.MethodGet && (q.Status == http.StatusOK || q.Status == http.StatusPartialContent) {
			n += q.Bytes
		}
	}
	return int(n / f.Size)
}

// installed returns what a run has installed, "NAME-VERSION", after comparing
// every file of it with what its authors released.
func (c *stressCheck) installed(j *job) ([]string, error) {
	target := filepath.Join(j.dir, "target")
	entries, err := os.ReadDir(target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []string
	want := map[string][]byte{}
	for _, e := range entries {
		release, isWheel := strings.CutSuffix(e.Name(), "-py3-none-any.whl")
		if isWheel {
			content, err := os.ReadFile(filepath.Join(target, e.Name()))
			sum := sha256.Sum256(content)
			if f, ok := c.honest.File(e.Name()); err != nil || !ok || f.SHA256 != hex.EncodeToString(sum[:]) {
				return nil, fmt.Errorf("%s has not the bytes of its authors (%v)", e.Name(), err)
			}
		} else if release, isWheel = strings.CutSuffix(e.Name(), ".dist-info"); isWheel {
			members, err := c.members(release + "-py3-none-any.whl")
			if err != nil {
				return nil, err
			}
			for name, content := range members {
				want[name] = content
			}
		}
		if isWheel {
			out = append(out, release)
		}
	}
	if len(want) == 0 {
		return out, err
	}
	return out, compare(target, want)
}

// compare holds a folder to the files of the wheels that were installed there.
func compare(target string, want map[string][]byte) error {
	for name, content := range want {
		if strings.HasSuffix(name, "/RECORD") {
			continue // installers write their own
		}
		got, err := os.ReadFile(filepath.Join(target, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(got, content) {
			return fmt.Errorf("%s is not what was released (%v)", name, err)
		}
	}
	return filepath.WalkDir(target, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(target, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if _, ok := want[name]; ok || strings.Contains(name, ".dist-info/") || strings.HasSuffix(name, ".pyc") || name == ".lock" {
			return nil
		}
		return fmt.Errorf("%s is in no wheel that was released", name)
	})
}

// members returns the files of a wheel as the honest index has it.
func (c *stressCheck) members(filename string) (map[string][]byte, error) {
	if have, ok := c.wheels[filename]; ok {
		return have, nil
	}
	f, ok := c.honest.File(filename)
	if !ok {
		return nil, fmt.Errorf("%s was never released", filename)
	}
	resp, err := http.Get(f.URL)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, m := range z.File {
		r, err := m.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			return nil, err
		}
		out[m.Name] = content
	}
	c.wheels[filename] = out
	return out, nil
}
