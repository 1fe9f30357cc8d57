package index

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"assay/internal/pypi"
)

// acceptPage is what modern clients ask for: JSON, else either name of HTML.
const acceptPage = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"

// Page returns a project's page of an index. indexURL is the base of the
// index's Simple API and may carry credentials; project is a name in any
// spelling. The page is shared: it must not be changed.
//
// The error is ErrNotFound where the index has no such project, a
// [*pypi.PageError] where its page cannot be read without doubt, ErrContentType
// where the answer is no page at all, [*StatusError] or another class of this
// package where it could not be had.
func (c *Client) Page(ctx context.Context, indexURL, project string) (*pypi.Page, error) {
	u, err := PageURL(indexURL, project)
	if err != nil {
		return nil, err
	}
	key := Key(u)
	if u.User != nil {
		key = u.User.String() + "@" + key
	}
	return c.pages.get(ctx, key, func(ctx context.Context) (found[*pypi.Page], error) {
		page, size, err := c.page(ctx, u)
		if err != nil {
			return found[*pypi.Page]{keep: c.limits.freshError}, err
		}
		return found[*pypi.Page]{page, size, c.limits.fresh}, nil
	})
}

// Flat returns a page of links to files of any project, such as --find-links names. The
// page is shared, and the errors are those of [Client.Page].
func (c *Client) Flat(ctx context.Context, pageURL string) (*pypi.Page, error) {
	u, err := parse(pageURL)
	if err != nil {
		return nil, err
	}
	key := "flat " + Key(u)
	if u.User != nil {
		key = u.User.String() + "@" + key
	}
	return c.pages.get(ctx, key, func(ctx context.Context) (found[*pypi.Page], error) {
		page, size, _, err := c.read(ctx, u)
		if err != nil {
			return found[*pypi.Page]{keep: c.limits.freshError}, err
		}
		return found[*pypi.Page]{page, size, c.limits.fresh}, nil
	})
}

// PageURL returns the URL of a project's page: <index>/<normalised project>/.
func PageURL(indexURL, project string) (*url.URL, error) {
	base, err := parse(indexURL)
	if err != nil {
		return nil, err
	}
	name, err := pypi.NormalizeName(project)
	if err != nil {
		return nil, err
	}
	if base.Path == "" {
		base.Path = "/"
	}
	u := base.JoinPath(name, "/")
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

func (c *Client) page(ctx context.Context, u *url.URL) (*pypi.Page, int64, error) {
	page, size, from, err := c.read(ctx, u)
	if err != nil {
		return nil, 0, err
	}
	asked := strings.TrimSuffix(u.Path, "/")
	asked = asked[strings.LastIndexByte(asked, '/')+1:]
	if page.Name != "" && page.Name != asked {
		return nil, 0, fmt.Errorf("%s: %w", Redact(from),
			&pypi.PageError{Detail: fmt.Sprintf("it is the page of %q, not of %q", page.Name, asked)})
	}
	return page, size, nil
}

// read asks for a page, and returns its size and where it came from.
func (c *Client) read(ctx context.Context, u *url.URL) (*pypi.Page, int64, *url.URL, error) {
	got, err := c.fetch(ctx, request{url: u, accept: acceptPage}, c.limits.pageSize, c.limits.pageTime)
	if err != nil {
		return nil, 0, nil, err
	}
	page, err := pypi.ParsePage(got.contentType, got.body, got.url)
	var malformed *pypi.PageError
	switch {
	case errors.As(err, &malformed):
		return nil, 0, nil, fmt.Errorf("%s: %w", Redact(got.url), err)
	case errors.Is(err, pypi.ErrNotAPage):
		return nil, 0, nil, failed(ErrContentType, "%s is no project page: %v", Redact(got.url), err)
	case err != nil:
		return nil, 0, nil, fmt.Errorf("%s: %w", Redact(got.url), err)
	}
	return page, int64(len(got.body)), got.url, nil
}
