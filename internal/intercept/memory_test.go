package intercept_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"assay"
	"assay/internal/catalog"
	"assay/internal/gate"
	"assay/internal/intercept"
)

// asProxy has the test program be a proxy: its value is the certificate of the
// upstream, in PEM.
const asProxy = "INTERCEPT_TEST_UPSTREAM"

// apart is a proxy in a process of its own, of which the memory can be measured.
type apart struct {
	pid    int
	client *http.Client
}

// TestProxyProcess is the other process. It serves until its standard input ends.
func TestProxyProcess(t *testing.T) {
	upstream, ok := os.LookupEnv(asProxy)
	if !ok {
		t.Skip("this is the program that other tests start")
	}
	ca, err := intercept.NewCA(intercept.CAOptions{Indexes: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()}}
	transport.TLSClientConfig.RootCAs.AppendCertsFromPEM([]byte(upstream))
	intercept.Tune(transport)
	intercept.BoundMemory()
	d := &desk{file: promisedByURL, conclude: soundInside}
	p, err := intercept.Start(intercept.Config{Desk: d, CA: ca, Upstream: transport, SpoolDir: t.TempDir(), Inspect: lookInside,
		// The upstream waits until all have come as far as the slowest, see meeting.
		Limits: gate.Limits{Idle: time.Hour, RateWindow: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode([]string{p.URL(), string(ca.Bundle(nil))}); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	p.Close(context.Background())
}

// promisedByURL takes the promise from a URL "/SHA256/SIZE/FILENAME".
func promisedByURL(u *url.URL) (*catalog.File, error) {
	part := strings.Split(u.Path, "/")
	f := promise(part[3], nil)
	size, err := strconv.ParseInt(part[2], 10, 64)
	f.Promised, f.Size = []assay.Digest{{Algorithm: "sha256", Hex: part[1]}}, size
	return f, err
}

// startApart starts the other process.
func startApart(t testing.TB, up *httptest.Server) *apart {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestProxyProcess$", "-test.timeout=20m")
	cmd.Env = append(os.Environ(), asProxy+"="+string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: up.Certificate().Raw})))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	var said []string
	read := bufio.NewReader(out)
	if err := json.NewDecoder(read).Decode(&said); err != nil || len(said) != 2 {
		t.Fatalf("the other process said %q, %v", said, err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	proxy, err := url.Parse(said[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(said[1]))
	return &apart{cmd.Process.Pid, &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), DisableCompression: true, MaxIdleConnsPerHost: 64,
		TLSClientConfig: &tls.Config{RootCAs: roots}}}}
}

// peak returns the most memory that the process had resident so far, in bytes.
func (a *apart) peak(t testing.TB) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.pid))
	if err != nil {
		t.Skip("the system does not say how much memory another process has")
	}
	for line := range strings.SplitSeq(string(status), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Skip("the system does not say how much memory another process had")
	return 0
}

// meeting is an upstream that sends a file but for its last bytes to everyone,
// and those only when all have come so far: the worst that can happen to whoever
// holds files whole.
type meeting struct {
	data []byte
	all  sync.WaitGroup
}

func (m *meeting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", strconv.Itoa(len(m.data)))
	end := len(m.data) - 10
	for from := 0; from < end; from += 1 << 20 {
		_, _ = w.Write(m.data[from:min(from+1<<20, end)])
	}
	flush(w)
	m.all.Done()
	m.all.Wait()
	_, _ = w.Write(m.data[end:])
}

// parallel downloads n files of a size at once and returns the peak of the
// proxy's memory before and after. They are wheels, and looked into as they are by
// the command.
func parallel(t testing.TB, n, size int) (before, after int64) {
	t.Helper()
	m := &meeting{data: wheelOf(t, size)}
	m.all.Add(n)
	up := httptest.NewTLSServer(m)
	t.Cleanup(up.Close)
	a := startApart(t, up)
	sum := sha256.Sum256(m.data)
	before = a.peak(t)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			resp, err := a.client.Get(fmt.Sprintf("%s/%s/%d/foo-%d-py3-none-any.whl", up.URL, hex.EncodeToString(sum[:]), len(m.data), i))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if got, err := io.Copy(io.Discard, resp.Body); err != nil || got != int64(len(m.data)) || resp.StatusCode != http.StatusOK {
				t.Errorf("%s, %d bytes, %v", resp.Status, got, err)
			}
		})
	}
	wg.Wait()
	return before, a.peak(t)
}

// maxResident is the memory that the proxy's process may ever have.
const maxResident = 150 << 20

func TestMemoryOfParallelDownloads(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("moves a gigabyte")
	}
	for name, c := range map[string]struct{ n, size int }{"held": {50, 7 << 20}, "streamed": {50, 12 << 20}} {
		t.Run(name, func(t *testing.T) {
			before, after := parallel(t, c.n, c.size)
			t.Logf("%d MiB before, %d MiB at most", before>>20, after>>20)
			if after > maxResident {
				t.Errorf("the proxy had %d MiB", after>>20)
			}
		})
	}
}

// BenchmarkParallelDownloads downloads 50 files at once through a proxy in a
// process of its own, TLS on both sides, and reports the most memory that this
// process had resident: VmHWM in MiB, of which "idle" is before the first byte.
func BenchmarkParallelDownloads(b *testing.B) {
	for name, c := range map[string]struct{ n, size int }{"50x7MB": {50, 7_000_000}, "50x100MB": {50, 100_000_000}} {
		b.Run(name, func(b *testing.B) {
			start := time.Now()
			for range b.N {
				before, after := parallel(b, c.n, c.size)
				b.ReportMetric(float64(before)/(1<<20), "idle-MiB")
				b.ReportMetric(float64(after)/(1<<20), "peak-MiB")
			}
			b.ReportMetric(float64(b.N)*float64(c.n)*float64(c.size)/1e6/time.Since(start).Seconds(), "MB/s")
		})
	}
}
