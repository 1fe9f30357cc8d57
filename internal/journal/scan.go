package journal

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"assay"
)

// reader takes a line apart. A million of them are read when the whole journal is
// checked, and a project's at each decision; a general reader takes five times as
// long. The texts that it returns are parts of the line. Once something is not as it
// is written, bad stays true until the next line.
type reader struct {
	b   string
	i   int
	bad bool
	// identities holds the publishers of all lines that it read: one piece of memory
	// for those of a project, instead of one for each line.
	identities []assay.Identity
}

// literal moves behind a text if it is the next one.
func (r *reader) literal(s string) bool {
	if r.bad || len(r.b)-r.i < len(s) || r.b[r.i:r.i+len(s)] != s {
		return false
	}
	r.i += len(s)
	return true
}

// field moves behind `,"name":` if that is next.
func (r *reader) field(name string) bool {
	end := r.i + len(name) + len(`,"":`)
	if r.bad || len(r.b) < end || r.b[r.i] != ',' || r.b[r.i+1] != '"' || r.b[r.i+2:end-2] != name || r.b[end-2] != '"' || r.b[end-1] != ':' {
		return false
	}
	r.i = end
	return true
}

func (r *reader) text(name string, to *string) {
	if r.field(name) {
		if *to = r.quoted(); *to == "" {
			r.bad = true // it would have been left out
		}
	}
}

// quoted reads a string. Escapes are rare and left to the library.
func (r *reader) quoted() string {
	if r.bad || r.i >= len(r.b) || r.b[r.i] != '"' {
		r.bad = true
		return ""
	}
	rest := r.b[r.i+1:]
	end := strings.IndexByte(rest, '"')
	if end >= 0 && strings.IndexByte(rest[:end], '\\') < 0 {
		r.i += end + 2
		return rest[:end]
	}
	for end = 0; end < len(rest) && rest[end] != '"'; end++ {
		if rest[end] == '\\' {
			end++
		}
	}
	if end >= len(rest) {
		r.bad = true
		return ""
	}
	out, err := jsontext.AppendUnquote(nil, []byte(r.b[r.i:r.i+end+2]))
	r.bad = err != nil
	r.i += end + 2
	return string(out)
}

// number reads a number of up to 18 digits without a sign.
func (r *reader) number() int64 {
	start, n := r.i, int64(0)
	for r.i < len(r.b) && r.b[r.i] >= '0' && r.b[r.i] <= '9' {
		n = n*10 + int64(r.b[r.i]-'0')
		r.i++
	}
	if digits := r.i - start; digits == 0 || digits > 18 || digits > 1 && r.b[start] == '0' {
		r.bad = true
	}
	return n
}

// time reads a time in UTC (RFC 3339).
func (r *reader) time(name string, to *time.Time) {
	if !r.field(name) {
		return
	}
	s := r.quoted()
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.IsZero() || s[len(s)-1] != 'Z' {
		r.bad = true
		return
	}
	*to = t
}
