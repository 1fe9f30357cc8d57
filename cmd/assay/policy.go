package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"assay/internal/policy"
	"assay/internal/report"
	"assay/internal/tomlfile"
)

func (a *app) policyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Write, check and test what packages must be",
		Long: `A policy says which packages are taken: from whom, how old, from which index, and
what is accepted all the same. It is an assay.toml, or the table tool.assay of a
pyproject.toml, upward from the working folder, and the person's own.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("run 'assay policy --help' for what there is", "there is no command %q under policy", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.policyInitCommand(), a.policyCheckCommand(), a.policyTestCommand())
	return cmd
}

func (a *app) policyCheckCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Find errors, contradictions and expired exceptions",
		Long: `Check reads FILE, else the policies that hold here, and says with file and line
what is wrong, what can never match, what contradicts another rule, which
exceptions have expired, and what of the project's policy your own overrules.

Exit status: 0 when there is no error (warnings included), 2 when there is.`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("check them one by one", "check takes one file, not %d", len(args))
			}
			return a.policyCheck(append(args, "")[0], format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

// finding is one line of a check.
type finding struct {
	File     string `json:"file"`
	Line     int    `json:"line"` // 0: the whole file
	Severity string `json:"severity"`
	Message  string `json:"message"`
}

// checked is what a check comes to.
type checked struct {
	Schema   int       `json:"schema"`
	Command  string    `json:"command"`
	Files    []string  `json:"files"`
	Findings []finding `json:"findings"`
	Errors   int       `json:"errors"`
	Warnings int       `json:"warnings"`
}

func (a *app) policyCheck(named, format string) error {
	if format != "text" && format != "json" {
		return usage("", "--format is text or json, not %q", format)
	}
	own, project, err := a.policyFiles(named)
	if err != nil {
		return err
	}
	if own == nil && project == nil {
		return usage("write one with 'assay policy init'", "there is no policy here")
	}
	c := checked{Schema: 1, Command: "policy check", Findings: []finding{}}
	ownFile := c.read(own)
	projectFile := c.read(project)
	if c.Errors == 0 {
		c.warn(policy.Join(ownFile, projectFile).Notes())
	}
	if format == "json" {
		err = writeJSON(a.stdout, c)
	} else {
		err = c.write(a)
	}
	if err != nil {
		return &failure{statusUndecided, err, ""}
	}
	if c.Errors > 0 {
		return exit(statusUsage)
	}
	return nil
}

// read parses a file and notes what is wrong with it.
func (c *checked) read(f *policyFile) *policy.File {
	if f == nil {
		return nil
	}
	c.Files = append(c.Files, f.name)
	parsed, err := f.parse()
	var broken *tomlfile.Error
	if errors.As(err, &broken) {
		for _, p := range broken.Problems {
			c.Findings = append(c.Findings, finding{p.File, p.Line, "error", p.Detail})
		}
		c.Errors += len(broken.Problems) + broken.More
		return nil
	}
	c.warn(parsed.Check(time.Now()))
	return parsed
}

func (c *checked) warn(list []tomlfile.Problem) {
	for _, p := range list {
		c.Findings = append(c.Findings, finding{p.File, p.Line, "warning", p.Detail})
	}
	c.Warnings += len(list)
}

func (c *checked) write(a *app) error {
	for _, f := range c.Findings {
		place := f.File
		if f.Line > 0 {
			place = fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		fmt.Fprintln(a.stdout, report.Line(fmt.Sprintf("%s: %s: %s", place, f.Severity, f.Message)))
	}
	_, err := fmt.Fprintf(a.stdout, "%s checked: %s, %s\n", counted(len(c.Files), "file"), counted(c.Errors, "error"), counted(c.Warnings, "warning"))
	return err
}

// counted renders a count with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
