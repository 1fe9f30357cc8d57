package indextest

import (
	"archive/zip"
	"bytes"
	"crypto/md5" //nolint:gosec // an index may list it
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"assay/internal/indextest/authority"
)

// defaultUpload is the upload time of files that state none.
var defaultUpload = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// hashers are the digests that a page can list.
var hashers = map[string]func() hash.Hash{
	"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
}

// index is everything that a server serves.
type index struct {
	api          string
	realms       []realm
	clientCert   bool
	filesHost    string
	projects     map[string]*project
	files        map[string]*file  // by file name
	paths        map[string]*file  // by URL path
	signed       map[string][]byte // by name: FILE.asc, FILE.sig, lists of checksums
	misbehaviour []misbehaviour
}

type misbehaviour struct{ target, fault string }

type project struct {
	name           string // as the page shows it
	status, reason string
	offers         bool // its files, under quarantine
	files          []*file
}

type file struct {
	name, project, version string
	kind                   kind
	path                   string // the URL's path, decoded
	content                content
	hashes                 map[string]string
	metadata               []byte // the sidecar; nil if there is none
	requiresPython         string
	yanked                 *string
	upload                 time.Time // zero if the index does not say
	omit                   []string
	listed                 bool
	list                   []string // the digests that the page lists
	openpgp                []signSpec
	ssh                    *signSpec
	gpgSig                 *bool // what the page says of FILE.asc; nil for nothing

	spec    *dist // nil if the file was taken from disk
	attest  attestSpec
	verbat  []byte // provenance from disk
	issue   sync.Once
	issued  []byte
	issueEr error
}

func (f *file) sha256() string { return f.hashes["sha256"] }

func (f *file) hasProvenance() bool { return f.verbat != nil || len(f.attest.identities) > 0 }

// provenance returns the file's provenance object, made when it is first asked
// for; nil if there is none.
func (f *file) provenance(a *authority.Authority) ([]byte, error) {
	f.issue.Do(func() {
		switch {
		case f.verbat != nil:
			f.issued = f.verbat
		case len(f.attest.identities) > 0:
			sum, err := hex.DecodeString(f.sha256())
			if err != nil {
				f.issueEr = fmt.Errorf("reading the digest of %s: %w", f.name, err)
				return
			}
			f.issued, f.issueEr = a.Provenance(f.attest.requests(f.name, [sha256.Size]byte(sum))...)
		}
	})
	return f.issued, f.issueEr
}

// swapped is another distribution of the same name: the file rebuilt with one
// more module, or, for a file from disk, with one bit changed.
func (f *file) swapped() (content, error) {
	if f.spec == nil {
		return flipped{f.content, f.content.Size() / 2}, nil
	}
	d := *f.spec
	if len(d.members) == 0 {
		d.members = []member{d.defaultModule("")}
	}
	d.members = append(slices.Clone(d.members), member{d.module() + "/swapped_in.py", []byte("SWAPPED = True\n")})
	return d.pack(f.kind)
}

func (d *dist) pack(k kind) (content, error) {
	if k == wheel {
		return d.wheel()
	}
	return d.sdist()
}

// buildIndex makes all files of an archive.
func buildIndex(s *sections, dir string) (*index, error) {
	ix := &index{api: "1.4", projects: map[string]*project{}, files: map[string]*file{}, paths: map[string]*file{}, signed: map[string][]byte{}}
	for _, setting := range s.index {
		if err := ix.set(setting); err != nil {
			return nil, fmt.Errorf("index: %w", err)
		}
	}
	for _, spec := range s.files {
		if err := ix.addFile(spec, dir); err != nil {
			return nil, fmt.Errorf("%s: %w", spec.filename, err)
		}
	}
	for _, spec := range s.projects {
		p := ix.project(spec.name)
		p.name = spec.name
		for _, setting := range spec.settings {
			if err := ix.setProject(p, setting); err != nil {
				return nil, fmt.Errorf("%s/: %w", spec.name, err)
			}
		}
	}
	return ix, nil
}

func (ix *index) project(name string) *project {
	key := normalise(name)
	p := ix.projects[key]
	if p == nil {
		p = &project{name: key, status: "active"}
		ix.projects[key] = p
	}
	return p
}

// setAPI sets the version of the Simple API to speak, 1.0 to 1.4.
func (ix *index) setAPI(version string) error {
	minor, ok := strings.CutPrefix(version, "1.")
	if n, err := strconv.Atoi(minor); !ok || err != nil || n < 0 || n > 4 {
		return fmt.Errorf("api-version %q is not 1.0 to 1.4", version)
	}
	ix.api = version
	return nil
}

func (ix *index) set(s setting) error {
	switch s.key {
	case "api-version":
		return ix.setAPI(s.value)
	case "basic-auth":
		user, password, ok := strings.Cut(s.value, " ")
		if !ok {
			return fmt.Errorf("basic-auth is not of the form USER PASSWORD")
		}
		ix.realms = append(ix.realms, realm{"index", "/", user, password})
	case "realm":
		words := strings.Fields(s.value)
		if len(words) != 4 || !strings.HasPrefix(words[1], "/") {
			return fmt.Errorf("realm is not of the form NAME /PATH USER PASSWORD")
		}
		ix.realms = append(ix.realms, realm{words[0], words[1], words[2], words[3]})
	case "client-cert":
		if s.value != "required" {
			return fmt.Errorf("client-cert: %q is not required", s.value)
		}
		ix.clientCert = true
	case "files-host":
		ix.filesHost = s.value
	case "misbehave":
		target, fault, ok := strings.Cut(s.value, " ")
		if !ok {
			return fmt.Errorf("misbehave is not of the form TARGET FAULT")
		}
		ix.misbehaviour = append(ix.misbehaviour, misbehaviour{target, fault})
	default:
		return fmt.Errorf("unknown key %q", s.key)
	}
	return nil
}

func (ix *index) setProject(p *project, s setting) error {
	switch s.key {
	case "status":
		p.status, p.reason, _ = strings.Cut(s.value, " ")
	case "offers":
		if s.value != "files" {
			return fmt.Errorf("offers is files, not %q", s.value)
		}
		p.offers = true
	case "bulk":
		return ix.addBulk(p, s.value)
	case "misbehave":
		ix.misbehaviour = append(ix.misbehaviour, misbehaviour{normalise(p.name) + "/", s.value})
	case "checksums":
		version, rest, _ := strings.Cut(s.value, " ")
		sign, err := parseSign(rest)
		if err != nil {
			return fmt.Errorf("checksums: %w", err)
		}
		sign.version = version
		return ix.signList(p, sign)
	default:
		return fmt.Errorf("unknown key %q", s.key)
	}
	return nil
}

// add puts a finished file into the index.
func (ix *index) add(f *file) error {
	if ix.files[f.name] != nil {
		return fmt.Errorf("described twice")
	}
	sums := map[string]hash.Hash{}
	var writers []io.Writer
	for _, name := range append([]string{"sha256"}, f.list...) {
		if sums[name] == nil {
			sums[name] = hashers[name]()
			writers = append(writers, sums[name])
		}
	}
	if _, err := io.Copy(io.MultiWriter(writers...), reader(f.content)); err != nil {
		return fmt.Errorf("hashing: %w", err)
	}
	f.hashes = map[string]string{}
	for name, h := range sums {
		f.hashes[name] = hex.EncodeToString(h.Sum(nil))
	}
	sum := f.sha256()
	f.path = path.Join("/packages", sum[:2], sum[2:4], sum[4:], f.name)
	ix.files[f.name] = f
	ix.paths[f.path] = f
	p := ix.project(f.project)
	p.files = append(p.files, f)
	return ix.sign(f)
}

// addBulk makes many small wheels: COUNT [PUBLISHER]. Every forty of them are a
// release; the first of a release installs anywhere.
func (ix *index) addBulk(p *project, value string) error {
	const perRelease = 40
	number, publisher, _ := strings.Cut(value, " ")
	count, err := strconv.Atoi(number)
	if err != nil || count < 1 || count > 100_000 {
		return fmt.Errorf("bulk: %q is not a number up to 100000", number)
	}
	var attest attestSpec
	if publisher != "" {
		id, err := authority.ParseIdentity(publisher)
		if err != nil {
			return err
		}
		attest = attestSpec{identities: []authority.Identity{id}, signed: defaultUpload}
	}
	name := strings.ReplaceAll(normalise(p.name), "-", "_")
	for i := range count {
		version := fmt.Sprintf("1.%d.0", i/perRelease)
		tag := "py3-none-any"
		if n := i % perRelease; n > 0 {
			python := fmt.Sprintf("cp3%d-cp3%d", 8+n%7, 8+n%7)
			platform := []string{"manylinux_2_17_x86_64.manylinux2014_x86_64", "manylinux_2_17_aarch64.manylinux2014_aarch64",
				"macosx_11_0_arm64", "macosx_10_13_x86_64", "win_amd64", "musllinux_1_2_x86_64"}[n/7]
			tag = python + "-" + platform
		}
		d := &dist{filename: name + "-" + version + "-" + tag + ".whl", name: name, version: version, requiresPython: ">=3.8"}
		c, err := d.wheel()
		if err != nil {
			return err
		}
		f := &file{name: d.filename, project: normalise(p.name), version: version, kind: wheel, content: c,
			metadata: d.wheelMetadata(), requiresPython: d.requiresPython, upload: defaultUpload.Add(time.Duration(i) * time.Hour),
			listed: true, list: []string{"sha256"}, spec: d, attest: attest}
		if err := ix.add(f); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// addFile makes one described file.
func (ix *index) addFile(spec *fileSpec, dir string) error {
	name, version, k, err := splitFilename(spec.filename)
	if err != nil {
		return err
	}
	b := &fileBuilder{
		dir: dir,
		dist: &dist{filename: spec.filename, name: name, version: version,
			members: spec.members},
		file: &file{name: spec.filename, project: normalise(name), version: version, kind: k,
			upload: defaultUpload, listed: true, list: []string{"sha256"}},
	}
	for _, s := range spec.settings {
		if err := b.set(s); err != nil {
			return fmt.Errorf("%s: %w", s.key, err)
		}
	}
	f, err := b.build()
	if err != nil {
		return err
	}
	ix.misbehaviour = append(ix.misbehaviour, b.misbehaviour...)
	return ix.add(f)
}

// readDisk reads a file that the archive names.
func readDisk(dir, name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, filepath.FromSlash(name))
	}
	return os.ReadFile(name)
}

// metadataOf returns the METADATA of a wheel's bytes.
func metadataOf(data []byte) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("reading the wheel: %w", err)
	}
	for _, m := range z.File {
		if dir, base := path.Split(m.Name); base != "METADATA" || !strings.HasSuffix(dir, ".dist-info/") || strings.Count(dir, "/") != 1 {
			continue
		}
		r, err := m.Open()
		if err != nil {
			return nil, fmt.Errorf("reading the wheel: %w", err)
		}
		defer r.Close()
		out, err := io.ReadAll(r)
		if err != nil {
			return nil, fmt.Errorf("reading the wheel: %w", err)
		}
		return out, nil
	}
	return nil, fmt.Errorf("the wheel has no METADATA")
}
