package index

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestDocument(t *testing.T) {
	base, c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/keys.gz":
			if got := r.Header.Get("Accept-Encoding"); got != "identity" {
				t.Errorf("Accept-Encoding: %s", got)
			}
			w.Header().Set("Content-Encoding", "gzip")
			w.Write([]byte("\x1f\x8bkeys"))
		case "/moved":
			http.Redirect(w, r, "/keys.gz", http.StatusFound)
		case "/away":
			http.Redirect(w, r, "http://keys.example.invalid/", http.StatusFound)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	for _, path := range []string{"/keys.gz", "/moved"} {
		if data, err := c.Document(t.Context(), base+path, 6); err != nil || string(data) != "\x1f\x8bkeys" {
			t.Errorf("%s: %q, %v", path, data, err)
		}
	}
	for _, tt := range []struct {
		url, text string
		class     error
	}{
		{base + "/none", "BASE/none answered 404 Not Found", ErrNotFound},
		{"http://keys.example.invalid/", "http://keys.example.invalid/ is not an https URL", ErrURL},
		{"file:///etc/passwd", `"file:///etc/passwd" is not an absolute http or https URL`, ErrURL},
	} {
		_, err := c.Document(t.Context(), tt.url, 6)
		if want := strings.ReplaceAll(tt.text, "BASE", base); err == nil || err.Error() != want || !errors.Is(err, tt.class) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if _, err := c.Document(t.Context(), base+"/keys.gz", 5); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}
