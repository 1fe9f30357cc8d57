package lockfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"assay"
	"assay/internal/tomlfile"
)

// Edit collects changes of a lock. Nothing is changed before [Edit.Bytes].
type Edit struct {
	lock    *Lock
	err     error
	want    []Package              // the lock's packages as they are to be
	hashes  map[int][]assay.Digest // by ref, to add
	digests map[fileRef]assay.Digest
	ids     map[int][]Identity
	styles  map[*file]string // how a file separates a requirement from its hashes
}

// fileRef names one of a package's files.
type fileRef struct{ ref, file int }

// change replaces a part of a file.
type change struct {
	start, end int
	text       []byte
}

// Edit returns an empty set of changes.
func (l *Lock) Edit() *Edit {
	e := &Edit{lock: l, hashes: map[int][]assay.Digest{}, digests: map[fileRef]assay.Digest{}, ids: map[int][]Identity{}, styles: map[*file]string{}}
	for _, p := range l.Packages {
		p.Hashes = slices.Clone(p.Hashes)
		p.Files = slices.Clone(p.Files)
		e.want = append(e.want, p)
	}
	return e
}

func (e *Edit) fail(at Place, format string, args ...any) {
	if e.err == nil {
		e.err = &Error{Problems: []Problem{{File: at.File, Line: at.Line, Detail: fmt.Sprintf(format, args...)}}}
	}
}

// find returns the package as it is to be, and nil for one that is not the lock's.
func (e *Edit) find(p Package, formats ...Format) *Package {
	if p.ref < 1 || p.ref > len(e.want) || e.lock.Packages[p.ref-1].At != p.At || e.lock.Packages[p.ref-1].Name != p.Name {
		e.fail(p.At, "%s is no entry of this lock", quoted(p.Spelled))
		return nil
	}
	if !slices.Contains(formats, e.lock.Format) {
		e.fail(p.At, "a lock of the format %s has no place for that", e.lock.Format)
		return nil
	}
	return &e.want[p.ref-1]
}

// AddHashes adds hashes to an entry of a requirements file or a Pipfile.lock. Those
// that it has already stay as they are. p is one of the lock's Packages.
func (e *Edit) AddHashes(p Package, digests []assay.Digest) {
	w := e.find(p, Requirements, Pipfile)
	if w == nil {
		return
	}
	for _, d := range digests {
		if checked, err := assay.NewDigest(d.Algorithm, d.Hex); err != nil || checked != d || !d.Strong() {
			e.fail(p.At, "%s is no digest that may decide", quoted(d.String()))
			return
		}
		if slices.ContainsFunc(w.Hashes, func(h Hash) bool { return h.Digest == d }) {
			continue
		}
		// A file that is included twice has two entries for one line.
		first := 0
		for i := range e.want {
			if !e.sameLine(i, p.ref-1) {
				continue
			}
			e.want[i].Hashes = append(e.want[i].Hashes, Hash{Digest: d})
			if first == 0 {
				first = i + 1
			}
		}
		e.hashes[first] = append(e.hashes[first], d)
		slices.SortFunc(e.hashes[first], func(a, b assay.Digest) int { return strings.Compare(a.String(), b.String()) })
	}
}

// sameLine reports whether two packages are written at one place.
func (e *Edit) sameLine(i, j int) bool {
	a, b := e.lock.sites[i], e.lock.sites[j]
	return i == j || a.line != nil && b.line != nil && a.file == b.file && a.line.start == b.line.start
}

// SetFileDigest adds a digest to a file that a pylock.toml, uv.lock, poetry.lock or
// pdm.lock names without one that may decide. It takes the place of a weak one, as
// installers take bytes that have either; where another weak one would stay beside it that
// is an error. Where the file has the same already, nothing changes.
func (e *Edit) SetFileDigest(p Package, filename string, d assay.Digest) {
	w := e.find(p, Pylock, UV, Poetry, PDM)
	if w == nil {
		return
	}
	if checked, err := assay.NewDigest(d.Algorithm, d.Hex); err != nil || checked != d || !d.Strong() {
		e.fail(p.At, "%s is no digest that may decide", quoted(d.String()))
		return
	}
	found := false
	for i := range w.Files {
		f := &w.Files[i]
		if f.Name != filename {
			continue
		}
		found = true
		if slices.Contains(f.Digests, d) {
			continue
		}
		f.Digests = slices.Clone(f.Digests)
		f.Weak = slices.Clone(f.Weak)
		e.dropWeak(p.ref, i)
		if len(f.Weak) > 0 {
			e.fail(f.At, "%s has the hash %s, which would stay beside a strong one: take it out", quoted(filename), quoted(f.Weak[0]))
			return
		}
		if e.lock.Format != Pylock && len(f.Digests) > 0 {
			e.fail(f.At, "%s has a hash already, and there is no place for a second one", quoted(filename))
			return
		}
		if err := f.put(d, ""); err != nil {
			e.fail(f.At, "%v", err)
			return
		}
		e.shareDigest(p.ref, i)
		ref := fileRef{p.ref, i}
		if _, twice := e.digests[ref]; twice {
			e.fail(f.At, "%s is to get two digests", quoted(filename))
		}
		e.digests[ref] = d
	}
	if !found {
		e.fail(p.At, "%s has no file %s", quoted(p.Spelled), quoted(filename))
	}
}

// dropWeak takes away the weak hash in whose place another one comes.
func (e *Edit) dropWeak(ref, file int) {
	t := e.lock.sites[ref-1].files[file]
	fragment := ""
	if u := t.Get("url"); u != nil {
		_, fragment, _ = strings.Cut(u.Value.Text, "#")
	}
	_, behind, _, _ := fragmentHash(fragment) // it stays
	if weak := weakOf(t); weak != "" && weak != behind {
		f := &e.want[ref-1].Files[file]
		f.Weak = slices.DeleteFunc(f.Weak, func(w string) bool { return w == weak })
		if len(f.Weak) == 0 {
			f.Weak = nil
		}
	}
}

// weakOf is the weak hash of a file whose place a strong one takes: the first of "hashes",
// or "hash".
func weakOf(t *tomlfile.Value) string {
	weak := ""
	if k := weakKey(t); k != nil {
		_, weak, _ = parseHash(k.Key, k.Value.Text)
	} else if k := t.Get("hash"); k != nil {
		_, weak, _ = splitHash(k.Value.Text)
	}
	return weak
}

// weakKey is the first entry of "hashes" that decides nothing.
func weakKey(t *tomlfile.Value) *tomlfile.Entry {
	hashes := t.Get("hashes")
	if hashes == nil {
		return nil
	}
	for _, k := range hashes.Value.Keys {
		if _, weak, err := parseHash(k.Key, k.Value.Text); err == nil && weak != "" {
			return k
		}
	}
	return nil
}

// shareDigest gives the digests of a file to all entries that have it from the one list of
// an old poetry.lock.
func (e *Edit) shareDigest(ref, file int) {
	if e.lock.Format != Poetry {
		return
	}
	of := e.lock.sites[ref-1].files[file]
	for i := range e.lock.sites {
		for k, t := range e.lock.sites[i].files {
			if t == of {
				e.want[i].Files[k].Digests = e.want[ref-1].Files[file].Digests
				e.want[i].Files[k].Weak = e.want[ref-1].Files[file].Weak
			}
		}
	}
}

// SetIdentities replaces the attestation-identities of an entry of a pylock.toml; none
// take away what is there.
func (e *Edit) SetIdentities(p Package, ids []Identity) {
	w := e.find(p, Pylock)
	if w == nil {
		return
	}
	for _, id := range ids {
		_, hasKind := id.Fields["kind"]
		if id.Kind == "" || hasKind || len(id.Fields) >= maxFields || hasControls(id.Kind) {
			e.fail(p.At, "an attestation identity needs a kind, beside at most %d fields", maxFields)
			return
		}
		for k, v := range id.Fields {
			if k == "" || hasControls(k) || hasControls(v) || len(k)+len(v) > maxText {
				e.fail(p.At, "the field %s of an attestation identity cannot be written", quoted(k))
				return
			}
		}
	}
	w.Identities = slices.Clone(ids)
	e.ids[p.ref] = w.Identities
}

// Bytes returns the new content of each file that changes, by its name. The result has
// been read again, and says what was intended; an [*Error] says what cannot be changed.
func (e *Edit) Bytes() (map[string][]byte, error) {
	if e.err != nil {
		return nil, e.err
	}
	changes, err := e.changes()
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for f, list := range changes {
		content, err := apply(f.data, list)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		if !bytes.Equal(content, f.data) {
			out[f.name] = content
		}
	}
	if err := e.check(out); err != nil {
		return nil, err
	}
	return out, nil
}

// changes works out what to write where.
func (e *Edit) changes() (map[*file][]change, error) {
	out := map[*file][]change{}
	for ref := 1; ref <= len(e.want); ref++ {
		s := e.lock.sites[ref-1]
		at := e.lock.Packages[ref-1].At
		var list []change
		var err error
		if d := e.hashes[ref]; len(d) > 0 && s.line != nil {
			list, err = e.requirementHashes(s, e.lock.Packages[ref-1], d)
		} else if len(d) > 0 {
			list, err = pipfileHashes(s, e.lock.Packages[ref-1], d)
		}
		var more []change
		if err == nil {
			more, err = e.fileDigests(ref, s)
		}
		list = append(list, more...)
		if ids, ok := e.ids[ref]; ok && err == nil {
			more, err = e.identities(s, ids)
			list = append(list, more...)
		}
		if placed := new(Error); errors.As(err, &placed) {
			return nil, placed
		}
		if err != nil {
			return nil, &Error{Problems: []Problem{{File: at.File, Line: at.Line, Detail: err.Error()}}}
		}
		out[s.file] = append(out[s.file], list...)
	}
	return out, nil
}

// apply makes changes, which must not touch each other.
func apply(data []byte, list []change) ([]byte, error) {
	slices.SortStableFunc(list, func(a, b change) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	var out bytes.Buffer
	at := 0
	for i, c := range list {
		if i > 0 && c.start == list[i-1].start && c.end == list[i-1].end && bytes.Equal(c.text, list[i-1].text) && c.end > c.start {
			continue
		}
		if c.start < at || c.end < c.start || c.end > len(data) {
			return nil, errors.New("two changes touch each other")
		}
		out.Write(data[at:c.start])
		out.Write(c.text)
		at = c.end
	}
	out.Write(data[at:])
	return out.Bytes(), nil
}

// check reads the new content and compares it with what was intended.
func (e *Edit) check(changed map[string][]byte) error {
	l := e.lock
	content := func(name string) ([]byte, error) {
		if c, ok := changed[name]; ok {
			return c, nil
		}
		if f := l.files[name]; f != nil {
			return f.data, nil
		}
		return nil, fmt.Errorf("%s was not read before", name)
	}
	data, err := content(l.Name)
	if err != nil {
		return err
	}
	got, err := l.read(l.Name, data, func(path string) ([]byte, error) { return content(filepath.Clean(path)) })
	if err != nil {
		return fmt.Errorf("the edited lock could not be read: %w", err)
	}
	if len(got.Packages) != len(e.want) {
		return fmt.Errorf("the edited lock has %d entries instead of %d", len(got.Packages), len(e.want))
	}
	for i, p := range got.Packages {
		if have, want := comparable(p), comparable(e.want[i]); !reflect.DeepEqual(have, want) {
			return fmt.Errorf("the edited entry at %s does not read as intended", p.At)
		}
	}
	if have, want := rest(got), rest(l); !reflect.DeepEqual(have, want) {
		return errors.New("the edited lock differs in more than its entries")
	}
	return nil
}

// comparable is a package without its places and the order of its hashes.
func comparable(p Package) Package {
	p.At.Line, p.ref = 0, 0
	p.HasIdentities = false
	p.Hashes = slices.Clone(p.Hashes)
	for i := range p.Hashes {
		p.Hashes[i].At = Place{}
	}
	slices.SortFunc(p.Hashes, func(a, b Hash) int { return strings.Compare(a.text(), b.text()) })
	p.Files = slices.Clone(p.Files)
	for i := range p.Files {
		p.Files[i].At = Place{}
		p.Files[i].Digests = slices.Clone(p.Files[i].Digests)
		p.Files[i].Weak = slices.Clone(p.Files[i].Weak)
	}
	ids := make([]Identity, 0, len(p.Identities))
	for _, id := range p.Identities {
		fields := map[string]string{}
		for k, v := range id.Fields {
			fields[k] = v
		}
		ids = append(ids, Identity{Kind: id.Kind, Fields: fields})
	}
	p.Identities = ids
	return p
}

// rest is what a lock says beside its packages.
func rest(l *Lock) Lock {
	out := Lock{Name: l.Name, Format: l.Format, Version: l.Version, RequiresPython: l.RequiresPython,
		Includes: l.Includes, RequireHashes: l.RequireHashes, NoIndex: l.NoIndex}
	for _, i := range l.Indexes {
		i.At = Place{}
		out.Indexes = append(out.Indexes, i)
	}
	for _, o := range l.Options {
		o.At = Place{}
		out.Options = append(out.Options, o)
	}
	return out
}
