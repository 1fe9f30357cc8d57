package main

import (
	"net/url"
	"testing"

	"assay/internal/installer"
)

// TestConfigured tells the pages of configured indexes from those that somebody else
// leads to.
func TestConfigured(t *testing.T) {
	parse := func(s string) *url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	u := upstreamOf(nil, installer.Config{
		Indexes:   []installer.Index{{URL: parse("https://me:secret@index.example.invalid:443/simple/")}, {URL: parse("https://corp.example.invalid/a/b")}},
		FindLinks: []installer.Link{{Where: "https://links.example.invalid/links.html"}, {Where: "wheels", Local: true}},
	})
	for page, want := range map[string]bool{
		"https://index.example.invalid/simple/foo/":          true,
		"https://index.example.invalid/simple/":              true,
		"https://index.example.invalid/other/foo/":           false,
		"https://index.example.invalid/simpler/foo/":         false,
		"https://index.example.invalid/simple/../other/foo/": false,
		"https://index.example.invalid/simple/%2e%2e/x/foo/": false,
		"https://index.example.invalid:8443/simple/foo/":     false,
		"https://elsewhere.example.invalid/simple/foo/":      false,
		"https://corp.example.invalid/a/b/foo/":              true,
		"https://links.example.invalid/links.html":           true,
		"https://links.example.invalid/other.html":           false,
	} {
		if got := u.Configured(parse(page)); got != want {
			t.Errorf("%s: %v", page, got)
		}
	}
	for in, want := range map[string]string{"https://a.invalid:443/x/": "https://a.invalid/x/", "http://a.invalid:80/": "http://a.invalid/",
		"http://a.invalid:443/": "http://a.invalid:443/", "https://[::1]:443/": "https://[::1]/"} {
		if got := withoutDefaultPort(parse(in)).String(); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}
