package main_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay/internal/indextest"
)

// These tests show that a person's set-up keeps working under Assay, and that
// what comes past is judged in it all the same: the way to the index is the
// person's, with credentials, certificates and roots in the places where each
// installer looks for them.

const (
	user     = "me"
	password = "s3cret-pass"
)

func withUser(t *testing.T, raw, user, password string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, password)
	if password == "" {
		u.User = url.User(user)
	}
	return u.String()
}

// authenticated is an index that demands credentials.
func authenticated(t *testing.T) *bench {
	return newBench(t, setUpArchive, indextest.WithBasicAuth(user, password))
}

func TestSetUpCredentialsInURL(t *testing.T) {
	t.Parallel()
	eachTool(t, func(t *testing.T, tool string) {
		if tool == "poetry" {
			t.Skip("Poetry by itself does not show a URL's credentials to files: it has http-basic for them")
		}
		b := authenticated(t)
		b.wantJudged(t, tool, task{index: withUser(t, b.SimpleURL(), user, password), secrets: []string{password}})
	}, "pip23")
}

func TestSetUpNetrc(t *testing.T) {
	t.Parallel()
	eachTool(t, func(t *testing.T, tool string) {
		b := authenticated(t)
		b.wantJudged(t, tool, task{index: b.SimpleURL(), secrets: []string{password},
			files: map[string]string{".netrc": "machine 127.0.0.1 login " + user + " password " + password + "\n"}})
	}, "pip23")
}

// TestSetUpCredentialsByName is about credentials that stand beside the index's
// name: in uv's variables, in what "poetry config http-basic.bench" writes, in
// PDM's configuration.
func TestSetUpCredentialsByName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tool string
		task func(b *bench) task
	}{
		"uv": {"uv", func(b *bench) task {
			return task{index: "bench=" + b.SimpleURL(), env: []string{"UV_INDEX_BENCH_USERNAME=" + user, "UV_INDEX_BENCH_PASSWORD=" + password}}
		}},
		"poetry, file": {"poetry", func(b *bench) task {
			return task{index: b.SimpleURL(), files: map[string]string{".config/pypoetry/auth.toml": fmt.Sprintf("[http-basic.bench]\nusername = %q\npassword = %q\n", user, password)}}
		}},
		"poetry, environment": {"poetry", func(b *bench) task {
			return task{index: b.SimpleURL(), env: []string{"POETRY_HTTP_BASIC_BENCH_USERNAME=" + user, "POETRY_HTTP_BASIC_BENCH_PASSWORD=" + password}}
		}},
		"pdm, file": {"pdm", func(b *bench) task {
			return task{index: b.SimpleURL(), files: map[string]string{".config/pdm/config.toml": fmt.Sprintf("[pypi]\nusername = %q\npassword = %q\n", user, password)}}
		}},
		"pdm, environment": {"pdm", func(b *bench) task {
			return task{index: "http://${BENCH_USER}:${BENCH_PASSWORD}@" + strings.TrimPrefix(b.SimpleURL(), "http://"), env: []string{"BENCH_USER=" + user, "BENCH_PASSWORD=" + password}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program(t, c.tool)
			b := authenticated(t)
			k := c.task(b)
			k.secrets = append(k.secrets, password)
			b.wantJudged(t, c.tool, k)
		})
	}
}

// fakeKeyring has one password for one service and one user, and notes what it
// was asked. Newer pips ask for user and password together, as JSON.
const fakeKeyring = `#!/bin/sh
echo "$@" >> "$HOME/keyring.log"
case "$*" in
"get "*127.0.0.1*" me") echo s3cret-pass ;;
"--mode=creds --output=json get "*127.0.0.1*" me") echo '{"username": "me", "password": "s3cret-pass"}' ;;
*) exit 1 ;;
esac
`

// TestSetUpKeyring shows that the password is asked of the keyring's program,
// and by pip only when the index has said 401: it is no matter of course that an
// installer behind a proxy still meets the index's own challenge.
func TestSetUpKeyring(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"pip", "pip23", "uv"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			program(t, tool)
			b := authenticated(t)
			bin := filepath.Dir(b.write(t, "bin/keyring", fakeKeyring))
			b.wantJudged(t, tool, task{
				index: withUser(t, b.SimpleURL(), user, ""), args: []string{"--keyring-provider", "subprocess"},
				env: []string{"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH")}, secrets: []string{password},
			})
			asked, err := os.ReadFile(filepath.Join(b.dir, "keyring.log"))
			if err != nil || !strings.Contains(string(asked), " "+user+"\n") {
				t.Errorf("the keyring was asked %q, %v", asked, err)
			}
			challenged := false
			for _, q := range b.Requests() {
				own := strings.HasPrefix(q.UserAgent, "pip/") || strings.HasPrefix(q.UserAgent, "uv/")
				challenged = challenged || own && q.Status == 401
				if own && q.Status == 200 && !challenged && tool != "uv" {
					t.Errorf("%s was answered before any 401", q.Path)
				}
			}
			if tool != "uv" && !challenged {
				t.Errorf("%s was never challenged", tool)
			}
		})
	}
}

// rootless is an index with TLS whose root is trusted by nobody but those who
// are told to by the test; ca is the file with it.
func rootless(t *testing.T, archive string, options ...indextest.Option) (b *bench, ca string) {
	t.Helper()
	b = newBench(t, archive, append(options, indextest.WithTLS())...)
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} {
		b.unset(name)
	}
	return b, b.write(t, "ca.pem", string(b.CertificatePEM()))
}

// unset takes a variable out of the bench's environment.
func (b *bench) unset(name string) {
	var kept []string
	for _, kv := range b.env {
		if !strings.HasPrefix(kv, name+"=") {
			kept = append(kept, kv)
		}
	}
	b.env = kept
}

// rootsOf is how each tool is commonly told of a private root.
func rootsOf(tool, ca string) task {
	switch tool {
	case "poetry":
		return task{files: map[string]string{".config/pypoetry/config.toml": fmt.Sprintf("[certificates.bench]\ncert = %q\n", ca)}}
	case "uv", "pdm":
		return task{env: []string{"SSL_CERT_FILE=" + ca}}
	default:
		return task{env: []string{"PIP_CERT=" + ca}}
	}
}

func TestSetUpPrivateRoots(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tool string
		task func(b *bench, ca string) task
	}{
		"pip PIP_CERT":             {"pip", func(_ *bench, ca string) task { return rootsOf("pip", ca) }},
		"pip SSL_CERT_FILE":        {"pip", func(_ *bench, ca string) task { return task{env: []string{"SSL_CERT_FILE=" + ca}} }},
		"pip pip.conf":             {"pip", pipConfCert},
		"pip23 pip.conf":           {"pip23", pipConfCert},
		"pip23 REQUESTS_CA_BUNDLE": {"pip23", func(_ *bench, ca string) task { return task{env: []string{"REQUESTS_CA_BUNDLE=" + ca}} }},
		"uv SSL_CERT_FILE":         {"uv", func(_ *bench, ca string) task { return rootsOf("uv", ca) }},
		"poetry certificates":      {"poetry", func(_ *bench, ca string) task { return rootsOf("poetry", ca) }},
		"poetry REQUESTS_CA_BUNDLE": {"poetry", func(_ *bench, ca string) task {
			return task{env: []string{"REQUESTS_CA_BUNDLE=" + ca}}
		}},
		"pdm SSL_CERT_FILE": {"pdm", func(_ *bench, ca string) task { return rootsOf("pdm", ca) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program(t, c.tool)
			b, ca := rootless(t, setUpArchive)
			k := c.task(b, ca)
			k.index = b.SimpleURL()
			b.wantJudged(t, c.tool, k)
		})
	}
}

// TestSetUpRootsOfPDM is about a setting by which PDM trusts nothing else: the
// run stops, and says what to do instead.
func TestSetUpRootsOfPDM(t *testing.T) {
	t.Parallel()
	path := program(t, "pdm")
	b, ca := rootless(t, setUpArchive)
	b.command(t, "pdm", task{index: b.SimpleURL(), files: map[string]string{".config/pdm/config.toml": fmt.Sprintf("[pypi]\nca_certs = %q\n", ca)}}, "foo")
	command := b.under(t, path, "install")
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env, cmd.Dir = b.env, b.dir
	out, err := cmd.CombinedOutput()
	if status := cmd.ProcessState.ExitCode(); status != 125 {
		t.Errorf("status %d, %v", status, err)
	}
	for _, want := range []string{`assay: error: "ca_certs" (`, "would make pdm distrust assay", "assay: hint: leave it out, and set SSL_CERT_FILE=" + ca} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	if n := len(b.Requests()); n > 0 {
		t.Errorf("%d requests were made", n)
	}
}

func pipConfCert(b *bench, ca string) task {
	return task{env: []string{"PIP_CONFIG_FILE=" + filepath.Join(b.dir, "pip.conf")}, files: map[string]string{"pip.conf": "[global]\ncert = " + ca + "\n"}}
}

// TestSetUpClientCertificate is about an index that lets nobody in without a
// certificate of the client's.
func TestSetUpClientCertificate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tool string
		task func(ca, cert string) task
	}{
		"pip --client-cert": {"pip", func(ca, cert string) task {
			k := rootsOf("pip", ca)
			k.args = []string{"--client-cert", cert}
			return k
		}},
		"pip23 PIP_CLIENT_CERT": {"pip23", func(ca, cert string) task { return rootsOf("pip", ca).with("PIP_CLIENT_CERT=" + cert) }},
		"uv SSL_CLIENT_CERT":    {"uv", func(ca, cert string) task { return rootsOf("uv", ca).with("SSL_CLIENT_CERT=" + cert) }},
		"poetry": {"poetry", func(ca, cert string) task {
			return task{files: map[string]string{".config/pypoetry/config.toml": fmt.Sprintf("[certificates.bench]\ncert = %q\nclient-cert = %q\n", ca, cert)}}
		}},
		"pdm": {"pdm", func(ca, cert string) task {
			// Beside ca_certs PDM by itself forgets the client's certificate.
			return task{env: []string{"SSL_CERT_FILE=" + ca}, files: map[string]string{".config/pdm/config.toml": fmt.Sprintf("[pypi]\nclient_cert = %q\n", cert)}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program(t, c.tool)
			b, ca := rootless(t, setUpArchive, indextest.WithClientCertificates())
			both, err := b.ClientPEM("alice")
			if err != nil {
				t.Fatal(err)
			}
			k := c.task(ca, b.write(t, "client.pem", string(both)))
			k.index = b.SimpleURL()
			b.wantJudged(t, c.tool, k)
			for _, q := range b.Requests() {
				if q.Client != "alice" {
					t.Errorf("%s was asked for as %q", q.Path, q.Client)
				}
			}
		})
	}
}

func TestSetUpIPv6(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("there is no IPv6 loopback here: %v", err)
	}
	l.Close()
	// By name: of what the name leads to, only the IPv6 address answers.
	t.Run("by name", func(t *testing.T) {
		t.Parallel()
		if addresses, err := net.LookupHost("localhost"); !slices.Contains(addresses, "::1") {
			t.Skipf("localhost has no IPv6 address here: %v, %v", addresses, err)
		}
		eachTool(t, func(t *testing.T, tool string) {
			b, ca := rootless(t, setUpArchive, indextest.WithAddr("[::1]:0"), indextest.WithHost("localhost"))
			k := rootsOf(tool, ca)
			k.index = b.SimpleURL()
			b.wantJudged(t, tool, k)
		})
	})
	t.Run("by address", func(t *testing.T) {
		t.Parallel()
		eachTool(t, func(t *testing.T, tool string) {
			switch tool {
			case "poetry":
				t.Skip("Poetry by itself cannot read the URL of an index with an IPv6 address")
			case "pdm":
				t.Skip("PDM by itself asks any proxy to connect to ::1:PORT, without the brackets that make it an address")
			case "uv":
				t.Skip("uv by itself cannot speak TLS with an IPv6 address through any proxy (it says: Invalid Server Name)")
			}
			b, ca := rootless(t, setUpArchive, indextest.WithAddr("[::1]:0"))
			k := rootsOf(tool, ca)
			k.index = b.SimpleURL()
			b.wantJudged(t, tool, k)
		})
	})
}
