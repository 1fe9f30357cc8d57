package authority

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// seedLeaves are in a log from the start, so that no inclusion proof is empty.
const seedLeaves = 5

// indexOffset separates Rekor v1's global index from the index in its newest
// shard, which is the one that the inclusion proof speaks of.
const indexOffset = 25_579_000

// treeID is the shard's number in Rekor v1's checkpoint origin.
const treeID = 1193050959916656506

// log is an append-only Merkle tree (RFC 6962) that signs its checkpoints.
type log struct {
	host   string
	signer crypto.Signer
	id     []byte // the log's 32 byte id
	hint   uint32 // the first four bytes of it, on a checkpoint's signature

	mu   sync.Mutex
	tree *compact.Range
}

func newLog(host string, signer crypto.Signer) (*log, error) {
	hint, id, err := note.KeyHash(host, signer.Public())
	if err != nil {
		return nil, fmt.Errorf("making the id of the log %s: %w", host, err)
	}
	factory := &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	l := &log{host: host, signer: signer, id: id, hint: hint, tree: factory.NewEmptyRange(0)}
	for i := range seedLeaves {
		leaf := rfc6962.DefaultHasher.HashLeaf([]byte("leaf " + strconv.Itoa(i)))
		if err := l.tree.Append(leaf, nil); err != nil {
			return nil, fmt.Errorf("filling the log %s: %w", host, err)
		}
	}
	return l, nil
}

// inclusion is a leaf's place in the log, proved against the log's size just
// after it was appended.
type inclusion struct {
	index, size uint64
	hashes      [][]byte
	root        []byte
}

// appendLeaf adds a leaf. Its inclusion proof in the tree that it completes is
// the list of the perfect subtrees that stood before it, from the right.
func (l *log) appendLeaf(body []byte) (inclusion, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	in := inclusion{index: l.tree.End(), hashes: slices.Clone(l.tree.Hashes())}
	slices.Reverse(in.hashes)
	if err := l.tree.Append(rfc6962.DefaultHasher.HashLeaf(body), nil); err != nil {
		return inclusion{}, fmt.Errorf("appending to the log %s: %w", l.host, err)
	}
	in.size = l.tree.End()
	root, err := l.tree.GetRootHash(nil)
	if err != nil {
		return inclusion{}, fmt.Errorf("asking the log %s for its root: %w", l.host, err)
	}
	in.root = root
	return in, nil
}

// sign signs a message as the log's key does it: over its SHA-256 for an ECDSA
// key, over itself for Ed25519.
func (l *log) sign(message []byte) ([]byte, error) {
	digest, hash := message, crypto.Hash(0)
	if _, ok := l.signer.(ed25519.PrivateKey); !ok {
		sum := sha256.Sum256(message)
		digest, hash = sum[:], crypto.SHA256
	}
	sig, err := l.signer.Sign(rand.Reader, digest, hash)
	if err != nil {
		return nil, fmt.Errorf("signing for the log %s: %w", l.host, err)
	}
	return sig, nil
}

// checkpoint returns the signed note that commits the log to a size and root
// (C2SP tlog-checkpoint; Rekor v1 has its tree's number in the origin).
func (l *log) checkpoint(origin string, in inclusion, faults []Fault) (string, error) {
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, in.size, base64.StdEncoding.EncodeToString(in.root))
	signed := text
	if slices.Contains(faults, BadCheckpoint) {
		signed += "and more\n"
	}
	sig, err := l.sign([]byte(signed))
	if err != nil {
		return "", err
	}
	sig = append(binary.BigEndian.AppendUint32(nil, l.hint), sig...)
	return fmt.Sprintf("%s\n— %s %s\n", text, l.host, base64.StdEncoding.EncodeToString(sig)), nil
}

// proof is the protojson form of an inclusion proof.
func (l *log) proof(origin string, in inclusion, faults []Fault) (map[string]any, error) {
	cp, err := l.checkpoint(origin, in, faults)
	if err != nil {
		return nil, err
	}
	if slices.Contains(faults, BadInclusionProof) {
		in.hashes[0] = slices.Clone(in.hashes[0])
		in.hashes[0][0] ^= 1
	}
	return map[string]any{
		"logIndex":   strconv.FormatUint(in.index, 10),
		"treeSize":   strconv.FormatUint(in.size, 10),
		"rootHash":   in.root,
		"hashes":     in.hashes,
		"checkpoint": map[string]any{"envelope": cp},
	}, nil
}

// entryV1 logs a body in Rekor v1 and returns its TransparencyLogEntry.
func (l *log) entryV1(body []byte, at time.Time, faults []Fault) (map[string]any, error) {
	in, err := l.appendLeaf(body)
	if err != nil {
		return nil, err
	}
	proof, err := l.proof(l.host+" - "+strconv.Itoa(treeID), in, faults)
	if err != nil {
		return nil, err
	}
	index := int64(in.index) + indexOffset
	// The keys stand in the order of RFC 8785, and no value needs escaping.
	promise, err := json.Marshal(struct {
		Body           string `json:"body"`
		IntegratedTime int64  `json:"integratedTime"`
		LogID          string `json:"logID"`
		LogIndex       int64  `json:"logIndex"`
	}{base64.StdEncoding.EncodeToString(body), at.Unix(), hex.EncodeToString(l.id), index})
	if err != nil {
		return nil, fmt.Errorf("encoding the promise: %w", err)
	}
	if slices.Contains(faults, BadPromise) {
		promise = append(promise, ' ')
	}
	set, err := l.sign(promise)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"logIndex":          strconv.FormatInt(index, 10),
		"logId":             map[string]any{"keyId": l.id},
		"kindVersion":       map[string]any{"kind": "dsse", "version": "0.0.1"},
		"integratedTime":    strconv.FormatInt(at.Unix(), 10),
		"inclusionPromise":  map[string]any{"signedEntryTimestamp": set},
		"inclusionProof":    proof,
		"canonicalizedBody": body,
	}, nil
}

// entryV2 logs a body in Rekor v2. Such an entry has no time and no promise.
func (l *log) entryV2(body []byte, faults []Fault) (map[string]any, error) {
	in, err := l.appendLeaf(body)
	if err != nil {
		return nil, err
	}
	proof, err := l.proof(l.host, in, faults)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"logIndex":          strconv.FormatUint(in.index, 10),
		"logId":             map[string]any{"keyId": l.id},
		"kindVersion":       map[string]any{"kind": "hashedrekord", "version": "0.0.2"},
		"inclusionProof":    proof,
		"canonicalizedBody": body,
	}, nil
}
