package trust

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"assay"
	"assay/internal/tomlfile"
)

const heading = `# Who may speak for which project. A person wrote or reviewed every line of it.
# "assay trust list" shows it, "assay trust add" and "assay trust deny" write it.
`

// Text renders the file: the same for the same content, one fact a line, so that a
// review shows what changed. What [Parse] reads of it is the same again.
func (f *File) Text() []byte {
	f.Normalize()
	w := &writer{}
	w.WriteString(heading)
	if f.Agree > 1 {
		fmt.Fprintf(w, "\nagree = %d # imports that must grant the same for it to count\n", f.Agree)
	}
	for _, i := range f.Imports {
		w.importOf(i)
	}
	for _, a := range f.Authorities {
		w.table("authority")
		w.str("name", a.Name)
		w.str("openpgp", string(a.Fingerprint))
		w.str("notation", a.Notation)
		w.day("until", a.Until)
		w.str("reason", a.Reason)
	}
	for _, g := range f.Grants {
		w.grant(g)
	}
	for _, k := range f.Keys {
		w.key(k)
	}
	return w.Bytes()
}

type writer struct{ bytes.Buffer }

func (w *writer) table(name string) { fmt.Fprintf(w, "\n[[%s]]\n", name) }

func (w *writer) str(key, value string) {
	if value != "" {
		fmt.Fprintf(w, "%s = %s\n", key, quote(value))
	}
}

func (w *writer) list(key string, values []string) {
	if len(values) == 0 {
		return
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	fmt.Fprintf(w, "%s = [%s]\n", key, strings.Join(quoted, ", "))
}

// day writes the last day before a moment.
func (w *writer) day(key string, until time.Time) {
	if !until.IsZero() {
		fmt.Fprintf(w, "%s = %s\n", key, until.Add(-time.Second).UTC().Format(time.DateOnly))
	}
}

func (w *writer) importOf(i Import) {
	w.table("import")
	w.str("name", i.Name)
	w.str("kind", i.Kind)
	w.str("source", i.Source)
	w.list("projects", i.Projects)
	w.str("authority", i.Authority)
	if i.Depth > 0 {
		fmt.Fprintf(w, "depth = %d\n", i.Depth)
	}
	w.list("roles", words(i.Roles))
	w.day("until", i.Until)
	w.str("reason", i.Reason)
	w.str("by", i.By)
}

func (w *writer) grant(g Grant) {
	if g.Denied {
		w.table("deny")
	} else {
		w.table("grant")
	}
	w.str("project", g.Project)
	w.str(string(g.Kind), g.Grant.Key)
	w.list("roles", words(g.Roles))
	w.str("versions", g.Versions)
	w.day("until", g.Until)
	w.list("waive", g.Waive)
	w.list("signature", g.Signatures)
	if g.FirstUse {
		w.WriteString("first_use = true\n")
	}
	if g.From != "local" {
		w.str("from", g.From)
	}
	w.list("certified_by", g.CertifiedBy)
	w.str("reason", g.Reason)
	w.str("by", g.By)
}

func (w *writer) key(k Key) {
	w.table("key")
	w.str(string(k.Kind), k.Fingerprint)
	w.str("source", k.Source)
	if k.Certificate != nil {
		w.long("certificate", string(k.Certificate.Armor()))
	}
	if !k.SSH.IsZero() {
		w.str("public", k.SSH.Line())
	}
}

// long writes a text of many lines. Armor holds neither quotes nor backslashes.
func (w *writer) long(key, value string) {
	fmt.Fprintf(w, "%s = \"\"\"\n%s\"\"\"\n", key, strings.TrimSpace(value)+"\n")
}

func words(roles []assay.Role) []string {
	var out []string
	for _, r := range roles {
		out = append(out, string(r))
	}
	return out
}

// quote writes a TOML string. What is not printable is left out: it was refused when it
// was read.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range tomlfile.Visible(s) {
		if r == '"' || r == '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String()
}
