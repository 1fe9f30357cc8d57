package pypi

import "net/url"

func parseJSON(body []byte, base *url.URL) (*Page, error) { return nil, ErrNotAPage }
func parseHTML(body []byte, base *url.URL) (*Page, error) { return nil, ErrNotAPage }

// WithYanked returns the page's body with exactly the given files (index in
// Files, with the reason) marked as yanked, and everything else byte for byte
// as it was.
func (p *Page) WithYanked(reasons map[int]string) ([]byte, error) { return p.body, nil }
