package main

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"assay"
	"assay/internal/index"
	"assay/internal/lockcheck"
	"assay/internal/lockfile"
	"assay/internal/report"
)

// maxSources is how many indexes of a lock are named when they changed.
const maxSources = 8

// lockSignals are what changed for all packages of a lock at once: where they are looked
// for, and options.
func lockSignals(before, after *lockfile.Lock) []report.Signal {
	var out []report.Signal
	mixed := before.Format != after.Format
	old, now := placesOf(before, mixed), placesOf(after, mixed)
	named := listsIndexes(before) || listsIndexes(after) // else one that went is said of the package that was there
	if !slices.Equal(old.exact, now.exact) && (named || len(without(now.exact, old.exact)) > 0) {
		text := fmt.Sprintf("the lock's indexes changed: %s → %s", old, now)
		if slices.Equal(old.shown, now.shown) {
			text = fmt.Sprintf("the lock's indexes changed in what is not shown of them: %s", now)
		}
		weight := report.Alarming
		if mixed && (len(old.exact) == 0 || len(now.exact) == 0) {
			weight = report.Suspicious // some formats name theirs, and others never do
		}
		out = append(out, report.Signal{Weight: weight, Text: text})
	}
	if !mixed && before.Version != after.Version {
		out = append(out, report.Signal{Weight: report.Suspicious, Text: fmt.Sprintf("the version of the lock's format changed, and with it what its entries mean: %s → %s", before.Version, after.Version)})
	}
	if !mixed && !slices.Equal(before.Strategy, after.Strategy) {
		out = append(out, report.Signal{Weight: report.Suspicious, Text: fmt.Sprintf("the lock's strategy changed: %s → %s",
			cmp.Or(listed(before.Strategy), "none named"), cmp.Or(listed(after.Strategy), "none named"))})
	}
	if before.Format == lockfile.Requirements && after.Format == lockfile.Requirements {
		gone, fresh := without(optionsOf(before), optionsOf(after)), without(optionsOf(after), optionsOf(before))
		if len(fresh) > 0 {
			out = append(out, report.Signal{Weight: report.Suspicious, Text: "the lock has options that it had not: " + listed(fresh)})
		}
		if len(gone) > 0 {
			out = append(out, report.Signal{Weight: report.Suspicious, Text: "the lock had options that it has not: " + listed(gone)})
		}
	}
	return out
}

// places are where a lock looks for its packages.
type places struct{ exact, shown []string }

func (p places) String() string {
	if len(p.shown) == 0 {
		return "none named"
	}
	return listed(p.shown)
}

// listed names some of a list.
func listed(of []string) string {
	if extra := len(of) - maxSources; extra > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(of[:maxSources], ", "), extra)
	}
	return strings.Join(of, ", ")
}

// placesOf returns where a lock looks. Of locks in two formats one may name what goes
// without saying in the other.
func placesOf(l *lockfile.Lock, mixed bool) places {
	var out places
	put := func(exact, shown string) {
		if !slices.Contains(out.exact, exact) {
			out.exact, out.shown = append(out.exact, exact), append(out.shown, shown)
		}
	}
	before := map[lockfile.IndexKind]string{lockfile.Extra: "besides ", lockfile.FindLinks: "files listed at "}
	for _, ix := range l.Indexes {
		address := strings.TrimSuffix(ix.URL, "/")
		if mixed && ix.Kind == lockfile.Primary && address == strings.TrimSuffix(index.PyPI, "/") {
			continue
		}
		behind := ""
		if ix.Unverified {
			behind = " without a certificate"
		}
		put(before[ix.Kind]+address+behind, before[ix.Kind]+strings.TrimSuffix(assay.ShownSource(address), "/")+behind)
	}
	if !listsIndexes(l) {
		slices.Sort(out.exact) // as its entries happen to name them
		slices.Sort(out.shown)
	}
	if l.NoIndex {
		put("no index", "no index")
	}
	for _, o := range l.Options {
		if o.Name == "--trusted-host" {
			put("trusted host "+o.Value, "trusted host "+o.Value)
		}
	}
	return out
}

// listsIndexes reports whether a lock says where to look once for all entries.
func listsIndexes(l *lockfile.Lock) bool {
	return l.Format == lockfile.Requirements || l.Format == lockfile.Pipfile
}

// optionsOf are the options that no index and no entry shows.
func optionsOf(l *lockfile.Lock) []string {
	var out []string
	for _, o := range l.Options {
		switch o.Name {
		case "--index-url", "--pypi-url", "--extra-index-url", "--find-links", "--no-index", "--trusted-host", "--requirement", "--constraint":
		default:
			add(&out, strings.TrimSpace(o.Name+" "+o.Value))
		}
	}
	return out
}

func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
}

// reached are the projects that a change of a lock's indexes reaches: all that it says
// once for them is where they are looked for.
func reached(after *lockfile.Lock) map[string]bool {
	out := map[string]bool{}
	for _, p := range after.Packages {
		if listsIndexes(after) && !p.OnlyNarrows() && p.Source.Kind == lockfile.Registry {
			out[titleOf(p)] = true
		}
	}
	return out
}

func titleOf(p lockfile.Package) string { return cmp.Or(p.Name, p.Spelled) }

// fromElsewhere tells of sources that are no index.
func fromElsewhere(after *sided, say func(report.Weight, string, ...any)) {
	var told []string
	for _, p := range after.entries {
		if p.Source.Kind == lockfile.Registry || p.Source.Kind == "" {
			continue
		}
		add(&told, elsewhereText(p.Source))
	}
	for _, text := range told[:min(len(told), maxSources)] {
		say(report.Suspicious, "%s", text)
	}
}

// sourceText is a source that is no index, as it is listed.
func sourceText(p lockfile.Package) string {
	return string(p.Source.Kind) + " " + assay.ShownSource(p.Source.Where)
}

func elsewhereText(s lockfile.Source) string {
	where := assay.ShownSource(s.Where)
	host := where
	if u, err := url.Parse(where); err == nil && u.Host != "" {
		host = u.Host
	} else if _, rest, ok := strings.Cut(where, "@"); ok && s.Kind == lockfile.VCS {
		host, _, _ = strings.Cut(rest, ":") // git@host:path
	}
	switch s.Kind {
	case lockfile.URL:
		return "it comes from no index but from a URL on " + host
	case lockfile.VCS:
		return "it comes from no index but from a repository on " + host
	case lockfile.LocalFile:
		return "it comes from no index but from the file " + where
	}
	return "it comes from no index but from the folder " + where
}

// compareHold tells what holds a package less than before: its version and its hashes.
func compareHold(before, after *sided, say func(report.Weight, string, ...any)) {
	switch {
	case !allOf(after, isPinned) && allOf(before, isPinned):
		say(report.Alarming, "it was pinned to a version, and is not any more: an installer takes what the index has by then")
	case !allOf(after, isHeld) && allOf(before, isHeld):
		say(report.Suspicious, "every entry had a strong hash, and now one has none: an installer takes whatever bytes it gets")
	case slices.Equal(before.Versions, after.Versions) && len(without(hashesOf(after), hashesOf(before))) > 0:
		say(report.Suspicious, "other hashes for the same version")
	case slices.Equal(before.Versions, after.Versions) && len(hashesOf(after)) > 0 && len(without(hashesOf(before), hashesOf(after))) > 0:
		say(report.Notable, "fewer hashes for the same version")
	}
	if text := func(s *sided) string {
		var out []string
		for _, p := range s.entries {
			out = append(out, fmt.Sprintf("%q", p.Built))
		}
		slices.Sort(out)
		return strings.Join(slices.Compact(out), "\n")
	}; text(before) != text(after) {
		say(report.Suspicious, "another folder of its source is built, or by other options")
	}
	if slices.Equal(shownSources(before), shownSources(after)) && !slices.Equal(exactSources(before), exactSources(after)) {
		say(report.Suspicious, "its URL changed in what is not shown of it: its query")
	}
}

func allOf(s *sided, holds func(lockfile.Package) bool) bool {
	return !slices.ContainsFunc(s.entries, func(p lockfile.Package) bool { return !holds(p) })
}

// isPinned reports whether an entry says which release it is. What comes from no index
// has no release.
func isPinned(p lockfile.Package) bool { return p.Source.Kind != lockfile.Registry || p.Version != "" }

// isHeld reports whether an entry's files each have a strong hash. Folders and checkouts
// have none.
func isHeld(p lockfile.Package) bool {
	if k := p.Source.Kind; k != lockfile.Registry && k != lockfile.URL && k != lockfile.LocalFile {
		return true
	}
	if slices.ContainsFunc(p.Hashes, func(h lockfile.Hash) bool { return h.Weak == "" }) {
		return true
	}
	return len(p.Files) > 0 && !slices.ContainsFunc(p.Files, func(f lockfile.File) bool { return len(f.Digests) == 0 })
}

func shownSources(s *sided) []string { return sourcesBy(s, sourceText) }

func exactSources(s *sided) []string {
	return sourcesBy(s, func(p lockfile.Package) string { return string(p.Source.Kind) + " " + p.Source.Where })
}

func sourcesBy(s *sided, text func(lockfile.Package) string) []string {
	var out []string
	for _, p := range s.entries {
		if p.Source.Kind != lockfile.Registry {
			add(&out, text(p))
		}
	}
	slices.Sort(out)
	return out
}

// namedPublishers renders the attestation identities that a lock names.
func namedPublishers(s *sided) string {
	var out []string
	for _, p := range s.entries {
		for _, id := range p.Identities {
			add(&out, lockcheck.IdentityText(id))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " and ")
}

// hashesOf are the hashes that a lock names.
func hashesOf(s *sided) []string {
	seen := map[string]bool{}
	var out []string
	put := func(hash string) {
		if !seen[hash] {
			seen[hash] = true
			out = append(out, hash)
		}
	}
	for _, p := range s.entries {
		for _, h := range p.Hashes {
			put(h.Digest.String() + h.Weak)
		}
		for _, f := range p.Files {
			for _, d := range f.Digests {
				put(d.String())
			}
		}
	}
	slices.Sort(out)
	return out
}
