package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"assay"
)

// The parts of SARIF 2.1.0 that are written, by the names of the standard (OASIS,
// section 3).
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
	ColumnKind  string            `json:"columnKind"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"semanticVersion,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string        `json:"id"`
	ShortDescription sarifText     `json:"shortDescription"`
	Help             sarifText     `json:"help"`
	Default          sarifDefaults `json:"defaultConfiguration"`
}

type sarifDefaults struct {
	Level string `json:"level"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	ExecutionSuccessful bool                `json:"executionSuccessful"`
	ExitCode            int                 `json:"exitCode"`
	Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

// maxSARIFResults is how many results code hosts take of one run.
const maxSARIFResults = 5000

// WriteSARIF writes errors and warnings as SARIF 2.1.0. Version is Assay's own. The
// fingerprints name the package and the reason but no line, so that a code host knows
// a finding again when the lock is written anew.
func (c Check) WriteSARIF(w io.Writer, version string) error {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "assay", Version: version, Rules: []sarifRule{}}}, Results: []sarifResult{},
		ColumnKind: "unicodeCodePoints", Invocations: []sarifInvocation{{ExecutionSuccessful: true, ExitCode: Exit(c.Summary())}}}
	if text := c.leftOut(); text != "" {
		run.Invocations[0].Notifications = []sarifNotification{{"note", sarifText{"not looked " + text}}}
	}
	if len(c.NoFit) > 0 {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{"note", sarifMessage("no file fits: " + named(c.NoFit, Text{}.name))})
	}
	packs := c.packs()
	used := map[assay.Code]bool{}
	for _, p := range packs {
		for _, f := range p.findings(assay.Warning) {
			used[f.Code] = true
		}
	}
	index := map[assay.Code]int{}
	for _, e := range assay.Entries() {
		if used[e.Code] {
			index[e.Code] = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: string(e.Code), ShortDescription: sarifMessage(braces(e.Text)),
				Help: sarifMessage(braces(e.Hint)), Default: sarifDefaults{string(e.Severity)}})
		}
	}
	slices.SortStableFunc(packs, func(a, b checkedPack) int { return cmp.Compare(b.outcome, a.outcome) })
	for _, p := range packs {
		for _, f := range p.findings(assay.Warning) {
			if len(run.Results) < maxSARIFResults {
				run.Results = append(run.Results, p.sarif(f, index[f.Code]))
			}
		}
	}
	return EncodeJSON(w, sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

func (p checkedPack) sarif(f finding, rule int) sarifResult {
	title := strings.TrimSpace(p.release.Project + " " + p.release.Version)
	text := title + ": "
	if about := f.about(); about != "" {
		text += about + ": "
	}
	text += f.Message
	if f.Hint != "" {
		text += ". Hint: " + f.Hint
	}
	at := sarifPhysical{Artifact: sarifArtifact{relativeURI(f.place.File)}}
	if f.place.Line > 0 {
		at.Region = &sarifRegion{f.place.Line}
	}
	sum := sha256.New()
	for _, part := range append([]string{string(f.Code), p.release.Project, p.release.Version, filepath.ToSlash(f.place.File)}, f.files...) {
		sum.Write([]byte(part + "\x00"))
	}
	return sarifResult{RuleID: string(f.Code), RuleIndex: rule, Level: string(f.Severity), Message: sarifMessage(text),
		Locations: []sarifLocation{{at}}, Fingerprints: map[string]string{"assay/v1": hex.EncodeToString(sum.Sum(nil)[:16])}}
}

// relativeURI is a path as a URI reference, relative where the path is.
func relativeURI(path string) string {
	path = filepath.ToSlash(path)
	if filepath.IsAbs(path) {
		return (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(path, "/")}).String()
	}
	uri := (&url.URL{Path: strings.TrimPrefix(path, "./")}).String()
	bare := strings.TrimPrefix(uri, "./")
	if first, _, _ := strings.Cut(bare, "/"); strings.Contains(first, ":") {
		return uri // without the "./" a folder would be taken for a scheme
	}
	return bare
}

// braces takes the marks of what would be filled in out of an entry's text.
func braces(s string) string {
	return strings.NewReplacer("{project}=={version}", "NAME==VERSION", "{project}", "the project", "{version}", "VERSION", "{filename}", "the file").Replace(s)
}
