package pypi

import (
	"fmt"
	"net/url"
	"slices"

	"assay"
)

// parseJSON reads a page as PEP 691 has it, with the keys of PEP 700, 714, 740
// and 792. Keys that nobody has defined are skipped, but must be valid JSON.
func parseJSON(body string, base *url.URL) (*Page, error) {
	r := jsonReader{scanner: scanner{s: body}, links: links{base: base}, page: &Page{Format: JSON, body: body}}
	if !r.readPage() {
		return nil, r.err
	}
	return r.page, nil
}

// jsonReader reads one page.
type jsonReader struct {
	scanner
	links links
	page  *Page
	slab  []assay.Digest // room that the files' digests are cut from
	extra names          // the unknown names of the object that is being read
}

func (r *jsonReader) readPage() bool {
	if !r.enter('{') {
		return false
	}
	var seen names
	for first := true; ; first = false {
		key, ok := r.key(first)
		if !ok {
			break
		}
		if !seen.add(key) {
			return r.fail("the name %.100q is given twice", key)
		}
		switch key {
		case "meta":
			ok = r.readMeta()
		case "name":
			ok = r.readName()
		case "project-status":
			ok = r.readStatus()
		case "files":
			ok = r.readFiles()
		default:
			ok = r.skip()
		}
		if !ok {
			return false
		}
	}
	if r.err != nil {
		return false
	}
	for r.i < len(r.s) {
		switch r.s[r.i] {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return r.fail("something follows the page")
		}
	}
	return r.checkKeys(&seen)
}

// checkKeys refuses a page that lacks what it must have.
func (r *jsonReader) checkKeys(seen *names) bool {
	switch {
	case !seen.has("meta"):
		return r.refuse("it has no meta key")
	case !seen.has("files") && seen.has("projects"):
		r.err = fmt.Errorf("a list of projects: %w", ErrNotAPage)
		return false
	case !seen.has("files"):
		return r.refuse("it has no files key")
	}
	return true
}

// readMeta reads {"api-version": "1.4"}.
func (r *jsonReader) readMeta() bool {
	if !r.enter('{') {
		return false
	}
	var seen names
	for first := true; ; first = false {
		key, ok := r.key(first)
		if !ok {
			break
		}
		if !seen.add(key) {
			return r.fail("the name %.100q is given twice", key)
		}
		if key != "api-version" {
			if !r.skip() {
				return false
			}
			continue
		}
		if r.page.APIVersion, ok = r.text(); !ok {
			return false
		}
		if err := checkAPIVersion(r.page.APIVersion); err != nil {
			r.err = err
			return false
		}
	}
	if r.err == nil && r.page.APIVersion == "" {
		return r.refuse("meta has no api-version")
	}
	return r.err == nil
}

// checkAPIVersion refuses everything but 1.N: a major version may change what
// the keys mean (PEP 629).
func checkAPIVersion(s string) error {
	if len(s) > 2 && len(s) < 10 && s[:2] == "1." {
		i := 2
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if i == len(s) {
			return nil
		}
	}
	return malformed("its API version %.40q is not 1.N", s)
}

func (r *jsonReader) readName() bool {
	name, ok := r.text()
	if !ok {
		return false
	}
	normal, err := NormalizeName(name)
	if err != nil {
		return r.fail("the project's name %.100q is not valid", name)
	}
	r.page.Name = normal
	return true
}

// readStatus reads {"status": "archived", "reason": "…"} (PEP 792). A null stands for an
// absent key, as it does elsewhere.
func (r *jsonReader) readStatus() bool {
	if r.word("null") {
		return true
	}
	if !r.enter('{') {
		return false
	}
	var seen names
	var status, reason string
	for first := true; ; first = false {
		key, ok := r.key(first)
		if !ok {
			r.page.Standing = standing(status, reason)
			return r.err == nil
		}
		if !seen.add(key) {
			return r.fail("the name %.100q is given twice", key)
		}
		switch {
		case key == "status" && !r.word("null"):
			status, ok = r.text()
		case key == "reason" && !r.word("null"):
			reason, ok = r.text()
		case key != "status" && key != "reason":
			ok = r.skip()
		}
		if !ok {
			return false
		}
	}
}

func (r *jsonReader) readFiles() bool {
	if !r.enter('[') {
		return false
	}
	for first := true; r.more(first, ']'); first = false {
		if len(r.page.Files) == maxFiles {
			return r.refuse("it lists more than %d files", maxFiles)
		}
		start := r.i
		r.page.Files = append(r.page.Files, File{})
		m, ok := r.readFile(&r.page.Files[len(r.page.Files)-1])
		if !ok {
			return false
		}
		if first {
			// The other files are likely about as long as the first.
			n := min((len(r.s)-start)/(r.i-start+1)+16, maxFiles)
			r.page.Files = slices.Grow(r.page.Files, n)
			r.page.marks = slices.Grow(r.page.marks, n)
		}
		r.page.marks = append(r.page.marks, m)
	}
	return r.err == nil
}
