package index

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"assay"
)

// The classes of failure beside [StatusError]. Every error of the client wraps
// at most one of them; a cancelled context is returned as it is.
var (
	// ErrNotFound means that the index has no such project, file or provenance
	// (404 or 410).
	ErrNotFound = errors.New("not found")
	// ErrTimeout means that the answer did not come in time.
	ErrTimeout = errors.New("timed out")
	// ErrTooSlow means that the answer came, but too slowly to go on.
	ErrTooSlow = errors.New("too slow")
	// ErrTooLarge means that the answer is larger than anything sane.
	ErrTooLarge = errors.New("too large")
	// ErrContentType means that the answer is not of the kind that was asked
	// for: an HTML log-in page in place of provenance.
	ErrContentType = errors.New("wrong content type")
	// ErrRedirect means that the answer leads somewhere that is not followed.
	ErrRedirect = errors.New("redirect refused")
	// ErrURL means that a URL cannot be asked for.
	ErrURL = errors.New("not a usable URL")
	// ErrEncoding means that the answer's coding is broken or not known.
	ErrEncoding = errors.New("broken content coding")
)

// StatusError means that a server answered with another status than was hoped
// for (404 and 410 are ErrNotFound).
type StatusError struct {
	Status int
	URL    string // without credentials
}

// Error returns "URL answered 503 Service Unavailable".
func (e *StatusError) Error() string {
	s := fmt.Sprintf("%s answered %d", e.URL, e.Status)
	if text := http.StatusText(e.Status); text != "" {
		s += " " + text
	}
	return s
}

// failure is an error about a URL with its class.
type failure struct {
	text  string
	class error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.class }

func failed(class error, format string, args ...any) error {
	return &failure{fmt.Sprintf(format, args...), class}
}

// Redact renders a URL without what may be secret: user and password, the
// values of the query, the fragment, and what may be a token in the path
// ([assay.Shown]). It is bounded, for messages and logs.
func Redact(u *url.URL) string {
	if u == nil {
		return ""
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath, Opaque: u.Opaque}
	s := assay.Shown(shown.String())
	if u.RawQuery != "" {
		s += "?…"
	}
	if len(s) > maxShownURL {
		s = strings.ToValidUTF8(s[:maxShownURL], "") + "…"
	}
	return s
}

// RedactString is [Redact] for a URL that has not been parsed: where it cannot
// be, nothing of it is shown.
func RedactString(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "a URL that cannot be read"
	}
	return Redact(u)
}
