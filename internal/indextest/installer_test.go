package indextest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"assay/internal/indextest"
)

// installer finds an installer by its environment variable or on PATH, or skips.
func installer(t *testing.T, name, variable string) string {
	t.Helper()
	if path := os.Getenv(variable); path != "" {
		return path
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is neither on PATH nor named by %s", name, variable)
	}
	return path
}

// run runs an installer with no configuration but the given variables.
func run(t *testing.T, variables []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	home := t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "PIP_CONFIG_FILE=" + os.DevNull,
		"PIP_DISABLE_PIP_VERSION_CHECK=1", "UV_NO_CONFIG=1", "UV_CACHE_DIR=" + filepath.Join(home, "uv"), "NO_PROXY=*"}, variables...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}

const installable = `
-- app-1.0-py3-none-any.whl --
requires-dist: wheel-only>=1
requires-dist: source-only
requires-python: >=3.7
-- wheel_only-1.0-py3-none-any.whl --
-- wheel_only-2.0-py3-none-any.whl --
pad: 3MiB
-- source_only-1.0.tar.gz --
backend: in-tree
mark: TEST_MARK
`

// TestInstallersTakeTheIndex shows that what is made is good for real
// installers, over TLS too.
func TestInstallersTakeTheIndex(t *testing.T) {
	check := func(t *testing.T, s *indextest.Server, mark string) {
		t.Helper()
		if got, err := os.ReadFile(mark); err != nil || !strings.Contains(string(got), "source_only-1.0.tar.gz\n") {
			t.Errorf("mark = %q, %v", got, err)
		}
		if s.Count("GET", "wheel_only-2.0-py3-none-any.whl") == 0 || s.Count("GET", "app-1.0-py3-none-any.whl.metadata") == 0 {
			t.Errorf("requests = %+v", s.Requests())
		}
		if n := s.Count("GET", "wheel_only-1.0"); n != 0 {
			t.Errorf("the old version was asked for %d times", n)
		}
	}
	t.Run("pip", func(t *testing.T) {
		pip := installer(t, "pip", "ASSAY_TEST_PIP")
		for _, options := range [][]indextest.Option{nil, {indextest.WithTLS()}} {
			s := indextest.Start(t, installable, options...)
			dir := t.TempDir()
			args := []string{"download", "--no-cache-dir", "-i", s.SimpleURL(), "-d", filepath.Join(dir, "out"), "app"}
			if pem := s.CertificatePEM(); pem != nil {
				if err := os.WriteFile(filepath.Join(dir, "ca.pem"), pem, 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, "--cert", filepath.Join(dir, "ca.pem"))
			}
			mark := filepath.Join(dir, "mark")
			run(t, []string{"TEST_MARK=" + mark}, pip, args...)
			check(t, s, mark)
		}
	})
	t.Run("uv", func(t *testing.T) {
		uv := installer(t, "uv", "ASSAY_TEST_UV")
		for _, options := range [][]indextest.Option{nil, {indextest.WithTLS()}} {
			s := indextest.Start(t, installable, options...)
			dir := t.TempDir()
			mark := filepath.Join(dir, "mark")
			variables := []string{"TEST_MARK=" + mark, "VIRTUAL_ENV=" + filepath.Join(dir, "venv")}
			if pem := s.CertificatePEM(); pem != nil {
				if err := os.WriteFile(filepath.Join(dir, "ca.pem"), pem, 0o600); err != nil {
					t.Fatal(err)
				}
				variables = append(variables, "SSL_CERT_FILE="+filepath.Join(dir, "ca.pem"))
			}
			run(t, variables, uv, "venv", "--no-python-downloads", filepath.Join(dir, "venv"))
			run(t, variables, uv, "pip", "install", "--index-url", s.SimpleURL(), "app")
			check(t, s, mark)
		}
	})
}

// TestInstallersSeeMisbehaviour shows that the attacks are ones that installers
// notice or, for a page that lies about its digests, do not survive.
func TestInstallersSeeMisbehaviour(t *testing.T) {
	pip := installer(t, "pip", "ASSAY_TEST_PIP")
	for fault, want := range map[string]string{
		"swapped": "THESE PACKAGES DO NOT MATCH THE HASHES",
		"flipped": "THESE PACKAGES DO NOT MATCH THE HASHES",
	} {
		s := indextest.Start(t, installable)
		if err := s.Misbehave("wheel_only-2.0-py3-none-any.whl", fault); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(pip, "download", "--isolated", "--no-cache-dir", "-i", s.SimpleURL(), "-d", t.TempDir(), "wheel-only")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NO_PROXY=*"}
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v\n%s", fault, err, out)
		}
	}
}
