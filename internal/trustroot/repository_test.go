package trustroot

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/indextest/authority"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

var roleNames = []string{"root", "timestamp", "snapshot", "targets"}

// repository is a TUF repository on loopback with one target.
type repository struct {
	tb    testing.TB
	keys  map[string]ed25519.PrivateKey
	root  *metadata.Metadata[metadata.RootType]
	first []byte // the first root.json

	mu    sync.Mutex
	files map[string][]byte
	hook  func(w http.ResponseWriter, r *http.Request) bool // answers instead
	url   string
}

func newRepository(tb testing.TB) *repository {
	tb.Helper()
	r := &repository{tb: tb, keys: map[string]ed25519.PrivateKey{}, files: map[string][]byte{}}
	r.root = metadata.Root(time.Now().Add(24 * time.Hour))
	for _, role := range roleNames {
		r.addKey(role)
	}
	r.publishRoot()
	r.first = r.files["/1.root.json"]
	server := httptest.NewServer(http.HandlerFunc(r.serve))
	tb.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *repository) serve(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	hook, data, ok := r.hook, r.files[q.URL.Path], r.files[q.URL.Path] != nil
	r.mu.Unlock()
	if hook != nil && hook(w, q) {
		return
	}
	if !ok {
		http.NotFound(w, q)
		return
	}
	_, _ = w.Write(data)
}

func (r *repository) check(err error) {
	r.tb.Helper()
	if err != nil {
		r.tb.Fatal(err)
	}
}

// addKey gives a role a new key, beside those that it has.
func (r *repository) addKey(role string) {
	r.tb.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	r.check(err)
	r.keys[role] = private
	key, err := metadata.KeyFromPublicKey(private.Public())
	r.check(err)
	r.check(r.root.Signed.AddKey(key, role))
}

func (r *repository) signer(role string) signature.Signer {
	r.tb.Helper()
	s, err := signature.LoadSigner(r.keys[role], crypto.Hash(0))
	r.check(err)
	return s
}

func (r *repository) publishRoot() {
	r.tb.Helper()
	r.root.ClearSignatures()
	_, err := r.root.Sign(r.signer("root"))
	r.check(err)
	data, err := r.root.ToBytes(false)
	r.check(err)
	r.put(fmt.Sprintf("/%d.root.json", r.root.Signed.Version), data)
}

func (r *repository) put(path string, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[path] = data
}

// publish puts a version of the metadata and the target up. Expired says which
// role is out of date.
func (r *repository) publish(version int64, target []byte, expired ...string) {
	r.tb.Helper()
	until := func(role string) time.Time {
		for _, e := range expired {
			if e == role {
				return time.Now().Add(-time.Hour)
			}
		}
		return time.Now().Add(24 * time.Hour)
	}
	targets := metadata.Targets(until("targets"))
	targets.Signed.Version = version
	info, err := metadata.TargetFile().FromBytes("trusted_root.json", target, "sha256")
	r.check(err)
	targets.Signed.Targets["trusted_root.json"] = info
	snapshot := metadata.Snapshot(until("snapshot"))
	snapshot.Signed.Version = version
	snapshot.Signed.Meta["targets.json"] = metadata.MetaFile(version)
	timestamp := metadata.Timestamp(until("timestamp"))
	timestamp.Signed.Version = version
	timestamp.Signed.Meta["snapshot.json"] = metadata.MetaFile(version)

	_, err = targets.Sign(r.signer("targets"))
	r.check(err)
	_, err = snapshot.Sign(r.signer("snapshot"))
	r.check(err)
	_, err = timestamp.Sign(r.signer("timestamp"))
	r.check(err)
	data, err := targets.ToBytes(false)
	r.check(err)
	r.put(fmt.Sprintf("/%d.targets.json", version), data)
	data, err = snapshot.ToBytes(false)
	r.check(err)
	r.put(fmt.Sprintf("/%d.snapshot.json", version), data)
	data, err = timestamp.ToBytes(false)
	r.check(err)
	r.put("/timestamp.json", data)
	sum := sha256.Sum256(target)
	r.put("/targets/"+hex.EncodeToString(sum[:])+".trusted_root.json", target)
}

// snapshotFiles and restore put the repository back to an earlier state.
func (r *repository) snapshotFiles() map[string][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.files)
}

func (r *repository) restore(files map[string][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files = files
}

// change edits every file whose path holds part.
func (r *repository) change(part string, edit func([]byte) []byte) {
	r.tb.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	found := false
	for path, data := range r.files {
		if strings.Contains(path, part) {
			r.files[path] = edit(append([]byte(nil), data...))
			found = true
		}
	}
	if !found {
		r.tb.Fatalf("no file holds %s in its path", part)
	}
}

func (r *repository) answer(hook func(w http.ResponseWriter, q *http.Request) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hook = hook
}

// trusted returns a new trusted root.
func trusted(tb testing.TB) []byte {
	tb.Helper()
	a, err := authority.New()
	if err != nil {
		tb.Fatal(err)
	}
	data, err := a.TrustedRootJSON()
	if err != nil {
		tb.Fatal(err)
	}
	return data
}
