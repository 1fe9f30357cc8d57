package report

import (
	"io"
)

type jsonCheck struct {
	Schema      int           `json:"schema"`
	Command     string        `json:"command"`
	Locks       []jsonLock    `json:"locks"`
	Since       string        `json:"changed_since"`
	Offline     bool          `json:"offline"`
	Artifacts   []jsonChecked `json:"artifacts"`
	Entries     []jsonChecked `json:"entries"`
	Summary     Summary       `json:"summary"`
	Files       int           `json:"files"`
	NotLookedAt []jsonSkipped `json:"not_looked_at"`
	// LeftOut are entries that markers keep out of Environment.
	LeftOut []jsonLeftOut `json:"left_out"`
	// NoFit are entries of which no file fits Environment.
	NoFit       []jsonUnfit `json:"no_file_fits"`
	Environment string      `json:"environment"`
}

type jsonUnfit struct {
	What string `json:"what"`
	jsonPlace
}

type jsonLeftOut struct {
	What   string `json:"what"`
	Marker string `json:"marker"`
	jsonPlace
}

type jsonLock struct {
	Name    string `json:"name"`
	Format  string `json:"format"`
	Entries int    `json:"entries"`
	Checked int    `json:"checked"`
}

type jsonChecked struct {
	jsonArtifact
	Places []jsonPlace `json:"places"`
	// Reasons are the lines at which the reasons of the decision stand, in its order.
	Lines []jsonPlace `json:"reason_places"`
}

type jsonPlace struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// WriteJSON writes the check as one JSON object and a line feed, under the rules of
// [Report.WriteJSON]. The summary counts packages.
func (c Check) WriteJSON(w io.Writer) error {
	out := jsonCheck{Schema: Schema, Command: "check", Locks: []jsonLock{}, Since: c.Since, Offline: c.Offline,
		Artifacts: []jsonChecked{}, Entries: []jsonChecked{}, Summary: c.Summary(), Files: c.files(), NotLookedAt: []jsonSkipped{},
		LeftOut: []jsonLeftOut{}, NoFit: []jsonUnfit{}, Environment: c.Environment}
	for _, l := range c.Locks {
		out.Locks = append(out.Locks, jsonLock(l))
	}
	for _, item := range c.Items {
		x := jsonChecked{jsonArtifact: item.json(), Places: []jsonPlace{}, Lines: []jsonPlace{}}
		for _, p := range item.Places {
			x.Places = append(x.Places, jsonPlace(p))
		}
		for _, r := range item.Decision.Reasons {
			x.Lines = append(x.Lines, jsonPlace(item.at(r)))
		}
		if item.Artifact.Filename == "" {
			out.Entries = append(out.Entries, x)
		} else {
			out.Artifacts = append(out.Artifacts, x)
		}
	}
	for _, s := range c.Skipped {
		out.NotLookedAt = append(out.NotLookedAt, jsonSkipped(s))
	}
	for _, l := range c.LeftOut {
		out.LeftOut = append(out.LeftOut, jsonLeftOut{l.What, l.Marker, jsonPlace(l.Place)})
	}
	for _, l := range c.NoFit {
		out.NoFit = append(out.NoFit, jsonUnfit{l.What, jsonPlace(l.Place)})
	}
	return EncodeJSON(w, out)
}
