package main

import (
	"io"

	"assay"
	"assay/internal/archive"
	"assay/internal/gate"
	"assay/internal/pypi"
)

// inspect looks into a distribution file of that name: what a strict reader sees in
// the archive, and what the file says of itself.
func inspect(filename string, r io.Reader) (*assay.Inside, error) {
	in, err := archive.Read(filename, r, archive.Limits{})
	if err == nil && in.Format != "" {
		in.About, _ = pypi.About(in) // the verifier says what cannot be read
	}
	return in, err
}

// inspector is inspect for one file.
func inspector(filename string) gate.Inspector {
	return func(r io.Reader) (*assay.Inside, error) { return inspect(filename, r) }
}
