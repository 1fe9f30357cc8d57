package index

import "context"

// asSent is the coding of bytes that nobody decodes, whatever a server calls them: some
// say of a .gz file that it is a page that was compressed on its way.
const asSent = "identity"

// Document asks for what a person's URL names, such as a file of keys, and returns it
// whole, as it was sent: at most size bytes. It is asked for over https, and over plain
// http on this computer only. The error is [ErrNotFound], *[StatusError] or another class
// of this package.
func (c *Client) Document(ctx context.Context, raw string, size int64) ([]byte, error) {
	u, err := parse(raw)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "https" && !IsLoopback(u.Hostname()) {
		return nil, failed(ErrURL, "%s is not an https URL", Redact(u))
	}
	got, err := c.fetch(ctx, request{url: u, accept: "*/*", encoding: asSent}, size, c.limits.documentTime)
	if err != nil {
		return nil, err
	}
	return got.body, nil
}
