package index

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"assay"
)

// besides is a client's option that names these for every file.
func besides(list *[]Beside) Options {
	return Options{Beside: func(assay.Artifact) []Beside { return *list }}
}

func TestBeside(t *testing.T) {
	to := func(location string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/f.asc" {
				answerWith(200, "", "sig")(w, r)
				return
			}
			w.Header().Set("Location", location)
			w.WriteHeader(302)
		}
	}
	const asc = "application/pgp-signature"
	for _, tt := range []struct {
		name    string
		kind    assay.MaterialKind
		offered bool
		handler http.HandlerFunc
		data    string
		err     string
		class   error
	}{
		{"there", assay.OpenPGPSignature, false, answerWith(200, asc, "sig"), "sig", "", nil},
		{"offered, there", assay.OpenPGPSignature, true, answerWith(200, asc, "sig"), "sig", "", nil},
		{"of no type", assay.SSHSignature, true, answerWith(200, ";", "sig"), "sig", "", nil},
		{"as text", assay.OpenPGPChecksums, false, answerWith(200, "text/plain; charset=utf-8", "sums"), "sums", "", nil},
		{"not there", assay.OpenPGPSignature, false, answerWith(404, "text/html", "no"), "", "", nil},
		{"gone", assay.OpenPGPSignature, false, answerWith(410, "text/html", "no"), "", "", nil},
		{"offered, not there", assay.OpenPGPSignature, true, answerWith(404, "text/html", "no"), "", "BASE/f.asc answered 404 Not Found", ErrNotFound},
		{"forbidden", assay.OpenPGPSignature, false, answerWith(403, "text/plain", "no"), "", "BASE/f.asc answered 403 Forbidden", nil},
		{"busy", assay.OpenPGPSignature, false, answerWith(503, "text/plain", "no"), "", "BASE/f.asc answered 503 Service Unavailable", nil},
		{"a web page", assay.OpenPGPSignature, false, answerWith(200, "text/HTML; charset=utf-8", "<p>log in"), "",
			"BASE/f.asc answered with a web page where a signature was asked for", ErrContentType},
		{"offered, a web page", assay.OpenPGPSignature, true, answerWith(200, "text/html", "<p>log in"), "",
			"BASE/f.asc answered with a web page where a signature was asked for", ErrContentType},
		{"as large as it may be", assay.OpenPGPSignature, false, answerWith(200, asc, strings.Repeat("x", 100)), strings.Repeat("x", 100), "", nil},
		{"too large", assay.OpenPGPSignature, false, answerWith(200, asc, strings.Repeat("x", 101)), "", "BASE/f.asc answered with more than 100 bytes", ErrTooLarge},
		{"too large, unpacked", assay.SSHSignature, true, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, strings.Repeat("x", 10_000))
			z.Close()
		}, "", "BASE/f.asc answered with more than 100 bytes", ErrTooLarge},
		{"a list is larger", assay.OpenPGPChecksums, false, answerWith(200, asc, strings.Repeat("x", 200)), strings.Repeat("x", 200), "", nil},
		{"a list is too large", assay.OpenPGPChecksums, false, answerWith(200, asc, strings.Repeat("x", 201)), "", "BASE/f.asc answered with more than 200 bytes", ErrTooLarge},
		{"elsewhere", assay.OpenPGPSignature, false, to("/other"), "sig", "", nil},
		{"offered, elsewhere", assay.OpenPGPSignature, true, to("/other"), "sig", "", nil},
		{"in circles", assay.OpenPGPSignature, false, to("/f.asc"), "", "BASE/f.asc redirects more than 5 times", ErrRedirect},
		{"to a cloud's secrets", assay.OpenPGPSignature, false, to("http://169.254.169.254/latest"), "",
			"BASE/f.asc redirects to http://169.254.169.254/latest, a link-local address", ErrRedirect},
		{"to a file", assay.OpenPGPSignature, true, to("file:///etc/passwd"), "",
			"BASE/f.asc redirects to file:///etc/passwd, which is not an http or https URL", ErrRedirect},
		{"mute", assay.OpenPGPSignature, false, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "",
			"BASE/f.asc did not finish answering within 800ms", ErrTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var list []Beside
			base, c := serve(t, besides(&list), tt.handler)
			c.limits.signatureSize, c.limits.checksumsSize = 100, 200
			list = []Beside{{Kind: tt.kind, URL: base + "/f.asc", Offered: tt.offered}}
			a := wheelAt(base + "/f")
			a.Index = base + "/simple/sample/"
			m, err := c.Materials(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(tt.err, "BASE", base)
			switch {
			case tt.data == "" && want == "":
				if len(m) != 0 {
					t.Errorf("got %+v", m)
				}
			case len(m) != 1 || m[0].Kind != tt.kind || m[0].Name != base+"/f.asc" || string(m[0].Data) != tt.data:
				t.Errorf("got %+v", m)
			case want == "" && m[0].Err != nil, want != "" && (m[0].Err == nil || m[0].Err.Error() != want), tt.class != nil && !errors.Is(m[0].Err, tt.class):
				t.Errorf("got  %v\nwant %s", m[0].Err, want)
			}
		})
	}
}

// TestBesideUnasked names what is not asked for.
func TestBesideUnasked(t *testing.T) {
	var list []Beside
	o := besides(&list)
	o.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s was asked for", r.URL)
		return nil, io.EOF
	})
	c := newClient(o, short())
	for _, tt := range []struct {
		index, url string
		offered    bool
		text       string
	}{
		{"https://a.invalid/x", "http://a.invalid/f.asc", true, "https://a.invalid/x names a signature at http://a.invalid/f.asc, over plain http"},
		{"https://a.invalid/x", "http://127.0.0.1/f.asc", true, "https://a.invalid/x names a signature at http://127.0.0.1/f.asc, on this computer"},
		{"https://a.invalid/x", "https://[fe80::1]/f.asc", true, "https://a.invalid/x names a signature at https://[fe80::1]/f.asc, a link-local address"},
		{"https://a.invalid/x", "http://me:secret@b.invalid/f.asc?token=1", false, "http://b.invalid/f.asc?… is not an https URL"},
		{"http://a.invalid/x", "http://a.invalid/f.asc", false, "http://a.invalid/f.asc is not an https URL"},
		{"https://a.invalid/x", "file:///f.asc", true, `"file:///f.asc" is not an absolute http or https URL`},
		{"https://a.invalid/x", "nonsense", false, `"nonsense" is not an absolute http or https URL`},
		{"https://a.invalid/x", "https://a.invalid/" + strings.Repeat("x", maxURL), false, fmt.Sprintf("a URL of %d bytes is not asked for", maxURL+18)},
	} {
		list = []Beside{{Kind: assay.OpenPGPSignature, URL: tt.url, Offered: tt.offered}}
		m, err := c.Materials(t.Context(), assay.Artifact{Index: tt.index})
		if tt.offered { // a stranger's file leads no further than a page
			list[0].Offered, list[0].Led = false, true
			if led, err := c.Materials(t.Context(), assay.Artifact{Index: tt.index}); err != nil || !reflect.DeepEqual(led, m) {
				t.Errorf("%.80s, by a stranger's file: %+v, %v", tt.url, led, err)
			}
		}
		if err != nil || len(m) != 1 || m[0].Err == nil || m[0].Err.Error() != tt.text || !errors.Is(m[0].Err, ErrURL) {
			t.Errorf("%.80s: %+v, %v, want %s", tt.url, m, err, tt.text)
		}
		if len(m) == 1 && strings.Contains(m[0].Name, "secret") {
			t.Errorf("%s gives a secret away", m[0].Name)
		}
	}
}

// TestBesideProvenance has both, and more signatures than are asked for.
func TestBesideProvenance(t *testing.T) {
	var asked atomic.Int32
	var list []Beside
	base, c := serve(t, besides(&list), func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answerWith(200, "application/json", r.URL.Path)(w, r)
	})
	for i := range maxBeside + 4 {
		list = append(list, Beside{Kind: assay.OpenPGPSignature, URL: fmt.Sprintf("%s/%d", base, i)})
	}
	a := wheelAt(base + "/f")
	a.Index, a.Provenance = base, base+"/p"
	for range 3 { // the answers are remembered, and those of provenance do not grow
		m, err := c.Materials(t.Context(), a)
		if err != nil || len(m) != 1+maxBeside || m[0].Kind != assay.Provenance || string(m[0].Data) != "/p" || string(m[1].Data) != "/0" ||
			m[maxBeside].Name != fmt.Sprintf("%s/%d", base, maxBeside-1) {
			t.Fatalf("%+v, %v", m, err)
		}
	}
	if n := asked.Load(); n != 1+maxBeside {
		t.Errorf("asked %d times", n)
	}
	list = []Beside{{Kind: assay.SSHSignature, URL: base + "/0"}}
	if m, err := c.Materials(t.Context(), a); err != nil || len(m) != 2 || m[1].Kind != assay.SSHSignature {
		t.Errorf("the same address as something else: %+v, %v", m, err)
	}
	list = nil
	if m, err := c.Materials(t.Context(), a); err != nil || len(m) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestBesideOffered asks as the index's page leads, and as the person does.
func TestBesideOffered(t *testing.T) {
	var list []Beside
	for _, offered := range []bool{true, false} {
		type mark struct{}
		o := besides(&list)
		o.Outside = func(ctx context.Context) context.Context { return context.WithValue(ctx, mark{}, true) }
		var marked, named bool
		o.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			marked, _ = r.Context().Value(mark{}).(bool)
			_, _, named = r.BasicAuth()
			return nil, io.EOF
		})
		list = []Beside{{Kind: assay.OpenPGPSignature, URL: "https://me:pw@files.invalid/f.asc", Offered: offered}}
		m, err := newClient(o, short()).Materials(t.Context(), assay.Artifact{Index: "https://index.invalid/simple/x/"})
		if err != nil || len(m) != 1 || m[0].Err == nil || strings.Contains(m[0].Name+m[0].Err.Error(), "pw") {
			t.Errorf("%+v, %v", m, err)
		}
		if marked != offered || named == offered {
			t.Errorf("offered %t: outside %t, with a password %t", offered, marked, named)
		}
	}
}

func TestBesideCancelled(t *testing.T) {
	var list []Beside
	started := make(chan struct{})
	base, c := serve(t, besides(&list), func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
	})
	list = []Beside{{Kind: assay.OpenPGPSignature, URL: base + "/f.asc"}}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	if m, err := c.Materials(ctx, wheelAt(base+"/f")); !errors.Is(err, context.Canceled) || m != nil {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := c.Materials(ctx, wheelAt(base+"/f")); !errors.Is(err, context.Canceled) || m != nil {
		t.Errorf("cancelled before: %+v, %v", m, err)
	}
}
