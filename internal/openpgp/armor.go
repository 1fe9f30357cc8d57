package openpgp

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
)

const (
	armorSignature = "PGP SIGNATURE"
	armorPublicKey = "PGP PUBLIC KEY BLOCK"
	armorSecretKey = "PGP PRIVATE KEY BLOCK"
	armorBegin     = "-----BEGIN "
	blanks         = " \t\r"
)

// armorHeader is a header of a block (RFC 9580, section 6.2.2).
var armorHeader = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,31}:( [^\x00-\x08\x0a-\x1f\x7f]*)?$`)

// cutLine takes the first line off data, without the blanks and the line end behind it. A
// line of more than limit bytes is refused before anything copies it.
func cutLine(data []byte, limit int) (line, rest []byte, err error) {
	window := data[:min(len(data), limit+2)]
	i := bytes.IndexByte(window, '\n')
	switch {
	case i >= 0:
		line, rest = data[:i], data[i+1:]
	case len(window) < len(data):
		return nil, nil, fail(Malformed, "a line is longer than %d bytes", limit)
	default:
		line = data
	}
	if line = bytes.TrimRight(line, blanks); len(line) > limit {
		return nil, nil, fail(Malformed, "a line is longer than %d bytes", limit)
	}
	return line, rest, nil
}

// readArmor reads the one block that data starts with (RFC 9580, section 6.2), and returns
// what is behind it. The work is linear in the size of the block.
//
//	-----BEGIN PGP SIGNATURE-----
//	Comment: headers, which mean nothing
//
//	iHUEABYKAB0WIQ…                     base64, lines of up to 256 bytes
//	=aBcD                               CRC-24, optional
//	-----END PGP SIGNATURE-----
//
// A CRC that does not fit is refused, although RFC 9580 would have it passed over: it costs
// nothing, and says at once that a file was damaged.
func readArmor(data []byte, label string) (body, rest []byte, err error) {
	line, rest, err := cutLine(data, maxArmorLine)
	if err != nil {
		return nil, nil, err
	}
	if string(line) != armorBegin+label+"-----" {
		return nil, nil, fail(Malformed, "it does not start with %s%s-----", armorBegin, label)
	}
	for n := 0; ; n++ {
		if line, rest, err = cutLine(rest, maxArmorLine); err != nil {
			return nil, nil, err
		}
		if len(line) == 0 {
			break
		}
		if n == maxArmorHeaders {
			return nil, nil, fail(Malformed, "it has more than %d armor headers", maxArmorHeaders)
		}
		if !armorHeader.Match(line) {
			return nil, nil, fail(Malformed, "what follows the first line is neither an armor header nor an empty line")
		}
	}
	return readArmorBody(rest, label)
}

// readArmorBody reads base64, checksum and tail.
func readArmorBody(data []byte, label string) (body, rest []byte, err error) {
	tail := "-----END " + label + "-----"
	length := bytes.Index(data, []byte(tail))
	if length < 0 {
		return nil, nil, fail(Malformed, "the armor has no end")
	}
	encoded := make([]byte, 0, length)
	var line, sum []byte
	for rest = data; ; {
		if len(rest) == 0 {
			return nil, nil, fail(Malformed, "the armor has no end")
		}
		if line, rest, err = cutLine(rest, maxArmorLine); err != nil {
			return nil, nil, err
		}
		if string(line) == tail {
			break
		}
		switch {
		case sum != nil:
			return nil, nil, fail(Malformed, "there is something between the armor's checksum and its end")
		case len(line) == 5 && line[0] == '=':
			sum = line[1:]
		case len(line) == 0:
			// All of them at once: looking ahead from each would be quadratic.
			end := bytes.TrimLeft(rest, " \t\r\n")
			if empty := rest[:len(rest)-len(end)]; !bytes.HasPrefix(end, []byte(tail)) || len(empty) > 0 && empty[len(empty)-1] != '\n' {
				return nil, nil, fail(Malformed, "there is an empty line within the armor")
			}
			rest = end
		default:
			encoded = append(encoded, line...)
		}
	}
	body = make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
	n, err := base64.StdEncoding.Strict().Decode(body, encoded)
	if err != nil {
		return nil, nil, fail(Malformed, "the armor is not base64")
	}
	body = body[:n]
	if sum != nil {
		want, err := base64.StdEncoding.Strict().DecodeString(string(sum))
		if crc := crc24(body); err != nil || !bytes.Equal(want, crc[:]) {
			return nil, nil, fail(Malformed, "the armor's checksum does not fit: it is damaged")
		}
	}
	if n == 0 {
		return nil, nil, fail(Malformed, "the armor is empty")
	}
	return body, rest, nil
}

// crcTable is CRC-24 by bytes.
var crcTable = func() (table [256]uint32) {
	for i := range table {
		crc := uint32(i) << 16
		for range 8 {
			if crc <<= 1; crc&0x1000000 != 0 {
				crc ^= 0x1864cfb
			}
		}
		table[i] = crc
	}
	return table
}()

// crc24 is the checksum of armor (RFC 9580, section 6.1.1).
func crc24(data []byte) [3]byte {
	crc := uint32(0xb704ce)
	for _, b := range data {
		crc = crc<<8&0xffffff ^ crcTable[byte(crc>>16)^b]
	}
	return [3]byte{byte(crc >> 16), byte(crc >> 8), byte(crc)}
}

// writeArmor writes a block without headers.
func writeArmor(body []byte, label string) []byte {
	var out strings.Builder
	out.WriteString(armorBegin + label + "-----\n\n")
	text := base64.StdEncoding.EncodeToString(body)
	for len(text) > 64 {
		out.WriteString(text[:64] + "\n")
		text = text[64:]
	}
	sum := crc24(body)
	out.WriteString(text + "\n=" + base64.StdEncoding.EncodeToString(sum[:]) + "\n-----END " + label + "-----\n")
	return []byte(out.String())
}

// armored reports whether data is text and not packets: a packet's first byte has its
// highest bit set, and so has a byte order mark.
func armored(data []byte) bool {
	return len(data) > 0 && (data[0]&0x80 == 0 || bytes.HasPrefix(data, byteOrderMark))
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// onlySpace reports whether there are blanks and line ends only.
func onlySpace(data []byte) bool { return len(bytes.Trim(data, " \t\r\n")) == 0 }
