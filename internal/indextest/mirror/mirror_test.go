package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay"
	"assay/internal/pypi"
	"assay/internal/sigstore"
	"assay/internal/verify/pep740"
)

// small is an application of two parts.
var small = []part{
	{sources: 30, sourceKB: 90, libraries: 1, libraryKB: 20, others: 6, otherKB: 40, otherPackedKB: 20, metadataKB: 4, optional: 2,
		listed: 100, pythons: 3, platforms: 4, attested: true},
	{sources: 2, sourceKB: 4, others: 3, otherKB: 2, otherPackedKB: 1, metadataKB: 1, listed: 8, asked: true, requires: []int{0}},
}

func TestMirror(t *testing.T) {
	dir := t.TempDir()
	ca, root, asked := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "root.json"), filepath.Join(dir, "requirements.txt")
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"-ca", ca, "-root", root, "-requirements", asked}, w, small) }()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(asked); err != nil || string(got) != "part01\n" {
		t.Errorf("requirements %q, %v", got, err)
	}
	get := getter(t, ca)
	base := strings.TrimSpace(line)
	at, err := url.Parse(base + "part00/")
	if err != nil {
		t.Fatal(err)
	}
	raw, contentType := get(at.String())
	page, err := pypi.ParsePage(contentType, raw, at)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Files) != 7*13 {
		t.Errorf("the page lists %d files, want 7 releases of 13", len(page.Files))
	}
	trusted, err := os.ReadFile(root)
	if err != nil {
		t.Fatal(err)
	}
	checkNewest(t, get, page, trusted)
	if _, contentType := get(base + "nothing/"); strings.Contains(contentType, "simple") {
		t.Errorf("a project that is not there is answered with %s", contentType)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// getter fetches over TLS under the mirror's own root, over HTTP/2.
func getter(t *testing.T, ca string) func(url string) (body []byte, contentType string) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	t.Cleanup(transport.CloseIdleConnections)
	return func(url string) ([]byte, string) {
		t.Helper()
		resp, err := (&http.Client{Transport: transport}).Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.ProtoMajor != 2 {
			t.Fatalf("%s: HTTP/%d, %v", url, resp.ProtoMajor, err)
		}
		return body, resp.Header.Get("Content-Type")
	}
}

// checkNewest holds every file of the newest release to what the page says of it.
func checkNewest(t *testing.T, get func(string) ([]byte, string), page *pypi.Page, trusted []byte) {
	t.Helper()
	root, err := sigstore.ParseRoot(trusted)
	if err != nil {
		t.Fatal(err)
	}
	verifier := pep740.New(root)
	for i, f := range page.Files {
		if !strings.Contains(f.Filename, "-"+version) {
			continue
		}
		a := page.Artifact(i, "")
		provenance, _ := get(f.Provenance)
		ev, err := verifier.Verify(t.Context(), assay.Subject{Artifact: a, Materials: []assay.Material{{Kind: assay.Provenance, Data: provenance}}})
		if err != nil || ev.State != assay.Verified || ev.Claims[0].Identity != "github:acme/part00@release.yml" {
			t.Fatalf("%s: %+v, %v", f.Filename, ev, err)
		}
		if !strings.HasSuffix(f.Filename, ".whl") {
			continue
		}
		wheel, _ := get(f.URL)
		metadata, _ := get(f.URL + ".metadata")
		for body, want := range map[string]string{string(wheel): a.Digests[0].Hex, string(metadata): f.CoreMetadataDigests[0].Hex} {
			if sum := sha256.Sum256([]byte(body)); hex.EncodeToString(sum[:]) != want {
				t.Errorf("%s: another digest than the page's", f.Filename)
			}
		}
		z, err := zip.NewReader(bytes.NewReader(wheel), int64(len(wheel)))
		if err != nil || len(z.File) != 30+1+6 {
			t.Errorf("%s: %d members, %v", f.Filename, len(z.File), err)
		}
	}
}

func TestApplication(t *testing.T) {
	wheels, files := 0, 0
	for i, p := range application {
		wheels++
		files += p.sources + p.libraries + p.others
		for _, r := range p.requires {
			if r == i || r >= len(application) {
				t.Errorf("%s requires number %d", name(i), r)
			}
		}
	}
	if wheels != 60 || files < 6000 {
		t.Errorf("%d wheels, %d files", wheels, files)
	}
	reached := map[int]bool{}
	var visit func(int)
	visit = func(i int) {
		if !reached[i] {
			reached[i] = true
			for _, r := range application[i].requires {
				visit(r)
			}
		}
	}
	for i, p := range application {
		if p.asked {
			visit(i)
		}
	}
	if len(reached) != wheels {
		t.Errorf("%d of %d wheels are asked for or required", len(reached), wheels)
	}
}

func TestErrors(t *testing.T) {
	if err := run(t.Context(), []string{"more"}, io.Discard, small); err == nil || err.Error() != "mirror takes no arguments" {
		t.Errorf("error %v", err)
	}
	if err := run(t.Context(), []string{"-ca", filepath.Join(t.TempDir(), "no", "ca")}, io.Discard, small[1:]); !os.IsNotExist(err) {
		t.Errorf("error %v", err)
	}
}
