package jws

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The keys that signed testdata, as the tool printed them.
const (
	keyOne  = "8VcbqXVjnjWUxyEXf1DR7_kCZmIA2zfGy7UNItMODwA"
	keyTwo  = "20FEmoS2XXRGDZgM42agGqdB1Fm6efnXuPszG9oE74A"
	keyTool = "wynBXoUSQX5o2o17rDyrb1cXh53JzYwehVrKJQja7vE"
)

// TestWheel reads what wheel wrote: wheel-V.jws by its signatures module, and
// wheel-V.tool.jws by its commands keygen and sign.
func TestWheel(t *testing.T) {
	record := sha256.Sum256(testdata(t, "RECORD"))
	for name, want := range map[string][]string{
		"wheel-0.14.0.jws":      {keyOne},
		"wheel-0.29.0.jws":      {keyOne},
		"wheel-0.29.0.two.jws":  {keyOne, keyTwo},
		"wheel-0.29.0.tool.jws": {keyTool},
	} {
		s, err := Parse(testdata(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		keys, err := s.Verify(record[:])
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, k := range keys {
			got = append(got, k.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: keys %q, want %q", name, got, want)
		}
		other := sha256.Sum256(nil)
		for _, sum := range [][]byte{other[:], nil, record[:16]} {
			if keys, err := s.Verify(sum); !errors.Is(err, ErrWrongRecord) || keys != nil {
				t.Errorf("%s with another RECORD: %v %v", name, keys, err)
			}
		}
	}
}

// forger makes files of which each part can be chosen.
type forger struct {
	private         ed25519.PrivateKey
	payload, header string
	encoding        *base64.Encoding
}

func newForger() *forger {
	private := ed25519.NewKeyFromSeed([]byte(strings.Repeat("seed", 8)))
	sum := sha256.Sum256([]byte("RECORD"))
	f := &forger{private: private, encoding: base64.RawURLEncoding}
	f.payload = `{"hash": "sha256=` + f.encoding.EncodeToString(sum[:]) + `"}`
	f.header = `{"alg": "Ed25519", "jwk": {"kty": "Ed25519", "vk": "` + f.vk() + `"}}`
	return f
}

func (f *forger) vk() string {
	return f.encoding.EncodeToString(f.private.Public().(ed25519.PublicKey))
}

// recipient returns a header and its signature as JSON.
func (f *forger) recipient() string {
	header := f.encoding.EncodeToString([]byte(f.header))
	signature := ed25519.Sign(f.private, []byte(header+"."+f.encoding.EncodeToString([]byte(f.payload))))
	return fmt.Sprintf(`{"header": %q, "signature": %q}`, header, f.encoding.EncodeToString(signature))
}

func (f *forger) file(recipients ...string) string {
	return fmt.Sprintf(`{"payload": %q, "recipients": [%s]}`, f.encoding.EncodeToString([]byte(f.payload)), strings.Join(recipients, ", "))
}

// TestStrict are files with one thing wrong each.
func TestStrict(t *testing.T) {
	with := func(change func(*forger)) string {
		f := newForger()
		change(f)
		return f.file(f.recipient())
	}
	swap := func(old, new string) string {
		return with(func(f *forger) {
			f.header = strings.ReplaceAll(f.header, old, new)
			f.payload = strings.ReplaceAll(f.payload, old, new)
		})
	}
	good := with(func(*forger) {})
	f := newForger()
	small := f.encoding.EncodeToString(append([]byte{1}, make([]byte, 31)...))
	for _, tc := range []struct {
		name, file string
		want       error
		text       string
	}{
		{"good", good, nil, ""},
		{"good, with an end of line", good + "\n", nil, ""},
		{"good, padded", with(func(f *forger) { f.encoding = base64.URLEncoding }), nil, ""},
		{"good, twice by one key", f.file(f.recipient(), f.recipient()), nil, ""},
		{"good, kty and alg", swap(`"kty"`, `"alg": "Ed25519", "kty"`), nil, ""},
		{"empty", "", ErrMalformed, "the file is not the JSON that it should be"},
		{"null", "null", ErrMalformed, "it has no payload, or no signature"},
		{"list", "[]", ErrMalformed, "the file is not the JSON that it should be"},
		{"nobody", f.file(), ErrMalformed, "it has no payload, or no signature"},
		{"null recipients", `{"payload": "e30", "recipients": null}`, ErrMalformed, "it has no payload, or no signature"},
		{"null recipient", f.file("null"), ErrMalformed, "signature 1 has no header, or no signature"},
		{"many", f.file(slices.Repeat([]string{f.recipient()}, maxRecipients+1)...), ErrMalformed, "17 signatures are more than the 16 that are read"},
		{"large", good + strings.Repeat(" ", MaxFile), ErrMalformed, ""},
		{"deep", strings.Repeat("[", MaxFile), ErrMalformed, "the file is not the JSON that it should be"},
		{"two values", good + good, ErrMalformed, "the file is not the JSON that it should be"},
		{"duplicate", strings.Replace(good, `"payload"`, `"payload": "e30", "payload"`, 1), ErrMalformed, `the file has the name "payload" twice`},
		{"duplicate recipients", strings.Replace(good, `"recipients"`, `"recipients": [], "recipients"`, 1), ErrMalformed, `the file has the name "recipients" twice`},
		{"unknown member", strings.Replace(good, `"payload"`, `"x": 1, "payload"`, 1), ErrMalformed, `the file has the member "/x", which is not known`},
		{"case", strings.Replace(good, `"payload"`, `"Payload"`, 1), ErrMalformed, `the file has the member "/Payload", which is not known`},
		{"unprotected header", strings.Replace(good, `"header"`, `"protected": "", "header"`, 1), ErrMalformed, `the file has the member "/recipients/0/protected", which is not known`},
		{"duplicate in header", swap(`"alg"`, `"alg": "none", "alg"`), ErrMalformed, `signature 1: the header has the name "alg" twice`},
		{"duplicate in payload", swap(`"hash"`, `"hash": "sha256=", "hash"`), ErrMalformed, `the payload has the name "hash" twice`},
		{"escaped duplicate", swap(`"alg"`, `"\u0061lg": "none", "alg"`), ErrMalformed, `signature 1: the header has the name "alg" twice`},
		{"crit", swap(`"alg"`, `"crit": [], "alg"`), ErrMalformed, `signature 1: the header has the member "/crit", which is not known`},
		{"none", swap(`"alg": "Ed25519"`, `"alg": "none"`), ErrAlgorithm, `signature 1: the algorithm "none" is not Ed25519`},
		{"HS256", swap(`"alg": "Ed25519"`, `"alg": "HS256"`), ErrAlgorithm, `signature 1: the algorithm "HS256" is not Ed25519`},
		{"RS256", swap(`Ed25519`, `RS256`), ErrAlgorithm, `signature 1: the algorithm "RS256" is not Ed25519`},
		{"EdDSA", swap(`"alg": "Ed25519"`, `"alg": "EdDSA"`), ErrAlgorithm, `signature 1: the algorithm "EdDSA" is not Ed25519`},
		{"kty oct", swap(`"kty": "Ed25519"`, `"kty": "oct"`), ErrAlgorithm, `signature 1: the algorithm "oct" is not Ed25519`},
		{"kty beside alg", swap(`"kty": "Ed25519"`, `"kty": "Ed25519", "alg": "RSA"`), ErrAlgorithm, `signature 1: the algorithm "RSA" is not Ed25519`},
		{"no kty", swap(`"kty": "Ed25519", `, ``), ErrMalformed, "signature 1: the header has no algorithm, or no key"},
		{"no jwk", with(func(f *forger) { f.header = `{"alg": "Ed25519"}` }), ErrMalformed, "signature 1: the header has no algorithm, or no key"},
		{"alg null", swap(`"alg": "Ed25519"`, `"alg": null`), ErrMalformed, "signature 1: the header has no algorithm, or no key"},
		{"short key", swap(f.vk(), f.vk()[:42]), ErrMalformed, "signature 1: the key has 31 bytes, an Ed25519 key has 32"},
		{"key of 31 bytes", swap(f.vk(), f.encoding.EncodeToString(make([]byte, 31))), ErrMalformed, "signature 1: the key has 31 bytes, an Ed25519 key has 32"},
		{"key of 64 bytes", swap(f.vk(), f.encoding.EncodeToString(make([]byte, 64))), ErrMalformed, "signature 1: the key has 64 bytes, an Ed25519 key has 32"},
		{"key of small order", swap(f.vk(), small), ErrMalformed, "signature 1: the key is one under which any file has a valid signature"},
		{"no hash", with(func(f *forger) { f.payload = "{}" }), ErrMalformed, "the payload has no hash"},
		{"md5", swap("sha256=", "md5="), ErrAlgorithm, `RECORD is hashed as "md5=`},
		{"hash in hex", with(func(f *forger) { f.payload = `{"hash": "sha256=` + strings.Repeat("00", 32) + `"}` }), ErrMalformed, "the hash in the payload is no SHA-256 in base64"},
		{"more in the payload", swap(`"hash"`, `"exp": 1, "hash"`), ErrMalformed, `the payload has the member "/exp", which is not known`},
		{"standard base64", with(func(f *forger) { f.encoding = base64.RawStdEncoding; f.header += strings.Repeat(" ", 1) }), nil, ""},
		{"half padded", strings.Replace(with(func(f *forger) { f.encoding = base64.URLEncoding }), `=="`, `="`, 1), ErrMalformed, ""},
		{"long header", with(func(f *forger) { f.header += strings.Repeat(" ", maxText) }), ErrMalformed, "signature 1: the header has more than the 1024 bytes that are read"},
		{"long payload", with(func(f *forger) { f.payload += strings.Repeat(" ", maxText) }), ErrMalformed, "the payload has more than the 1024 bytes that are read"},
		{"line end in base64", strings.Replace(good, `"signature": "`, `"signature": "\n`, 1), ErrMalformed, "signature 1: the signature is not 64 bytes in base64"},
		{"short signature", strings.Replace(good, `"signature": "`, `"signature": "AAAA", "x": "`, 1), ErrMalformed, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := Parse([]byte(tc.file))
			if tc.name == "standard base64" {
				return // either spelling may come out of it: it must not panic
			}
			if !errors.Is(err, tc.want) || tc.want == nil && err != nil || err != nil && !strings.HasPrefix(err.Error(), tc.text) {
				t.Fatalf("got %v", err)
			}
			if tc.want != nil {
				return
			}
			sum := sha256.Sum256([]byte("RECORD"))
			if keys, err := s.Verify(sum[:]); err != nil || len(keys) != 1 || keys[0].String() != base64.RawURLEncoding.EncodeToString(newForger().private.Public().(ed25519.PublicKey)) {
				t.Errorf("%v %v", keys, err)
			}
		})
	}
}

// TestOneBad shows that a bad signature beside a good one refuses both.
func TestOneBad(t *testing.T) {
	f := newForger()
	g := newForger()
	g.private = ed25519.NewKeyFromSeed(make([]byte, 32)) // whose key is not the one in the header
	sum := sha256.Sum256([]byte("RECORD"))
	for _, recipients := range [][]string{{f.recipient(), g.recipient()}, {g.recipient(), f.recipient()}, {g.recipient()}} {
		s, err := Parse([]byte(f.file(recipients...)))
		if err != nil {
			t.Fatal(err)
		}
		if keys, err := s.Verify(sum[:]); !errors.Is(err, ErrInvalid) || keys != nil {
			t.Errorf("%v %v", keys, err)
		}
	}
	if _, err := (&Signatures{record: sum[:]}).Verify(sum[:]); err == nil {
		t.Error("no signature is enough")
	}
}

func TestKeys(t *testing.T) {
	for _, s := range []string{keyOne, keyTwo, keyTool, keyOne + "="} {
		k, err := ParseKey(s)
		if err != nil || k.String() != strings.TrimSuffix(s, "=") {
			t.Errorf("%s: %s %v", s, k, err)
		}
	}
	small := []string{ // every encoding of a point whose order divides 8, canonical or not
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	}
	for _, text := range small {
		raw, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if k, err := ParseKey(base64.RawURLEncoding.EncodeToString(raw)); err == nil {
			t.Errorf("%s is the key %s", text, k)
		}
		// With S = 0 and R = the neutral element such a key signs one text in
		// eight at the least.
		holds := 0
		for i := range 64 {
			if ed25519.Verify(raw, []byte{byte(i)}, append(append([]byte{1}, make([]byte, 31)...), make([]byte, 32)...)) {
				holds++
			}
		}
		t.Logf("%s: signs %d of 64", text, holds)
	}
	for _, s := range []string{"", keyOne[:42], keyOne + "A", keyOne + "==", " " + keyOne, keyOne + "\n", strings.ReplaceAll(keyOne, "_", "/"), "ssh-ed25519 " + keyOne} {
		if k, err := ParseKey(s); err == nil {
			t.Errorf("%q is the key %s", s, k)
		}
	}
}

func FuzzJWS(f *testing.F) {
	for _, name := range []string{"wheel-0.14.0.jws", "wheel-0.29.0.jws", "wheel-0.29.0.two.jws"} {
		f.Add(testdata(f, name))
	}
	g := newForger()
	f.Add([]byte(g.file(g.recipient())))
	record := sha256.Sum256(testdata(f, "RECORD"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrAlgorithm) || s != nil {
				t.Errorf("%v %v", s, err)
			}
			return
		}
		keys, err := s.Verify(record[:])
		if (err == nil) != (len(keys) > 0) || len(keys) > maxRecipients {
			t.Errorf("%v %v", keys, err)
		}
		for _, k := range keys {
			// Nobody but the testdata's keys signed the testdata's RECORD.
			if k.String() != keyOne && k.String() != keyTwo {
				t.Errorf("the key %s signs", k)
			}
			if again, err := ParseKey(k.String()); err != nil || again != k {
				t.Errorf("%v %v", again, err)
			}
		}
	})
}
