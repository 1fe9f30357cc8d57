package main_test

import (
	"bufio"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRunsBesideEachOther holds runs at the same time to a port and a folder of
// their own each, with one ASSAY_HOME: all stand until the last has ended, and then
// nothing is left of any.
func TestRunsBesideEachOther(t *testing.T) {
	t.Parallel()
	const abreast = 12
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, good)
	hold := filepath.Join(b.dir, "hold")
	if err := os.WriteFile(hold, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var commands []*exec.Cmd
	var proxies, bundles []string
	for range abreast {
		cmd := exec.CommandContext(t.Context(), assay, "run", "--trusted-root", b.root, "--", self, fetcherVerb, "--hold", hold)
		cmd.Dir, cmd.Env, cmd.WaitDelay = b.dir, b.env, time.Minute
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		commands = append(commands, cmd)
		line, err := bufio.NewReader(out).ReadString('\n')
		proxy, bundle, ok := strings.Cut(strings.TrimSpace(line), " ")
		if err != nil || !ok {
			t.Fatalf("%q, %v", line, err)
		}
		proxies, bundles = append(proxies, proxy), append(bundles, bundle)
	}
	for i, bundle := range bundles {
		wantPrivate(t, bundle, 0o600)
		wantPrivate(t, filepath.Dir(bundle), fs.ModeDir|0o700)
		u, err := url.Parse(proxies[i])
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Errorf("run %d of %d is not there any more: %v", i+1, abreast, err)
			continue
		}
		c.Close()
	}
	for what, list := range map[string][]string{"proxies": proxies, "bundles": bundles} {
		if slices.Sort(list); len(slices.Compact(slices.Clone(list))) != abreast {
			t.Errorf("%d runs share %s: %v", abreast, what, list)
		}
	}
	if err := os.Remove(hold); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range commands {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	left, err := os.ReadDir(filepath.Join(b.dir, "assay", "run"))
	if err != nil {
		t.Error(err)
	}
	for _, e := range left {
		t.Errorf("%s is left behind", e.Name())
	}
}

// wantPrivate holds a file or folder to a mode in which nobody else reads it.
func wantPrivate(t *testing.T, name string, mode fs.FileMode) {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Error(err)
		return
	}
	if got := info.Mode(); got != mode && runtime.GOOS != "windows" {
		t.Errorf("%s has mode %s, want %s", name, got, mode)
	}
}
