package installer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// stage is what a real installer runs against: Assay's proxy, another one, and
// an index in https behind both.
type stage struct {
	root          string
	ours, other   *httptest.Server
	viaOurs       atomic.Int32
	viaOther      atomic.Int32
	trusted       atomic.Int32 // requests that came through TLS
	bundle, alien string       // files of roots: with the index's, and without
}

func newStage(t *testing.T, root string) *stage {
	s := &stage{root: root, bundle: filepath.Join(root, "bundle.pem"), alien: filepath.Join(root, "alien.pem")}
	ca, chain := certificates(t)
	for path, data := range map[string][]byte{s.bundle: ca, s.alien: []byte(anotherRoot(t))} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	index := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.trusted.Add(1)
		w.WriteHeader(404)
	}))
	index.TLS = &tls.Config{Certificates: []tls.Certificate{chain}}
	index.Config.ErrorLog = log.New(io.Discard, "", 0)
	index.StartTLS()
	t.Cleanup(index.Close)
	proxy := func(asked *atomic.Int32) *httptest.Server {
		p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			if r.Method != http.MethodConnect {
				w.WriteHeader(404)
				return
			}
			tunnel(w, index.Listener.Addr().String())
		}))
		t.Cleanup(p.Close)
		return p
	}
	s.ours, s.other = proxy(&s.viaOurs), proxy(&s.viaOther)
	return s
}

// tunnel connects the client with the index, whatever it asked for.
func tunnel(w http.ResponseWriter, to string) {
	up, err := net.Dial("tcp", to)
	if err != nil {
		w.WriteHeader(502)
		return
	}
	defer up.Close()
	down, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer down.Close()
	_, _ = io.WriteString(down, "HTTP/1.1 200 OK\r\n\r\n")
	done := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(up, buffered); done <- struct{}{} }()
	go func() { _, _ = io.Copy(down, up); done <- struct{}{} }()
	<-done
}

// certificates makes an authority, as PEM, and a certificate of the index.
func certificates(t *testing.T) ([]byte, tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte{1}}
	ca, err := x509.CreateCertificate(rand.Reader, authority, authority, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "index.invalid"}, DNSNames: []string{"index.invalid"}, NotBefore: authority.NotBefore,
		NotAfter: authority.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true, AuthorityKeyId: []byte{1}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca}), tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func anotherRoot(t *testing.T) string { return root(t, "alien") }

// run runs an installer in the environment that Assay prepares.
func (s *stage) run(t *testing.T, program string, args, env []string) string {
	t.Helper()
	env = append(append(environ(s.root), env...), "PATH="+os.Getenv("PATH"), "PYENV_ROOT="+os.Getenv("PYENV_ROOT"))
	cmd := exec.Command(program, args...)
	cmd.Dir = filepath.Join(s.root, "cwd")
	cmd.Env = append(Environment(env, Setup{ProxyURL: s.ours.URL, MarkedURL: strings.Replace(s.ours.URL, "//", "//pip:mark@", 1), BundlePath: s.bundle, CacheDir: filepath.Join(s.root, "cache")}),
		"PIP_RETRIES=0", "PIP_DISABLE_PIP_VERSION_CHECK=1", "UV_HTTP_RETRIES=0")
	out, _ := cmd.CombinedOutput() // it fails: the index has nothing
	return string(out)
}

// What Read takes for stronger than the environment is what real installers
// follow against it, and what it does not is what they pass over for it.
func TestWhatIsStronger(t *testing.T) {
	pip := "pip install --dry-run -i https://index.invalid/simple zzz"
	uv := "uv pip install --target t --dry-run --default-index https://index.invalid/simple zzz"
	for _, tt := range []struct {
		name, command string
		env           []string
		files         map[string]string
	}{
		{"nothing", pip, nil, nil},
		{"a flag", pip + " --proxy OTHER", nil, nil},
		{"a flag cut short", pip + " --prox OTHER", nil, nil},
		{"a file", pip, nil, map[string]string{"home/.pip/pip.conf": "[global]\nproxy = OTHER"}},
		{"a file, for the command", pip, nil, map[string]string{"xdg/pip/pip.conf": "[install]\nproxy = OTHER"}},
		{"a variable", pip, []string{"PIP_PROXY=OTHER"}, nil},
		{"a file, isolated", pip + " --isolated", nil, map[string]string{"xdg/pip/pip.conf": "[global]\nproxy = OTHER"}},
		{"isolated", pip + " --isolated", nil, nil},
		{"exceptions", pip, []string{"NO_PROXY=*", "no_proxy=*"}, nil},
		{"roots by a flag", pip + " --cert ALIEN", nil, nil},
		{"roots by a file", pip, nil, map[string]string{"home/.pip/pip.conf": "[global]\ncert = ALIEN"}},
		{"roots by variables", pip, []string{"PIP_CERT=ALIEN", "REQUESTS_CA_BUNDLE=ALIEN", "SSL_CERT_FILE=ALIEN", "SSL_CERT_DIR=/none"}, nil},
		{"nothing", uv, nil, nil},
		{"https by a file", uv, nil, map[string]string{"cwd/uv.toml": "https-proxy = 'OTHER'"}},
		{"http by a file", uv, nil, map[string]string{"home/.config/uv/uv.toml": "http-proxy = 'OTHER'"}},
		{"https by a project", uv, nil, map[string]string{"cwd/pyproject.toml": "[tool.uv]\nhttps-proxy = 'OTHER'"}},
		{"exceptions by a file", uv, nil, map[string]string{"cwd/uv.toml": "no-proxy = ['*', 'index.invalid']"}},
		{"exceptions by variables", uv, []string{"NO_PROXY=*", "no_proxy=*"}, nil},
		{"https by a project, for a tool", "uv tool run --default-index https://index.invalid/simple zzz", nil, map[string]string{"cwd/uv.toml": "https-proxy = 'OTHER'"}},
		{"https by a script", "uv run --default-index https://index.invalid/simple s.py", nil, map[string]string{"cwd/s.py": "# /// script\n# dependencies = ['zzz']\n# [tool.uv]\n# https-proxy = 'OTHER'\n# ///\n"}},
		{"of the application", "uv run --no-project --default-index https://index.invalid/simple --with zzz app --cert ALIEN --cache-dir x", nil, nil},
		{"roots by a flag", uv + " --cert ALIEN", nil, nil},
		{"roots by variables", uv, []string{"SSL_CERT_FILE=ALIEN", "SSL_CERT_DIR=/none", "UV_SYSTEM_CERTS=1"}, nil},
		{"roots of the system", uv + " --system-certs", nil, nil},
		{"roots of the system, by a file", uv, nil, map[string]string{"cwd/uv.toml": "native-tls = true"}},
	} {
		tool, _, _ := strings.Cut(tt.command, " ")
		t.Run(tool+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			program := installed(t, tool)
			root := place(t, nil)
			s := newStage(t, root)
			fill := strings.NewReplacer("OTHER", s.other.URL, "ALIEN", s.alien).Replace
			for name, content := range tt.files {
				path := filepath.Join(root, name)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(fill(content)), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			args := strings.Fields(fill(tt.command))
			var env []string
			for _, kv := range tt.env {
				env = append(env, fill(kv))
			}
			_, err := Read(append(environ(root), env...), filepath.Join(root, "cwd"), args, Options{TheirCache: true})
			var stronger *AroundError
			if err != nil && !errors.As(err, &stronger) {
				t.Fatal(err)
			}
			out := s.run(t, program, args[1:], env)
			if strings.Contains(out, "unexpected argument") || strings.Contains(out, "unknown field") {
				t.Skipf("this %s does not know that yet:\n%s", tool, out)
			}
			around := s.viaOurs.Load() == 0 || s.viaOther.Load() > 0 || s.trusted.Load() == 0
			if around != (stronger != nil) {
				t.Errorf("Read: %v\nthrough ours %d, through the other %d, of these trusted %d\n%s", err, s.viaOurs.Load(), s.viaOther.Load(), s.trusted.Load(), out)
			}
		})
	}
}

// The same, for caches: the folder that the installer says it uses.
func TestWhichCacheIsStronger(t *testing.T) {
	for _, tt := range []struct {
		command string
		env     []string
		files   map[string]string
	}{
		{"pip cache dir", []string{"PIP_CACHE_DIR=/theirs"}, map[string]string{"home/.pip/pip.conf": "[global]\ncache-dir = /theirs"}},
		{"pip cache dir --cache-dir /theirs", nil, nil},
		{"pip --isolated cache dir", nil, nil},
		{"uv cache dir", []string{"UV_CACHE_DIR=/theirs"}, map[string]string{"cwd/uv.toml": "cache-dir = '/theirs'"}},
		{"uv cache dir --cache-dir /theirs", nil, nil},
	} {
		t.Run(tt.command, func(t *testing.T) {
			args := strings.Fields(tt.command)
			program := installed(t, args[0])
			s := newStage(t, place(t, tt.files))
			out := s.run(t, program, args[1:], tt.env)
			if !strings.Contains(out, string(filepath.Separator)) {
				t.Skipf("%s does not run here:\n%s", args[0], out)
			}
			_, err := Read(append(environ(s.root), tt.env...), filepath.Join(s.root, "cwd"), args, Options{})
			var stronger *AroundError
			if ours := strings.Contains(out, filepath.Join(s.root, "cache")); errors.As(err, &stronger) == ours {
				t.Errorf("Read: %v, %s says %s", err, args[0], out)
			}
		})
	}
}

// What asks through pip or uv hands on to them what Assay sets. pip-sync is not
// among these: it would remove what is installed beside it.
func TestFrontEndsAskThroughTheProxy(t *testing.T) {
	if testing.Short() {
		t.Skip("each makes an environment of its own")
	}
	for _, tt := range []struct {
		command string
		files   map[string]string
	}{
		{"pip-compile --index-url https://index.invalid/simple r.in", map[string]string{"cwd/r.in": "zzz"}},
		{"pipx run --backend pip --index-url https://index.invalid/simple zzz", nil},
		{"pyproject-build", map[string]string{"cwd/pyproject.toml": "[build-system]\nrequires = ['zzz']\n"}},
		{"tox run", map[string]string{"cwd/tox.ini": "[testenv]\nskip_install = true\ndeps = zzz\ncommands =\n"}},
		{"nox", map[string]string{"cwd/noxfile.py": "import nox\n@nox.session\ndef t(s):\n    s.install('zzz')\n"}},
		{"virtualenv --download v", nil},
	} {
		tool, _, _ := strings.Cut(tt.command, " ")
		t.Run(tt.command, func(t *testing.T) {
			t.Parallel()
			program := installed(t, tool)
			s := newStage(t, place(t, tt.files))
			args := strings.Fields(tt.command)
			if _, err := Read(environ(s.root), filepath.Join(s.root, "cwd"), args, Options{}); err != nil {
				t.Fatal(err)
			}
			out := s.run(t, program, args[1:], []string{"PIP_INDEX_URL=https://index.invalid/simple"})
			if s.viaOurs.Load() == 0 || s.trusted.Load() == 0 {
				t.Errorf("through ours %d, of these trusted %d\n%s", s.viaOurs.Load(), s.trusted.Load(), out)
			}
			if strings.Contains(out, "SSLError") || strings.Contains(out, "CERTIFICATE_VERIFY_FAILED") {
				t.Errorf("not all was trusted:\n%s", out)
			}
		})
	}
}
