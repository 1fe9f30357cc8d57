package main_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// outcome is how a run of the stress test ended.
type outcome struct {
	err    error // it did not end by itself, or left no report
	status int
	output string
	took   time.Duration
	report stressReport
}

// stressReport is what is read of a report.
type stressReport struct {
	Artifacts []stressItem
	Summary   struct{ Allowed, Warned, Refused, Undecided int }
}

type stressItem struct {
	Filename, Project, Version, SHA256 string
	Decision                           struct {
		Verdict string
		Reasons []struct{ Code string }
	}
}

func (i stressItem) allowed() bool { return i.Decision.Verdict != "deny" }

// run plays one job through Assay.
func (s *stress) run(ctx context.Context, assay string, j *job) (o outcome) {
	report, target := filepath.Join(j.dir, "report.json"), filepath.Join(j.dir, "target")
	args := []string{"run", "--report", report, "--trusted-root", s.bench.root, "--", s.program[j.installer]}
	switch j.installer {
	case "pip":
		args = append(args, "install", "--target", target, "--no-input", "--index-url", s.faulty.SimpleURL(), "--trusted-host", "127.0.0.1")
	case "uv":
		args = append(args, "pip", "install", "--target", target, "--default-index", s.faulty.SimpleURL())
	case "fetcher":
		args = append(args, fetcherVerb, s.faulty.SimpleURL(), target)
	}
	cmd := exec.CommandContext(ctx, assay, append(args, j.project())...)
	cmd.Dir, cmd.Env = j.dir, append(slices.Clone(s.bench.env), "HOME="+j.dir)
	cmd.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	started := time.Now()
	err := cmd.Run()
	o.took, o.output = time.Since(started), out.String()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		o.err = fmt.Errorf("it hangs: %w", ctx.Err())
		return o
	case err != nil && !errors.As(err, &ended):
		o.err = err
		return o
	}
	o.status = cmd.ProcessState.ExitCode()
	data, err := os.ReadFile(report)
	if err == nil {
		err = json.Unmarshal(data, &o.report)
	}
	o.err = err
	return o
}

// The test binary is the fetcher when it is called with this word first.
const fetcherVerb = "assay-test-fetcher"

func init() {
	if len(os.Args) > 1 && os.Args[1] == fetcherVerb {
		os.Exit(fetcher(os.Args[2:]))
	}
}

// fetcher is the most trusting of installers: "INDEX TARGET PROJECT". It takes the
// newest wheel of a project that is not yanked, else the next older one, and
// keeps whatever comes to its end with status 200. With "--hold FILE" in front it
// says how it is led, and waits for the file to be gone.
func fetcher(args []string) int {
	client, err := fetcherClient()
	if err != nil {
		fmt.Println("fetcher:", err)
		return 2
	}
	if len(args) == 2 && args[0] == "--hold" {
		fmt.Println(os.Getenv("HTTP_PROXY"), os.Getenv("SSL_CERT_FILE"))
		for {
			if _, err := os.Stat(args[1]); err != nil {
				return 0
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	index, target, project := args[0], args[1], args[2]
	raw, err := fetch(client, index+project+"/")
	if err != nil {
		fmt.Println("fetcher:", err)
		return 1
	}
	var page struct {
		Files []struct {
			Filename, URL string
			Yanked        any
		}
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		fmt.Println("fetcher:", err)
		return 1
	}
	for _, f := range slices.Backward(page.Files) {
		if f.Yanked != false || !strings.HasPrefix(f.Filename, project+"-") {
			continue
		}
		content, err := fetch(client, f.URL)
		if err != nil {
			fmt.Println("fetcher:", f.Filename, err)
			continue
		}
		err = os.MkdirAll(target, 0o700)
		if err == nil {
			err = os.WriteFile(filepath.Join(target, filepath.Base(f.Filename)), content, 0o600)
		}
		if err != nil {
			fmt.Println("fetcher:", err)
			return 2
		}
		return 0
	}
	return 1
}

func fetcherClient() (*http.Client, error) {
	proxy, err := url.Parse(os.Getenv("HTTP_PROXY"))
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(os.Getenv("SSL_CERT_FILE"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool}}}, nil
}

// fetch gets a body to its end, and tries twice more where that might help.
func fetch(client *http.Client, at string) ([]byte, error) {
	var err error
	for range 3 {
		var request *http.Request
		if request, err = http.NewRequest(http.MethodGet, at, nil); err != nil {
			return nil, err
		}
		request.Header.Set("Accept", "application/vnd.pypi.simple.v1+json")
		var resp *http.Response
		if resp, err = client.Do(request); err != nil {
			continue
		}
		var body []byte
		body, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		switch {
		case err != nil:
		case resp.StatusCode == http.StatusOK:
			return body, nil
		default:
			err = errors.New(resp.Status)
			if resp.StatusCode < http.StatusInternalServerError {
				return nil, err
			}
		}
	}
	return nil, err
}
