package trustroot

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"assay/internal/sigstore"

	"github.com/go-json-experiment/json"
)

// Where the root in use came from, beside the path of a file.
const (
	Embedded  = "embedded"
	Refreshed = "refreshed"
)

const (
	folder   = "sigstore"
	copyName = "trusted_root.json"

	// maxCopy bounds the stored copy in bytes: a root in base64 and its envelope.
	maxCopy = 2*sigstore.MaxRootSize + 4<<10

	schema = 1
)

// Options say where to look.
type Options struct {
	// Dir is Assay's state folder; empty for none.
	Dir string
	// Path names a trusted root file that is to be used whatever else there is.
	Path string
}

// Loaded is the trusted root in use.
type Loaded struct {
	Root *sigstore.Root
	// Origin is Embedded, Refreshed or the path of the file that was named.
	Origin string
	// Date is when the root was made (embedded) or last confirmed (refreshed);
	// zero for a named file, which does not tell.
	Date time.Time
	// Note says why a refreshed copy that is there is not used; empty otherwise.
	Note string
}

// Age returns how old the root is, and false where nothing tells. It is never
// negative, whatever the clock says.
func (l Loaded) Age(now time.Time) (time.Duration, bool) {
	if l.Date.IsZero() {
		return 0, false
	}
	return max(0, now.Sub(l.Date)), true
}

// Load returns the trusted root in use. It fails only for a named file that
// cannot be used.
func Load(o Options) (Loaded, error) {
	if o.Path != "" {
		data, err := readFile(o.Path, sigstore.MaxRootSize)
		if err != nil {
			return Loaded{}, fmt.Errorf("reading the trusted root: %w", err)
		}
		root, err := sigstore.ParseRoot(data)
		if err != nil {
			return Loaded{}, fmt.Errorf("reading the trusted root %s: %w", o.Path, err)
		}
		return Loaded{Root: root, Origin: o.Path}, nil
	}
	note := ""
	if o.Dir != "" {
		s, root, err := loadCopy(o.Dir)
		switch {
		case err == nil && s.Refreshed.After(sigstore.EmbeddedDate):
			return Loaded{Root: root, Origin: Refreshed, Date: s.Refreshed}, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			note = fmt.Sprintf("the refreshed trusted root is not used: %v", err)
		}
	}
	root, err := sigstore.EmbeddedRoot()
	if err != nil {
		return Loaded{}, fmt.Errorf("reading the embedded trusted root: %w", err)
	}
	return Loaded{Root: root, Origin: Embedded, Date: sigstore.EmbeddedDate, Note: note}, nil
}

// stored is the refreshed copy as it lies in the state folder.
type stored struct {
	Schema    int       `json:"schema"`
	Refreshed time.Time `json:"refreshed"`
	Source    string    `json:"source"`
	SHA256    string    `json:"sha256"`
	Root      []byte    `json:"trusted_root"`
}

func copyPath(dir string) string { return filepath.Join(dir, folder, copyName) }

// loadCopy reads the refreshed copy and the root in it.
func loadCopy(dir string) (stored, *sigstore.Root, error) {
	path := copyPath(dir)
	data, err := readFile(path, maxCopy)
	if err != nil {
		return stored{}, nil, err
	}
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return stored{}, nil, fmt.Errorf("%s is damaged", path)
	}
	if s.Schema != schema {
		return stored{}, nil, fmt.Errorf("%s is in format %d, not %d", path, s.Schema, schema)
	}
	if sum := sha256.Sum256(s.Root); hex.EncodeToString(sum[:]) != s.SHA256 {
		return stored{}, nil, fmt.Errorf("%s is damaged: its digest does not match", path)
	}
	root, err := sigstore.ParseRoot(s.Root)
	if err != nil {
		return stored{}, nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, root, nil
}

// readFile reads a regular file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than the %d bytes that are read", path, limit)
	}
	return data, nil
}
