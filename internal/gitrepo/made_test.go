package gitrepo

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// made is a repository that the real git made.
type made struct {
	t   *testing.T
	dir string
}

// newMade creates a repository with one commit.
func newMade(t *testing.T, args ...string) *made {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	m := &made{t, filepath.Join(t.TempDir(), "work")}
	if err := os.Mkdir(m.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	m.git(append([]string{"init", "-q"}, args...)...)
	m.write("setup.py", "x\n")
	m.commit("first")
	return m
}

func (m *made) try(in []byte, args ...string) (string, error) {
	c := exec.Command("git", args...)
	c.Dir, c.Stdin = m.dir, bytes.NewReader(in)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + m.t.TempDir(), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.invalid", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.invalid",
		"GIT_COMMITTER_DATE=1700000000 +0100", "GIT_AUTHOR_DATE=1700000000 +0100"}
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(out), err
}

// git runs git and returns the line that it prints.
func (m *made) git(args ...string) string {
	m.t.Helper()
	out, err := m.try(nil, args...)
	if err != nil {
		m.t.Fatal(err)
	}
	return strings.TrimSuffix(out, "\n")
}

func (m *made) write(name, text string) {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func (m *made) commit(message string) {
	m.t.Helper()
	m.git("add", "-A")
	m.git("commit", "-q", "--allow-empty", "-m", message)
}

// raw returns the object that git shows for a name.
func (m *made) raw(kind, name string) string {
	m.t.Helper()
	out, err := m.try(nil, "cat-file", kind, name)
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

// serve answers for the repositories in a folder with git's own server.
func serve(t *testing.T, folder string) *httptest.Server {
	t.Helper()
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Skip("git is not installed")
	}
	backend := filepath.Join(strings.TrimSpace(string(out)), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		t.Skip("git http-backend is not installed")
	}
	s := httptest.NewServer(&cgi.Handler{Path: backend, Stderr: io.Discard, Env: []string{
		"GIT_PROJECT_ROOT=" + folder, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + t.TempDir(),
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
	}})
	t.Cleanup(s.Close)
	return s
}

// answers is a server that answers the list of refs and the pack as told.
func answers(t *testing.T, list, pack func(http.ResponseWriter, *http.Request)) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			list(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
		pack(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func pkt(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }
