package openpgp

import (
	"bytes"
	"hash"
	"strings"
)

const (
	cleartextBegin = "-----BEGIN PGP SIGNED MESSAGE-----"
	signatureBegin = armorBegin + armorSignature + "-----"
)

// Cleartext is a text and the signatures over it in one file (RFC 9580, section 7).
type Cleartext struct {
	// Text is what was signed: the lines without their dash escapes and without the blanks
	// at their ends, joined by "\n", without a line end behind the last one.
	Text       []byte
	Signatures []*Signature
	Headers    map[string]string // the headers of the text: Hash, or none
}

// ReadCleartext reads a file that is one cleartext signed text and nothing else:
//
//	-----BEGIN PGP SIGNED MESSAGE-----
//	Hash: SHA256
//
//	the text, where a line that starts
//	- -with a hyphen has "- " before it
//	-----BEGIN PGP SIGNATURE-----
//	…
//	-----END PGP SIGNATURE-----
//
// Before it and behind it there may be white space. Refused are headers other than one
// "Hash", a Hash that does not have the signatures' algorithms, lines that start with a
// hyphen and were not escaped, control characters, and carriage returns inside of a line:
// readers disagree about what text those stand for. Errors are a *[Failure].
func ReadCleartext(data []byte) (*Cleartext, error) {
	if len(data) > MaxCleartext {
		return nil, fail(Malformed, "a signed text of more than %d bytes", MaxCleartext)
	}
	rest := bytes.TrimLeft(bytes.TrimPrefix(data, byteOrderMark), " \t\r\n")
	line, rest, err := cutLine(rest, maxTextLine)
	if err != nil {
		return nil, err
	}
	if string(line) != cleartextBegin {
		return nil, fail(Malformed, "it does not start with %s", cleartextBegin)
	}
	out := &Cleartext{Headers: map[string]string{}}
	if rest, err = out.readHeaders(rest); err != nil {
		return nil, err
	}
	if rest, err = out.readText(rest); err != nil {
		return nil, err
	}
	body, rest, err := readArmor(rest, armorSignature)
	if err != nil {
		return nil, err
	}
	if !onlySpace(rest) {
		return nil, fail(Malformed, "there is something behind the signed text")
	}
	if out.Signatures, err = readSignaturePackets(body, typeBinary, typeText); err != nil {
		return nil, err
	}
	return out, out.checkHeaders()
}

// readHeaders reads up to the empty line.
func (t *Cleartext) readHeaders(data []byte) ([]byte, error) {
	for {
		line, rest, err := cutLine(data, maxArmorLine)
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			if len(rest) == len(data) {
				return nil, fail(Malformed, "the signed text has no end")
			}
			return rest, nil
		}
		name, value, ok := strings.Cut(string(line), ": ")
		if _, twice := t.Headers[name]; !ok || name != "Hash" || twice {
			return nil, fail(Malformed, "the signed text has a header other than one Hash")
		}
		t.Headers[name], data = value, rest
	}
}

// readText reads up to the signature.
func (t *Cleartext) readText(data []byte) ([]byte, error) {
	text := make([]byte, 0, len(data))
	for first := true; ; first = false {
		if len(data) == 0 {
			return nil, fail(Malformed, "the signed text has no end")
		}
		line, rest, err := cutLine(data, maxTextLine)
		if err != nil {
			return nil, err
		}
		if string(line) == signatureBegin {
			t.Text = text
			return data, nil
		}
		if bytes.HasPrefix(line, []byte("-")) {
			if !bytes.HasPrefix(data, []byte("- ")) {
				return nil, fail(Malformed, "a line of the signed text starts with a hyphen that is not escaped")
			}
			line = line[min(2, len(line)):]
		}
		raw := bytes.TrimSuffix(bytes.TrimSuffix(data[:len(data)-len(rest)], []byte("\n")), []byte("\r"))
		if bytes.IndexByte(raw, '\r') >= 0 {
			return nil, fail(Malformed, "a line of the signed text has a carriage return in it")
		}
		for _, b := range line {
			if b < ' ' && b != '\t' || b == 0x7f {
				return nil, fail(Malformed, "the signed text has a control character (%#02x) in it", b)
			}
		}
		if !first {
			text = append(text, '\n')
		}
		text, data = append(text, line...), rest
	}
}

// checkHeaders holds the Hash header to the signatures. Signatures of version 4 without a
// header would be MD5 (RFC 4880, section 7); those of version 6 need none. The names are
// separated by commas without blanks.
func (t *Cleartext) checkHeaders() error {
	value, ok := t.Headers["Hash"]
	named := map[string]bool{}
	for _, name := range strings.Split(value, ",") {
		named[strings.ToLower(name)] = true
	}
	for _, s := range t.Signatures {
		if s.unsupported == "" && !named[s.hash.name] && (ok || s.version == 4 && s.hash.name != "md5") {
			return fail(Malformed, "the signed text's Hash header does not name %s, by which it is signed", s.hash.name)
		}
	}
	return nil
}

// canonical writes the text as it is signed: with "\r\n" between the lines.
func (t *Cleartext) canonical(h hash.Hash) {
	for rest := t.Text; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			h.Write(rest)
			return
		}
		h.Write(rest[:i])
		h.Write([]byte("\r\n"))
		rest = rest[i+1:]
	}
}

// Verify checks one of the text's signatures by a certificate, as [Signature.Verify] does.
// Signatures of both types, 0x00 and 0x01, are over the text with "\r\n" between its lines.
func (t *Cleartext) Verify(sig *Signature, c *Certificate) (Valid, error) {
	h := sig.NewHash()
	if h == nil {
		return Valid{}, fail(Unsupported, "the signature cannot be verified: its hash algorithm is not known")
	}
	t.canonical(h)
	v, failure := sig.verify(c, h)
	if failure != nil {
		return Valid{}, failure
	}
	return v, nil
}
