package sigstore_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"assay/internal/indextest/authority"
	"assay/internal/sigstore"
)

// sample is one attestation of a test authority, as text to change.
func sample(tb testing.TB) string {
	tb.Helper()
	a, err := authority.New()
	if err != nil {
		tb.Fatal(err)
	}
	made, err := a.Attest(authority.Request{Filename: "demo-1.0.tar.gz", Identity: authority.GitHub("acme/demo", "release.yml")})
	if err != nil {
		tb.Fatal(err)
	}
	text, err := json.Marshal(made)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// wrapped puts attestations into a provenance object.
func wrapped(publisher string, attestations ...string) string {
	return fmt.Sprintf(`{"version":1,"attestation_bundles":[{"publisher":%s,"attestations":[%s]}]}`,
		publisher, strings.Join(attestations, ","))
}

const github = `{"kind":"GitHub","repository":"acme/demo","workflow":"release.yml"}`

func TestParseProvenance(t *testing.T) {
	one := sample(t)
	many := make([]string, sigstore.MaxAttestations+1)
	for i := range many {
		many[i] = one
	}
	bundles := strings.TrimSuffix(strings.Repeat(`{"publisher":{"kind":"X"},"attestations":[]},`, sigstore.MaxBundles+1), ",")
	for _, c := range []struct{ name, data, want string }{
		{"plain", wrapped(github, one), ""},
		{"members not known", `{"later":{"a":[1]},` + wrapped(github, one)[1:], ""},
		{"claims and environment", wrapped(`{"claims":{"a":[]},"environment":null,"kind":"GitHub","repository":"a/b","workflow":"c"}`, one), ""},
		{"unknown kind of another shape", wrapped(`{"kind":"Forge","repository":{"a":1},"email":7}`, one), ""},
		{"no bundle", `{"version":1,"attestation_bundles":[]}`, ""},
		{"another version", `{"version":2,"bundles":7}`, ""},
		{"another version of the same shape", `{"version":2,"attestation_bundles":[]}`, ""},
		{"nothing", ``, "the provenance: it is not one JSON value (byte 0)"},
		{"null", `null`, "the provenance: it has no version"},
		{"text", `"x"`, "the provenance: the whole is not of the type that it should be"},
		{"no version", `{"attestation_bundles":[]}`, "the provenance: it has no version"},
		{"version as text", `{"version":"1","attestation_bundles":[]}`, "the provenance: /version is not of the type that it should be"},
		{"half a version", `{"version":1.5,"attestation_bundles":[]}`, "the provenance: its version is not an integer"},
		{"no list", `{"version":1}`, "the provenance has no list of bundles"},
		{"null list", `{"version":1,"attestation_bundles":null}`, "the provenance has no list of bundles"},
		{"list of another type", `{"version":1,"attestation_bundles":{}}`, "the provenance: /attestation_bundles is not of the type that it should be"},
		{"no attestations", `{"version":1,"attestation_bundles":[{"publisher":` + github + `}]}`, "bundle 1 has no list of attestations"},
		{"no publisher", `{"version":1,"attestation_bundles":[{"attestations":[]}]}`, "the publisher of bundle 1: there is none"},
		{"null publisher", wrapped(`null`, one), "the publisher of bundle 1: it has no kind"},
		{"publisher without repository", wrapped(`{"kind":"GitHub","workflow":"x"}`, one), "the publisher of bundle 1: its repository is not a repository's name"},
		{"repository that ends the URL", wrapped(`{"kind":"GitHub","repository":"a/b?x","workflow":"x"}`, one), "the publisher of bundle 1: its repository is not a repository's name"},
		{"workflow in a folder", wrapped(`{"kind":"GitHub","repository":"a/b","workflow":"x/y"}`, one), "the publisher of bundle 1: its workflow is not a file's name"},
		{"workflow with a line break", wrapped(`{"kind":"GitLab","repository":"a/b","workflow_filepath":"x\ny"}`, one), "the publisher of bundle 1: its workflow is not a file's name"},
		{"no address", wrapped(`{"kind":"Google","email":"x"}`, one), "the publisher of bundle 1: its email is not an address"},
		{"trailing data", wrapped(github, one) + "{}", fmt.Sprintf("the provenance: it is not one JSON value (byte %d)", len(wrapped(github, one)))},
		{"cut off", wrapped(github, one)[:500], "the provenance: it is not one JSON value (byte 500)"},
		{"a name twice", `{"version":1,"attestation_bundles":[],"attestation_bundles":[]}`, `the provenance: the name "attestation_bundles" occurs twice`},
		{"a name twice, escaped", `{"version":1,"attestation_bundles":[],"attestation\u005fbundles":[]}`, `the provenance: the name "attestation_bundles" occurs twice`},
		{"a name twice where nobody looks", `{"version":1,"attestation_bundles":[],"x":{"y":1,"y":2}}`, `the provenance: the name "y" occurs twice`},
		{"a kind twice", wrapped(`{"kind":"GitHub","kind":"GitLab"}`, one), `the provenance: the name "kind" occurs twice`},
		{"not UTF-8", "{\"version\":1,\"x\":\"\xff\",\"attestation_bundles\":[]}", "the provenance: it is not one JSON value (byte 18)"},
		{"too deep", strings.Repeat("[", 65) + strings.Repeat("]", 65), "the provenance: it is nested more than 64 deep"},
		{"too many bundles", `{"version":1,"attestation_bundles":[` + bundles + `]}`, "17 bundles are more than the 16 that are read"},
		{"too many attestations", wrapped(github, many...), "it holds more than the 16 attestations that are read"},
		{"too large", strings.Repeat(" ", sigstore.MaxProvenanceSize) + "1", "the provenance: 2097153 bytes are more than the 2097152 that are read"},
		{"a broken attestation", wrapped(github, `{"version":1}`), "the certificate is missing or too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sigstore.ParseProvenance([]byte(c.data))
			check(t, err, c.want)
		})
	}
	p, err := sigstore.ParseProvenance([]byte(`{"version":7,"attestation_bundles":"none"}`))
	if err != nil || p.Version != 7 || p.Bundles != nil {
		t.Errorf("of version 7 is read %+v, %v", p, err)
	}
}

func check(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("the error is %q", err)
		}
		return
	}
	if err == nil || err.Error() != want {
		t.Errorf("the error is %q, want %q", fmt.Sprint(err), want)
	}
	if !errors.Is(err, sigstore.ErrMalformed) {
		t.Errorf("the error %q is not of the class malformed", fmt.Sprint(err))
	}
}

var quotedInteger = regexp.MustCompile(`"integratedTime":"([0-9]+)"`)

func TestParseAttestation(t *testing.T) {
	one := sample(t)
	var parts struct {
		Material struct {
			Certificate string            `json:"certificate"`
			Entries     []json.RawMessage `json:"transparency_entries"`
		} `json:"verification_material"`
		Envelope struct {
			Statement string `json:"statement"`
			Signature string `json:"signature"`
		} `json:"envelope"`
	}
	if err := json.Unmarshal([]byte(one), &parts); err != nil {
		t.Fatal(err)
	}
	replace := func(old, changed string) string {
		t.Helper()
		if !strings.Contains(one, old) {
			t.Fatalf("the sample does not hold %q", old)
		}
		return strings.Replace(one, old, changed, 1)
	}
	stating := func(statement string) string {
		return replace(parts.Envelope.Statement, base64.StdEncoding.EncodeToString([]byte(statement)))
	}
	entry := string(parts.Material.Entries[0])
	digest := strings.Repeat("0", 64)
	of := func(subject, predicate string) string {
		return `{"_type":"https://in-toto.io/Statement/v1","subject":` + subject + `,"predicateType":"` + sigstore.PublishV1 + `"` + predicate + `}`
	}
	good := `[{"name":"a","digest":{"sha256":"` + digest + `"}}]`
	brokenLines := parts.Material.Certificate[:76] + `\n` + parts.Material.Certificate[76:]
	for _, c := range []struct{ name, data, want string }{
		{"plain", one, ""},
		{"base64 in lines", replace(parts.Material.Certificate, brokenLines), ""},
		{"integers as numbers", quotedInteger.ReplaceAllString(one, `"integratedTime":$1`), ""},
		{"null timestamps", replace(`"verification_material":{`, `"verification_material":{"timestamps":null,`), ""},
		{"body null", stating(of(good, `,"predicate":null`)), ""},
		{"body empty", stating(of(good, `,"predicate":{ }`)), ""},
		{"body missing", stating(of(good, ``)), ""},
		{"version 3", `{"version":3,"x":[]}`, ""},
		{"a body", stating(of(good, `,"predicate":{"a":1}`)), "the publish statement has a body"},
		{"a body that is a list", stating(of(good, `,"predicate":[]`)), "the publish statement has a body"},
		{"no type", stating(`{"predicateType":"x"}`), "the statement has no usable type"},
		{"no predicate type", stating(`{"_type":"https://in-toto.io/Statement/v1"}`), "the statement has no usable type"},
		{"no subject", stating(of(`[]`, ``)), "the statement has 0 subjects, not one"},
		{"null subject", stating(of(`null`, ``)), "the statement has 0 subjects, not one"},
		{"subject of another type", stating(of(`{}`, ``)), "the statement's subject: the whole is not of the type that it should be"},
		{"digest twice", stating(of(`[{"name":"a","digest":{"sha256":"`+digest+`","sha256":"x"}}]`, ``)), `the statement: the name "sha256" occurs twice`},
		{"no sha256", stating(of(`[{"name":"a","digest":{"sha512":"00"}}]`, ``)), "the statement's subject has no sha256 digest"},
		{"short sha256", stating(of(`[{"name":"a","digest":{"sha256":"00"}}]`, ``)), "the statement's subject has no sha256 digest"},
		{"sha256 in capitals", stating(of(`[{"name":"a","digest":{"sha256":"`+strings.Repeat("A", 64)+`"}}]`, ``)), "the statement's subject has no sha256 digest"},
		{"no name", stating(of(`[{"digest":{"sha256":"`+digest+`"}}]`, ``)), "the statement's subject has no usable name or too many digests"},
		{"trailing statement", stating(of(good, ``) + "{}"), "the statement: it is not one JSON value (byte 219)"},
		{"statement too deep", stating(strings.Repeat("[", 65)), "the statement: it is nested more than 64 deep"},
		{"no signature", replace(parts.Envelope.Signature, ""), "the signature is missing or too large"},
		{"large signature", replace(parts.Envelope.Signature, strings.Repeat("AAAA", 2000)), "the signature is missing or too large"},
		{"not base64", replace(parts.Envelope.Signature, "!"+parts.Envelope.Signature[1:]), "the attestation: /envelope/signature is not base64"},
		{"URL-safe base64", replace(parts.Envelope.Signature, "____"), "the attestation: /envelope/signature is not base64"},
		{"base64 of another type", replace(`"`+parts.Envelope.Signature+`"`, "7"), "the attestation: /envelope/signature is not a string"},
		{"no certificate", replace(parts.Material.Certificate, ""), "the certificate is missing or too large"},
		{"a name for a certificate", replace(parts.Material.Certificate, "AAAA"), "the certificate cannot be read: x509: malformed certificate"},
		{"a large timestamp", replace(`"verification_material":{`, `"verification_material":{"timestamps":["`+strings.Repeat("AAAA", 22000)+`"],`), "a timestamp is empty or too large"},
		{"an empty timestamp", replace(`"verification_material":{`, `"verification_material":{"timestamps":[""],`), "a timestamp is empty or too large"},
		{"many timestamps", replace(`"verification_material":{`, `"verification_material":{"timestamps":["AA=="`+strings.Repeat(`,"AA=="`, 8)+`],`), "9 timestamps are more than the 8 that are read"},
		{"many entries", replace(entry, entry+strings.Repeat(","+entry, 8)), "9 log entries are more than the 8 that are read"},
		{"empty entry", replace(entry, `{}`), "log entry 1: it names no log"},
		{"null entry", replace(entry, `null`), "log entry 1: it names no log"},
		{"entry of another type", replace(entry, `"x"`), "the attestation: /verification_material/transparency_entries/0 is not of the type that it should be"},
		{"entry without body", replace(`"canonicalizedBody"`, `"body"`), "log entry 1: it has no usable body"},
		{"entry without proof", replace(`"inclusionProof"`, `"proof"`), "log entry 1: it has no inclusion proof"},
		{"entry without kind", replace(`"kindVersion"`, `"kindversion"`), "log entry 1: it names no kind"},
		{"a time with a sign", replace(`"integratedTime":"`, `"integratedTime":"+`), "the attestation: /verification_material/transparency_entries/0/integratedTime is not an integer"},
		{"a time with a point", replace(`"integratedTime":"`, `"integratedTime":"1.`), "the attestation: /verification_material/transparency_entries/0/integratedTime is not an integer"},
		{"a negative time", replace(`"integratedTime":"`, `"integratedTime":"-`), "log entry 1: it has a negative index or time"},
		{"an endless time", replace(`"integratedTime":"`, `"integratedTime":"99999999999999999999`), "the attestation: /verification_material/transparency_entries/0/integratedTime is not an integer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sigstore.ParseAttestation([]byte(c.data))
			check(t, err, c.want)
		})
	}
}

func TestParseBundle(t *testing.T) {
	media := func(s string) string { return `{"mediaType":"application/vnd.dev.sigstore.bundle` + s + `"` }
	v3 := media(".v0.3+json")
	for _, c := range []struct{ name, data, want string }{
		{"nothing", ``, "the bundle: it is not one JSON value (byte 0)"},
		{"no media type", `{}`, "the bundle has no usable media type"},
		{"no content", v3 + `}`, "the bundle holds not exactly one certificate or key"},
		{"a member that is not known", v3 + `,"other":1}`, "the bundle: /other is not a known member"},
		{"a member in another spelling", v3 + `,"verification_material":{}}`, "the bundle: /verification_material is not a known member"},
		{"a name twice", v3 + `,"mediaType":"x"}`, `the bundle: the name "mediaType" occurs twice`},
		{"a key and a certificate", v3 + `,"verificationMaterial":{"publicKey":{"hint":"x"},"certificate":{"rawBytes":"AAAA"}}}`,
			"the bundle holds not exactly one certificate or key"},
		{"a chain in v0.3", v3 + `,"verificationMaterial":{"x509CertificateChain":{"certificates":[{"rawBytes":"AAAA"}]}}}`,
			"the bundle's certificate chain is empty, too long or out of place"},
		{"an empty chain", media("+json;version=0.1") + `,"verificationMaterial":{"x509CertificateChain":{"certificates":[]}}}`,
			"the bundle's certificate chain is empty, too long or out of place"},
		{"nothing signed", v3 + `,"verificationMaterial":{"publicKey":{"hint":"x"}}}`,
			"the bundle holds not exactly one of an envelope and a message signature"},
		{"two signatures", v3 + `,"verificationMaterial":{"publicKey":{}},"dsseEnvelope":{"payload":"AAAA","payloadType":"x","signatures":[{"sig":"AA=="},{"sig":"AA=="}]}}`,
			"the envelope has 2 signatures, not one"},
		{"no payload", v3 + `,"verificationMaterial":{"publicKey":{}},"dsseEnvelope":{"payloadType":"x","signatures":[{"sig":"AA=="}]}}`,
			"the envelope has no usable payload"},
		{"no digest", v3 + `,"verificationMaterial":{"publicKey":{}},"messageSignature":{"signature":"AAAA"}}`,
			"the message signature has no usable digest"},
		{"a short digest", v3 + `,"verificationMaterial":{"publicKey":{}},"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"AAAA"},"signature":"AAAA"}}`,
			"the message signature has a sha256 digest of the wrong length"},
		{"too large", strings.Repeat(" ", sigstore.MaxBundleSize+1), "the bundle: 1048577 bytes are more than the 1048576 that are read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sigstore.ParseBundle([]byte(c.data))
			check(t, err, c.want)
		})
	}
	_, err := sigstore.ParseBundle([]byte(media(".v0.4+json") + `,"whatever":1}`))
	if !errors.Is(err, sigstore.ErrUnknownVersion) || err.Error() != `a bundle of type "application/vnd.dev.sigstore.bundle.v0.4+json"` {
		t.Errorf("the error is %v", err)
	}
}
