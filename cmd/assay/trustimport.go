package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay"
	"assay/internal/index"
	"assay/internal/keysource"
	"assay/internal/openpgp"
	"assay/internal/pypi"
	"assay/internal/report"
	"assay/internal/trust"
)

// keysImport is what `assay trust import --kind` was asked for.
type keysImport struct {
	kind, name, until, reason, authority string
	projects, roles                      []string
	depth                                int
	dry, acceptLoss                      bool
}

// wantedFlags is the command in full, for hints.
const wantedFlags = "run 'assay trust import --kind %s --name NAME --until YYYY-MM-DD --reason TEXT %s'"

func (f *keysImport) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.kind, "kind", "", "import keys, of a source of this `KIND`: "+kindNames())
	cmd.Flags().StringVar(&f.name, "name", "", "what you call the import: `NAME`")
	cmd.Flags().StringArrayVar(&f.projects, "project", nil, "only what it grants for `PROJECT` (may be repeated)")
	cmd.Flags().StringArrayVar(&f.roles, "role", nil, "what its keys may sign: artifact, checksums or tag (may be repeated; `ROLE` as it says where left out)")
	cmd.Flags().StringVar(&f.until, "until", "", "the last day on which it counts: `YYYY-MM-DD`")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, in a few words: `TEXT`")
	cmd.Flags().StringVar(&f.authority, "authority", "", "the `NAME` of the authority, for --kind certified (the import's where left out)")
	cmd.Flags().IntVar(&f.depth, "depth", 0, "how many certifications may lie between, 1 to 3, for --kind web-of-trust: `N`")
	cmd.Flags().BoolVar(&f.acceptLoss, "accept-loss", false, "take the list though it grants less than it did")
}

func kindNames() string {
	var out []string
	for _, k := range keysource.Kinds() {
		out = append(out, k.Name)
	}
	return strings.Join(out, ", ")
}

// asked reports whether any of the flags is there that a memory's export does not take.
func (f keysImport) asked() bool {
	return f.kind != "" || f.name != "" || f.until != "" || f.reason != "" || f.authority != "" || f.depth != 0 ||
		len(f.projects)+len(f.roles) > 0 || f.acceptLoss
}

var trustTables = regexp.MustCompile(`(?m)^[ \t]*\[\[(grant|deny|authority|import|key)\]\]`)

// isTrustFile reports whether a file is a trust.toml and no export of memory.
func isTrustFile(path string) bool {
	data, err := readTrustFile(path, trust.MaxFile, "")
	return err == nil && trustTables.Match(data)
}

// importOf reads what the flags say of an import.
func (a *app) importOf(f keysImport, source string, now time.Time) (trust.Import, error) {
	i := trust.Import{Name: f.name, Kind: f.kind, Source: source, Authority: f.authority, Depth: f.depth, Reason: strings.Join(strings.Fields(f.reason), " "), By: a.userName()}
	full := fmt.Sprintf(wantedFlags, f.kind, shownSource(source))
	for _, missing := range []struct{ value, text string }{
		{i.Name, "an import has a name: --name is missing"},
		{f.until, "an import ends: --until is missing"},
		{i.Reason, "who imports says why: --reason is missing"},
	} {
		if missing.value == "" {
			return i, usage(full, "%s", missing.text)
		}
	}
	day, err := time.Parse(time.DateOnly, f.until)
	if err != nil {
		return i, usage("write it as YYYY-MM-DD", "--until is not a day: %s", shown(f.until))
	}
	i.Until = day.AddDate(0, 0, 1)
	switch {
	case !i.Until.After(now):
		return i, usage("give a day to come", "--until is in the past: %s", f.until)
	case i.Until.After(now.AddDate(maxImportYears, 0, 1)):
		return i, usage("import it again when it ends", "--until is more than %d years ahead: %s", maxImportYears, f.until)
	}
	for _, p := range f.projects {
		name, err := pypi.NormalizeName(p)
		if err != nil {
			return i, usage("name each project, such as sampleproject", "--project: %w", err)
		}
		if !slices.Contains(i.Projects, name) {
			i.Projects = append(i.Projects, name)
		}
	}
	for _, r := range f.roles {
		if role := assay.Role(r); role != assay.RoleArtifact && role != assay.RoleChecksums && role != assay.RoleTag {
			return i, usage("it is artifact, checksums or tag", "--role: there is no role %s", shown(r))
		}
		i.Roles = append(i.Roles, assay.Role(r))
	}
	if path, local := localPath(source); local && i.Kind != "wkd" {
		i.Source = a.absolute(path)
	}
	return i, nil
}

// maxImportYears is how many years ahead an import may end.
const maxImportYears = 5

// importKeys adds an import to trust.toml, or reads one anew, and locks what it grants.
func (a *app) importKeys(ctx context.Context, f keysImport, source string) error {
	now := time.Now()
	i, err := a.importOf(f, source, now)
	if err != nil {
		return err
	}
	own, lock, err := a.ownGrants()
	if err != nil {
		return err
	}
	if err := a.mayImport(own, i); err != nil {
		return err
	}
	r, err := a.readImport(ctx, a.keyFetcher(), own, lock, i, now)
	if err != nil {
		return err
	}
	if f.dry {
		return a.takeImport(own, lock, i, r, f)
	}
	var before, after trust.Locked
	if err := a.changeTrust(func(own *trust.File, lock *trust.Lock) error {
		if err := a.mayImport(own, i); err != nil {
			return err
		}
		before, _ = lock.Find(i.Name)
		err := a.takeImport(own, lock, i, r, f)
		after, _ = lock.Find(i.Name)
		return err
	}); err != nil {
		return err
	}
	return a.noteImport(ctx, i, before, after)
}

// ownGrants reads the person's own file and lock; where there are none they are empty.
func (a *app) ownGrants() (*trust.File, *trust.Lock, error) {
	path := a.ownTrust()
	own, err := a.readTrust(path)
	if err != nil {
		return nil, nil, err
	}
	lock, err := a.readImports(path)
	if err != nil {
		return nil, nil, err
	}
	if own == nil {
		own = &trust.File{Name: a.homely(path), Agree: 1}
	}
	if lock == nil {
		lock = &trust.Lock{Name: importsName}
	}
	return own, lock, nil
}

// mayImport refuses an import that cannot stand beside the others, and a file that would
// import itself.
func (a *app) mayImport(own *trust.File, i trust.Import) error {
	if err := keysource.Check(own, i); err != nil {
		return usage("docs/keys.md has the kinds of imports, and what each needs", "%w", err)
	}
	path := a.ownTrust()
	for _, own := range []string{path, filepath.Join(filepath.Dir(path), importsName)} {
		if source, local := localPath(i.Source); local && sameFile(source, own) {
			return usage("name the file of somebody else", "%s cannot import itself", filepath.Base(own))
		}
	}
	return nil
}

func (a *app) readImport(ctx context.Context, fetcher keysource.Fetcher, own *trust.File, lock *trust.Lock, i trust.Import, now time.Time) (keysource.Result, error) {
	before, _ := lock.Find(i.Name)
	r, err := keysource.Read(ctx, fetcher, keysource.Request{Import: i, Own: own.With(lock), Known: own.Knows(lock), Before: before, Now: now})
	if err != nil {
		return r, sourceFailure("the import "+i.Name, err)
	}
	return r, nil
}

// takeImport puts an import and what it grants into the file and the lock, and shows it.
// After an error neither is fit to be written.
func (a *app) takeImport(own *trust.File, lock *trust.Lock, i trust.Import, r keysource.Result, f keysImport) error {
	before, known := lock.Find(i.Name)
	now, kept := carried(own, lock, before, r.Locked)
	lost := trust.Lost(before, now)
	disagreements := trust.Disagreements(own, lock, now)
	own.Imports = append(slices.DeleteFunc(own.Imports, func(o trust.Import) bool { return o.Name == i.Name }), i)
	if other, same := keysource.Same(own, lock, now); same {
		return usage("import the list of somebody else", "%s and %s are the same list, byte for byte: it would count as two that agree", i.Name, other)
	}
	if err := lock.Take(now); err != nil {
		return usage("name the projects that it is for with --project; 'assay trust list' shows what is there already", "%s cannot be imported: %w", i.Name, err)
	}
	a.showImport(own, lock, i, now, before)
	for _, n := range newsOf(adopted(before.Keys, own.Knows(lock)), adopted(now.Keys, own.Knows(lock))) {
		fmt.Fprintf(a.stdout, "* %s %s\n", n.identity, n.text)
	}
	a.showRemarks(r.Remarks)
	for _, err := range kept {
		a.warn("%v", err)
	}
	a.showDisagreements(disagreements)
	if known {
		a.showLost(i.Name, lost)
	}
	switch {
	case len(now.Grants) == 0:
		return &failure{report.ExitRefused, fmt.Errorf("%s grants nothing: it is not imported", i.Name), "the lines above say why; name other projects with --project"}
	case len(lost) > 0 && !f.acceptLoss:
		return &failure{report.ExitRefused, fmt.Errorf("%s grants less than it did: %s", i.Name, plural(len(lost), "grant")),
			"find out why; if it is meant to, the same command with --accept-loss"}
	}
	what := "imported"
	if f.dry {
		what = "would be imported"
	}
	fmt.Fprintln(a.stdout, what+": "+importSummary(own, lock, i, now, before))
	return nil
}

// carried is what an import grants now, with what is kept of before: what was known of its
// keys, and the grants of keys that their owners gave up as lost since, or that such a key had
// certified. These stay, so that what they have signed is refused as that, and not taken for
// unsigned. The errors are about single keys, which stay as they were.
func carried(own *trust.File, lock *trust.Lock, before, now trust.Locked) (trust.Locked, []error) {
	var errs []error
	now.Keys, errs = mergedKeys(before.Keys, now, own.Knows(lock, now.Keys...))
	now.Grants = slices.Clone(now.Grants)
	known := trust.Lock{Imports: append(slices.Clone(lock.Imports), now)} // with what is seen only now
	for _, g := range trust.Lost(before, now) {
		if !g.Denied && (g.Kind == assay.GrantOpenPGP && own.Lost(&known, g.Grant.Key) || own.Withdrawn(&known, g.Grant) != "") {
			now.Grants = append(now.Grants, g)
			now.Keys = withKeyOf(now.Keys, before.Keys, g)
		}
	}
	return now, errs
}

// withKeyOf adds what was known of a grant's key, where nothing is.
func withKeyOf(keys, before []trust.Key, g trust.Grant) []trust.Key {
	of := func(k trust.Key) bool { return k.Kind == g.Kind && k.Fingerprint == g.Grant.Key }
	if at := slices.IndexFunc(before, of); at >= 0 && !slices.ContainsFunc(keys, of) {
		return append(keys, before[at])
	}
	return keys
}

// mergedKeys keeps what was known of the keys that an import still has: a revocation that
// was seen stays, though a source goes back to an older copy, or leaves the key out, which
// another import may still grant. A key of which there is more by now than can be kept stays
// as it was, with an error.
func mergedKeys(before []trust.Key, now trust.Locked, known trust.Known) ([]trust.Key, []error) {
	out := slices.Clone(now.Keys)
	var errs []error
	for i, k := range out {
		for _, b := range before {
			if b.Kind != k.Kind || b.Fingerprint != k.Fingerprint || b.Certificate == nil || k.Certificate == nil {
				continue
			}
			merged, err := trust.Merged(b, k, known)
			if err != nil {
				if out[i] = b; merged.Certificate != nil && len(newsOf([]trust.Key{b}, []trust.Key{merged})) > 0 {
					out[i] = merged
					err = fmt.Errorf("%w: of what is new only what was revoked is kept", err)
				} else {
					err = fmt.Errorf("%w: it stays as it was", err)
				}
				errs = append(errs, err)
				continue
			}
			out[i].Certificate = merged.Certificate
		}
	}
	for _, b := range before {
		same := func(k trust.Key) bool { return k.Kind == b.Kind && k.Fingerprint == b.Fingerprint }
		if b.Lost(known) && !slices.ContainsFunc(out, same) {
			out = append(out, b)
		}
	}
	return out, errs
}

// showImport shows what an import grants: each grant with its key, and what counts of it.
func (a *app) showImport(own *trust.File, lock *trust.Lock, i trust.Import, now, before trust.Locked) {
	kind, _ := keysource.Find(i.Kind)
	fmt.Fprintf(a.stdout, "%s, %s: %s\n", i.Name, i.Kind, shownSource(i.Source))
	fmt.Fprintf(a.stdout, "  believed: %s\n", kind.Believed)
	fmt.Fprintf(a.stdout, "  read: sha256:%s\n", now.SHA256)
	for _, g := range now.Grants {
		mark := "+"
		if grants(before, g) {
			mark = "="
		}
		a.showGrant(mark, own, lock, i, now, g)
	}
}

func grants(l trust.Locked, g trust.Grant) bool {
	return slices.ContainsFunc(l.Grants, func(o trust.Grant) bool {
		return o.Project == g.Project && o.Identity() == g.Identity() && o.Denied == g.Denied
	})
}

func (a *app) showGrant(mark string, own *trust.File, lock *trust.Lock, i trust.Import, now trust.Locked, g trust.Grant) {
	if g.Denied {
		fmt.Fprintf(a.stdout, "%s %s  %s is denied: %s\n", mark, g.Project, g.Identity(), g.Reason)
		return
	}
	until := i.Until
	if !g.Until.IsZero() && g.Until.Before(until) {
		until = g.Until
	}
	roles := ""
	if r := rolesUnder(i, g); !slices.Equal(r, trust.RolesOf(assay.Grant{})) {
		roles = " for " + joinRoles(r)
	}
	fmt.Fprintf(a.stdout, "%s %s  %s%s, until %s\n", mark, g.Project, g.Identity(), roles, lastDayBefore(until))
	known := own.Knows(lock)
	for _, k := range now.Keys {
		if k.Lost(known) && k.Kind == g.Kind && k.Fingerprint == g.Grant.Key {
			fmt.Fprintln(a.stdout, "    given up as lost: what it signed is refused")
		}
		if k.Kind == g.Kind && k.Fingerprint == g.Grant.Key && k.Certificate != nil {
			fmt.Fprintf(a.stdout, "    %s, made %s: %s\n", k.Certificate.Algorithm(), today(k.Certificate.Created()), userIDs(k.Certificate))
		}
	}
	if by := own.Withdrawn(lock, g.Grant); by != "" {
		fmt.Fprintf(a.stdout, "    %s, which certified it, was given up as lost: what it signed is refused\n", by)
	}
	if g.Versions != "" {
		fmt.Fprintf(a.stdout, "    only %s\n", g.Versions)
	}
	for _, s := range g.Signatures {
		fmt.Fprintf(a.stdout, "    signatures: %s\n", s)
	}
	if g.Reason != "" {
		fmt.Fprintf(a.stdout, "    %s\n", g.Reason)
	}
	if by, need := agreeing(own, lock, i, g), max(own.Agree, 1); len(by) < need {
		fmt.Fprintf(a.stdout, "    does not count yet: %d of the %d imports grant it that must (agree = %d)\n", len(by), need, need)
	} else if len(by) > 1 {
		fmt.Fprintf(a.stdout, "    granted by %s\n", strings.Join(by, " and "))
	}
}

// agreeing are the imports that grant the same, for every role of it.
func agreeing(own *trust.File, lock *trust.Lock, i trust.Import, g trust.Grant) []string {
	wanted := rolesUnder(i, g)
	var by []string
	for _, i := range own.Imports {
		l, ok := lock.Find(i.Name)
		asked := len(i.Projects) == 0 || slices.Contains(i.Projects, g.Project)
		if ok && asked && slices.ContainsFunc(l.Grants, func(o trust.Grant) bool {
			roles := rolesUnder(i, o)
			lacks := slices.ContainsFunc(wanted, func(r assay.Role) bool { return !slices.Contains(roles, r) })
			return !o.Denied && !lacks && o.Project == g.Project && o.Identity() == g.Identity() && o.Versions == g.Versions && own.Withdrawn(lock, o.Grant) == ""
		}) {
			by = append(by, i.Name)
		}
	}
	slices.Sort(by)
	return by
}

// rolesUnder are the roles of a grant as its import has it.
func rolesUnder(i trust.Import, g trust.Grant) []assay.Role {
	if len(i.Roles) > 0 {
		return i.Roles
	}
	return trust.RolesOf(g.Grant)
}

// userIDs are the names that a key's owner gave it, which anybody can give.
func userIDs(c *openpgp.Certificate) string {
	const most = 3
	ids := c.UserIDs()
	var out []string
	for _, id := range ids[:min(len(ids), most)] {
		out = append(out, openpgp.Printable(id))
	}
	switch {
	case len(ids) == 0:
		return "without a user id"
	case len(ids) > most:
		out = append(out, plural(len(ids)-most, "more"))
	}
	return strings.Join(out, ", ")
}

func (a *app) showRemarks(remarks []keysource.Remark) {
	for _, r := range remarks {
		if r.Warning {
			a.warn("%s", r)
			continue
		}
		fmt.Fprintf(a.stdout, "  note: %s\n", r)
	}
}

func (a *app) showDisagreements(list []trust.Disagreement) {
	for _, d := range list {
		fmt.Fprintf(a.stdout, "! %s: only %s has %s; %s\n", d.Project, d.Import, d.Key, strings.Join(d.Others, ", "))
	}
}

func (a *app) showLost(name string, lost []trust.Grant) {
	for _, g := range lost {
		verb := "grants"
		if g.Denied {
			verb = "denies"
		}
		fmt.Fprintf(a.stdout, "- %s: %s no longer %s %s\n", g.Project, name, verb, g.Identity())
	}
}

func importSummary(own *trust.File, lock *trust.Lock, i trust.Import, now, before trust.Locked) string {
	projects := map[string]bool{}
	fresh, counting, all, denied := 0, 0, 0, 0
	for _, g := range now.Grants {
		if !grants(before, g) {
			fresh++
		}
		if g.Denied {
			denied++
			continue
		}
		projects[g.Project] = true
		if all++; len(agreeing(own, lock, i, g)) >= max(own.Agree, 1) {
			counting++
		}
	}
	text := plural(all, "grant") + " for " + plural(len(projects), "project")
	if denied > 0 {
		text += ", " + plural(denied, "denial")
	}
	text += fmt.Sprintf("; new: %d", fresh)
	if own.Agree > 1 {
		text += fmt.Sprintf("; granted by %d imports, as trust.toml wants: %d", own.Agree, counting)
	}
	return text
}

func joinRoles(roles []assay.Role) string {
	var out []string
	for _, r := range roles {
		out = append(out, string(r))
	}
	return strings.Join(out, " and ")
}

// shownSource renders a source for a message: a URL without what may be secret.
func shownSource(s string) string {
	if strings.Contains(s, "://") {
		return index.RedactString(s)
	}
	return shown(s)
}

// wrongImport says which flags are needed where a trust.toml is to be imported.
func wrongImport(path string) error {
	return usage(fmt.Sprintf(wantedFlags, "grants", shown(path)), "%s is a trust.toml and no export of memory: an import of grants has a name, an end and a reason", shown(path))
}

// importAnything tells imports of keys from imports of memory.
func (a *app) importAnything(cmd *cobra.Command, f keysImport, args []string, memory func(path string) error) error {
	if len(args) != 1 {
		return usage("run 'assay trust import FILE', or with --kind for keys", "import takes one file or source, not %d", len(args))
	}
	switch {
	case f.kind == "" && isTrustFile(args[0]):
		if !f.asked() {
			return wrongImport(args[0])
		}
		f.kind = "grants"
	case f.kind == "" && f.asked():
		return usage("give --kind: "+kindNames(), "these flags are for imports of keys, and --kind is missing")
	case f.kind == "":
		return memory(args[0])
	}
	return a.importKeys(cmd.Context(), f, args[0])
}
