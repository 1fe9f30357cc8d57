package intercept_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"assay"
	"assay/internal/catalog"
	"assay/internal/intercept"
)

// What is judged of a file holds what the inspector saw of every byte; of core
// metadata it holds the fields.
func TestInspection(t *testing.T) {
	large := content(9 << 20)
	long := "Name: foo\n" + strings.Repeat("a description, line by line\n", 20_000)
	served := map[string]string{wheel: "a wheel", "/large-1.0.tar.gz": string(large), "/panic-1.0.tar.gz": "an sdist",
		wheel + ".metadata": "Name: foo\n", "/long-1.0.whl.metadata": long}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, served[r.URL.Path]) })
	var mu sync.Mutex
	var names []string
	w := newWorld(t, handler, func(c *intercept.Config) {
		c.Inspect = func(filename string, r io.Reader) (*assay.Inside, error) {
			mu.Lock()
			names = append(names, filename)
			mu.Unlock()
			if strings.HasPrefix(filename, "panic") {
				panic("a bad archive")
			}
			seen, err := io.ReadAll(r)
			return &assay.Inside{Format: "wheel", Metadata: seen}, err
		}
	})
	w.desk.file = func(u *url.URL) (*catalog.File, error) {
		name, metadata := strings.CutSuffix(u.Path[strings.LastIndexByte(u.Path, '/')+1:], ".metadata")
		f := promise(name, nil)
		f.Promised, f.Size, f.Metadata = nil, 0, metadata
		return f, nil
	}
	var inside *assay.Inside
	w.desk.conclude = func(_ *catalog.File, c assay.Content) (assay.Decision, error) {
		inside = c.Inside
		return assay.Decision{Verdict: assay.Allow}, nil
	}
	for _, path := range []string{wheel, "/large-1.0.tar.gz", "/panic-1.0.tar.gz", wheel + ".metadata", "/long-1.0.whl.metadata"} {
		inside = nil
		_, body, err := w.get(t, path)
		if err != nil || string(body) != served[path] || inside == nil {
			t.Fatalf("%s: %v, %d bytes, %v", path, err, len(body), inside)
		}
		switch {
		case strings.HasPrefix(path, "/panic"):
			if got := fmt.Sprint(inside.Findings); got != "[{evidence.invalid looking inside of the file broke down (a bad archive)}]" {
				t.Errorf("%s: %s", path, got)
			}
		case strings.HasPrefix(path, "/long"):
			if n := len(inside.Metadata); n < 250<<10 || n > 256<<10 || !strings.HasPrefix(long, string(inside.Metadata)) || !bytes.HasSuffix(inside.Metadata, []byte("line\n")) {
				t.Errorf("%s: %d bytes are kept", path, n)
			}
		case string(inside.Metadata) != served[path]:
			t.Errorf("%s: the inspector saw %d bytes", path, len(inside.Metadata))
		}
	}
	if got := strings.Join(names, " "); got != "foo-1.0-py3-none-any.whl large-1.0.tar.gz panic-1.0.tar.gz" {
		t.Errorf("inspected were %s", got)
	}
}
