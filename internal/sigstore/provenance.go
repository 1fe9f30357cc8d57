package sigstore

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// Provenance is a PEP 740 provenance object as it was read.
type Provenance struct {
	// Version is the object's version. Of one other than 1 nothing else is read.
	Version int
	Bundles []AttestationBundle
}

// AttestationBundle is a publisher with the attestations that the index took
// from it. Either list of a provenance object may be empty: judging that is the
// caller's.
type AttestationBundle struct {
	Publisher    Publisher
	Attestations []*Entity
}

// ParseProvenance reads a PEP 740 provenance object. Errors are ErrMalformed;
// an object of another version is returned as such.
func ParseProvenance(data []byte) (*Provenance, error) {
	var wire struct {
		Version *float64 `json:"version"`
		Bundles *[]struct {
			Publisher    jsontext.Value    `json:"publisher"`
			Attestations *[]jsontext.Value `json:"attestations"`
		} `json:"attestation_bundles"`
	}
	err := decode(data, MaxProvenanceSize, &wire)
	if err != nil || wire.Version == nil || *wire.Version != 1 {
		version, err := otherVersion(data, MaxProvenanceSize, err)
		if err != nil {
			return nil, malformed("the provenance", err)
		}
		return &Provenance{Version: version}, nil
	}
	if wire.Bundles == nil {
		return nil, malformed("the provenance has no list of bundles", nil)
	}
	if n := len(*wire.Bundles); n > MaxBundles {
		return nil, malformed(fmt.Sprintf("%d bundles are more than the %d that are read", n, MaxBundles), nil)
	}
	p, total := &Provenance{Version: 1}, 0
	for i, b := range *wire.Bundles {
		if b.Attestations == nil {
			return nil, malformed(fmt.Sprintf("bundle %d has no list of attestations", i+1), nil)
		}
		if total += len(*b.Attestations); total > MaxAttestations {
			return nil, malformed(fmt.Sprintf("it holds more than the %d attestations that are read", MaxAttestations), nil)
		}
		publisher, err := parsePublisher(b.Publisher)
		if err != nil {
			return nil, malformed(fmt.Sprintf("the publisher of bundle %d", i+1), err)
		}
		bundle := AttestationBundle{Publisher: publisher}
		for _, a := range *b.Attestations {
			e, err := ParseAttestation(a)
			if err != nil {
				return nil, err
			}
			bundle.Attestations = append(bundle.Attestations, e)
		}
		p.Bundles = append(p.Bundles, bundle)
	}
	return p, nil
}
