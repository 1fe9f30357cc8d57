package lockfile

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"assay"
	"assay/internal/tomlfile"
)

// body is a TOML file's bytes, with the changes counted from behind its mark.
type body struct {
	data []byte
	bom  int
}

func (b body) change(start, end int, text string) change {
	return change{b.bom + start, b.bom + end, []byte(text)}
}

// lineEnd is where the line of a place ends, in front of its line end.
func (b body) lineEnd(at int) int {
	i := bytes.IndexByte(b.data[at:], '\n')
	if i < 0 {
		return len(b.data)
	}
	if at += i; at > 0 && b.data[at-1] == '\r' {
		at--
	}
	return at
}

// eol is the line end of a place, or the one before it where the last line has none.
func (b body) eol(at int) string {
	end := b.lineEnd(at)
	switch {
	case bytes.HasPrefix(b.data[end:], []byte("\r\n")):
		return "\r\n"
	case end < len(b.data):
		return "\n"
	}
	if i := bytes.LastIndexByte(b.data, '\n'); i > 0 && b.data[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// indent is the white space in front of the line of a place.
func (b body) indent(at int) string {
	start := bytes.LastIndexByte(b.data[:at], '\n') + 1
	line := b.data[start:]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// isInline reports whether a table is written in braces.
func isInline(t *tomlfile.Value) bool { return t.Start > 0 }

// lastEnd is where the last of a table's own "key = value" ends, those of inner tables
// included, as far as they stand in front of limit; 0 where there is none.
func lastEnd(t *tomlfile.Value, limit int) int {
	end := 0
	for _, k := range t.Keys {
		if k.End > 0 {
			if k.End <= limit {
				end = max(end, k.End)
			}
			continue
		}
		end = max(end, lastEnd(&k.Value, limit))
	}
	for i := range t.Items {
		end = max(end, lastEnd(&t.Items[i], limit))
	}
	return end
}

// ownEnd is where the last "key = value" that stands in the table itself ends; 0 where
// there is none.
func ownEnd(t *tomlfile.Value) int {
	end := 0
	for _, k := range t.Keys {
		end = max(end, k.End)
	}
	return end
}

var errShape = "is written in a way that assay does not edit"

// fileDigests adds digests to the files of a package.
func (e *Edit) fileDigests(ref int, s site) ([]change, error) {
	var out []change
	for i, t := range s.files {
		d, ok := e.digests[fileRef{ref, i}]
		if !ok {
			continue
		}
		b := body{s.file.data[s.file.bom:], s.file.bom}
		name := e.lock.Packages[ref-1].Files[i].Name
		var c change
		if e.lock.Format == Pylock {
			c, ok = b.pylockDigest(t, d)
		} else {
			c, ok = b.plainDigest(t, d)
		}
		if !ok {
			at := e.lock.Packages[ref-1].Files[i].At
			return nil, &Error{Problems: []Problem{{File: at.File, Line: at.Line, Detail: fmt.Sprintf("the file %s %s", quoted(name), errShape)}}}
		}
		out = append(out, c)
	}
	return out, nil
}

// addKey adds "key = value" behind the entry that ends at a place.
func (b body) addKey(end int, text string) change {
	if b.inBraces(end) {
		return b.change(end, end, ", "+text)
	}
	at := b.lineEnd(end)
	return b.change(at, at, b.eol(end)+b.indent(end)+text)
}

// inBraces reports whether the entry that ends at a place stands in an inline table.
func (b body) inBraces(end int) bool {
	rest := bytes.TrimLeft(b.data[end:], " \t")
	return len(rest) > 0 && (rest[0] == ',' || rest[0] == '}')
}

// plainDigest adds "hash" behind the file's name or URL, or puts a strong one in the place of
// one that decides nothing.
func (b body) plainDigest(t *tomlfile.Value, d assay.Digest) (change, bool) {
	if k := t.Get("hash"); k != nil {
		return b.change(k.Value.Start, k.Value.End, fmt.Sprintf("%q", d.String())), k.Value.End > 0
	}
	prefix, ok := b.prefix(t)
	if !ok {
		return change{}, false
	}
	text := prefix + fmt.Sprintf("hash = %q", d.String())
	for _, key := range []string{"url", "path", "file", "filename"} {
		if k := t.Get(key); k != nil && k.End > 0 {
			return b.addKey(k.End, text), true
		}
	}
	return b.addKey(ownEnd(t), text), true
}

// dottedKey is how a key is written: what leads to it, with its dots, and the key itself.
var dottedKey = regexp.MustCompile(`^((?:(?:"[^"\\\n]*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*\.[ \t]*)*)("[^"\\\n]*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*=`)

// prefix is what stands in front of a table's own keys: nothing, or the dotted way to it
// where they are written so (sdist.path = …). It is false where a key cannot be put behind
// them: there are none, or they are not written alike.
func (b body) prefix(t *tomlfile.Value) (string, bool) {
	prefix, any := "", false
	for _, k := range t.Keys {
		if k.End == 0 {
			continue
		}
		m := dottedKey.FindSubmatch(b.data[k.Start:k.End])
		if m == nil || any && string(m[1]) != prefix {
			return "", false
		}
		prefix, any = string(m[1]), true
	}
	return prefix, any
}

// pylockDigest adds to "hashes", or adds the whole of it.
func (b body) pylockDigest(t *tomlfile.Value, d assay.Digest) (change, bool) {
	text := fmt.Sprintf("%s = %q", d.Algorithm, d.Hex)
	k := t.Get("hashes")
	if k == nil {
		open, shut := "{", "}"
		if isInline(t) && b.data[t.Start+1] == ' ' {
			open, shut = "{ ", " }"
		}
		prefix, ok := b.prefix(t)
		if !ok {
			return change{}, false
		}
		return b.addKey(ownEnd(t), prefix+"hashes = "+open+text+shut), true
	}
	h := &k.Value
	if isInline(h) && ownEnd(h) == 0 {
		return b.change(h.Start+1, h.Start+1, text), true
	}
	prefix, ok := b.prefix(h)
	if !ok {
		return change{}, false
	}
	return b.addKey(ownEnd(h), prefix+text), true
}

const identitiesKey = "attestation-identities"

// identities replaces a package's attestation identities.
func (e *Edit) identities(s site, ids []Identity) ([]change, error) {
	b := body{s.file.data[s.file.bom:], s.file.bom}
	k := s.table.Get(identitiesKey)
	switch {
	case k != nil && k.End > 0:
		return []change{b.change(k.Start, k.End, inlineIdentities(ids))}, nil
	case k != nil:
		return b.replaceTables(s, k, ids)
	case len(ids) == 0:
		return nil, nil
	case s.header == 0:
		end := ownEnd(s.table)
		if !isInline(s.table) || end == 0 {
			return nil, problem("the entry %s", errShape)
		}
		return []change{b.addKey(end, inlineIdentities(ids))}, nil
	}
	headers := s.file.toml.Headers
	limit := len(b.data)
	at := headers[s.header-1].Start
	last := b.lineEnd(at)
	for _, h := range headers[s.header:] {
		if h.Path[0] != "packages" || len(h.Path) < 2 || h.Path[1] == "tool" {
			limit = h.Start
			break
		}
		last = b.lineEnd(h.Start)
	}
	last = b.lineEnd(max(last, lastEnd(s.table, limit)))
	eol, indent := b.eol(last), b.indent(at)
	var text strings.Builder
	for _, id := range ids {
		text.WriteString(eol + eol + identityTable(id, eol, indent))
	}
	return []change{b.change(last, last, text.String())}, nil
}

// replaceTables replaces the [[packages.attestation-identities]] of a package.
func (b body) replaceTables(s site, k *tomlfile.Entry, ids []Identity) ([]change, error) {
	headers := s.file.toml.Headers
	var own []int
	for i := s.header; s.header > 0 && i < len(headers) && headers[i].Path[0] == "packages" && len(headers[i].Path) > 1; i++ {
		if headers[i].Path[1] == identitiesKey {
			own = append(own, i)
		}
	}
	if len(own) == 0 || len(own) != len(k.Value.Items) || own[len(own)-1]-own[0] != len(own)-1 {
		return nil, problem("%s %s", identitiesKey, errShape)
	}
	start := headers[own[0]].Start
	end := 0
	for i := range k.Value.Items {
		end = max(end, ownEnd(&k.Value.Items[i]))
	}
	if end == 0 {
		return nil, problem("%s %s", identitiesKey, errShape)
	}
	eol, indent := b.eol(start), b.indent(start)
	spaced := bytes.HasSuffix(b.data[:start], []byte(eol+eol))
	end = b.lineEnd(end)
	if len(ids) == 0 {
		if spaced {
			start -= len(eol)
		}
		if end < len(b.data) {
			end += len(b.eol(end))
		}
		return []change{b.change(start, end, "")}, nil
	}
	var tables []string
	for _, id := range ids {
		tables = append(tables, identityTable(id, eol, indent))
	}
	joint := eol
	if spaced {
		joint += eol
	}
	return []change{b.change(start, end, strings.Join(tables, joint))}, nil
}

// identityTable renders an identity with a header of its own, its keys in order.
func identityTable(id Identity, eol, indent string) string {
	out := indent + "[[packages." + identitiesKey + "]]"
	for _, line := range identityKeys(id) {
		out += eol + indent + line
	}
	return out
}

func identityKeys(id Identity) []string {
	fields := maps.Clone(id.Fields)
	if fields == nil {
		fields = map[string]string{}
	}
	fields["kind"] = id.Kind
	var out []string
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		out = append(out, tomlKey(k)+" = "+tomlString(fields[k]))
	}
	return out
}

// inlineIdentities renders identities in brackets.
func inlineIdentities(ids []Identity) string {
	var tables []string
	for _, id := range ids {
		tables = append(tables, "{ "+strings.Join(identityKeys(id), ", ")+" }")
	}
	return identitiesKey + " = [" + strings.Join(tables, ", ") + "]"
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func tomlKey(k string) string {
	if bareKey.MatchString(k) {
		return k
	}
	return tomlString(k)
}

// tomlString renders a string without control characters.
func tomlString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
