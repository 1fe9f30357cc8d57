package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"assay"
)

// recordRow is a line of RECORD: path, hash, size (PEP 376, PEP 427).
type recordRow struct {
	path, hash, size string
	fields           int
}

// parseRecord reads RECORD as CSV, with commas, double quotes and any line end.
// The problem is empty where every CSV reader takes the text in the same way.
func parseRecord(text []byte) (rows []recordRow, problem string) {
	if !utf8.Valid(text) {
		return nil, "is not UTF-8"
	}
	// Some readers cut the text into lines first, and at more places than others.
	if bytes.ContainsAny(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), "\x00\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029") {
		return nil, "has a character in it that ends a line for some readers only"
	}
	for line := 1; len(text) > 0; line++ {
		var row recordRow
		for done := false; !done; row.fields++ {
			var value string
			var ok bool
			if value, text, done, ok = csvField(text); !ok {
				return nil, "has a stray quote or line end in row " + strconv.Itoa(line)
			}
			switch row.fields {
			case 0:
				row.path = value
			case 1:
				row.hash = value
			case 2:
				row.size = value
			}
		}
		rows = append(rows, row)
	}
	return rows, ""
}

// csvField reads one field. last says that it ends its row; ok is false for a
// quote, or a line end within quotes, where readers disagree about it.
func csvField(text []byte) (value string, rest []byte, last, ok bool) {
	if text[0] != '"' {
		end := bytes.IndexAny(text, ",\r\n")
		if end < 0 {
			end = len(text)
		}
		if bytes.IndexByte(text[:end], '"') >= 0 {
			return "", nil, false, false
		}
		rest, last = csvEnd(text[end:])
		return string(text[:end]), rest, last, true
	}
	var b strings.Builder
	for text = text[1:]; ; {
		end := bytes.IndexByte(text, '"')
		if end < 0 {
			return "", nil, false, false
		}
		if bytes.IndexByte(text[:end], '\n') >= 0 {
			return "", nil, false, false
		}
		b.Write(text[:end])
		text = text[end+1:]
		if len(text) == 0 || text[0] != '"' {
			break
		}
		b.WriteByte('"')
		text = text[1:]
	}
	if len(text) > 0 && text[0] != ',' && text[0] != '\r' && text[0] != '\n' {
		return "", nil, false, false
	}
	rest, last = csvEnd(text)
	return b.String(), rest, last, true
}

// csvEnd skips what ends a field, and says whether it ends the row too. A comma
// at the very end of the text stands before one more field, which is empty.
func csvEnd(text []byte) (rest []byte, last bool) {
	switch {
	case len(text) == 0:
		return nil, true
	case text[0] == ',' && len(text) == 1:
		return []byte("\n"), false
	case text[0] == ',':
		return text[1:], false
	case bytes.HasPrefix(text, []byte("\r\n")):
		return text[2:], true
	}
	return text[1:], true
}

// compareRecord holds every member to its row in RECORD and every row to its
// member.
func (a *archive) compareRecord(members []zipMember, info string, text []byte) {
	if trimmed := bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")); len(trimmed) < len(text) {
		a.add(assay.ArchiveIrregular, "RECORD begins with a byte order mark")
		text = trimmed
	}
	if most := maxRows*len(members) + maxSpareRows; bytes.Count(text, []byte("\n")) > most {
		a.add(assay.ArchiveBomb, "RECORD has more than %d rows", most)
		return
	}
	rows, problem := parseRecord(text)
	if problem != "" {
		a.add(assay.ArchiveAmbiguous, "RECORD %s", problem)
		return
	}
	byName := make(map[string]int, len(members))
	for i := range members {
		byName[members[i].name] = i
	}
	listed := make(map[string]recordRow, len(rows))
	for _, row := range rows {
		if row.fields == 1 && row.path == "" {
			continue // an empty line
		}
		if row.fields != 3 {
			a.add(assay.ArchiveIrregular, "RECORD has %d fields for %s, not 3", row.fields, quoted(row.path))
		}
		path := row.path
		i, ok := byName[path]
		if !ok && strings.Contains(path, `\`) {
			path = strings.ReplaceAll(path, `\`, "/")
			if i, ok = byName[path]; ok {
				a.add(assay.ArchiveIrregular, "RECORD lists %s with backslashes", quoted(path))
			}
		}
		if before, dup := listed[path]; dup {
			// A row that says something else is compared like any other.
			if before == row {
				a.add(assay.ArchiveIrregular, "RECORD lists %s twice", quoted(path))
				continue
			}
			a.add(assay.ArchiveAmbiguous, "RECORD lists %s twice and differently", quoted(path))
		}
		listed[path] = row
		if !ok {
			a.add(assay.ArchiveIrregular, "RECORD lists %s, which is not there", quoted(path))
			continue
		}
		a.compareRow(&members[i], info, row)
	}
	for i := range members {
		m := &members[i]
		if _, ok := listed[m.name]; ok || m.dir() || unhashed(m.name, info) {
			continue
		}
		a.add(assay.ArchiveUnlistedMember, "member %s is not in RECORD", quoted(m.name))
	}
}

// unhashed reports whether a member cannot have a hash in RECORD: itself, and
// what signs it.
func unhashed(name, info string) bool {
	switch strings.TrimPrefix(name, info+"/") {
	case "RECORD", "RECORD.jws", "RECORD.p7s":
		return strings.HasPrefix(name, info+"/")
	}
	return false
}

// compareRow compares size and hash of one member with its row.
func (a *archive) compareRow(m *zipMember, info string, row recordRow) {
	if unhashed(m.name, info) {
		if row.hash != "" {
			a.add(assay.ArchiveIrregular, "RECORD has a hash for %s, which can have none", quoted(m.name))
		}
		return
	}
	if row.size != "" {
		size, err := strconv.ParseUint(row.size, 10, 63)
		switch {
		case err != nil:
			a.add(assay.ArchiveIrregular, "RECORD has the size %s for %s, which is no number", quoted(row.size), quoted(m.name))
		case int64(size) != m.size:
			a.add(assay.ArchiveRecordMismatch, "member %s has %d bytes and RECORD says %d", quoted(m.name), m.size, size)
			return
		}
	} else if !m.dir() {
		a.add(assay.ArchiveIrregular, "RECORD has no size for %s", quoted(m.name))
	}
	algorithm, value, ok := strings.Cut(row.hash, "=")
	switch {
	case row.hash == "" && m.dir():
		return
	case row.hash == "":
		a.add(assay.ArchiveIrregular, "RECORD has no hash for %s", quoted(m.name))
		return
	case !ok:
		a.add(assay.ArchiveRecordMismatch, "RECORD has the malformed hash %s for %s", quoted(row.hash), quoted(m.name))
		return
	case algorithm != "sha256":
		a.add(assay.ArchiveIrregular, "RECORD has a hash by %s for %s: it was not compared", quoted(algorithm), quoted(m.name))
		return
	}
	sum, usual := decodeSHA256(value)
	if sum == nil || !bytes.Equal(sum, m.sum[:]) {
		a.add(assay.ArchiveRecordMismatch, "member %s has another sha256 than RECORD says", quoted(m.name))
		return
	}
	a.inside.Hashed++
	if !usual {
		a.add(assay.ArchiveIrregular, "RECORD has the hash of %s in an unusual encoding", quoted(m.name))
	}
}

// decodeSHA256 decodes a hash as PEP 427 writes it (base64 for URLs, without
// padding), and in the encodings that writers have mistaken it for.
func decodeSHA256(value string) (sum []byte, usual bool) {
	if sum, err := base64.RawURLEncoding.Strict().DecodeString(value); err == nil && len(sum) == sha256.Size {
		return sum, !strings.ContainsAny(value, "\r\n")
	}
	if sum, err := hex.DecodeString(value); err == nil && len(sum) == sha256.Size {
		return sum, false
	}
	value = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(value, "="))
	if sum, err := base64.RawURLEncoding.DecodeString(value); err == nil && len(sum) == sha256.Size {
		return sum, false
	}
	return nil, false
}
