package lockfile

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/internal/marker"
	"assay/internal/pypi"
	"assay/internal/tomlfile"
)

// document reads a lock in TOML.
func (r *reader) document(f *file) {
	body := f.data
	if rest, ok := bytes.CutPrefix(body, []byte("\ufeff")); ok {
		body, f.bom = rest, len("\ufeff")
	}
	if what := excess(body); what != "" {
		r.add(0, "%s", what)
		return
	}
	doc, err := tomlfile.ReadDocument(f.name, body, tomlfile.Limits{Bytes: MaxFile, Keys: maxKeys})
	if err != nil {
		if !r.conflicts(body) {
			r.fail(err)
		}
		return
	}
	f.toml = doc
	switch r.lock.Format {
	case Pylock:
		r.pylock(doc.Root)
	case UV:
		r.uv(doc.Root)
	case Poetry:
		r.poetry(doc.Root)
	case PDM:
		r.pdm(doc.Root)
	}
}

// excess says what of a document there is too much of for its parser, which takes memory
// for all of it: keys, values within values, dots in names.
func excess(data []byte) string {
	values, dots := 0, 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"', '\'', '#':
			if n := stringLength(data[i:]); n > 0 {
				i += n - 1
			}
		case '[', '{', '=', ',':
			values++
		case '.':
			dots++
		}
	}
	switch {
	case values > maxKeys:
		return fmt.Sprintf("more than %d values", maxKeys)
	case dots > maxDots:
		return fmt.Sprintf("more than %d dots between names", maxDots)
	}
	return ""
}

// stringLength is how long the string or comment is that a document goes on with.
func stringLength(data []byte) int {
	quote := data[:1]
	if data[0] == '#' {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return i
		}
		return len(data)
	}
	end := quote
	if triple := bytes.Repeat(quote, 3); bytes.HasPrefix(data, triple) {
		end = triple
	}
	for i := len(end); i < len(data); i++ {
		switch {
		case data[i] == '\\' && quote[0] == '"':
			i++
		case bytes.HasPrefix(data[i:], end):
			return i + len(end)
		case data[i] == '\n' && len(end) == 1:
			return i // which is no TOML
		}
	}
	return len(data)
}

// entry is a table of a lock with what is read of it.
type entry struct {
	r *reader
	t *tomlfile.Value
}

// get returns a key's value where it is of a kind; another kind is a problem.
func (e entry) get(key string, kind tomlfile.Kind) *tomlfile.Value {
	k := e.t.Get(key)
	if k == nil {
		return nil
	}
	if k.Value.Kind != kind {
		e.r.add(k.Line, "%s is %s, not %s", key, k.Value.Kind, kind)
		return nil
	}
	return &k.Value
}

func (e entry) has(key string) bool { return e.t.Get(key) != nil }

// line is that of a key, else the table's.
func (e entry) line(key string) int {
	if k := e.t.Get(key); k != nil {
		return k.Line
	}
	return e.t.Line
}

// text returns a string, and empty where there is none.
func (e entry) text(key string) string {
	v := e.get(key, tomlfile.String)
	if v == nil {
		return ""
	}
	if why := e.r.badText(v.Text); why != "" {
		e.r.add(v.Line, "%s %s", key, why)
		return ""
	}
	return v.Text
}

// badText says what is wrong with a string of a lock.
func (r *reader) badText(s string) string {
	switch {
	case len(s) > maxText:
		return "is longer than " + strconv.Itoa(maxText) + " bytes"
	case hasControls(s):
		return "holds a control character"
	}
	return ""
}

// need is text that must be there.
func (e entry) need(key, of string) string {
	if !e.has(key) {
		e.r.add(e.t.Line, "%s has no %s", of, key)
	}
	return e.text(key)
}

func (e entry) table(key string) (entry, bool) {
	v := e.get(key, tomlfile.Table)
	return entry{e.r, v}, v != nil
}

func (e entry) flag(key string) bool {
	v := e.get(key, tomlfile.Bool)
	return v != nil && v.Text == "true"
}

// tables are the tables of a list.
func (e entry) tables(key string) []entry {
	v := e.get(key, tomlfile.List)
	if v == nil {
		return nil
	}
	var out []entry
	for i := range v.Items {
		if v.Items[i].Kind != tomlfile.Table {
			e.r.add(v.Items[i].Line, "%s holds %s, not tables alone", key, v.Items[i].Kind)
			return nil
		}
		out = append(out, entry{e.r, &v.Items[i]})
	}
	return out
}

// texts are the strings of a list.
func (e entry) texts(key string) []string {
	v := e.get(key, tomlfile.List)
	if v == nil {
		return nil
	}
	var out []string
	for _, item := range v.Items {
		if item.Kind != tomlfile.String {
			e.r.add(item.Line, "%s holds %s, not strings alone", key, item.Kind)
			return nil
		}
		if why := e.r.badText(item.Text); why != "" {
			e.r.add(item.Line, "%s %s", key, why)
			return nil
		}
		out = append(out, item.Text)
	}
	return out
}

// whole returns a number without a fraction.
func (e entry) whole(key string) (int64, bool) {
	v := e.get(key, tomlfile.Integer)
	if v == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(v.Text, "_", ""), 0, 64)
	if err != nil {
		e.r.add(v.Line, "%s is a number beyond all bounds", key)
		return 0, false
	}
	return n, true
}

// size reads the size of a file.
func (e entry) size() int64 {
	n, ok := e.whole("size")
	if ok && (n <= 0 || n > maxSize) {
		e.r.add(e.line("size"), "no distribution file has a size of %d bytes", n)
		return 0
	}
	return n
}

// uploaded reads a file's upload-time, as a date or as text.
func (e entry) uploaded(f *File) {
	k := e.t.Get("upload-time")
	if k == nil {
		return
	}
	if k.Value.Kind == tomlfile.DateTime || k.Value.Kind == tomlfile.String {
		if t, ok := parseTime(k.Value.Text); ok {
			f.UploadTime = t
			return
		}
	}
	e.r.add(k.Line, "upload-time is no date with a time and its zone")
}

// begin reads what every package has: its name and its version.
func (e entry) begin() (Package, bool) {
	p := Package{At: e.r.at(e.t.Line), Spelled: e.need("name", "the package")}
	if p.Spelled == "" {
		if e.has("name") {
			e.r.add(e.line("name"), "the name is empty")
		}
		return p, false
	}
	var err error
	if p.Name, err = pypi.NormalizeName(p.Spelled); err != nil {
		e.r.add(e.line("name"), "%s is not a project's name", quoted(p.Spelled))
		return p, false
	}
	if e.has("version") {
		p.Version = e.r.versionText(e.line("version"), e.text("version"))
	}
	return p, true
}

// versionText is a version in normal form.
func (r *reader) versionText(line int, s string) string {
	v, err := pypi.ParseVersion(s)
	if err != nil {
		r.add(line, "%s is not a version", quoted(s))
		return ""
	}
	return v.String()
}

func (r *reader) extras(line int, names []string) []string {
	out, err := sortedExtras(names)
	if err != nil {
		r.add(line, "%v", err)
	}
	return out
}

// marker checks a marker and returns it.
func (r *reader) marker(line int, s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	if _, err := marker.Parse(s); err != nil {
		r.add(line, "%s: %v", quoted(s), err)
	}
	return s
}

// either joins markers of which one must hold.
func either(markers []string) string {
	if len(markers) < 2 {
		return strings.Join(markers, "")
	}
	return "(" + strings.Join(markers, ") or (") + ")"
}

// url reads a URL without its credentials.
func (e entry) url(key string) (clean, fragment string, secret bool) {
	clean, fragment, secret, err := cleanURL(e.text(key))
	if err != nil && e.has(key) {
		e.r.add(e.line(key), "%s: %v", key, err)
	}
	return clean, fragment, secret
}

// located reads url or path of a file and gives the file its name where it has none.
func (e entry) located(f *File) {
	if e.has("url") {
		var fragment string
		f.URL, fragment, _ = e.url("url")
		e.fragment(f, fragment)
	}
	if e.has("path") {
		if f.Path = e.text("path"); f.Path == "" {
			e.r.add(e.line("path"), "the path is empty")
		}
	}
	switch {
	case f.Name != "":
	case f.Path != "":
		f.Name = lastPart(f.Path, false)
	case f.URL != "":
		f.Name = lastPart(f.URL, true)
	}
	if !validFilename(f.Name) {
		e.r.add(e.t.Line, "the file has no name")
		f.Name = ""
	}
}

// fragment takes up a hash behind "#" in a file's URL.
func (e entry) fragment(f *File, fragment string) {
	if d, weak, ok, err := fragmentHash(fragment); err != nil {
		e.r.add(e.line("url"), "%v", err)
	} else if ok {
		if err := f.put(d, weak); err != nil {
			e.r.add(e.t.Line, "%v", err)
		}
	}
}

// hash reads "hash = 'algorithm:value'".
func (e entry) hash(f *File) {
	if !e.has("hash") {
		return
	}
	d, weak, err := splitHash(e.text("hash"))
	if err == nil {
		err = f.put(d, weak)
	}
	if err != nil {
		e.r.add(e.line("hash"), "%v", err)
	}
}

// addFile adds a file to a package.
func (p *Package) addFile(s *site, f File, table *tomlfile.Value) {
	if f.Name == "" {
		return
	}
	p.Files = append(p.Files, f)
	s.files = append(s.files, table)
}

// headerOf gives a package's place among the document's headers.
func (r *reader) headerOf(t *tomlfile.Value, path string) int {
	headers := r.file.toml.Headers
	i, ok := slices.BinarySearchFunc(headers, t.Line, func(h tomlfile.Header, line int) int { return h.Line - line })
	if ok && headers[i].Array && len(headers[i].Path) == 1 && headers[i].Path[0] == path && t.Start == 0 && t.End == 0 {
		return i + 1
	}
	return 0
}
