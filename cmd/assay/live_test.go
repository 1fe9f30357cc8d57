//go:build live

package main_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/internal/index"
)

// reachable skips the test where the index that the installers are configured
// with cannot be reached.
func reachable(t *testing.T) {
	t.Helper()
	client := http.Client{Timeout: 20 * time.Second}
	resp, err := client.Get(index.PyPI + "six/")
	if err != nil {
		t.Skipf("skipped: no index can be reached: %v", err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Skipf("skipped: the index answers %s", resp.Status)
	}
}

// liveBench is a bench whose installers use the person's own configuration.
func liveBench(t *testing.T) *bench {
	t.Helper()
	reachable(t)
	b := newBench(t, "-- unused-1.0-py3-none-any.whl --\n")
	b.root = "" // the trusted root of the public instance
	b.env = append(os.Environ(), "ASSAY_HOME="+filepath.Join(b.dir, "assay"))
	return b
}

func TestLiveInstall(t *testing.T) {
	for _, installer := range installers {
		t.Run(installer, func(t *testing.T) {
			path := program(t, installer)
			b := liveBench(t)
			command := []string{path, "install", "--quiet", "--no-input", "--target", b.target, "requests"}
			if installer == "uv" {
				command = []string{path, "pip", "install", "--quiet", "--target", b.target, "requests"}
			}
			r := b.run(t, command...)
			if r.status != 0 {
				t.Fatalf("status %d:\n%s", r.status, r.output)
			}
			t.Logf("\n%s", r.output)
			if got := b.installed(t); len(got) < 4 {
				t.Errorf("installed only %v", got)
			}
			for file, verdict := range r.report {
				if !strings.HasPrefix(verdict, "allow") {
					t.Errorf("%s: %s", file, verdict)
				}
			}
		})
	}
}

func TestLiveVerifyRelease(t *testing.T) {
	b := liveBench(t)
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(assay, "verify", "sampleproject==4.0.0")
	cmd.Env = b.env
	out, err := cmd.CombinedOutput()
	t.Logf("\n%s", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sampleproject-4.0.0-py3-none-any.whl", "sampleproject-4.0.0.tar.gz", "digest verified"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	// An index that serves no provenance cannot show who published it.
	if !strings.Contains(string(out), "github:pypa/sampleproject@release.yml") {
		t.Log("this index serves no provenance: the publisher is not shown")
	}
}

func TestLiveLockIsTheSame(t *testing.T) {
	uv := program(t, "uv")
	b := liveBench(t)
	if err := os.WriteFile(filepath.Join(b.dir, "pyproject.toml"),
		[]byte("[project]\nname = \"demo\"\nversion = \"0\"\nrequires-python = \">=3.11\"\ndependencies = [\"requests\", \"flask\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(b.dir, "uv.lock")
	plain := exec.Command(uv, "lock", "--quiet", "--cache-dir", filepath.Join(b.dir, "plain"))
	plain.Env, plain.Dir = b.env, b.dir
	if out, err := plain.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(lock)
	r := b.run(t, uv, "lock", "--quiet")
	if got, err := os.ReadFile(lock); err != nil || string(got) != string(want) {
		t.Errorf("%v: the lock files differ:\n%s", err, r.output)
	}
}
