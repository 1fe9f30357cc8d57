package main_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"assay/internal/index"
	"assay/internal/indextest"
	"assay/internal/indextest/corporate"
	"assay/internal/indextest/localca"
)

// These tests are about what stands between Assay and the index: a company's
// proxy, another Assay, redirects, and other runs at the same time.

const proxyPassword = "pr0xy-p%40ss" // as it stands in a URL

// behind is an index at a name that only a company's proxy can reach, which
// wants a password. ca is the file with the root of both.
func behind(t *testing.T, front bool, options ...indextest.Option) (b *bench, proxy *corporate.Proxy, ca string) {
	t.Helper()
	authority, err := localca.New()
	if err != nil {
		t.Fatal(err)
	}
	b, ca = rootless(t, setUpArchive, append([]indextest.Option{indextest.WithCertificates(authority), indextest.WithURL("https://index.test")}, options...)...)
	proxy = corporate.Start(t, corporate.Options{User: user, Password: "pr0xy-p@ss", TLS: front, CA: authority})
	proxy.Lead("index.test:443", b.Addr())
	return b, proxy, ca
}

// wantBehind shows that everything went through the proxy, with its password.
func wantBehind(t *testing.T, proxy *corporate.Proxy) {
	t.Helper()
	if proxy.Count("index.test:443", 200) == 0 {
		t.Errorf("nothing went through the company's proxy: %v", proxy.Requests())
	}
	for _, q := range proxy.Requests() {
		if q.Status != 200 || q.User != user {
			t.Errorf("the company's proxy was asked as %q: %v", q.User, q)
		}
	}
}

func TestSetUpCompanyProxy(t *testing.T) {
	t.Parallel()
	for _, front := range []bool{false, true} {
		t.Run(map[bool]string{false: "http", true: "https"}[front], func(t *testing.T) {
			t.Parallel()
			eachTool(t, func(t *testing.T, tool string) {
				b, proxy, ca := behind(t, front)
				k := rootsOf(tool, ca).with("HTTPS_PROXY="+proxy.UserURL(), "https_proxy="+proxy.UserURL())
				if front {
					k = k.with("SSL_CERT_FILE=" + ca) // for the proxy's own certificate
				}
				k.index, k.secrets = b.SimpleURL(), []string{"pr0xy-p@ss", proxyPassword}
				b.wantJudged(t, tool, k)
				wantBehind(t, proxy)
			}, map[bool][]string{true: {"pip23", "poetry"}}[front]...)
		})
	}
}

// TestSetUpCompanyProxyOfTheTool is about a proxy that only the installer's own
// settings name.
func TestSetUpCompanyProxyOfTheTool(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tool string
		task func(b *bench, proxy string) task
	}{
		"pip pip.conf": {"pip", func(b *bench, proxy string) task {
			return task{env: []string{"PIP_CONFIG_FILE=" + filepath.Join(b.dir, "pip.conf")}, files: map[string]string{"pip.conf": "[global]\nproxy = " + proxy + "\n"}}
		}},
		"pip23 pip.conf": {"pip23", func(b *bench, proxy string) task {
			return task{env: []string{"PIP_CONFIG_FILE=" + filepath.Join(b.dir, "pip.conf")}, files: map[string]string{"pip.conf": "[global]\nproxy = " + proxy + "\n"}}
		}},
		"pip PIP_PROXY": {"pip", func(b *bench, proxy string) task { return task{env: []string{"PIP_PROXY=" + proxy}} }},
		"uv ALL_PROXY":  {"uv", func(b *bench, proxy string) task { return task{env: []string{"ALL_PROXY=" + proxy}} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program(t, c.tool)
			b, proxy, ca := behind(t, false)
			k := c.task(b, proxy.UserURL()).with(rootsOf(c.tool, ca).env...)
			k.index, k.secrets = b.SimpleURL(), []string{"pr0xy-p@ss", proxyPassword}
			b.wantJudged(t, c.tool, k)
			wantBehind(t, proxy)
		})
	}
}

// TestPublicIndexBehindCompanyProxy plays PyPI itself: installers that are
// configured with no index at all.
func TestPublicIndexBehindCompanyProxy(t *testing.T) {
	t.Parallel()
	simple, err := url.Parse(index.PyPI)
	if err != nil {
		t.Fatal(err)
	}
	files, err := url.Parse(index.PyPIFiles)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"pip", "uv"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			path := program(t, tool)
			b, proxy, ca := behind(t, false, indextest.WithURL(index.Origin(simple)), indextest.WithFilesURL(index.PyPIFiles))
			proxy.Lead(simple.Host+":443", b.Addr())
			proxy.Lead(files.Host+":443", b.Addr())
			b.env = append(b.env, "HTTPS_PROXY="+proxy.UserURL(), "SSL_CERT_FILE="+ca)
			command := []string{path, "install", "--target", b.target, "foo"}
			if tool == "uv" {
				command = []string{path, "pip", "install", "--target", b.target, "foo"}
			}
			r := b.run(t, command...)
			r.wantInstalled(t, b, "foo-1.0")
			r.wantReport(t, "foo-1.0-py3-none-any.whl", "allow "+publisher)
			if proxy.Count(simple.Host+":443", 200) == 0 || proxy.Count(files.Host+":443", 200) == 0 {
				t.Errorf("the company's proxy was asked %v", proxy.Requests())
			}
		})
	}
}

// TestCompanyProxyFails shows what a person sees when the company's proxy is the
// one that refuses: its status, and no credentials.
func TestCompanyProxyFails(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"pip", "uv"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			b, proxy, ca := behind(t, false)
			wrong := withUser(t, proxy.URL(), user, "wr0ng-pass")
			k := rootsOf(tool, ca).with("HTTPS_PROXY=" + wrong)
			k.index, k.secrets = b.SimpleURL(), []string{"wr0ng-pass"}
			r := b.do(t, tool, k, "foo")
			if r.status == 0 || len(b.has(t)) > 0 {
				t.Errorf("status %d, installed %v", r.status, b.has(t))
			}
			r.wantOutput(t, "page.unavailable")
			if !strings.Contains(strings.ToLower(r.output), "proxy") {
				t.Errorf("the output does not blame the proxy:\n%s", r.output)
			}
		})
	}
}

// TestRunInsideRun runs an Assay inside another: both judge, and the reason of
// either is shown.
func TestRunInsideRun(t *testing.T) {
	t.Parallel()
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	for _, installer := range installers {
		for _, host := range []string{"127.0.0.1", "localhost"} {
			t.Run(installer+" "+host, func(t *testing.T) {
				t.Parallel()
				path := program(t, installer)
				b, ca := rootless(t, setUpArchive, indextest.WithHost(host))
				b.env = append(b.env, "SSL_CERT_FILE="+ca)
				inner := filepath.Join(b.dir, "inner.json")
				for name, want := range map[string]string{"foo": "allow", "evil": "deny"} {
					command := []string{assay, "run", "--trusted-root", b.root, "--report", inner, "--", path}
					if installer == "uv" {
						command = append(command, "pip")
					}
					target := filepath.Join(b.dir, name)
					r := b.run(t, append(command, "install", "--target", target, "--index-url", b.SimpleURL(), name)...)
					if _, err := os.Stat(filepath.Join(target, name+"-1.0.dist-info")); (name == "foo") != (err == nil && r.status == 0) {
						t.Errorf("%s: status %d, %v:\n%s", name, r.status, err, r.output)
					}
					data, err := os.ReadFile(inner)
					if err != nil {
						t.Fatalf("%v\n%s", err, r.output)
					}
					file := name + "-1.0-py3-none-any.whl"
					// What the outer run refuses the inner one never gets to see.
					if in, out := verdictIn(t, data, file), verdictIn(t, []byte(r.raw), file); out != want || name == "foo" && in != want || in == "allow" && name == "evil" {
						t.Errorf("%s: the inner run said %q, the outer %q, want %q:\n%s", name, in, out, want, r.output)
					}
					if name == "evil" {
						r.wantOutput(t, "the file's bytes are not the ones that were promised")
					}
				}
			})
		}
	}
}

// verdictIn finds a file's verdict in a report.
func verdictIn(t *testing.T, data []byte, filename string) string {
	t.Helper()
	var report struct {
		Artifacts []struct {
			Filename string
			Decision struct{ Verdict string }
		}
	}
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	for _, a := range report.Artifacts {
		if a.Filename == filename {
			return a.Decision.Verdict
		}
	}
	return ""
}

// TestRunsAtOnce runs eight installations in one ASSAY_HOME: each of a package
// of its own, every second one of which is refused, and of one that all share.
func TestRunsAtOnce(t *testing.T) {
	t.Parallel()
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{program(t, "pip"), program(t, "uv")}
	archive := "-- common-1.0-py3-none-any.whl --\n"
	for i := range 8 {
		archive += fmt.Sprintf("-- foo%d-1.0-py3-none-any.whl --\nrequires-dist: common\n", i)
		if i%4 > 1 {
			archive += "misbehave: swapped\n"
		}
	}
	b := newBench(t, archive)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			name, good := fmt.Sprintf("foo%d", i), i%4 < 2
			target := filepath.Join(b.dir, "target-"+name)
			command := []string{"run", "--trusted-root", b.root, "--report", target + ".json", "--", paths[i%2]}
			if installers[i%2] == "uv" {
				command = append(command, "pip")
			}
			cmd := exec.Command(assay, append(command, "install", "--target", target, "--index-url", b.SimpleURL(), name)...)
			cmd.Env, cmd.Dir = b.env, b.dir
			out, err := cmd.CombinedOutput()
			if (err == nil) != good {
				t.Errorf("%s with %s: %v\n%s", name, installers[i%2], err, out)
			}
			data, err := os.ReadFile(target + ".json")
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, out)
				return
			}
			want := map[bool]string{true: "allow", false: "deny"}[good]
			if got := verdictIn(t, data, name+"-1.0-py3-none-any.whl"); got != want {
				t.Errorf("%s with %s: %q, want %q\n%s", name, installers[i%2], got, want, out)
			}
			for _, dist := range []string{name, "common"} {
				if _, err := os.Stat(filepath.Join(target, dist+"-1.0.dist-info")); (err == nil) != good {
					t.Errorf("%s with %s: %s installed: %v", name, installers[i%2], dist, err)
				}
			}
		})
	}
	wg.Wait()
	err = filepath.WalkDir(filepath.Join(b.dir, "assay"), func(path string, d fs.DirEntry, err error) error {
		if filepath.Base(path) == "roots.pem" {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSetUpRedirects leads pages and files to another host.
func TestSetUpRedirects(t *testing.T) {
	t.Parallel()
	eachTool(t, func(t *testing.T, tool string) {
		b := newBench(t, setUpArchive)
		for _, target := range []string{"foo/", "evil/", "foo-1.0-py3-none-any.whl", "foo-1.0-py3-none-any.whl.metadata"} {
			if err := b.Misbehave(target, "redirect host"); err != nil {
				t.Fatal(err)
			}
		}
		b.wantJudged(t, tool, task{index: b.SimpleURL()})
		hosts := map[string]bool{}
		for _, q := range b.Requests() {
			hosts[strings.Split(q.Host, ":")[0]] = true
		}
		if !hosts["127.0.0.1"] || !hosts["localhost"] {
			t.Errorf("the hosts that were asked are %v", hosts)
		}
	}, "pip23")
}
