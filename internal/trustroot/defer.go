package trustroot

import (
	"sync"

	"assay/internal/sigstore"
)

// Deferred is a trusted root that is loaded when it is first needed: most
// commands end without. It is safe for concurrent use.
type Deferred struct {
	load func() (Loaded, error)

	mu     sync.Mutex
	needed bool
	loaded Loaded
	err    error
}

// Defer returns the trusted root that Load would. A file that was named
// explicitly is loaded at once: that it cannot be used is better known before
// anything begins.
func Defer(o Options) (*Deferred, error) {
	d := &Deferred{load: func() (Loaded, error) { return Load(o) }}
	if o.Path == "" {
		return d, nil
	}
	if _, err := d.Root(); err != nil {
		return nil, err
	}
	return d, nil
}

// Root returns the trusted root, and loads it the first time. After a failure
// there is none: nothing can be verified, then or later.
func (d *Deferred) Root() (*sigstore.Root, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.needed {
		d.needed = true
		d.loaded, d.err = d.load()
	}
	return d.loaded.Root, d.err
}

// Outcome returns what was loaded, or why it could not be; nothing where it was
// not needed so far.
func (d *Deferred) Outcome() (Loaded, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.loaded, d.err
}
