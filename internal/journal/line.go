package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"assay"
)

const hashSize = sha256.Size

// hash is a link of the chain. The zero hash stands before the first line.
type hash [hashSize]byte

func (h hash) String() string { return hex.EncodeToString(h[:]) }

const (
	lineStart = `{"chain":"`
	// bodyAt is where in a line the bytes begin that its chain hash is about, as well
	// as the hash before it.
	bodyAt = len(lineStart) + 2*hashSize + len(`",`)
)

var errNoLine = errors.New("it is not an entry")

// next is the chain hash of a line with this body: all of the line from behind the
// hash to its last brace, without the line break.
func (h hash) next(body []byte) hash {
	d := sha256.New()
	d.Write(h[:])
	d.Write(body)
	var out hash
	d.Sum(out[:0])
	return out
}

// chainOf returns the chain hash that a line states, and its body.
func chainOf(line []byte) (hash, []byte, error) {
	var h hash
	if len(line) <= bodyAt || string(line[:len(lineStart)]) != lineStart || line[bodyAt-2] != '"' || line[bodyAt-1] != ',' {
		return h, nil, errNoLine
	}
	stated := line[len(lineStart) : bodyAt-2]
	bad := byte(0)
	for i := range h {
		high, low := hexDigits[stated[2*i]], hexDigits[stated[2*i+1]]
		h[i], bad = high<<4|low, bad|high|low
	}
	if bad >= 16 {
		return hash{}, nil, errNoLine
	}
	return h, line[bodyAt:], nil
}

// hexDigits maps digits to their values, and what is no digit in lower case to 255.
// One pass over a line's hash both checks and reads it: it is done for every line.
var hexDigits = func() (values [256]byte) {
	for c := range values {
		values[c] = 255
		if isHex(byte(c)) {
			values[c] = byte(strings.IndexByte("0123456789abcdef", byte(c)))
		}
	}
	return values
}()

// appendLine appends an entry as a line, with its line break, and returns the new
// head of the chain.
func appendLine(b []byte, before hash, e Entry) ([]byte, hash, error) {
	if err := e.check(); err != nil {
		return b, before, err
	}
	body := appendBody(nil, e)
	if bodyAt+len(body)+1 > maxLine {
		return b, before, fmt.Errorf("the entry has %d bytes, more than %d", bodyAt+len(body)+1, maxLine)
	}
	head := before.next(body)
	b = append(b, lineStart...)
	b = hex.AppendEncode(b, head[:])
	b = append(b, `",`...)
	b = append(b, body...)
	return append(b, '\n'), head, nil
}

// appendBody appends what follows the chain hash. Fields that are empty are left
// out; those that are there always have this order.
func appendBody(b []byte, e Entry) []byte {
	w := writer{b: b}
	w.b = append(w.b, `"v":`+strconv.Itoa(schema)+`,"seq":`...)
	w.b = strconv.AppendInt(w.b, e.Seq, 10)
	w.time("time", e.Time)
	w.text("kind", string(e.Kind))
	w.text("project", e.Project)
	w.text("version", e.Version)
	w.text("filename", e.Filename)
	w.text("index", e.Index)
	w.text("sha256", e.SHA256)
	w.number("size", e.Size)
	w.time("uploaded", e.Uploaded)
	if len(e.Publishers) > 0 {
		w.key("publishers")
		for i, p := range e.Publishers {
			w.b = append(w.b, "[,"[min(i, 1)])
			w.b = append(w.b, `{"name":`...)
			w.b = quote(w.b, p.Name)
			w.text("repository_id", p.RepositoryID)
			w.text("owner_id", p.OwnerID)
			w.b = append(w.b, '}')
		}
		w.b = append(w.b, ']')
	}
	if e.Waived {
		w.key("waived")
		w.b = append(w.b, "true"...)
	}
	w.time("first", e.First)
	w.text("route", e.Route)
	w.text("identity", e.Identity)
	if len(e.Codes) > 0 {
		w.key("codes")
		for i, c := range e.Codes {
			w.b = append(w.b, "[,"[min(i, 1)])
			w.b = quote(w.b, string(c))
		}
		w.b = append(w.b, ']')
	}
	w.time("until", e.Until)
	w.number("target", e.Target)
	w.text("origin", e.Origin)
	w.text("reason", e.Reason)
	w.text("by", e.By)
	return append(w.b, '}')
}

// writer appends the fields of an object that has one already.
type writer struct{ b []byte }

func (w *writer) key(name string) {
	w.b = append(w.b, `,"`...)
	w.b = append(w.b, name...)
	w.b = append(w.b, `":`...)
}

func (w *writer) text(name, value string) {
	if value != "" {
		w.key(name)
		w.b = quote(w.b, value)
	}
}

func (w *writer) number(name string, value int64) {
	if value != 0 {
		w.key(name)
		w.b = strconv.AppendInt(w.b, value, 10)
	}
}

func (w *writer) time(name string, value time.Time) {
	if !value.IsZero() {
		w.key(name)
		w.b = append(w.b, '"')
		w.b = value.UTC().AppendFormat(w.b, time.RFC3339Nano)
		w.b = append(w.b, '"')
	}
}

func quote(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // the text was checked to be UTF-8
	return b
}

// parseBody is parse, and holds what is read to what may be written.
func parseBody(body []byte) (Entry, error) {
	var e Entry
	if err := e.parse(body); err != nil {
		return e, err
	}
	return e, e.check()
}

// parse reads what follows the chain hash.
func (e *Entry) parse(body []byte) error {
	var r reader
	return r.entry(string(body), e)
}

// entry reads what follows the chain hash into an empty entry. It takes what
// appendBody writes and nothing else: no space, no other order, no field twice. A
// line of a newer schema, or of a kind that is not known, is [ErrNewer].
func (r *reader) entry(body string, e *Entry) error {
	r.b, r.i, r.bad = body, 0, false
	if !r.literal(`"v":`) {
		return errNoLine
	}
	if v := r.number(); r.bad || v < 1 {
		return errNoLine
	} else if v != schema {
		return fmt.Errorf("%w: an entry in version %d of the format", ErrNewer, v)
	}
	if !r.literal(`,"seq":`) {
		return errNoLine
	}
	e.Seq = r.number()
	r.time("time", &e.Time)
	kind := ""
	r.text("kind", &kind)
	e.Kind = Kind(kind)
	if !r.bad && e.Kind != Seen && e.Kind != Accept && e.Kind != Remove && e.Kind != Import && e.Kind != Repair && e.Kind != Grant {
		return fmt.Errorf("%w: an entry of the kind %q", ErrNewer, kind)
	}
	r.text("project", &e.Project)
	r.text("version", &e.Version)
	r.text("filename", &e.Filename)
	r.text("index", &e.Index)
	r.text("sha256", &e.SHA256)
	if r.literal(`,"size":`) {
		e.Size = r.number()
	}
	r.time("uploaded", &e.Uploaded)
	r.publishers(e)
	e.Waived = r.literal(`,"waived":true`)
	r.time("first", &e.First)
	r.text("route", &e.Route)
	r.text("identity", &e.Identity)
	r.codes(e)
	r.time("until", &e.Until)
	if r.literal(`,"target":`) {
		e.Target = r.number()
	}
	r.text("origin", &e.Origin)
	r.text("reason", &e.Reason)
	r.text("by", &e.By)
	if !r.literal("}") || r.bad || r.i != len(body) || e.Time.IsZero() {
		return errNoLine
	}
	return nil
}

func (r *reader) publishers(e *Entry) {
	if !r.literal(`,"publishers":[`) {
		return
	}
	first := len(r.identities)
	for {
		if !r.literal(`{"name":`) {
			r.bad = true
		}
		p := assay.Identity{Name: r.quoted()}
		r.text("repository_id", &p.RepositoryID)
		r.text("owner_id", &p.OwnerID)
		if r.identities = append(r.identities, p); !r.literal("}") || len(r.identities)-first > maxPublishers {
			r.bad = true
		}
		if r.bad || !r.literal(",") {
			break
		}
	}
	e.Publishers = slices.Clip(r.identities[first:])
	r.bad = !r.literal("]") || r.bad
}

func (r *reader) codes(e *Entry) {
	if !r.literal(`,"codes":[`) {
		return
	}
	for {
		if e.Codes = append(e.Codes, assay.Code(r.quoted())); len(e.Codes) > maxCodes {
			r.bad = true
		}
		if r.bad || !r.literal(",") {
			break
		}
	}
	r.bad = !r.literal("]") || r.bad
}
