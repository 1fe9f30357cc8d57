package sigstore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"assay"
	"assay/internal/indextest/authority"
	"assay/internal/sigstore"
)

func testRoot(tb testing.TB) []byte {
	tb.Helper()
	a, err := authority.New()
	if err != nil {
		tb.Fatal(err)
	}
	data, err := a.TrustedRootJSON()
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// edited returns the trusted root with a change.
func edited(t *testing.T, data []byte, edit func(map[string]any)) string {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	edit(root)
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestParseRoot(t *testing.T) {
	good := testRoot(t)
	list := func(root map[string]any, name string) []any { return root[name].([]any) }
	first := func(root map[string]any, name string) map[string]any { return list(root, name)[0].(map[string]any) }
	for _, c := range []struct{ name, data, want string }{
		{"plain", string(good), ""},
		{"no time-stamping authority", edited(t, good, func(r map[string]any) { delete(r, "timestampAuthorities") }), ""},
		{"nothing", "", "the trusted root: it is not one JSON value (byte 0)"},
		{"null", "null", "the trusted root is not a message of its type"},
		{"empty", "{}", "the trusted root has 0 certificate authorities"},
		{"list", "[]", "the trusted root is not a message of its type"},
		{"trailing", string(good) + "1", ""},
		{"a name twice", `{"mediaType":"a","mediaType":"b"}`, `the trusted root: the name "mediaType" occurs twice`},
		{"a name twice below", `{"x":{"y":1,"y":1}}`, `the trusted root: the name "y" occurs twice`},
		{"an unknown member", edited(t, good, func(r map[string]any) { r["other"] = 1 }), "the trusted root is not a message of its type"},
		{"another media type", edited(t, good, func(r map[string]any) { r["mediaType"] = "x" }), "the trusted root: unsupported TrustedRoot media type: x"},
		{"no authority", edited(t, good, func(r map[string]any) { delete(r, "certificateAuthorities") }), "the trusted root has 0 certificate authorities"},
		{"no log", edited(t, good, func(r map[string]any) { r["tlogs"] = []any{} }), "the trusted root has 0 transparency logs"},
		{"no certificate log", edited(t, good, func(r map[string]any) { delete(r, "ctlogs") }), "the trusted root has 0 certificate logs"},
		{"a log twice", edited(t, good, func(r map[string]any) { r["tlogs"] = append(list(r, "tlogs"), list(r, "tlogs")[0]) }), "the trusted root lists a log twice"},
		{"many logs", edited(t, good, func(r map[string]any) {
			for range 64 {
				r["ctlogs"] = append(list(r, "ctlogs"), list(r, "ctlogs")[0])
			}
		}), "the trusted root has 65 certificate logs"},
		{"a log without a key", edited(t, good, func(r map[string]any) { delete(first(r, "tlogs"), "publicKey") }), "the trusted root: tlog missing public key"},
		{"a log without a name", edited(t, good, func(r map[string]any) { delete(first(r, "tlogs"), "logId") }), "the trusted root: tlog missing log ID"},
		{"an empty log", edited(t, good, func(r map[string]any) { list(r, "tlogs")[0] = map[string]any{} }), "the trusted root: unsupported tlog hash algorithm: HASH_ALGORITHM_UNSPECIFIED"},
		{"an empty authority", edited(t, good, func(r map[string]any) { list(r, "certificateAuthorities")[0] = map[string]any{} }), "the trusted root: CertificateAuthority missing cert chain"},
		{"an authority without certificates", edited(t, good, func(r map[string]any) {
			first(r, "certificateAuthorities")["certChain"] = map[string]any{"certificates": []any{}}
		}), "the trusted root: CertificateAuthority cert chain is empty"},
		{"too deep", strings.Repeat("[", 100), "the trusted root: it is nested more than 64 deep"},
		{"too large", strings.Repeat(" ", sigstore.MaxRootSize+1), "the trusted root: 1048577 bytes are more than the 1048576 that are read"},
		{"cut off", string(good[:len(good)/2]), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := sigstore.ParseRoot([]byte(c.data))
			switch {
			case c.name == "trailing" || c.name == "cut off":
				if !errors.Is(err, sigstore.ErrMalformed) || !strings.HasPrefix(err.Error(), "the trusted root: it is not one JSON value (byte ") {
					t.Errorf("the error is %v", err)
				}
			default:
				check(t, err, c.want)
			}
			if (r == nil) != (err != nil) {
				t.Errorf("the root is %v with the error %v", r, err)
			}
		})
	}
}

func TestEmbeddedRoot(t *testing.T) {
	a, b := embedded(t), embedded(t)
	if a != b {
		t.Error("the embedded root is read more than once")
	}
	if data := read(t, "trusted-roots/production.trusted_root.json"); !bytes.Contains(data, []byte("log2025-1.rekor.sigstore.dev")) {
		t.Error("the shared production root is an older one")
	}
}

// TestNothingConcluded is what is not wrong and verifies nothing all the same.
func TestNothingConcluded(t *testing.T) {
	const start = `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":`
	zero := strings.Repeat("A", 43) + "="
	key := start + `{"publicKey":{"hint":"x"}},"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"` + zero + `"},"signature":"AAAA"}}`
	real := string(read(t, "pypi-attestations/rfc8785-0.0.2-py3-none-any.whl.sigstore"))
	for _, c := range []struct {
		name, data, want string
		class            error
	}{
		{"a bare key", key, "a bare key without a certificate", sigstore.ErrUnknownPublisher},
		{"another digest", strings.Replace(real, "SHA2_256", "SHA2_512", 1), "a signature over another digest than sha256", sigstore.ErrUnknownStatement},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := sigstore.ParseBundle([]byte(c.data))
			if err != nil {
				t.Fatal(err)
			}
			_, err = embedded(t).Verify(e, assay.Digest{Algorithm: "sha256", Hex: strings.Repeat("0", 64)})
			if !errors.Is(err, c.class) || err.Error() != c.want {
				t.Errorf("the error is %v, want %q", err, c.want)
			}
		})
	}
}

// TestSeveralEntries holds an entity to all of its log entries.
func TestSeveralEntries(t *testing.T) {
	a, err := authority.New()
	if err != nil {
		t.Fatal(err)
	}
	data, err := a.TrustedRootJSON()
	if err != nil {
		t.Fatal(err)
	}
	root, err := sigstore.ParseRoot(data)
	if err != nil {
		t.Fatal(err)
	}
	request := func(faults ...authority.Fault) authority.Request {
		return authority.Request{Filename: "demo-1.0.tar.gz", Identity: authority.GitHub("acme/demo", "release.yml"), Faults: faults}
	}
	good, err := a.Attest(request())
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := a.Attest(request(authority.OtherRoot))
	if err != nil {
		t.Fatal(err)
	}
	other, err := a.Attest(request())
	if err != nil {
		t.Fatal(err)
	}
	own := good.Material.TransparencyEntries[0]
	for _, c := range []struct {
		name string
		also map[string]any
		want string
	}{
		// It says nothing under this root: a newer log's, maybe.
		{"of a log nobody knows", stranger.Material.TransparencyEntries[0], ""},
		{"of another attestation", other.Material.TransparencyEntries[0], "its transparency log entry does not hold"},
		{"twice the same", own, "its transparency log entry does not hold"},
		{"without its promise's truth", broken(own), "its transparency log entry 2 does not hold"},
	} {
		t.Run(c.name, func(t *testing.T) {
			both := *good
			both.Material.TransparencyEntries = []map[string]any{own, c.also}
			text, err := json.Marshal(both)
			if err != nil {
				t.Fatal(err)
			}
			e, err := sigstore.ParseAttestation(text)
			if err != nil {
				t.Fatal(err)
			}
			_, err = root.Verify(e, e.Digest)
			if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
				t.Errorf("the error is %v, want %q", err, c.want)
			}
		})
	}
}

// broken is an entry under another index, so that its promise does not hold.
func broken(entry map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range entry {
		out[k] = v
	}
	out["logIndex"] = "7"
	return out
}
