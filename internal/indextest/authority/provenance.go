package authority

import (
	"encoding/json"
	"errors"
	"fmt"
)

// bundle is one publisher with its attestations.
type bundle struct {
	Publisher    map[string]any `json:"publisher"`
	Attestations []*Attestation `json:"attestations"`
	key          string
}

// Provenance attests every request and returns one provenance object of PEP
// 740: requests in the name of one publisher share a bundle. Faults of the
// object may stand in any of the requests.
func (a *Authority) Provenance(requests ...Request) ([]byte, error) {
	if len(requests) == 0 {
		return nil, errors.New("a provenance object needs a request")
	}
	bundles := []*bundle{}
	version := 1
	empty := false
	for _, r := range requests {
		b, err := bundleFor(&bundles, r)
		if err != nil {
			return nil, err
		}
		empty = empty || r.has(EmptyBundles)
		if r.has(Version2) {
			version = 2
		}
		if r.has(EmptyAttestations) {
			continue
		}
		copies := 1
		if r.has(DuplicatePredicate) {
			copies = 2
		}
		for range copies {
			att, err := a.Attest(r)
			if err != nil {
				return nil, fmt.Errorf("attesting %s: %w", r.Filename, err)
			}
			b.Attestations = append(b.Attestations, att)
		}
	}
	if empty {
		bundles = []*bundle{}
	}
	out, err := json.Marshal(map[string]any{"version": version, "attestation_bundles": bundles})
	if err != nil {
		return nil, fmt.Errorf("encoding the provenance: %w", err)
	}
	return out, nil
}

// bundleFor returns the bundle of the publisher that the request names, adding
// it where it is new.
func bundleFor(bundles *[]*bundle, r Request) (*bundle, error) {
	named := r.Identity
	if r.Publisher != nil {
		named = *r.Publisher
	}
	publisher := named.publisher()
	if r.has(UnknownKind) {
		publisher["kind"] = "Forge"
	}
	if r.has(WrongPublisher) {
		if named.Kind == KindGoogle {
			publisher["email"] = "other@example.invalid"
		} else {
			publisher["repository"] = "other/" + named.Repository
		}
	}
	key, err := json.Marshal(publisher)
	if err != nil {
		return nil, fmt.Errorf("encoding the publisher: %w", err)
	}
	for _, b := range *bundles {
		if b.key == string(key) {
			return b, nil
		}
	}
	b := &bundle{Publisher: publisher, Attestations: []*Attestation{}, key: string(key)}
	*bundles = append(*bundles, b)
	return b, nil
}

// NamedPredicate returns the predicate type for a short name, publish or slsa;
// any other name is taken as the type itself.
func NamedPredicate(name string) string {
	switch name {
	case "", "publish":
		return PublishV1
	case "slsa":
		return SLSAV1
	default:
		return name
	}
}
