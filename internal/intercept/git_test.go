package intercept_test

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// gitBackend returns a maker of handlers that serve a folder of repositories, by
// git's own CGI program.
func gitBackend(t *testing.T, git string) func(root string) http.Handler {
	t.Helper()
	out, err := exec.Command(git, "--exec-path").Output()
	if err != nil {
		t.Skip("git does not say where its programs are")
	}
	program := filepath.Join(strings.TrimSpace(string(out)), "git-http-backend")
	if _, err := exec.LookPath(program); err != nil {
		t.Skip("git-http-backend is not installed")
	}
	return func(root string) http.Handler {
		return &cgi.Handler{Path: program, Root: "/", Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"}}
	}
}
