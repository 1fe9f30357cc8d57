package indextest

import (
	"fmt"
	"net/http"
	"strings"
)

// realm is a part of the server that demands credentials (RFC 7617).
type realm struct{ name, prefix, user, password string }

// realmOf is the realm that a path is in: the one with the longest prefix.
func (ix *index) realmOf(path string) (realm, bool) {
	var found realm
	for _, r := range ix.realms {
		if strings.HasPrefix(path, r.prefix) && len(r.prefix) >= len(found.prefix) {
			found = r
		}
	}
	return found, found.prefix != ""
}

// challenge answers 401 to a request without the credentials of its realm, and
// reports whether it did.
func (s *Server) challenge(w *transferWriter, r *http.Request) bool {
	in, ok := s.index.realmOf(r.URL.Path)
	if user, password, _ := r.BasicAuth(); !ok || user == in.user && password == in.password {
		return false
	}
	w.Header().Set("WWW-Authenticate", fmt.Sprintf("Basic realm=%q", in.name))
	http.Error(w, "credentials are needed", http.StatusUnauthorized)
	return true
}

// Challenges returns how many requests of a realm were answered with 401; of
// every realm if it is "". Without a realm of its own, basic-auth's is "index".
func (s *Server) Challenges(realm string) int {
	n := 0
	for _, q := range s.Requests() {
		if q.Status != http.StatusUnauthorized {
			continue
		}
		if in, ok := s.index.realmOf(q.Path); ok && (realm == "" || in.name == realm) {
			n++
		}
	}
	return n
}
