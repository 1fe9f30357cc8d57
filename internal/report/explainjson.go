package report

import (
	"io"
	"slices"

	"assay"
)

type jsonExplanation struct {
	Schema    int             `json:"schema"`
	Command   string          `json:"command"`
	Project   string          `json:"project"`
	Version   string          `json:"version"`
	Artifacts []jsonExplained `json:"artifacts"`
	Others    int             `json:"other_releases"`
	Memory    jsonMemory      `json:"memory"`
	Grants    []JSONGrant     `json:"grants"`
}

type jsonExplained struct {
	jsonArtifact
	Rules   []Rule        `json:"rules"`
	Release *jsonDecision `json:"release"`
	Changes []string      `json:"changes"`
}

type jsonMemory struct {
	Sightings []jsonSighting `json:"sightings"`
	Accepted  []string       `json:"accepted"`
}

type jsonSighting struct {
	Filename   string   `json:"filename"`
	Version    string   `json:"version"`
	Index      string   `json:"index"`
	Publishers []string `json:"publishers"`
	Keys       []string `json:"keys"`
	Uploaded   string   `json:"uploaded"`
	FirstSeen  string   `json:"first_seen"`
	Waived     bool     `json:"waived"`
}

// WriteJSON writes the explanation as one JSON object and a line feed, under the
// rules of [Report.WriteJSON].
func (e Explanation) WriteJSON(w io.Writer) error {
	out := jsonExplanation{Schema: Schema, Command: "explain", Project: e.Project, Version: e.Version, Others: e.Others,
		Artifacts: []jsonExplained{}, Memory: jsonMemory{Sightings: []jsonSighting{}, Accepted: []string{}}, Grants: e.jsonGrants()}
	for _, f := range e.Files {
		x := jsonExplained{jsonArtifact: f.json(), Rules: slices.Concat([]Rule{}, f.Rules), Changes: []string{}}
		if f.Release.Verdict == assay.Deny {
			d := decisionJSON(f.Release)
			x.Release = &d
		}
		for _, r := range f.Decision.Reasons {
			if r.Severity == assay.Error {
				x.Changes = append(x.Changes, changeFor(f, r))
			}
		}
		out.Artifacts = append(out.Artifacts, x)
	}
	for _, s := range e.Memory.Sightings {
		j := jsonSighting{Filename: s.Filename, Version: s.Version, Index: withoutSecrets(s.Index), Publishers: []string{}, Keys: []string{},
			Uploaded: timestamp(s.Uploaded), FirstSeen: timestamp(s.First), Waived: s.Waived}
		for _, p := range s.Publishers {
			j.Publishers = append(j.Publishers, p.String())
		}
		for _, k := range s.Keys {
			j.Keys = append(j.Keys, k.Name)
		}
		out.Memory.Sightings = append(out.Memory.Sightings, j)
	}
	for _, w := range e.Memory.Accepted {
		out.Memory.Accepted = append(out.Memory.Accepted, waiverText(w))
	}
	return EncodeJSON(w, out)
}

func decisionJSON(d assay.Decision) jsonDecision {
	out := jsonDecision{Verdict: string(d.Verdict), Reasons: []jsonReason{}}
	for _, r := range d.Reasons {
		out.Reasons = append(out.Reasons, jsonReason{string(r.Code), string(r.Severity), r.Message, r.Hint})
	}
	return out
}
