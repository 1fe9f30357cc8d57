package archive

import (
	"unicode/utf8"

	"assay"
)

// The extra fields that change what a header says.
const (
	extraZip64   = 0x0001 // APPNOTE section 4.5.3
	extraUnicode = 0x7075 // Info-ZIP's name in UTF-8, APPNOTE section 4.6.9
)

// zip64Extra is the content of a zip64 extra field: sizes and an offset that do
// not fit into the header. Nil where there is none.
type zip64Extra []byte

// extra reads the extra field of a header, which where names, and judges what is
// in it. The result is valid as long as p is.
func (z *zipReader) extra(name, where string, p []byte) (zip64Extra, error) {
	var x zip64Extra
	var unicode bool
	malformed := func(what string) error {
		return lose(assay.ArchiveAmbiguous, "member %s has %s in its %s", quoted(name), what, where)
	}
	for len(p) >= 4 {
		id, n := le.Uint16(p), int(le.Uint16(p[2:]))
		if n > len(p)-4 {
			return nil, malformed("an extra field that is longer than all of them")
		}
		field := p[4 : 4+n]
		p = p[4+n:]
		switch id {
		case extraZip64:
			if x != nil {
				return nil, malformed("two zip64 extra fields")
			}
			x = append(zip64Extra{}, field...)
		case extraUnicode:
			if unicode {
				return nil, malformed("two Unicode path extra fields")
			}
			unicode = true
			if n < 5 || field[0] != 1 || !utf8.Valid(field[5:]) {
				return nil, malformed("a malformed Unicode path extra field")
			}
			if le.Uint32(field[1:]) != nameCRC(name) || string(field[5:]) != name {
				return nil, malformed("another name as a Unicode path extra field")
			}
			z.add(assay.ArchiveIrregular, "member %s has its name a second time, as an extra field", quoted(name))
		}
	}
	if len(p) > 0 {
		z.add(assay.ArchiveIrregular, "member %s has %d loose bytes at the end of the extra fields of its %s", quoted(name), len(p), where)
	}
	return x, nil
}

// localSizes puts the sizes of a local header's zip64 extra field in their
// place. The field has both (APPNOTE section 4.5.3). Writers that cannot know how
// large a member becomes put it in, needed or not: it has to agree then.
func (x zip64Extra) localSizes(m *zipMember) error {
	full := m.packed == max32 || m.size == max32
	m.zip64 = x != nil
	switch {
	case x == nil && !full:
		return nil
	case x == nil:
		return lose(assay.ArchiveAmbiguous, "member %s needs a zip64 extra field and has none in its local header", quoted(m.name))
	case len(x) != 16:
		return lose(assay.ArchiveAmbiguous, "member %s has a malformed zip64 extra field in its local header", quoted(m.name))
	}
	size, packed := int64(le.Uint64(x)), int64(le.Uint64(x[8:]))
	if size < 0 || packed < 0 || m.size != max32 && m.size != size || m.packed != max32 && m.packed != packed {
		return lose(assay.ArchiveAmbiguous, "member %s has a zip64 extra field that contradicts its local header", quoted(m.name))
	}
	m.size, m.packed = size, packed
	return nil
}

// centralValues puts the values of a central entry's zip64 extra field in their
// place: those that are full in the header, in this order.
func (x zip64Extra) centralValues(name string, size, packed, offset *int64, disk *uint32) error {
	values := []*int64{size, packed, offset}
	need := 0
	for _, v := range values {
		if *v == max32 {
			need += 8
		}
	}
	if *disk == max16 {
		need += 4
	}
	bad := func() error {
		return lose(assay.ArchiveAmbiguous, "member %s has a zip64 extra field that does not fit its central entry", quoted(name))
	}
	if x == nil && need == 0 {
		return nil
	}
	if len(x) == need {
		for _, v := range values {
			if *v == max32 {
				*v, x = int64(le.Uint64(x)), x[8:]
			}
		}
		if *disk == max16 {
			*disk = le.Uint32(x)
		}
		return nil
	}
	// Some writers put all values in, needed or not. Readers agree on them as long
	// as they are those of the header.
	if x == nil || len(x)%8 != 0 && len(x) != 28 || len(x) > 28 {
		return bad()
	}
	for i, v := range values {
		if 8*i+8 > len(x) {
			if *v == max32 {
				return bad()
			}
			continue
		}
		full := int64(le.Uint64(x[8*i:]))
		if *v != max32 && *v != full {
			return bad()
		}
		*v = full
	}
	if len(x) == 28 && le.Uint32(x[24:]) != 0 || *disk == max16 {
		return bad()
	}
	return nil
}
