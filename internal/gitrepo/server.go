package gitrepo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"assay/internal/gitobject"
	"assay/internal/index"
)

// server is a repository behind a URL.
type server struct {
	transport http.RoundTripper
	userAgent string
	limits    Limits
	base      *url.URL // without user and password; where redirects led to, once listed
	user      *url.Userinfo
	features  features // what the server can do, once listed
}

const (
	listSuffix = "/info/refs"
	service    = "git-upload-pack"
)

func newServer(where string, o Options, l Limits) (*server, error) {
	u, err := url.Parse(where)
	if err != nil {
		return nil, failed(ErrWhere, "a URL that cannot be read is not asked")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "":
		return nil, failed(ErrWhere, "%s: only https is spoken", shown(index.Redact(u)))
	case u.Scheme == "http" && !index.IsLoopback(u.Hostname()):
		return nil, failed(ErrWhere, "%s: plain http is not spoken with other computers", shown(index.Redact(u)))
	case u.RawQuery != "" || u.Fragment != "":
		return nil, failed(ErrWhere, "%s: the URL of a repository has no query and no fragment", shown(index.Redact(u)))
	}
	s := &server{transport: o.Transport, userAgent: o.UserAgent, limits: l, user: u.User}
	if s.transport == nil {
		s.transport = index.NewTransport(nil)
	}
	if s.userAgent == "" {
		s.userAgent = "assay"
	}
	s.base = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/"), RawPath: strings.TrimRight(u.RawPath, "/")}
	return s, nil
}

// at returns the URL of something below the repository.
func (s *server) at(suffix string) *url.URL {
	u := *s.base
	u.Path += suffix
	if u.RawPath != "" {
		u.RawPath += suffix
	}
	return &u
}

// ask sends one request. An answer of status 200 has its body capped; the caller
// closes it. A redirect is returned as it is.
func (s *server) ask(ctx context.Context, method string, at *url.URL, body []byte, kind string, limit int64) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, at.String(), bytes.NewReader(body))
	if err != nil {
		return nil, failed(ErrWhere, "%s is not a usable URL", shown(index.Redact(at)))
	}
	r.Header.Set("User-Agent", s.userAgent)
	r.Header.Set("Accept", "*/*")
	r.Header.Set("Accept-Encoding", "identity")
	if body != nil {
		r.Header.Set("Content-Type", "application/x-"+service+"-request")
	}
	if s.user != nil {
		password, _ := s.user.Password()
		r.SetBasicAuth(s.user.Username(), password)
	}
	resp, err := s.transport.RoundTrip(r)
	if err != nil {
		return nil, failed(ErrServer, "%s: %v", index.Redact(at), plainURL(err))
	}
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return resp, nil
	case resp.StatusCode != http.StatusOK:
		err = failed(ErrServer, "%s answered %d %s", index.Redact(at), resp.StatusCode, http.StatusText(resp.StatusCode))
	case resp.Header.Get("Content-Encoding") != "" && resp.Header.Get("Content-Encoding") != "identity":
		err = failed(ErrServer, "%s came compressed, which was not asked for", index.Redact(at))
	default:
		want := "application/x-" + service + "-" + kind
		if got, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); got != want {
			err = failed(ErrServer, "%s is not a git repository's: its type is %s", index.Redact(at), shown(got))
		}
	}
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	resp.Body = &capped{resp.Body, limit, limit}
	return resp, nil
}

// plainURL takes the URL out of an error of the transport, which may carry what
// is secret.
func plainURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// list asks for the refs.
func (s *server) list(ctx context.Context) ([]Ref, error) {
	limited, cancel := context.WithTimeout(ctx, s.limits.RefTime)
	defer cancel()
	refs, err := s.listIn(limited)
	if err != nil {
		if why := stopped(ctx, limited, "the list of refs of "+index.Redact(s.base)); why != nil {
			return nil, why
		}
	}
	return refs, err
}

func (s *server) listIn(ctx context.Context) ([]Ref, error) {
	for hops := 0; ; hops++ {
		at := s.at(listSuffix)
		at.RawQuery = "service=" + service
		resp, err := s.ask(ctx, http.MethodGet, at, nil, "advertisement", s.limits.RefBytes)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode == http.StatusOK {
			defer resp.Body.Close()
			var refs []Ref
			refs, s.features, err = readList(bufio.NewReaderSize(resp.Body, 64<<10), s.limits)
			return refs, err
		}
		resp.Body.Close()
		if hops == s.limits.MaxRedirects {
			return nil, failed(ErrRedirect, "%s redirects more than %d times", index.Redact(at), hops)
		}
		if err := s.move(at, resp.Header.Get("Location")); err != nil {
			return nil, err
		}
	}
}

// move follows a redirect of the list of refs, as to a repository that was
// renamed: on the same origin, and to a list of refs again.
func (s *server) move(at *url.URL, location string) error {
	to, err := at.Parse(location)
	if err != nil || location == "" || len(location) > maxWhere {
		return failed(ErrRedirect, "%s redirects without a usable location", index.Redact(at))
	}
	if index.Origin(to) != index.Origin(at) {
		return failed(ErrRedirect, "%s redirects to %s, which is not followed to another origin", index.Redact(at), index.Redact(to))
	}
	path, ok := strings.CutSuffix(to.Path, listSuffix)
	if !ok || to.RawQuery != at.RawQuery {
		return failed(ErrRedirect, "%s redirects to %s, which is no list of refs", index.Redact(at), index.Redact(to))
	}
	s.base = &url.URL{Scheme: at.Scheme, Host: at.Host, Path: path, RawPath: strings.TrimSuffix(to.RawPath, listSuffix)}
	return nil
}

// open fetches an object, and the commit that it names.
func (s *server) open(ctx context.Context, id gitobject.ID) (objects, error) {
	if !s.features.shallow {
		return nil, failed(ErrServer, "%s cannot send a tag alone (it lacks the capability shallow)", index.Redact(s.base))
	}
	limited, cancel := context.WithTimeout(ctx, s.limits.PackTime)
	defer cancel()
	all, err := s.fetch(limited, id)
	if err != nil {
		if why := stopped(ctx, limited, "the pack of "+index.Redact(s.base)); why != nil {
			return nil, why
		}
		return nil, err
	}
	return func(_ context.Context, id gitobject.ID) (object, error) {
		if o, ok := all[id]; ok {
			return o, nil
		}
		return object{}, failed(ErrMissing, "the server did not send the object %s whole", id)
	}, nil
}

func (s *server) fetch(ctx context.Context, id gitobject.ID) (map[gitobject.ID]object, error) {
	at := s.at("/" + service)
	resp, err := s.ask(ctx, http.MethodPost, at, s.features.request(id, s.userAgent), "result", s.limits.PackBytes)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, failed(ErrRedirect, "%s redirects, which is not followed for a pack", index.Redact(at))
	}
	body := bufio.NewReaderSize(resp.Body, 64<<10)
	pack, err := readPreamble(body, s.features)
	if err != nil {
		return nil, err
	}
	return receive(ctx, pack, id, s.limits)
}

// capped is a body that may be of so many bytes, and is an error beyond.
type capped struct {
	io.ReadCloser
	left, limit int64
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left < 0 {
		return 0, failed(ErrTooLarge, "the server's answer is larger than %d bytes", c.limit)
	}
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.ReadCloser.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return n - 1, failed(ErrTooLarge, "the server's answer is larger than %d bytes", c.limit)
	}
	return n, err
}
