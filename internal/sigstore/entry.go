package sigstore

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
)

// wireEntry is a log entry (TransparencyLogEntry) in protobuf's JSON.
type wireEntry struct {
	LogIndex integer `json:"logIndex"`
	LogID    struct {
		KeyID base64Bytes `json:"keyId"`
	} `json:"logId"`
	KindVersion struct {
		Kind    string `json:"kind"`
		Version string `json:"version"`
	} `json:"kindVersion"`
	IntegratedTime   integer `json:"integratedTime"`
	InclusionPromise *struct {
		SignedEntryTimestamp base64Bytes `json:"signedEntryTimestamp"`
	} `json:"inclusionPromise"`
	InclusionProof *struct {
		LogIndex   integer       `json:"logIndex"`
		RootHash   base64Bytes   `json:"rootHash"`
		TreeSize   integer       `json:"treeSize"`
		Hashes     []base64Bytes `json:"hashes"`
		Checkpoint struct {
			Envelope string `json:"envelope"`
		} `json:"checkpoint"`
	} `json:"inclusionProof"`
	CanonicalizedBody base64Bytes `json:"canonicalizedBody"`
}

// entry is a log entry: the message that sigstore-go works on.
type entry struct {
	message *protorekor.TransparencyLogEntry
}

// parseEntries bounds log entries and turns them into messages.
func parseEntries(wire []wireEntry, needProof bool) ([]entry, error) {
	if len(wire) > MaxEntries {
		return nil, malformed(fmt.Sprintf("%d log entries are more than the %d that are read", len(wire), MaxEntries), nil)
	}
	out := make([]entry, len(wire))
	for i := range wire {
		message, err := parseEntry(&wire[i], needProof)
		if err != nil {
			return nil, malformed(fmt.Sprintf("log entry %d", i+1), err)
		}
		out[i] = entry{message}
	}
	return out, nil
}

func parseEntry(w *wireEntry, needProof bool) (*protorekor.TransparencyLogEntry, error) {
	switch {
	case len(w.LogID.KeyID) == 0 || len(w.LogID.KeyID) > maxHash:
		return nil, valueError("it names no log")
	case w.KindVersion.Kind == "" || w.KindVersion.Version == "":
		return nil, valueError("it names no kind")
	case len(w.CanonicalizedBody) == 0 || len(w.CanonicalizedBody) > maxEntryBody:
		return nil, valueError("it has no usable body")
	case w.LogIndex < 0 || w.IntegratedTime < 0:
		return nil, valueError("it has a negative index or time")
	case w.InclusionProof == nil && needProof:
		return nil, valueError("it has no inclusion proof")
	case w.InclusionProof == nil && w.InclusionPromise == nil:
		return nil, valueError("it has neither an inclusion proof nor a promise")
	}
	m := &protorekor.TransparencyLogEntry{
		LogIndex:          int64(w.LogIndex),
		LogId:             &protocommon.LogId{KeyId: w.LogID.KeyID},
		KindVersion:       &protorekor.KindVersion{Kind: w.KindVersion.Kind, Version: w.KindVersion.Version},
		IntegratedTime:    int64(w.IntegratedTime),
		CanonicalizedBody: w.CanonicalizedBody,
	}
	if p := w.InclusionPromise; p != nil {
		if len(p.SignedEntryTimestamp) == 0 || len(p.SignedEntryTimestamp) > maxSignature {
			return nil, valueError("its promise has no usable signature")
		}
		m.InclusionPromise = &protorekor.InclusionPromise{SignedEntryTimestamp: p.SignedEntryTimestamp}
	}
	if p := w.InclusionProof; p != nil {
		if p.LogIndex < 0 || p.TreeSize <= p.LogIndex {
			return nil, valueError("its proof is not for a leaf of the tree")
		}
		if len(p.RootHash) == 0 || len(p.RootHash) > maxHash || len(p.Hashes) > maxHashes {
			return nil, valueError("its proof has no usable root or nodes")
		}
		if p.Checkpoint.Envelope == "" || len(p.Checkpoint.Envelope) > maxCheckpoint {
			return nil, valueError("its proof has no usable checkpoint")
		}
		hashes := make([][]byte, len(p.Hashes))
		for i, h := range p.Hashes {
			if len(h) == 0 || len(h) > maxHash {
				return nil, valueError("its proof has an unusable node")
			}
			hashes[i] = h
		}
		m.InclusionProof = &protorekor.InclusionProof{
			LogIndex: int64(p.LogIndex), RootHash: p.RootHash, TreeSize: int64(p.TreeSize), Hashes: hashes,
			Checkpoint: &protorekor.Checkpoint{Envelope: p.Checkpoint.Envelope},
		}
	}
	return m, nil
}

// check holds the entry to what it says about itself where sigstore-go does not:
// its kind (which no signature covers, and which sigstore-go compares with
// itself) and the size of the tree that its proof is for, which must be the
// checkpoint's.
func (e entry) check() error {
	var body struct {
		Kind    string `json:"kind"`
		Version string `json:"apiVersion"`
	}
	if err := decode(e.message.GetCanonicalizedBody(), maxEntryBody, &body); err != nil {
		return malformed("the log entry's body", err)
	}
	claimed := e.message.GetKindVersion()
	if body.Kind != claimed.GetKind() || body.Version != claimed.GetVersion() {
		return invalid(fmt.Sprintf("the log entry is a %q %q and claims to be a %q %q",
			body.Kind, body.Version, claimed.GetKind(), claimed.GetVersion()), nil)
	}
	proof := e.message.GetInclusionProof()
	if proof == nil {
		return nil
	}
	// A checkpoint's lines are its origin, the tree's size, the root's hash, …
	lines := strings.SplitN(proof.GetCheckpoint().GetEnvelope(), "\n", 4)
	if len(lines) < 4 || lines[1] != strconv.FormatInt(proof.GetTreeSize(), 10) {
		return invalid("the inclusion proof and the checkpoint are for trees of different sizes", nil)
	}
	return nil
}

// logID returns the log's key id in hex, as trusted roots index logs.
func (e entry) logID() string { return hex.EncodeToString(e.message.GetLogId().GetKeyId()) }
