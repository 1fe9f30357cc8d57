package archive

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"assay"
)

// gnuLong reads GNU's header for the name (L) or the link (K) of the next member.
func (t *tarReader) gnuLong(h tarHeader) error {
	into := &t.ahead.longName
	if h.kind == 'K' {
		into = &t.ahead.longLink
	}
	if *into != nil || t.ahead.pax != nil {
		return lose(assay.ArchiveAmbiguous, "a member has two long names, after %d members", t.inside.Members)
	}
	text, err := t.text(h)
	if err != nil {
		return err
	}
	name := cString(text)
	if !zeros(text[len(name):]) || name == "" {
		return lose(assay.ArchiveAmbiguous, "a member has a malformed long name, after %d members", t.inside.Members)
	}
	*into = &name
	return nil
}

// pax reads a pax header: for the next member (x), or for all that follow (g).
func (t *tarReader) pax(h tarHeader) error {
	if !t.ahead.empty() {
		return lose(assay.ArchiveAmbiguous, "a member has two extended headers, after %d members", t.inside.Members)
	}
	text, err := t.text(h)
	if err != nil {
		return err
	}
	records, problem := parsePax(text)
	if problem != "" {
		return lose(assay.ArchiveAmbiguous, "a pax header %s, after %d members", problem, t.inside.Members)
	}
	for _, key := range slices.Sorted(maps.Keys(records)) {
		switch value := records[key]; {
		case strings.HasPrefix(key, "GNU.sparse."):
			return lose(assay.ArchiveAmbiguous, "a member is sparse, after %d members: what it holds is put together by the reader", t.inside.Members)
		case key == "hdrcharset" && value != "ISO-IR 10646 2000 UTF-8":
			return lose(assay.ArchiveAmbiguous, "a pax header has names that are not UTF-8, after %d members", t.inside.Members)
		case key == "path" || key == "linkpath" || key == "size":
			if h.kind == 'g' {
				return lose(assay.ArchiveAmbiguous, "a pax header sets the %s of all members", key)
			}
			if value == "" || strings.Contains(value, "\x00") {
				return lose(assay.ArchiveAmbiguous, "a pax header has a malformed %s, after %d members", key, t.inside.Members)
			}
		}
	}
	if h.kind == 'x' {
		t.ahead.pax = records
		return nil
	}
	// The comment is the commit that git archive made it of.
	if _, comment := records["comment"]; len(records) > 1 || !comment {
		t.add(assay.ArchiveIrregular, "a pax header sets attributes of all members")
	}
	return nil
}

// text reads the data of a header that describes another one.
func (t *tarReader) text(h tarHeader) ([]byte, error) {
	if h.size > maxPax {
		return nil, lose(assay.ArchiveBomb, "an extended header has %d bytes; %d are read", h.size, maxPax)
	}
	var out []byte
	if err := t.copy(h.size, func(p []byte) { out = append(out, p...) }); err != nil {
		return nil, err
	}
	return out, t.copy(-h.size&(blockSize-1), func([]byte) {})
}

// parsePax reads pax records, "LENGTH KEY=VALUE\n" each, LENGTH being that of the
// whole record. The problem is empty where all readers take them in one way.
func parsePax(text []byte) (records map[string]string, problem string) {
	records = map[string]string{}
	for len(text) > 0 {
		digits, _, ok := bytes.Cut(text, []byte(" "))
		n, err := strconv.ParseUint(string(digits), 10, 31)
		if !ok || err != nil || digits[0] == '0' || digits[0] == '+' || int(n) > len(text) || int(n) < len(digits)+3 || text[n-1] != '\n' {
			return nil, "has a record of a wrong length"
		}
		key, value, ok := bytes.Cut(text[len(digits)+1:n-1], []byte("="))
		if !ok || len(key) == 0 || bytes.ContainsAny(key, "\n\x00") {
			return nil, "has a record without a key"
		}
		if _, dup := records[string(key)]; dup {
			return nil, "has a record twice"
		}
		if len(records) == maxPaxKeys {
			return nil, "has more than " + strconv.Itoa(maxPaxKeys) + " records"
		}
		records[string(key)] = string(value)
		text = text[n:]
	}
	return records, ""
}

// applyAhead puts what extended headers said into the header they were for.
func (t *tarReader) applyAhead(h *tarHeader) error {
	e := t.ahead
	t.ahead = extended{}
	if e.longName != nil {
		h.name = *e.longName
	}
	if e.longLink != nil {
		h.link = *e.longLink
	}
	if p, ok := e.pax["path"]; ok {
		h.name = p
	}
	if p, ok := e.pax["linkpath"]; ok {
		h.link = p
	}
	if t.names.bytes += len(h.link); len(h.link) > maxName || strings.Count(h.link, "/") > maxParts || t.names.bytes > maxNames {
		return lose(assay.ArchiveBomb, "member %s has a link target of %d bytes, beyond what is read of one or of all", quoted(h.name), len(h.link))
	}
	if s, ok := e.pax["size"]; ok && s != strconv.FormatInt(h.size, 10) {
		return lose(assay.ArchiveAmbiguous, "member %s has %s bytes by its pax header and %d by its tar header", quoted(h.name), quoted(s), h.size)
	}
	return nil
}

// tarNumber reads a number of a tar header: octal digits between spaces and
// NULs, or GNU's binary form. An empty field is zero.
func tarNumber(field []byte) (int64, bool) {
	if field[0] == 0x80 || field[0] == 0xff {
		n := int64(0)
		if field[0] == 0xff {
			n = -1
		}
		for _, c := range field[1:] {
			if n > 1<<54 || n < -1<<54 {
				return 0, false
			}
			n = n<<8 | int64(c)
		}
		return n, true
	}
	digits := bytes.TrimLeft(field, " ")
	end := 0
	var n int64
	for end < len(digits) && digits[end] >= '0' && digits[end] <= '7' {
		n = n<<3 | int64(digits[end]-'0')
		end++
	}
	return n, len(bytes.Trim(digits[end:], " \x00")) == 0
}

// checksum is the sum of a header's bytes, with spaces for the sum itself.
func checksum(block []byte) int64 {
	sum := int64(8 * ' ')
	for i, c := range block {
		if i < 148 || i >= 156 {
			sum += int64(c)
		}
	}
	return sum
}

// cString is what a field holds before its first NUL.
func cString(field []byte) string {
	if i := bytes.IndexByte(field, 0); i >= 0 {
		field = field[:i]
	}
	return string(field)
}

func zeros(p []byte) bool {
	for _, c := range p {
		if c != 0 {
			return false
		}
	}
	return true
}

// endsLikeZip refuses a tar that a reader that searches from the end takes for a
// zip: pip asks that first, whatever the file is called.
func (a *archive) endsLikeZip() {
	tail := a.src.raw.tail
	if n := len(tail) - tailWindow - locatorSize; n > 0 {
		tail = tail[n:]
	}
	begin := a.src.raw.n - int64(len(tail))
	for i := 0; ; i++ {
		next := bytes.Index(tail[i:], []byte("PK\x05\x06"))
		if next < 0 || len(tail)-i-next < 22 {
			return
		}
		i += next
		// Four such bytes come by chance in one file of some ten thousands, a
		// directory that fits in front of them, or a zip64 locator, does not.
		locator := i >= locatorSize && le.Uint32(tail[i-locatorSize:]) == sigLocator
		if size := int64(le.Uint32(tail[i+12:])); locator || size <= begin+int64(i) {
			a.add(assay.ArchiveAmbiguous, "it is a tar, and a zip to readers that search from the end")
			return
		}
	}
}
