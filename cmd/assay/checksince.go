package main

import (
	"context"

	"assay/internal/lockfile"
)

// changedSince returns which entries changed since a revision; nil where all are wanted.
func (a *app) changedSince(_ context.Context, rev string, _ []*lockfile.Lock) (func(*lockfile.Lock, lockfile.Package) bool, error) {
	if rev == "" {
		return nil, nil
	}
	return nil, usage("", "--changed-since is not built")
}
