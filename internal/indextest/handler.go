package indextest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// resourceKind is what a URL leads to.
type resourceKind int

const (
	nothing resourceKind = iota
	rootPage
	projectPage
	fileBytes
	sidecar
	provenance
	document
	signature
)

// resource is what a request asks for.
type resource struct {
	kind     resourceKind
	target   string // its name in Misbehave
	redirect string // where it really is
	project  *project
	file     *file
	version  string // of a document of one release
}

// resolve finds what a path leads to.
func (ix *index) resolve(path string) resource {
	if rest, ok := strings.CutPrefix(path, "/simple/"); ok {
		return ix.resolveSimple(rest)
	}
	if strings.HasPrefix(path, "/pypi/") {
		return ix.resolveJSON(path)
	}
	if rest, ok := strings.CutPrefix(path, "/integrity/"); ok {
		parts := strings.Split(rest, "/")
		if len(parts) != 4 || parts[3] != "provenance" {
			return resource{}
		}
		f := ix.files[parts[2]]
		if f == nil || normalise(parts[0]) != f.project || parts[1] != f.version {
			return resource{}
		}
		return resource{kind: provenance, target: f.name + provenanceSuffix, file: f}
	}
	if f := ix.paths[path]; f != nil {
		return resource{kind: fileBytes, target: f.name, file: f}
	}
	if f := ix.paths[strings.TrimSuffix(path, metadataSuffix)]; f != nil && f.metadata != nil {
		return resource{kind: sidecar, target: f.name + metadataSuffix, file: f}
	}
	if name, ok := ix.beside(path); ok {
		return resource{kind: signature, target: name}
	}
	return resource{}
}

func (ix *index) resolveSimple(rest string) resource {
	if rest == "" {
		return resource{kind: rootPage, target: "/simple/"}
	}
	name, _ := strings.CutSuffix(rest, "/")
	p := ix.projects[normalise(name)]
	if p == nil || strings.Contains(name, "/") {
		return resource{}
	}
	r := resource{kind: projectPage, target: normalise(name) + "/", project: p}
	if rest != normalise(name)+"/" {
		r.redirect = "/simple/" + normalise(name) + "/"
	}
	return r
}

// byTarget finds a resource by its name in Misbehave.
func (ix *index) byTarget(target string) resource {
	if name, ok := strings.CutSuffix(target, "/"); ok {
		return resource{kind: projectPage, target: target, project: ix.projects[name]}
	}
	if f := ix.files[target]; f != nil {
		return resource{kind: fileBytes, target: target, file: f}
	}
	if ix.signed[target] != nil {
		return resource{kind: signature, target: target}
	}
	if name, ok := strings.CutSuffix(target, metadataSuffix); ok {
		return resource{kind: sidecar, target: target, file: ix.files[name]}
	}
	return resource{kind: provenance, target: target, file: ix.files[strings.TrimSuffix(target, provenanceSuffix)]}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tw := &transferWriter{ResponseWriter: w, server: s, request: r, entry: s.requests.add(r), cut: -1}
	if s.challenge(tw, r) {
		return
	}
	res := s.index.resolve(r.URL.Path)
	list := s.faults.take(slices.Compact([]string{res.target, r.URL.Path, "*"})...)
	if s.before(tw, r, list) {
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		tw.Header().Set("Allow", "GET, HEAD")
		http.Error(tw, "only GET and HEAD are answered", http.StatusMethodNotAllowed)
		return
	}
	if res.redirect != "" {
		http.Redirect(tw, r, res.redirect, http.StatusMovedPermanently)
		return
	}
	a, err := s.answer(res, r, list)
	switch {
	case err != nil:
		http.Error(tw, err.Error(), http.StatusInternalServerError)
	case a == nil:
		http.Error(tw, "404 Not Found", http.StatusNotFound)
	default:
		s.send(tw, r, a, list)
	}
}

// before plays the misbehaviours that come ahead of an answer, and reports
// whether one of them took its place.
func (s *Server) before(w *transferWriter, r *http.Request, list []fault) bool {
	for _, f := range list {
		if f.phase != before {
			continue
		}
		switch f.name {
		case "status":
			s.status(w, f.args[0])
			return true
		case "delay":
			if d, err := time.ParseDuration(f.args[0]); err == nil && !s.sleep(r, d) {
				panic(http.ErrAbortHandler)
			}
		case "redirect":
			if s.redirect(w, r, f.args[0]) {
				return true
			}
		case "interim":
			interim(w, f.args[0])
		case "drop":
			panic(http.ErrAbortHandler)
		case "endless-headers":
			s.endlessHeaders(w, r)
			return true
		}
	}
	return false
}

func (s *Server) status(w http.ResponseWriter, code string) {
	n, err := strconv.Atoi(code)
	if err != nil {
		n = http.StatusInternalServerError
	}
	if n == http.StatusTooManyRequests || n == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	http.Error(w, code+" "+http.StatusText(n), n)
}

// redirect sends the client elsewhere: to the same path ("loop"), to the same
// path under another of the server's names ("host"), or to a URL.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request, to string) bool {
	switch to {
	case "loop":
		to = r.URL.RequestURI()
	case "host":
		if strings.HasPrefix(r.Host, "localhost") {
			return false
		}
		to = s.HostURL("localhost") + r.URL.RequestURI()
	default:
		if u, err := url.Parse(to); err == nil && !u.IsAbs() {
			to = s.url + to
		}
	}
	http.Redirect(w, r, to, http.StatusFound)
	return true
}

// sleep waits and reports whether nobody hung up meanwhile.
func (s *Server) sleep(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.closing.Done():
	}
	return false
}

// answer is a representation, ready to be sent.
type answer struct {
	kind        resourceKind
	contentType string
	content     content
	gzipped     content // of content, if it is known already
	etag        string
	header      map[string]string
}

// answer makes the representation of a resource; nil if there is none.
func (s *Server) answer(res resource, r *http.Request, list []fault) (*answer, error) {
	a, err := s.represent(res, negotiate(r.Header.Get("Accept")), list)
	if a == nil || err != nil {
		return nil, err
	}
	for _, f := range list {
		if f.phase != body {
			continue
		}
		a.gzipped = nil
		if err := s.spoil(a, res, r, f); err != nil {
			return nil, err
		}
		if a.etag != "" {
			a.etag = etag([]byte(a.etag + f.name))
		}
	}
	return a, nil
}

// represent makes the right representation, but for what a page lists.
func (s *Server) represent(res resource, mediaType string, list []fault) (*answer, error) {
	switch res.kind {
	case rootPage, projectPage:
		return s.page(res, mediaType, list)
	case document:
		return s.document(res, list)
	case fileBytes:
		return &answer{kind: res.kind, contentType: "application/octet-stream", content: res.file.content,
			etag:   `"` + res.file.sha256()[:32] + `"`,
			header: map[string]string{"Cache-Control": "max-age=365000000, immutable, public"}}, nil
	case sidecar:
		return &answer{kind: res.kind, contentType: "application/octet-stream", content: inMemory(res.file.metadata),
			etag:   etag(res.file.metadata),
			header: map[string]string{"Cache-Control": "max-age=365000000, immutable, public"}}, nil
	case signature:
		raw := s.index.signed[res.target]
		if raw == nil {
			return nil, nil
		}
		return &answer{kind: res.kind, contentType: "application/octet-stream", content: inMemory(raw), etag: etag(raw)}, nil
	case provenance:
		raw, err := res.file.provenance(s.authority)
		if raw == nil || err != nil {
			return nil, err
		}
		return &answer{kind: res.kind, contentType: "application/vnd.pypi.integrity.v1+json", content: inMemory(raw),
			etag: etag(raw), header: map[string]string{"Vary": "Accept, Accept-Encoding"}}, nil
	default:
		return nil, nil
	}
}

// page renders a page, or takes it from those that were rendered before.
func (s *Server) page(res resource, mediaType string, list []fault) (*answer, error) {
	altered := slices.ContainsFunc(list, func(f fault) bool { return f.phase == listing })
	key := res.target + " " + mediaType
	if !altered {
		if have, ok := s.pages.Load(key); ok {
			copied := *have.(*answer)
			return &copied, nil
		}
	}
	var raw []byte
	var err error
	w := s.pageWriter()
	switch {
	case res.kind == rootPage:
		raw, err = w.root(s.index.sorted(), mediaType == typeJSON)
	default:
		p := newPage(res.project)
		for _, f := range list {
			p.alter(f)
		}
		if mediaType == typeJSON {
			raw, err = w.json(p)
		} else {
			raw = w.html(p)
		}
	}
	if err != nil {
		return nil, err
	}
	a := &answer{kind: res.kind, contentType: mediaType, content: inMemory(raw), etag: etag(raw), header: map[string]string{
		"Cache-Control": "max-age=600, public", "Vary": "Accept, Accept-Encoding",
		"X-PyPI-Last-Serial": strconv.Itoa(serial),
	}}
	if mediaType == typeOldHTML {
		a.contentType += "; charset=UTF-8"
	}
	if !altered {
		if a.gzipped, err = compress(a.content); err != nil {
			return nil, err
		}
		kept := *a
		s.pages.Store(key, &kept)
	}
	return a, nil
}

func (ix *index) sorted() []*project {
	var out []*project
	for _, p := range ix.projects {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *project) int { return strings.Compare(normalise(a.name), normalise(b.name)) })
	return out
}

func compress(c content) (content, error) {
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	if _, err := io.Copy(gz, reader(c)); err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	if err := gz.Close(); err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	return inMemory(b.Bytes()), nil
}

func etag(b []byte) string { return `"` + sum256(b)[:32] + `"` }

func sum256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
