package indextest

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Request is one request that the server received, in the order of arrival.
type Request struct {
	Time           time.Time
	Method         string
	Path           string
	Host           string
	Accept         string
	AcceptEncoding string
	UserAgent      string
	Range          string
	IfRange        string
	IfNoneMatch    string
	CacheControl   string
	User           string // of basic authentication
	Client         string // the name in the client's certificate

	Status int   // what it was answered with; 0 while it is being answered
	Bytes  int64 // of the body
}

// requestLog collects requests.
type requestLog struct {
	mu   sync.Mutex
	list []*Request
}

func (l *requestLog) add(r *http.Request) *Request {
	user, _, _ := r.BasicAuth()
	client := ""
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		client = r.TLS.PeerCertificates[0].Subject.CommonName
	}
	q := &Request{
		Time: time.Now(), Method: r.Method, Path: r.URL.Path, Host: r.Host,
		Accept: r.Header.Get("Accept"), AcceptEncoding: r.Header.Get("Accept-Encoding"),
		UserAgent: r.UserAgent(), Range: r.Header.Get("Range"), IfRange: r.Header.Get("If-Range"),
		IfNoneMatch: r.Header.Get("If-None-Match"), CacheControl: r.Header.Get("Cache-Control"), User: user, Client: client,
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, q)
	return q
}

func (l *requestLog) status(q *Request, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q.Status = status
}

func (l *requestLog) wrote(q *Request, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q.Bytes += int64(n)
}

// Requests returns what has been asked since the start or the last reset.
func (s *Server) Requests() []Request {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	out := make([]Request, len(s.requests.list))
	for i, q := range s.requests.list {
		out[i] = *q
	}
	return out
}

// ResetRequests forgets what has been asked.
func (s *Server) ResetRequests() {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	s.requests.list = nil
}

// Count returns how many requests of the method (any, if empty) asked for a
// path that contains the text.
func (s *Server) Count(method, text string) int {
	n := 0
	for _, q := range s.Requests() {
		if (method == "" || q.Method == method) && strings.Contains(q.Path, text) {
			n++
		}
	}
	return n
}
