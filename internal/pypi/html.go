package pypi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"assay"
)

// parseHTML reads a page as PEP 503 has it: every link whose URL names a
// distribution file is a file. HTML is lenient, and parsers disagree in its
// corners: a link that lies where only some of them see it is refused.
func parseHTML(body string, base *url.URL) (*Page, error) {
	r := htmlReader{
		body: body, links: links{base: base},
		page: &Page{Format: HTML, APIVersion: "1.0", body: body},
		z:    html.NewTokenizer(strings.NewReader(body)),
	}
	r.z.SetMaxBuf(maxHTMLToken)
	if err := r.read(); err != nil {
		return nil, err
	}
	return r.page, nil
}

// htmlReader reads one page.
type htmlReader struct {
	body  string
	z     *html.Tokenizer
	links links
	page  *Page

	at      int // where the current token begins in the body
	hasBase bool
	version bool
	status  statusTags
	anchors int

	text    strings.Builder // of the link that is open
	inFile  bool            // a link is open and is the last file
	hidden  bool            // a link is open and is no file
	current []attribute     // of the tag
}

// attribute is one attribute of a tag and where it stands in the body.
type attribute struct {
	name, value string
	start, end  int
	odd         bool // it holds what only some parsers take as part of it
}

func (r *htmlReader) read() error {
	for {
		kind := r.z.Next()
		raw := r.z.Raw()
		if kind == html.ErrorToken {
			return r.end(raw)
		}
		if len(raw) > len(r.body)-r.at || r.body[r.at:r.at+len(raw)] != string(raw) {
			return malformed("its markup cannot be followed at byte %d", r.at)
		}
		var err error
		if bytes.IndexByte(raw, 0) >= 0 {
			return malformed("it holds a null character at byte %d", r.at)
		}
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			err = r.startTag(len(raw))
		case html.EndTagToken:
			if holdsLink(r.body[r.at+1 : r.at+len(raw)]) {
				err = malformed("a tag holds a link at byte %d", r.at)
			} else if name, _ := r.z.TagName(); string(name) == "a" {
				err = r.closeLink()
			}
		case html.TextToken:
			err = r.textRun(raw)
		case html.CommentToken:
			if !isPlainComment(raw) && holdsLink(string(raw)) {
				err = malformed("a comment that not all parsers end alike holds a link at byte %d", r.at)
			}
		case html.DoctypeToken:
			if holdsLink(string(raw)) {
				err = malformed("a declaration holds a link at byte %d", r.at)
			}
		}
		if err != nil {
			return err
		}
		r.at += len(raw)
	}
}

// end judges how the page ended.
func (r *htmlReader) end(rest []byte) error {
	if err := r.z.Err(); err != io.EOF {
		return malformed("a tag, comment or text is longer than %d bytes", maxHTMLToken)
	}
	if r.at != len(r.body) || len(rest) > 0 {
		return malformed("it ends inside a tag")
	}
	r.page.Standing = r.status.standing()
	return r.closeLink()
}

// startTag reads a tag whose raw text is n bytes long.
func (r *htmlReader) startTag(n int) error {
	if holdsLink(r.body[r.at+1 : r.at+n]) {
		return malformed("a tag holds a link at byte %d", r.at)
	}
	name, more := r.z.TagName()
	tag := atom.Lookup(name)
	switch tag {
	case atom.A, atom.Base, atom.Meta:
	default:
		return nil
	}
	if err := r.attributes(len(name), n, more); err != nil {
		return err
	}
	switch tag {
	case atom.A:
		if err := r.closeLink(); err != nil {
			return err
		}
		return r.openLink()
	case atom.Base:
		return r.baseTag()
	}
	return r.metaTag()
}

// attributes reads the attributes of the tag, with the values from the library
// and the places from the raw text, which must tell the same names. The library
// takes the first of two attributes of one name, other parsers the last.
func (r *htmlReader) attributes(nameLen, n int, more bool) error {
	r.current = scanAttributes(r.current[:0], r.body[r.at:r.at+n], 1+nameLen)
	if len(r.current) > maxAttributes {
		return malformed("a tag has more than %d attributes", maxAttributes)
	}
	for i := range r.current {
		a := &r.current[i]
		a.start, a.end = r.at+a.start, r.at+a.end
		if a.odd {
			return malformed("an attribute that not all parsers read alike stands at byte %d", a.start)
		}
		for _, other := range r.current[:i] {
			if sameAttribute(a.name, other.name) {
				return malformed("the attribute %.100q is given twice at byte %d", a.name, r.at)
			}
		}
	}
	read := 0
	for more {
		var key, value []byte
		key, value, more = r.z.TagAttr()
		if len(key) == 0 && !more {
			break
		}
		if read == len(r.current) || !sameAttribute(r.current[read].name, string(key)) {
			return malformed("the attributes of a tag cannot be told apart at byte %d", r.at)
		}
		if len(value) > maxString {
			return malformed("an attribute is longer than %d bytes", maxString)
		}
		a := &r.current[read]
		if a.name != string(key) {
			a.name = string(key) // it was not in lower case
		}
		if a.value != string(value) {
			a.value = string(value) // it holds entities
		}
		read++
	}
	if read != len(r.current) {
		return malformed("the attributes of a tag cannot be told apart at byte %d", r.at)
	}
	return nil
}

// sameAttribute reports whether two attribute names are equal but for the case
// of ASCII letters.
func sameAttribute(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if isUpper(x) {
			x += 'a' - 'A'
		}
		if isUpper(y) {
			y += 'a' - 'A'
		}
		if x != y {
			return false
		}
	}
	return true
}

func (r *htmlReader) attribute(name string) (attribute, bool) {
	for _, a := range r.current {
		if a.name == name {
			return a, true
		}
	}
	return attribute{}, false
}

// baseTag reads <base href>. Parsers disagree about a second one, and about one
// behind the links.
func (r *htmlReader) baseTag() error {
	href, ok := r.attribute("href")
	if !ok {
		return nil
	}
	if r.hasBase || r.anchors > 0 {
		return malformed("a base element stands behind a link or another base at byte %d", r.at)
	}
	r.hasBase = true
	ref, _, _ := strings.Cut(trimSpace(href.value), "#")
	u, err := r.links.absolute(ref)
	if err != nil {
		return malformed("the URL of the base element %v", err)
	}
	r.links.base = u
	return nil
}

// metaTag reads the API version (PEP 629) and the project's status (PEP 792).
func (r *htmlReader) metaTag() error {
	name, _ := r.attribute("name")
	content, _ := r.attribute("content")
	switch name.value {
	case "pypi:repository-version":
		if r.version {
			return malformed("it states its API version twice")
		}
		r.version = true
		r.page.APIVersion = content.value
		return checkAPIVersion(content.value)
	case "pypi:project-status":
		return r.status.set(&r.status.status, content.value)
	case "pypi:project-status-reason":
		return r.status.set(&r.status.reason, content.value)
	}
	return nil
}

// openLink reads <a href>.
func (r *htmlReader) openLink() error {
	r.anchors++
	r.text.Reset()
	r.inFile, r.hidden = false, true
	href, ok := r.attribute("href")
	if !ok {
		return nil
	}
	link, err := r.links.resolve(trimSpace(href.value))
	if err != nil {
		if looksLikeFile(href.value) || errors.Is(err, errURLEgg) {
			return malformed("the URL of a link at byte %d %v", r.at, err)
		}
		return nil // no installer follows it
	}
	name, err := link.filename()
	if err != nil || !IsDistribution(name) {
		if link.hidesFile() {
			return malformed("the URL of a link at byte %d has a slash behind a file's name", r.at)
		}
		return nil
	}
	if err := checkFilename(name); err != nil {
		return malformed("the file name %v", err)
	}
	if len(r.page.Files) == maxFiles {
		return malformed("it lists more than %d files", maxFiles)
	}
	f := File{Filename: name, URL: link.url}
	if f.Digests, err = addFragment(nil, link.fragment); err != nil {
		return malformed("the URL of %q has a fragment in which %v", name, err)
	}
	m, err := r.fileAttributes(&f)
	if err != nil {
		return err
	}
	r.page.Files = append(r.page.Files, f)
	r.page.marks = append(r.page.marks, m)
	r.inFile, r.hidden = true, false
	return nil
}

// fileAttributes reads what a link's attributes say about its file.
func (r *htmlReader) fileAttributes(f *File) (mark, error) {
	m := mark{start: r.at + len("<a"), end: r.at + len("<a")}
	for _, a := range r.current {
		var err error
		switch a.name {
		case "data-requires-python":
			f.RequiresPython = a.value
		case "data-yanked":
			f.Yanked, f.YankReason = true, a.value
			m = mark{start: a.start, end: a.end, found: true}
		case "data-core-metadata", "data-dist-info-metadata":
			err = metadataAttribute(f, a.value)
		case "data-gpg-sig":
			f.Signed = a.value == "true"
		case "data-provenance":
			f.Provenance = trimSpace(a.value)
			err = r.links.provenance(&f.Provenance)
		}
		if err != nil {
			return m, malformed("the attribute %s of %q: %v", a.name, f.Filename, err)
		}
	}
	return m, nil
}

// metadataAttribute reads "true" or "sha256=…" (PEP 658).
func metadataAttribute(f *File, value string) error {
	algorithm, hex, isHash := strings.Cut(value, "=")
	switch {
	case !isHash && value == "true":
		f.CoreMetadata = true
		return nil
	case !isHash && value == "false":
		return nil
	case !isHash:
		return fmt.Errorf("%.100q is neither true nor a hash", value)
	}
	f.CoreMetadata = true
	d, known, err := parseHash(algorithm, hex)
	if err != nil || !known {
		return err
	}
	f.CoreMetadataDigests, err = mergeDigests(f.CoreMetadataDigests, []assay.Digest{d})
	return err
}

// textRun reads text between tags. Raw text (of script, title and the like) in
// which a link could begin is one for the parsers that do not know the element.
func (r *htmlReader) textRun(raw []byte) error {
	if holdsLink(r.body[r.at : r.at+len(raw)]) {
		return malformed("text that not all parsers take for text holds a link at byte %d", r.at)
	}
	if (r.inFile || r.hidden) && r.text.Len() < maxLinkText {
		r.text.Write(r.z.Text())
	}
	return nil
}

// closeLink compares the text of the link that is open, if one is, with the
// file that its URL names: installers go by either.
func (r *htmlReader) closeLink() error {
	inFile := r.inFile
	r.inFile, r.hidden = false, false
	if !inFile {
		return nil
	}
	text := trimSpace(r.text.String())
	last := r.page.Files[len(r.page.Files)-1].Filename
	if text != last && IsDistribution(text) && !strings.ContainsAny(text, "/ ") {
		return malformed("the link to %q says that it is %q", last, text)
	}
	return nil
}

// looksLikeFile reports whether a reference that could not be resolved may mean
// a distribution file to somebody else.
func looksLikeFile(ref string) bool {
	ref, _, _ = strings.Cut(ref, "#")
	ref, _, _ = strings.Cut(ref, "?")
	ref = trimSpace(ref[strings.LastIndexByte(ref, '/')+1:])
	if plain, err := url.PathUnescape(ref); err == nil {
		ref = plain
	}
	return IsDistribution(ref)
}

// trimSpace trims what HTML calls white space.
func trimSpace(s string) string { return strings.Trim(s, " \t\n\r\f") }

// isPlainComment reports whether a comment begins and ends so that all parsers
// agree: "<!--" and "-->", and between them nothing that some take for the end.
func isPlainComment(raw []byte) bool {
	inner, begins := bytes.CutPrefix(raw, []byte("<!--"))
	inner, ends := bytes.CutSuffix(inner, []byte("-->"))
	return begins && ends && !bytes.HasPrefix(inner, []byte(">")) && !bytes.HasPrefix(inner, []byte("->")) &&
		!bytes.Contains(inner, []byte("--"))
}

// holdsLink reports whether "<a" or "<base" stands in raw as the beginning of a
// tag.
func holdsLink(raw string) bool {
	for {
		i := strings.IndexByte(raw, '<')
		if i < 0 {
			return false
		}
		raw = raw[i+1:]
		for _, name := range []string{"a", "base"} {
			if len(raw) >= len(name) && sameAttribute(raw[:len(name)], name) &&
				(len(raw) == len(name) || strings.IndexByte(" \t\n\r\f/>", raw[len(name)]) >= 0) {
				return true
			}
		}
	}
}

// scanAttributes finds the attributes in the raw text of a tag behind its name,
// as the HTML standard (13.2.5, tokenization) takes them apart, and appends them
// to found, up to one too many. Names and values are as they are written.
func scanAttributes(found []attribute, raw string, i int) []attribute {
	space := func() {
		for i < len(raw) && strings.IndexByte(" \t\n\r\f", raw[i]) >= 0 {
			i++
		}
	}
	for {
		for i < len(raw) && strings.IndexByte(" \t\n\r\f/", raw[i]) >= 0 {
			i++
		}
		if i >= len(raw) || raw[i] == '>' || len(found) > maxAttributes {
			return found
		}
		a := attribute{start: i}
		for i++; i < len(raw) && strings.IndexByte(" \t\n\r\f/>=", raw[i]) < 0; {
			i++
		}
		a.name, a.end = raw[a.start:i], i
		a.odd = isOdd(a.name) || a.name[0] == '='
		space()
		if i < len(raw) && raw[i] == '=' {
			i++
			space()
			quoted := i < len(raw) && (raw[i] == '"' || raw[i] == '\'')
			a.value, i = attributeValue(raw, i)
			a.end = i
			// Behind a quoted value some parsers need a space, others do not.
			a.odd = a.odd || !quoted && (isOdd(a.value) || strings.HasPrefix(a.value, "=")) ||
				quoted && i < len(raw) && strings.IndexByte(" \t\n\r\f/>", raw[i]) < 0
		}
		found = append(found, a)
	}
}

// isOdd reports whether a name or an unquoted value holds quotes, brackets, or
// what some parsers take for white space.
func isOdd(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\'' || c == '<' || c == '`' {
			return true
		}
	}
	return false
}

// attributeValue returns the value that begins at i, and where it ends.
func attributeValue(raw string, i int) (value string, end int) {
	if i < len(raw) && (raw[i] == '"' || raw[i] == '\'') {
		value, _, closed := strings.Cut(raw[i+1:], raw[i:i+1])
		if !closed {
			return value, len(raw)
		}
		return value, i + 1 + len(value) + 1
	}
	start := i
	for i < len(raw) && strings.IndexByte(" \t\n\r\f>", raw[i]) < 0 {
		i++
	}
	return raw[start:i], i
}
