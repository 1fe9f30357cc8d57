package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/indextest"
)

// These tests run real pip and real uv through the real program against an index
// on loopback. They use the installers on the PATH ("make tools" makes a virtual
// environment with the newest ones, and "make test" puts it there).

var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "assay-e2e-")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "assay")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	cmd := exec.Command("go", "build", "-o", name, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return name, err
})

// bench is one index with an environment of its own for Assay and the installers.
type bench struct {
	*indextest.Server
	dir    string
	root   string
	target string
	env    []string
	flags  []string // of "assay run"
}

// installers are the two whose behaviour is asserted; each has its own words.
var installers = []string{"pip", "uv"}

func newBench(t *testing.T, archive string, options ...indextest.Option) *bench {
	t.Helper()
	b := &bench{Server: indextest.Start(t, archive, options...), dir: t.TempDir()}
	b.root = filepath.Join(b.dir, "root.json")
	b.target = filepath.Join(b.dir, "target")
	if err := os.WriteFile(b.root, b.TrustedRoot(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, kv := range os.Environ() {
		key, _, _ := strings.Cut(kv, "=")
		if personal(key) {
			continue
		}
		b.env = append(b.env, kv)
	}
	b.env = append(b.env, "ASSAY_HOME="+filepath.Join(b.dir, "assay"), "HOME="+b.dir, "MARK="+b.mark(), "PIP_DISABLE_PIP_VERSION_CHECK=1",
		"PIP_CONFIG_FILE="+os.DevNull, "UV_NO_CONFIG=1", "PIP_RETRIES=1", "UV_HTTP_RETRIES=1", "UV_PYTHON_DOWNLOADS=never", "NO_COLOR=1",
		"PDM_CHECK_UPDATE=0", "PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring")
	return b
}

// mark is the file that code from a package leaves when it runs.
func (b *bench) mark() string { return filepath.Join(b.dir, "mark") }

// result is how a run ended.
type result struct {
	status int
	output string // of the installer and of Assay
	raw    string // the report, as JSON
	report map[string]string
}

// install runs "pip install --target" or "uv pip install --target" through Assay.
func (b *bench) install(t *testing.T, installer string, args ...string) result {
	t.Helper()
	path := program(t, installer)
	command := []string{path, "install", "--target", b.target, "--no-input", "--no-build-isolation", "--index-url", b.SimpleURL()}
	if strings.HasPrefix(b.SimpleURL(), "http:") {
		command = append(command, "--trusted-host", "127.0.0.1")
	}
	if installer == "uv" {
		command = []string{path, "pip", "install", "--target", b.target, "--no-build-isolation", "--default-index", b.SimpleURL()}
	}
	return b.run(t, append(command, args...)...)
}

// run runs any command through Assay and reads its report.
func (b *bench) run(t *testing.T, command ...string) result {
	t.Helper()
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(b.dir, "report.json")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	args := []string{"run", "--report", file}
	if b.root != "" {
		args = append(args, "--trusted-root", b.root)
	}
	args = append(args, b.flags...)
	cmd := exec.CommandContext(ctx, assay, append(append(args, "--"), command...)...)
	cmd.Env, cmd.Dir = b.env, b.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) || ctx.Err() != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	r := result{status: cmd.ProcessState.ExitCode(), output: out.String(), report: map[string]string{}}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; the output was:\n%s", err, &out)
	}
	var report struct {
		Artifacts []struct {
			Filename string
			Decision struct {
				Verdict string
				Reasons []struct{ Code string }
			}
			Evidence []struct {
				Claims []struct{ Identity string }
			}
		}
	}
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	r.raw = string(data)
	for _, a := range report.Artifacts {
		line := a.Decision.Verdict
		if len(a.Decision.Reasons) > 0 {
			line += " " + a.Decision.Reasons[0].Code
		}
		for _, e := range a.Evidence {
			for _, c := range e.Claims {
				if c.Identity != "" {
					line += " " + c.Identity
				}
			}
		}
		r.report[a.Filename] = line
	}
	return r
}

// installed returns what the installer put into the target, by dist-info folder.
func (b *bench) installed(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(b.target)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".dist-info"); ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// each runs a test once for every installer.
func each(t *testing.T, archive string, test func(t *testing.T, b *bench, installer string)) {
	for _, installer := range installers {
		t.Run(installer, func(t *testing.T) {
			t.Parallel()
			program(t, installer)
			test(t, newBench(t, archive), installer)
		})
	}
}

func (r result) wantInstalled(t *testing.T, b *bench, want ...string) {
	t.Helper()
	if got := b.installed(t); !slices.Equal(got, want) {
		t.Errorf("installed %v, want %v; the output was:\n%s", got, want, r.output)
	}
	if _, err := os.Stat(b.mark()); err == nil {
		t.Errorf("code of a refused package ran; the output was:\n%s", r.output)
	}
}

func (r result) wantReport(t *testing.T, filename, want string) {
	t.Helper()
	if got := r.report[filename]; got != want {
		t.Errorf("the report says %q of %s, want %q; the output was:\n%s", got, filename, want, r.output)
	}
}

func (r result) wantOutput(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(r.output, part) {
			t.Errorf("the output lacks %q:\n%s", part, r.output)
		}
	}
}

const publisher = "github:acme/foo@release.yml"

const good = `
-- foo-1.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
requires-dist: bar
-- bar-0.5-py3-none-any.whl --
-- bar-0.5.tar.gz --
`

func TestInstallShowsWhoPublished(t *testing.T) {
	each(t, good, func(t *testing.T, b *bench, installer string) {
		r := b.install(t, installer, "foo")
		if r.status != 0 {
			t.Fatalf("status %d:\n%s", r.status, r.output)
		}
		r.wantInstalled(t, b, "bar-0.5", "foo-1.0")
		r.wantReport(t, "foo-1.0-py3-none-any.whl", "allow "+publisher)
		r.wantReport(t, "bar-0.5-py3-none-any.whl", "allow provenance.absent")
		r.wantOutput(t, "2 packages, 2 files looked at", "foo 1.0", publisher, "nothing was refused")
	})
}

// twoReleases has a good 1.0 and a 2.0 with a wheel and an sdist whose setup.py
// leaves a mark; the tests spoil the wheel of 2.0 in different ways.
const twoReleases = `
-- foo-1.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
-- foo-2.0-py3-none-any.whl --
publisher: github:acme/foo@release.yml
%s
-- foo-2.0.tar.gz --
mark: MARK
publisher: github:acme/foo@release.yml
`

func TestSwappedProvenance(t *testing.T) {
	archive := fmt.Sprintf(twoReleases, "misissue: wrong-digest")
	const sentence = "the provenance is about another file"
	t.Run("unpinned falls back", func(t *testing.T) {
		each(t, archive, func(t *testing.T, b *bench, installer string) {
			r := b.install(t, installer, "foo")
			if r.status != 0 {
				t.Errorf("status %d", r.status)
			}
			r.wantInstalled(t, b, "foo-1.0")
			r.wantReport(t, "foo-1.0-py3-none-any.whl", "allow "+publisher)
			r.wantReport(t, "foo-2.0-py3-none-any.whl", "deny provenance.wrong-subject")
			r.wantOutput(t, "foo 2.0", sentence)
		})
	})
	t.Run("pinned fails with the reason", func(t *testing.T) {
		each(t, archive, func(t *testing.T, b *bench, installer string) {
			r := b.install(t, installer, "foo==2.0")
			if r.status == 0 {
				t.Error("it succeeded")
			}
			r.wantInstalled(t, b)
			own, _, _ := strings.Cut(r.output, "assay: 1 package")
			if !strings.Contains(own, sentence) {
				t.Errorf("the installer's own output lacks the reason:\n%s", own)
			}
		})
	})
	t.Run("the sdist is never built", func(t *testing.T) {
		each(t, archive, func(t *testing.T, b *bench, installer string) {
			flag := "--no-binary=foo"
			if installer == "pip" {
				flag = "--no-binary=:all:"
			}
			r := b.install(t, installer, flag, "foo==2.0")
			if r.status == 0 {
				t.Error("it succeeded")
			}
			r.wantInstalled(t, b)
		})
	})
}

// TestTheMarkIsReal holds the marks of the other tests to what they claim: an
// sdist that is not refused is built, and leaves its mark.
func TestTheMarkIsReal(t *testing.T) {
	each(t, "-- foo-2.0.tar.gz --\nmark: MARK\n", func(t *testing.T, b *bench, installer string) {
		r := b.install(t, installer, "foo==2.0")
		if _, err := os.Stat(b.mark()); err != nil {
			t.Errorf("no mark: %v\n%s", err, r.output)
		}
	})
}

func TestSwappedBytes(t *testing.T) {
	for name, c := range map[string]struct{ archive, code, sentence string }{
		"small":          {fmt.Sprintf(twoReleases, "misbehave: swapped"), "digest.mismatch", "the file's bytes are not the ones that were promised"},
		"large":          {fmt.Sprintf(twoReleases, "misbehave: swapped\npad: 12MiB"), "digest.mismatch", "the file's bytes are not the ones that were promised"},
		"cut off":        {fmt.Sprintf(twoReleases, "misbehave: cut"), "file.truncated", "the file ended before its announced length"},
		"cut off, large": {fmt.Sprintf(twoReleases, "misbehave: cut\npad: 12MiB"), "file.truncated", "the file ended before its announced length"},
		"short":          {fmt.Sprintf(twoReleases, "misbehave: truncated"), "digest.mismatch", "the file's bytes are not the ones that were promised"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, c.archive, func(t *testing.T, b *bench, installer string) {
				r := b.install(t, installer, "foo")
				if r.status == 0 {
					t.Error("it succeeded")
				}
				r.wantInstalled(t, b)
				if got := r.report["foo-2.0-py3-none-any.whl"]; !strings.HasPrefix(got, "deny "+c.code) {
					t.Errorf("the report says %q, want deny %s", got, c.code)
				}
				// A file too large to be held is cut off on its way. An old pip does not
				// try again, and so never meets the refusal: it breaks down, and the
				// report alone has the reason.
				shown, _, _ := strings.Cut(r.output, "looked at")
				if strings.Contains(name, "large") && strings.Contains(shown, "Traceback (most recent call last)") {
					shown = r.output
				}
				if !strings.Contains(shown, c.sentence) {
					t.Errorf("the installer's own output lacks the reason:\n%s", shown)
				}
			})
		})
	}
}

func TestSwappedMetadata(t *testing.T) {
	each(t, fmt.Sprintf(twoReleases, "misbehave-metadata: swapped"), func(t *testing.T, b *bench, installer string) {
		r := b.install(t, installer, "foo")
		r.wantReport(t, "foo-2.0-py3-none-any.whl", "deny metadata.mismatch "+publisher)
		for _, name := range b.installed(t) {
			if name == "foo-2.0" {
				t.Errorf("installed:\n%s", r.output)
			}
		}
	})
}

func TestProvenanceOutOfReach(t *testing.T) {
	each(t, fmt.Sprintf(twoReleases, "misbehave-provenance: status 503"), func(t *testing.T, b *bench, installer string) {
		r := b.install(t, installer, "foo")
		r.wantInstalled(t, b, "foo-1.0")
		r.wantReport(t, "foo-2.0-py3-none-any.whl", "deny provenance.unavailable")
	})
}

func TestPagesThatCannotBeTrusted(t *testing.T) {
	for _, fault := range []string{"truncated", "duplicate-keys", "nested", "not-json", "oversized 80MiB", "gzip-bomb", "wrong-name", "content-type text/plain"} {
		t.Run(fault, func(t *testing.T) {
			each(t, "-- foo/ --\nmisbehave: "+fault+"\n-- foo-1.0-py3-none-any.whl --\n", func(t *testing.T, b *bench, installer string) {
				r := b.install(t, installer, "foo")
				if r.status == 0 {
					t.Error("it succeeded")
				}
				r.wantInstalled(t, b)
				r.wantOutput(t, "page.malformed")
			})
		})
	}
}

func TestFilesThatAPageShouldNotList(t *testing.T) {
	for code, archive := range map[string]string{
		"file.wrong-project":  "-- foo-1.0-py3-none-any.whl --\n-- other-9.0-py3-none-any.whl --\nproject: foo\n",
		"page.duplicate-file": "-- foo/ --\nmisbehave: duplicate-file\n-- foo-1.0-py3-none-any.whl --\n",
	} {
		t.Run(code, func(t *testing.T) {
			each(t, archive, func(t *testing.T, b *bench, installer string) {
				r := b.install(t, installer, "foo")
				r.wantOutput(t, code)
				if code == "file.wrong-project" {
					r.wantInstalled(t, b, "foo-1.0")
				} else {
					r.wantInstalled(t, b)
				}
			})
		})
	}
}

func TestOverTLS(t *testing.T) {
	for _, installer := range installers {
		t.Run(installer, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, good, indextest.WithTLS())
			ca := filepath.Join(b.dir, "ca.pem")
			if err := os.WriteFile(ca, b.CertificatePEM(), 0o600); err != nil {
				t.Fatal(err)
			}
			b.env = append(b.env, "SSL_CERT_FILE="+ca, "PIP_CERT=", "REQUESTS_CA_BUNDLE=", "CURL_CA_BUNDLE=")
			r := b.install(t, installer, "foo")
			r.wantInstalled(t, b, "bar-0.5", "foo-1.0")
			r.wantReport(t, "foo-1.0-py3-none-any.whl", "allow "+publisher)
		})
	}
}

func TestLockIsTheSame(t *testing.T) {
	t.Parallel()
	uv := program(t, "uv")
	b := newBench(t, good)
	project := filepath.Join(b.dir, "pyproject.toml")
	if err := os.WriteFile(project, []byte("[project]\nname = \"demo\"\nversion = \"0\"\nrequires-python = \">=3.9\"\ndependencies = [\"foo\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(b.dir, "uv.lock")
	plain := exec.Command(uv, "lock", "--default-index", b.SimpleURL(), "--cache-dir", filepath.Join(b.dir, "plain"))
	plain.Env, plain.Dir = b.env, b.dir
	if out, err := plain.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(lock)
	r := b.run(t, uv, "lock", "--default-index", b.SimpleURL())
	got, err := os.ReadFile(lock)
	if err != nil {
		t.Fatalf("%v: %s", err, r.output)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("with Assay:\n%s\nwithout:\n%s", got, want)
	}
	if !bytes.Contains(want, []byte("foo-1.0-py3-none-any.whl")) {
		t.Errorf("the lock file names nothing:\n%s", want)
	}
	// uv sync asks for the locked files without their pages.
	r = b.run(t, uv, "sync", "--default-index", b.SimpleURL())
	r.wantReport(t, "foo-1.0-py3-none-any.whl", "allow "+publisher)
	if r.status != 0 {
		t.Errorf("status %d:\n%s", r.status, r.output)
	}
}

// shared is the folder with real files and their real provenance, or a skip.
func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("ASSAY_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir, err := filepath.Abs(filepath.Join(dir, "fixtures", "sigstore"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no real provenance here: %v; set ASSAY_SHARED", err)
	}
	return dir
}

// TestRealProvenance installs a real wheel with the provenance that its index
// really serves, under the trusted root that the program carries.
func TestRealProvenance(t *testing.T) {
	dir := shared(t)
	const name = "abi3info-2024.10.8-py3-none-any.whl"
	archive := fmt.Sprintf("-- %s --\nfile: %[2]s/%[1]s\nprovenance: %[2]s/%[1]s.provenance\n-- %[3]s --\nfile: %[2]s/%[3]s\nprovenance: %[2]s/%[3]s.provenance\n",
		name, filepath.Join(dir, "pip-plugin-pep740"), "abi3info-2024.10.8.tar.gz")
	each(t, archive, func(t *testing.T, b *bench, installer string) {
		b.root = ""
		r := b.install(t, installer, "abi3info")
		if r.status != 0 {
			t.Fatalf("status %d:\n%s", r.status, r.output)
		}
		r.wantInstalled(t, b, "abi3info-2024.10.8")
		r.wantReport(t, name, "allow github:woodruffw/abi3info@release.yml")
		t.Logf("\n%s", r.output)
	})
	t.Run("swapped", func(t *testing.T) {
		each(t, strings.Replace(archive, name+".provenance", "abi3info-2024.10.3-py3-none-any.whl.provenance", 1), func(t *testing.T, b *bench, installer string) {
			b.root = ""
			r := b.install(t, installer, "abi3info")
			if r.status == 0 {
				t.Errorf("it succeeded:\n%s", r.output)
			}
			r.wantInstalled(t, b)
			r.wantReport(t, name, "deny provenance.wrong-subject")
		})
	})
}
