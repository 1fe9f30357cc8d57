package assay_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// module is the module's path; packages below are named relative to it.
const module = "assay"

const (
	maxDepth         = 3   // path elements of a package's folder
	maxFunctionLines = 100 // outside of tests
)

// formats turn bytes into types. They sit below everything but the root.
var formats = []string{"internal/pypi", "internal/conda", "internal/archive", "internal/lockfile", "internal/marker", "internal/requirements", "internal/sigstore", "internal/tomlfile", "internal/signature", "internal/openpgp", "internal/sshsig", "internal/jws", "internal/gitobject"}

// importRule says which of the module's packages the packages below a folder may
// import, and which others they must not. Tests are free.
type importRule struct {
	folder    string
	allow     []string // nil: any of the module's
	deny      []string // folders of the module, or import paths
	thirdOnly bool     // nothing from outside of the standard library and the module
	why       string
}

var importRules = []importRule{
	{folder: ".", allow: []string{}, thirdOnly: true, why: "the root imports the standard library only"},
	{folder: "internal/pypi", allow: append([]string{"."}, formats...), deny: []string{"net/http"}, why: "a format imports the root and formats only, and never net/http"},
	{folder: "internal/conda", allow: append([]string{"."}, formats...), deny: []string{"net/http"}, why: "a format imports the root and formats only, and never net/http"},
	{folder: "internal/archive", allow: append([]string{"."}, formats...), deny: []string{"net/http"}, why: "a format imports the root and formats only, and never net/http"},
	{folder: "internal/lockfile", allow: append([]string{"."}, formats...), deny: []string{"net/http", "os"}, why: "locks are read from bytes: a format imports the root and formats only, no network, no files"},
	{folder: "internal/marker", allow: []string{"internal/pypi"}, deny: []string{"net/http", "os"}, thirdOnly: true, why: "a marker is a text about versions and names: no network, no files"},
	{folder: "internal/requirements", allow: append([]string{"."}, formats...), deny: []string{"net/http"}, why: "a format imports the root and formats only, and never net/http"},
	{folder: "internal/sigstore", allow: append([]string{"."}, formats...), deny: []string{"net/http"}, why: "a format imports the root and formats only, and never net/http"},
	{folder: "internal/tomlfile", allow: []string{}, deny: []string{"net/http", "os"}, why: "TOML is read from bytes, and knows nothing of what it says"},
	{folder: "internal/openpgp", allow: append([]string{"."}, formats...), deny: []string{"net/http", "os", "os/exec"}, why: "signatures and certificates are read from bytes: a format imports the root and formats only, no network, no files"},
	{folder: "internal/sshsig", allow: append([]string{"."}, formats...), deny: []string{"net/http", "os", "net"}, why: "a format imports the root and formats only, and never net/http"},
	{folder: "internal/jws", allow: append([]string{"."}, formats...), deny: []string{"net/http", "os", "net"}, why: "a format imports the root and formats only, and never net/http"},
	{folder: "internal/gitobject", allow: append([]string{"."}, formats...), deny: []string{"net/http", "os"}, why: "a format imports the root and formats only, and never net/http"},
	{folder: "internal/engine", allow: []string{"."}, thirdOnly: true, why: "the engine imports the root only: it is handed its verifiers"},
	{folder: "internal/lockcheck", allow: append([]string{"."}, formats...), deny: []string{"net/http", "os", "net"}, thirdOnly: true, why: "what a lock stands for is worked out from what indexes were asked by others: no network, no files"},
	{folder: "internal/evidence", allow: []string{"."}, deny: []string{"net/http", "os/exec"}, thirdOnly: true, why: "kept evidence knows files and the root only: it verifies nothing and asks nobody"},
	{folder: "internal/gate", allow: []string{"."}, why: "the gate imports the root only"},
	{folder: "internal/catalog", allow: []string{".", "internal/engine", "internal/pypi"}, deny: []string{"net/http"}, why: "the catalog imports the root, the engine and internal/pypi only, and never net/http"},
	{folder: "internal/policy", allow: append([]string{"."}, formats...), deny: []string{"net/http", "os"}, why: "a policy is read from bytes: no network, no files"},
	{folder: "internal/signature", allow: append([]string{"."}, formats...), deny: []string{"net/http", "os"}, why: "where signatures lie is told by names alone"},
	{folder: "internal/trust", allow: append([]string{"."}, formats...), deny: []string{"net/http", "os"}, why: "grants are read from bytes: no network, no files"},
	{folder: "internal/keysource", allow: append([]string{".", "internal/trust"}, formats...), deny: []string{"net/http", "net", "os", "os/exec"}, why: "sources of keys are read through a fetcher that is handed in: no network, no files, no processes"},
	{folder: "internal/report", allow: []string{".", "internal/engine"}, deny: []string{"net/http"}, thirdOnly: true, why: "the report renders decisions and knows nothing else"},
	{folder: "internal/intercept", deny: []string{"internal/verify", "internal/gateway"}, why: "the wrapper's proxy is handed an engine: no verifiers, no gateway"},
	{folder: "internal/gateway", deny: []string{"internal/verify", "internal/intercept"}, why: "the gateway is handed an engine: no verifiers, no wrapper"},
	{folder: "internal", deny: []string{"cmd", "internal/indextest", "internal/historytest", "internal/verify/verifytest"}, why: "product code imports neither commands nor test packages"},
	{folder: "internal/verify", deny: []string{"os", "net"}, why: "a verifier is a pure function of its subject: no files, no network"},
	{folder: "internal/trustroot", deny: []string{"internal/verify"}, why: "only cmd/assay wires verifiers"},
	{folder: "internal/index", deny: []string{"internal/verify"}, why: "only cmd/assay wires verifiers"},
	{folder: "internal/inventory", allow: append([]string{".", "internal/index"}, formats...), deny: []string{"net/http", "os/exec"}, why: "the inventory reads folders: it runs nothing and asks nobody"},
	{folder: "internal/confine", allow: []string{}, deny: []string{"net/http", "os/exec"}, why: "the confinement knows ports and folders, and nothing of what it confines"},
	{folder: "internal/rundir", allow: []string{"internal/filelock"}, deny: []string{"net/http"}, why: "the folder of a run knows files and locks only"},
	{folder: "internal/filelock", allow: []string{}, deny: []string{"net/http"}, why: "locks know files only"},
	{folder: "internal/gitrepo", allow: append([]string{".", "internal/index"}, formats...), deny: []string{
		"github.com/go-git/go-git/v5", "github.com/go-git/go-git/v5/config", "github.com/go-git/go-git/v5/storage/filesystem",
		"github.com/go-git/go-git/v5/plumbing/object", "github.com/go-git/go-git/v5/plumbing/protocol/packp",
		"github.com/go-git/go-git/v5/plumbing/transport", "github.com/go-git/go-git/v5/plumbing/transport/http",
	}, why: "repositories are read from raw objects: nothing that reads git's configuration or the environment, starts processes or writes objects anew"},
	{folder: "internal/journal", allow: []string{".", "internal/engine", "internal/pypi", "internal/filelock"}, deny: []string{"net/http"}, why: "memory knows files, versions and judgements, and asks nobody"},
	{folder: "internal/signing", allow: append([]string{"."}, formats...), deny: []string{"net/http", "os/exec"}, why: "signing knows formats, files and agents' sockets: it starts nothing and asks no server"},
	{folder: "internal/installer", deny: []string{"internal/verify", "net/http"}, why: "the installer package reads settings: no verifiers, no network"},
}

// onlyCommand are the calls and packages that belong to cmd/assay alone: whoever
// reads the environment or ends the process cannot be tested or shared.
var onlyCommand = map[string]string{
	"os.Exit": "ends the process", "os.Getenv": "reads the environment", "os.LookupEnv": "reads the environment",
	"os.Environ": "reads the environment", "os.ExpandEnv": "reads the environment", "log.Fatal": "ends the process",
	"log.Fatalf": "ends the process", "log.Fatalln": "ends the process", "syscall.Exec": "replaces the process",
}

// vague are names that say nothing about what a package does.
var vague = []string{"util", "utils", "common", "types", "helper", "helpers", "misc", "shared", "base"}

// registryHost finds a public registry's host in a string, but not a subdomain
// that only documents a format.
var registryHost = regexp.MustCompile(`(^|[^.\w-])((www|test|upload)\.)?(pypi\.org|pypi\.python\.org|pythonhosted\.org|files\.pythonhosted\.org|conda\.anaconda\.org|repo\.anaconda\.com)\b`)

// source is one parsed Go file.
type source struct {
	path string // slash-separated, relative to the module's root
	tree *ast.File
	set  *token.FileSet
}

func (s source) folder() string { return path.Dir(s.path) }
func (s source) isTest() bool   { return strings.HasSuffix(s.path, "_test.go") }

// testCode reports whether the file is a test or belongs to a package for tests
// or to one below such a package.
func (s source) testCode() bool {
	return s.isTest() || slices.ContainsFunc(strings.Split(s.folder(), "/"), func(folder string) bool { return strings.HasSuffix(folder, "test") })
}

func (s source) at(n ast.Node, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: %s", s.path, s.set.Position(n.Pos()).Line, fmt.Sprintf(format, args...))
}

// TestArchitecture holds the tree to the rules of DESIGN.md.
func TestArchitecture(t *testing.T) {
	sources, err := load(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) == 0 {
		t.Fatal("no Go file was found")
	}
	for _, problem := range violations(sources) {
		t.Error(problem)
	}
}

// load parses every Go file of a tree, save what the go command ignores.
func load(tree fs.FS) ([]source, error) {
	var out []source
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		hidden := name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_"))
		if d.IsDir() && (hidden || base == "testdata" || base == "vendor") {
			return fs.SkipDir
		}
		if d.IsDir() || hidden || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		out = append(out, source{name, parsed, set})
		return nil
	})
	return out, err
}

// violations returns every breach of a rule as "file:line: what".
func violations(sources []source) []string {
	var out []string
	for _, s := range sources {
		out = append(out, checkImports(s)...)
		out = append(out, checkCalls(s)...)
		out = append(out, checkFunctions(s)...)
		out = append(out, checkHosts(s)...)
	}
	return append(out, checkPackages(sources)...)
}

// local returns the folder of a package of the module, and whether it is one.
func local(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// within reports whether a folder is another one or lies below it. The root
// stands for itself alone.
func within(folder, top string) bool {
	return folder == top || top != "." && strings.HasPrefix(folder, top+"/")
}

func checkImports(s source) []string {
	var out []string
	for _, spec := range s.tree.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			out = append(out, s.at(spec, "import path %s", spec.Path.Value))
			continue
		}
		if name == "testing" || strings.HasPrefix(name, "testing/") || name == "net/http/httptest" {
			if !s.testCode() {
				out = append(out, s.at(spec, "imports %s: only tests and *test packages do", name))
			}
		}
		if s.testCode() {
			continue
		}
		if name == "os/exec" && !within(s.folder(), "cmd/assay") {
			out = append(out, s.at(spec, "imports os/exec: only cmd/assay starts programs"))
		}
		for _, r := range importRules {
			if within(s.folder(), r.folder) && r.breaks(s.folder(), name) {
				out = append(out, s.at(spec, "imports %s: %s", name, r.why))
			}
		}
		if within(s.folder(), "internal/verify") && breaksVerifier(s.folder(), name) {
			out = append(out, s.at(spec, "imports %s: a verifier imports the root, formats and its one library, never net/http or another verifier", name))
		}
	}
	return out
}

// breaks reports whether an import from a folder is against the rule.
func (r importRule) breaks(from, name string) bool {
	folder, ours := local(name)
	if ours {
		denied := slices.ContainsFunc(r.deny, func(d string) bool { return within(folder, d) })
		inside := r.folder != "." && within(folder, r.folder) && within(from, r.folder)
		return denied || r.allow != nil && !inside && !slices.Contains(r.allow, folder)
	}
	outside := strings.Contains(strings.Split(name, "/")[0], ".")
	return slices.Contains(r.deny, name) || r.thirdOnly && outside
}

func breaksVerifier(from, name string) bool {
	folder, ours := local(name)
	if !ours {
		return name == "net/http"
	}
	own := strings.Join(strings.SplitN(from, "/", 4)[:min(3, strings.Count(from, "/")+1)], "/")
	return folder != "." && !slices.Contains(formats, folder) && !within(folder, own)
}

func checkCalls(s source) []string {
	if s.testCode() || within(s.folder(), "cmd/assay") {
		return nil
	}
	names := map[string]string{} // as the file calls a package, to its path
	for _, spec := range s.tree.Imports {
		p := strings.Trim(spec.Path.Value, "\"`")
		names[path.Base(p)] = p
		if spec.Name != nil {
			delete(names, path.Base(p))
			names[spec.Name.Name] = p
		}
	}
	var out []string
	ast.Inspect(s.tree, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok {
			full := names[x.Name] + "." + sel.Sel.Name
			if why, ok := onlyCommand[full]; ok {
				out = append(out, s.at(sel, "%s %s: only cmd/assay may", full, why))
			}
		}
		return true
	})
	return out
}

func checkFunctions(s source) []string {
	if s.isTest() {
		return nil
	}
	var out []string
	for _, d := range s.tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		lines := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1
		if lines > maxFunctionLines {
			out = append(out, s.at(f, "%s has %d lines, the bound is %d", f.Name.Name, lines, maxFunctionLines))
		}
	}
	return out
}

func checkHosts(s source) []string {
	if within(s.folder(), "internal/index") && !s.isTest() {
		return nil
	}
	var out []string
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if m := registryHost.FindStringSubmatch(lit.Value); m != nil {
				out = append(out, s.at(lit, "names the registry host %s: only internal/index does", m[4]))
			}
		}
		return true
	})
	return out
}

// checkPackages checks what holds for a package as a whole: its name, its depth
// and its comment.
func checkPackages(sources []source) []string {
	var out []string
	first := map[string]source{}
	commented := map[string]bool{}
	for _, s := range sources {
		if s.isTest() {
			continue
		}
		if _, ok := first[s.folder()]; !ok {
			first[s.folder()] = s
		}
		commented[s.folder()] = commented[s.folder()] || s.tree.Doc != nil
	}
	for folder, s := range first {
		if !commented[folder] {
			out = append(out, s.at(s.tree.Name, "package %s has no package comment", s.tree.Name.Name))
		}
		if slices.Contains(vague, s.tree.Name.Name) || slices.Contains(vague, path.Base(folder)) {
			out = append(out, s.at(s.tree.Name, "the name %s says nothing about what the package does", s.tree.Name.Name))
		}
		if depth := strings.Count(folder, "/") + 1; depth > maxDepth {
			out = append(out, s.at(s.tree.Name, "the folder is %d deep, the bound is %d", depth, maxDepth))
		}
	}
	slices.Sort(out)
	return out
}

// TestArchitectureChecksFail proves that each rule can fail, and that it names
// file and line.
func TestArchitectureChecksFail(t *testing.T) {
	const c = "// Package x is commented.\n"
	long := c + "package x\n\nfunc f() {\n" + strings.Repeat("\tf()\n", maxFunctionLines-1) + "}\n"
	for _, tc := range []struct{ name, path, text, want string }{
		{"a good file", "internal/pypi/a.go", c + "package pypi\n\nimport (\n\t\"assay\"\n\t\"net/url\"\n)\n", ""},
		{"root, third party", "a.go", c + "package assay\n\nimport \"example.com/x\"\n", "a.go:4: imports example.com/x: the root imports the standard library only"},
		{"root, internal", "a.go", c + "package assay\n\nimport \"assay/internal/pypi\"\n", "a.go:4: imports assay/internal/pypi: the root imports the standard library only"},
		{"root, test", "a_test.go", "package assay\n\nimport \"assay/internal/pypi\"\n", ""},
		{"format, http", "internal/sigstore/a.go", c + "package sigstore\n\nimport \"net/http\"\n", "internal/sigstore/a.go:4: imports net/http: a format imports the root and formats only, and never net/http"},
		{"format, engine", "internal/pypi/a.go", c + "package pypi\n\nimport \"assay/internal/engine\"\n", "internal/pypi/a.go:4: imports assay/internal/engine: a format imports the root and formats only, and never net/http"},
		{"format, files", "internal/gitobject/a.go", c + "package gitobject\n\nimport \"os\"\n", "internal/gitobject/a.go:4: imports os: a format imports the root and formats only, and never net/http"},
		{"repositories, git's configuration", "internal/gitrepo/a.go", c + "package gitrepo\n\nimport \"github.com/go-git/go-git/v5/config\"\n", "internal/gitrepo/a.go:4: imports github.com/go-git/go-git/v5/config: repositories are read from raw objects: nothing that reads git's configuration or the environment, starts processes or writes objects anew"},
		{"repositories, http", "internal/gitrepo/a.go", c + "package gitrepo\n\nimport \"net/http\"\n", ""},
		{"format, folders", "internal/lockfile/a.go", c + "package lockfile\n\nimport \"os\"\n", "internal/lockfile/a.go:4: imports os: locks are read from bytes: a format imports the root and formats only, no network, no files"},
		{"format, format", "internal/lockfile/a.go", c + "package lockfile\n\nimport \"assay/internal/pypi\"\n", ""},
		{"verifier, verifier", "internal/verify/pep740/a.go", c + "package pep740\n\nimport \"assay/internal/verify/digest\"\n", "internal/verify/pep740/a.go:4: imports assay/internal/verify/digest: a verifier imports the root, formats and its one library, never net/http or another verifier"},
		{"verifier, http", "internal/verify/pep740/a.go", c + "package pep740\n\nimport \"net/http\"\n", "internal/verify/pep740/a.go:4: imports net/http: a verifier imports the root, formats and its one library, never net/http or another verifier"},
		{"verifier, engine", "internal/verify/digest/a.go", c + "package digest\n\nimport \"assay/internal/engine\"\n", "internal/verify/digest/a.go:4: imports assay/internal/engine: a verifier imports the root, formats and its one library, never net/http or another verifier"},
		{"verifier, files", "internal/verify/openpgp/a.go", c + "package openpgp\n\nimport \"os\"\n", "internal/verify/openpgp/a.go:4: imports os: a verifier is a pure function of its subject: no files, no network"},
		{"verifier, format of its name", "internal/verify/openpgp/a.go", c + "package openpgp\n\nimport \"assay/internal/openpgp\"\n", ""},
		{"verifier, test", "internal/verify/digest/a_test.go", "package digest\n\nimport \"assay/internal/verify/verifytest\"\n", ""},
		{"engine, verifier", "internal/engine/a.go", c + "package engine\n\nimport \"assay/internal/verify/digest\"\n", "internal/engine/a.go:4: imports assay/internal/verify/digest: the engine imports the root only: it is handed its verifiers"},
		{"gate, engine", "internal/gate/a.go", c + "package gate\n\nimport \"assay/internal/engine\"\n", "internal/gate/a.go:4: imports assay/internal/engine: the gate imports the root only"},
		{"catalog, http", "internal/catalog/a.go", c + "package catalog\n\nimport \"net/http\"\n", "internal/catalog/a.go:4: imports net/http: the catalog imports the root, the engine and internal/pypi only, and never net/http"},
		{"intercept, verifier", "internal/intercept/a.go", c + "package intercept\n\nimport \"assay/internal/verify/pep740\"\n", "internal/intercept/a.go:4: imports assay/internal/verify/pep740: the wrapper's proxy is handed an engine: no verifiers, no gateway"},
		{"gateway, intercept", "internal/gateway/a.go", c + "package gateway\n\nimport \"assay/internal/intercept\"\n", "internal/gateway/a.go:4: imports assay/internal/intercept: the gateway is handed an engine: no verifiers, no wrapper"},
		{"product, fake server", "internal/store/a.go", c + "package store\n\nimport \"assay/internal/indextest\"\n", "internal/store/a.go:4: imports assay/internal/indextest: product code imports neither commands nor test packages"},
		{"testing", "internal/store/a.go", c + "package store\n\nimport \"testing\"\n", "internal/store/a.go:4: imports testing: only tests and *test packages do"},
		{"testing in a test package", "internal/indextest/a.go", c + "package indextest\n\nimport \"testing\"\n", ""},
		{"exec", "internal/installer/a.go", c + "package installer\n\nimport \"os/exec\"\n", "internal/installer/a.go:4: imports os/exec: only cmd/assay starts programs"},
		{"exec in the command", "cmd/assay/a.go", c + "package main\n\nimport \"os/exec\"\n", ""},
		{"environment", "internal/installer/a.go", c + "package installer\n\nimport o \"os\"\n\nvar x = o.Getenv(\"X\")\n", "internal/installer/a.go:6: os.Getenv reads the environment: only cmd/assay may"},
		{"exit", "internal/store/a.go", c + "package store\n\nimport \"os\"\n\nfunc f() { os.Exit(1) }\n", "internal/store/a.go:6: os.Exit ends the process: only cmd/assay may"},
		{"another Getenv", "internal/store/a.go", c + "package store\n\nvar os struct{ Getenv string }\n\nvar x = os.Getenv\n", ""},
		{"vague name", "internal/util/a.go", c + "package util\n", "internal/util/a.go:2: the name util says nothing about what the package does"},
		{"depth", "internal/a/b/c/a.go", c + "package c\n", "internal/a/b/c/a.go:2: the folder is 4 deep, the bound is 3"},
		{"no package comment", "internal/store/a.go", "package store\n", "internal/store/a.go:1: package store has no package comment"},
		{"long function", "internal/store/a.go", long, "internal/store/a.go:4: f has 101 lines, the bound is 100"},
		{"long test", "internal/store/a_test.go", long, ""},
		{"host", "internal/store/a.go", c + "package store\n\nvar x = \"https://pypi" + ".org/simple/\"\n", "internal/store/a.go:4: names the registry host pypi" + ".org: only internal/index does"},
		{"host in a test", "internal/store/a_test.go", "package store\n\nvar x = \"files.pythonhosted" + ".org\"\n", "internal/store/a_test.go:3: names the registry host files.pythonhosted" + ".org: only internal/index does"},
		{"host in its place", "internal/index/a.go", c + "package index\n\nvar x = \"https://pypi" + ".org/simple/\"\n", ""},
		{"a format's own name", "internal/store/a.go", c + "package store\n\nvar x = \"https://docs.pypi" + ".org/attestations/publish/v1\"\n", ""},
		{"ignored folder", "internal/store/testdata/a.go", "package util\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sources, err := load(fstest.MapFS{tc.path: {Data: []byte(tc.text)}})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(violations(sources), "\n"); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}
