package intercept_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"assay/internal/catalog"
)

// An address alone tells documents of the JSON API from everything else.
func TestDocumentsAreJudgedLikePages(t *testing.T) {
	const body = `{"info":{},"urls":[]}`
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Etag", `"one"`)
		_, _ = w.Write([]byte(body))
	}))
	w.desk.page = func(u *url.URL, contentType string, got []byte) (catalog.Page, error) {
		if contentType != "application/json" || string(got) != body {
			t.Errorf("the desk was shown %s %s", contentType, got)
		}
		if strings.Contains(u.Path, "/2.0/") {
			return catalog.Page{Body: []byte(`{"edited":true}`), Edited: true}, nil
		}
		return catalog.Page{Body: got}, nil
	}
	for _, tt := range []struct{ path, want, cache, asked string }{
		{"/pypi/demo/json", body, "", "page /pypi/demo/json"},
		{"/root/pypi/demo/1.0/json", body, "", "page /root/pypi/demo/1.0/json"},
		{"/pypi/demo/2.0/json", `{"edited":true}`, "no-store", "page /pypi/demo/2.0/json"},
		{"/pypi/demo", body, "", ""},
		{"/api/demo/json", body, "", ""},
		{"/search?q=/pypi/demo/json", body, "", ""},
	} {
		before := len(w.desk.log())
		resp, got, err := w.get(t, tt.path, "Accept", "*/*")
		if err != nil {
			t.Fatal(err)
		}
		asked := strings.Join(w.desk.log()[before:], " ")
		if string(got) != tt.want || asked != tt.asked || resp.Header.Get("Cache-Control") != tt.cache || (resp.Header.Get("Etag") == "") != (tt.cache != "") {
			t.Errorf("%s: %s, asked %q, %v", tt.path, got, asked, resp.Header)
		}
	}
}

// An installer would follow a document's redirect to an address that tells
// nothing.
func TestADocumentsRedirectsAreFollowed(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/pypi/demo/json":
			http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
		case "/elsewhere":
			http.Redirect(w, r, "/at-last", http.StatusFound)
		case "/at-last":
			_, _ = w.Write([]byte("body"))
		case "/pypi/gone/json":
			http.Redirect(w, r, "/nothing", http.StatusFound)
		case "/nothing":
			http.Error(w, "gone", http.StatusNotFound)
		case "/pypi/plain/json":
			http.Redirect(w, r, "http://"+r.Host+"/at-last", http.StatusFound)
		default:
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}
	}))
	for _, tt := range []struct {
		path   string
		status int
		body   string
		asked  string
	}{
		{"/pypi/demo/json", 200, "body", "page /pypi/demo/json"},
		{"/pypi/gone/json", 404, "gone\n", ""},
		{"/pypi/plain/json", 502, "", "unread /pypi/plain/json page.unavailable: "},
		{"/pypi/loop/json", 502, "", "unread /pypi/loop/json page.unavailable: "},
	} {
		before := len(w.desk.log())
		resp, got, err := w.get(t, tt.path, "Accept", "*/*")
		if err != nil {
			t.Fatal(err)
		}
		asked := strings.Join(w.desk.log()[before:], " ")
		if resp.StatusCode != tt.status || tt.body != "" && string(got) != tt.body || !strings.HasPrefix(asked, tt.asked) || tt.asked == "" && asked != "" {
			t.Errorf("%s: %d %s, asked %q", tt.path, resp.StatusCode, got, asked)
		}
	}
}
