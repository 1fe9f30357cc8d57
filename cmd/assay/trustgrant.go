package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"assay"
	"assay/internal/journal"
	"assay/internal/openpgp"
	"assay/internal/pypi"
	"assay/internal/report"
	"assay/internal/signature"
	"assay/internal/sshsig"
	"assay/internal/trust"
)

// grantFlags are what `assay trust add` and `assay trust deny` were asked for.
type grantFlags struct {
	keys                     map[assay.GrantKind]*string
	until, reason, versions  string
	roles, waive, signatures []string
	source                   string
	withoutOldKey, firstUse  bool
}

// kindFlags are the flags that say whom a grant is for.
var kindFlags = []struct {
	kind        assay.GrantKind
	placeholder string
}{
	{assay.GrantOpenPGP, "`FILE|FINGERPRINT` of an OpenPGP key: its armored public key, or all 40 or 64 digits"},
	{assay.GrantSSH, "`FILE|SHA256:…` of an SSH key: a .pub file, or its whole fingerprint"},
	{assay.GrantJWS, "the `KEY` that signs the RECORD of wheels, as wheel keygen printed it"},
	{assay.GrantPublisher, "a publisher, such as `github:owner/repo@workflow.yml`"},
	{assay.GrantSHA256, "the `DIGEST` of one file: 64 hexadecimal digits"},
}

func (f *grantFlags) register(cmd *cobra.Command) {
	f.keys = map[assay.GrantKind]*string{}
	for _, k := range kindFlags {
		f.keys[k.kind] = cmd.Flags().String(string(k.kind), "", k.placeholder)
	}
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, in a few words: `TEXT`")
}

func (a *app) addCommand() *cobra.Command {
	var f grantFlags
	cmd := &cobra.Command{
		Use:   "add NAME --openpgp FILE|FINGERPRINT --until YYYY-MM-DD --reason TEXT",
		Short: "Let a key, a publisher or a digest speak for a project",
		Long: `Add writes a grant into your trust.toml: this key may sign this project, and no
other, until a day. Every later file of the project is held to it: once one of
its files was verified by the key, one without a signature is refused.

A key that takes the place of another one has to be signed by that one, or be
named by as many imports as trust.toml wants. --without-old-key takes it all the
same.`,
		Example: `  assay trust add django --openpgp jacob.asc --until 2027-12-31 --reason "release manager, from docs.djangoproject.com"
  assay trust add foo --ssh id_release.pub --until 2027-06-30 --reason "read to me by phone"
  assay trust add foo --sha256 9f86d0… --until 2027-06-30 --reason "reviewed by two of us, ticket 4711"`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.addGrant(cmd, f, args) },
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.until, "until", "", "the last day on which it holds: `YYYY-MM-DD`")
	cmd.Flags().StringVar(&f.versions, "versions", "", "only for the versions that fit `SPEC`, such as '>=4,<6'")
	cmd.Flags().StringArrayVar(&f.roles, "role", nil, "what the key may sign: artifact, checksums or tag (may be repeated; `ROLE` artifact and checksums where left out)")
	cmd.Flags().StringArrayVar(&f.waive, "waive", nil, "let `WEAKNESS` pass, such as sha1 (may be repeated)")
	cmd.Flags().StringArrayVar(&f.signatures, "signature", nil, "where signatures lie: a `URL` with {filename}, {project} and {version} (may be repeated)")
	cmd.Flags().StringVar(&f.source, "from", "", "fetch the key from `URL`, now and at every refresh of keys")
	cmd.Flags().BoolVar(&f.firstUse, "first-use", false, "nobody vouches for the key: later files are held to it, and none is verified by it")
	cmd.Flags().BoolVar(&f.withoutOldKey, "without-old-key", false, "take a new key that the old one has not signed")
	return cmd
}

func (a *app) denyCommand() *cobra.Command {
	var f grantFlags
	cmd := &cobra.Command{
		Use:   "deny NAME|'*' --openpgp FINGERPRINT --reason TEXT",
		Short: "Refuse what a key, a publisher or a digest says of a project",
		Long: `Deny writes a denial into your trust.toml. It wins over every grant, and has no
end. '*' denies for all projects.`,
		Example: `  assay trust deny foo --publisher github:somebody/foo --reason "left the project in May"
  assay trust deny '*' --openpgp 0123… --reason "key stolen, announced on their list"`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.denyGrant(cmd, f, args) },
	}
	f.register(cmd)
	return cmd
}

// grantOf reads what both commands have in common.
func (a *app) grantOf(f grantFlags, args []string, verb string) (trust.Grant, trust.Key, error) {
	var g trust.Grant
	var k trust.Key
	if len(args) != 1 {
		return g, k, usage("write the project's name, such as sampleproject", "%s takes one project, not %d", verb, len(args))
	}
	g.Project, g.Denied = "*", verb == "deny"
	if args[0] != "*" || !g.Denied {
		if strings.Contains(args[0], "*") {
			return g, k, usage("name each project", "there is no grant for several projects: %s", shown(args[0]))
		}
		name, err := pypi.NormalizeName(args[0])
		if err != nil {
			return g, k, usage("write the project's name, such as sampleproject", "%w", err)
		}
		g.Project = name
	}
	if g.Reason = strings.Join(strings.Fields(f.reason), " "); g.Reason == "" {
		return g, k, usage("give --reason TEXT", "who grants or denies says why: --reason is missing")
	}
	if strings.ContainsFunc(g.Reason, func(c rune) bool { return !unicode.IsPrint(c) || c == utf8.RuneError }) {
		return g, k, usage("write it in plain words", "--reason holds what nobody sees: %q", g.Reason)
	}
	for _, kind := range kindFlags {
		value := *f.keys[kind.kind]
		switch {
		case value == "":
		case g.Kind != "":
			return g, k, usage("write one grant for each", "--%s and --%s do not go together", g.Kind, kind.kind)
		default:
			key, known, err := a.keyOf(kind.kind, value)
			if err != nil {
				return g, k, err
			}
			g.Kind, g.Grant.Key, k = kind.kind, key, known
		}
	}
	if g.Kind == "" {
		return g, k, usage("give --openpgp, --ssh, --jws, --publisher or --sha256", "nobody is named for whom to %s", verb)
	}
	g.From, g.By = "local", a.userName()
	return g, k, nil
}

// keyOf reads the value of a key's flag: a fingerprint, or a file that holds the key.
func (a *app) keyOf(kind assay.GrantKind, value string) (string, trust.Key, error) {
	known := trust.Key{Kind: kind}
	key, err := trust.ParseKey(kind, value)
	if err == nil || kind != assay.GrantOpenPGP && kind != assay.GrantSSH {
		if err != nil {
			err = usage("", "--%s: %w", kind, err)
		}
		return key, known, err
	}
	data, readErr := readKeyFile(value)
	if errors.Is(readErr, fs.ErrNotExist) && !strings.ContainsAny(value, `./\`) {
		return "", known, usage("give all of the fingerprint, or the file of the public key", "--%s: %w", kind, err) // there is no such file: it was meant as a fingerprint
	}
	if readErr != nil {
		return "", known, readErr
	}
	if known, err = parseKeyFile(kind, data); err != nil {
		return "", known, usage("give the public key of one person or project", "%s: %w", shown(value), err)
	}
	return known.Fingerprint, known, nil
}

// readKeyFile reads a file with a public key, capped.
func readKeyFile(path string) ([]byte, error) {
	file, err := openRegular(path, hints{"check the path; it is the file of a public key, or all of a fingerprint", "a public key is in a regular file"})
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, openpgp.MaxCertificateFile+1))
}

// parseKeyFile reads the one public key of a file.
func parseKeyFile(kind assay.GrantKind, data []byte) (trust.Key, error) {
	k := trust.Key{Kind: kind}
	if kind == assay.GrantSSH {
		keys, err := sshsig.ParseKeys(data)
		switch {
		case err != nil:
			return k, err
		case len(keys) != 1:
			return k, fmt.Errorf("it holds %s, and a grant names one", plural(len(keys), "key"))
		}
		k.SSH, k.Fingerprint = keys[0], keys[0].Fingerprint()
		return k, nil
	}
	certs, err := openpgp.ReadCertificates(data)
	switch {
	case err != nil:
		return k, err
	case len(certs) != 1:
		var all []string
		for _, c := range certs {
			all = append(all, string(c.Fingerprint()))
		}
		return k, fmt.Errorf("it holds %s, and a grant names one: %s", plural(len(certs), "key"), strings.Join(all[:min(len(all), 5)], ", "))
	}
	k.Certificate, k.Fingerprint = certs[0], string(certs[0].Fingerprint())
	return k, nil
}

// latestGrant is how many years ahead a grant may end.
const latestGrant = 5

// complete reads what only `trust add` takes.
func (f grantFlags) complete(g *trust.Grant, now time.Time) error {
	if f.until == "" {
		return usage("give --until YYYY-MM-DD, the last day", "a grant ends: --until is missing")
	}
	day, err := time.Parse(time.DateOnly, f.until)
	if err != nil {
		return usage("write it as YYYY-MM-DD", "--until is not a day: %s", shown(f.until))
	}
	g.Until = day.AddDate(0, 0, 1)
	switch {
	case !g.Until.After(now):
		return usage("give a day to come", "--until is in the past: %s", f.until)
	case g.Until.After(now.AddDate(latestGrant, 0, 1)):
		return usage("grant it again when it ends", "--until is more than %d years ahead: %s", latestGrant, f.until)
	}
	for _, role := range f.roles {
		r := assay.Role(role)
		if r != assay.RoleArtifact && r != assay.RoleChecksums && r != assay.RoleTag {
			return usage("it is artifact, checksums or tag", "--role: there is no role %s", shown(role))
		}
		g.Roles = append(g.Roles, r)
	}
	for _, w := range f.waive {
		if !trust.IsWeakness(w) {
			return usage("docs/reasons/signature.weak.md has the words", "--waive: there is nothing of the name %s to let pass", shown(w))
		}
		g.Waive = append(g.Waive, w)
	}
	if _, err := pypi.ParseSpecifier(f.versions); err != nil {
		return usage("write it as PEP 440 does, such as '>=4,<6'", "--versions: %w", err)
	}
	g.Versions = f.versions
	if g.FirstUse = f.firstUse; g.FirstUse {
		g.From = "first use"
	}
	for _, s := range f.signatures {
		if err := signature.CheckTemplate(s); err != nil {
			return usage("such as https://downloads.example/{project}/{filename}.asc", "--signature: %w", err)
		}
		g.Signatures = append(g.Signatures, s)
	}
	return nil
}

// tooLargeHint is what to do about a key that cannot be kept.
const tooLargeHint = "ask its owner for a certificate with fewer user ids and subkeys; 'assay trust list' shows what else is kept"

func (a *app) addGrant(cmd *cobra.Command, f grantFlags, args []string) error {
	g, k, err := a.grantOf(f, args, "add")
	if err != nil {
		return err
	}
	if err := f.complete(&g, time.Now()); err != nil {
		return err
	}
	if f.source != "" {
		if k, err = a.fetchKey(cmd.Context(), g, f.source); err != nil {
			return err
		}
	}
	err = a.changeTrust(func(file *trust.File, lock *trust.Lock) error {
		known, err := completeKey(file, lock, g, k)
		if err != nil {
			return err
		}
		if !f.withoutOldKey {
			if g.CertifiedBy, err = rotation(file, lock, g, known, time.Now()); err != nil {
				return err
			}
		}
		same := func(o trust.Grant) bool {
			return !o.Denied && o.Project == g.Project && o.Identity() == g.Identity() && o.Versions == g.Versions && slices.Equal(o.Roles, g.Roles)
		}
		file.Grants = append(slices.DeleteFunc(file.Grants, same), g)
		if known.Fingerprint != "" {
			if err := file.Take(known, file.Knows(lock)); err != nil {
				return usage(tooLargeHint, "%w", err)
			}
		}
		k = known
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "granted: "+describeGrant(g))
	for _, line := range describeKey(k) {
		fmt.Fprintln(a.stdout, "  "+line)
	}
	return a.noteGrant(cmd.Context(), g, "granted")
}

func (a *app) denyGrant(cmd *cobra.Command, f grantFlags, args []string) error {
	g, k, err := a.grantOf(f, args, "deny")
	if err != nil {
		return err
	}
	err = a.changeTrust(func(file *trust.File, lock *trust.Lock) error {
		same := func(o trust.Grant) bool { return o.Denied && o.Project == g.Project && o.Identity() == g.Identity() }
		file.Grants = append(slices.DeleteFunc(file.Grants, same), g)
		if _, ok := file.Key(k.Kind, k.Fingerprint); !ok && k.Certificate != nil {
			if err := file.Take(k, file.Knows(lock)); err != nil { // without it nobody could tell what the key has signed
				return usage(tooLargeHint, "%w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "denied: "+describeGrant(g))
	return a.noteGrant(cmd.Context(), g, "denied")
}

// completeKey finds what a key is verified with: what was given, merged with what is
// known. Without it no signature of the key could be verified.
func completeKey(file *trust.File, lock *trust.Lock, g trust.Grant, k trust.Key) (trust.Key, error) {
	if g.Kind != assay.GrantOpenPGP && g.Kind != assay.GrantSSH {
		return trust.Key{}, nil
	}
	before, ok := file.Key(g.Kind, g.Grant.Key)
	if !ok {
		for _, l := range lock.Imports {
			for _, key := range l.Keys {
				if key.Kind == g.Kind && key.Fingerprint == g.Grant.Key {
					before, ok = key, true
				}
			}
		}
	}
	switch {
	case g.Kind == assay.GrantSSH: // a signature carries the key: its fingerprint is enough
		if k.Fingerprint == "" {
			k = before
		}
		return k, nil
	case k.Certificate == nil && !ok:
		return k, usage("give the file of its public key instead, or where to fetch it with --from URL", "nothing is known of the key %s but its fingerprint", g.Grant.Key)
	case k.Certificate == nil:
		return before, nil
	case ok && before.Certificate != nil:
		merged, err := openpgp.Merge(before.Certificate, k.Certificate)
		if err != nil {
			return k, usage("", "the certificates of %s: %w", g.Grant.Key, err)
		}
		k.Certificate = merged[0]
		if k.Source == "" {
			k.Source = before.Source
		}
	}
	c, _ := k.Certificate.Adopt(file.Knows(lock))
	if r, ok := c.Revoked(); ok && r.Hard {
		return k, &failure{report.ExitRefused, fmt.Errorf("the key %s was given up as lost to somebody else%s", g.Grant.Key, becauseOf(r.Reason)),
			"ask the project's maintainers for their new key"}
	}
	return k, nil
}

func becauseOf(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + openpgp.Printable(reason)
}

// maxChain is how many keys of a succession are kept of which each certified the next.
const maxChain = 16

const askHint = "ask the project's maintainers, by a way that you find yourself, whether they have a new key; if they have: the same command with --without-old-key"

// rotation refuses a key that takes the place of another one of its kind without its
// signature, and that not enough of the imports name. It returns the keys on whose
// certification the new one rests.
func rotation(file *trust.File, lock *trust.Lock, g trust.Grant, k trust.Key, now time.Time) ([]string, error) {
	var others []trust.Grant
	for _, o := range file.Grants {
		by := file.Withdrawn(lock, o.Grant)
		switch {
		case o.Denied || o.FirstUse || o.Project != g.Project || o.Kind != g.Kind || !o.InForce(now):
		case o.Grant.Key != g.Grant.Key:
			others = append(others, o)
		case by != "":
			return nil, &failure{report.ExitRefused, fmt.Errorf("%s, which certified the key, was given up as lost", by), askHint}
		default:
			return o.CertifiedBy, nil // it is the same key
		}
	}
	var old []string
	for _, o := range others {
		before, ok := file.Known(lock, o.Kind, o.Grant.Key)
		if ok && file.Withdrawn(lock, o.Grant) == "" && certifies(before, k, now) {
			chain := append(slices.Clone(o.CertifiedBy), o.Grant.Key)
			return chain[max(0, len(chain)-maxChain):], nil
		}
		old = append(old, o.Grant.Key)
	}
	if len(old) == 0 || g.Kind != assay.GrantOpenPGP && g.Kind != assay.GrantSSH {
		return nil, nil
	}
	var by []trust.Import
	for _, i := range file.Imports {
		if i.Until.After(now) {
			by = append(by, i)
		}
	}
	agreeing := *file
	agreeing.Imports, agreeing.Agree = by, max(file.Agree, 2)
	if agreeing.Agreed(lock, g.Grant, g.Project) {
		return nil, nil
	}
	return nil, &failure{report.ExitRefused, fmt.Errorf("another key may sign %s by now, and has not signed this one: %s", g.Project, strings.Join(old, ", ")), askHint}
}

// certifies reports whether a key's owner has certified another one. When is the word of
// whoever has the key, and nobody saw it: a key that has ended, or was superseded, could
// have done so yesterday as well, by whoever has it now.
func certifies(old, k trust.Key, now time.Time) bool {
	if old.Certificate == nil || k.Certificate == nil {
		return false
	}
	return slices.ContainsFunc(k.Certificate.CertifiedBy(old.Certificate), func(c openpgp.Certification) bool {
		return (c.Ends.IsZero() || now.Before(c.Ends)) && (c.Expires.IsZero() || now.Before(c.Expires))
	})
}

// describeGrant says in a line what a grant is about.
func describeGrant(g trust.Grant) string {
	text := g.Project + "  " + g.Identity()
	if len(g.Roles) > 0 {
		var roles []string
		for _, r := range g.Roles {
			roles = append(roles, string(r))
		}
		text += " for " + strings.Join(roles, " and ")
	}
	if g.Versions != "" {
		text += " of " + g.Versions
	}
	if !g.Until.IsZero() {
		text += ", until " + today(g.Until.Add(-time.Second))
	}
	if len(g.Waive) > 0 {
		text += ", lets pass " + strings.Join(g.Waive, " and ")
	}
	if g.FirstUse {
		text += ", as the first that was seen, for which nobody vouches"
	}
	who := g.From
	if g.By != "" {
		who += " by " + g.By
	}
	if len(g.CertifiedBy) > 0 {
		who += ", certified by " + strings.Join(g.CertifiedBy, ", then ")
	}
	if g.Withdrawn != "" {
		text += ", withdrawn as " + g.Withdrawn + " was given up as lost"
	}
	return text + " (" + who + "): " + g.Reason
}

// describeKey says what a key says of itself, none of which is verified.
func describeKey(k trust.Key) []string {
	if k.Certificate == nil {
		if k.SSH.IsZero() || k.SSH.Comment() == "" {
			return nil
		}
		return []string{"the file calls it: " + openpgp.Printable(k.SSH.Comment())}
	}
	var out []string
	for i, id := range k.Certificate.UserIDs() {
		if i == maxUserIDs {
			out = append(out, "and "+plural(len(k.Certificate.UserIDs())-i, "more user id"))
			break
		}
		out = append(out, "it calls itself: "+openpgp.Printable(id))
	}
	made := fmt.Sprintf("%s, made %s", k.Certificate.Algorithm(), today(k.Certificate.Created()))
	if end, ok := k.Certificate.Expires(); ok {
		made += ", ends " + today(end)
	}
	if r, ok := k.Certificate.Revoked(); ok {
		made += ", revoked " + today(r.At) + becauseOf(r.Reason)
	}
	out = append(out, made)
	if _, open := k.Certificate.Adopt(nil); len(open) > 0 {
		if _, revoked := k.Certificate.Revoked(); !revoked {
			out = append(out, fmt.Sprintf("the key %s, which its owner lets revoke it, seems to have done so: that counts once its certificate is a [[key]] in trust.toml", open[0]))
		}
	}
	return out
}

// maxUserIDs is how many user ids of a key are shown.
const maxUserIDs = 5

// removeGrant takes grants and denials of a key back.
func (a *app) removeGrant(cmd *cobra.Command, args []string, key, reason string) error {
	project, version := "*", ""
	var err error
	if !slices.Equal(args, []string{"*"}) { // denials may be for all projects
		project, version, err = oneRelease(args, "remove")
	}
	if err != nil {
		return err
	}
	if version != "" {
		return usage("leave the version out", "--grant is about a project")
	}
	var gone []trust.Grant
	err = a.changeTrust(func(file *trust.File, lock *trust.Lock) error {
		file.Grants = slices.DeleteFunc(file.Grants, func(g trust.Grant) bool {
			match := g.Project == project && (strings.EqualFold(g.Identity(), key) || strings.EqualFold(g.Grant.Key, key))
			if match {
				gone = append(gone, g)
			}
			return match
		})
		if len(gone) == 0 {
			return usage("'assay trust list "+project+"' shows what there is", "nothing of %s is granted or denied to %s", project, shown(key))
		}
		file.Sweep(lock, gone)
		return nil
	})
	if err != nil {
		return err
	}
	for _, g := range gone {
		fmt.Fprintln(a.stdout, "removed: "+describeGrant(g))
		g.Reason = reason
		if err := a.noteGrant(cmd.Context(), g, "removed"); err != nil {
			return err
		}
	}
	return nil
}

// listedGrants are the grants and denials that hold here, of these projects or of all, and the
// store that they are from.
func (a *app) listedGrants(names []string) ([]trust.Grant, *trust.Store, error) {
	store, err := a.trustStore("")
	if err != nil {
		return nil, nil, err
	}
	return slices.DeleteFunc(store.All(), func(g trust.Grant) bool {
		return len(names) > 0 && g.Project != "*" && !slices.Contains(names, g.Project)
	}), store, nil
}

// writeGrants writes a line for each grant and each denial.
func (a *app) writeGrants(grants []trust.Grant) {
	for _, denied := range []bool{false, true} {
		first := true
		for _, g := range grants {
			if g.Denied != denied {
				continue
			}
			if first && denied {
				fmt.Fprintln(a.stdout, "denied, by project:")
			} else if first {
				fmt.Fprintln(a.stdout, "granted, by project:")
			}
			first = false
			line := describeGrant(g)
			if !g.Until.IsZero() && !time.Now().Before(g.Until) {
				line += " (ended)"
			}
			fmt.Fprintln(a.stdout, line)
		}
	}
}

// jsonProjectGrants are the grants of one project.
type jsonProjectGrants struct {
	Project string             `json:"project"`
	Grants  []report.JSONGrant `json:"grants"`
}

// jsonProjects renders grants, with what is known of their keys and the files of memory that
// they were used for.
func jsonProjects(grants []trust.Grant, store *trust.Store, known []journal.Known) []jsonProjectGrants {
	out := []jsonProjectGrants{}
	for _, g := range grants {
		if n := len(out); n == 0 || out[n-1].Project != g.Project {
			out = append(out, jsonProjectGrants{Project: g.Project})
		}
		p := &out[len(out)-1]
		j := report.GrantJSON(g.Grant)
		j.About = append(j.About, aboutKey(store, g.Grant)...)
		j.UsedFor = append(j.UsedFor, usesOf(g, known)...)
		p.Grants = append(p.Grants, j)
	}
	return out
}

// usesOf are the files that memory knows of a grant: those that its key, its publisher or it
// itself stood behind.
func usesOf(g trust.Grant, known []journal.Known) []string {
	var out []string
	for _, k := range known {
		if g.Project != "*" && g.Project != k.Project {
			continue
		}
		for _, f := range k.Files {
			by := slices.ContainsFunc(f.Publishers, func(id assay.Identity) bool { return g.Names(assay.Claim{Identity: id.Name}) })
			if (by || g.Kind == assay.GrantSHA256 && f.SHA256 == g.Grant.Key) && !slices.Contains(out, f.Filename) {
				out = append(out, f.Filename)
			}
		}
	}
	return out
}
