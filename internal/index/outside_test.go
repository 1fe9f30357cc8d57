package index

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"assay"
)

type outsideKey struct{}

// roundTrip is a transport that notes which requests came with a mark.
type roundTrip struct{ asked []string }

func (rt *roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	line := r.URL.String()
	if r.Context().Value(outsideKey{}) != nil {
		line += " outside"
	}
	rt.asked = append(rt.asked, line)
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader("{}"))}
	if r.URL.Host == "index.example.invalid" && strings.HasSuffix(r.URL.Path, "/moved") {
		answer.StatusCode = http.StatusFound
		answer.Header.Set("Location", "https://files.example.invalid/p")
	}
	return answer, nil
}

// TestOutsideIsMarked shows which requests a transport must keep from this
// computer and its network: those that another's answer led to.
func TestOutsideIsMarked(t *testing.T) {
	const page = "https://index.example.invalid/simple/demo/"
	for name, c := range map[string]struct {
		index, provenance string
		want              []string
	}{
		"of the index itself":          {page, "https://index.example.invalid/p", []string{"https://index.example.invalid/p"}},
		"of another origin":            {page, "https://files.example.invalid/p", []string{"https://files.example.invalid/p outside"}},
		"after a redirect":             {page, "https://index.example.invalid/moved", []string{"https://index.example.invalid/moved", "https://files.example.invalid/p outside"}},
		"of an index on this computer": {"http://127.0.0.1:1/simple/demo/", "http://localhost:1/p", []string{"http://localhost:1/p"}},
	} {
		t.Run(name, func(t *testing.T) {
			rt := &roundTrip{}
			client := New(Options{Transport: rt, Outside: func(ctx context.Context) context.Context { return context.WithValue(ctx, outsideKey{}, true) }})
			m, err := client.Materials(t.Context(), assay.Artifact{Index: c.index, Provenance: c.provenance})
			if err != nil || len(m) != 1 || m[0].Err != nil {
				t.Fatalf("%v, %+v", err, m)
			}
			if !slices.Equal(rt.asked, c.want) {
				t.Errorf("asked %q, want %q", rt.asked, c.want)
			}
		})
	}
}
