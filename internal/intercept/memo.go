package intercept

import (
	"crypto/sha256"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// pageMemo keeps the pages of a run as they were sent beside their decoded form:
// an installer that builds in isolation asks for the same few pages over and over.
// The index is asked only whether they are still the same, and what was sent the
// same is not decoded again.
type pageMemo struct {
	mu    sync.Mutex
	pages map[memoKeyed]*keptPage
	order []memoKeyed // oldest first
	bytes int
}

// keptPage is a page as an index sent it. It is not changed afterwards.
type keptPage struct {
	header     http.Header // what may be handed on of it
	reason     string
	etag       string // empty where there is none to trust
	sent, body []byte
}

// memoKeyed names what was asked for: the URL and every request header on which
// an answer commonly depends.
type memoKeyed [sha256.Size]byte

var keyHeaders = []string{"Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cookie"}

func memoKey(u *url.URL, h http.Header) (k memoKeyed) {
	sum := sha256.New()
	_, _ = io.WriteString(sum, u.String())
	for _, name := range keyHeaders {
		for _, v := range h[name] {
			_, _ = io.WriteString(sum, "\n"+name+": "+v)
		}
	}
	sum.Sum(k[:0])
	return k
}

// revalidates reports whether the index may be asked if it still has this very
// page: not where the answer depends on more than is known to be the same.
func (p *keptPage) revalidates() bool {
	for _, v := range p.header["Vary"] {
		for name := range strings.SplitSeq(v, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			if name != "" && !slices.Contains(keyHeaders, name) {
				return false
			}
		}
	}
	return p.etag != ""
}

// refreshed returns the page with what a 304 says anew of it (RFC 9111, 3.2).
// What describes the bytes stays.
func (p *keptPage) refreshed(h http.Header) *keptPage {
	q := *p
	q.header = p.header.Clone()
	q.header.Del("Age")
	q.header.Del("Set-Cookie")
	for name, v := range forwardable(h) {
		if !strings.HasPrefix(name, "Content-") && !slices.Contains(describing, name) || name == "Age" || name == "Expires" {
			q.header[name] = v
		}
	}
	return &q
}

func (p *keptPage) size() int {
	n := len(p.sent)
	if len(p.body) > 0 && (len(p.sent) == 0 || &p.body[0] != &p.sent[0]) {
		n += len(p.body)
	}
	for name, values := range p.header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}

func (m *pageMemo) get(k memoKeyed) *keptPage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pages[k]
}

// put keeps a page in place of an older copy of it. The oldest go when they are
// too large together.
func (m *pageMemo) put(k memoKeyed, p *keptPage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pages == nil {
		m.pages = map[memoKeyed]*keptPage{}
	}
	if old, ok := m.pages[k]; ok {
		m.bytes -= old.size()
		m.order = slices.DeleteFunc(m.order, func(o memoKeyed) bool { return o == k })
	}
	m.pages[k] = p
	m.order = append(m.order, k)
	for m.bytes += p.size(); m.bytes > maxMemo; m.order = m.order[1:] {
		m.bytes -= m.pages[m.order[0]].size()
		delete(m.pages, m.order[0])
	}
}

// validETag returns the one entity tag of an answer (RFC 9110, 8.8.3), "" where
// it has none, several, or something else.
func validETag(h http.Header) string {
	if tags := h["Etag"]; len(tags) == 1 && len(tags[0]) <= maxETag {
		if tag, rest := cutETag(tags[0]); rest == "" {
			return tag
		}
	}
	return ""
}

// weakly returns what two tags have in common that compare equal weakly
// (RFC 9110, 8.8.3.2).
func weakly(tag string) string { return strings.TrimPrefix(tag, "W/") }

// cutETag returns the entity tag at the beginning of s, "" where there is none,
// and what follows it.
func cutETag(s string) (tag, rest string) {
	start := 0
	if strings.HasPrefix(s, "W/") {
		start = 2
	}
	if len(s) < start+2 || s[start] != '"' {
		return "", s
	}
	for i := start + 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[:i+1], s[i+1:]
		case c <= 0x20 || c == 0x7f:
			return "", s
		}
	}
	return "", s
}

// unmodified reports whether the page is the one that a conditional request says
// the installer has (RFC 9110, 13.2.2). Only a validator that is the same shows
// it: "*" and a later date do not.
func unmodified(request http.Header, p *keptPage) bool {
	if tags, ok := request["If-None-Match"]; ok {
		return p.etag != "" && slices.ContainsFunc(tags, func(list string) bool { return listsETag(list, p.etag) })
	}
	asked, now := request["If-Modified-Since"], p.header["Last-Modified"]
	if len(asked) != 1 || len(now) != 1 {
		return false
	}
	has, err := http.ParseTime(asked[0])
	if err != nil {
		return false
	}
	is, err := http.ParseTime(now[0])
	return err == nil && is.Equal(has) && is.After(time.Unix(0, 0))
}

// listsETag reports whether a list of entity tags has one that is weakly equal.
func listsETag(list, etag string) bool {
	for {
		list = strings.TrimLeft(list, " \t,")
		tag, rest := cutETag(list)
		if tag == "" {
			return false
		}
		if weakly(tag) == weakly(etag) {
			return true
		}
		list = rest
	}
}

// notModified leaves of a page's headers what a 304 carries (RFC 9110, 15.4.5):
// with others, caches would change what they say of the bytes they have.
func notModified(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "Content-") && name != "Content-Location" {
			h.Del(name)
		}
	}
	if h.Get("Etag") != "" {
		h.Del("Last-Modified")
	}
}
