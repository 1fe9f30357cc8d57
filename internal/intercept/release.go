package intercept

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"assay/internal/pypi"
)

// isDocument reports whether a URL is that of a document of PyPI's JSON API, which
// only its address tells: Poetry asks for it as for anything. What is behind other
// services' addresses of this form the Desk hands on as it is.
func isDocument(u *url.URL) bool {
	_, ok := pypi.DocumentAt(u)
	return ok
}

// arrive follows the redirects of a document. The installer would follow them to
// an address that does not show what is there. Everything else goes through as it
// is, for a page's links are relative to where it ends.
func (x *exchange) arrive(ctx context.Context, h http.Header, resp *http.Response) (*http.Response, error) {
	if !isDocument(x.url) {
		return resp, nil
	}
	h, u := h.Clone(), x.url
	for range maxRedirects {
		if !isRedirect(resp) {
			return resp, nil
		}
		discard(resp)
		outside := x.isOutside(u, resp)
		var err error
		if u, err = redirected(u, outside, resp, h); err != nil {
			return nil, err
		}
		if outside {
			ctx = guarded(ctx)
		}
		if resp, err = x.send(ctx, http.MethodGet, u, h.Clone(), nil, 0); err != nil {
			return nil, err
		}
	}
	if isRedirect(resp) {
		discard(resp)
		return nil, fmt.Errorf("%w: there are more than %d", errRedirect, maxRedirects)
	}
	return resp, nil
}
