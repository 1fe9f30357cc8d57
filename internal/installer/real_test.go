package installer

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Real installers, in the environment that Assay prepares, ask exactly the
// configured indexes, all of them through the proxy, in the order that Read
// tells. The indexes are plain http, so that the proxy sees what is asked.
func TestInstallersAskWhatIsRead(t *testing.T) {
	files := map[string]string{
		"xdg/pip/pip.conf":        "[global]\nindex-url = http://one.invalid/simple\n[install]\nextra-index-url =\n  http://two.invalid/simple\n",
		"cwd/uv.toml":             "[[index]]\nname = \"three\"\nurl = \"http://three.invalid/simple\"\n[pip]\nextra-index-url = [\"http://four.invalid/simple\"]\n",
		"home/.config/uv/uv.toml": "index-url = \"http://five.invalid/simple\"\nno-proxy = [\"three.invalid\"]\n",
	}
	for _, tt := range []struct {
		tool string
		args []string
		env  []string
	}{
		{"pip", []string{"install", "--no-input", "--retries=0", "--disable-pip-version-check", "--dry-run", "zzz"}, nil},
		{"pip", []string{"install", "--no-input", "--retries=0", "--disable-pip-version-check", "--dry-run", "--extra-index-u", "http://six.invalid/simple", "zzz"},
			[]string{"NO_PROXY=six.invalid", "PIP_INDEX_URL=http://seven.invalid/simple"}},
		{"uv", []string{"pip", "install", "--dry-run", "--target", "t", "zzz"}, nil},
		{"uv", []string{"pip", "install", "--dry-run", "--target", "t", "zzz"},
			[]string{"UV_INDEX=http://six.invalid/simple x=http://seven.invalid/s", "NO_PROXY=*", "UV_DEFAULT_INDEX=http://eight.invalid/simple"}},
	} {
		t.Run(tt.tool, func(t *testing.T) {
			program := installed(t, tt.tool)
			root := place(t, files)
			env := append(environ(root, tt.env...), "PATH="+os.Getenv("PATH"), "PYENV_ROOT="+os.Getenv("PYENV_ROOT"),
				"PIP_TRUSTED_HOST=one.invalid two.invalid six.invalid seven.invalid") // or pip would not ask in plain http
			config, err := Read(env, root+"/cwd", append([]string{tt.tool}, tt.args...), Options{})
			if err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var asked []string
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				if base := strings.TrimSuffix(r.URL.String(), "/zzz/"); !slices.Contains(asked, base) {
					asked = append(asked, base)
				}
				w.WriteHeader(404)
			}))
			defer proxy.Close()
			cmd := exec.Command(program, tt.args...)
			cmd.Dir = root + "/cwd"
			cmd.Env = Environment(env, Setup{ProxyURL: proxy.URL, BundlePath: "/etc/ssl/certs/ca-certificates.crt", CacheDir: root + "/cache"})
			out, _ := cmd.CombinedOutput() // it fails: no index has the project
			if len(asked) == 0 {
				t.Skipf("%s does not run here:\n%s", tt.tool, out)
			}
			var want []string
			for _, i := range config.Indexes {
				want = append(want, i.URL.String())
			}
			if !slices.Equal(asked, want) {
				t.Errorf("asked %v, read %v\n%s", asked, want, out)
			}
			if home, err := os.ReadDir(root + "/home"); err != nil || slices.ContainsFunc(home, func(e os.DirEntry) bool { return e.Name() == ".cache" }) {
				t.Errorf("the person's own cache was written: %v %v", home, err)
			}
		})
	}
}
