package lockfile

import (
	"slices"
	"strings"

	"assay"
)

// requirementHashes adds hashes, sorted, to a line of a requirements file.
func (e *Edit) requirementHashes(s site, p Package, digests []assay.Digest) ([]change, error) {
	l, t := s.line, s.file.text
	if p.Source.Kind != Registry && p.Source.Kind != URL && p.Source.Kind != LocalFile {
		return nil, problem("a hash has no meaning for %s: it is no single file", quoted(p.Spelled))
	}
	broken := len(l.hashes) != len(p.Hashes)
	for i := 0; i < len(l.hashes) && !broken; i++ { // one may be quoted in part
		broken = !strings.HasSuffix(strings.ToLower(t.s[l.hashes[i].start:l.hashes[i].end]), p.Hashes[i].text())
	}
	if broken {
		return nil, problem("the hashes of %s are written so that none can be added", quoted(p.Spelled))
	}
	var list []change
	if len(l.hashes) == 0 {
		separator := e.separator(s)
		var b strings.Builder
		for _, d := range digests {
			b.WriteString(separator + "--hash=" + d.String())
		}
		return []change{t.insert(l.end, b.String())}, nil
	}
	sorted := slices.IsSortedFunc(p.Hashes, func(a, b Hash) int { return strings.Compare(a.text(), b.text()) })
	at := map[int]*strings.Builder{}
	for _, d := range digests {
		i := len(l.hashes)
		if sorted {
			i = slices.IndexFunc(p.Hashes, func(h Hash) bool { return h.text() > d.String() })
			if i < 0 {
				i = len(l.hashes)
			}
		}
		b := at[i]
		if b == nil {
			b = &strings.Builder{}
			at[i] = b
		}
		option := "--hash=" + d.String()
		if i < len(l.hashes) {
			b.WriteString(option + t.before(l.hashes[i].start))
		} else {
			b.WriteString(t.before(l.hashes[i-1].start) + option)
		}
	}
	for i, b := range at {
		place := l.hashes[len(l.hashes)-1].end
		if i < len(l.hashes) {
			place = l.hashes[i].start
		}
		list = append(list, t.insert(place, b.String()))
	}
	return list, nil
}

func (t *text) insert(at int, s string) change {
	offset := t.offset(at)
	return change{offset, offset, t.encode(s)}
}

// before is what separates a hash from what stands in front of it: white space, perhaps
// with a backslash and a line end.
func (t *text) before(at int) string {
	return t.s[len(strings.TrimRight(t.s[:at], " \t\\\r\n")):at]
}

// separator is how the file separates a requirement from its first hash; where no entry
// has one, as pip-compile does.
func (e *Edit) separator(s site) string {
	eol := s.line.eol
	if eol == "" {
		eol = "\n"
		if i := strings.IndexByte(s.file.text.s, '\n'); i > 0 && s.file.text.s[i-1] == '\r' {
			eol = "\r\n"
		}
	}
	style, known := e.styles[s.file]
	if !known {
		style = " \\\n    "
		for _, other := range e.lock.sites {
			if other.file == s.file && other.line != nil && len(other.line.hashes) > 0 {
				style = strings.ReplaceAll(s.file.text.before(other.line.hashes[0].start), "\r\n", "\n")
				break
			}
		}
		e.styles[s.file] = style
	}
	return strings.ReplaceAll(style, "\n", eol)
}

// pipfileHashes adds hashes, sorted, to an entry of a Pipfile.lock.
func pipfileHashes(s site, p Package, digests []assay.Digest) ([]change, error) {
	if p.Source.Kind != Registry && p.Source.Kind != URL && p.Source.Kind != LocalFile {
		return nil, problem("a hash has no meaning for %s: it is no single file", quoted(p.Spelled))
	}
	bom := s.file.bom
	data := string(s.file.data[bom:])
	put := func(start, end int, text string) change { return change{bom + start, bom + end, []byte(text)} }
	var words []string
	for _, d := range digests {
		words = append(words, `"`+d.String()+`"`)
	}
	o := s.object
	list := o.get("hashes")
	if list != nil && len(list.items) > 0 {
		return insertItems(data, list, words, put), nil
	}
	if len(o.members) == 0 {
		return nil, problem("the entry of %s is empty", quoted(p.Spelled))
	}
	first := o.members[0]
	margin := data[o.start+1 : first.start] // what stands in front of a key
	inner, outer := margin, margin
	joint := "," + margin
	switch {
	case !strings.Contains(margin, "\n"):
		inner, outer, joint = "", "", ", "
	case strings.HasSuffix(margin, "\t"):
		inner, joint = margin+"\t", joint+"\t"
	default:
		inner, joint = margin+"    ", joint+"    "
	}
	text := "[" + inner + strings.Join(words, joint) + outer + "]"
	if list != nil {
		return []change{put(list.start, list.end, text)}, nil
	}
	member := `"hashes": ` + text
	for _, m := range o.members {
		if m.key > "hashes" {
			if margin == "" {
				margin = " "
			}
			return []change{put(m.start, m.start, member+","+margin)}, nil
		}
	}
	end := o.members[len(o.members)-1].value.end
	return []change{put(end, end, ","+margin+member)}, nil
}

// insertItems adds strings to a list that has some, in order.
func insertItems(data string, list *jsonValue, words []string, put func(start, end int, text string) change) []change {
	items := list.items
	joint := "," + data[list.start+1:items[0].start]
	if len(items) > 1 {
		joint = data[items[0].end:items[1].start]
	}
	sorted := slices.IsSortedFunc(items, func(a, b *jsonValue) int { return strings.Compare(a.text, b.text) })
	at := map[int]string{}
	for _, w := range words {
		i := len(items)
		if sorted {
			i = slices.IndexFunc(items, func(v *jsonValue) bool { return v.text > strings.Trim(w, `"`) })
			if i < 0 {
				i = len(items)
			}
		}
		if i < len(items) {
			at[i] += w + joint
		} else {
			at[i] += joint + w
		}
	}
	var out []change
	for i, text := range at {
		place := items[len(items)-1].end
		if i < len(items) {
			place = items[i].start
		}
		out = append(out, put(place, place, text))
	}
	return out
}
