package indextest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"assay/internal/indextest"
)

const (
	wheelName = "demo-1.0-py3-none-any.whl"
	noise     = "-- big-1.0-py3-none-any.whl --\npad: 1MiB\n-- big-1.0.tar.gz --\n"
)

func misbehave(t testing.TB, s *indextest.Server, target, fault string) {
	t.Helper()
	s.Behave("")
	if err := s.Misbehave(target, fault); err != nil {
		t.Fatal(err)
	}
}

func TestBodyFaultsOfFiles(t *testing.T) {
	s := indextest.Start(t, small+noise)
	for _, name := range []string{"big-1.0-py3-none-any.whl", wheelName, "demo-1.0.tar.gz"} {
		url := file(t, s, name).URL
		good := get(t, url).body
		tests := map[string]func(r reply) bool{
			"flipped": func(r reply) bool {
				return bytes.Equal(r.body[:len(good)-1], good[:len(good)-1]) && r.body[len(good)-1] != good[len(good)-1]
			},
			"flipped 10":   func(r reply) bool { return len(r.body) == len(good) && r.body[10] == good[10]^1 },
			"truncated":    func(r reply) bool { return r.err == nil && bytes.Equal(r.body, good[:len(good)/2]) },
			"truncated -1": func(r reply) bool { return r.err == nil && bytes.Equal(r.body, good[:len(good)-1]) },
			"cut": func(r reply) bool {
				return errors.Is(r.err, io.ErrUnexpectedEOF) && r.ContentLength == int64(len(good)) && len(r.body) == len(good)/2
			},
			"cut -1":        func(r reply) bool { return errors.Is(r.err, io.ErrUnexpectedEOF) && len(r.body) == len(good)-1 },
			"cut 0":         func(r reply) bool { return errors.Is(r.err, io.ErrUnexpectedEOF) && len(r.body) == 0 },
			"chunked":       func(r reply) bool { return r.ContentLength == -1 && bytes.Equal(r.body, good) },
			"body nothing":  func(r reply) bool { return string(r.body) == "nothing" },
			"body-of demo/": func(r reply) bool { return strings.Contains(string(r.body), "Links for demo") },
			"swapped": func(r reply) bool {
				return r.StatusCode == 200 && !bytes.Equal(r.body, good) && bytes.Contains(r.body, []byte("SWAPPED"))
			},
			"oversized 2MiB": func(r reply) bool { return len(r.body) == 2<<20 && bytes.HasPrefix(r.body, good) },
		}
		for fault, holds := range tests {
			misbehave(t, s, name, fault)
			if r := get(t, url); !holds(r) {
				t.Errorf("%s: %s: %d, %d of %d bytes, %v", name, fault, r.StatusCode, len(r.body), len(good), r.err)
			}
		}
		s.Behave(name)
		if !bytes.Equal(get(t, url).body, good) {
			t.Errorf("%s goes on misbehaving", name)
		}
	}
}

func TestNoRange(t *testing.T) {
	s := indextest.Start(t, small)
	url := file(t, s, wheelName).URL
	misbehave(t, s, wheelName, "no-range")
	r := get(t, url, "Range", "bytes=5-")
	if r.StatusCode != 200 || r.Header.Get("Accept-Ranges") != "none" || int64(len(r.body)) != file(t, s, wheelName).Size {
		t.Errorf("%d, %v", r.StatusCode, r.Header)
	}
}

func TestSwappedMaterial(t *testing.T) {
	s := indextest.Start(t, small+"-- demo-2.0-py3-none-any.whl --\npublisher: github:acme/demo@release.yml\n")
	f := file(t, s, wheelName)
	sidecar := get(t, f.URL+".metadata").body
	misbehave(t, s, wheelName+".metadata", "swapped")
	if got := get(t, f.URL+".metadata").body; string(got) != string(sidecar)+"Requires-Dist: swapped-in\n" {
		t.Errorf("metadata = %s", got)
	}
	url := s.URL() + "/integrity/demo/1.0/" + wheelName + "/provenance"
	other := get(t, s.URL()+"/integrity/demo/2.0/demo-2.0-py3-none-any.whl/provenance")
	misbehave(t, s, wheelName+".provenance", "body-of demo-2.0-py3-none-any.whl.provenance")
	if got := get(t, url); !bytes.Equal(got.body, other.body) || got.Header.Get("Content-Type") != other.Header.Get("Content-Type") {
		t.Error("the provenance is not that of the other file")
	}
}

func TestPageFaults(t *testing.T) {
	s := indextest.Start(t, small)
	url := s.SimpleURL() + "demo/"
	good := get(t, url, "Accept", typeJSON).body
	parse := func(r reply) (p jsonPage, err error) {
		err = json.Unmarshal(r.body, &p)
		return p, err
	}
	tests := map[string]func(r reply) bool{
		"not-json":                func(r reply) bool { return !json.Valid(r.body) && r.Header.Get("Content-Type") == typeJSON },
		"truncated":               func(r reply) bool { return bytes.Equal(r.body, good[:len(good)/2]) },
		"oversized 3MB":           func(r reply) bool { _, err := parse(r); return err == nil && len(r.body) > 2_999_999 },
		"nested 500":              func(r reply) bool { return strings.Contains(string(r.body), strings.Repeat("[", 500)+"]") },
		"duplicate-keys":          func(r reply) bool { return bytes.Count(r.body, []byte(`"files":[`)) == 2 && json.Valid(r.body) },
		"duplicate-keys name":     func(r reply) bool { return bytes.Count(r.body, []byte(`"name":`)) == 2 },
		"content-type text/plain": func(r reply) bool { return r.Header.Get("Content-Type") == "text/plain" },
		"wrong-name":              func(r reply) bool { p, err := parse(r); return err == nil && p.Name == "other" },
		"foreign-file": func(r reply) bool {
			p, err := parse(r)
			return err == nil && len(p.Files) == 3 && p.Files[2]["filename"] == "other-1.0-py3-none-any.whl"
		},
		"duplicate-file": func(r reply) bool {
			p, err := parse(r)
			return err == nil && len(p.Files) == 4 && p.Files[2]["filename"] == wheelName && p.Files[2]["url"] == p.Files[0]["url"]
		},
		"wrong-hash": func(r reply) bool {
			p, err := parse(r)
			return err == nil && p.Files[0]["hashes"].(map[string]any)["sha256"] == strings.Repeat("0", 64)
		},
		"wrong-metadata-hash": func(r reply) bool {
			p, err := parse(r)
			return err == nil && len(r.body) == len(good) && p.Files[0]["hashes"].(map[string]any)["sha256"] != strings.Repeat("0", 64) && !bytes.Equal(r.body, good)
		},
		"endless times=0": func(r reply) bool { return bytes.Equal(r.body, good) },
	}
	for fault, holds := range tests {
		misbehave(t, s, "demo/", fault)
		if r := get(t, url, "Accept", typeJSON); !holds(r) {
			t.Errorf("%s: %.300s", fault, r.body)
		}
		if r := get(t, url); r.StatusCode != 200 || !strings.Contains(fault, "type") && !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: HTML: %d %v", fault, r.StatusCode, r.Header)
		}
	}
	s.Behave("")
	if !bytes.Equal(get(t, url, "Accept", typeJSON).body, good) {
		t.Error("the page goes on misbehaving")
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	s := indextest.Start(t, small)
	url := s.SimpleURL() + "demo/"
	for _, code := range []string{"403", "404", "429", "500", "503"} {
		misbehave(t, s, "demo/", "status "+code+" times=1")
		if r := get(t, url); !strings.HasPrefix(r.Status, code) {
			t.Errorf("status = %s, want %s", r.Status, code)
		}
		if r := get(t, url); r.StatusCode != 200 {
			t.Errorf("the second time %s", r.Status)
		}
	}
	misbehave(t, s, "*", "status 500 skip=1")
	if first, second := get(t, url), get(t, url); first.StatusCode != 200 || second.StatusCode != 500 {
		t.Errorf("skip=1: %s, %s", first.Status, second.Status)
	}
	misbehave(t, s, "/simple/", "redirect loop")
	if r := get(t, s.SimpleURL()); r.StatusCode != 302 || r.Header.Get("Location") != "/simple/" {
		t.Errorf("loop: %s to %s", r.Status, r.Header.Get("Location"))
	}
	misbehave(t, s, "demo/", "redirect host")
	r := get(t, url)
	if want := s.HostURL("localhost") + "/simple/demo/"; r.Header.Get("Location") != want {
		t.Errorf("host: %s, want %s", r.Header.Get("Location"), want)
	}
	if r := get(t, r.Header.Get("Location")); r.StatusCode != 200 {
		t.Errorf("host: then %s", r.Status)
	}
	misbehave(t, s, "demo/", "redirect https://other.example.invalid/")
	if r := get(t, url); r.Header.Get("Location") != "https://other.example.invalid/" {
		t.Errorf("URL: %s", r.Header.Get("Location"))
	}
	misbehave(t, s, "demo/", "drop")
	if r := request(t, http.MethodGet, url); r.Response != nil || !errors.Is(r.err, io.EOF) {
		t.Errorf("drop: %v", r.err)
	}
	misbehave(t, s, "demo/", "endless-headers")
	if r := request(t, http.MethodGet, url); r.Response != nil || !strings.Contains(r.err.Error(), "server response headers exceeded") {
		t.Errorf("endless-headers: %v", r.err)
	}
}

func TestSlowness(t *testing.T) {
	s := indextest.Start(t, small)
	url := s.SimpleURL() + "demo/"
	begin := time.Now()
	misbehave(t, s, "demo/", "delay 50ms")
	if r := get(t, url); r.StatusCode != 200 || time.Since(begin) < 50*time.Millisecond {
		t.Errorf("delay: %s after %v", r.Status, time.Since(begin))
	}
	misbehave(t, s, "demo/", "slow 2000")
	begin = time.Now()
	if r := get(t, url); r.err != nil || time.Since(begin) < 50*time.Millisecond {
		t.Errorf("slow: %v after %v", r.err, time.Since(begin))
	}
	for _, fault := range []string{"slow 1", "endless", "delay 1h"} {
		misbehave(t, s, "demo/", fault)
		client := &http.Client{Timeout: 200 * time.Millisecond}
		resp, err := client.Get(url)
		if err == nil {
			var n int64
			n, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if fault == "slow 1" && n > 2 {
				t.Errorf("%s: %d bytes", fault, n)
			}
			if fault == "endless" && n < 100_000 {
				t.Errorf("%s: %d bytes", fault, n)
			}
		}
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s: %v", fault, err)
		}
	}
}

func TestGzipBomb(t *testing.T) {
	s := indextest.Start(t, small)
	misbehave(t, s, "demo/", "gzip-bomb 50MB")
	r := get(t, s.SimpleURL()+"demo/", "Accept", typeJSON)
	if r.Header.Get("Content-Encoding") != "gzip" || len(r.body) > 100_000 {
		t.Fatalf("%d bytes, %v", len(r.body), r.Header)
	}
	z, err := gzip.NewReader(bytes.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, z); err != nil || n != 50_000_000 {
		t.Errorf("unpacks to %d bytes, %v", n, err)
	}
}

// TestCloseEndsEverything shows that no answer outlives the server.
func TestCloseEndsEverything(t *testing.T) {
	s := indextest.Start(t, small)
	misbehave(t, s, "*", "slow 1")
	resp, err := http.Get(s.SimpleURL())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, resp.Body)
		done <- err
	}()
	s.Close()
	select {
	case err := <-done:
		if err == nil {
			t.Error("the answer ended well")
		}
	case <-time.After(5 * time.Second):
		t.Error("the answer goes on")
	}
}
