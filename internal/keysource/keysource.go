package keysource

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/trust"
)

// Fetcher hands over what is at a place: an http(s) URL, or a path of this computer. The
// error wraps [ErrNotFound] where nothing is there.
type Fetcher interface {
	Fetch(ctx context.Context, place string, maxBytes int64) ([]byte, error)
}

// ErrNotFound says that there is nothing at a place.
var ErrNotFound = errors.New("not found")

// Failure is what is wrong with an import or with what was read for it. Its text is a
// clause that is safe to show.
type Failure struct{ Text string }

// Error returns the text.
func (f *Failure) Error() string { return f.Text }

func fail(format string, args ...any) error { return &Failure{fmt.Sprintf(format, args...)} }

// Kind is one kind of source.
type Kind struct {
	Name string
	// Source says what Import.Source is, Believed who it is that one believes.
	Source, Believed string
	// Asked says that projects must be named: the source knows of none.
	Asked bool

	read func(*session) error
}

// Kinds returns the kinds in the order of their weight.
func Kinds() []Kind {
	return []Kind{
		{"debian", "a Sources index (plain, .gz or .xz)", "the distribution's maintainers, who check each release with it", false, (*session).debian},
		{"arch", "the folder of a package, with .SRCINFO or PKGBUILD", "the distribution's maintainers, who check each release with it", false, (*session).arch},
		{"grants", "another organisation's trust.toml", "that organisation: its own grants and denials, and not what it imports", false, (*session).grants},
		{"certified", "a file of certificates", "the authority, by its signed notation that names the project", false, (*session).certified},
		{"forge", "an account, such as https://forge.example/USER", "whoever holds the account", true, (*session).forge},
		{"wkd", "an e-mail address", "whoever holds the mail domain", true, (*session).wkd},
		{"web-of-trust", "a file of certificates", "keys that are granted for the project already, and those that they certify", true, (*session).webOfTrust},
	}
}

// names are what imports are called, as trust.toml takes it.
var names = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Find returns the kind of a name.
func Find(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Request is one import to read.
type Request struct {
	Import trust.Import
	// Own is the file that the import is or will be in: its authorities, keys and grants
	// are what "certified" and "web-of-trust" start from. It may be nil.
	Own *trust.File
	// Known finds the certificates of those who may revoke a key; it may be nil.
	Known trust.Known
	// Before is what the lock has of the import: what was certified, and seen here, before a
	// key was superseded stays. It may be empty.
	Before trust.Locked
	Now    time.Time
}

// Result is what an import grants now, and what a person should know of it.
type Result struct {
	Locked  trust.Locked
	Remarks []Remark
}

// Remark is one thing that a person should know.
type Remark struct {
	Project string // empty where it is about all of it
	Text    string // a clause; nothing raw is in it
	// Warning says that something is missing or not as it should be.
	Warning bool
}

// String returns "PROJECT: TEXT".
func (r Remark) String() string {
	if r.Project == "" {
		return r.Text
	}
	return r.Project + ": " + r.Text
}

// Read asks for what an import names and reads it. A *Failure says what is wrong with it;
// other errors are the fetcher's.
func Read(ctx context.Context, fetcher Fetcher, r Request) (Result, error) {
	kind, err := check(r.Import)
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, maxTime, fail("the import took longer than %s", maxTime))
	defer cancel()
	s := &session{ctx: ctx, fetcher: fetcher, Request: r}
	s.out.Locked.Name, s.out.Locked.Fetched = r.Import.Name, r.Now.UTC().Truncate(time.Second)
	if err := kind.read(s); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return Result{}, err
	}
	s.finish()
	return s.out, nil
}

// check says what is wrong with an import by itself.
func check(i trust.Import) (Kind, error) {
	kind, ok := Find(i.Kind)
	switch {
	case !ok:
		var names []string
		for _, k := range Kinds() {
			names = append(names, k.Name)
		}
		return kind, fail("there is no kind of import %q: there are %s", openpgp.Printable(i.Kind), strings.Join(names, ", "))
	case !names.MatchString(i.Name):
		return kind, fail("an import's name consists of small letters, digits, dots and dashes, unlike %q", openpgp.Printable(i.Name))
	case i.Source == "" || len(i.Source) > maxPlace:
		return kind, fail("an import of the kind %s needs its source: %s", kind.Name, kind.Source)
	case isURL(i.Source) && credentials(i.Source):
		return kind, fail("leave user and password out of the source: a list of keys is anybody's")
	case kind.Asked && len(i.Projects) == 0:
		return kind, fail("an import of the kind %s says nothing of projects: name those that its keys may sign", kind.Name)
	case i.Depth != 0 && i.Kind != "web-of-trust":
		return kind, fail("a depth is for imports of the kind web-of-trust only")
	case i.Depth < 0 || i.Depth > maxDepth:
		return kind, fail("the depth is a number from 1 to %d", maxDepth)
	case i.Authority != "" && i.Kind != "certified":
		return kind, fail("an authority is for imports of the kind certified only")
	}
	return kind, nil
}

// Check says whether an import may stand in a file beside the others: one list under two
// names would count as two that agree, and a file that imports itself would agree with
// whatever it says.
func Check(own *trust.File, i trust.Import) error {
	if _, err := check(i); err != nil {
		return err
	}
	if own == nil {
		return nil
	}
	for _, other := range own.Imports {
		if other.Name == i.Name && other.Kind != i.Kind {
			return fail("the import %s is of the kind %s: take another name", i.Name, other.Kind)
		}
	}
	for _, other := range own.Imports {
		if other.Name != i.Name && other.Kind == i.Kind && sameSource(other.Source, i.Source) && other.Authority == i.Authority {
			return fail("the import %s reads the same source: under two names it would count as two that agree", other.Name)
		}
	}
	return nil
}

// Same returns the other import of which what was read is the same, byte for byte: a copy
// of a list is no second opinion. Where nothing is granted, nothing is counted twice.
func Same(own *trust.File, lock *trust.Lock, now trust.Locked) (string, bool) {
	if own == nil || lock == nil || len(now.Grants) == 0 {
		return "", false
	}
	kind := ""
	for _, i := range own.Imports {
		if i.Name == now.Name {
			kind = i.Kind
		}
	}
	for _, i := range own.Imports {
		locked, ok := lock.Find(i.Name)
		if ok && i.Name != now.Name && locked.SHA256 == now.SHA256 && (kind == "" || kind == i.Kind) {
			return i.Name, true
		}
	}
	return "", false
}

func credentials(source string) bool {
	u, err := url.Parse(source)
	return err == nil && u.User != nil
}

func sameSource(a, b string) bool {
	trim := func(s string) string { return strings.TrimRight(strings.TrimSuffix(strings.TrimSpace(s), ".git"), "/") }
	return strings.EqualFold(trim(a), trim(b))
}

// session is one import that is being read.
type session struct {
	Request
	ctx     context.Context
	fetcher Fetcher
	out     Result
	sums    []string // the SHA-256 of each document
	read    int64    // bytes

	adopted map[*openpgp.Certificate]adopted // for one that many projects have
}

// adopted is a certificate with what those have said whom its owner lets revoke it.
type adopted struct {
	cert *openpgp.Certificate
	open []openpgp.Fingerprint
}

func (s *session) adopt(c *openpgp.Certificate) (*openpgp.Certificate, []openpgp.Fingerprint) {
	a, ok := s.adopted[c]
	if !ok {
		a.cert, a.open = c.Adopt(s.known)
		if s.adopted == nil {
			s.adopted = map[*openpgp.Certificate]adopted{}
		}
		s.adopted[c] = a
	}
	return a.cert, a.open
}

// fetch asks for a document, and notes it.
func (s *session) fetch(place string, limit int64) ([]byte, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	if len(s.sums) >= maxDocuments || s.read >= maxRead {
		return nil, fail("the import leads to more than %d documents or %d bytes", maxDocuments, int64(maxRead))
	}
	data, err := s.fetcher.Fetch(s.ctx, place, limit)
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fail("%s has more than %d bytes", shownPlace(place), limit)
	}
	s.read += int64(len(data))
	sum := sha256.Sum256(data)
	s.sums = append(s.sums, hex.EncodeToString(sum[:]))
	return data, nil
}

// optional is fetch for what need not be there: nil where it is not.
func (s *session) optional(place string, limit int64) ([]byte, error) {
	data, err := s.fetch(place, limit)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err == nil && data == nil {
		data = []byte{}
	}
	return data, err
}

// wanted reports whether the import is asked about a project.
func (s *session) wanted(project string) bool {
	return len(s.Import.Projects) == 0 || slices.Contains(s.Import.Projects, project)
}

func (s *session) note(project, format string, args ...any) {
	s.remark(project, false, format, args...)
}
func (s *session) warn(project, format string, args ...any) { s.remark(project, true, format, args...) }

func (s *session) remark(project string, warning bool, format string, args ...any) {
	r := Remark{project, fmt.Sprintf(format, args...), warning}
	if !slices.Contains(s.out.Remarks, r) && len(s.out.Remarks) < maxRemarks {
		s.out.Remarks = append(s.out.Remarks, r)
	}
}

// grant takes a grant into the lock, once.
func (s *session) grant(g trust.Grant) error {
	l := &s.out.Locked
	same := func(o trust.Grant) bool {
		return o.Project == g.Project && o.Identity() == g.Identity() && o.Versions == g.Versions && o.Denied == g.Denied
	}
	if slices.ContainsFunc(l.Grants, same) {
		return nil
	}
	if len(l.Grants) >= maxGrants {
		return fail("the import grants more than %d keys: name the projects that it is for", maxGrants)
	}
	g.Reason = clip(openpgp.Printable(g.Reason))
	g.Waive, g.FirstUse, g.From, g.Origin, g.By = nil, false, "", "", ""
	l.Grants = append(l.Grants, g)
	return nil
}

func clip(s string) string {
	if len(s) <= maxNote {
		return s
	}
	return strings.ToValidUTF8(s[:maxNote], "") + "…"
}

// key takes a key into the lock: of a certificate, all that is known of it, as far as that
// can be read again.
func (s *session) key(k trust.Key) {
	l := &s.out.Locked
	k, err := trust.Fit(k, s.known)
	if err != nil {
		s.warn("", "%v: it is left out", err)
		return
	}
	for i, known := range l.Keys {
		if known.Kind != k.Kind || known.Fingerprint != k.Fingerprint {
			continue
		}
		if k.Certificate != nil && known.Certificate != nil {
			merged, err := trust.Merged(known, k, s.known)
			if l.Keys[i].Certificate = merged.Certificate; err != nil {
				s.warn("", "%v: one copy of it is left out, but for what it says was revoked", err)
			}
		}
		return
	}
	l.Keys = append(l.Keys, k)
}

// found is a certificate, with what it is to be granted for.
type found struct {
	project, note, source string
	until                 time.Time
	signatures            []string
	certifiedBy           []string // from whom the person named to whoever certified it
}

// certificate grants a certificate's key and keeps the certificate. A key that its owner
// gave up as lost is granted to nobody.
func (s *session) certificate(c *openpgp.Certificate, f found) error {
	key := string(c.Fingerprint())
	c, open := s.adopt(c)
	for _, revoker := range open {
		s.warn(f.project, "the key %s seems to be revoked by %s, whom its owner lets do so, and whose certificate is not here: until it is a [[key]] in trust.toml that counts for nothing", key, revoker)
	}
	if r, ok := c.Revoked(); ok && r.Hard {
		// Its revocation is kept, so that it counts where the key was granted before, or is by others.
		s.warn(f.project, "the key %s was given up as lost on %s (%s): nothing that it signed counts", key, day(r.At), said(r.Reason))
		s.key(trust.Key{Kind: assay.GrantOpenPGP, Fingerprint: key, Certificate: c})
		return nil
	} else if ok {
		s.note(f.project, "the key %s was superseded on %s (%s): what it signed before counts", key, day(r.At), said(r.Reason))
	} else if end, ok := c.Expires(); ok && !end.After(s.Now) {
		s.note(f.project, "the key %s expired on %s: what it signed before counts", key, day(end))
	}
	if _, err := trust.Fit(trust.Key{Kind: assay.GrantOpenPGP, Fingerprint: key, Certificate: c}, nil); err != nil {
		s.warn(f.project, "%v: it is not granted", err)
		if left := c.Remains(); left != c { // what was revoked of it counts where others grant it
			s.key(trust.Key{Kind: assay.GrantOpenPGP, Fingerprint: key, Certificate: left})
		}
		return nil
	}
	g := trust.Grant{Project: f.project, Signatures: f.signatures}
	g.Kind, g.Key, g.Reason, g.Until, g.CertifiedBy = assay.GrantOpenPGP, key, f.note, f.until, f.certifiedBy
	if len(f.certifiedBy) > 0 {
		if g.Since = s.since(f.project, key, f.certifiedBy[len(f.certifiedBy)-1]); g.Since.IsZero() {
			g.Since = s.out.Locked.Fetched
		}
	}
	if err := s.grant(g); err != nil {
		return err
	}
	k := trust.Key{Kind: assay.GrantOpenPGP, Fingerprint: key, Certificate: c}
	if isURL(f.source) && len(f.source) <= maxPlace {
		k.Source = f.source
	}
	s.key(k)
	return nil
}

// known returns the certificate of a key that is known here already, or that the source has.
func (s *session) known(f openpgp.Fingerprint) *openpgp.Certificate {
	if s.Known != nil {
		if c := s.Known(f); c != nil {
			return c
		}
	}
	own := s.Own
	if own == nil {
		own = &trust.File{}
	}
	return own.Knows(nil, s.out.Locked.Keys...)(f)
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// said quotes an owner's words.
func said(reason string) string {
	if reason == "" {
		return "without a reason"
	}
	return `"` + clip(openpgp.Printable(reason)) + `"`
}

// finish puts the result into its order and sums up what was read.
func (s *session) finish() {
	l := &s.out.Locked
	file := trust.File{Grants: l.Grants, Keys: l.Keys}
	file.Normalize()
	if len(s.sums) == 1 {
		l.SHA256 = s.sums[0]
		return
	}
	all := sha256.New()
	for _, line := range s.sums {
		fmt.Fprintln(all, line)
	}
	l.SHA256 = hex.EncodeToString(all.Sum(nil))
}
