package sigstore_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"testing"

	"assay"
	"assay/internal/sigstore"
)

// TestMutations changes one value of real material after the other: every value
// is bound by a signature, a proof or a rule, so that none may be changed.
func TestMutations(t *testing.T) {
	for _, c := range []struct {
		file, digest string
		parse        func([]byte) (*sigstore.Entity, error)
		// free are values that nothing binds and that change nothing.
		free []string
	}{
		{benchAttestation, benchDigest, sigstore.ParseAttestation, nil},
		{"pypi-attestations/pypi_attestations-0.0.19.tar.gz.slsa.attestation",
			"9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3", sigstore.ParseAttestation, nil},
		{"warehouse/sampleproject-3.0.0.tar.gz.publish.attestation",
			"117ed88e5db073bb92969a7545745fd977ee85b7019706dd256a64058f70963d", sigstore.ParseAttestation, nil},
		{benchBundle, benchDigest, sigstore.ParseBundle, []string{"-/verificationMaterial/timestampVerificationData"}},
		{"pypi-attestations/rfc8785-0.0.2-py3-none-any.whl.sigstore",
			"0a186666340b57c1c8f365429a07f55261a1a60b2957f63b294820c4e3c0b5e4", sigstore.ParseBundle,
			// Another certificate behind the signer's is not looked at.
			[]string{"/verificationMaterial/x509CertificateChain/certificates variant 3"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			root, digest := embedded(t), assay.Digest{Algorithm: "sha256", Hex: c.digest}
			verify := func(data []byte) error {
				e, err := c.parse(data)
				if err != nil {
					return err
				}
				_, err = root.Verify(e, digest)
				return err
			}
			data := read(t, c.file)
			if err := verify(data); err != nil {
				t.Fatal(err)
			}
			free := map[string]bool{}
			for _, f := range c.free {
				free[f] = true
			}
			mutations := mutate(t, data)
			if len(mutations) < 60 {
				t.Fatalf("only %d mutations", len(mutations))
			}
			for _, m := range mutations {
				err := verify(m.data)
				if (err == nil) != free[m.name] {
					t.Errorf("%s: the error is %v", m.name, err)
				}
				for _, p := range sigstore.Problems(err) {
					if text := p.Error(); text == "" || strings.Contains(text, "\n") || strings.Contains(text, "goroutine") {
						t.Errorf("%s: the error reads %q", m.name, text)
					}
				}
			}
		})
	}
}

type mutation struct {
	name string
	data []byte
}

// mutate returns the JSON text with each member left out ("-path") and each
// value changed in several ways ("path …").
func mutate(t *testing.T, data []byte) []mutation {
	t.Helper()
	var whole any
	if err := json.Unmarshal(data, &whole); err != nil {
		t.Fatal(err)
	}
	var out []mutation
	add := func(name string) {
		text, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, mutation{name, text})
	}
	var walk func(v any, path string, set func(any))
	walk = func(v any, path string, set func(any)) {
		for i, other := range variants(v) {
			set(other)
			add(fmt.Sprintf("%s variant %d", path, i))
		}
		set(v)
		switch v := v.(type) {
		case map[string]any:
			names := make([]string, 0, len(v))
			for name := range v {
				names = append(names, name)
			}
			sort.Strings(names)
			for _, name := range names {
				at, child := path+"/"+name, v[name]
				delete(v, name)
				add("-" + at)
				v[name] = child
				walk(child, at, func(x any) { v[name] = x })
			}
		case []any:
			for i, child := range v {
				walk(child, path+"/"+strconv.Itoa(i), func(x any) { v[i] = x })
			}
		}
	}
	walk(whole, "", func(x any) { whole = x })
	return out
}

// variants returns values to put in the place of v.
func variants(v any) []any {
	switch v := v.(type) {
	case float64:
		return []any{v + 1, -v}
	case []any:
		out := []any{[]any{}}
		if len(v) > 0 {
			out = append(out, v[1:], v[:len(v)-1], append(append([]any{}, v...), v[0]))
		}
		if len(v) > 1 {
			swapped := append([]any{}, v...)
			swapped[0], swapped[1] = swapped[1], swapped[0]
			out = append(out, swapped)
		}
		return out
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return []any{strconv.FormatInt(n+1, 10), strconv.FormatInt(n-1, 10), "0", "-" + v, "+" + v, "0" + v}
		}
		raw, err := base64.StdEncoding.DecodeString(v)
		if err != nil || len(raw) < 16 {
			return []any{v + "x", "x" + v, ""}
		}
		out := []any{"", base64.StdEncoding.EncodeToString(raw[:len(raw)-1]), base64.StdEncoding.EncodeToString(append(raw, 0))}
		for i := 0; i < len(raw); i += max(1, len(raw)/16) {
			flipped := append([]byte(nil), raw...)
			flipped[i] ^= 1
			out = append(out, base64.StdEncoding.EncodeToString(flipped))
		}
		return out
	}
	return nil
}
