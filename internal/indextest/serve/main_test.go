package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestServe(t *testing.T) {
	dir := t.TempDir()
	archive, root := filepath.Join(dir, "a.txtar"), filepath.Join(dir, "root.json")
	if err := os.WriteFile(archive, []byte("-- demo-1.0-py3-none-any.whl --\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = w
	t.Cleanup(func() { os.Stdout = stdout })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"-root", root, archive}) }()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(strings.TrimSpace(line) + "demo/")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(body), "demo-1.0-py3-none-any.whl") {
		t.Errorf("page = %s, %v", body, err)
	}
	if raw, err := os.ReadFile(root); err != nil || !strings.Contains(string(raw), "trustedroot+json") {
		t.Errorf("trusted root = %.80s, %v", raw, err)
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("does not stop")
	}
}

func TestServeErrors(t *testing.T) {
	if err := run(t.Context(), nil); err == nil || err.Error() != "give one archive" {
		t.Errorf("error = %v", err)
	}
	if err := run(t.Context(), []string{filepath.Join(t.TempDir(), "none")}); !os.IsNotExist(err) {
		t.Errorf("error = %v", err)
	}
}
