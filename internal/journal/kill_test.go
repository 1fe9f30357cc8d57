//go:build unix

package journal

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain makes a writer of the test binary where the environment says so: it
// appends entries for ever and names each on stdout once it is in the journal.
func TestMain(m *testing.M) {
	if dir := os.Getenv("ASSAY_TEST_JOURNAL"); dir != "" {
		write(dir, os.Getenv("ASSAY_TEST_WRITER"))
	}
	os.Exit(m.Run())
}

func write(dir, writer string) {
	j, err := Open(options(dir))
	for n := 0; err == nil; n++ {
		e := seen("1."+fmt.Sprint(n), "a", acme)
		e.Filename = writer + "-" + e.Filename
		if n%5 == 4 { // what people do is on the disk as well
			_, err = j.Append(context.Background(), e)
		} else {
			err = j.Record(context.Background(), judged(e))
		}
		if err == nil {
			fmt.Println(e.Filename)
		}
		if n%50 == 49 && err == nil {
			if err = j.Close(); err == nil {
				j, err = Open(options(dir))
			}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// startWriter starts one and collects what it acknowledges.
func startWriter(t *testing.T, dir, name string, each func(string)) (kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ASSAY_TEST_JOURNAL="+dir, "ASSAY_TEST_WRITER="+name)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			each(lines.Text())
		}
	}()
	return func() {
		_ = cmd.Process.Kill()
		<-done
		_ = cmd.Wait()
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
			t.Errorf("the writer ended by itself: %v: %s", cmd.ProcessState, &complaint)
		}
	}
}

// TestKill kills a writer fifty times, each time at another moment: what it had
// acknowledged is there, and the chain holds.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	promised := map[string]bool{}
	for n := range 50 {
		acknowledged := make(chan struct{}, 1<<16)
		kill := startWriter(t, dir, fmt.Sprintf("w%d", n), func(name string) {
			mu.Lock()
			defer mu.Unlock()
			promised[name] = true
			acknowledged <- struct{}{}
		})
		select { // it has begun
		case <-acknowledged:
		case <-time.After(20 * time.Second):
			t.Error("the writer does not begin")
		}
		time.Sleep(time.Duration(rand.IntN(20_000)) * time.Microsecond)
		kill()
		holdAll(t, dir, promised)
		if t.Failed() {
			t.Fatalf("after %d kills", n+1)
		}
	}
	t.Logf("%d entries were acknowledged", len(promised))
}

// TestTwoWriters has two processes append at once.
func TestTwoWriters(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	promised := map[string]bool{}
	by := map[string]int{}
	enough := make(chan struct{}, 1<<20)
	start := func(name string) func() {
		return startWriter(t, dir, name, func(file string) {
			mu.Lock()
			defer mu.Unlock()
			promised[file] = true
			by[name]++
			if by["a"] > 100 && by["b"] > 100 {
				enough <- struct{}{}
			}
		})
	}
	a, b := start("a"), start("b")
	select {
	case <-enough:
	case <-time.After(60 * time.Second):
		t.Errorf("they come to nothing: %v", by)
	}
	a()
	b()
	holdAll(t, dir, promised)
}

// holdAll looks for every promised file in a journal whose chain holds.
func holdAll(t *testing.T, dir string, promised map[string]bool) {
	t.Helper()
	j, err := Open(options(dir))
	if err != nil {
		t.Error(err)
		return
	}
	defer j.Close()
	if _, err := j.Check(t.Context()); err != nil {
		t.Error(err)
	}
	entries, err := j.Entries(t.Context())
	if err != nil {
		t.Error(err)
	}
	have := map[string]bool{}
	for _, e := range entries {
		if have[e.Filename] {
			t.Errorf("%s is there twice", e.Filename)
		}
		have[e.Filename] = true
	}
	for name := range promised {
		if !have[name] {
			t.Errorf("%s was acknowledged and is lost", name)
		}
	}
}
