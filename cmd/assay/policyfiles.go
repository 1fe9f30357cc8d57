package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"assay/internal/policy"
)

const (
	policyName    = "assay.toml"
	pyprojectName = "pyproject.toml"
	// maxUpward is how many folders upward a policy is looked for.
	maxUpward = 64
)

// policyFile is a policy file that was found.
type policyFile struct {
	path string
	name string // as messages call it
	data []byte
}

// parse reads the policy; nil where a pyproject.toml has none.
func (f *policyFile) parse() (*policy.File, error) {
	if f == nil {
		return nil, nil
	}
	if filepath.Base(f.path) == pyprojectName {
		return policy.ParsePyproject(f.name, f.data)
	}
	return policy.Parse(f.name, f.data)
}

// policy reads the policy that holds here: the file that --policy names, and no
// other, else the person's own joined with the project's.
func (a *app) policy(named string) (*policy.Policy, error) {
	own, project, err := a.policyFiles(named)
	if err != nil {
		return nil, err
	}
	p, err := joined(own, project)
	if err != nil {
		return nil, err
	}
	for _, note := range p.Notes() {
		a.warn("%s", note)
	}
	return p, nil
}

func joined(own, project *policyFile) (*policy.Policy, error) {
	var files [2]*policy.File
	for i, found := range []*policyFile{own, project} {
		f, err := found.parse()
		if err != nil {
			return nil, usage("correct it; docs/policy.md says what may stand in a policy", "%w", err)
		}
		files[i] = f
	}
	return policy.Join(files[0], files[1]), nil
}

// policyFiles finds the policies that hold here.
func (a *app) policyFiles(named string) (own, project *policyFile, err error) {
	if named != "" {
		own, err = a.namedPolicy(named)
		return own, nil, err
	}
	path := a.ownPolicy()
	if path != "" {
		own, err = a.readPolicy(path, a.homely(path))
	}
	if err == nil {
		project, err = a.projectPolicy(a.cwd)
	}
	if project != nil && path != "" && sameFile(project.path, path) {
		project = nil // what is one's own is not also a stranger's
	}
	return own, project, err
}

// namedPolicy reads a policy that must be there.
func (a *app) namedPolicy(path string) (*policyFile, error) {
	f, err := a.readPolicy(path, filepath.ToSlash(path))
	if err == nil && f == nil {
		return nil, usage("check the path; 'assay policy init' writes a policy", "%s: %w", shown(path), fs.ErrNotExist)
	}
	if err == nil && filepath.Base(path) == pyprojectName {
		if table, err := f.parse(); err == nil && table == nil {
			return nil, usage("write one, or name another file", "%s has no table tool.assay", shown(path))
		}
	}
	return f, err
}

// ownPolicy is where the person's own policy is, if there is one: beside the state
// in ASSAY_HOME, else in the XDG configuration folder.
func (a *app) ownPolicy() string {
	if home := a.getenv("ASSAY_HOME"); home != "" {
		return filepath.Join(a.absolute(home), policyName)
	}
	if dir := a.getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "assay", policyName)
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		if dir, err := os.UserConfigDir(); err == nil {
			return filepath.Join(dir, "assay", policyName)
		}
		return ""
	}
	home, err := a.home()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".config", "assay", policyName)
}

func (a *app) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.cwd, path)
}

// projectPolicy finds the nearest policy upward from a folder: an assay.toml, or a
// pyproject.toml with a table tool.assay. Above the folder itself, those that
// anybody may write to are not looked into, and end the search.
func (a *app) projectPolicy(dir string) (*policyFile, error) {
	for range maxUpward {
		found, err := a.policyIn(dir)
		if found != nil || err != nil {
			return found, err
		}
		parent := filepath.Dir(dir)
		if parent == dir || isShared(parent) {
			return nil, nil
		}
		dir = parent
	}
	return nil, nil
}

// isShared reports whether anybody may write to a folder, as to /tmp.
func isShared(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o002 != 0
}

// policyIn finds the policy in one folder.
func (a *app) policyIn(dir string) (*policyFile, error) {
	own, err := a.readPolicy(filepath.Join(dir, policyName), a.near(filepath.Join(dir, policyName)))
	if err != nil {
		return nil, err
	}
	pyproject, err := a.readPolicy(filepath.Join(dir, pyprojectName), a.near(filepath.Join(dir, pyprojectName)))
	if err != nil && own == nil {
		return nil, err
	}
	table, err := pyproject.parse()
	switch {
	case err == nil && table == nil, err != nil && own != nil:
		return own, nil
	case own != nil:
		return nil, usage("keep one of them", "there are two policies in one folder: %s, and tool.assay in %s", own.name, pyproject.name)
	}
	return pyproject, nil // which is read again, and its errors said, by whoever asked
}

// readPolicy reads a file; nil where there is none. A byte more than is allowed is
// read, so that the parser says that it is too large.
func (a *app) readPolicy(path, name string) (*policyFile, error) {
	file, err := openRegular(path, hints{"check the path", "a policy is a regular file"})
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, policy.MaxFile+1))
	if err != nil {
		return nil, &failure{statusUndecided, fmt.Errorf("reading %s: %w", shown(path), err), ""}
	}
	return &policyFile{path: a.absolute(path), name: name, data: data}, nil
}

// near names a file as seen from the working folder.
func (a *app) near(path string) string {
	if rel, err := filepath.Rel(a.cwd, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(path)
}

// homely writes ~ for the person's home.
func (a *app) homely(path string) string {
	if home, err := a.home(); err == nil {
		if rest, ok := strings.CutPrefix(path, filepath.Clean(home)+string(filepath.Separator)); ok {
			return filepath.ToSlash(filepath.Join("~", rest))
		}
	}
	return filepath.ToSlash(path)
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
