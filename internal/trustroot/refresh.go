package trustroot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"assay/internal/sigstore"

	"github.com/go-json-experiment/json"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/fetcher"
)

const (
	// defaultTimeout bounds a whole refresh: some ten small files.
	defaultTimeout = 2 * time.Minute
	// maxDownload bounds each file in bytes, whatever its metadata promises.
	maxDownload = 8 << 20

	target = "trusted_root.json"
)

// Classes of what can go wrong with a refresh. Test with errors.Is.
var (
	// ErrState: the state folder cannot be read or written.
	ErrState = errors.New("the state folder cannot be used")
	// ErrRoot: the root.json that trust was to start from is none.
	ErrRoot = errors.New("the root.json to start from cannot be read")
	// ErrUnreachable: the repository could not be asked, or not in time.
	ErrUnreachable = errors.New("the trusted root's repository is out of reach")
	// ErrRefused: what the repository served does not hold: wrongly signed,
	// expired, older than what was seen before, or not a trusted root.
	ErrRefused = errors.New("the repository's trusted root was refused")
)

// RefreshOptions say what to refresh from. Only Dir is needed.
type RefreshOptions struct {
	// Dir is Assay's state folder.
	Dir string
	// Mirror is the TUF repository's URL; Sigstore's public one if empty.
	Mirror string
	// Root is the TUF root.json that trust starts from; the one of sigstore-go
	// if nil. It goes with Mirror.
	Root []byte
	// Transport carries the requests; http.DefaultTransport if nil.
	Transport http.RoundTripper
	// Timeout bounds the whole refresh; two minutes if zero.
	Timeout time.Duration
	// Now is the clock for the copy's date; time.Now if nil. TUF's own expiry
	// checks go by the computer's clock.
	Now func() time.Time

	create createFunc // for tests
}

// Result is what a refresh came to.
type Result struct {
	Loaded
	// Changed says that the trusted root differs from the refreshed copy of
	// before, or that there was none that could be used.
	Changed bool
	// Path is where the copy lies.
	Path string
}

// Refresh fetches the trusted root by TUF and stores it. Errors are ErrState,
// ErrRoot, ErrUnreachable and ErrRefused, or the context's; after any of them the
// copy that was there before is still there.
func Refresh(ctx context.Context, o RefreshOptions) (Result, error) {
	if o.Dir == "" {
		return Result{}, fmt.Errorf("%w: none is named", ErrState)
	}
	if o.Mirror == "" {
		o.Mirror = tuf.DefaultMirror
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.create == nil {
		o.create = createTemp
	}
	if o.Root != nil {
		if err := checkStart(o.Root); err != nil {
			return Result{}, err
		}
	}
	if err := prepare(o.Dir); err != nil {
		return Result{}, err
	}
	data, err := fetch(ctx, o)
	if err != nil {
		return Result{}, err
	}
	root, err := sigstore.ParseRoot(data)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	sum := sha256.Sum256(data)
	s := stored{Schema: schema, Refreshed: o.Now().UTC().Truncate(time.Second), Source: o.Mirror,
		SHA256: hex.EncodeToString(sum[:]), Root: data}
	r := Result{Loaded: Loaded{Root: root, Origin: Refreshed, Date: s.Refreshed}, Path: copyPath(o.Dir), Changed: true}
	if old, _, err := loadCopy(o.Dir); err == nil {
		r.Changed = old.SHA256 != s.SHA256
	}
	text, err := json.Marshal(s)
	if err != nil {
		return Result{}, fmt.Errorf("writing down the trusted root: %w", err)
	}
	if err := save(o.create, r.Path, append(text, '\n')); err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrState, err)
	}
	return r, nil
}

// checkStart reads the root.json that a person named.
func checkStart(data []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w (%v)", ErrRoot, p)
		}
	}()
	if _, err := metadata.Root().FromBytes(data); err != nil {
		return fmt.Errorf("%w: %w", ErrRoot, err)
	}
	return nil
}

// fetch runs the TUF client. A panic in it on hostile metadata is a refusal.
func fetch(ctx context.Context, o RefreshOptions) (data []byte, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout,
		fmt.Errorf("%w: it took longer than %s", ErrUnreachable, o.Timeout))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			data, err = nil, fmt.Errorf("%w: its metadata cannot be read (%v)", ErrRefused, p)
		}
	}()
	// Metadata belongs to the root that trust starts from: another start has a
	// folder of its own. The public repository's stays the same when a newer
	// release starts from a newer root.
	place := "public"
	if o.Root != nil {
		sum := sha256.Sum256(o.Root)
		place = hex.EncodeToString(sum[:8])
	}
	cache := filepath.Join(o.Dir, folder, "tuf", place)
	start := o.Root
	if start == nil {
		start = tuf.DefaultRoot()
	}
	f := fetcher.NewDefaultFetcher()
	f.SetHTTPUserAgent("assay")
	f.SetHTTPClient(&client{ctx: ctx, http: &http.Client{Transport: o.Transport}})
	options := &tuf.Options{
		Root:              newestRoot(start, filepath.Join(cache, tuf.URLToPath(o.Mirror), "root.json")),
		CachePath:         cache,
		RepositoryBaseURL: o.Mirror,
		Fetcher:           f,
		Context:           ctx,
	}
	c, err := tuf.New(options)
	if err == nil {
		data, err = c.GetTarget(target)
	}
	if err == nil {
		return data, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, classify(err)
}

// newestRoot returns the root.json that trust goes on from: the one that an
// earlier refresh arrived at, where it is newer than the one to start from.
// Without it an old root could be served again, with keys long revoked.
func newestRoot(start []byte, path string) []byte {
	kept, err := readFile(path, maxDownload)
	if err != nil {
		return start
	}
	first, err := metadata.Root().FromBytes(start)
	if err != nil {
		return start
	}
	last, err := metadata.Root().FromBytes(kept)
	if err != nil || last.Signed.Version <= first.Signed.Version {
		return start
	}
	return kept
}

// classify sorts a TUF client's error.
func classify(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	var status *metadata.ErrDownloadHTTP
	switch {
	case errors.As(err, &path), errors.As(err, &link):
		return fmt.Errorf("%w: %w", ErrState, err)
	case errors.As(err, &status), errors.Is(err, errTransport):
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return fmt.Errorf("%w: %w", ErrRefused, err)
}

// errTransport marks what went wrong on the way to the repository.
var errTransport = errors.New("fetching failed")

// client gives every request of the TUF client the context, and a bound to
// every answer.
type client struct {
	ctx  context.Context
	http *http.Client
}

// Do sends the request.
func (c *client) Do(r *http.Request) (*http.Response, error) {
	res, err := c.http.Do(r.WithContext(c.ctx))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errTransport, err)
	}
	res.Body = &body{ReadCloser: res.Body, left: maxDownload}
	return res, nil
}

// body is an answer's body that ends with an error behind its bound.
type body struct {
	io.ReadCloser
	left int64
}

// Read reads on up to the bound.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	switch {
	case b.left < 0:
		return n, fmt.Errorf("the answer is larger than the %d bytes that are read", int64(maxDownload))
	case err != nil && err != io.EOF:
		return n, fmt.Errorf("%w: %w", errTransport, err)
	}
	return n, err
}
