package trust

import (
	"fmt"
	"slices"
	"time"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/tomlfile"
)

// Lock is an assay-imports.lock: what imports granted when they were last fetched. What
// they grant counts as it stands here, and not as it may be by now.
type Lock struct {
	Name    string
	Imports []Locked
}

// Locked is what one import granted.
type Locked struct {
	// Name is the import's, SHA256 of all that was read, Fetched when.
	Name    string
	SHA256  string
	Fetched time.Time
	// Grants have no end of their own: that of the import counts.
	Grants []Grant
	Keys   []Key
}

// ParseLock reads a lock. The error is a [*tomlfile.Error].
func ParseLock(name string, data []byte) (*Lock, error) {
	root, err := tomlfile.Read(name, data)
	if err != nil {
		return nil, err
	}
	r := &reader{Problems: tomlfile.Problems{File: name}}
	l := &Lock{Name: name}
	r.each(root, "at the top of the file", fields{
		"import": r.tables(func(v *tomlfile.Value) { l.Imports = append(l.Imports, r.locked(v)) }),
	})
	if err := r.Err(); err != nil {
		return nil, err
	}
	return l, nil
}

func (r *reader) locked(v *tomlfile.Value) Locked {
	var l Locked
	r.each(v, "in an [[import]]", fields{
		"name":    func(e *tomlfile.Entry) { l.Name = r.name(e) },
		"sha256":  func(e *tomlfile.Entry) { l.SHA256 = r.sum(e) },
		"fetched": func(e *tomlfile.Entry) { l.Fetched = r.moment(e) },
		"grant":   r.tables(func(v *tomlfile.Value) { l.Grants = append(l.Grants, r.lockedGrant(v)) }),
		"deny":    r.tables(func(v *tomlfile.Value) { l.Grants = append(l.Grants, r.lockedDenial(v)) }),
		"key":     r.tables(func(v *tomlfile.Value) { l.Keys = append(l.Keys, r.key(v)) }),
	})
	r.need(v, "import", "name", "sha256", "fetched")
	if before, ok := r.locks[l.Name]; ok && l.Name != "" {
		r.Add(v.Line, "an import of the name %s is at line %d already", l.Name, before)
	}
	if r.locks == nil {
		r.locks = map[string]int{}
	}
	r.locks[l.Name] = v.Line
	return l
}

// lockedGrant is a grant of an import: who it is for and whom it names, and until when
// where that ends before the import does.
func (r *reader) lockedGrant(v *tomlfile.Value) Grant {
	g := Grant{Line: v.Line}
	g.Origin = tomlfile.At(r.File, v.Line)
	known := fields{
		"project":   func(e *tomlfile.Entry) { g.Project = r.project(e, false) },
		"versions":  func(e *tomlfile.Entry) { g.Versions = r.versions(e) },
		"until":     func(e *tomlfile.Entry) { g.Until = r.until(e) },
		"note":      func(e *tomlfile.Entry) { g.Reason = r.text(e, &e.Value) },
		"signature": func(e *tomlfile.Entry) { g.Signatures = r.templates(e) },
		"roles":     func(e *tomlfile.Entry) { g.Roles = r.roles(e) },

		"certified_by": func(e *tomlfile.Entry) { g.CertifiedBy = r.fingerprints(e) },
		"since":        func(e *tomlfile.Entry) { g.Since = r.moment(e) },
	}
	for _, kind := range kinds {
		known[string(kind)] = func(e *tomlfile.Entry) { r.keyed(e, &g, kind) }
	}
	r.each(v, "in an [[import.grant]]", known)
	r.need(v, "import.grant", "project")
	if g.Kind == "" {
		r.Add(v.Line, "an [[import.grant]] needs whom: openpgp, ssh, jws, publisher or sha256")
	}
	return g
}

// lockedDenial is a denial of an import: one is enough for it to count, whatever the
// others say.
func (r *reader) lockedDenial(v *tomlfile.Value) Grant {
	g := Grant{Line: v.Line}
	g.Denied = true
	g.Origin = tomlfile.At(r.File, v.Line)
	known := fields{
		"project": func(e *tomlfile.Entry) { g.Project = r.project(e, true) },
		"note":    func(e *tomlfile.Entry) { g.Reason = r.text(e, &e.Value) },
	}
	for _, kind := range kinds {
		known[string(kind)] = func(e *tomlfile.Entry) { r.keyed(e, &g, kind) }
	}
	r.each(v, "in an [[import.deny]]", known)
	r.need(v, "import.deny", "project")
	if g.Kind == "" {
		r.Add(v.Line, "an [[import.deny]] needs whom: openpgp, ssh, jws, publisher or sha256")
	}
	return g
}

func (r *reader) sum(e *tomlfile.Entry) string {
	if e.Value.Kind != tomlfile.String || !sums.MatchString(e.Value.Text) {
		r.Add(e.Line, "%s is a SHA-256 digest of 64 hexadecimal digits", e.Key)
	}
	return e.Value.Text
}

func (r *reader) moment(e *tomlfile.Entry) time.Time {
	t, err := time.Parse(time.RFC3339, e.Value.Text)
	if e.Value.Kind != tomlfile.DateTime || err != nil {
		r.Add(e.Line, "%s is a date and time without quotes, such as 2026-12-31T12:00:00Z", e.Key)
	}
	return t.UTC()
}

// Put takes what an import grants now into the lock.
func (l *Lock) Put(now Locked) {
	l.Imports = slices.DeleteFunc(l.Imports, func(i Locked) bool { return i.Name == now.Name })
	l.Imports = append(l.Imports, now)
}

// Find returns what an import granted when it was last fetched.
func (l *Lock) Find(name string) (Locked, bool) {
	if l != nil {
		for _, i := range l.Imports {
			if i.Name == name {
				return i, true
			}
		}
	}
	return Locked{}, false
}

// Text renders the lock, the same for the same content.
func (l *Lock) Text() []byte {
	w := &writer{}
	w.WriteString("# What imports granted when they were last fetched, written by \"assay trust import\".\n# trust.toml says which imports there are.\n")
	slices.SortStableFunc(l.Imports, func(a, b Locked) int { return compareNames(a.Name, b.Name) })
	for _, i := range l.Imports {
		file := File{Grants: i.Grants, Keys: i.Keys}
		file.Normalize()
		w.table("import")
		w.str("name", i.Name)
		w.str("sha256", i.SHA256)
		fmt.Fprintf(w, "fetched = %s\n", i.Fetched.UTC().Format(time.RFC3339))
		for _, g := range file.Grants {
			if g.Denied {
				w.table("import.deny")
			} else {
				w.table("import.grant")
			}
			w.str("project", g.Project)
			w.str(string(g.Kind), g.Grant.Key)
			w.list("roles", words(g.Roles))
			w.str("versions", g.Versions)
			w.day("until", g.Until)
			w.list("signature", g.Signatures)
			w.list("certified_by", g.CertifiedBy)
			if !g.Since.IsZero() {
				fmt.Fprintf(w, "since = %s\n", g.Since.UTC().Format(time.RFC3339))
			}
			w.str("note", g.Reason)
		}
		for _, k := range file.Keys {
			w.table("import.key")
			w.str(string(k.Kind), k.Fingerprint)
			w.str("source", k.Source)
			if k.Certificate != nil {
				w.long("certificate", string(k.Certificate.Armor()))
			}
			if !k.SSH.IsZero() {
				w.str("public", k.SSH.Line())
			}
		}
	}
	return w.Bytes()
}

func compareNames(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Known returns a key with all that the file and the lock know of it: a revocation in any
// copy counts. It is false where the file does not have it.
func (f *File) Known(l *Lock, kind assay.GrantKind, fingerprint string) (Key, bool) {
	k, ok := f.Key(kind, fingerprint)
	if !ok || k.Certificate == nil || l == nil {
		return k, ok
	}
	for _, i := range l.Imports {
		for _, other := range i.Keys {
			if other.Kind != kind || other.Fingerprint != fingerprint {
				continue
			}
			if merged, err := openpgp.Merge(k.Certificate, other.Certificate); err == nil {
				k.Certificate = merged[0]
			}
		}
	}
	return k, ok
}

// With returns the file with its keys as [File.Known] has them.
func (f *File) With(l *Lock) *File {
	out := *f
	out.Keys = slices.Clone(f.Keys)
	for i, k := range out.Keys {
		out.Keys[i], _ = f.Known(l, k.Kind, k.Fingerprint)
	}
	return &out
}

// Disagreement is a key that an import grants for a project, and others that know the
// project do not.
type Disagreement struct {
	Project, Import string
	Key             string   // the identity
	Others          []string // who grants other keys of this kind for the project, with those
}

// Disagreements compares what an import grants with what the others and the file itself
// grant: a person should look at each before taking the import.
func Disagreements(f *File, l *Lock, now Locked) []Disagreement {
	type claim struct{ who, identity string }
	known := map[string][]claim{}
	add := func(who string, grants []Grant) {
		for _, g := range grants {
			if !g.Denied {
				id := g.Project + " " + string(g.Kind)
				known[id] = append(known[id], claim{who, g.Identity()})
			}
		}
	}
	if f != nil {
		add("trust.toml", f.Grants)
	}
	if l != nil {
		for _, i := range l.Imports {
			if i.Name != now.Name {
				add(i.Name, i.Grants)
			}
		}
	}
	var out []Disagreement
	for _, g := range now.Grants {
		if g.Denied {
			continue
		}
		all := known[g.Project+" "+string(g.Kind)]
		if len(all) == 0 || slices.ContainsFunc(all, func(c claim) bool { return c.identity == g.Identity() }) {
			continue
		}
		d := Disagreement{Project: g.Project, Import: now.Name, Key: g.Identity()}
		for _, c := range all {
			d.Others = append(d.Others, c.who+" has "+c.identity)
		}
		out = append(out, d)
	}
	return out
}

// Lost are the grants that an import had when it was last fetched and has no longer: a
// list that shrinks takes trust away, and perhaps was cut.
func Lost(before, now Locked) []Grant {
	var out []Grant
	for _, g := range before.Grants {
		same := func(o Grant) bool {
			return o.Project == g.Project && o.Identity() == g.Identity() && o.Denied == g.Denied
		}
		if !slices.ContainsFunc(now.Grants, same) {
			out = append(out, g)
		}
	}
	return out
}
