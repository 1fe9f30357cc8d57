package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"assay"
)

// Schema is the version of the JSON form. Within one version fields are only
// ever added.
const Schema = 1

type jsonReport struct {
	Schema      int            `json:"schema"`
	Command     string         `json:"command"`
	Artifacts   []jsonArtifact `json:"artifacts"`
	Summary     Summary        `json:"summary"`
	NotLookedAt []jsonSkipped  `json:"not_looked_at"`
}

type jsonArtifact struct {
	Filename   string         `json:"filename"`
	Project    string         `json:"project"`
	Version    string         `json:"version"`
	SHA256     string         `json:"sha256"`
	Decision   jsonDecision   `json:"decision"`
	Evidence   []jsonEvidence `json:"evidence"`
	Ecosystem  string         `json:"ecosystem"`
	Index      string         `json:"index"`
	URL        string         `json:"url"`
	Size       int64          `json:"size"`
	UploadTime string         `json:"upload_time"`
	JudgedAt   string         `json:"judged_at"`
	Inside     *jsonInside    `json:"inside,omitempty"`
}

type jsonDecision struct {
	Verdict string       `json:"verdict"`
	Reasons []jsonReason `json:"reasons"`
}

type jsonReason struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
}

type jsonEvidence struct {
	Verifier string        `json:"verifier"`
	State    string        `json:"state"`
	Claims   []jsonClaim   `json:"claims"`
	Findings []jsonFinding `json:"findings"`
}

type jsonClaim struct {
	Method   string            `json:"method"`
	Identity string            `json:"identity"`
	Time     string            `json:"time"`
	Digest   string            `json:"digest"`
	Details  map[string]string `json:"details"`
}

type jsonFinding struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

type jsonSkipped struct {
	What  string `json:"what"`
	Why   string `json:"why"`
	Count int    `json:"count"`
}

// WriteJSON writes the report as one JSON object and a line feed. Arrays and
// objects are never null, times are RFC 3339 in UTC or empty, and characters
// that could disturb a terminal are escaped.
func (r Report) WriteJSON(w io.Writer) error {
	out := jsonReport{Schema: Schema, Command: r.Command, Artifacts: []jsonArtifact{}, Summary: r.Summary(),
		NotLookedAt: []jsonSkipped{}}
	for _, item := range r.Items {
		out.Artifacts = append(out.Artifacts, item.json())
	}
	for _, s := range r.Skipped {
		out.NotLookedAt = append(out.NotLookedAt, jsonSkipped(s))
	}
	return EncodeJSON(w, out)
}

// EncodeJSON writes a value as one indented JSON object and a line feed, with
// characters that could disturb a terminal escaped.
func EncodeJSON(w io.Writer, value any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(value); err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	if _, err := w.Write(escapeJSON(b.Bytes())); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func (i Item) json() jsonArtifact {
	a := i.Artifact
	out := jsonArtifact{
		Filename: a.Filename, Project: a.Project, Version: a.Version, SHA256: i.SHA256,
		Decision:  decisionJSON(i.Decision),
		Evidence:  []jsonEvidence{},
		Ecosystem: string(a.Ecosystem), Index: assay.Shown(withoutSecrets(a.Index)), URL: assay.ShownBelow(withoutSecrets(a.URL), a.Index),
		Size: i.Size, UploadTime: timestamp(a.UploadTime), JudgedAt: timestamp(i.Time), Inside: insideJSON(i.Inside),
	}
	for _, e := range i.Evidence {
		je := jsonEvidence{Verifier: e.Verifier, State: e.State.String(), Claims: []jsonClaim{}, Findings: []jsonFinding{}}
		for _, c := range e.Claims {
			jc := jsonClaim{Method: c.Method, Identity: c.Identity, Time: timestamp(c.Time), Details: map[string]string{}}
			if c.Digest.Algorithm != "" {
				jc.Digest = c.Digest.String()
			}
			for k, v := range c.Details {
				jc.Details[k] = v
			}
			je.Claims = append(je.Claims, jc)
		}
		for _, f := range e.Findings {
			je.Findings = append(je.Findings, jsonFinding{string(f.Code), f.Detail})
		}
		out.Evidence = append(out.Evidence, je)
	}
	return out
}

func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// withoutSecrets drops what may carry credentials: user information, and the
// query, in which pre-signed URLs carry theirs. What is not a URL is dropped
// whole.
func withoutSecrets(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment = nil, "", false, ""
	return u.String()
}

// escapeJSON writes the characters that are not printable as \u escapes, and the second
// of two "#". In
// valid JSON such characters stand in strings only, so the value is the same.
func escapeJSON(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '#' && len(out) > 0 && out[len(out)-1] == '#': // see noCommand
			out = append(out, `\u0023`...)
		case r == '\n' || printable(r):
			out = append(out, b[:n]...)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		b = b[n:]
	}
	return out
}
