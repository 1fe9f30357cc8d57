package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"assay/internal/index"
	"assay/internal/installer"
	"assay/internal/policy"
	"assay/internal/pypi"
	"assay/internal/requirements"
)

// maxLockFile bounds a lock file that is looked into, in bytes.
const maxLockFile = 32 << 20

func (a *app) policyInitCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a commented policy that fits the project here",
		Long: `Init writes an assay.toml into the working folder: commented, with the project's
dependencies (pyproject.toml, requirements*.txt, lock files) and its indexes. It
asks nobody, and overwrites nothing without --force.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.policyInit(force) },
	}
	cmd.Flags().BoolVar(&force, "force", false, "overwrite an assay.toml that is there")
	return cmd
}

func (a *app) policyInit(force bool) error {
	path := filepath.Join(a.cwd, policyName)
	_, err := os.Lstat(path)
	if err == nil && !force {
		return usage("edit it, or overwrite it with '--force'", "%s is there already", policyName)
	}
	pyproject, err := a.readPolicy(filepath.Join(a.cwd, pyprojectName), pyprojectName)
	if err != nil {
		return err
	}
	if table, err := pyproject.parse(); err == nil && table != nil {
		return usage("edit that one, or take it out first", "%s has a policy already, in its table tool.assay", pyprojectName)
	}
	p, err := a.surveyProject(pyproject)
	if err != nil {
		return err
	}
	if err := writeDraft(path, policy.Draft(p), force); err != nil {
		return &failure{statusUndecided, fmt.Errorf("writing %s: %w", policyName, err), ""}
	}
	fmt.Fprintf(a.stdout, "wrote %s: %d dependencies, %d locked, %d pinned to an index\n", policyName, len(p.Dependencies), p.Locked, len(p.Pins))
	return nil
}

func writeDraft(path, text string, force bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// survey collects what a first policy is fitted to.
type survey struct {
	policy.Project
	names   map[string]bool
	locked  map[string]bool
	indexes map[string]string // URL by the name that the project gives it
	sources map[string]string // the index's name by project
}

// surveyProject reads the project in the working folder.
func (a *app) surveyProject(pyproject *policyFile) (policy.Project, error) {
	s := &survey{names: map[string]bool{}, locked: map[string]bool{}, indexes: map[string]string{}, sources: map[string]string{}}
	tools := [][]string{nil}
	if pyproject != nil {
		used, err := s.pyproject(pyproject)
		if err != nil {
			return s.Project, err
		}
		tools = append(tools, used...)
	}
	if err := s.requirements(a); err != nil {
		return s.Project, err
	}
	for _, lock := range []string{"uv.lock", "poetry.lock", "pdm.lock"} {
		if err := s.lock(filepath.Join(a.cwd, lock)); err != nil {
			return s.Project, err
		}
	}
	for _, tool := range tools {
		settings, err := a.settings(tool, installer.Options{})
		if err != nil {
			a.warn("the indexes that are configured are left out: %v", err)
			continue
		}
		s.settings(settings)
	}
	s.finish()
	return s.Project, nil
}

// projectTables are what a pyproject.toml says of dependencies.
type projectTables struct {
	Project struct {
		Dependencies []string            `toml:"dependencies"`
		Optional     map[string][]string `toml:"optional-dependencies"`
	} `toml:"project"`
	Groups map[string][]any `toml:"dependency-groups"`
	Tool   struct {
		UV struct {
			Sources map[string]any `toml:"sources"`
			Dev     []string       `toml:"dev-dependencies"`
		} `toml:"uv"`
		Poetry *struct {
			Dependencies map[string]any `toml:"dependencies"`
			Group        map[string]struct {
				Dependencies map[string]any `toml:"dependencies"`
			} `toml:"group"`
		} `toml:"poetry"`
		PDM *struct {
			Dev map[string][]string `toml:"dev-dependencies"`
		} `toml:"pdm"`
	} `toml:"tool"`
}

// pyproject notes the dependencies, and the commands whose settings count.
func (s *survey) pyproject(f *policyFile) (tools [][]string, err error) {
	var t projectTables
	if err := toml.Unmarshal(f.data, &t); err != nil {
		return nil, badTOML(f.name, err)
	}
	s.Sources = append(s.Sources, f.name)
	s.depend(t.Project.Dependencies...)
	s.depend(t.Tool.UV.Dev...)
	for _, group := range t.Project.Optional {
		s.depend(group...)
	}
	for _, group := range t.Groups {
		for _, v := range group {
			if text, ok := v.(string); ok { // a table includes another group
				s.depend(text)
			}
		}
	}
	for name, v := range t.Tool.UV.Sources {
		s.source(name, v, "index")
	}
	if p := t.Tool.Poetry; p != nil {
		tools = append(tools, []string{"poetry", "install"})
		all := []map[string]any{p.Dependencies}
		for _, g := range p.Group {
			all = append(all, g.Dependencies)
		}
		for _, group := range all {
			for name, v := range group {
				if name != "python" {
					s.depend(name)
					s.source(name, v, "source")
				}
			}
		}
	}
	if p := t.Tool.PDM; p != nil {
		tools = append(tools, []string{"pdm", "install"})
		for _, group := range p.Dev {
			s.depend(group...)
		}
	}
	return tools, nil
}

// source notes the index that a project's table names.
func (s *survey) source(name string, v any, key string) {
	table, _ := v.(map[string]any)
	from, _ := table[key].(string)
	normal, err := pypi.NormalizeName(name)
	if from != "" && err == nil {
		s.sources[normal] = from
	}
}

var requirementName = regexp.MustCompile(`^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)`)

// depend notes the projects that requirements name.
func (s *survey) depend(list ...string) {
	for _, text := range list {
		if m := requirementName.FindStringSubmatch(text); m != nil {
			if name, err := pypi.NormalizeName(m[1]); err == nil {
				s.names[name] = true
			}
		}
	}
}

// requirements reads the requirements files of the working folder.
func (s *survey) requirements(a *app) error {
	files, err := filepath.Glob(filepath.Join(a.cwd, "requirements*.txt"))
	if err != nil {
		return nil // the working folder's name is a pattern that is none
	}
	slices.Sort(files)
	for _, path := range files {
		data, err := readSome(path, requirements.MaxFile)
		if err != nil {
			return err
		}
		entries, err := requirements.Parse(filepath.Base(path), data, a.getenv)
		if err != nil {
			return usage("correct it first", "%w", err)
		}
		s.Sources = append(s.Sources, filepath.Base(path))
		for _, e := range entries {
			if e.Kind == requirements.Name {
				s.depend(e.Value)
			}
		}
	}
	return nil
}

// lock counts the packages of uv's, Poetry's and PDM's lock files, which all have
// [[package]].
func (s *survey) lock(path string) error {
	data, err := readSome(path, maxLockFile)
	if err != nil || data == nil {
		return err
	}
	var l struct {
		Package []struct {
			Name string `toml:"name"`
		} `toml:"package"`
	}
	if err := toml.Unmarshal(data, &l); err != nil {
		return badTOML(filepath.Base(path), err)
	}
	s.Sources = append(s.Sources, filepath.Base(path))
	for _, p := range l.Package {
		s.locked[p.Name] = true
	}
	return nil
}

// badTOML is the error about a file that is no TOML.
func badTOML(name string, err error) error {
	var at *toml.DecodeError
	if errors.As(err, &at) {
		line, _ := at.Position()
		name = fmt.Sprintf("%s:%d", name, line)
	}
	return usage("correct it first", "%s: %s", name, strings.TrimPrefix(err.Error(), "toml: "))
}

// readSome reads a file of at most n bytes; nil where there is none.
func readSome(path string, n int64) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && (!info.Mode().IsRegular() || info.Size() > n) {
		return nil, usage("", "%s is no regular file of at most %d bytes", filepath.Base(path), n)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, badFile(path, "", err)
	}
	return data, nil
}

// settings notes the indexes that are not the public one.
func (s *survey) settings(settings installer.Config) {
	for _, ix := range settings.Indexes {
		base := strings.TrimSuffix(index.Redact(ix.URL), "/")
		if base == strings.TrimSuffix(index.PyPI, "/") {
			continue
		}
		if ix.Name != "" {
			s.indexes[ix.Name] = base
		}
		if !slices.Contains(s.Private, base) {
			s.Private = append(s.Private, base)
		}
		if ix.URL.Scheme == "http" && !index.IsLoopback(ix.URL.Hostname()) && !slices.Contains(s.Plain, ix.URL.Host) {
			s.Plain = append(s.Plain, ix.URL.Host)
		}
	}
}

// finish orders what was found.
func (s *survey) finish() {
	for name := range s.names {
		if at, ok := s.indexes[s.sources[name]]; ok {
			s.Pins = append(s.Pins, policy.Pin{Project: name, Index: at})
			continue
		}
		s.Dependencies = append(s.Dependencies, name)
	}
	slices.Sort(s.Dependencies)
	slices.SortFunc(s.Pins, func(x, y policy.Pin) int { return strings.Compare(x.Project, y.Project) })
	s.Locked = len(s.locked)
}
