package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"assay"
	"assay/internal/catalog"
	"assay/internal/engine"
	"assay/internal/index"
	"assay/internal/installer"
	"assay/internal/intercept"
	"assay/internal/report"
	"assay/internal/rundir"
	"assay/internal/trustroot"
	"assay/internal/verify/pep740"
)

// drain is how long transfers that the command left behind may take to end.
const drain = 2 * time.Second

// session is what stands around the command while it runs.
type session struct {
	env     []string
	proxy   *intercept.Proxy
	ca      *intercept.CA
	dir     *rundir.Dir // what the command reads
	root    *trustroot.Deferred
	caches  string             // of the installers, where they are Assay's own
	sources []installer.Source // what is asked for by other means than an index
}

func (s *session) close() intercept.Stats {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	stats := s.proxy.Close(ctx)
	s.ca.Close()
	_ = s.dir.Close() // or the next start's sweep
	return stats
}

// openSession starts the proxy and prepares the command's environment.
func (a *app) openSession(f runFlags, args []string, collector *report.Collector, before *memory) (_ *session, err error) {
	root, err := a.deferredRoot(f.trustedRoot)
	if err != nil {
		return nil, err
	}
	settings, err := a.settings(args, installer.Options{TheirCache: f.cache == theirCache})
	if err != nil {
		return nil, err
	}
	p, err := a.judging(f.policy)
	if err != nil {
		return nil, err
	}
	locks, err := a.locked(f.locked)
	if err != nil {
		return nil, err
	}
	rules := locks.forRun(f.rules(p.Base()), f.vcs)
	if err := checkSources(settings.Sources, rules); err != nil {
		return nil, err
	}
	network, err := a.network(settings)
	if err != nil {
		return nil, err
	}
	known, err := a.credentials(settings)
	if err != nil {
		return nil, err
	}
	for _, clause := range settings.Around {
		collector.Skip("settings", clause)
	}
	s := &session{root: root, sources: settings.Sources}
	if f.cache == ownCache {
		if s.caches, err = a.installerCaches(locks); err != nil {
			return nil, err
		}
	}
	if s.dir, err = a.runDir(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = s.dir.Close()
		}
	}()
	scope := scopeOf(settings, rules, f.tunnel)
	if s.ca, err = intercept.NewCA(intercept.CAOptions{Indexes: scope.Indexes, Tunnel: scope.Tunnel}); err != nil {
		return nil, &failure{statusOwnFailure, err, ""}
	}
	bundle := filepath.Join(s.dir.Path(), "roots.pem")
	if err := s.ca.Publish(bundle, network.roots); err != nil {
		return nil, cannotWrite(err)
	}
	if err := before.ready(); err != nil {
		return nil, err
	}
	client := network.client(known, p.beside)
	e := engine.New(engine.Config{Verifiers: verifiers(pep740.NewDeferred(root.Root), p.store), Rules: locks.over(p), Source: client,
		Memory: before, Recorder: recorders{before, &noting{Collector: collector, caches: s.caches}}})
	if err := a.judgeFolders(context.Background(), settings.FindLinks, locks != nil, e, collector); err != nil {
		return nil, err
	}
	carrier := network.transport.Clone()
	intercept.Tune(carrier)
	intercept.BoundMemory()
	s.proxy, err = intercept.Start(intercept.Config{
		CA: s.ca, Desk: catalog.New(e, upstreamOf(client, settings), time.Now),
		Upstream: intercept.NewUpstream(carrier, network.trust), SpoolDir: s.dir.Path(), Credentials: known.seen, Scope: scope,
		Inspect: inspect,
	})
	if err != nil {
		return nil, &failure{statusOwnFailure, err, "assay needs a port of its own on 127.0.0.1"}
	}
	setup := installer.Setup{ProxyURL: s.proxy.URL(), MarkedURL: s.proxy.MarkedURL(), BundlePath: bundle, CacheDir: s.caches, Config: settings}
	s.env = installer.Environment(a.env, setup)
	return s, nil
}

// checkSources stops the run where the rules refuse what is asked for.
func checkSources(sources []installer.Source, rules assay.Rules) error {
	for _, s := range sources {
		if s.Kind == installer.SourceVCS && rules.VCS == assay.Error {
			main, _ := assay.Refuse(assay.Artifact{}, assay.SourceVCS, s.Where+" ("+s.Origin+")").Main()
			return &failure{statusOwnFailure, fmt.Errorf("%s [%s]", main.Message, main.Code), main.Hint}
		}
	}
	return nil
}

// scopeOf says what the proxy opens: everything on the way to the configured
// indexes, and of the rest what the command's kind calls for.
func scopeOf(settings installer.Config, rules assay.Rules, tunnel []string) intercept.Scope {
	scope := intercept.Scope{Tunnel: tunnel, Runner: settings.Runner, PlainHTTP: rules.PlainHTTP, VCS: rules.VCS}
	add := func(raw string) {
		u, err := url.Parse(raw)
		if err != nil || u.Hostname() == "" {
			return
		}
		port := cmp.Or(u.Port(), map[string]string{"http": "80"}[strings.ToLower(u.Scheme)], "443")
		scope.Indexes = append(scope.Indexes, strings.ToLower(net.JoinHostPort(u.Hostname(), port)))
	}
	add(index.PyPI)
	add(index.PyPIFiles)
	for _, i := range settings.Indexes {
		add(i.URL.String())
	}
	for _, link := range settings.FindLinks {
		if !link.Local {
			add(link.Where)
		}
	}
	for _, s := range settings.Sources {
		if s.Kind == installer.SourceDirect {
			add(s.Where)
		}
	}
	slices.Sort(scope.Indexes)
	scope.Indexes = slices.Compact(scope.Indexes)
	return scope
}

// runDir makes a folder that nobody else can read, for one run, and beside the
// run removes what dead ones have left.
func (a *app) runDir() (*rundir.Dir, error) {
	state, err := a.stateDir()
	if err != nil {
		return nil, err
	}
	parent := filepath.Join(state, "run")
	dir, err := rundir.Open(parent)
	if err != nil {
		return nil, cannotWrite(err)
	}
	go func() { _, _ = rundir.Sweep(parent) }() // the next start tries again
	return dir, nil
}

func cannotWrite(err error) error {
	return &failure{statusUndecided, err, "make room or give assay a folder in which it may write: set ASSAY_HOME"}
}
