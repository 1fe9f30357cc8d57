package keysource

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"assay/internal/openpgp"
)

// keyMembers are where Debian's sources keep the keys of their upstream, newest place
// first (uscan(1)).
var keyMembers = []string{"debian/upstream/signing-key.asc", "debian/upstream/signing-key.pgp", "debian/upstream-signing-key.pgp"}

const watchMember = "debian/watch"

// debian reads the keys that Debian's maintainers check releases with. A source stands
// for a project where its watch file or its homepage is the project's at the index, or
// where these name none, its name is the project's and it builds python3-PROJECT. A name
// alone does not say that: a server and its Python client are called the same.
func (s *session) debian() error {
	if len(s.Import.Projects) == 0 && isURL(s.Import.Source) {
		return fail("name the projects: each source is fetched, and a whole distribution's are not")
	}
	data, err := s.fetch(s.Import.Source, maxIndex)
	if err != nil {
		return err
	}
	r, err := plain(data, maxPlainIndex)
	if err != nil {
		return fail("%s: %v", shownPlace(s.Import.Source), err)
	}
	sources := map[string]debianSource{} // by name, the newest
	err = readSources(r, func(d debianSource) error {
		if before, ok := sources[d.name]; s.candidate(d) && (!ok || compareDebian(d.version, before.version) > 0) {
			sources[d.name] = d
		}
		if len(sources) > maxAllSources {
			return fail("it names more than %d sources that may be Python's: name the projects", maxAllSources)
		}
		return nil
	})
	if err != nil {
		return fail("%s: %v", shownPlace(s.Import.Source), err)
	}
	return s.debianSources(sources)
}

// candidate reports whether a source may stand for a project that is asked about.
func (s *session) candidate(d debianSource) bool {
	if len(s.Import.Projects) == 0 {
		return slices.ContainsFunc(d.binaries, func(b string) bool { return strings.HasPrefix(b, "python3-") })
	}
	return slices.ContainsFunc(s.Import.Projects, func(p string) bool { return d.candidateFor(p) })
}

func (d debianSource) candidateFor(project string) bool {
	home, ok := pypiProject(d.homepage)
	return d.stem() == project || d.builds(project) || ok && home == project
}

// debianSources looks into the sources and grants what they hold.
func (s *session) debianSources(sources map[string]debianSource) error {
	root := archiveRoot(s.Import.Source)
	names := make([]string, 0, len(sources))
	for name := range sources {
		names = append(names, name)
	}
	slices.Sort(names)
	found := map[string][]upstream{} // by project
	for _, name := range names {
		d := sources[name]
		u, err := s.upstream(root, d)
		if err != nil {
			return err
		}
		if u.broken {
			continue
		}
		for _, project := range s.projectsOf(d, u) {
			found[project] = append(found[project], u)
		}
	}
	projects := s.Import.Projects
	if len(projects) == 0 {
		for p := range found {
			projects = append(projects, p)
		}
	}
	projects = slices.Sorted(slices.Values(projects))
	for _, project := range projects {
		list := found[project]
		switch {
		case len(list) > maxCandidates:
			s.warn(project, "more than %d sources say that they are this project's: none is taken", maxCandidates)
		case len(list) == 0:
			s.warn(project, "no source is this project's")
		case len(list) > 1:
			s.warn(project, "%d sources say that they are this project's (%s): none is taken", len(list), sourceNames(list))
		default:
			if err := s.debianKeys(project, list[0]); err != nil {
				return err
			}
		}
	}
	return nil
}

func sourceNames(list []upstream) string {
	var out []string
	for _, u := range list {
		out = append(out, u.source.name)
	}
	return strings.Join(out, ", ")
}

// upstream is what a source's debian.tar says of where it comes from.
type upstream struct {
	source      debianSource
	member      string // that has the keys
	keys, watch []byte
	broken      bool // it cannot be read: it stands for nothing
}

// archiveRoot is where a Sources index's Directory starts: above "dists", else the
// index's own folder.
func archiveRoot(source string) string {
	folder, _ := parts(source)
	slashed := folder
	if !isURL(folder) {
		slashed = filepath.ToSlash(folder)
	}
	if i := strings.LastIndex(slashed, "/dists/"); i >= 0 {
		return slashed[:i]
	}
	return folder
}

// upstream fetches a source's debian.tar and reads what is needed out of it.
func (s *session) upstream(root string, d debianSource) (upstream, error) {
	u := upstream{source: d}
	about := "the source " + d.name + " " + openpgp.Printable(d.version)
	var file debianFile
	for _, f := range d.files {
		if strings.HasSuffix(f.name, ".debian.tar.xz") || strings.HasSuffix(f.name, ".debian.tar.gz") {
			if file.name != "" {
				s.warn("", "%s has several debian.tar: it is passed over", about)
				return u, nil
			}
			file = f
		}
	}
	switch {
	case file.name == "":
		return u, nil // Debian is its upstream, or it is of the old format
	case file.size > maxTarball:
		s.warn("", "%s has a debian.tar of more than %d bytes: it is passed over", about, maxTarball)
		return u, nil
	}
	place := below(root, strings.TrimPrefix(d.directory+"/"+file.name, "/"))
	data, err := s.fetch(place, maxTarball)
	if errors.Is(err, ErrNotFound) {
		s.warn("", "%s is not there: %s", about, shownPlace(place))
		return u, nil
	}
	if err != nil {
		return u, err
	}
	if sum := sha256.Sum256(data); int64(len(data)) != file.size || hex.EncodeToString(sum[:]) != file.sha256 {
		return u, fail("%s has another SHA-256 than the index says: %s", file.name, hex.EncodeToString(sum[:]))
	}
	bounds := map[string]int64{watchMember: maxWatch}
	for _, m := range keyMembers {
		bounds[m] = maxKeyMember
	}
	content, err := members(data, bounds)
	if err != nil {
		s.warn("", "%s: %s: %v: it is passed over", about, file.name, err)
		u.broken = true
		return u, nil
	}
	u.watch = content[watchMember]
	for _, m := range keyMembers {
		if key, ok := content[m]; ok {
			u.member, u.keys = m, key
			break
		}
	}
	return u, nil
}

// projectsOf returns the projects that a source stands for.
func (s *session) projectsOf(d debianSource, u upstream) []string {
	watched := watchedProjects(u.watch)
	home, homed := pypiProject(d.homepage)
	asked := s.Import.Projects
	if len(asked) == 0 {
		asked = slices.Concat(watched, []string{d.stem()})
	}
	var out []string
	for _, project := range slices.Compact(slices.Sorted(slices.Values(asked))) {
		switch {
		case project == "":
		case len(watched) > 0 && slices.Contains(watched, project),
			len(watched) == 0 && (homed && home == project || !homed && d.stem() == project && d.builds(project)):
			out = append(out, project)
		case !d.candidateFor(project) || len(s.Import.Projects) == 0:
		case len(watched) > 0:
			s.note(project, "the source %s is of %s, as its watch file says", d.name, strings.Join(watched, ", "))
		case homed && home != project:
			s.note(project, "the source %s is of %s, as its homepage says", d.name, home)
		default:
			s.note(project, "the source %s is not taken for it: nothing in it names the project at the index, and it is not a source of that name that builds python3-%s", d.name, project)
		}
	}
	return out
}

// debianKeys grants the keys of one source.
func (s *session) debianKeys(project string, u upstream) error {
	about := "Debian's source " + u.source.name + " " + openpgp.Printable(u.source.version)
	if u.keys == nil {
		s.warn(project, "%s has no key of its upstream", about)
		return nil
	}
	certs, err := openpgp.ReadCertificates(u.keys)
	if err != nil {
		s.warn(project, "%s: %s: %v", about, u.member, err)
		return nil
	}
	templates, why := signatureTemplates(u.watch, u.source.name)
	if why != "" {
		s.note(project, "where its signatures lie is not known: %s", why)
	}
	for _, c := range certs {
		if err := s.certificate(c, found{project: project, note: fmt.Sprintf("%s, %s", about, u.member), signatures: templates}); err != nil {
			return err
		}
	}
	return nil
}
