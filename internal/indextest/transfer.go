package indextest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// defaultBomb is what a gzip bomb unpacks to if it is not said.
	defaultBomb = 1 << 30
	// tick is how often a slow answer sends something.
	tick = 100 * time.Millisecond
)

// transferWriter sends an answer, counts it, and misbehaves about how.
type transferWriter struct {
	http.ResponseWriter
	server  *Server
	request *http.Request
	entry   *Request

	started  bool
	chunked  bool
	endless  bool
	noRange  bool
	cutPlace string
	cut      int64 // bytes left before the connection is cut; -1 is never
	rate     int64 // bytes a second; 0 is as fast as can be
}

// send sends an answer as net/http's file server does: ranges, conditions, HEAD.
func (s *Server) send(w *transferWriter, r *http.Request, a *answer, list []fault) {
	if f, ok := rawFault(list); ok {
		s.raw(w, r, a, f)
		return
	}
	h := w.Header()
	for key, value := range a.header {
		h.Set(key, value)
	}
	h.Set("Content-Type", a.contentType)
	bomb := int64(0)
	for _, f := range list {
		if f.phase != transfer {
			continue
		}
		switch f.name {
		case "gzip-bomb":
			bomb = defaultBomb
			if n, err := parseSize(f.arg("")); len(f.args) > 0 && err == nil {
				bomb = n
			}
		case "slow":
			if n, err := strconv.ParseInt(f.args[0], 10, 64); err == nil {
				w.rate = n
			}
		default:
			w.misbehave(f)
		}
	}
	if bomb > 0 {
		s.bomb(w, r, bomb)
		return
	}
	c, tag := a.content, a.etag
	if a.kind != fileBytes && a.kind != sidecar && !w.endless && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		if packed, err := a.compressed(); err == nil {
			c, tag = packed, strings.TrimSuffix(tag, `"`)+`-gzip"`
			h.Set("Content-Encoding", "gzip")
			h.Set("Content-Length", strconv.FormatInt(c.Size(), 10))
		}
	}
	h.Set("ETag", tag)
	if w.noRange {
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	modified := time.Time{}
	if a.kind == fileBytes || a.kind == sidecar {
		modified = lastModified
	}
	http.ServeContent(w, r, "", modified, reader(c))
	if w.endless && r.Method == http.MethodGet {
		s.never(w, r)
	}
}

func (a *answer) compressed() (content, error) {
	if a.gzipped != nil {
		return a.gzipped, nil
	}
	return compress(a.content)
}

func acceptsGzip(header string) bool {
	for _, part := range strings.Split(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if strings.TrimSpace(name) == "gzip" && strings.ReplaceAll(params, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

func (w *transferWriter) misbehave(f fault) {
	switch f.name {
	case "cut":
		w.cutPlace = f.arg("50%")
	case "endless":
		w.endless = true
	case "chunked":
		w.chunked = true
	case "no-range":
		w.noRange = true
	}
}

// WriteHeader notes the status and settles how the body is sent.
func (w *transferWriter) WriteHeader(status int) {
	w.started = true
	w.server.requests.status(w.entry, status)
	h := w.Header()
	ok := status == http.StatusOK || status == http.StatusPartialContent
	if size, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); ok && err == nil && w.cutPlace != "" {
		if w.cut, err = place(w.cutPlace, size); err != nil {
			w.cut = -1
		}
	}
	if ok && (w.chunked || w.endless) {
		h.Del("Content-Length")
	}
	if w.noRange {
		h.Set("Accept-Ranges", "none")
	}
	w.ResponseWriter.WriteHeader(status)
	if ok && (w.chunked || w.endless) {
		// Or net/http gives a short body a length of its own accord.
		w.flush()
	}
}

// Write sends a part of the body.
func (w *transferWriter) Write(p []byte) (int, error) {
	if !w.started {
		w.WriteHeader(http.StatusOK)
	}
	last := w.cut >= 0 && int64(len(p)) >= w.cut
	if last {
		p = p[:w.cut]
	}
	n, err := w.paced(p)
	if w.cut >= 0 {
		w.cut -= int64(n)
	}
	w.server.requests.wrote(w.entry, n)
	if last && w.request.Method != http.MethodHead {
		w.flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

// paced writes no faster than the rate.
func (w *transferWriter) paced(p []byte) (int, error) {
	if w.rate == 0 {
		return w.ResponseWriter.Write(p)
	}
	step := max(1, w.rate/int64(time.Second/tick))
	done := 0
	for done < len(p) {
		n, err := w.ResponseWriter.Write(p[done:min(len(p), done+int(step))])
		done += n
		if err != nil {
			return done, err
		}
		w.flush()
		if !w.server.sleep(w.request, time.Duration(n)*time.Second/time.Duration(w.rate)) {
			return done, w.request.Context().Err()
		}
	}
	return done, nil
}

func (w *transferWriter) flush() {
	// A connection that is gone shows at the next write.
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// never goes on sending spaces until the client hangs up.
func (s *Server) never(w *transferWriter, r *http.Request) {
	spaces := bytes.Repeat([]byte(" "), 32<<10)
	for r.Context().Err() == nil && s.closing.Err() == nil {
		if _, err := w.Write(spaces); err != nil {
			return
		}
		w.flush()
	}
}

// bomb sends a small body that unpacks to many spaces.
func (s *Server) bomb(w *transferWriter, r *http.Request, size int64) {
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	gz := gzip.NewWriter(w)
	if _, err := io.Copy(gz, reader(filler(size))); err != nil {
		return
	}
	// A client that hung up is no concern of the server's.
	_ = gz.Close()
}

// endlessHeaders begins an answer whose headers never end.
func (s *Server) endlessHeaders(w *transferWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	s.requests.status(w.entry, http.StatusOK)
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n"); err != nil {
		return
	}
	line := strings.Repeat("x", 1000)
	for i := 0; s.closing.Err() == nil; i++ {
		if err := conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
			return
		}
		if _, err := fmt.Fprintf(conn, "X-Filler-%d: %s\r\n", i, line); err != nil {
			return
		}
	}
}
