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

// Real Poetry and PDM, in the environment that Assay prepares, ask exactly the
// indexes that are read, with the credentials that are read, through the proxy;
// and Poetry leaves its environments where they are.
func TestPoetryAndPDMAskWhatIsRead(t *testing.T) {
	const poetryProject = "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.8\"\ndependencies = [\"zzz\"]\n[tool.poetry]\npackage-mode = false\n" +
		"[[tool.poetry.source]]\nname = \"one\"\nurl = \"http://one.invalid/team/simple\"\n" +
		"[[tool.poetry.source]]\nname = \"two\"\nurl = \"http://two.invalid/simple\"\npriority = \"supplemental\"\n"
	// PDM passes over plain http whose host it is not told to trust.
	const pdmProject = "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.8\"\ndependencies = [\"zzz\"]\n[tool.pdm]\ndistribution = false\n" +
		"[[tool.pdm.source]]\nname = \"one\"\nurl = \"http://${WHO}:${TOKEN}@one.invalid/simple\"\nverify_ssl = false\n"
	for _, tt := range []struct {
		name  string
		args  []string
		env   []string
		files map[string]string
	}{
		{"poetry", []string{"lock", "-n"}, nil, map[string]string{"cwd/pyproject.toml": poetryProject,
			"home/.config/pypoetry/auth.toml": "[http-basic.one]\nusername = \"me\"\npassword = \"a b\"\n"}},
		{"poetry", []string{"lock", "-n"}, []string{"POETRY_HTTP_BASIC_TEAM_USERNAME=u", "POETRY_HTTP_BASIC_TEAM_PASSWORD=p", "POETRY_REPOSITORIES_TEAM_URL=http://one.invalid/team/simple"},
			map[string]string{"cwd/pyproject.toml": poetryProject, "cwd/poetry.toml": "cache-dir = \"/none\"\n"}},
		{"pdm", []string{"lock"}, []string{"WHO=me", "TOKEN=a@b"}, map[string]string{"cwd/pyproject.toml": pdmProject,
			"home/.config/pdm/config.toml": "[pypi]\nurl = \"http://mirror.invalid/simple\"\nusername = \"u\"\npassword = \"p\"\nverify_ssl = false\n[pypi.three]\nurl = \"http://three.invalid/simple\"\nverify_ssl = false\n"}},
		{"pdm", []string{"lock"}, []string{"PDM_IGNORE_STORED_INDEX=1", "WHO=me", "TOKEN=p"}, map[string]string{"cwd/pyproject.toml": pdmProject + "[[tool.pdm.source]]\nname = \"pypi\"\n",
			"cwd/pdm.toml": "[pypi]\nurl = \"http://mirror.invalid/simple\"\nverify_ssl = false\n[pypi.three]\nurl = \"http://three.invalid/simple\"\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			program := installed(t, tt.name)
			root := place(t, tt.files)
			env := append(environ(root, tt.env...), "PATH="+os.Getenv("PATH"), "PYENV_ROOT="+os.Getenv("PYENV_ROOT"),
				"PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring", "POETRY_VIRTUALENVS_CREATE=false", "PDM_CHECK_UPDATE=0", "PDM_NON_INTERACTIVE=1")
			config, err := Read(env, root+"/cwd", append([]string{tt.name}, tt.args...), Options{})
			if err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var asked []string
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				user, password, ok := r.BasicAuth()
				base := strings.TrimSuffix(r.URL.String(), "/zzz/")
				if ok {
					base += " " + user + ":" + password
				}
				if !slices.Contains(asked, base) {
					asked = append(asked, base)
				}
				w.WriteHeader(http.StatusNotFound)
			}))
			defer proxy.Close()
			cmd := exec.Command(program, tt.args...)
			cmd.Dir = root + "/cwd"
			cmd.Env = Environment(env, Setup{ProxyURL: proxy.URL, BundlePath: "/etc/ssl/certs/ca-certificates.crt", CacheDir: root + "/cache", Config: config})
			out, _ := cmd.CombinedOutput() // it fails: no index has the project
			if len(asked) == 0 {
				t.Skipf("%s does not run here:\n%s", tt.name, out)
			}
			var want []string
			for _, i := range config.Indexes {
				s := i.URL.String()
				if i.User != nil {
					password, _ := i.User.Password()
					s += " " + i.User.Username() + ":" + password
				}
				want = append(want, s)
			}
			if !slices.Equal(asked, want) {
				t.Errorf("asked %q, read %q\n%s", asked, want, out)
			}
			for _, dir := range []string{"/home/.cache/pypoetry", "/home/.cache/pdm"} {
				if exists(root + dir) {
					t.Errorf("the person's own cache was written: %s", dir)
				}
			}
		})
	}
}
