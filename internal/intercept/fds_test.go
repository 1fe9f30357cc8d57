//go:build unix

package intercept_test

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"assay/internal/intercept"
)

const fewFiles = "ASSAY_TEST_FEW_FILES"

// TestNoFileDescriptors is run again, in a process that may open few files: there
// it opens connections until no more can be had.
func TestNoFileDescriptors(t *testing.T) {
	if os.Getenv(fewFiles) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNoFileDescriptors$", "-test.v")
		cmd.Env = append(os.Environ(), fewFiles+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestNoFileDescriptors") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	var failures atomic.Int32
	w := newWorld(t, hello, hurried(300*time.Millisecond), func(c *intercept.Config) {
		c.Log = slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
			if strings.Contains(string(p), "accepting failed") {
				failures.Add(1)
			}
			return len(p), nil
		}), &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	w.stillServes(t)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = 80
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	for range 200 {
		c, err := net.Dial("tcp", strings.TrimPrefix(w.proxy.URL(), "http://"))
		if err != nil {
			break
		}
		fmt.Fprint(c, "GET http://127.0.0.1:1/ HT")
		conns = append(conns, c)
	}
	if len(conns) < 10 || len(conns) > 100 {
		t.Fatalf("%d connections could be opened", len(conns))
	}
	// One that is waiting to be accepted, as in another process it would.
	_ = conns[0].Close()
	if c, err := net.Dial("tcp", strings.TrimPrefix(w.proxy.URL(), "http://")); err == nil {
		conns[0] = c
	}
	eventually(t, "accepting fails", func() bool { return failures.Load() > 0 })
	before := failures.Load()
	var used, still syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	time.Sleep(time.Second)
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &still)
	if n := failures.Load() - before; n > 30 {
		t.Errorf("accepting failed %d times in a second", n)
	}
	if d := time.Duration(still.Utime.Nano() - used.Utime.Nano()); d > 300*time.Millisecond {
		t.Errorf("waiting took %s of the processor", d)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	time.Sleep(100 * time.Millisecond)
	for range 3 {
		w.stillServes(t)
	}
}
