package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay"
	"assay/internal/journal"
	"assay/internal/pypi"
	"assay/internal/report"
	"assay/internal/trust"
)

func (a *app) listCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "list [NAME ...]",
		Short: "List who may speak for which project, and what is remembered of it",
		Long: `List says whom trust.toml and its imports let speak for which project, until when
and by whose word. Then it says which publishers each project had so far, how many
of its releases were seen, and what was accepted: that is continuity and not
verification, as nobody says that the first publisher was the right one.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := projectNames(args)
			if err == nil {
				err = checkFormat(format)
			}
			if err != nil {
				return err
			}
			grants, store, err := a.listedGrants(names)
			if err != nil {
				return err
			}
			return a.withMemory(func(j *journal.Journal) error {
				known, err := j.Known(cmd.Context(), names...)
				if err != nil {
					return memoryFailure(err)
				}
				if format == "json" {
					return writeJSON(a.stdout, jsonList(grants, store, known))
				}
				a.writeGrants(grants)
				a.warnOpenOf(grants, store)
				if len(known) > 0 || len(grants) == 0 {
					a.writeList(known, names)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func (a *app) historyCommand() *cobra.Command {
	var format string
	var check bool
	cmd := &cobra.Command{
		Use:   "history [NAME ...]",
		Short: "Show every entry of memory, or check that none was changed",
		Long: `History shows what was seen, accepted, removed and imported, oldest first.

With --check it follows the chain of hashes from the first entry to the last
instead, and says how many there are and the hash of the last one. Who notes that
elsewhere can tell later that nothing before it was changed.

Exit status of --check: 0 sound, 1 changed or cut.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := projectNames(args)
			if err == nil {
				err = checkFormat(format)
			}
			if err == nil && check && len(args) > 0 {
				err = usage("leave the names out", "--check is about the whole journal")
			}
			if err != nil {
				return err
			}
			if check {
				return a.checkMemory(cmd, format)
			}
			return a.withMemory(func(j *journal.Journal) error {
				entries, err := j.Entries(cmd.Context(), names...)
				if err != nil {
					return memoryFailure(err)
				}
				if format == "json" {
					return writeJSON(a.stdout, jsonHistory(entries))
				}
				if len(entries) == 0 {
					fmt.Fprintln(a.stdout, nothingKnown(names))
				}
				for _, e := range entries {
					fmt.Fprintf(a.stdout, "%d  %s  %-6s  %s\n", e.Seq, e.Time.UTC().Format(time.RFC3339), e.Kind, describeEntry(e))
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	cmd.Flags().BoolVar(&check, "check", false, "check the chain of hashes, instead")
	return cmd
}

// checkMemory follows the whole chain. That it does not hold is the answer, and not a
// failure of this program.
func (a *app) checkMemory(cmd *cobra.Command, format string) error {
	var c journal.Checked
	err := a.withMemory(func(j *journal.Journal) (err error) {
		if c, err = j.Check(cmd.Context()); err != nil {
			return memoryFailure(err)
		}
		return nil
	})
	var f *failure
	if errors.As(err, &f) && (errors.Is(err, journal.ErrEdited) || errors.Is(err, journal.ErrCut)) {
		f.status = report.ExitRefused
	}
	if err != nil {
		return err
	}
	if c.IndexWrong {
		a.warn("the index of memory did not say what the journal says; it was made anew")
	}
	if c.Ahead > 0 {
		a.warn("entries from the future: %d; see whether this computer's clock is right", c.Ahead)
	}
	if format == "json" {
		return writeJSON(a.stdout, map[string]any{"schema": report.Schema, "entries": c.Entries, "head": c.Head, "from_the_future": c.Ahead})
	}
	fmt.Fprintf(a.stdout, "the journal is sound: %s, the last one is %s\n", plural(int(c.Entries), "entry"), c.Head)
	return nil
}

func checkFormat(format string) error {
	if format != "text" && format != "json" {
		return usage("", "--format is text or json, not %q", format)
	}
	return nil
}

// projectNames normalises the names of projects.
func projectNames(args []string) ([]string, error) {
	var out []string
	for _, arg := range args {
		name, err := pypi.NormalizeName(arg)
		if err != nil {
			return nil, usage("write the project's name, such as sampleproject", "%w", err)
		}
		out = append(out, name)
	}
	return out, nil
}

func nothingKnown(names []string) string {
	if len(names) == 0 {
		return "nothing is remembered yet"
	}
	return "nothing is remembered of " + strings.Join(names, ", ")
}

// writeList writes a line for each project, and one for each acceptance.
func (a *app) writeList(known []journal.Known, names []string) {
	if len(known) == 0 {
		fmt.Fprintln(a.stdout, nothingKnown(names))
		return
	}
	fmt.Fprintln(a.stdout, "remembered, by project (continuity, not verification):")
	for _, k := range known {
		if len(k.Files) > 0 {
			fmt.Fprintf(a.stdout, "%s  %s  %s, first seen %s, last %s\n", k.Project, publishers(k.Publishers), plural(k.Releases(), "release"), today(k.First), today(k.Last))
		}
		for _, e := range k.Accepted {
			fmt.Fprintf(a.stdout, "%s  %s\n", k.Project, describeAccepted(e))
		}
	}
}

func publishers(list []assay.Identity) string {
	if len(list) == 0 {
		return "no known publisher"
	}
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	return strings.Join(out, " and ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && !strings.HasSuffix(noun, "ey") {
		noun = stem + "ie"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// describeAccepted says what an acceptance is about.
func describeAccepted(e journal.Entry) string {
	what := joinCodes(e.Codes)
	if e.Version != "" {
		what += " of " + e.Version
	}
	if e.Identity != "" {
		what += " from " + e.Identity
	}
	return fmt.Sprintf("acceptance %d: %s until %s, by %s: %s", e.Seq, what, lastDay(e), e.By, e.Reason)
}

func joinCodes(codes []assay.Code) string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = string(c)
	}
	return strings.Join(out, " and ")
}

func lastDay(e journal.Entry) string { return today(e.Until.Add(-time.Second)) }

// describeEntry says in a line what an entry is about.
func describeEntry(e journal.Entry) string {
	release := e.Project
	if e.Version != "" {
		release += "==" + e.Version
	}
	switch e.Kind {
	case journal.Seen:
		text := fmt.Sprintf("%s  %s sha256:%s from %s, published by %s", release, e.Filename, e.SHA256, e.Index, publishers(e.Publishers))
		if len(e.Publishers) == 0 {
			text = fmt.Sprintf("%s  %s sha256:%s from %s, without a known publisher", release, e.Filename, e.SHA256, e.Index)
		}
		if e.Waived {
			text += ", as an acceptance let it through"
		}
		return text + " (" + e.Route + ")"
	case journal.Accept:
		return e.Project + "  " + describeAccepted(e)
	case journal.Remove:
		if e.Target != 0 {
			return fmt.Sprintf("%s  acceptance %d, by %s: %s", e.Project, e.Target, e.By, e.Reason)
		}
		return fmt.Sprintf("%s  what was seen of it, by %s: %s", release, e.By, e.Reason)
	case journal.Grant:
		return describeGranted(e)
	}
	text := fmt.Sprintf("%s sha256:%s, by %s", e.Origin, e.SHA256, e.By)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// describeGranted says how grants were changed.
func describeGranted(e journal.Entry) string {
	text := e.Route
	if e.Identity != "" {
		text = e.Identity + " " + text
	}
	switch {
	case e.Project != "":
		text = e.Project + "  " + text
	case e.Route == "granted" || e.Route == "denied" || e.Route == "removed" || e.Route == "lost" || e.Route == "withdrawn":
		text = "*  " + text
	}
	if !e.Until.IsZero() {
		text += " until " + lastDay(e)
	}
	text += ", " + e.Origin
	if e.SHA256 != "" {
		text += " sha256:" + e.SHA256
	}
	return text + ", by " + e.By + ": " + e.Reason
}

type jsonPublisher struct {
	Name         string `json:"name"`
	RepositoryID string `json:"repository_id"`
	OwnerID      string `json:"owner_id"`
}

type jsonProject struct {
	Project    string          `json:"project"`
	Publishers []jsonPublisher `json:"publishers"`
	Releases   int             `json:"releases"`
	Files      int             `json:"files"`
	First      string          `json:"first"`
	Last       string          `json:"last"`
	Accepted   []jsonEntry     `json:"accepted"`
}

type jsonEntry struct {
	Seq        int64           `json:"seq"`
	Time       string          `json:"time"`
	Kind       string          `json:"kind"`
	Project    string          `json:"project"`
	Version    string          `json:"version"`
	Filename   string          `json:"filename"`
	Index      string          `json:"index"`
	SHA256     string          `json:"sha256"`
	Size       int64           `json:"size"`
	Uploaded   string          `json:"uploaded"`
	Publishers []jsonPublisher `json:"publishers"`
	Waived     bool            `json:"waived"`
	First      string          `json:"first"`
	Route      string          `json:"route"`
	Identity   string          `json:"identity"`
	Codes      []assay.Code    `json:"codes"`
	Until      string          `json:"until"`
	Target     int64           `json:"target"`
	Origin     string          `json:"origin"`
	Reason     string          `json:"reason"`
	By         string          `json:"by"`
}

func jsonPublishers(list []assay.Identity) []jsonPublisher {
	out := []jsonPublisher{}
	for _, p := range list {
		out = append(out, jsonPublisher{p.Name, p.RepositoryID, p.OwnerID})
	}
	return out
}

func jsonTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func jsonEntries(entries []journal.Entry) []jsonEntry {
	out := []jsonEntry{}
	for _, e := range entries {
		j := jsonEntry{e.Seq, jsonTime(e.Time), string(e.Kind), e.Project, e.Version, e.Filename, e.Index, e.SHA256, e.Size, jsonTime(e.Uploaded),
			jsonPublishers(e.Publishers), e.Waived, jsonTime(e.First), e.Route, e.Identity, append([]assay.Code{}, e.Codes...), "", e.Target, e.Origin, e.Reason, e.By}
		if !e.Until.IsZero() {
			j.Until = lastDay(e)
		}
		out = append(out, j)
	}
	return out
}

func jsonHistory(entries []journal.Entry) any {
	return struct {
		Schema  int         `json:"schema"`
		Entries []jsonEntry `json:"entries"`
	}{report.Schema, jsonEntries(entries)}
}

func jsonList(grants []trust.Grant, store *trust.Store, known []journal.Known) any {
	projects := []jsonProject{}
	for _, k := range known {
		projects = append(projects, jsonProject{k.Project, jsonPublishers(k.Publishers), k.Releases(), len(k.Files), jsonTime(k.First), jsonTime(k.Last), jsonEntries(k.Accepted)})
	}
	return struct {
		Schema   int                 `json:"schema"`
		Projects []jsonProject       `json:"projects"`
		Grants   []jsonProjectGrants `json:"grants"`
	}{report.Schema, projects, jsonProjects(grants, store, known)}
}

// writeJSON writes a result as the reports are written.
func writeJSON(w io.Writer, value any) error {
	if err := report.EncodeJSON(w, value); err != nil {
		return &failure{statusUndecided, err, ""}
	}
	return nil
}
