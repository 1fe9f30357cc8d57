package pypi

import (
	"bytes"
	"fmt"
	"mime"
	"net/url"
	"slices"
	"strings"
	"unsafe"

	"assay"
)

// DocumentPlace is what the address of a document says. Documents are what PyPI's
// JSON API has beside the Simple API:
//
//	GET https://index.example.invalid/pypi/NAME/json
//	{"info": {"name": "demo", "version": "2.0", "requires_dist": […], "yanked": false, "yanked_reason": null, …},
//	 "releases": {"1.0": [FILE, …], "2.0": [FILE, …]}, "urls": [FILE, …], …}
//	GET https://index.example.invalid/pypi/NAME/VERSION/json
//	{"info": {…}, "urls": [FILE, …], …}
//
// A FILE has filename, url, digests, size, upload_time_iso_8601, packagetype,
// requires_python, yanked and yanked_reason. Poetry (1.1 to 2.5, and only where
// the index is PyPI) takes a release's dependencies and its files from the second
// kind; 1.1 finds a project's releases in the first. PDM (2.29) reads dependencies
// there where its pypi.json_api is set.
//
// The format is PyPI's own (its documentation's page "JSON API").
type DocumentPlace struct {
	Project string   // normalised
	Version string   // as it is spelled; empty for the document of the whole project
	Page    *url.URL // the page of the Simple API that belongs to the same index
}

// DocumentAt takes the address of a document of the JSON API apart; false where
// the URL is none. A prefix is the index's: mirrors serve .../pypi/NAME/json
// beside .../simple/NAME/.
func DocumentAt(u *url.URL) (DocumentPlace, bool) {
	parts := strings.Split(strings.TrimSuffix(u.EscapedPath(), "/"), "/")
	n := len(parts)
	if n < 4 || parts[n-1] != "json" {
		return DocumentPlace{}, false
	}
	for i := max(0, n-4); i < n; i++ {
		part, err := url.PathUnescape(parts[i])
		if err != nil {
			return DocumentPlace{}, false
		}
		parts[i] = part
	}
	var at DocumentPlace
	name, prefix := "", parts[:0]
	switch {
	case n > 4 && parts[n-4] == "pypi" && (parts[n-3] != "pypi" || isVersion(parts[n-2])):
		name, at.Version, prefix = parts[n-3], parts[n-2], parts[:n-4]
	case parts[n-3] == "pypi":
		name, prefix = parts[n-2], parts[:n-3]
	}
	var err error
	if at.Project, err = NormalizeName(name); err != nil {
		return DocumentPlace{}, false
	}
	raw := strings.Join(prefix, "/") + "/simple/" + at.Project + "/"
	path, err := url.PathUnescape(raw)
	if err != nil {
		return DocumentPlace{}, false
	}
	at.Page = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path, RawPath: raw}
	return at, true
}

func isVersion(s string) bool {
	_, err := ParseVersion(s)
	return err == nil
}

// ParseDocument reads a document that came from base, which must be the address
// of one, with the given Content-Type, as a page: each file once, whichever lists
// name it, unless they contradict each other. It returns an [ErrNotAPage] where the
// content is something else and no reader of JSON can take it for a document, and
// a [*PageError] where it cannot be read without doubt. The page keeps body,
// as that of ParsePage does.
//
// The type of the content decides nothing, for Poetry does not look at it; its
// character set does.
func ParseDocument(contentType string, body []byte, base *url.URL) (*Page, error) {
	at, ok := DocumentAt(base)
	if !ok {
		return nil, fmt.Errorf("its address is none of a document: %w", ErrNotAPage)
	}
	if len(body) > maxPageSize {
		return nil, malformed("it is larger than %d bytes", maxPageSize)
	}
	if err := checkCharset(contentType); err != nil {
		return nil, err
	}
	start := bytes.TrimLeft(body, " \t\r\n")
	if len(start) == 0 || (start[0] == '<' || start[0] == '[') && bytes.IndexByte(start, 0) < 0 {
		return nil, fmt.Errorf("it is no JSON object: %w", ErrNotAPage)
	}
	text := unsafe.String(&body[0], len(body))
	page := &Page{Format: API, APIVersion: "1.0", body: text, api: &apiMarks{}}
	r := documentReader{jsonReader: jsonReader{scanner: scanner{s: text, longest: maxDescription}, links: links{base: base}, page: page},
		names: map[string]int{}}
	if !r.readDocument() || !r.check(at) {
		return nil, r.err
	}
	return page, nil
}

// Release returns the release that a document is about, or of several the newest,
// and which of the page's files are listed as its own. A page of the Simple API
// is about none.
func (p *Page) Release() (version string, files []int) {
	if p.api == nil {
		return "", nil
	}
	return p.api.version, p.api.urls
}

// checkCharset refuses what a reader could decode to other text than we do.
// ISO 8859-1, which text without a character set has for some, keeps all that
// is structure as it is.
func checkCharset(contentType string) error {
	_, params, err := mime.ParseMediaType(contentType)
	charset := strings.ToLower(params["charset"])
	if contentType != "" && err != nil && strings.Contains(strings.ToLower(contentType), "charset") {
		return malformed("its content type %.100q cannot be read", contentType)
	}
	if !slices.Contains([]string{"", "utf-8", "utf8", "us-ascii", "iso-8859-1", "latin-1"}, charset) {
		return malformed("its character set is %.40q", charset)
	}
	return nil
}

// documentReader reads one document.
type documentReader struct {
	jsonReader
	names map[string]int // the files by their names, the first of each
	inURL map[int]bool   // the files that urls lists
	info  map[string]string

	seenReleases bool
}

// spot is one object that says whether something is yanked.
type spot struct {
	start          int // behind its opening bracket
	yanked, reason mark
}

// apiMarks are where a document says what is yanked.
type apiMarks struct {
	files   [][]spot // of each file
	info    spot
	version string // that info is about
	urls    []int  // the files of it
}

func (r *documentReader) readDocument() bool {
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
		switch {
		case key == "info":
			ok = r.readInfo()
		case key == "urls" && !r.word("null"):
			r.inURL = map[int]bool{}
			ok = r.readList(true)
		case key == "releases" && !r.word("null"):
			r.seenReleases = true
			ok = r.readReleases()
		case key != "urls" && key != "releases":
			ok = r.skip()
		}
		if !ok {
			return false
		}
	}
	return r.err == nil && r.atEnd()
}

// atEnd reports whether only white space follows.
func (r *documentReader) atEnd() bool {
	if strings.Trim(r.s[r.i:], " \t\r\n") != "" {
		return r.fail("something follows the document")
	}
	return true
}

// check judges the document as a whole.
func (r *documentReader) check(at DocumentPlace) bool {
	if r.inURL == nil && !r.seenReleases {
		r.err = fmt.Errorf("it lists no files: %w", ErrNotAPage)
		return false
	}
	if r.info == nil {
		return r.refuse("it has no info key")
	}
	name, err := NormalizeName(r.info["name"])
	switch {
	case err != nil:
		return r.refuse("the project's name %.100q is not valid", r.info["name"])
	case name != at.Project:
		return r.refuse("it says that it is about %s", name)
	case at.Version != "" && !sameVersion(at.Version, r.info["version"]):
		return r.refuse("it says that it is about version %.100q", r.info["version"])
	}
	r.page.Name, r.page.api.version = name, r.info["version"]
	for i := range r.page.Files {
		if r.inURL[i] {
			r.page.api.urls = append(r.page.api.urls, i)
		}
	}
	return true
}

// sameVersion compares two spellings of a version.
func sameVersion(a, b string) bool {
	v, err := ParseVersion(a)
	w, errOther := ParseVersion(b)
	if err != nil || errOther != nil {
		return a == b
	}
	return v.Canonical() == w.Canonical()
}

// readInfo reads what a document says of its release, of which most is not
// looked at. A list of files there is none of PyPI's, and Poetry would read it.
func (r *documentReader) readInfo() bool {
	if !r.enter('{') {
		return false
	}
	r.info = map[string]string{}
	info := &r.page.api.info
	info.start = r.i
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
		case "name", "version":
			r.info[key], ok = r.text()
		case "yanked", "yanked_reason":
			ok = r.readYank(key, info, &File{})
		case "files":
			if ok = r.word("null"); !ok {
				return r.fail("info lists files")
			}
		default:
			ok = r.skip()
		}
		if !ok {
			return false
		}
	}
	for _, key := range []string{"name", "version"} {
		if r.err == nil && r.info[key] == "" {
			return r.refuse("info has no %s", key)
		}
	}
	return r.err == nil
}

// readReleases reads {"1.0": [FILE, …]}.
func (r *documentReader) readReleases() bool {
	if !r.enter('{') {
		return false
	}
	var seen names
	for first := true; ; first = false {
		version, ok := r.key(first)
		if !ok {
			return r.err == nil
		}
		if !seen.add(version) {
			return r.fail("the release %.100q is given twice", version)
		}
		if !r.readList(false) {
			return false
		}
	}
}

// readList reads an array of files, of urls or of one release.
func (r *documentReader) readList(urls bool) bool {
	if !r.enter('[') {
		return false
	}
	for first := true; r.more(first, ']'); first = false {
		if len(r.page.Files) == maxFiles {
			return r.refuse("it lists more than %d files", maxFiles)
		}
		f, s, ok := r.readEntry()
		if !ok {
			return false
		}
		r.add(f, s, urls)
	}
	return r.err == nil
}

// add keeps a file. The document of a project lists the files of the newest
// release twice, in urls and in releases: they are one where they agree.
func (r *documentReader) add(f File, s spot, urls bool) {
	i, known := r.names[f.Filename]
	if known && r.inURL[i] != urls && len(r.page.api.files[i]) == 1 && sameFile(r.page.Files[i], f) {
		r.page.api.files[i] = append(r.page.api.files[i], s)
		r.page.Files[i].Yanked = r.page.Files[i].Yanked || f.Yanked
	} else {
		i = len(r.page.Files)
		r.page.Files = append(r.page.Files, f)
		r.page.api.files = append(r.page.api.files, []spot{s})
		if !known {
			r.names[f.Filename] = i
		}
	}
	if urls {
		r.inURL[i] = true
	}
}

// sameFile reports whether two entries promise the same.
func sameFile(a, b File) bool {
	if a.URL != b.URL || a.Size != b.Size || len(a.Digests) != len(b.Digests) {
		return false
	}
	return !slices.ContainsFunc(a.Digests, func(d assay.Digest) bool { return !slices.Contains(b.Digests, d) })
}
