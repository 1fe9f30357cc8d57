package main_test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// These tests run the very commands of the templates for build servers, read from their
// files, in a git repository and against an index on loopback.

const ciArchive = `
-- foo-1.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
-- foo-2.0-py3-none-any.whl --
-- bar-1.0-py3-none-any.whl --
`

// readYAML reads a file of the repository's root.
func readYAML(t *testing.T, name string, to any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err == nil {
		err = yaml.Unmarshal(data, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ciBench is a repository with a base commit and a changed lock in the working copy,
// with assay on the PATH, and stubs for what talks to a code host.
type ciBench struct {
	*bench
	base string
}

func newCIBench(t *testing.T) *ciBench {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the templates are for shells")
	}
	for _, need := range []string{"git", "bash"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Skipf("%s is not installed", need)
		}
	}
	b := &ciBench{bench: newBench(t, ciArchive)}
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	for _, stub := range []string{"gh", "curl"} {
		path := b.write(t, "bin/"+stub, "#!/bin/sh\nprintf '%s\\n' \"$@\" >> \"$HOME/"+stub+".log\"\ncase \" $* \" in *' --edit-last '*) exit 1;; esac\n")
		if err := os.Chmod(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	b.env = append(b.env, "PIP_INDEX_URL="+b.SimpleURL(), "RUNNER_TEMP="+b.dir, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.invalid", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.invalid",
		"PATH="+strings.Join([]string{filepath.Join(b.dir, "bin"), filepath.Dir(assay), os.Getenv("PATH")}, string(filepath.ListSeparator)))
	b.requirements(t, "repo/a lock.txt", "foo==1.0 foo-1.0-py3-none-any.whl")
	b.git(t, "init", "-q", "-b", "main")
	b.git(t, "add", "-A")
	b.git(t, "commit", "-q", "-m", "base")
	b.base = strings.TrimSpace(b.git(t, "rev-parse", "HEAD"))
	b.requirements(t, "repo/a lock.txt", "foo==2.0 foo-2.0-py3-none-any.whl")
	b.requirements(t, "repo/new.txt", "bar==1.0 bar-1.0-py3-none-any.whl")
	return b
}

func (b *ciBench) git(t *testing.T, args ...string) string {
	t.Helper()
	status, out := b.shell(t, nil, "git", args...)
	if status != 0 {
		t.Fatalf("git %v: %s", args, out)
	}
	return out
}

// shell runs a command in the repository.
func (b *ciBench) shell(t *testing.T, env []string, name string, args ...string) (int, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env, cmd.Dir = append(b.env, env...), filepath.Join(b.dir, "repo")
	if path := lookIn(b.env, name); path != "" {
		cmd.Path = path
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run()
	return cmd.ProcessState.ExitCode(), out.String()
}

// lookIn finds a program on the PATH of an environment.
func lookIn(env []string, name string) string {
	for _, kv := range env {
		if dirs, ok := strings.CutPrefix(kv, "PATH="); ok && !strings.Contains(name, "/") {
			for _, dir := range filepath.SplitList(dirs) {
				if path := filepath.Join(dir, name); isProgram(path) {
					return path
				}
			}
		}
	}
	return ""
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func (b *ciBench) file(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// action is what the tests read of action.yml.
type action struct {
	Inputs map[string]struct{ Default string }
	Runs   struct {
		Steps []struct {
			Name, ID, Shell, Run string
			If                   string
			Env                  map[string]string
		}
	}
}

var expression = regexp.MustCompile(`\$\{\{\s*(.*?)\s*\}\}`)

// TestActionSteps runs the steps of action.yml, one after the other.
func TestActionSteps(t *testing.T) {
	t.Parallel()
	program(t, "pip") // the index is configured as pip's
	for name, c := range map[string]struct {
		policy string
		status int
	}{
		"nothing is refused":   {"", 0},
		"something is refused": {"[[project]]\nname = \"foo\"\npublisher = [\"github:acme/foo\"]\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newCIBench(t)
			if c.policy != "" {
				b.write(t, "repo/assay.toml", c.policy)
			}
			last, _ := b.runAction(t, nil)
			if last != c.status {
				t.Errorf("the steps end with status %d, want %d", last, c.status)
			}
			if sarif := b.file(t, "assay.sarif"); !strings.Contains(sarif, `"version": "2.1.0"`) {
				t.Errorf("no SARIF:\n%s", sarif)
			}
			comment := b.file(t, "assay-comment.md")
			for _, want := range []string{"### assay diff: 1 package: 1 changed", "no file is attested, where before", "`new.txt` is new"} {
				if !strings.Contains(comment, want) {
					t.Errorf("the comment lacks %q:\n%s", want, comment)
				}
			}
			if summary := b.file(t, "summary"); !strings.Contains(summary, "### assay check: ") || !strings.Contains(summary, comment) {
				t.Errorf("the summary:\n%s", summary)
			}
			if log := b.file(t, "gh.log"); !strings.Contains(log, "pr\ncomment\n7\n--repo\nacme/app\n--body-file\n") {
				t.Errorf("gh was called with:\n%s", log)
			}
		})
	}
}

// runAction runs the steps of action.yml. It returns the last one's status, and all that
// is known of inputs and outputs by then.
func (b *ciBench) runAction(t *testing.T, more map[string]string) (last int, values map[string]string) {
	t.Helper()
	var a action
	readYAML(t, "action.yml", &a)
	values = map[string]string{
		"inputs.locks": "a lock.txt\nnew.txt\n", "inputs.check-args": "--trusted-root\n" + b.root, "inputs.diff-args": "--trusted-root\n" + b.root, "inputs.base": b.base, "inputs.token": "secret",
		"github.repository": "acme/app", "github.event.pull_request.number": "7", "github.action_path": filepath.Join("..", ".."),
	}
	maps.Copy(values, more)
	for _, step := range a.Runs.Steps {
		if step.Shell != "bash" || strings.Contains(step.Run, "${{") {
			t.Fatalf("%s: what comes from outside goes into a shell through its environment alone:\n%s", step.Name, step.Run)
		}
		files := map[string]string{"GITHUB_OUTPUT": b.dir + "/output", "GITHUB_STEP_SUMMARY": b.dir + "/summary", "GITHUB_PATH": b.dir + "/path"}
		var env []string
		for key, file := range files {
			env = append(env, key+"="+file)
		}
		for key, value := range step.Env {
			env = append(env, key+"="+expression.ReplaceAllStringFunc(value, func(e string) string {
				v, ok := values[expression.FindStringSubmatch(e)[1]]
				if !ok {
					t.Errorf("%s: nothing is known of %s", step.Name, e)
				}
				return v
			}))
		}
		status, out := b.shell(t, env, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
		if status != 0 && step.Name != a.Runs.Steps[len(a.Runs.Steps)-1].Name {
			t.Fatalf("%s: status %d: %s", step.Name, status, out)
		}
		if step.ID != "" {
			for line := range strings.Lines(b.file(t, "output")) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				values["steps."+step.ID+".outputs."+key] = value
			}
		}
		last = status
	}
	return last, values
}

// breakBase commits a conflict that nobody resolved as the base, which the working copy mends.
func (b *ciBench) breakBase(t *testing.T) {
	t.Helper()
	mended := b.file(t, "repo/a lock.txt")
	b.write(t, "repo/a lock.txt", "<<<<<<< ours ```\n@acme/admins [click](https://evil.example)\n=======\nfoo==1.0\n>>>>>>> theirs\n")
	b.git(t, "commit", "-q", "-a", "-m", "a conflict")
	b.base = strings.TrimSpace(b.git(t, "rev-parse", "HEAD"))
	b.write(t, "repo/a lock.txt", mended)
}

// brokenBase is what is said of such a base.
const brokenBase = "The base's lock cannot be compared with `a lock.txt`:\n\n" +
	"    assay: error: a lock.txt as it was at BASE: a lock.txt:1: a merge conflict that nobody resolved begins here (<<<<<<<)\n" +
	"    assay: error: a lock.txt:3: in a merge conflict, the other side begins here (=======)\n" +
	"    assay: error: a lock.txt:5: a merge conflict that nobody resolved ends here (>>>>>>>)\n" +
	"    assay: hint: compare with another revision\n\n`new.txt` is new: there is nothing to compare it with.\n\n"

// TestActionWithBadLocks mends a lock that was broken in the base, and then breaks it.
func TestActionWithBadLocks(t *testing.T) {
	t.Parallel()
	program(t, "pip")
	b := newCIBench(t)
	b.breakBase(t)
	last, values := b.runAction(t, nil)
	if want := strings.ReplaceAll(brokenBase, "BASE", b.base); last != 0 || b.file(t, "assay-comment.md") != want {
		t.Errorf("status %d, the comment:\n%s\nwant:\n%s", last, b.file(t, "assay-comment.md"), want)
	}
	if values["steps.check.outputs.sarif"] != filepath.Join(b.dir, "assay.sarif") {
		t.Errorf("the outputs are %v", values)
	}
	if err := os.Remove(filepath.Join(b.dir, "output")); err != nil {
		t.Fatal(err)
	}
	b.write(t, "repo/new.txt", "=======\n")
	last, values = b.runAction(t, map[string]string{"inputs.locks": "new.txt\n", "steps.check.outputs.sarif": ""})
	if last != 2 || values["steps.check.outputs.status"] != "2" || strings.Contains(b.file(t, "output"), "sarif=") {
		t.Errorf("status %d with the outputs %q", last, b.file(t, "output"))
	}
}

// TestGitLabTemplate runs the script of ci/gitlab.yml.
func TestGitLabTemplate(t *testing.T) {
	t.Parallel()
	b := newCIBench(t)
	var file map[string]struct{ Script []string }
	readYAML(t, "ci/gitlab.yml", &file)
	env := []string{"ASSAY_LOCKS=a lock.txt\nnew.txt\n", "CI_MERGE_REQUEST_DIFF_BASE_SHA=" + b.base, "ASSAY_GITLAB_TOKEN=secret", "ASSAY_CHECK_ARGS=--trusted-root " + b.root, "ASSAY_DIFF_ARGS=--trusted-root " + b.root,
		"CI_API_V4_URL=https://gitlab.example/api/v4", "CI_PROJECT_ID=5", "CI_MERGE_REQUEST_IID=7"}
	status, out := b.shell(t, env, "sh", "-ec", strings.Join(file["assay"].Script, "\n"))
	if status != 0 || !strings.Contains(out, "no file is attested, where before") || !strings.Contains(out, "`new.txt` is new") {
		t.Errorf("status %d:\n%s", status, out)
	}
	if junit := b.file(t, "repo/assay-junit.xml"); !strings.Contains(junit, "<testsuite") {
		t.Errorf("no JUnit:\n%s", junit)
	}
	if log := b.file(t, "curl.log"); !strings.Contains(log, "https://gitlab.example/api/v4/projects/5/merge_requests/7/notes") {
		t.Errorf("curl was called with:\n%s", log)
	}
}

// TestGitLabTemplateWithBadBase mends a lock that was broken in the base.
func TestGitLabTemplateWithBadBase(t *testing.T) {
	t.Parallel()
	b := newCIBench(t)
	b.breakBase(t)
	var file map[string]struct{ Script []string }
	readYAML(t, "ci/gitlab.yml", &file)
	env := []string{"ASSAY_LOCKS=a lock.txt\nnew.txt\n", "CI_MERGE_REQUEST_DIFF_BASE_SHA=" + b.base, "ASSAY_CHECK_ARGS=--trusted-root " + b.root, "ASSAY_DIFF_ARGS=--trusted-root " + b.root}
	status, out := b.shell(t, env, "sh", "-ec", strings.Join(file["assay"].Script, "\n"))
	if want := strings.ReplaceAll(brokenBase, "BASE", b.base); status != 0 || b.file(t, "repo/assay-comment.md") != want {
		t.Errorf("status %d:\n%s\nthe comment:\n%s\nwant:\n%s", status, out, b.file(t, "repo/assay-comment.md"), want)
	}
	// What is wrong with the arguments is nobody's base.
	if status, out := b.shell(t, append(env, "ASSAY_DIFF_ARGS=--policy missing.toml"), "sh", "-ec", strings.Join(file["assay"].Script, "\n")); status != 2 || !strings.Contains(out, "missing.toml") {
		t.Errorf("status %d:\n%s", status, out)
	}
}

// TestPreCommitHook runs what .pre-commit-hooks.yaml names, with the files that it takes.
func TestPreCommitHook(t *testing.T) {
	t.Parallel()
	b := newCIBench(t)
	var hooks []struct{ ID, Entry, Language, Files string }
	readYAML(t, ".pre-commit-hooks.yaml", &hooks)
	if len(hooks) != 1 || hooks[0].Language != "golang" {
		t.Fatalf("the hooks are %+v", hooks)
	}
	takes := regexp.MustCompile(hooks[0].Files)
	for name, want := range map[string]bool{"requirements.txt": true, "app/requirements-dev.txt": true, "pylock.toml": true, "pylock.dev.toml": true,
		"uv.lock": true, "sub/poetry.lock": true, "pdm.lock": true, "Pipfile.lock": true, "notes.txt": false, "Cargo.lock": false, "my-uv.lock": false,
		"requirements/base.txt": true, "app/requirements/linux/dev.txt": true, "dev-requirements.txt": true, "constraints.txt": true, "ci/constraints-3.12.txt": true,
		"--policy=p/requirements.txt": true, "requirements/base.in": false, "requirements.md": false, "my requirements/": false, "docs/a.txt": false} {
		if takes.MatchString(name) != want {
			t.Errorf("it takes %s: %v", name, !want)
		}
	}
	entry := strings.Fields(hooks[0].Entry) // in front of the files' names
	if status, out := b.shell(t, nil, entry[0], append(entry[1:], "new.txt")...); status != 0 || !strings.Contains(out, "nothing was refused") {
		t.Errorf("status %d:\n%s", status, out)
	}
	b.write(t, "repo/bare.txt", "bar==1.0\n")
	if status, out := b.shell(t, nil, entry[0], append(entry[1:], "bare.txt")...); status != 1 || !strings.Contains(out, "[lock.missing-hash]") {
		t.Errorf("status %d:\n%s", status, out)
	}
	// What git has as a file is never an option, whatever its name.
	b.write(t, "p/requirements.txt", "[defaults]\nmissing_hash = \"allow\"\n")
	b.write(t, "repo/--policy=../p/requirements.txt", "bar==1.0\n")
	b.write(t, "repo/--help/requirements.txt", "bar==1.0\n")
	for _, name := range []string{"--policy=../p/requirements.txt", "--help/requirements.txt"} {
		status, out := b.shell(t, nil, entry[0], append(slices.Clone(entry[1:]), name, "bare.txt")...)
		if status != 1 || !strings.Contains(out, "bare.txt:1: the lock names no hash") || !strings.Contains(out, name+":1: the lock names no hash") {
			t.Errorf("%s: status %d:\n%s", name, status, out)
		}
	}
}
