package gitobject

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	id1   = "0c1b7e2f0d6d3c7e0e1f9a1a7cf3f1f8a8c9d0e1"
	id2   = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
	id256 = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
	who   = "Ann <ann@example.invalid> 1700000000 +0100"

	headers = "object " + id1 + "\ntype commit\ntag v1.2.3\ntagger " + who + "\n"
	pgp     = "-----BEGIN PGP SIGNATURE-----\n\niQEzBAABCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----\n"
	ssh     = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ\n-----END SSH SIGNATURE-----\n"
	x509    = "-----BEGIN SIGNED MESSAGE-----\nMIIB\n-----END SIGNED MESSAGE-----\n"
	message = "-----BEGIN PGP MESSAGE-----\n\nowEB\n-----END PGP MESSAGE-----\n"
)

func TestParseTag(t *testing.T) {
	for _, tc := range []struct {
		name, payload, signature, message string
		kind                              SignatureKind
	}{
		{"without a message", headers, "", "", None},
		{"not signed", headers + "\nRelease\n", "", "Release\n", None},
		{"OpenPGP", headers + "\nRelease\n", pgp, "Release\n", OpenPGP},
		{"SSH", headers + "\nRelease\n", ssh, "Release\n", SSH},
		{"X509", headers + "\nRelease\n", x509, "Release\n", X509},
		{"no line feed at the end", headers + "\nRelease\n", strings.TrimSuffix(ssh, "\n"), "Release\n", SSH},
		{"an empty message", headers + "\n", ssh, "", SSH},
		{"carriage returns, broken UTF-8 and spaces stay", headers + "\n\r\nRel\xffease \r\n\n\n", ssh, "\r\nRel\xffease \r\n\n\n", SSH},
		{"a block within a line is text", headers + "\n " + pgp[:29] + "\n", "", " " + pgp[:29] + "\n", None},
		{"an end without a beginning is text", headers + "\n" + pgp[len(pgp)-28:], "", pgp[len(pgp)-28:], None},
	} {
		t.Run(tc.name, func(t *testing.T) {
			raw := []byte(tc.payload + tc.signature)
			got, err := ParseTag(raw)
			if err != nil {
				t.Fatal(err)
			}
			if got.Object != id1 || got.Type != TypeCommit || got.Name != "v1.2.3" || got.Tagger != who {
				t.Errorf("headers: %+v", got)
			}
			if string(got.Payload) != tc.payload || string(got.Signature) != tc.signature || string(got.Message) != tc.message || got.SignatureKind != tc.kind {
				t.Errorf("got %q, %q, %q, %v", got.Payload, got.Signature, got.Message, got.SignatureKind)
			}
		})
	}
}

func TestParseTagRefuses(t *testing.T) {
	swap := func(old, new string) string { return strings.Replace(headers, old, new, 1) + "\nRelease\n" }
	for _, tc := range []struct {
		name, raw string
		class     error
		want      string
	}{
		{"nothing", "", ErrMalformed, `where the header object belongs is ""`},
		{"upper case", swap(id1, strings.ToUpper(id1)), ErrMalformed, `"0C1B7E2F0D6D3C7E0E1F9A1A7CF3F1F8A8C9D0E1" is not an object id`},
		{"short id", swap(id1, id1[1:]), ErrMalformed, `"c1b7e2f0d6d3c7e0e1f9a1a7cf3f1f8a8c9d0e1" is not an object id`},
		{"unknown type", swap("type commit", "type idea"), ErrMalformed, `an object of the type "idea" is tagged`},
		{"two spaces", swap("type commit", "type  commit"), ErrMalformed, `an object of the type " commit" is tagged`},
		{"carriage return in a header", swap("tag v1.2.3\n", "tag v1.2.3\r\n"), ErrMalformed, `"v1.2.3\r" is not the name of a tag`},
		{"no name", swap("tag v1.2.3\n", "tag \n"), ErrMalformed, `"" is not the name of a tag`},
		{"object twice", swap("type commit\n", "object "+id2+"\ntype commit\n"), ErrMalformed, `where the header type belongs is "object 4b825dc642cb6eb9a060e54bf8d69288f"…`},
		{"tag twice", swap("tag v1.2.3\n", "tag v1.2.3\ntag v2\n"), ErrMalformed, `where the header tagger belongs is "tag v2\n"`},
		{"another order", swap("type commit\ntag v1.2.3\n", "tag v1.2.3\ntype commit\n"), ErrMalformed, `where the header type belongs is "tag v1.2.3\n"`},
		{"no tagger", swap("tagger "+who+"\n", ""), ErrMalformed, `where the header tagger belongs is "\n"`},
		{"tagger twice", headers + "tagger " + who + "\n\nRelease\n", ErrMalformed, `after the header tagger comes "tagger Ann <ann@example.invalid> 1700000"…`},
		{"unknown header", headers + "note x\n\nRelease\n", ErrMalformed, `after the header tagger comes "note x\n"`},
		{"continuation", headers + " more\n\nRelease\n", ErrMalformed, `after the header tagger comes " more\n"`},
		{"a block at once", headers + ssh, ErrMalformed, `after the header tagger comes ""`},
		{"a header without end", strings.TrimSuffix(headers, "\n"), ErrMalformed, `where the header tagger belongs is "tagger Ann <ann@example.invalid> 1700000"…`},
		{"NUL", headers + "\nRel\x00ease\n" + ssh, ErrMalformed, "byte 125 is a NUL"},
		{"two blocks", headers + "\n" + pgp + ssh, ErrSignature, "a signature begins at byte 122, and another one at byte 204"},
		{"twice the same", headers + "\n" + ssh + "more\n" + ssh, ErrSignature, "a signature begins at byte 122, and another one at byte 200"},
		{"a block in the message", headers + "\n" + pgp + "Release\n", ErrSignature, "8 bytes follow the signature"},
		{"an empty line behind", headers + "\nRelease\n" + ssh + "\n", ErrSignature, "1 bytes follow the signature"},
		{"another end", headers + "\n" + strings.Replace(pgp, "END PGP", "END SSH", 1), ErrSignature, `the signature contains the line "-----END SSH SIGNATURE-----\n"`},
		{"no end", headers + "\n" + pgp[:50], ErrSignature, `the signature does not end with "-----END PGP SIGNATURE-----"`},
		{"text behind the beginning", headers + "\n" + strings.Replace(ssh, "-----\n", "----- \n", 1), ErrSignature, `the first line of the signature is "-----BEGIN SSH SIGNATURE----- \n"`},
		{"carriage returns in the block", headers + "\n" + strings.ReplaceAll(ssh, "\n", "\r\n"), ErrSignature, `the first line of the signature is "-----BEGIN SSH SIGNATURE-----\r\n"`},
		{"not detached", headers + "\n" + message, ErrSignature, `"-----BEGIN PGP MESSAGE-----" is not a detached signature`},
		{"long name", swap("v1.2.3", strings.Repeat("v", 256)), ErrTooLarge, "a tag name of 256 bytes is larger than 255"},
		{"long header", swap("type commit", "type "+strings.Repeat("c", 1<<14)), ErrTooLarge, "a header of 16390 bytes is larger than 16384"},
		{"long signature", headers + "\n" + strings.Replace(ssh, "U1", strings.Repeat("A", 1<<16), 1), ErrTooLarge, "a signature of 65607 bytes is larger than 65536"},
		{"long", headers + "\n" + strings.Repeat("A", MaxObject), ErrTooLarge, "an object of 1048698 bytes is larger than 1048576"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseTag([]byte(tc.raw))
			if err == nil || !errors.Is(err, tc.class) || err.Error() != tc.want || got != nil {
				t.Errorf("got  %v, %v\nwant %s", got, err, tc.want)
			}
		})
	}
}

// tree, author and committer of a commit
const plain = "tree " + id2 + "\nparent " + id1 + "\nauthor " + who + "\ncommitter " + who + "\n"

// folded is a block as a header's value.
func folded(block string) string {
	return strings.TrimSuffix(strings.ReplaceAll(block, "\n", "\n "), " ")
}

func TestParseCommit(t *testing.T) {
	for _, tc := range []struct {
		name, raw, payload, signature, message string
		kind                                   SignatureKind
		other                                  bool
	}{
		{"not signed", plain + "\nHello\n", plain + "\nHello\n", "", "Hello\n", None, false},
		{"no message", plain, plain, "", "", None, false},
		{"OpenPGP", plain + "gpgsig " + folded(pgp) + "\nHello\n", plain + "\nHello\n", pgp, "Hello\n", OpenPGP, false},
		{"SSH", plain + "gpgsig " + folded(ssh) + "\nHello\n", plain + "\nHello\n", ssh, "Hello\n", SSH, false},
		{"X509", plain + "gpgsig " + folded(x509) + "\nHello\n", plain + "\nHello\n", x509, "Hello\n", X509, false},
		{"an empty line behind, as a forge writes it", plain + "gpgsig " + folded(pgp+"\n") + "\nHello\n", plain + "\nHello\n", pgp, "Hello\n", OpenPGP, false},
		{"a block in the message is text", plain + "\n" + pgp, plain + "\n" + pgp, "", pgp, None, false},
		{"a header in the message is text", plain + "\ngpgsig " + folded(ssh), plain + "\ngpgsig " + folded(ssh), "", "gpgsig " + folded(ssh), None, false},
		{"other headers stay", plain + "encoding latin-1\nmergetag object " + id1 + "\n type commit\nHG:extra a\ngpgsig " + folded(ssh) + "HG:extra b\n\nHell\xf6\r\n",
			plain + "encoding latin-1\nmergetag object " + id1 + "\n type commit\nHG:extra a\nHG:extra b\n\nHell\xf6\r\n", ssh, "Hell\xf6\r\n", SSH, false},
		{"the signature for the other hash", plain + "gpgsig-sha256 " + folded(pgp) + "gpgsig " + folded(ssh) + "\nHello\n", plain + "\nHello\n", ssh, "Hello\n", SSH, true},
		{"that one alone", plain + "gpgsig-sha256 " + folded(pgp) + "\nHello\n", plain + "\nHello\n", "", "Hello\n", None, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseCommit([]byte(tc.raw))
			if err != nil {
				t.Fatal(err)
			}
			if got.Tree != id2 || !slices.Equal(got.Parents, []ID{id1}) || got.Author != who || got.Committer != who {
				t.Errorf("headers: %+v", got)
			}
			if string(got.Payload) != tc.payload || string(got.Signature) != tc.signature || string(got.Message) != tc.message ||
				got.SignatureKind != tc.kind || got.OtherHash != tc.other {
				t.Errorf("got %q, %q, %q, %v, %v", got.Payload, got.Signature, got.Message, got.SignatureKind, got.OtherHash)
			}
		})
	}
	got, err := ParseCommit([]byte("tree " + id256 + "\nauthor " + who + "\ncommitter " + who + "\ngpgsig-sha256 " + folded(ssh) + "\nHello\n"))
	if err != nil || got.SignatureKind != SSH || got.OtherHash {
		t.Errorf("in a repository with SHA-256: %+v, %v", got, err)
	}
}

func TestParseCommitRefuses(t *testing.T) {
	for _, tc := range []struct {
		name, raw string
		class     error
		want      string
	}{
		{"no tree", plain[46:], ErrMalformed, `where the header tree belongs is "parent 0c1b7e2f0d6d3c7e0e1f9a1a7cf3f1f8a"…`},
		{"tree twice", plain + "tree " + id1 + "\n\nHello\n", ErrMalformed, "the header tree comes where it does not belong"},
		{"a late parent", plain + "parent " + id1 + "\n\nHello\n", ErrMalformed, "the header parent comes where it does not belong"},
		{"author twice", plain + "author " + who + "\n\nHello\n", ErrMalformed, "the header author comes where it does not belong"},
		{"encoding twice", plain + "encoding a\nencoding b\n\nHello\n", ErrMalformed, "the header encoding comes twice"},
		{"signed twice", plain + "gpgsig " + folded(ssh) + "gpgsig " + folded(ssh) + "\nHello\n", ErrSignature, "the header gpgsig comes twice"},
		{"signed twice in one header", plain + "gpgsig " + folded(ssh+ssh) + "\nHello\n", ErrSignature, "73 bytes follow the signature"},
		{"a block in a block", plain + "gpgsig " + folded(ssh[:30]+ssh) + "\nHello\n", ErrSignature, "a second signature begins within the signature"},
		{"signed for the other hash twice", plain + "gpgsig-sha256 a\ngpgsig-sha256 a\n\nHello\n", ErrSignature, "the header gpgsig-sha256 comes twice"},
		{"an unknown signature", plain + "gpgsig-sha3 " + folded(ssh) + "\nHello\n", ErrSignature, `the header "gpgsig-sha3" is not known`},
		{"no block", plain + "gpgsig hello\n\nHello\n", ErrSignature, `the signature begins with "hello\n"`},
		{"bytes behind", plain + "gpgsig " + folded(ssh+"x\n") + "\nHello\n", ErrSignature, "2 bytes follow the signature"},
		{"a continuation of nothing", plain + " x\n\nHello\n", ErrMalformed, `" x\n" is not a header`},
		{"no value", plain + "note\n\nHello\n", ErrMalformed, `"note\n" is not a header`},
		{"a header without end", plain + "note x", ErrMalformed, `the header "note x" does not end`},
		{"NUL", plain + "\nHel\x00lo\n", ErrMalformed, "byte 201 is a NUL"},
		{"two hash functions", strings.Replace(plain, id1, id256, 1) + "\nHello\n", ErrMalformed, "the ids of tree and parent are of two hash functions"},
		{"many headers", plain + strings.Repeat("x y\n", 257) + "\n", ErrTooLarge, "a commit has more than 256 headers"},
		{"many parents", strings.Replace(plain, "author", strings.Repeat("parent "+id1+"\n", 128)+"author", 1), ErrTooLarge, "a commit has more than 128 parents"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseCommit([]byte(tc.raw))
			if err == nil || !errors.Is(err, tc.class) || err.Error() != tc.want || got != nil {
				t.Errorf("got  %v, %v\nwant %s", got, err, tc.want)
			}
		})
	}
}

func TestIdentify(t *testing.T) {
	for _, tc := range []struct{ in, name, email, time string }{
		{who, "Ann", "ann@example.invalid", "2023-11-14T23:13:20+01:00"},
		{"A. N. N. <> 0 -0330", "A. N. N.", "", "1969-12-31T20:30:00-03:30"},
		{"<ann@example.invalid> 1 +0000", "", "ann@example.invalid", "1970-01-01T00:00:01Z"},
		{" <a b> 1 +0000", "", "a b", "1970-01-01T00:00:01Z"},
		{"J\xf6rg  <j> 1 +1400", "J\xf6rg ", "j", "1970-01-01T14:00:01+14:00"},
	} {
		got, err := Identify(tc.in)
		if err != nil || got.Name != tc.name || got.Email != tc.email || got.Time.Format(time.RFC3339) != tc.time {
			t.Errorf("%q: got %+v, %v", tc.in, got, err)
		}
	}
	const shape = ` is not "name <email> seconds zone"`
	for _, tc := range []struct{ in, want string }{
		{"", `the identity ""` + shape},
		{"Ann", `the identity "Ann"` + shape},
		{"Ann <a> 1", `the identity "Ann <a> 1"` + shape},
		{"Ann <a>1 +0000", `the identity "Ann <a>1 +0000"` + shape},
		{"Ann<a> 1 +0000", `the identity "Ann<a> 1 +0000"` + shape},
		{"Ann > <a> 1 +0000", `the identity "Ann > <a> 1 +0000"` + shape},
		{"Ann <a<b> 1 +0000", `the identity "Ann <a<b> 1 +0000"` + shape},
		{"Ann <a> <b> 1 +0000", `"<b>" is not a number of seconds since 1970`},
		{"Ann <a>  1 +0000", `"" is not a number of seconds since 1970`},
		{"Ann <a> -1 +0000", `"-1" is not a number of seconds since 1970`},
		{"Ann <a> 01 +0000", `"01" is not a number of seconds since 1970`},
		{"Ann <a> 99999999999999999999 +0000", `"99999999999999999999" is not a number of seconds since 1970`},
		{"Ann <a> 1099511627777 +0000", `"1099511627777" is not a number of seconds since 1970`},
		{"Ann <a> 1 0100", `"0100" is not a time zone`},
		{"Ann <a> 1 +0160", `"+0160" is not a time zone`},
		{"Ann <a> 1 +1500", `"+1500" is not a time zone`},
		{"Ann <a> 1 +0100 ", `"+0100 " is not a time zone`},
		{"Ann\r <a> 1 +0100", `the identity "Ann\r <a> 1 +0100" contains a control character`},
		{strings.Repeat("A", 1025), "an identity of 1025 bytes is larger than 1024"},
	} {
		if got, err := Identify(tc.in); err == nil || !errors.Is(err, ErrIdent) || err.Error() != tc.want {
			t.Errorf("%q: got %+v, %v, want %s", tc.in, got, err, tc.want)
		}
	}
}

func TestCheck(t *testing.T) {
	const empty = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
	const empty256 = "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"
	for _, id := range []ID{empty, empty256} {
		if err := Check(id, TypeBlob, nil); err != nil {
			t.Error(err)
		}
		if err := Check(id, TypeTag, nil); !errors.Is(err, ErrHash) {
			t.Error(err)
		}
	}
	if err := Check(id2, TypeBlob, nil); err == nil || err.Error() != `the blob that was given as "`+id2+`" is `+empty {
		t.Error(err)
	}
	for in, want := range map[string]bool{id1: true, id256: true, id1[1:]: false, strings.ToUpper(id1): false, "": false, id1 + "\n": false} {
		if id, err := ParseID(in); (err == nil) != want || want && (id.IsZero() || id.IsSHA256() != (len(in) == 64)) {
			t.Errorf("%q: %v, %v", in, id, err)
		}
	}
	if !ID(strings.Repeat("0", 40)).IsZero() {
		t.Error("zero is not zero")
	}
}

// TestCollision holds that the first chosen-prefix collision of SHA-1 is noticed
// (testdata: message A of "SHA-1 is a Shambles", Leurent and Peyrin, 2020).
func TestCollision(t *testing.T) {
	text, err := os.ReadFile("testdata/sha-mbles-1.hex")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(string(text), "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, collision := sumSHA1(raw[:100], raw[100:]); !collision {
		t.Error("the collision was not noticed")
	}
	if _, collision := sumSHA1([]byte(headers)); collision {
		t.Error("a tag was taken for a collision")
	}
}

// gitSplit is parse_signed_buffer of git's gpg-interface.c: the last line that
// begins like a signature.
func gitSplit(raw []byte) int {
	match := len(raw)
	for at := 0; at < len(raw); {
		for _, begin := range []string{pgp[:29], message[:27], ssh[:29], x509[:30]} {
			if bytes.HasPrefix(raw[at:], []byte(begin)) {
				match = at
			}
		}
		eol := bytes.IndexByte(raw[at:], '\n')
		if eol < 0 {
			break
		}
		at += eol + 1
	}
	return match
}

// gitUnsign is parse_buffer_signed_by_header of git's commit.c.
func gitUnsign(raw []byte, ours string) (payload, signature []byte) {
	in, other := false, false
	for at := 0; at < len(raw); {
		next := lineEnd(raw, at)
		line := raw[at:next]
		var sig []byte
		switch {
		case in && line[0] == ' ':
			sig = line[1:]
		case bytes.HasPrefix(line, []byte(ours+" ")):
			sig, other = line[len(ours)+1:], false
		case bytes.HasPrefix(line, []byte("gpgsig")):
			other = true
		case other && line[0] != ' ':
			other = false
		}
		if sig != nil {
			signature = append(signature, sig...)
		} else {
			if line[0] == '\n' {
				next = len(raw)
			}
			if !other {
				payload = append(payload, raw[at:next]...)
			}
		}
		in, at = sig != nil, next
	}
	return payload, signature
}

func FuzzTag(f *testing.F) {
	for _, block := range []string{"", pgp, ssh, x509, message, pgp + ssh, ssh + "\n"} {
		f.Add([]byte(headers + "\nRelease\r\n" + block))
	}
	f.Add([]byte(strings.Replace(headers, id1, id256, 1)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		tag, err := ParseTag(raw)
		if !bytes.Equal(before, raw) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if tag != nil || !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSignature) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("%v, %v", tag, err)
			}
			return
		}
		if !bytes.Equal(slices.Concat(tag.Payload, tag.Signature), raw) {
			t.Fatal("payload and signature are not the object")
		}
		if at := gitSplit(raw); at != len(tag.Payload) {
			t.Fatalf("git splits at %d, not at %d", at, len(tag.Payload))
		}
		if (tag.SignatureKind == None) != (tag.Signature == nil) {
			t.Fatalf("%v with %q", tag.SignatureKind, tag.Signature)
		}
		head := "object " + string(tag.Object) + "\ntype " + string(tag.Type) + "\ntag " + tag.Name + "\ntagger " + tag.Tagger + "\n"
		if got := string(tag.Payload); got != head && got != head+"\n"+string(tag.Message) {
			t.Fatalf("headers and message do not make the payload: %+v", tag)
		}
		_, _ = Identify(tag.Tagger)
	})
}

func FuzzCommit(f *testing.F) {
	for _, block := range []string{pgp, ssh, x509, message, pgp + "\n", ssh + ssh} {
		f.Add([]byte(plain + "gpgsig " + folded(block) + "encoding x\n\nHello\r\n"))
		f.Add([]byte(plain + "gpgsig-sha256 " + folded(block) + "mergetag a\n b\n\nHello\r\n"))
	}
	f.Add([]byte(plain))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		c, err := ParseCommit(raw)
		if !bytes.Equal(before, raw) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if c != nil || !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSignature) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("%v, %v", c, err)
			}
			return
		}
		own := gpgsig
		if c.Tree.IsSHA256() {
			own = gpgsigSHA256
		}
		payload, signature := gitUnsign(raw, own)
		if !bytes.Equal(payload, c.Payload) {
			t.Fatalf("git has the payload\n%q, not\n%q", payload, c.Payload)
		}
		if !bytes.Equal(bytes.TrimRight(signature, "\n"), bytes.TrimRight(c.Signature, "\n")) {
			t.Fatalf("git has the signature %q, not %q", signature, c.Signature)
		}
		_, _ = Identify(c.Author)
	})
}

func TestValidTagName(t *testing.T) {
	for name, want := range map[string]bool{
		"v1.2.3": true, "project/v1.2.3": true, "a@b": true, "1!2.0": true, "langchain-core==0.1": true, "ö": true, "a.b.lockx": true,
		"": false, "@": false, "-v1": false, ".v1": false, "v1.": false, "v1..2": false, "v1.lock": false, "a.lock/b": false, "/a": false,
		"a/": false, "a//b": false, "a/.b": false, "a b": false, "a~1": false, "a^1": false, "a:b": false, "a?": false, "a*": false,
		"a[b": false, `a\b`: false, "a@{b": false, "a\x7f": false, "a\n": false, "a\xff": false,
	} {
		if got := ValidTagName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
