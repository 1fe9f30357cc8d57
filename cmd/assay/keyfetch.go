package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"assay"
	"assay/internal/index"
	"assay/internal/installer"
	"assay/internal/keysource"
	"assay/internal/openpgp"
	"assay/internal/sshsig"
	"assay/internal/trust"
)

// keyFetcher hands over what a person's sources of keys name: https URLs, through the same
// proxies and under the same roots as indexes, and files of this computer.
type keyFetcher struct {
	app    *app
	client func() (*index.Client, error)
}

func (a *app) keyFetcher() keyFetcher {
	return keyFetcher{a, sync.OnceValues(func() (*index.Client, error) {
		settings, err := a.settings(nil, installer.Options{})
		if err != nil {
			return nil, err
		}
		return a.indexClient(settings, nil)
	})}
}

// Fetch is a [keysource.Fetcher].
func (k keyFetcher) Fetch(ctx context.Context, place string, limit int64) ([]byte, error) {
	if path, ok := localPath(place); ok {
		return k.app.readSource(path, limit)
	}
	client, err := k.client()
	if err != nil {
		return nil, err
	}
	data, err := client.Document(ctx, place, limit)
	if errors.Is(err, index.ErrNotFound) {
		err = notThere{err}
	}
	return data, err
}

// notThere is an error that is [keysource.ErrNotFound] as well.
type notThere struct{ error }

func (n notThere) Unwrap() []error { return []error{n.error, keysource.ErrNotFound} }

// localPath returns the path that a place names, if it is of this computer.
func localPath(place string) (string, bool) {
	u, err := url.Parse(place)
	if err == nil && u.Scheme == "file" && (u.Host == "" || u.Host == "localhost") {
		path := u.Path
		if len(path) > 2 && path[2] == ':' { // file:///C:/keys.asc
			path = path[1:]
		}
		return filepath.FromSlash(path), true
	}
	return place, !strings.Contains(place, "://")
}

func (a *app) readSource(path string, limit int64) ([]byte, error) {
	file, err := openRegular(a.absolute(path), hints{"check the path", "name a file"})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notThere{err}
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, &failure{statusUndecided, fmt.Errorf("reading %s: %w", shown(path), err), ""}
	}
	return data, nil
}

// sourceFailure says what to do about a source of keys that could not be read.
func sourceFailure(what string, err error) error {
	var f *keysource.Failure
	var own *failure
	switch {
	case errors.As(err, &own), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &f):
		return usage("see what it says by other means; docs/keys.md has what each kind reads", "%s: %w", what, err)
	}
	return &failure{statusUndecided, fmt.Errorf("%s: %w", what, err), "check the address and the network; nothing was changed"}
}

// fetchKey fetches a grant's key from where it is to be had at every refresh as well.
func (a *app) fetchKey(ctx context.Context, g trust.Grant, source string) (trust.Key, error) {
	place := source
	if path, ok := localPath(source); ok {
		path = filepath.ToSlash(a.absolute(path))
		place = (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(path, "/")}).String()
	}
	keys, err := a.keysAt(ctx, a.keyFetcher(), g.Kind, place)
	if err != nil {
		return trust.Key{}, err
	}
	for _, k := range keys {
		if k.Fingerprint == g.Grant.Key {
			return k, nil
		}
	}
	return trust.Key{}, usage("see there whether the fingerprint is right", "%s has no key %s", shownSource(source), g.Grant.Key)
}

// keysAt fetches and reads the keys that a source has.
func (a *app) keysAt(ctx context.Context, fetcher keysource.Fetcher, kind assay.GrantKind, source string) ([]trust.Key, error) {
	if u, err := url.Parse(source); err == nil && u.User != nil {
		return nil, usage("write the URL without user and password", "a source of keys is anybody's: it takes no credentials")
	}
	limit := int64(openpgp.MaxCertificateFile)
	if kind == assay.GrantSSH {
		limit = sshsig.MaxFile
	}
	data, err := fetcher.Fetch(ctx, source, limit)
	if err != nil {
		return nil, sourceFailure("the key's source", err)
	}
	var out []trust.Key
	switch kind {
	case assay.GrantOpenPGP:
		certs, err := openpgp.ReadCertificates(data)
		if err != nil {
			return nil, usage("see what the source has by other means; it is a file of public keys", "%s: %w", shownSource(source), err)
		}
		for _, c := range certs {
			out = append(out, trust.Key{Kind: kind, Fingerprint: string(c.Fingerprint()), Source: source, Certificate: c})
		}
	case assay.GrantSSH:
		keys, err := sshsig.ParseKeys(data)
		if err != nil {
			return nil, usage("see what the source has by other means; it is a file of public keys", "%s: %w", shownSource(source), err)
		}
		for _, k := range keys {
			out = append(out, trust.Key{Kind: kind, Fingerprint: k.Fingerprint(), Source: source, SSH: k})
		}
	default:
		return nil, usage("leave it out", "a grant to %s has no source to fetch it from", kind)
	}
	return out, nil
}

// lastDayBefore is the last day of what ends at a moment.
func lastDayBefore(t time.Time) string { return today(t.Add(-time.Second)) }
