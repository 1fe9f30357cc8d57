package trust

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/pypi"
	"assay/internal/signature"
	"assay/internal/tomlfile"
)

// Store is what holds: the person's own file with its locked imports, and the file that
// came with a project. It is safe for concurrent use.
type Store struct {
	grants  map[string][]granted // by project; "*" holds denials for all
	foreign map[string][]string  // identity → projects
	certs   []*openpgp.Certificate
	known   map[string]bool // identities that are granted for any project
	notes   []tomlfile.Problem
	theirs  bool // what the project's files grant counts
}

// granted is a grant with what its versions come to.
type granted struct {
	Grant
	versions pypi.Specifier
	theirs   bool // a stranger may have written it
}

// Join makes a store. Each argument may be nil.
//
// Theirs may be a stranger's, cloned with a repository: what it denies always counts,
// and what it grants only where the person has neither grants nor a policy of their own
// (alone). [Store.Notes] says what came to nothing.
//
// What imports grant counts where as many of them as the file wants grant the same, for
// as long as each of these imports holds.
func Join(own *File, lock *Lock, theirs *File, alone bool) (*Store, error) {
	s := &Store{grants: map[string][]granted{}, foreign: map[string][]string{}, known: map[string]bool{}}
	s.theirs = alone && (own == nil || len(own.Grants)+len(own.Imports) == 0)
	var certs []*openpgp.Certificate
	take := func(grants []Grant, keys []Key, theirs bool) {
		for _, g := range grants {
			s.add(g, theirs)
		}
		for _, k := range keys {
			if k.Certificate != nil {
				certs = append(certs, k.Certificate)
			}
		}
	}
	lost := lostKeys(own, lock, theirs)
	if own != nil {
		take(withdrawn(own.Grants, lost), own.Keys, false)
		grants, keys := imported(own, lock, lost)
		take(grants, keys, false)
	}
	if theirs != nil {
		var grants []Grant
		for _, g := range theirs.Grants {
			g.From = "this project's file" // whatever it says of itself
			if s.theirs || g.Denied {
				grants = append(grants, g)
			}
		}
		if n := len(theirs.Grants) - len(grants); n > 0 {
			s.notes = append(s.notes, tomlfile.Problem{File: theirs.Name, Detail: fmt.Sprintf(
				"%s ignored: you have a policy or grants of your own; to take what it grants: assay trust import %s", many(n, "grant is", "grants are"), theirs.Name)})
		} else if projects(grants) > 0 {
			s.notes = append(s.notes, tomlfile.Problem{File: theirs.Name, Detail: fmt.Sprintf("this project's file says whose keys count for %s", many(projects(grants), "project", "projects"))})
		}
		take(withdrawn(grants, lost), theirs.Keys, true)
	}
	s.certs = adopted(merged(certs))
	return s, nil
}

// adopted has the revocations by designated revokers count of whom there is a certificate.
func adopted(certs []*openpgp.Certificate) []*openpgp.Certificate {
	by := map[openpgp.Fingerprint]*openpgp.Certificate{}
	for _, c := range certs {
		by[c.Fingerprint()] = c
	}
	out := make([]*openpgp.Certificate, len(certs))
	for i, c := range certs {
		out[i], _ = c.Adopt(func(f openpgp.Fingerprint) *openpgp.Certificate { return by[f] })
	}
	return out
}

// merged joins the copies of each certificate. Where one's come to more than is looked at,
// they stay as they are: whoever verifies by it refuses what it has signed, and the keys
// beside it are not affected.
func merged(certs []*openpgp.Certificate) []*openpgp.Certificate {
	if all, err := openpgp.Merge(certs...); err == nil {
		return all
	}
	var out []*openpgp.Certificate
	copies := map[openpgp.Fingerprint][]*openpgp.Certificate{}
	var order []openpgp.Fingerprint
	for _, c := range certs {
		if _, ok := copies[c.Fingerprint()]; !ok {
			order = append(order, c.Fingerprint())
		}
		copies[c.Fingerprint()] = append(copies[c.Fingerprint()], c)
	}
	for _, fingerprint := range order {
		one, err := openpgp.Merge(copies[fingerprint]...)
		if err != nil {
			one = copies[fingerprint]
		}
		out = append(out, one...)
	}
	return out
}

func (s *Store) add(g Grant, theirs bool) {
	spec, err := pypi.ParseSpecifier(g.Versions)
	if err != nil {
		g.Outside = true // it was checked when it was read
	}
	s.grants[g.Project] = append(s.grants[g.Project], granted{g, spec, theirs})
	id := g.Identity()
	if g.Kind == assay.GrantPublisher || g.Kind == assay.GrantSHA256 {
		return
	}
	s.known[id] = true
	if !g.Denied && !slices.Contains(s.foreign[id], g.Project) {
		s.foreign[id] = append(s.foreign[id], g.Project)
	}
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// Know makes keys known that others than grants name: policies do. It lets them sign
// nothing. It is called before the store is used.
func (s *Store) Know(identities ...string) {
	for _, id := range identities {
		s.known[id] = true
	}
}

func projects(grants []Grant) int {
	seen := map[string]bool{}
	for _, g := range grants {
		if !g.Denied {
			seen[g.Project] = true
		}
	}
	return len(seen)
}

// voice is the word of one import.
type voice struct {
	name  string
	grant Grant
	who   []string // whose word it is: one list under two names is one, and so is one certifier
}

// agreed is what imports say of one key, project and role.
type agreed struct {
	voices []voice
	// fallen are imports whose word rests on a key that was given up as lost.
	fallen []Grant
}

// independent returns those of the voices that hold until a time, and of several that rest on
// somebody's word one.
func (a *agreed) independent(until time.Time) []voice {
	var order []int
	for i, v := range a.voices {
		if !v.grant.Until.Before(until) {
			order = append(order, i)
		}
	}
	// Who rests on fewer people's word leaves more room for others.
	slices.SortStableFunc(order, func(i, j int) int { return len(a.voices[i].who) - len(a.voices[j].who) })
	counted := map[string]bool{}
	var taken []int
	for _, i := range order {
		if slices.ContainsFunc(a.voices[i].who, func(w string) bool { return counted[w] }) {
			continue
		}
		for _, w := range a.voices[i].who {
			counted[w] = true
		}
		taken = append(taken, i)
	}
	slices.Sort(taken)
	var out []voice
	for _, i := range taken {
		out = append(out, a.voices[i])
	}
	return out
}

// grant returns what at least so many of the voices agree on, for as long as so many do: a
// further import never shortens what the others suffice for.
func (a *agreed) grant(need int) (Grant, bool) {
	var ends []time.Time // the earliest first
	for _, v := range a.voices {
		ends = append(ends, v.grant.Until)
	}
	slices.SortFunc(ends, time.Time.Compare)
	if len(ends) == 0 || len(a.independent(ends[0])) < need {
		return Grant{}, false
	}
	latest, _ := slices.BinarySearchFunc(ends, need, func(end time.Time, need int) int {
		if len(a.independent(end)) >= need {
			return -1
		}
		return 1
	}) // the first end that is too late
	end := ends[latest-1]
	voices := a.independent(end)
	out := voices[0].grant
	out.Until = end
	var by []string
	for i, v := range voices {
		by = append(by, v.name)
		for _, key := range v.grant.CertifiedBy {
			if i > 0 && !slices.Contains(out.CertifiedBy, key) {
				out.CertifiedBy = append(slices.Clip(out.CertifiedBy), key)
			}
		}
	}
	out.From = "import " + strings.Join(by, " and ")
	return out, true
}

// imported returns what enough of the imports agree on: who may sign what. That one lets
// a key sign tags and another lets it sign files is no agreement on either. What enough of
// them would agree on, if no key on which their word rests was lost, comes back as withdrawn.
func imported(own *File, lock *Lock, lost map[string]bool) (grants []Grant, keys []Key) {
	found := map[string]*agreed{}
	var ids []string
	for _, i := range own.Imports {
		l, ok := lock.Find(i.Name)
		if !ok {
			continue
		}
		keys = append(keys, l.Keys...) // whatever they grant: their revocations count
		authority, named := own.authority(i)
		if i.Kind == "certified" && !named {
			continue
		}
		if !authority.Until.IsZero() && authority.Until.Before(i.Until) {
			i.Until = authority.Until
		}
		for _, g := range l.Grants {
			if len(i.Projects) > 0 && !slices.Contains(i.Projects, g.Project) && g.Project != "*" {
				continue
			}
			if g.Denied { // it can only refuse: one that says so is enough, and it has no end
				g.From, g.By, g.Reason = "import "+i.Name, i.By, cmp.Or(g.Reason, i.Reason)
				grants = append(grants, g)
				continue
			}
			g.Grant = underImport(g.Grant, i)
			if named && len(g.CertifiedBy) == 0 {
				g.CertifiedBy = []string{string(authority.Fingerprint)}
			}
			who := []string{i.Kind + " " + l.SHA256}
			if i.Kind == "certified" || i.Kind == "web-of-trust" && len(g.CertifiedBy) > 0 {
				who = g.CertifiedBy
			}
			g.Withdrawn = lostOf(g.Grant, lost)
			for _, role := range RolesOf(g.Grant) { // who lets a key sign tags has said nothing of files
				g.Roles = []assay.Role{role}
				id := g.Project + " " + g.Identity() + " " + g.Versions + " " + string(role)
				a := found[id]
				if a == nil {
					a = &agreed{}
					found[id] = a
					ids = append(ids, id)
				}
				if g.Withdrawn != "" {
					a.fallen = append(a.fallen, g)
					continue
				}
				a.voices = append(a.voices, voice{i.Name, g, who})
			}
		}
	}
	need := max(own.Agree, 1)
	for _, id := range ids {
		a := found[id]
		g, ok := a.grant(need)
		switch {
		case ok:
			grants = withRole(grants, g)
		case len(a.fallen) > 0 && len(a.independent(time.Time{}))+len(a.fallen) >= need:
			grants = withRole(grants, a.fallen[0])
		}
	}
	return grants, keys
}

// Agreed reports whether enough of the imports grant the same for a project, in every
// role that the grant is for.
func (f *File) Agreed(lock *Lock, g assay.Grant, project string) bool {
	grants, _ := imported(f, lock, lostKeys(f, lock, nil))
	for _, role := range RolesOf(g) {
		if !slices.ContainsFunc(grants, func(o Grant) bool {
			return !o.Denied && o.Withdrawn == "" && o.Project == project && o.Identity() == g.Identity() && slices.Contains(RolesOf(o.Grant), role)
		}) {
			return false
		}
	}
	return true
}

// authority returns the authority of an import, if it is named: what it certified counts for
// as long as the person has it written down.
func (f *File) authority(i Import) (Authority, bool) {
	at := slices.IndexFunc(f.Authorities, func(a Authority) bool { return i.Kind == "certified" && a.Name == cmp.Or(i.Authority, i.Name) })
	if at < 0 {
		return Authority{}, false
	}
	return f.Authorities[at], true
}

// eachKey calls do with every copy of every key that is known.
func eachKey(own *File, lock *Lock, theirs *File, do func(Key)) {
	for _, f := range []*File{own, theirs} {
		if f != nil {
			for _, k := range f.Keys {
				do(k)
			}
		}
	}
	if lock != nil {
		for _, i := range lock.Imports {
			for _, k := range i.Keys {
				do(k)
			}
		}
	}
}

// lostKeys are the keys of which any copy of their certificates says that they were given up
// as lost.
func lostKeys(own *File, lock *Lock, theirs *File) map[string]bool {
	var certs []*openpgp.Certificate
	eachKey(own, lock, theirs, func(k Key) {
		if k.Certificate != nil {
			certs = append(certs, k.Certificate)
		}
	})
	lost := map[string]bool{}
	for _, c := range adopted(certs) {
		if r, ok := c.Revoked(); ok && r.Hard {
			lost[string(c.Fingerprint())] = true
		}
	}
	return lost
}

// lostOf is the identity of the first key on which a grant rests that is lost, or "".
func lostOf(g assay.Grant, lost map[string]bool) string {
	for _, key := range g.CertifiedBy {
		if lost[key] {
			return string(assay.GrantOpenPGP) + ":" + key
		}
	}
	return ""
}

// withdrawn marks the grants that rest on a lost key.
func withdrawn(grants []Grant, lost map[string]bool) []Grant {
	out := slices.Clone(grants)
	for i := range out {
		out[i].Withdrawn = lostOf(out[i].Grant, lost)
	}
	return out
}

// Lost reports whether an OpenPGP key was given up as lost by any copy of it that is known, or
// by whom its owner lets do so.
func (f *File) Lost(l *Lock, fingerprint string) bool {
	lost := false
	known := func(of openpgp.Fingerprint) (found *openpgp.Certificate) {
		eachKey(f, l, nil, func(k Key) {
			if k.Fingerprint == string(of) && k.Certificate != nil {
				found = k.Certificate
			}
		})
		return found
	}
	eachKey(f, l, nil, func(k Key) {
		if k.Fingerprint == fingerprint && k.Certificate != nil && !lost {
			lost = k.Lost(known)
		}
	})
	return lost
}

// Withdrawn returns the identity of the first key on which a grant rests that was given up as
// lost by any copy of it that is known, or "".
func (f *File) Withdrawn(l *Lock, g assay.Grant) string {
	for _, key := range g.CertifiedBy {
		if f.Lost(l, key) {
			return string(assay.GrantOpenPGP) + ":" + key
		}
	}
	return ""
}

// withRole adds a grant of one role: to the grant that says the same for another one, if
// there is one.
func withRole(grants []Grant, g Grant) []Grant {
	for i, o := range grants {
		if !o.Denied && o.Project == g.Project && o.Identity() == g.Identity() && o.Versions == g.Versions && o.From == g.From && o.Until.Equal(g.Until) &&
			o.Withdrawn == g.Withdrawn && slices.Equal(o.CertifiedBy, g.CertifiedBy) {
			grants[i].Roles = append(slices.Clip(o.Roles), g.Roles...)
			return grants
		}
	}
	return append(grants, g)
}

// RolesOf are the roles that a grant is for, those of one that names none included.
func RolesOf(g assay.Grant) []assay.Role {
	if len(g.Roles) > 0 {
		return g.Roles
	}
	return []assay.Role{assay.RoleArtifact, assay.RoleChecksums}
}

// underImport gives an imported grant what the import says of all of them.
func underImport(g assay.Grant, i Import) assay.Grant {
	if len(i.Roles) > 0 {
		g.Roles = i.Roles
	}
	if g.Until.IsZero() || i.Until.Before(g.Until) {
		g.Until = i.Until
	}
	g.By, g.Waive, g.FirstUse, g.From = i.By, nil, false, "import "+i.Name
	g.Reason = cmp.Or(g.Reason, i.Reason)
	return g
}

// Notes say what of a project's file came to nothing, or what it brings in.
func (s *Store) Notes() []tomlfile.Problem {
	if s == nil {
		return nil
	}
	return s.notes
}

// For returns the grants of a file's project, with what its version makes of them.
func (s *Store) For(a assay.Artifact) []assay.Grant {
	if s == nil || a.Ecosystem != assay.PyPI || len(s.grants) == 0 {
		return nil
	}
	list := slices.Concat(s.grants[a.Project], s.grants["*"])
	if len(list) == 0 {
		return nil
	}
	version, err := pypi.ParseVersion(a.Version)
	out := make([]assay.Grant, len(list))
	for i, g := range list {
		out[i] = g.Grant.Grant
		out[i].Theirs, out[i].Placed = g.theirs, len(g.Signatures) > 0
		out[i].Outside = g.Outside || g.Versions != "" && (err != nil || !g.versions.Contains(version))
	}
	return out
}

// Apply adds the grants of a file's project to the rules for it, and of the keys that
// have signed it, for which other projects they are granted.
func (s *Store) Apply(r assay.Rules, a assay.Artifact, claims []assay.Claim) assay.Rules {
	if s == nil || len(s.grants) == 0 {
		return r
	}
	if grants := s.For(a); len(grants) > 0 {
		r.Grants = append(slices.Clip(r.Grants), grants...)
	}
	for _, c := range claims {
		others := s.foreign[c.Identity]
		if len(others) == 0 {
			continue
		}
		if r.Foreign == nil {
			r.Foreign = map[string][]string{}
		}
		r.Foreign[c.Identity] = others[:min(len(others), maxShown)]
	}
	return r
}

// TakesTheirs reports whether what a project's files grant counts, its policy's keys
// included: where the person has neither grants nor a policy of their own.
func (s *Store) TakesTheirs() bool { return s != nil && s.theirs }

// maxShown is how many other projects of a key a message names.
const maxShown = 5

// Places are where signatures of a file may lie, as its grants say: by the person's own
// word, and by that of the file that came with a project.
func (s *Store) Places(a assay.Artifact) (own, theirs []string) {
	if s == nil {
		return nil, nil
	}
	for _, g := range s.grants[a.Project] {
		for _, template := range g.Signatures {
			switch place := signature.Place(template, a); {
			case slices.Contains(own, place) || slices.Contains(theirs, place):
			case g.theirs:
				theirs = append(theirs, place)
			default:
				own = append(own, place)
			}
		}
	}
	return own, theirs
}

// Names reports whether keys are granted for a project: only then is a signature beside
// a file of any use.
func (s *Store) Names(project string) bool {
	return s != nil && slices.ContainsFunc(s.grants[project], func(g granted) bool {
		return g.Kind != assay.GrantPublisher && g.Kind != assay.GrantSHA256
	})
}

// OpenPGP returns the certificates that grants of any project name and that own the key
// with this fingerprint or key id; all of them where it is empty.
func (s *Store) OpenPGP(issuer string) []*openpgp.Certificate {
	if s == nil {
		return nil
	}
	if issuer == "" {
		return s.certs
	}
	var out []*openpgp.Certificate
	for _, c := range s.certs {
		if c.Owns(issuer) {
			out = append(out, c)
		}
	}
	return out
}

// SSH reports whether a key is granted for any project.
func (s *Store) SSH(fingerprint string) bool { return s != nil && s.known["ssh:"+fingerprint] }

// JWS reports whether a key is granted for any project.
func (s *Store) JWS(key string) bool { return s != nil && s.known["jws:"+key] }

// All returns every grant and denial, those of imports as far as they count, by project.
func (s *Store) All() []Grant {
	if s == nil {
		return nil
	}
	var out []Grant
	for _, list := range s.grants {
		for _, g := range list {
			out = append(out, g.Grant)
		}
	}
	f := File{Grants: out}
	f.Normalize()
	return f.Grants
}
