package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"assay/internal/journal"
	"assay/internal/keysource"
)

// maxExport bounds what is read of a file to import, in bytes; one more than is
// allowed, so that its reader sees that it is too large.
const maxExport = 64<<20 + 1

func (a *app) exportCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "export [NAME ...]",
		Short: "Write what is remembered as text to review and share",
		Long: `Export writes what is remembered of all projects, or of those that are named, as
TOML that people can review and commit: files with their publishers and digests,
and what was accepted, by whom and why. The order depends on nothing but the
content. 'assay trust import' takes it over elsewhere.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := projectNames(args)
			if err != nil {
				return err
			}
			return a.withMemory(func(j *journal.Journal) error {
				known, err := j.Known(cmd.Context(), names...)
				if err != nil {
					return memoryFailure(err)
				}
				for _, name := range names {
					if !slices.ContainsFunc(known, func(k journal.Known) bool { return k.Project == name }) {
						return usage("'assay trust list' shows what is", "nothing is remembered of %s", name)
					}
				}
				text := journal.Export(known)
				if output == "" {
					_, err = a.stdout.Write(text)
				} else {
					err = writeExport(output, text)
				}
				if err != nil {
					return &failure{statusUndecided, fmt.Errorf("the export cannot be written: %w", plainPathError(err)), "give another place with --output FILE"}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&output, "output", "", "write it to `FILE` instead of stdout")
	return cmd
}

// writeExport puts an export in the place of a file, whole or not at all.
func writeExport(path string, text []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".assay-export-*")
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, (&reportFile{file, path}).keep())
	return err
}

func (a *app) importCommand() *cobra.Command {
	var f keysImport
	cmd := &cobra.Command{
		Use:   "import FILE|SOURCE [--kind KIND --name NAME --until YYYY-MM-DD --reason TEXT]",
		Short: "Take over what somebody else remembers, or whose keys they vouch for",
		Long: `Import takes over what 'assay trust export' wrote, so that the first use on another
computer is no first use here. What is known already is left out. If anything
conflicts with what is remembered (other bytes of a file, another publisher),
nothing is imported.

With --kind it learns keys instead, and locks what the source grants today: what it
grants tomorrow counts once you refresh it. The kinds, from the weightiest down:

` + kindHelp() + `
Where trust.toml says agree = N, what is imported counts where N imports grant the
same. A source that grants less than it did is refused without --accept-loss.

Exit status: 0 imported, or known already; 1 nothing was, as there are conflicts, a
loss, or nothing that is granted.`,
		Example: `  assay trust import team.toml --dry-run
  assay trust import team.toml
  assay trust import --kind debian --name debian --project django --until 2027-12-31 --reason "what Debian checks Django by" https://deb.example/debian/dists/stable/main/source/Sources.xz
  assay trust import --kind grants --name acme --until 2027-12-31 --reason "our security team's list" https://acme.example/trust.toml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.importAnything(cmd, f, args, func(path string) error { return a.importMemory(cmd, path, f.dry) })
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&f.dry, "dry-run", false, "only say what would be added, and what disagrees")
	return cmd
}

// kindHelp is a line for each kind of source.
func kindHelp() string {
	var b strings.Builder
	for _, k := range keysource.Kinds() {
		fmt.Fprintf(&b, "  %-13s %s\n", k.Name, k.Source)
	}
	return b.String()
}

// importMemory takes over an export of memory.
func (a *app) importMemory(cmd *cobra.Command, path string, dry bool) error {
	imported, err := readExport(path)
	if err != nil {
		return err
	}
	return a.withMemory(func(j *journal.Journal) error {
		m, err := j.Merge(cmd.Context(), imported, a.userName(), dry)
		switch {
		case errors.Is(err, journal.ErrShared):
			return usage("", "%s: %w", shown(path), err)
		case err != nil:
			return notRemembered(err)
		}
		for _, e := range m.Added {
			fmt.Fprintln(a.stdout, "+ "+describeImported(e, dry))
		}
		if len(m.Conflicts) > 0 {
			return a.conflicts(m)
		}
		fmt.Fprintln(a.stdout, summary(m, dry))
		return nil
	})
}

func readExport(path string) ([]journal.Entry, error) {
	file, err := openRegular(path, hints{missing: "check the path", irregular: "name a file that 'assay trust export' wrote"})
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxExport))
	if err != nil {
		return nil, &failure{statusUndecided, fmt.Errorf("reading %s: %w", shown(path), err), ""}
	}
	imported, err := journal.ReadExport(filepath.Base(path), data)
	if err != nil {
		return nil, usage("import what 'assay trust export' wrote, as it is", "%s: %w", shown(path), err)
	}
	return imported, nil
}

// describeImported says what an entry to import is about. One that was not written
// has no number.
func describeImported(e journal.Entry, dry bool) string {
	text := describeEntry(e)
	if dry || e.Seq == 0 {
		text = strings.Replace(text, "acceptance 0: ", "acceptance: ", 1)
	}
	return text
}

func summary(m journal.Merged, dry bool) string {
	files := 0
	for _, e := range m.Added {
		if e.Kind == journal.Seen {
			files++
		}
	}
	text := plural(files, "file") + " and " + plural(len(m.Added)-files, "acceptance")
	switch {
	case len(m.Added) == 0:
		return "all of it is known already"
	case dry:
		return "would be imported: " + text
	}
	return "imported: " + text
}
