package catalog

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"assay/internal/pypi"
)

// A page that lists names over and over costs no more than one that does not.
func TestManyDuplicatesAreCheap(t *testing.T) {
	u, err := url.Parse("https://index.invalid/simple/foo/")
	if err != nil {
		t.Fatal(err)
	}
	const names = 100_000
	page := &pypi.Page{Name: "foo"}
	for i := range 2 * names {
		page.Files = append(page.Files, pypi.File{Filename: fmt.Sprintf("foo-1.0-%06d-py3-none-any.whl", min(i, names-1))})
	}
	done := make(chan sorted, 1)
	go func() { done <- sortPage(page, u) }()
	select {
	case s := <-done:
		if len(s.bad) != names+1 {
			t.Errorf("%d files are refused", len(s.bad))
		}
	case <-time.After(time.Minute):
		t.Fatal("it takes more than a minute")
	}
}
