package main_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/internal/confine"
	"assay/internal/indextest"
	"assay/internal/indextest/corporate"
)

// proxyRoutes are the ways past the proxy, and those that are stronger than what
// Assay sets.
var proxyRoutes = []route{
	{"`--proxy` flag", []try{{ask: proxyFlag}, {archive: honestArchive, ask: proxyInCode()}}},
	{"`--proxy` flag, `--confine`", []try{{ask: proxyFlag}, {archive: honestArchive, ask: proxyInCode("--confine")}}},
	{"proxy in configuration", []try{{ask: proxyConf}}},
	{"`NO_PROXY` set by the person", []try{{ask: noProxy}}},
	{"plain http, another host", []try{{options: plainIndex, ask: plainHTTP()}}},
	{"plain http, `--allow-http`", []try{{options: plainIndex, ask: plainHTTP("--allow-http", "index.test")}}},
	{"`--cert`, with TLS", []try{{options: []indextest.Option{indextest.WithTLS()}, ask: strongFlag("--cert")}}},
	{"`--cache-dir`", []try{{ask: strongFlag("--cache-dir")}}},
	{"`--isolated`", []try{{ask: strongFlag("--isolated")}}},
	{"a build step that connects past the proxy, `--confine`", []try{{archive: straightArchive, ask: straight}}},
}

// ownProxy says why an installer takes no --proxy.
func ownProxy(tool string) string {
	switch {
	case tool == "build":
		return buildEnv
	case !viaPip(tool):
		return "it has no such flag"
	}
	return ""
}

func proxyFlag(t *testing.T, _ *bench, tool string) asking {
	if why := ownProxy(tool); why != "" {
		return asking{none: why}
	}
	if tool == "tox" || tool == "nox" {
		return asking{none: "it has no such flag; what stands in its file is the next try"}
	}
	return asking{flags: []string{"--proxy", corporate.Start(t, corporate.Options{}).URL()}}
}

// proxyInCode names a proxy where it cannot be seen beforehand.
func proxyInCode(flags ...string) func(*testing.T, *bench, string) asking {
	return func(t *testing.T, b *bench, tool string) asking {
		if tool != "tox" && tool != "nox" {
			return asking{none: cmp.Or(ownProxy(tool), "the flag itself is another try")}
		}
		a := asking{flags: []string{"--proxy", corporate.Start(t, corporate.Options{}).URL()}, run: flags}
		if len(flags) > 0 {
			a.stops, a.env = true, append(confined(t, b), "PIP_RETRIES=0")
		}
		return a
	}
}

// confined skips the test where nothing can be confined, and gives the person a
// home outside of the working folder.
func confined(t *testing.T, b *bench) []string {
	t.Helper()
	if err := confine.Check(); err != nil {
		t.Skip(err)
	}
	home := filepath.Join(b.dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	return []string{"HOME=" + home}
}

func proxyConf(t *testing.T, b *bench, tool string) asking {
	proxy := corporate.Start(t, corporate.Options{}).URL()
	switch {
	case viaPip(tool):
		return pipConf(b, "proxy = "+proxy+"\n")
	case ofProject(tool):
		return asking{none: "it takes variables only"}
	}
	return asking{files: map[string]string{".config/uv/uv.toml": fmt.Sprintf("http-proxy = %q\nhttps-proxy = %q\n", proxy, proxy)}}
}

func noProxy(*testing.T, *bench, string) asking {
	return asking{env: []string{"NO_PROXY=127.0.0.1,localhost,.test", "no_proxy=127.0.0.1,localhost,.test"}}
}

var plainIndex = []indextest.Option{indextest.WithURL("http://index.test")}

// plainHTTP asks an index without TLS, at a name that a company's proxy knows.
func plainHTTP(flags ...string) func(*testing.T, *bench, string) asking {
	return func(t *testing.T, b *bench, tool string) asking {
		proxy := corporate.Start(t, corporate.Options{})
		proxy.Lead("index.test:80", b.Addr())
		a := asking{}
		if tool == "pdm" { // by itself it passes over such an index
			a = asking{bare: true, project: fmt.Sprintf("[[tool.pdm.source]]\nname = \"pypi\"\nurl = %q\nverify_ssl = false\n", b.SimpleURL())}
		}
		a.run, a.env = flags, []string{"HTTP_PROXY=" + proxy.URL(), "http_proxy=" + proxy.URL(), "PIP_TRUSTED_HOST=index.test"}
		return a
	}
}

// strongFlag gives one of the flags that may be stronger than the environment.
func strongFlag(flag string) func(*testing.T, *bench, string) asking {
	return func(t *testing.T, b *bench, tool string) asking {
		none := "it has no such flag"
		flags := []string{flag}
		switch flag {
		case "--cert":
			for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} {
				b.unset(name)
			}
			flags = append(flags, b.write(t, "ca.pem", string(b.CertificatePEM())))
		case "--cache-dir":
			flags = append(flags, filepath.Join(b.dir, "cache"))
		case "--isolated":
			if tool == "uv tool" {
				none = "its flag of that name is not about settings or caches"
			}
		}
		switch {
		case ofProject(tool), flag == "--isolated" && !viaPip(tool), flag == "--cert" && tool == "uv tool":
			return asking{none: none}
		case tool == "build":
			return asking{none: buildEnv}
		}
		return asking{flags: append(flags, "--index-url", b.SimpleURL())}
	}
}

// straightArchive has an honest sdist whose build asks a server without any
// proxy.
var straightArchive = strings.Replace("-- evilassay-1.0.tar.gz --\n"+evilSource, "import os, zipfile\n", `import os, urllib.request, zipfile

urllib.request.build_opener(urllib.request.ProxyHandler({})).open(os.environ["STRAIGHT"], timeout=20)
`, 1)

func straight(t *testing.T, b *bench, _ string) asking {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		_ = os.WriteFile(b.mark(), []byte("asked\n"), 0o600)
	}))
	t.Cleanup(s.Close)
	return asking{stops: true, run: []string{"--confine"}, env: append(confined(t, b), "STRAIGHT="+s.URL)}
}
