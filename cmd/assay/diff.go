package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay"
	"assay/internal/gitrepo"
	"assay/internal/lockcheck"
	"assay/internal/lockfile"
	"assay/internal/pypi"
	"assay/internal/report"
)

const (
	// youngRelease is how old a release is that a reviewer should know to be young.
	youngRelease = 7 * 24 * time.Hour
	// sizeJump is how many times larger than before a file is that is worth a look, and
	// sizeLeast the size below which none is.
	sizeJump  = 3
	sizeLeast = 1 << 20
)

// diffFlags are what `assay diff` was asked for.
type diffFlags struct {
	policy, trustedRoot, format string
	offline, download           bool
	access                      lockAccess
}

func (a *app) diffCommand() *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show what changed between two locks in whom one trusts",
		Long: `Diff compares two lock files, of any formats, and tells of each package that was
added, removed or changed who published it before and after, whether evidence was
lost or gained, how old the release is, and where it comes from. What a reviewer
should look at first stands first.

OLD and NEW are files, or REV:FILE for a file at a git revision.

Exit status: 0, whatever changed, 1 when something new is refused, 2 bad usage or
input.`,
		Example: `  assay diff HEAD:uv.lock uv.lock
  assay diff origin/main:requirements.txt requirements.txt --format markdown`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.diff(cmd.Context(), f, args) },
	}
	cmd.Flags().StringVar(&f.format, "format", "text", "text, json or markdown")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "ask nobody: tell from what earlier checks kept")
	cmd.Flags().BoolVar(&f.download, "download", false, "look into the files as well: what they gained that runs by itself, native code, size")
	f.access.flags(cmd)
	cmd.Flags().StringVar(&f.policy, "policy", "", "judge by the policy in `FILE`, and by no other")
	cmd.Flags().StringVar(&f.trustedRoot, "trusted-root", "", "verify signatures under the Sigstore trusted root in `FILE`")
	return cmd
}

func (a *app) diff(ctx context.Context, f diffFlags, args []string) error {
	switch {
	case f.format != "text" && f.format != "json" && f.format != "markdown":
		return usage("", "--format is text, json or markdown, not %q", f.format)
	case len(args) != 2:
		return usage("name two: assay diff HEAD:uv.lock uv.lock", "diff takes two lock files, not %d", len(args))
	case f.download && f.offline:
		return usage("leave one of them out", "--download does not go with --offline")
	}
	if err := f.access.check(); err != nil {
		return err
	}
	var locks [2]*lockfile.Lock
	for i, arg := range args {
		var err error
		if locks[i], err = a.diffSide(ctx, arg, &f.access); err != nil {
			return err
		}
	}
	c, err := a.newChecker(checkFlags{policy: f.policy, trustedRoot: f.trustedRoot, download: f.download, offline: f.offline, looks: true})
	if err != nil {
		return err
	}
	result, failed := c.difference(ctx, args, locks)
	if err := c.close(); err != nil {
		a.warn("what was found is not kept for the next time: %v", err)
	}
	if failed != nil {
		return failed
	}
	switch f.format {
	case "json":
		err = result.WriteJSON(a.stdout)
	case "markdown":
		err = result.WriteMarkdown(a.stdout, time.Now())
	default:
		err = result.WriteText(a.stdout, a.text(a.stdout), time.Now())
	}
	if err != nil {
		return &failure{statusUndecided, err, ""}
	}
	if result.Refused() {
		return exit(report.ExitRefused)
	}
	return nil
}

// diffSide reads a lock: a file, or one at a revision. What is there as a file is one,
// whatever its name.
func (a *app) diffSide(ctx context.Context, arg string, access *lockAccess) (*lockfile.Lock, error) {
	const hint = "correct the file, or make it anew with the tool that wrote it"
	rev, path, colon := strings.Cut(arg, ":")
	if _, err := os.Stat(arg); err == nil || !colon || rev == "" || path == "" {
		lock, err := a.readLock(arg, access)
		if malformed := new(lockfile.Error); errors.As(err, &malformed) {
			return nil, usage(access.hint(err, hint), "%w", err)
		}
		return lock, err
	}
	lock, err := a.lockAt(ctx, rev, path, access)
	var said *failure
	switch {
	case errors.Is(err, gitrepo.ErrNoFile):
		return nil, usage("check the path and the revision", "%s: there is no such file at that revision", shown(arg))
	case errors.As(err, &said) && errors.As(err, new(*lockfile.Error)):
		return nil, usage(access.hint(err, "compare with another revision"), "%w", said.err)
	case errors.As(err, &said) && strings.Contains(said.hint, "--changed-since"):
		return nil, usage("name a file in a git repository, or one that is there", "%w", said.err)
	}
	return lock, err
}

// sided is a package of one lock with all that is known of it.
type sided struct {
	report.Pinned
	entries  []lockfile.Package
	pins     []string
	claims   []assay.Claim
	denied   []assay.Reason   // of files that are refused
	standing []assay.Reason   // what its index says of the project, and is no refusal
	unasked  bool             // something could not be asked for
	looked   bool             // into the files
	inside   []string         // what does more than it looks like
	earlier  []assay.Sighting // what memory has of releases before these
	when     conditions       // under which it is installed
}

// installedFrom groups a lock's entries by project.
func installedFrom(lock *lockfile.Lock) map[string]*sided {
	out := map[string]*sided{}
	for _, p := range lock.Packages {
		if p.OnlyNarrows() || p.Source.Kind == lockfile.Virtual {
			continue
		}
		name := titleOf(p)
		s := out[name]
		if s == nil {
			s = &sided{}
			out[name] = s
		}
		s.entries = append(s.entries, p)
		s.pins = append(s.pins, pinOf(p))
		s.Where = append(s.Where, report.Place(p.At))
		add(&s.Versions, cmp.Or(p.Version, p.Source.Revision, p.Specifier))
		if p.Source.Kind != lockfile.Registry && p.Source.Kind != "" {
			add(&s.Sources, sourceText(p))
		}
	}
	when := conditionsOf(lock)
	for name, s := range out {
		slices.Sort(s.pins)
		s.when = when[name]
	}
	return out
}

func add(list *[]string, value string) {
	if value != "" && !slices.Contains(*list, value) {
		*list = append(*list, value)
	}
}

// difference finds what changed, and what is known of it.
func (c *checker) difference(ctx context.Context, names []string, locks [2]*lockfile.Lock) (report.Diff, error) {
	before, after := installedFrom(locks[0]), installedFrom(locks[1])
	changed := map[string]bool{}
	mixed := locks[0].Format != locks[1].Format // some formats say it at other places, or leave it out
	for name, s := range before {
		changed[name] = after[name] == nil || !slices.Equal(s.pins, after[name].pins) || !mixed && after[name].when.differs(s.when)
	}
	for name := range after {
		changed[name] = changed[name] || before[name] == nil
	}
	whole := lockSignals(locks[0], locks[1])
	also := map[string]bool{} // whose entries are the same, and may be installed from elsewhere
	if len(whole) > 0 {
		for name := range reached(locks[1]) {
			also[name] = !changed[name]
		}
	}
	c.only = func(_ *lockfile.Lock, p lockfile.Package) bool { return changed[titleOf(p)] || also[titleOf(p)] }
	for i, side := range []map[string]*sided{before, after} {
		if err := c.learn(ctx, locks[i], side, i == 1); err != nil {
			return report.Diff{}, err
		}
	}
	var changes []report.Change
	for name, yes := range changed {
		if !yes && !also[name] {
			continue
		}
		x := report.Change{Project: name, Kind: report.Changed}
		b, a := before[name], after[name]
		switch {
		case b == nil:
			x.Kind, x.After = report.Added, a.Pinned
		case a == nil:
			x.Kind, x.Before = report.Removed, b.Pinned
		default:
			x.Before, x.After = b.Pinned, a.Pinned
			a.earlier = c.earlier(ctx, name, a.Versions)
			if mixed {
				a.when = b.when
			}
		}
		if a != nil {
			x.Signals = signals(b, a)
		}
		if !yes && len(x.Signals) == 0 {
			continue
		}
		changes = append(changes, x)
	}
	d := report.NewDiff(names[0], names[1], changes)
	d.Lock = whole
	return d, nil
}

// learn finds out what is known of the packages of one lock that changed. What speaks
// against the old ones is no matter any more.
func (c *checker) learn(ctx context.Context, lock *lockfile.Lock, side map[string]*sided, isNew bool) error {
	wanted, err := c.expand(ctx, lock)
	if err != nil {
		return err
	}
	var subjects []*subject
	var owners []*sided
	for i := range wanted {
		w := &wanted[i]
		w.Findings = slices.DeleteFunc(w.Findings, func(f lockcheck.Located) bool { return slices.Contains(noChange, f.Code) })
		s := side[titleOf(w.Package)]
		if len(w.FindingsOf(-1)) > 0 {
			subjects, owners = append(subjects, &subject{artifact: w.Artifact(), uses: []use{{w, -1}}}), append(owners, s)
		}
		for n, a := range w.Files {
			subjects, owners = append(subjects, &subject{artifact: a, uses: []use{{w, n}}}), append(owners, s)
		}
	}
	items, err := c.judgeAll(ctx, subjects)
	if err != nil {
		return err
	}
	for i, item := range items {
		owners[i].take(item.Item, isNew)
	}
	return nil
}

// noChange are what a check refuses, and what is no change.
var noChange = []assay.Code{assay.LockMissingHash, assay.LockWeakHash, assay.LockUnpinned, assay.LockNotVerifiable}

// take adds what is known of a file.
func (s *sided) take(item report.Item, isNew bool) {
	a := item.Artifact
	for _, r := range item.Decision.Reasons {
		if r.Code.OfProject() && r.Severity == assay.Warning && !slices.Contains(s.standing, r) {
			s.standing = append(s.standing, r)
		}
	}
	if item.Decision.Undecided() {
		s.unasked = true
	} else if isNew && item.Decision.Verdict == assay.Deny {
		for _, r := range item.Decision.Reasons {
			if r.Severity == assay.Error && !slices.ContainsFunc(s.denied, func(d assay.Reason) bool { return d.Code == r.Code }) {
				s.denied = append(s.denied, r)
			}
		}
	}
	if a.Filename == "" {
		return
	}
	s.Files++
	if assay.IsSdist(a.Filename) {
		s.Sdists++
	} else {
		s.Wheels++
	}
	var claims []assay.Claim
	if !slices.ContainsFunc(item.Decision.Reasons, func(r assay.Reason) bool {
		return r.Code == assay.LockOtherDigest || r.Code == assay.LockUnconfirmedHash
	}) { // else what the index attests may be of other bytes than the lock's
		claims = claimsIn(item.Evidence)
	}
	s.claims = append(s.claims, claims...)
	attested := false
	for _, claim := range claims {
		if claim.Identity != "" {
			attested = true
			add(&s.Publishers, claim.Identity)
		}
	}
	if attested {
		s.Attested++
	}
	add(&s.Sources, indexBase(a.Index))
	if !a.UploadTime.IsZero() && (s.Uploaded.IsZero() || a.UploadTime.After(s.Uploaded)) {
		s.Uploaded = a.UploadTime
	}
	s.Yanked = s.Yanked || a.Yanked
	s.Size = max(s.Size, item.Size)
	s.looked = s.looked || item.Inside != nil
	for _, ev := range item.Evidence {
		for _, f := range ev.Findings {
			if f.Code == assay.ArchiveSurprising {
				s.inside = append(s.inside, f.Detail)
			}
		}
	}
}

// indexBase is the index that a project's page belongs to.
func indexBase(page string) string {
	page, _, _ = strings.Cut(page, "?") // that there was a query is said of the page
	page = strings.TrimSuffix(page, "/")
	if i := strings.LastIndexByte(page, '/'); i > 0 {
		return page[:i+1]
	}
	return page
}

// signals are what a reviewer should know of a package; before is nil where it is new.
func signals(before, after *sided) []report.Signal {
	var out []report.Signal
	say := func(w report.Weight, format string, args ...any) {
		out = append(out, report.Signal{Weight: w, Text: fmt.Sprintf(format, args...)})
	}
	for _, r := range after.denied {
		out = append(out, report.Signal{Weight: report.Refused, Text: r.Message, Code: r.Code})
	}
	if after.unasked {
		say(report.Suspicious, "not all that is there could be asked for")
	}
	if before == nil {
		say(report.Notable, "new in the lock")
		if !allOf(after, isPinned) {
			say(report.Suspicious, "it is pinned to no version: an installer takes what the index has by then")
		}
	} else {
		compare(before, after, say)
	}
	if before == nil || len(before.Sources) == 0 {
		fromElsewhere(after, say) // else it is said what it comes from instead
	}
	if after.Yanked && (before == nil || !before.Yanked) {
		say(report.Suspicious, "yanked on its index")
	}
	for _, r := range after.standing {
		out = append(out, report.Signal{Weight: report.Suspicious, Text: r.Message, Code: r.Code})
	}
	if age := time.Since(after.Uploaded); !after.Uploaded.IsZero() && age < youngRelease {
		say(report.Suspicious, "released less than a week ago")
	}
	if after.Files > 0 && after.Wheels == 0 {
		if before != nil && before.Wheels > 0 {
			say(report.Suspicious, "a source distribution alone, where there was a wheel: it is built when it is installed")
		} else if before == nil {
			say(report.Notable, "a source distribution alone: it is built when it is installed")
		}
	}
	for _, kind := range gained(before, after) {
		say(report.Alarming, "it now holds members that are %s", kind)
	}
	return out
}

// compare tells what is another than before.
func compare(before, after *sided, say func(report.Weight, string, ...any)) {
	var fresh, renamed []string
	for _, claim := range after.claims {
		known := func(b assay.Claim) bool { return assay.IdentityOf(b).SameRepository(assay.IdentityOf(claim)) }
		switch {
		case claim.Identity == "" || slices.Contains(before.Publishers, claim.Identity):
		case slices.ContainsFunc(before.claims, known):
			add(&renamed, claim.Identity)
		default:
			add(&fresh, claim.Identity)
		}
	}
	switch {
	case len(before.Publishers) > 0 && len(after.Publishers) == 0 && after.Files > 0 && !after.unasked:
		say(report.Alarming, "no file is attested, where before %s attested", strings.Join(before.Publishers, " and "))
	case len(before.Publishers) > 0 && len(fresh) > 0:
		for _, name := range fresh {
			weight, text := after.firstBy(name)
			say(weight, "%s; before it was %s", text, strings.Join(before.Publishers, " and "))
		}
	case len(renamed) > 0:
		say(report.Notable, "the same publisher by another name or workflow: %s, before %s", strings.Join(renamed, " and "), strings.Join(before.Publishers, " and "))
	case len(before.Publishers) == 0 && len(after.Publishers) > 0:
		say(report.Remark, "attested now, where nothing was before")
	case before.Attested == before.Files && after.Attested < after.Files:
		say(report.Suspicious, "some files are attested by nobody, where all were before")
	}
	if old, now := namedPublishers(before), namedPublishers(after); old != now && old != "" {
		say(report.Alarming, "the lock names %s as publisher, and named %s before", cmp.Or(now, "nobody"), old)
	}
	if fresh := without(after.Sources, before.Sources); len(fresh) > 0 && len(before.Sources) > 0 {
		say(report.Suspicious, "it comes from %s now, and came from %s before", strings.Join(fresh, " and "), strings.Join(before.Sources, " and "))
	}
	compareHold(before, after, say)
	compareConditions(before.when, after.when, say)
	if older(after.Versions, before.Versions) {
		say(report.Suspicious, "an older version than before")
	}
	if before.Size > 0 && after.Size > sizeLeast && after.Size > sizeJump*before.Size {
		say(report.Notable, "its largest file has %d bytes, and had %d", after.Size, before.Size)
	}
}

// earlier is what memory has of a project's releases before some versions.
func (c *checker) earlier(ctx context.Context, project string, versions []string) []assay.Sighting {
	var out []assay.Sighting
	for _, version := range versions {
		m, err := c.memory.Memory(ctx, assay.Artifact{Ecosystem: assay.PyPI, Project: project, Version: version})
		if err != nil {
			return nil // cancelled: what cannot be read is no error here
		}
		for _, s := range m.Sightings {
			if s.Order < 0 && !slices.ContainsFunc(versions, func(v string) bool { return canonicalOf(v) == canonicalOf(s.Version) }) {
				out = append(out, s)
			}
		}
	}
	return out
}

// firstBy tells of a publisher who was not in the old lock whether an earlier release by
// them was ever seen here. One that an acceptance alone let through makes nobody known.
func (s *sided) firstBy(name string) (report.Weight, string) {
	var ids []assay.Identity
	for _, claim := range s.claims {
		if claim.Identity == name {
			ids = append(ids, assay.IdentityOf(claim))
		}
	}
	var first *assay.Sighting
	known := false
	for i, e := range s.earlier {
		if slices.ContainsFunc(e.Publishers, func(p assay.Identity) bool { return slices.ContainsFunc(ids, p.SameRepository) }) {
			known = known || !e.Waived
			if first == nil || e.First.Before(first.First) {
				first = &s.earlier[i]
			}
		}
	}
	switch {
	case first == nil && len(s.earlier) > 0:
		return report.Alarming, "first release by " + name + " in this lock and ever seen here"
	case first == nil:
		return report.Alarming, "first release in this lock by " + name
	}
	text := "first release in this lock by " + name + ", who was seen here with " + first.Version
	if !first.First.IsZero() {
		text += ", first on " + today(first.First)
	}
	if known {
		return report.Suspicious, text
	}
	return report.Alarming, text + ", as an acceptance let it through"
}

// older reports whether all versions are below all others.
func older(now, before []string) bool {
	for _, n := range now {
		for _, b := range before {
			v, err := pypi.ParseVersion(n)
			w, errBefore := pypi.ParseVersion(b)
			if err != nil || errBefore != nil || v.Compare(w) >= 0 {
				return false
			}
		}
	}
	return len(now) > 0 && len(before) > 0
}

// surprising are how the reader of archives calls what does more than it looks like.
var surprising = []string{"run at every start of Python (.pth)", "imported at every start of Python", "put among the commands", "native code", "set to run with its owner's rights"}

// gained are the kinds of surprising members that a package has and had not before.
// Where nobody looked inside before, nothing is known to be new.
func gained(before, after *sided) []string {
	if before == nil || !before.looked {
		return nil
	}
	has := func(s *sided, kind string) bool {
		return slices.ContainsFunc(s.inside, func(detail string) bool { return strings.Contains(detail, kind) })
	}
	var out []string
	for _, kind := range surprising {
		if has(after, kind) && !has(before, kind) {
			out = append(out, kind)
		}
	}
	return out
}
