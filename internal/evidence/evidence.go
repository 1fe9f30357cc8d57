// Package evidence keeps on disk what was found out about the files of releases, so that
// the next look at the same lock need not ask for and verify it again.
//
//	s := evidence.Open(folder, evidence.Options{Trust: root.SHA256() + " sigstore-go v1.3.0"})
//	r := s.Release("https://index.example/simple/", "demo", "1.0")
//	ev, ok := r.Evidence(file)     // kept within a day, of this very file
//	r.Keep(file, ev)
//	err := s.Close()               // what is new is on the disk
//
// A release is one file, named by a hash of index, project and version:
//
//	assay evidence 1 sha256:9f86…      the digest of all that follows
//	{"index":"https://…","project":"demo","version":"1.0","asked":"2026-11-02T08:00:00Z",
//	 "known":true,"standing":{…},"files":[…],"evidence":{"KEY":{"at":"…","evidence":{…}}}}
//
// Evidence is found by the file's name and SHA-256 digest, the URL of its provenance, and
// Options.Trust: when one of them changes nothing is found. A file that is damaged, too
// large or of another version of this format holds nothing. The digest is there for
// damage: whoever can write to the folder can write what they like, as they could to the
// program itself.
package evidence

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"assay"
)

// Options say what is kept, and for how long.
type Options struct {
	// Trust names all that evidence depends on beside the file: the trusted root, the
	// verifiers' versions.
	Trust string
	// Old takes evidence and pages however old they are.
	Old bool
	// Now is the clock; time.Now where it is nil.
	Now func() time.Time
}

// Store is a folder of kept evidence. It is safe for concurrent use.
type Store struct {
	dir string
	o   Options

	mu       sync.Mutex
	releases map[string]*Release
	wrote    bool
	failed   error
}

// Open returns the store in a folder, which need not exist. Without a folder nothing is
// kept beyond the program's end.
func Open(dir string, o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Store{dir: dir, o: o, releases: map[string]*Release{}}
}

// Release is what is kept of one release on one index. It is safe for concurrent use.
type Release struct {
	store *Store
	path  string

	once sync.Once
	mu   sync.Mutex
	kept record
	// changed says that there is something to write.
	changed bool
}

// record is a release on disk.
type record struct {
	Index    string              `json:"index"`
	Project  string              `json:"project"`
	Version  string              `json:"version"`
	Asked    time.Time           `json:"asked"` // zero where the page is not kept
	Known    bool                `json:"known"`
	Standing assay.Standing      `json:"standing,omitzero"` // that of each of Files
	Files    []assay.Artifact    `json:"files"`
	Evidence map[string]verified `json:"evidence"`
}

type verified struct {
	At       time.Time      `json:"at"`
	Evidence assay.Evidence `json:"evidence"`
}

// Release returns what is kept of a release.
func (s *Store) Release(index, project, version string) *Release {
	sum := sha256.Sum256([]byte(index + "\x00" + project + "\x00" + version))
	name := hex.EncodeToString(sum[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.releases[name]
	if !ok {
		r = &Release{store: s, path: filepath.Join(s.dir, name), kept: record{Index: index, Project: project, Version: version}}
		s.releases[name] = r
	}
	return r
}

// load reads the file. Whatever is wrong with it, it holds nothing then.
func (r *Release) load() {
	r.once.Do(func() {
		if r.store.dir == "" {
			return
		}
		data, err := readFile(r.path)
		if err != nil {
			return
		}
		head, body, ok := bytes.Cut(data, []byte("\n"))
		var kept record
		if !ok || string(head) != header(body) || json.Unmarshal(body, &kept) != nil ||
			kept.Index != r.kept.Index || kept.Project != r.kept.Project || kept.Version != r.kept.Version {
			return
		}
		r.kept = kept
	})
}

// header is the first line of a file with this body.
func header(body []byte) string {
	sum := sha256.Sum256(body)
	return "assay evidence 1 sha256:" + hex.EncodeToString(sum[:])
}

// readFile reads a regular file of a sane size.
func readFile(path string) ([]byte, error) {
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file of this store") // a FIFO would block
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, errors.New("it is not a file of this store")
	}
	data := make([]byte, info.Size())
	_, err = io.ReadFull(f, data)
	return data, err
}

// Files returns the files that the release's page had, and whether the index knew the
// project; false at the end where that is not kept.
func (r *Release) Files() (files []assay.Artifact, known, ok bool) {
	r.load()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept.Asked.IsZero() || !r.fresh(r.kept.Asked) {
		return nil, false, false
	}
	files = slices.Clone(r.kept.Files)
	for i := range files {
		files[i].Standing = r.kept.Standing
	}
	return files, r.kept.Known, true
}

// Standing returns what the page said of the project, where [Release.Files] are kept.
func (r *Release) Standing() assay.Standing {
	r.load()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept.Standing
}

// SetFiles keeps what the release's page has, and says of the project.
func (r *Release) SetFiles(files []assay.Artifact, known bool, standing assay.Standing) {
	files = slices.Clone(files)
	for i := range files {
		files[i].Standing = assay.Standing{} // which is kept once
	}
	r.load()
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.store.o.Now().UTC()
	same := r.kept.Known == known && r.kept.Standing == standing && slices.EqualFunc(files, r.kept.Files, sameFile)
	if same && now.Sub(r.kept.Asked) < rewrite && !now.Before(r.kept.Asked) {
		return
	}
	r.kept.Asked, r.kept.Files, r.kept.Known, r.kept.Standing, r.changed = now, files, known, standing, true
}

// sameFile compares what pages say of a file.
func sameFile(a, b assay.Artifact) bool {
	if !slices.Equal(a.Digests, b.Digests) || !a.UploadTime.Equal(b.UploadTime) {
		return false
	}
	a.Digests, b.Digests, a.UploadTime, b.UploadTime = nil, nil, time.Time{}, time.Time{}
	return a.Filename == b.Filename && a.URL == b.URL && a.Provenance == b.Provenance && a.ProvenanceGuess == b.ProvenanceGuess && a.Version == b.Version &&
		a.Yanked == b.Yanked && a.YankReason == b.YankReason && a.Size == b.Size && a.Index == b.Index && a.Led == b.Led && a.Signature == b.Signature && a.Project == b.Project
}

// fresh reports whether what was found at a time may still be used.
func (r *Release) fresh(at time.Time) bool {
	age := r.store.o.Now().Sub(at)
	return r.store.o.Old || age >= -time.Minute && age < keep
}

// key names evidence of a file under this trust; false where there is nothing to find it by.
func (r *Release) key(a assay.Artifact) (string, bool) {
	d, ok := a.Digest("sha256")
	if !ok {
		return "", false
	}
	h := sha256.New()
	for _, part := range []string{a.Filename, a.Project, a.Version, d.Hex, a.Provenance, r.store.o.Trust} {
		fmt.Fprintf(h, "%d:%s\n", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:20]), true
}

// Evidence returns the evidence that is kept of a file.
func (r *Release) Evidence(a assay.Artifact) (assay.Evidence, bool) {
	r.load()
	key, ok := r.key(a)
	if !ok {
		return assay.Evidence{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	kept, ok := r.kept.Evidence[key]
	if !ok || !r.fresh(kept.At) {
		return assay.Evidence{}, false
	}
	return kept.Evidence, true
}

// Keep keeps evidence of a file. What could not be asked for, or came to nothing, is not
// kept.
func (r *Release) Keep(a assay.Artifact, ev assay.Evidence) {
	switch ev.State {
	case assay.Verified, assay.Absent, assay.Invalid:
	default:
		return
	}
	r.load()
	key, ok := r.key(a)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept.Evidence == nil {
		r.kept.Evidence = map[string]verified{}
	}
	now := r.store.o.Now().UTC()
	for k, v := range r.kept.Evidence { // of other roots, versions, digests
		if now.Sub(v.At) > forget || len(r.kept.Evidence) >= maxEvidence {
			delete(r.kept.Evidence, k)
		}
	}
	r.kept.Evidence[key] = verified{At: now, Evidence: ev}
	r.changed = true
}

// save writes what is new of the release.
func (r *Release) save() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.changed || r.store.dir == "" {
		return
	}
	r.changed = false
	body, err := json.Marshal(r.kept)
	if err == nil && len(body) < maxFile-128 {
		err = write(r.store.dir, r.path, append([]byte(header(body)+"\n"), body...))
	}
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	r.store.wrote = true
	if r.store.failed == nil {
		r.store.failed = err
	}
}

// write puts a file in its place in one step.
func write(dir, path string, data []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, temporary+"*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// temporary begins the names of files that are being written.
const temporary = ".new-"

// Save writes what is new.
func (s *Store) Save() {
	s.mu.Lock()
	releases := make([]*Release, 0, len(s.releases))
	for _, r := range s.releases {
		releases = append(releases, r)
	}
	s.mu.Unlock()
	for _, r := range releases {
		r.save()
	}
}

// Close writes what is new, and sweeps what is oldest where there is too much. The
// error is about what could not be kept: it changes no answer.
func (s *Store) Close() error {
	s.Save()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrote {
		sweep(s.dir, s.o.Now())
	}
	return s.failed
}

// sweep removes the oldest files beyond the caps, and what a killed process left.
func sweep(dir string, now time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	var infos []fs.FileInfo
	var bytes int64
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if strings.HasPrefix(e.Name(), temporary) && now.Sub(info.ModTime()) > time.Hour {
			os.Remove(filepath.Join(dir, e.Name()))
			continue
		}
		infos = append(infos, info)
		bytes += info.Size()
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	for n := len(infos); n > maxFiles || bytes > maxBytes; n-- {
		oldest := infos[len(infos)-n]
		bytes -= oldest.Size()
		os.Remove(filepath.Join(dir, oldest.Name()))
	}
}
