package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"assay"
	"assay/internal/catalog"
	"assay/internal/engine"
	"assay/internal/index"
	"assay/internal/installer"
	"assay/internal/intercept"
)

// drain is how long transfers that the command left behind may take to end.
const drain = 2 * time.Second

// session is what stands around the command while it runs.
type session struct {
	env   []string
	proxy *intercept.Proxy
	dir   string // what the command reads; removed at the end
}

func (s *session) close() intercept.Stats {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	stats := s.proxy.Close(ctx)
	os.RemoveAll(s.dir)
	return stats
}

// openSession starts the proxy and prepares the command's environment.
func (a *app) openSession(f runFlags, args []string, recorder engine.Recorder) (_ *session, err error) {
	root, err := a.trustedRoot(f.trustedRoot)
	if err != nil {
		return nil, err
	}
	settings, err := a.settings(args)
	if err != nil {
		return nil, err
	}
	transport, roots, err := a.transport(settings)
	if err != nil {
		return nil, err
	}
	cache, err := a.cacheDir()
	if err != nil {
		return nil, err
	}
	s := &session{}
	if s.dir, err = a.runDir(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(s.dir)
		}
	}()
	ca, err := intercept.NewCA(0)
	if err != nil {
		return nil, &failure{statusOwnFailure, err, ""}
	}
	bundle := filepath.Join(s.dir, "roots.pem")
	if err := os.WriteFile(bundle, ca.Bundle(roots), 0o600); err != nil {
		return nil, cannotWrite(err)
	}
	known, err := a.credentials(settings)
	if err != nil {
		return nil, err
	}
	client := index.New(index.Options{Transport: transport, UserAgent: userAgent(), Credentials: known.of})
	e := engine.New(engine.Config{Verifiers: verifiers(root.Root), Rules: assay.DefaultRules(), Source: client, Recorder: recorder})
	carrier := transport.Clone()
	intercept.Tune(carrier)
	s.proxy, err = intercept.Start(intercept.Config{
		CA: ca, Desk: catalog.New(e, upstream{index.Upstream{Client: client, Indexes: bases(settings)}}, time.Now),
		Upstream: carrier, SpoolDir: s.dir, Credentials: known.seen,
	})
	if err != nil {
		return nil, &failure{statusOwnFailure, err, "assay needs a port of its own on 127.0.0.1"}
	}
	s.env = installer.Environment(a.env, installer.Setup{ProxyURL: s.proxy.URL(), BundlePath: bundle, CacheDir: filepath.Join(cache, "installers")})
	return s, nil
}

// runDir makes a folder that nobody else can read, for one run.
func (a *app) runDir() (string, error) {
	state, err := a.stateDir()
	if err != nil {
		return "", err
	}
	parent := filepath.Join(state, "run")
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", cannotWrite(err)
	}
	dir, err := os.MkdirTemp(parent, "")
	if err != nil {
		return "", cannotWrite(err)
	}
	return dir, nil
}

func cannotWrite(err error) error {
	return &failure{statusUndecided, err, "make room or give assay a folder in which it may write: set ASSAY_HOME"}
}
