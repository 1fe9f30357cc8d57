package openpgp

import "encoding/binary"

// Packet types (RFC 9580, section 5).
const (
	tagSignature    = 2
	tagSecretKey    = 5
	tagPublicKey    = 6
	tagSecretSubkey = 7
	tagMarker       = 10
	tagTrust        = 12
	tagUserID       = 13
	tagPublicSubkey = 14
	tagAttribute    = 17
	tagPadding      = 21
)

// tagNames are how packets are called in messages.
var tagNames = map[int]string{
	1: "an encrypted session key", tagSignature: "a signature", 3: "an encrypted session key", 4: "a one-pass signature",
	tagSecretKey: "a secret key", tagPublicKey: "a public key", tagSecretSubkey: "a secret subkey", 8: "compressed data",
	9: "encrypted data", tagMarker: "a marker", 11: "literal data", tagTrust: "a trust packet", tagUserID: "a user id",
	tagPublicSubkey: "a public subkey", tagAttribute: "a user attribute", 18: "encrypted data", 20: "encrypted data", tagPadding: "padding",
}

func tagName(tag int) string {
	if name, ok := tagNames[tag]; ok {
		return name
	}
	return "a packet of an unknown type"
}

// nextPacket takes the first packet off data (RFC 9580, section 4.2). Lengths that come in
// parts, and such that run to the end of the file, are refused: nothing that is read here
// needs them, and they let one packet hide in another. It copies nothing.
func nextPacket(data []byte) (tag int, body, rest []byte, err error) {
	if len(data) < 2 {
		return 0, nil, nil, fail(Malformed, "it ends within a packet")
	}
	if data[0]&0x80 == 0 {
		return 0, nil, nil, fail(Malformed, "there is something between the packets that is not a packet")
	}
	var length, header int
	if data[0]&0x40 == 0 { // the old format
		tag = int(data[0] >> 2 & 0x0f)
		size := 1 << (data[0] & 3)
		if size == 8 {
			return 0, nil, nil, fail(Malformed, "%s has no length", tagName(tag))
		}
		header = 1 + size
		if len(data) < header {
			return 0, nil, nil, fail(Malformed, "it ends within a packet")
		}
		for _, b := range data[1:header] {
			length = length<<8 | int(b)
		}
	} else {
		tag = int(data[0] & 0x3f)
		var ok bool
		if length, header, ok = newLength(data[1:]); !ok {
			return 0, nil, nil, fail(Malformed, "%s is cut, or comes in parts", tagName(tag))
		}
		header++
	}
	if length < 0 || length > len(data)-header {
		return 0, nil, nil, fail(Malformed, "%s is longer than what is there", tagName(tag))
	}
	return tag, data[header : header+length], data[header+length:], nil
}

// newLength reads a length in the new format (RFC 9580, section 4.2.1), and how many bytes
// it takes. Partial lengths are not read.
func newLength(data []byte) (length, size int, ok bool) {
	switch {
	case len(data) == 0:
		return 0, 0, false
	case data[0] < 192:
		return int(data[0]), 1, true
	case data[0] < 224:
		if len(data) < 2 {
			return 0, 0, false
		}
		return int(data[0]-192)<<8 + int(data[1]) + 192, 2, true
	case data[0] == 255:
		if len(data) < 5 {
			return 0, 0, false
		}
		return int(binary.BigEndian.Uint32(data[1:])), 5, true
	}
	return 0, 0, false
}

// subpacketLength is the length of a subpacket, where two bytes reach further
// (RFC 9580, section 5.2.3.7).
func subpacketLength(data []byte) (length, size int, ok bool) {
	if len(data) > 0 && data[0] >= 224 && data[0] < 255 {
		if len(data) < 2 {
			return 0, 0, false
		}
		return int(data[0]-192)<<8 + int(data[1]) + 192, 2, true
	}
	return newLength(data)
}

// frame writes a packet in the new format.
func frame(out []byte, tag int, body []byte) []byte {
	out = append(out, 0xc0|byte(tag))
	switch n := len(body); {
	case n < 192:
		out = append(out, byte(n))
	case n < 8384:
		out = append(out, byte((n-192)>>8)+192, byte(n-192))
	default:
		out = binary.BigEndian.AppendUint32(append(out, 255), uint32(n))
	}
	return append(out, body...)
}
