package indextest_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"assay/internal/indextest"
)

func TestBasicAuth(t *testing.T) {
	s := indextest.Start(t, small, indextest.WithBasicAuth("me", "secret"))
	r := get(t, s.SimpleURL())
	if r.StatusCode != 401 || r.Header.Get("WWW-Authenticate") != `Basic realm="index"` {
		t.Errorf("without credentials: %d %v", r.StatusCode, r.Header)
	}
	credentials := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:secret"))
	if r := get(t, s.SimpleURL(), "Authorization", credentials); r.StatusCode != 200 {
		t.Errorf("with credentials: %d", r.StatusCode)
	}
	if got := s.Requests(); got[0].User != "" || got[1].User != "me" || got[0].Status != 401 {
		t.Errorf("requests = %+v", got)
	}
}

func TestTLS(t *testing.T) {
	s := indextest.Start(t, "-- index --\nfiles-host: localhost\n"+small, indextest.WithTLS())
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CertificatePEM()) {
		t.Fatal("no certificate")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	f := getThrough(t, client, s.SimpleURL()+"demo/")
	if !strings.HasPrefix(f, "https://localhost:") {
		t.Fatalf("file URL = %s", f)
	}
	resp, err := client.Get(f)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.ProtoMajor != 1 {
		t.Errorf("%s: %s over %s", f, resp.Status, resp.Proto)
	}
}

// getThrough returns the URL of a page's first file.
func getThrough(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", typeJSON)
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var p jsonPage
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p.Files[0]["url"].(string)
}

func TestRequests(t *testing.T) {
	s := indextest.Start(t, small)
	f := file(t, s, "dep-1.0-py3-none-any.whl")
	get(t, f.URL, "Range", "bytes=0-9", "User-Agent", "test/1")
	request(t, http.MethodHead, f.URL)
	got := s.Requests()
	if len(got) != 2 || got[0].Range != "bytes=0-9" || got[0].Status != 206 || got[0].Bytes != 10 || got[0].UserAgent != "test/1" || got[1].Method != "HEAD" || got[1].Bytes != 0 {
		t.Errorf("requests = %+v", got)
	}
	if s.Count("HEAD", ".whl") != 1 || s.Count("", "dep-1.0") != 2 || s.Count("GET", "demo") != 0 {
		t.Error("counts are wrong")
	}
	s.ResetRequests()
	if len(s.Requests()) != 0 {
		t.Error("requests are not forgotten")
	}
}

func TestErrors(t *testing.T) {
	tests := map[string]string{
		"-- what --\n":                                                           `indextest: section "what" is neither index, PROJECT/, FILENAME nor FILENAME/MEMBER`,
		"-- a-1.0.whl --\n":                                                      `indextest: a-1.0.whl: a-1.0.whl: not a wheel's file name`,
		"-- a.tar.gz --\n":                                                       `indextest: a.tar.gz: a.tar.gz: not a distribution's file name`,
		"-- a-1.0.zip --\n":                                                      `indextest: a-1.0.zip: only wheels and .tar.gz sdists can be made; use file: for others`,
		"-- a-1.0.tar.gz --\ncolour: red\n":                                      `indextest: a-1.0.tar.gz: colour: unknown key`,
		"-- a-1.0.tar.gz --\ncolour\n":                                           `indextest: a-1.0.tar.gz: line 1: "colour" is not of the form key: value`,
		"-- a-1.0.tar.gz --\npad: 3 stone\n":                                     `indextest: a-1.0.tar.gz: pad: "3 stone" is not a size`,
		"-- a-1.0.tar.gz --\npad: 1GiB\n":                                        `indextest: a-1.0.tar.gz: a-1.0.tar.gz: an sdist is padded by at most 67108864 bytes`,
		"-- a-1.0.tar.gz --\nupload-time: soon\n":                                `indextest: a-1.0.tar.gz: upload-time: "soon" is neither RFC 3339, now, nor a duration from now`,
		"-- a-1.0.tar.gz --\npublisher: me\n":                                    `indextest: a-1.0.tar.gz: publisher: publisher "me" is not of the form kind:name`,
		"-- a-1.0.tar.gz --\nmisissue: me\n":                                     `indextest: a-1.0.tar.gz: misissue: unknown fault "me" of an attestation`,
		"-- a-1.0.tar.gz --\nomit: me\n":                                         `indextest: a-1.0.tar.gz: omit: a page has no key "me" for a file`,
		"-- a-1.0.tar.gz --\nhashes: crc\n":                                      `indextest: a-1.0.tar.gz: hashes: unknown digest "crc"`,
		"-- a-1.0.tar.gz --\nlisted: maybe\n":                                    `indextest: a-1.0.tar.gz: listed: "maybe" is neither yes nor no`,
		"-- a-1.0.tar.gz --\nbackend: mine\n":                                    `indextest: a-1.0.tar.gz: backend: unknown backend "mine"`,
		"-- a-1.0.tar.gz --\nmisbehave: badly\n":                                 `indextest: a-1.0.tar.gz: unknown misbehaviour "badly"`,
		"-- a-1.0.tar.gz --\nmisbehave: status\n":                                `indextest: a-1.0.tar.gz: status: wrong number of arguments`,
		"-- a-1.0.tar.gz --\nmisbehave: status 99\n":                             `indextest: a-1.0.tar.gz: status: "99" is not an HTTP status`,
		"-- a-1.0.tar.gz --\nmisbehave: cut x\n":                                 `indextest: a-1.0.tar.gz: cut: "x" is not a place in a body`,
		"-- a-1.0.tar.gz --\nmisbehave: drop times=x\n":                          `indextest: a-1.0.tar.gz: drop: "times=x" is not a number`,
		"-- index --\nmisbehave: b/ drop\n":                                      `indextest: there is no project "b" to misbehave about`,
		"-- index --\nmisbehave: b-1.tar.gz drop\n":                              `indextest: there is no file "b-1.tar.gz" to misbehave about`,
		"-- a-1.0.tar.gz --\nmisbehave: body-of b-1.tar.gz\n":                    `indextest: a-1.0.tar.gz: body-of: there is no file "b-1.tar.gz" to misbehave about`,
		"-- index --\napi-version: 2.0\n":                                        `indextest: index: api-version "2.0" is not 1.0 to 1.4`,
		"-- index --\nbasic-auth: me\n":                                          `indextest: index: basic-auth is not of the form USER PASSWORD`,
		"-- index --\nrealm: me /\n":                                             `indextest: index: realm is not of the form NAME /PATH USER PASSWORD`,
		"-- index --\nclient-cert: maybe\n":                                      `indextest: index: client-cert: "maybe" is not required`,
		"-- a/ --\nbulk: many\n":                                                 `indextest: a/: bulk: "many" is not a number up to 100000`,
		"-- a/ --\noffers: all\n":                                                `indextest: a/: offers is files, not "all"`,
		"-- a/ --\nx: y\n":                                                       `indextest: a/: unknown key "x"`,
		"-- a/ --\nbulk: 1\n-- a-1.0.0-py3-none-any.whl --\n-- a/ --\nbulk: 1\n": `indextest: a/: a-1.0.0-py3-none-any.whl: described twice`,
	}
	for archive, want := range tests {
		_, err := indextest.New([]byte(archive))
		if err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", archive, err, want)
		}
	}
	s, err := indextest.New(nil, indextest.WithAddr("192.0.2.1:80"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err == nil || err.Error() != `indextest: "192.0.2.1:80" is not a loopback address` {
		t.Errorf("error = %v", err)
	}
}

func BenchmarkNewWith4000Files(b *testing.B) {
	for b.Loop() {
		if _, err := indextest.New([]byte("-- many/ --\nbulk: 4000 github:acme/many@release.yml\n")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPage4000(b *testing.B) {
	s := indextest.Start(b, "-- many/ --\nbulk: 4000 github:acme/many@release.yml\n")
	for b.Loop() {
		b.SetBytes(int64(len(get(b, s.SimpleURL()+"many/", "Accept", typeJSON).body)))
	}
}

func BenchmarkFile100MB(b *testing.B) {
	s := indextest.Start(b, "-- big-1.0-py3-none-any.whl --\npad: 100MB\n")
	f, _ := s.File("big-1.0-py3-none-any.whl")
	b.SetBytes(f.Size)
	for b.Loop() {
		resp, err := http.Get(f.URL)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
	}
}
