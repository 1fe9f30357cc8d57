package trust

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"assay"
	"assay/internal/jws"
	"assay/internal/openpgp"
	"assay/internal/pypi"
	"assay/internal/signature"
	"assay/internal/sshsig"
	"assay/internal/tomlfile"
)

// Parse reads a trust.toml. Name is what messages call it. The error is a
// [*tomlfile.Error].
func Parse(name string, data []byte) (*File, error) {
	root, err := tomlfile.Read(name, data)
	if err != nil {
		return nil, err
	}
	r := &reader{Problems: tomlfile.Problems{File: name}}
	f := &File{Name: name, Agree: 1}
	r.each(root, "at the top of the file", fields{
		"agree":     func(e *tomlfile.Entry) { f.Agree = r.number(e, 1, maxImports) },
		"grant":     r.tables(func(v *tomlfile.Value) { f.Grants = append(f.Grants, r.grant(v, false)) }),
		"deny":      r.tables(func(v *tomlfile.Value) { f.Grants = append(f.Grants, r.grant(v, true)) }),
		"key":       r.tables(func(v *tomlfile.Value) { f.Keys = append(f.Keys, r.key(v)) }),
		"authority": r.tables(func(v *tomlfile.Value) { f.Authorities = append(f.Authorities, r.authority(v)) }),
		"import":    r.tables(func(v *tomlfile.Value) { f.Imports = append(f.Imports, r.imported(v)) }),
	})
	r.cross(f)
	if err := r.Err(); err != nil {
		return nil, err
	}
	return f, nil
}

// reader reads one file and collects what is wrong with it.
type reader struct {
	tomlfile.Problems
	count int
	locks map[string]int // lines of the imports of a lock, by name
}

// fields are the keys of a table, each with what reads it.
type fields map[string]func(*tomlfile.Entry)

func (r *reader) each(v *tomlfile.Value, where string, known fields) {
	var words []string
	for k := range known {
		words = append(words, k)
	}
	slices.Sort(words)
	for _, e := range v.Keys {
		if read, ok := known[e.Key]; ok {
			read(e)
			continue
		}
		r.Add(e.Line, "there is no key %s %s: %s", tomlfile.Quoted(e.Key), where, tomlfile.Meant(e.Key, words))
	}
}

// tables reads an array of tables.
func (r *reader) tables(read func(*tomlfile.Value)) func(*tomlfile.Entry) {
	return func(e *tomlfile.Entry) {
		if e.Value.Kind != tomlfile.List {
			r.Add(e.Line, "%s is a list of tables: write [[%s]], with two brackets", e.Key, e.Key)
			return
		}
		for i := range e.Value.Items {
			v := &e.Value.Items[i]
			if r.count++; r.count > maxTables {
				r.Add(v.Line, "more than %d tables", maxTables)
				return
			}
			if v.Kind != tomlfile.Table {
				r.Add(v.Line, "%s is a list of tables, and one of its entries is %s", e.Key, v.Kind)
				continue
			}
			read(v)
		}
	}
}

// need says which keys a table lacks.
func (r *reader) need(v *tomlfile.Value, table string, keys ...string) {
	for _, key := range keys {
		if v.Get(key) == nil {
			r.Add(v.Line, "%s [[%s]] needs %s", article(table), table, key)
		}
	}
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an"
	}
	return "a"
}

// grant reads a [[grant]] or a [[deny]].
func (r *reader) grant(v *tomlfile.Value, denied bool) Grant {
	g := Grant{Line: v.Line}
	g.Denied, g.From = denied, "local"
	g.Origin = tomlfile.At(r.File, v.Line)
	known := fields{
		"project": func(e *tomlfile.Entry) { g.Project = r.project(e, denied) },
		"reason":  func(e *tomlfile.Entry) { g.Reason = r.text(e, &e.Value) },
		"by":      func(e *tomlfile.Entry) { g.By = r.text(e, &e.Value) },
		"from":    func(e *tomlfile.Entry) { g.From = r.text(e, &e.Value) },
	}
	if !denied {
		known["certified_by"] = func(e *tomlfile.Entry) { g.CertifiedBy = r.fingerprints(e) }
		known["roles"] = func(e *tomlfile.Entry) { g.Roles = r.roles(e) }
		known["versions"] = func(e *tomlfile.Entry) { g.Versions = r.versions(e) }
		known["until"] = func(e *tomlfile.Entry) { g.Until = r.until(e) }
		known["waive"] = func(e *tomlfile.Entry) { g.Waive = r.waive(e) }
		known["first_use"] = func(e *tomlfile.Entry) { g.FirstUse = r.truth(e) }
		known["signature"] = func(e *tomlfile.Entry) { g.Signatures = r.templates(e) }
	}
	for _, kind := range kinds {
		known[string(kind)] = func(e *tomlfile.Entry) { r.keyed(e, &g, kind) }
	}
	table := "grant"
	if denied {
		table = "deny"
	}
	r.each(v, "in a [["+table+"]]", known)
	if denied {
		r.need(v, table, "project", "reason")
	} else {
		r.need(v, table, "project", "until", "reason")
	}
	if g.Kind == "" {
		r.Add(v.Line, "a [[%s]] needs whom: openpgp, ssh, jws, publisher or sha256", table)
	}
	return g
}

// keyed reads the key of a grant.
func (r *reader) keyed(e *tomlfile.Entry, g *Grant, kind assay.GrantKind) {
	text := r.text(e, &e.Value)
	if text == "" {
		g.Kind = kind // that was said
		return
	}
	if g.Kind != "" {
		r.Add(e.Line, "a grant names one of openpgp, ssh, jws, publisher and sha256, and this one has %s and %s", g.Kind, kind)
		return
	}
	key, err := ParseKey(kind, text)
	if err != nil {
		r.Add(e.Line, "%s: %v", e.Key, err)
	}
	g.Kind, g.Key = kind, key
}

var (
	publishers = regexp.MustCompile(`^(github|gitlab|google|email):[^*\s@]+(@[^*\s]+)?$`)
	sums       = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// ParseKey reads the key of a grant and returns it as grants compare it. Short
// fingerprints are refused: others can make a key with the same one.
func ParseKey(kind assay.GrantKind, text string) (string, error) {
	switch kind {
	case assay.GrantOpenPGP:
		fp, err := openpgp.ParseFingerprint(text)
		return string(fp), err
	case assay.GrantSSH:
		return sshsig.ParseFingerprint(text)
	case assay.GrantJWS:
		key, err := jws.ParseKey(text)
		if err != nil {
			return "", err
		}
		return key.String(), nil
	case assay.GrantPublisher:
		if !publishers.MatchString(text) {
			return "", fmt.Errorf(`a publisher is written as "github:owner/repo@workflow.yml", not %s`, tomlfile.Quoted(text))
		}
		return text, nil
	case assay.GrantSHA256:
		text = strings.TrimPrefix(strings.ToLower(text), "sha256:")
		if _, err := hex.DecodeString(text); err != nil || !sums.MatchString(text) {
			return "", fmt.Errorf("a SHA-256 digest has 64 hexadecimal digits")
		}
		return text, nil
	}
	return "", fmt.Errorf("there is no kind of grant %s", tomlfile.Quoted(string(kind)))
}

// key reads a [[key]].
func (r *reader) key(v *tomlfile.Value) Key {
	k := Key{Line: v.Line}
	set := func(kind assay.GrantKind) func(*tomlfile.Entry) {
		return func(e *tomlfile.Entry) {
			fingerprint, err := ParseKey(kind, r.text(e, &e.Value))
			if err != nil {
				r.Add(e.Line, "%s: %v", e.Key, err)
			}
			k.Kind, k.Fingerprint = kind, fingerprint
		}
	}
	r.each(v, "in a [[key]]", fields{
		"openpgp": set(assay.GrantOpenPGP),
		"ssh":     set(assay.GrantSSH),
		"source":  func(e *tomlfile.Entry) { k.Source = r.address(e) },
		"certificate": func(e *tomlfile.Entry) {
			text := r.long(e)
			if text == "" {
				return
			}
			certs, err := openpgp.ReadCertificates([]byte(text))
			switch {
			case err != nil:
				r.Add(e.Line, "certificate: %v", err)
			case len(certs) != 1:
				r.Add(e.Line, "certificate: it holds %d certificates, not one", len(certs))
			default:
				k.Certificate = certs[0]
			}
		},
		"public": func(e *tomlfile.Entry) {
			text := r.long(e)
			if text == "" {
				return
			}
			key, err := sshsig.ParseKey(strings.TrimSpace(text))
			if err != nil {
				r.Add(e.Line, "public: %v", err)
			}
			k.SSH = key
		},
	})
	switch {
	case k.Kind == "":
		r.Add(v.Line, "a [[key]] needs openpgp or ssh, its fingerprint")
	case k.Kind == assay.GrantOpenPGP && k.Certificate != nil && string(k.Certificate.Fingerprint()) != k.Fingerprint:
		r.Add(v.Line, "the certificate is of the key %s, not of %s", k.Certificate.Fingerprint(), k.Fingerprint)
	case k.Kind == assay.GrantSSH && !k.SSH.IsZero() && k.SSH.Fingerprint() != k.Fingerprint:
		r.Add(v.Line, "the public key is %s, not %s", k.SSH.Fingerprint(), k.Fingerprint)
	case k.Kind == assay.GrantOpenPGP && k.Certificate == nil && v.Get("certificate") == nil:
		r.Add(v.Line, "a [[key]] with openpgp needs certificate, the armored public key")
	}
	return k
}

// authority reads an [[authority]].
func (r *reader) authority(v *tomlfile.Value) Authority {
	a := Authority{Line: v.Line}
	r.each(v, "in an [[authority]]", fields{
		"name":     func(e *tomlfile.Entry) { a.Name = r.name(e) },
		"notation": func(e *tomlfile.Entry) { a.Notation = r.notation(e) },
		"until":    func(e *tomlfile.Entry) { a.Until = r.until(e) },
		"reason":   func(e *tomlfile.Entry) { a.Reason = r.text(e, &e.Value) },
		"openpgp": func(e *tomlfile.Entry) {
			fp, err := openpgp.ParseFingerprint(r.text(e, &e.Value))
			if err != nil {
				r.Add(e.Line, "openpgp: %v", err)
			}
			a.Fingerprint = fp
		},
	})
	r.need(v, "authority", "name", "openpgp", "notation", "until", "reason")
	return a
}

// imported reads an [[import]].
func (r *reader) imported(v *tomlfile.Value) Import {
	i := Import{Line: v.Line}
	r.each(v, "in an [[import]]", fields{
		"name":   func(e *tomlfile.Entry) { i.Name = r.name(e) },
		"kind":   func(e *tomlfile.Entry) { i.Kind = r.name(e) },
		"source": func(e *tomlfile.Entry) { i.Source = r.text(e, &e.Value) },
		"projects": func(e *tomlfile.Entry) {
			for _, item := range r.Values(e, maxList) {
				i.Projects = append(i.Projects, r.projectName(e, item))
			}
		},
		"authority": func(e *tomlfile.Entry) { i.Authority = r.name(e) },
		"depth":     func(e *tomlfile.Entry) { i.Depth = r.number(e, 1, maxDepth) },
		"roles":     func(e *tomlfile.Entry) { i.Roles = r.roles(e) },
		"until":     func(e *tomlfile.Entry) { i.Until = r.until(e) },
		"reason":    func(e *tomlfile.Entry) { i.Reason = r.text(e, &e.Value) },
		"by":        func(e *tomlfile.Entry) { i.By = r.text(e, &e.Value) },
	})
	r.need(v, "import", "name", "kind", "source", "until", "reason")
	return i
}

// cross finds what is wrong between tables.
func (r *reader) cross(f *File) {
	seen := map[string]int{}
	for _, g := range f.Grants {
		id := fmt.Sprint(g.Denied, g.Project, g.Identity(), g.Versions, g.Roles)
		if before, ok := seen[id]; ok && g.Grant.Key != "" {
			r.Add(g.Line, "the same is said at line %d already: keep one of them", before)
		}
		seen[id] = g.Line
	}
	for _, k := range f.Keys {
		id := string(k.Kind) + k.Fingerprint
		if before, ok := seen[id]; ok && k.Fingerprint != "" {
			r.Add(k.Line, "the key is at line %d already", before)
		}
		seen[id] = k.Line
	}
	for _, i := range f.Imports {
		if before, ok := seen["import "+i.Name]; ok {
			r.Add(i.Line, "an import of the name %s is at line %d already", i.Name, before)
		}
		seen["import "+i.Name] = i.Line
	}
	if len(f.Imports) > maxImports {
		r.Add(0, "more than %d imports", maxImports)
	}
}

// project reads a project's name; in a denial "*" stands for all.
func (r *reader) project(e *tomlfile.Entry, denied bool) string {
	if e.Value.Kind == tomlfile.String && e.Value.Text == "*" && denied {
		return "*"
	}
	return r.projectName(e, &e.Value)
}

func (r *reader) projectName(e *tomlfile.Entry, v *tomlfile.Value) string {
	text := r.text(e, v)
	if strings.Contains(text, "*") {
		r.Add(v.Line, "%s: there is no grant for several projects: name each", e.Key)
		return ""
	}
	name, err := pypi.NormalizeName(strings.TrimPrefix(text, "pypi:"))
	if err != nil && text != "" {
		r.Add(v.Line, "%s: %v", e.Key, err)
	}
	return name
}

var names = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func (r *reader) name(e *tomlfile.Entry) string {
	text := r.text(e, &e.Value)
	if text != "" && !names.MatchString(text) {
		r.Add(e.Line, "%s consists of small letters, digits, dots and dashes, unlike %s", e.Key, tomlfile.Quoted(text))
	}
	return text
}

func (r *reader) notation(e *tomlfile.Entry) string {
	text := r.text(e, &e.Value)
	if name, domain, ok := strings.Cut(text, "@"); text != "" && (!ok || name == "" || domain == "" || strings.ContainsAny(text, "= ")) {
		r.Add(e.Line, `notation is a name such as "project@authority.example", not %s`, tomlfile.Quoted(text))
	}
	return text
}

// weaknesses are what a grant may let pass, as package openpgp names it.
var weaknesses = regexp.MustCompile(`^((sha1|md5|ripemd160|sha224)(-self)?|rsa[0-9]{3,4}|dsa([0-9]{3,4})?)$`)

// IsWeakness reports whether a word names something that a grant may let pass.
func IsWeakness(word string) bool { return weaknesses.MatchString(word) }

func (r *reader) waive(e *tomlfile.Entry) []string {
	var out []string
	for _, v := range r.Values(e, maxList) {
		text := r.text(e, v)
		if text != "" && !IsWeakness(text) {
			r.Add(v.Line, `waive names what is too weak, such as "sha1" or "rsa1024", not %s`, tomlfile.Quoted(text))
		}
		out = append(out, text)
	}
	return out
}

func (r *reader) roles(e *tomlfile.Entry) []assay.Role {
	var out []assay.Role
	for _, w := range r.words(e, []string{string(assay.RoleArtifact), string(assay.RoleChecksums), string(assay.RoleTag)}) {
		out = append(out, assay.Role(w))
	}
	return out
}

func (r *reader) words(e *tomlfile.Entry, known []string) []string {
	var out []string
	for _, v := range r.Values(e, maxList) {
		text := r.text(e, v)
		switch {
		case text == "":
		case !slices.Contains(known, text):
			r.Add(v.Line, "%s: there is no %s: %s", e.Key, tomlfile.Quoted(text), tomlfile.Meant(text, known))
		case !slices.Contains(out, text):
			out = append(out, text)
		}
	}
	return out
}

func (r *reader) versions(e *tomlfile.Entry) string {
	text := r.text(e, &e.Value)
	if _, err := pypi.ParseSpecifier(text); err != nil {
		r.Add(e.Line, "versions: %v", err)
	}
	return text
}

// until reads a date, and returns the end of that day in UTC.
func (r *reader) until(e *tomlfile.Entry) time.Time {
	day, err := time.Parse(time.DateOnly, e.Value.Text)
	if e.Value.Kind != tomlfile.Date || err != nil {
		r.Add(e.Line, "%s is a date without quotes, such as 2027-12-31", e.Key)
		return time.Time{}
	}
	return day.AddDate(0, 0, 1)
}

// fingerprints reads a list of OpenPGP keys.
func (r *reader) fingerprints(e *tomlfile.Entry) []string {
	var out []string
	for _, v := range r.Values(e, maxList) {
		text := r.text(e, v)
		fp, err := openpgp.ParseFingerprint(text)
		if err != nil && text != "" {
			r.Add(v.Line, "%s: %v", e.Key, err)
		}
		out = append(out, string(fp))
	}
	return out
}

func (r *reader) truth(e *tomlfile.Entry) bool {
	if e.Value.Kind != tomlfile.Bool {
		r.Add(e.Line, "%s is true or false, not %s", e.Key, e.Value.Kind)
	}
	return e.Value.Text == "true"
}

func (r *reader) number(e *tomlfile.Entry, from, to int) int {
	n, err := strconv.Atoi(e.Value.Text)
	if e.Value.Kind != tomlfile.Integer || err != nil || n < from || n > to {
		r.Add(e.Line, "%s is a number from %d to %d", e.Key, from, to)
		return from
	}
	return n
}

// templates reads where signatures lie.
func (r *reader) templates(e *tomlfile.Entry) []string {
	var out []string
	for _, v := range r.Values(e, maxList) {
		text := r.text(e, v)
		if text == "" {
			continue
		}
		if err := signature.CheckTemplate(text); err != nil {
			r.Add(v.Line, "%s: %v", e.Key, err)
			continue
		}
		out = append(out, text)
	}
	if len(out) > maxTemplates {
		r.Add(e.Line, "%s names %d places, the bound is %d", e.Key, len(out), maxTemplates)
	}
	return out
}

func (r *reader) address(e *tomlfile.Entry) string {
	text := r.text(e, &e.Value)
	if text == "" {
		return ""
	}
	if u, err := url.Parse(text); err != nil || u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "file" || u.User != nil {
		r.Add(e.Line, "%s is a URL without user and password", e.Key)
	}
	return text
}

// text reads a string of at least one visible character, bounded.
func (r *reader) text(e *tomlfile.Entry, v *tomlfile.Value) string {
	switch {
	case v.Kind != tomlfile.String:
		r.Add(v.Line, "%s is a string, not %s", e.Key, v.Kind)
	case strings.TrimSpace(v.Text) == "":
		r.Add(v.Line, "%s is empty", e.Key)
	case len(v.Text) > maxText:
		r.Add(v.Line, "%s has %d bytes, the bound is %d", e.Key, len(v.Text), maxText)
	case strings.ContainsFunc(v.Text, func(c rune) bool { return !unicode.IsPrint(c) || c == utf8.RuneError }):
		r.Add(v.Line, "%s holds a control character, a line break, or what no one sees", e.Key)
	default:
		return v.Text
	}
	return ""
}

// long reads a text of many lines.
func (r *reader) long(e *tomlfile.Entry) string {
	if e.Value.Kind != tomlfile.String || len(e.Value.Text) > maxKeyText || strings.TrimSpace(e.Value.Text) == "" {
		r.Add(e.Line, "%s is a string of at least one and at most %d bytes", e.Key, maxKeyText)
		return ""
	}
	return e.Value.Text
}
