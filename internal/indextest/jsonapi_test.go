package indextest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"assay/internal/pypi"
)

func TestDocuments(t *testing.T) {
	s := Start(t, `
-- demo-1.0-py3-none-any.whl --
requires-dist: dep>=1
requires-python: >=3.8
summary: a demo
-- demo-10.0.tar.gz --
yanked: broken
-- demo-2.0-py3-none-any.whl --
-- demo-2.0.tar.gz --
yanked:
-- empty/ --
status: active
`)
	get := func(path string) (int, []byte) {
		t.Helper()
		resp, err := http.Get(s.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode == http.StatusOK && resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", path, resp.Header)
		}
		return resp.StatusCode, body
	}
	for _, tt := range []struct{ path, want string }{
		{"/pypi/demo/json", `demo 10.0 requires <nil> python <nil> "" yanked true broken; urls demo-10.0.tar.gz; releases 1.0 10.0 2.0`},
		{"/pypi/demo/1.0/json", `demo 1.0 requires [dep>=1] python >=3.8 "a demo" yanked false <nil>; urls demo-1.0-py3-none-any.whl; releases`},
		{"/pypi/Demo/2.0/json", `demo 2.0 requires <nil> python <nil> "" yanked false <nil>; urls demo-2.0-py3-none-any.whl demo-2.0.tar.gz; releases`},
		{"/pypi/demo/3.0/json", ""},
		{"/pypi/empty/json", ""},
		{"/pypi/none/json", ""},
		{"/pypi/demo", ""},
		{"/pypi/demo/2.0/x/json", ""},
	} {
		status, body := get(tt.path)
		if tt.want == "" {
			if status != http.StatusNotFound {
				t.Errorf("%s: status %d", tt.path, status)
			}
			continue
		}
		var doc struct {
			Info     map[string]any
			URLs     []struct{ Filename string }
			Releases map[string]any
		}
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Fatalf("%s: %v", tt.path, err)
		}
		i := doc.Info
		got := fmt.Sprintf("%v %v requires %v python %v %q yanked %v %v; urls", i["name"], i["version"], i["requires_dist"], i["requires_python"], i["summary"], i["yanked"], i["yanked_reason"])
		for _, u := range doc.URLs {
			got += " " + u.Filename
		}
		got += strings.Join(append([]string{"; releases"}, slices.Sorted(maps.Keys(doc.Releases))...), " ")
		if got != tt.want {
			t.Errorf("%s: %s\nnot %s", tt.path, got, tt.want)
		}
		at, err := url.Parse(s.URL() + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pypi.ParseDocument("application/json", body, at); err != nil {
			t.Errorf("%s: %v", tt.path, err)
		}
	}
	if err := s.Misbehave("/pypi/demo/2.0/json", "wrong-hash"); err != nil {
		t.Fatal(err)
	}
	_, before := get("/pypi/demo/json")
	if _, after := get("/pypi/demo/2.0/json"); strings.Contains(string(after), s.index.files["demo-2.0.tar.gz"].sha256()) ||
		!strings.Contains(string(before), s.index.files["demo-2.0.tar.gz"].sha256()) {
		t.Errorf("%s", after)
	}
}
