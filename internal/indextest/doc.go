// Package indextest is a real Python package index on loopback, for tests and
// demonstrations with real installers. It is fed from a txtar archive, makes
// the files and their provenance itself, and misbehaves on request.
package indextest
