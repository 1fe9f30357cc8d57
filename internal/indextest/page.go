package indextest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The media types of the Simple API (PEP 691).
const (
	typeJSON    = "application/vnd.pypi.simple.v1+json"
	typeHTML    = "application/vnd.pypi.simple.v1+html"
	typeOldHTML = "text/html"
)

// pageFile is one file as a page lists it.
type pageFile struct {
	file   *file
	name   string
	hashes map[string]string
	// metadataHash is the digest that the page states for the sidecar.
	metadataHash string
}

// page is what a project's page says, before it is written.
type page struct {
	name  string
	files []pageFile
	proj  *project
}

func newPage(p *project) page {
	out := page{name: p.name, proj: p}
	for _, f := range p.files {
		if !f.listed || p.status == "quarantined" && !p.offers {
			continue
		}
		hashes := map[string]string{}
		for _, name := range f.list {
			hashes[name] = f.hashes[name]
		}
		pf := pageFile{file: f, name: f.name, hashes: hashes}
		if f.metadata != nil {
			pf.metadataHash = sum256(f.metadata)
		}
		out.files = append(out.files, pf)
	}
	return out
}

// writer renders pages for one server.
type pageWriter struct {
	minor     int    // of the API's version
	base      string // the server's URL
	filesBase string // where files are
}

func (s *Server) pageWriter() pageWriter {
	minor, err := strconv.Atoi(strings.TrimPrefix(s.index.api, "1."))
	if err != nil {
		minor = 0
	}
	return pageWriter{minor: minor, base: s.url, filesBase: s.filesURL()}
}

// filesURL is the origin of the files.
func (s *Server) filesURL() string {
	switch {
	case s.config.filesURL != "":
		return s.config.filesURL
	case s.index.filesHost != "":
		return s.HostURL(s.index.filesHost)
	}
	return s.url
}

func (w pageWriter) provenanceURL(f *file) string {
	return w.base + escaped("/integrity/"+f.project+"/"+f.version+"/"+f.name+"/provenance")
}

// escaped is a path as a URL has it.
func escaped(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// json renders a page in JSON. Which keys there are depends on the version:
// 1.1 brought versions and size, 1.3 provenance, 1.4 the status; upload-time
// and core-metadata are left out below 1.2 too, as old mirrors do.
func (w pageWriter) json(p page) ([]byte, error) {
	files := make([]map[string]any, 0, len(p.files))
	var versions []string
	seen := map[string]bool{}
	for _, f := range p.files {
		files = append(files, w.jsonFile(f))
		if !seen[f.file.version] {
			seen[f.file.version] = true
			versions = append(versions, f.file.version)
		}
	}
	out := map[string]any{
		"meta":  map[string]any{"api-version": "1." + strconv.Itoa(w.minor), "_last-serial": serial},
		"name":  p.name,
		"files": files,
	}
	if w.minor >= 1 {
		out["versions"] = append([]string{}, versions...)
	}
	if w.minor >= 4 {
		status := map[string]any{"status": p.proj.status}
		if p.proj.reason != "" {
			status["reason"] = p.proj.reason
		}
		out["project-status"] = status
	}
	return encodeJSON(out)
}

func (w pageWriter) jsonFile(f pageFile) map[string]any {
	out := map[string]any{
		"filename": f.name,
		"url":      w.filesBase + escaped(f.file.path),
		"hashes":   f.hashes,
		"yanked":   false,
	}
	if f.file.yanked != nil {
		out["yanked"] = true
		if *f.file.yanked != "" {
			out["yanked"] = *f.file.yanked
		}
	}
	if f.file.requiresPython != "" {
		out["requires-python"] = f.file.requiresPython
	}
	if f.file.gpgSig != nil {
		out["gpg-sig"] = *f.file.gpgSig
	}
	if w.minor >= 1 {
		out["size"] = f.file.content.Size()
	}
	if w.minor >= 2 {
		var metadata any = false
		if f.metadataHash != "" {
			metadata = map[string]string{"sha256": f.metadataHash}
		}
		out["core-metadata"], out["data-dist-info-metadata"] = metadata, metadata
		if !f.file.upload.IsZero() {
			out["upload-time"] = f.file.upload.UTC().Format("2006-01-02T15:04:05.000000Z")
		}
	}
	if w.minor >= 3 {
		out["provenance"] = nil
		if f.file.hasProvenance() {
			out["provenance"] = w.provenanceURL(f.file)
		}
	}
	for _, key := range f.file.omit {
		delete(out, key)
		if key == "core-metadata" {
			delete(out, "data-dist-info-metadata")
		}
	}
	return out
}

// encodeJSON writes JSON without the escapes that HTML would want.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding a page: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// html renders a page in HTML (PEP 503, 592, 658, 714, 740).
func (w pageWriter) html(p page) []byte {
	var b bytes.Buffer
	title := html.EscapeString("Links for " + p.name)
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html>\n  <head>\n    <meta name=\"pypi:repository-version\" content=\"1.%d\">\n", w.minor)
	if w.minor >= 4 {
		fmt.Fprintf(&b, "    <meta name=\"pypi:project-status\" content=\"%s\">\n", html.EscapeString(p.proj.status))
		if p.proj.reason != "" {
			fmt.Fprintf(&b, "    <meta name=\"pypi:project-status-reason\" content=\"%s\">\n", html.EscapeString(p.proj.reason))
		}
	}
	fmt.Fprintf(&b, "    <title>%s</title>\n  </head>\n  <body>\n    <h1>%s</h1>\n", title, title)
	for _, f := range p.files {
		w.htmlFile(&b, f)
	}
	fmt.Fprintf(&b, "</body>\n</html>\n<!--SERIAL %d-->", serial)
	return b.Bytes()
}

func (w pageWriter) htmlFile(b *bytes.Buffer, f pageFile) {
	keep := func(key string) bool { return !slices.Contains(f.file.omit, key) }
	href := w.filesBase + escaped(f.file.path)
	if name, sum, ok := bestHash(f.hashes); ok && keep("hashes") {
		href += "#" + name + "=" + sum
	}
	fmt.Fprintf(b, "    <a href=\"%s\"", html.EscapeString(href))
	attribute := func(key, value string) { fmt.Fprintf(b, " %s=\"%s\"", key, html.EscapeString(value)) }
	if f.file.requiresPython != "" && keep("requires-python") {
		attribute("data-requires-python", f.file.requiresPython)
	}
	if f.metadataHash != "" && w.minor >= 2 && keep("core-metadata") {
		attribute("data-dist-info-metadata", "sha256="+f.metadataHash)
		attribute("data-core-metadata", "sha256="+f.metadataHash)
	}
	if f.file.gpgSig != nil {
		attribute("data-gpg-sig", strconv.FormatBool(*f.file.gpgSig))
	}
	if f.file.yanked != nil && keep("yanked") {
		attribute("data-yanked", *f.file.yanked)
	}
	if f.file.hasProvenance() && w.minor >= 3 && keep("provenance") {
		attribute("data-provenance", w.provenanceURL(f.file))
	}
	fmt.Fprintf(b, ">%s</a><br />\n", html.EscapeString(f.name))
}

// bestHash picks the one digest that an HTML link has room for.
func bestHash(hashes map[string]string) (name, sum string, ok bool) {
	for _, name := range []string{"sha256", "sha512", "sha384", "sha1", "md5"} {
		if sum := hashes[name]; sum != "" {
			return name, sum, true
		}
	}
	return "", "", false
}

// root renders the list of projects, in JSON or HTML.
func (w pageWriter) root(projects []*project, asJSON bool) ([]byte, error) {
	if asJSON {
		list := []map[string]any{}
		for _, p := range projects {
			list = append(list, map[string]any{"name": p.name, "_last-serial": serial})
		}
		return encodeJSON(map[string]any{
			"meta":     map[string]any{"api-version": "1." + strconv.Itoa(w.minor), "_last-serial": serial},
			"projects": list,
		})
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html>\n  <head>\n    <meta name=\"pypi:repository-version\" content=\"1.%d\">\n    <title>Simple index</title>\n  </head>\n  <body>\n", w.minor)
	for _, p := range projects {
		fmt.Fprintf(&b, "    <a href=\"/simple/%s/\">%s</a>\n", normalise(p.name), html.EscapeString(p.name))
	}
	b.WriteString("</body>\n</html>")
	return b.Bytes(), nil
}

// negotiate chooses a page's media type from the Accept header. As the public
// index does it, a header that nothing matches gets HTML rather than 406.
func negotiate(accept string) string {
	best, bestQ := typeOldHTML, 0.0
	for _, part := range strings.Split(accept, ",") {
		name, params, _ := strings.Cut(part, ";")
		q := 1.0
		for _, param := range strings.Split(params, ";") {
			if v, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
				if parsed, err := strconv.ParseFloat(v, 64); err == nil {
					q = parsed
				}
			}
		}
		kind := ""
		switch strings.ToLower(strings.TrimSpace(name)) {
		case typeJSON, "application/vnd.pypi.simple.latest+json":
			kind = typeJSON
		case typeHTML, "application/vnd.pypi.simple.latest+html":
			kind = typeHTML
		case typeOldHTML, "*/*", "text/*":
			kind = typeOldHTML
		}
		if kind != "" && q > bestQ {
			best, bestQ = kind, q
		}
	}
	return best
}

// serial is the index's last serial number, which never changes here.
const serial = 1_000_000

// lastModified stands on files.
var lastModified = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
