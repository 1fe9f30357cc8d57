package pypi

import (
	"slices"
	"strings"
)

// readEntry reads one file of a document.
func (r *documentReader) readEntry() (f File, s spot, ok bool) {
	if !r.enter('{') {
		return f, s, false
	}
	s.start = r.i
	var ref string
	var seen names
	for first := true; ; first = false {
		key, ok := r.key(first)
		if !ok {
			break
		}
		if !seen.add(key) {
			return f, s, r.fail("the name %.100q is given twice", key)
		}
		switch key {
		case "filename":
			f.Filename, ok = r.text()
		case "url":
			ref, ok = r.text()
		case "digests":
			f.Digests, ok = r.readHashes()
		case "yanked", "yanked_reason":
			ok = r.readYank(key, &s, &f)
		default:
			ok = r.readOptional(key, &f)
		}
		if !ok {
			return f, s, false
		}
	}
	if r.err != nil {
		return f, s, false
	}
	for _, key := range []string{"filename", "url", "digests"} {
		if !seen.has(key) {
			return f, s, r.fail("a file has no %s", key)
		}
	}
	return f, s, r.finish(&f, &fileValues{url: ref})
}

// readOptional reads a value that may be missing or null.
func (r *documentReader) readOptional(key string, f *File) (ok bool) {
	if r.word("null") {
		return true
	}
	switch key {
	case "size":
		f.Size, ok = r.integer()
	case "requires_python":
		f.RequiresPython, ok = r.text()
	case "upload_time_iso_8601":
		var s string
		if s, ok = r.text(); ok {
			if f.UploadTime, ok = parseTime(s); !ok {
				return r.fail("the upload time %.40q is not one", s)
			}
		}
	default:
		ok = r.skip()
	}
	return ok
}

// readYank reads the keys yanked and yanked_reason, and notes where they lie. A
// value that is true for some readers and false for others is refused.
func (r *documentReader) readYank(key string, s *spot, f *File) (ok bool) {
	start := r.i
	if key == "yanked" {
		switch {
		case r.word("true"):
			f.Yanked = true
		case !r.word("false") && !r.word("null"):
			return r.fail("yanked is neither true nor false")
		}
		s.yanked = mark{start, r.i, true}
		return true
	}
	if !r.word("null") {
		if f.YankReason, ok = r.text(); !ok {
			return false
		}
	}
	s.reason = mark{start, r.i, true}
	return true
}

// edit is a replacement of a piece of a document.
type edit struct {
	mark
	text string
}

// withYanked is WithYanked for a document. What it says of its release as a whole
// is marked too where all files of the release are, for that is what Poetry shows.
func (m *apiMarks) withYanked(body string, reasons map[int]string) []byte {
	var edits []edit
	for i, reason := range reasons {
		for _, s := range m.files[i] {
			edits = s.yank(edits, reason)
		}
	}
	all := len(m.urls) > 0
	for _, i := range m.urls {
		_, ok := reasons[i]
		all = all && ok
	}
	if all {
		edits = m.info.yank(edits, reasons[m.urls[0]])
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return a.start - b.start })
	var out strings.Builder
	done := 0
	for _, e := range edits {
		out.WriteString(body[done:e.start])
		out.WriteString(e.text)
		done = e.end
	}
	out.WriteString(body[done:])
	return []byte(out.String())
}

// yank appends the edits that mark one object. Keys that are missing come at its
// front: it is never empty.
func (s *spot) yank(edits []edit, reason string) []edit {
	text := string(appendText(nil, cleanReason(reason)))
	if s.yanked.found {
		edits = append(edits, edit{s.yanked, "true"})
	} else {
		edits = append(edits, edit{mark{start: s.start, end: s.start}, `"yanked":true,`})
	}
	if s.reason.found {
		return append(edits, edit{s.reason, text})
	}
	return append(edits, edit{mark{start: s.start, end: s.start}, `"yanked_reason":` + text + ","})
}
