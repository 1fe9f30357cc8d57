package main

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"assay/internal/indextest/authority"
	"assay/internal/indextest/localca"
)

// mirror is a frozen index: everything that it serves exists before the first
// request.
type mirror struct {
	parts     []part
	url       string
	listener  net.Listener
	authority *authority.Authority
	ca        *localca.Authority
	server    *http.Server

	mu        sync.Mutex
	resources map[string]*resource // by path
}

// resource is one answer.
type resource struct {
	contentType, etag, cache string
	body, gzipped            []byte // gzipped is nil where the body is sent as it is
}

// newMirror makes everything and listens on a port of 127.0.0.1.
func newMirror(parts []part) (*mirror, error) {
	m := &mirror{parts: parts, resources: map[string]*resource{}}
	var err error
	if m.authority, err = authority.New(); err != nil {
		return nil, err
	}
	if m.ca, err = localca.New(); err != nil {
		return nil, err
	}
	pair, err := m.ca.Server("127.0.0.1", "localhost")
	if err != nil {
		return nil, err
	}
	if m.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	m.url = "https://" + m.listener.Addr().String()
	m.server = &http.Server{Handler: m, ReadHeaderTimeout: time.Minute, TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}}}
	if err := m.build(); err != nil {
		m.listener.Close()
		return nil, err
	}
	return m, nil
}

// serve answers until close.
func (m *mirror) serve() error {
	if err := m.server.ServeTLS(m.listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// build makes all parts, the large ones first, on all processors.
func (m *mirror) build() error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := len(m.parts) - 1; i >= 0; i-- {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			err := m.add(i)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
		})
	}
	wg.Wait()
	return failed
}

// add makes what is served of part i.
func (m *mirror) add(i int) error {
	wheel, metadata, err := wheelOf(m.parts, i)
	if err != nil {
		return err
	}
	page, err := m.page(i, wheel, metadata)
	if err != nil {
		return fmt.Errorf("the page of %s: %w", name(i), err)
	}
	gzipped, err := packed(page)
	if err != nil {
		return fmt.Errorf("packing the page of %s: %w", name(i), err)
	}
	const forever = "max-age=365000000, immutable, public"
	m.put("/simple/"+name(i)+"/", &resource{contentType: "application/vnd.pypi.simple.v1+json", cache: "max-age=600, public", body: page, gzipped: gzipped})
	for _, filename := range m.parts[i].filenames(i, version) {
		hash := digest(wheel)
		if strings.HasSuffix(filename, ".whl") {
			path := filePath(hash, filename)
			m.put(path, &resource{contentType: "application/octet-stream", cache: forever, body: wheel})
			m.put(path+".metadata", &resource{contentType: "application/octet-stream", cache: forever, body: metadata})
		} else {
			hash = digest([]byte(filename))
		}
		if !m.parts[i].attested {
			continue
		}
		if err := m.attest(i, filename, hash); err != nil {
			return err
		}
	}
	return nil
}

// attest makes the provenance of a file.
func (m *mirror) attest(i int, filename, hash string) error {
	request := authority.Request{Filename: filename, Identity: authority.GitHub("acme/"+name(i), "release.yml"), Time: uploaded}
	if _, err := hex.Decode(request.SHA256[:], []byte(hash)); err != nil {
		return fmt.Errorf("the digest of %s: %w", filename, err)
	}
	provenance, err := m.authority.Provenance(request)
	if err != nil {
		return fmt.Errorf("attesting %s: %w", filename, err)
	}
	m.put("/integrity/"+name(i)+"/"+version+"/"+filename+"/provenance",
		&resource{contentType: "application/vnd.pypi.integrity.v1+json", cache: "max-age=600, public", body: provenance})
	return nil
}

func (m *mirror) put(path string, r *resource) {
	r.etag = `"` + digest(r.body)[:32] + `"`
	m.mu.Lock()
	defer m.mu.Unlock()
	m.resources[path] = r
}

// ServeHTTP answers as an index behind a content delivery network does.
func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found := m.resources[r.URL.Path]
	if found == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", found.contentType)
	h.Set("Cache-Control", found.cache)
	h.Set("ETag", found.etag)
	body := found.body
	if found.gzipped != nil {
		h.Set("Vary", "Accept, Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = found.gzipped
		}
	}
	http.ServeContent(w, r, "", uploaded, bytes.NewReader(body))
}
