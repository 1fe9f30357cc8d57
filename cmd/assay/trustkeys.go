package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"assay"
	"assay/internal/index"
	"assay/internal/journal"
	"assay/internal/keysource"
	"assay/internal/openpgp"
	"assay/internal/report"
	"assay/internal/trust"
)

// reread is what one import's source grants now.
type reread struct {
	of     trust.Import
	result keysource.Result
	err    error
}

// refetched is what one source of keys has now.
type refetched struct {
	kind   assay.GrantKind
	source string
	keys   []trust.Key
	err    error
}

// keyRefresh is one `assay trust refresh --keys`.
type keyRefresh struct {
	*app
	dry, acceptLoss bool
	now             time.Time
	own             *trust.File
	lock            *trust.Lock
	imports         []reread
	sources         []refetched

	news     []journal.Entry // what changed
	problems []problem       // what could not be read, or not be taken
	losses   []string        // imports that grant less
}

// problem is what was wrong with one import, source or key, and what to do about it.
type problem struct{ text, hint string }

// fail notes a problem: it is shown once everything else was refreshed.
func (r *keyRefresh) fail(err error, hint, format string, args ...any) {
	var f *failure
	if errors.As(err, &f) && f.status == statusUsage && f.hint != "" {
		hint = f.hint
	}
	r.problems = append(r.problems, problem{fmt.Sprintf(format, append(args, err)...), hint})
}

const (
	unreadHint = "check the address and the network, and run it again"
	keptHint   = "see what the source has by other means; what is known of the key counts as before"
)

// refreshKeys reads every import anew and fetches every key anew that has a source. Where
// something could not be read, what is known of it stays.
func (a *app) refreshKeys(ctx context.Context, dry, acceptLoss bool) error {
	own, lock, err := a.ownGrants()
	if err != nil {
		return err
	}
	r := &keyRefresh{app: a, dry: dry, acceptLoss: acceptLoss, now: time.Now()}
	if err := r.ask(ctx, own, lock); err != nil {
		return err
	}
	if len(r.imports)+len(r.sources) == 0 {
		fmt.Fprintln(a.stdout, "there is nothing to refresh: trust.toml has no imports, and no keys with a source")
		return nil
	}
	take := func(own *trust.File, lock *trust.Lock) error {
		r.own, r.lock = own, lock
		return r.take()
	}
	if dry {
		err = take(own, lock)
	} else {
		err = a.changeTrust(take)
	}
	if err != nil {
		return err
	}
	if len(r.news) > 0 && !dry {
		if err := a.note(ctx, r.news); err != nil {
			return err
		}
	}
	return r.outcome()
}

// outcome says what was not as it should be.
func (r *keyRefresh) outcome() error {
	fmt.Fprintf(r.stdout, "%s: %s and %s; changes: %d\n", map[bool]string{false: "refreshed", true: "would be refreshed"}[r.dry],
		plural(len(r.imports), "import"), plural(len(r.sources), "source"), len(r.news))
	for _, p := range r.problems {
		r.warn("%s", p.text)
		r.say("hint", p.hint)
	}
	switch {
	case len(r.losses) > 0:
		return &failure{report.ExitRefused, fmt.Errorf("less is granted than before, and was not taken: %s", strings.Join(r.losses, ", ")),
			"find out why; if it is meant to, the same command with --accept-loss"}
	case len(r.problems) > 0:
		return &failure{statusUndecided, fmt.Errorf("what could not be read or taken, and stays as it was: %d; the rest is refreshed", len(r.problems)), "each of the warnings above says what to do; then run it again"}
	}
	return nil
}

// ask asks every source there is, each once.
func (r *keyRefresh) ask(ctx context.Context, own *trust.File, lock *trust.Lock) error {
	fetcher := r.keyFetcher()
	for _, i := range own.Imports {
		if !i.Until.After(r.now) {
			fmt.Fprintf(r.stdout, "%s ended on %s: it is not read\n", i.Name, lastDayBefore(i.Until))
			continue
		}
		got := reread{of: i}
		got.result, got.err = r.readImport(ctx, fetcher, own, lock, i, r.now)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.imports = append(r.imports, got)
	}
	for _, k := range own.Keys {
		asked := func(s refetched) bool { return s.kind == k.Kind && s.source == k.Source }
		if k.Source == "" || slices.ContainsFunc(r.sources, asked) {
			continue
		}
		got := refetched{kind: k.Kind, source: k.Source}
		got.keys, got.err = r.keysAt(ctx, fetcher, k.Kind, k.Source)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.sources = append(r.sources, got)
	}
	return nil
}

// take takes what was read into the file and the lock.
func (r *keyRefresh) take() error {
	before := fallen(r.own, r.lock)
	for _, got := range r.sources { // first: what is known of certifiers counts for imports
		r.takeKeys(got)
	}
	for _, got := range r.imports {
		r.takeImported(got)
	}
	for _, f := range fallen(r.own, r.lock) {
		if slices.ContainsFunc(before, func(b fallenGrant) bool { return b.text == f.text }) {
			continue
		}
		fmt.Fprintf(r.stdout, "! %s: %s\n", f.Project, f.text)
		e := grantEntry(f.Grant, "withdrawn", f.origin, f.text, r.userName())
		e.Until = time.Time{}
		r.news = append(r.news, e)
	}
	return nil
}

// fallenGrant is a grant that lets nothing be signed, as a lost key had certified it.
type fallenGrant struct {
	trust.Grant
	origin, text string
}

// fallen are the grants of the file and of its imports that rest on a lost key.
func fallen(own *trust.File, lock *trust.Lock) []fallenGrant {
	var out []fallenGrant
	look := func(grants []trust.Grant, origin string) {
		for _, g := range grants {
			if by := own.Withdrawn(lock, g.Grant); by != "" && !g.Denied {
				out = append(out, fallenGrant{g, origin, fmt.Sprintf("%s, granted by %s, lets nothing be signed any more: %s, which certified it, was given up as lost", g.Identity(), origin, by)})
			}
		}
	}
	look(own.Grants, "trust.toml")
	for _, i := range own.Imports {
		if l, ok := lock.Find(i.Name); ok {
			look(l.Grants, "import "+i.Name)
		}
	}
	return out
}

// takeImported takes what one import grants by now. What is wrong with it is noted, and the
// import is left as it was.
func (r *keyRefresh) takeImported(got reread) {
	name := got.of.Name
	at := slices.IndexFunc(r.own.Imports, func(i trust.Import) bool { return i.Name == name })
	switch {
	case at < 0 || !sameImport(r.own.Imports[at], got.of):
		r.warn("%s was changed meanwhile: it is left as it is", name)
		return
	case got.err != nil:
		r.fail(got.err, unreadHint, "%s was not read, and stays as it was: %v", name)
		return
	}
	before, known := r.lock.Find(name)
	now, kept := carried(r.own, r.lock, before, got.result.Locked)
	for _, err := range kept {
		r.fail(err, keptHint, "%s: %v", name)
	}
	if other, same := keysource.Same(r.own, r.lock, now); same {
		r.losses = append(r.losses, name)
		r.warn("%s and %s are the same list by now, byte for byte, and would count as two that agree: %s stays as it was", name, other, name)
		return
	}
	disagreements := trust.Disagreements(r.own, r.lock, now)
	lost := trust.Lost(before, now)
	less := known && len(lost) > 0 && !r.acceptLoss
	taken := now
	if less { // what is new of the keys that it still has counts nevertheless: revocations do
		taken = before
		taken.Keys = replaced(before.Keys, now.Keys, r.own.Knows(r.lock, now.Keys...))
	}
	if err := r.lock.Take(taken); err != nil {
		r.takeRevocations(name, before, now.Keys, err)
		return
	}
	fmt.Fprintf(r.stdout, "%s, %s: %s\n", name, got.of.Kind, shownSource(got.of.Source))
	r.compare(before.Keys, now.Keys, "import "+name)
	r.showRemarks(got.result.Remarks)
	r.showLost(name, lost)
	if less {
		r.losses = append(r.losses, name)
		return
	}
	for _, g := range lost {
		r.changed(g, "lost", name)
	}
	for _, g := range now.Grants {
		if !grants(before, g) {
			r.showGrant("+", r.own, r.lock, got.of, now, g)
			r.changed(g, map[bool]string{false: "granted", true: "denied"}[g.Denied], name)
		}
	}
	r.showDisagreements(disagreements)
}

// takeRevocations takes of an import that is too much for the lock what was revoked of keys:
// nothing that is added to a list may keep that out.
func (r *keyRefresh) takeRevocations(name string, before trust.Locked, keys []trust.Key, err error) {
	const hint = "name the projects that it is for: import it again with --project"
	from := "import " + name
	known := r.own.Knows(r.lock, keys...)
	if before.Name == "" {
		r.fail(err, hint, "%s was not taken, and stays as it was: %v", name)
		return
	}
	all := r.lock.TakeRevocations(before, keys, known)
	now, _ := r.lock.Find(name)
	count := len(r.news)
	r.compare(before.Keys, now.Keys, from)
	switch {
	case !all:
		r.fail(err, hint, "%s was not taken, and not all that was revoked of its keys could be: %v", name)
	case len(r.news) > count || len(now.Keys) > len(before.Keys):
		r.fail(err, hint, "%s was not taken, and stays as it was but for what was revoked of its keys: %v", name)
	default:
		r.fail(err, hint, "%s was not taken, and stays as it was: %v", name)
	}
}

// replaced puts what is known by now of keys in the place of what was, and adds those that are
// known to be lost: what they certified falls.
func replaced(keys, now []trust.Key, known trust.Known) []trust.Key {
	out := slices.Clone(keys)
	for i, k := range out {
		for _, n := range now {
			if n.Kind == k.Kind && n.Fingerprint == k.Fingerprint {
				out[i] = n
			}
		}
	}
	for _, n := range now {
		same := func(k trust.Key) bool { return k.Kind == n.Kind && k.Fingerprint == n.Fingerprint }
		if n.Lost(known) && !slices.ContainsFunc(out, same) {
			out = append(out, n)
		}
	}
	return out
}

// sameImport reports whether an import asks for the same.
func sameImport(a, b trust.Import) bool {
	return a.Source == b.Source && a.Kind == b.Kind && a.Authority == b.Authority && a.Depth == b.Depth && slices.Equal(a.Projects, b.Projects)
}

// compare shows and notes what is new of keys.
func (r *keyRefresh) compare(before, now []trust.Key, from string) {
	known := r.own.Knows(r.lock)
	for _, n := range newsOf(adopted(before, known), adopted(now, known)) {
		fmt.Fprintf(r.stdout, "* %s %s\n", n.identity, n.text)
		r.news = append(r.news, journal.Entry{Kind: journal.Grant, Route: "refreshed", Identity: n.identity, Origin: from, Reason: n.text, By: r.userName()})
	}
}

// adopted are keys with what their designated revokers have said.
func adopted(keys []trust.Key, known trust.Known) []trust.Key {
	out := slices.Clone(keys)
	for i, k := range out {
		if k.Certificate != nil {
			out[i].Certificate, _ = k.Certificate.Adopt(known)
		}
	}
	return out
}

// keyChange is what is new of one key.
type keyChange struct{ identity, text string }

func newsOf(before, now []trust.Key) []keyChange {
	var out []keyChange
	for _, b := range before {
		for _, k := range now {
			if k.Kind != b.Kind || k.Fingerprint != b.Fingerprint || k.Certificate == nil || b.Certificate == nil {
				continue
			}
			for _, text := range keyNews(b.Certificate, k.Certificate) {
				out = append(out, keyChange{"openpgp:" + k.Fingerprint, text})
			}
		}
	}
	return out
}

// keyNews says what a certificate says of itself that it did not say before.
func keyNews(before, now *openpgp.Certificate) []string {
	var out []string
	old, was := before.Revoked()
	if is, ok := now.Revoked(); ok && (!was || is.Hard && !old.Hard) {
		if is.Hard {
			out = append(out, fmt.Sprintf("was given up as lost on %s%s: nothing that it signed counts any more", today(is.At), quotedReason(is.Reason)))
		} else {
			out = append(out, fmt.Sprintf("was superseded on %s%s: what it signed before counts", today(is.At), quotedReason(is.Reason)))
		}
	}
	from, had := before.Expires()
	to, has := now.Expires()
	switch {
	case has && !had:
		out = append(out, fmt.Sprintf("expires on %s by now, and did not before", today(to)))
	case had && !has:
		out = append(out, fmt.Sprintf("does not expire any more, and would have on %s", today(from)))
	case had && has && !from.Equal(to):
		out = append(out, fmt.Sprintf("expires on %s by now, and no longer on %s", today(to), today(from)))
	}
	return append(out, subkeyNews(before, now)...)
}

// subkeyNews says which subkeys were revoked since, in the order of their fingerprints.
func subkeyNews(before, now *openpgp.Certificate) []string {
	var out []string
	old, revoked := before.RevokedSubkeys(), now.RevokedSubkeys()
	for _, key := range slices.Sorted(maps.Keys(revoked)) {
		is := revoked[key]
		was, had := old[key]
		switch {
		case had && (was.Hard || !is.Hard):
		case is.Hard:
			out = append(out, fmt.Sprintf("gave its subkey %s up as lost on %s%s: nothing that the subkey signed counts any more", key, today(is.At), quotedReason(is.Reason)))
		default:
			out = append(out, fmt.Sprintf("superseded its subkey %s on %s%s: what the subkey signed before counts", key, today(is.At), quotedReason(is.Reason)))
		}
	}
	return out
}

// maxReason is how many bytes of an owner's words are shown.
const maxReason = 200

// quotedReason quotes why an owner revoked a key.
func quotedReason(reason string) string {
	if reason == "" {
		return ""
	}
	text := openpgp.Printable(reason)
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "…"
	}
	return ` ("` + text + `")`
}

// takeKeys takes what a source has of the keys that are fetched from it. What is wrong with
// one of them is noted, and that key stays as it was.
func (r *keyRefresh) takeKeys(got refetched) {
	if got.err != nil {
		r.fail(got.err, unreadHint, "%s was not read, and its keys stay as they were: %v", index.RedactString(got.source))
		return
	}
	fmt.Fprintf(r.stdout, "keys of %s\n", index.RedactString(got.source))
	var old []trust.Key
	for _, k := range r.own.Keys {
		if k.Kind == got.kind && k.Source == got.source {
			old = append(old, k)
		}
	}
	for _, k := range old {
		of := func(o trust.Key) bool { return o.Kind == k.Kind && o.Fingerprint == k.Fingerprint }
		now, kept := mergedKeys([]trust.Key{k}, trust.Locked{Keys: slices.DeleteFunc(slices.Clone(got.keys), func(o trust.Key) bool { return !of(o) })}, r.own.Knows(r.lock, got.keys...))
		for _, err := range kept {
			r.fail(err, keptHint, "%s: %v", index.RedactString(got.source))
		}
		at := slices.IndexFunc(now, of)
		if at < 0 {
			r.warn("%s no longer has the key %s: it stays as it was", index.RedactString(got.source), k.Fingerprint)
			continue
		}
		if err := r.own.Take(now[at], r.own.Knows(r.lock)); err != nil {
			r.fail(err, keptHint, "%s: %v", index.RedactString(got.source))
			continue
		}
		r.compare([]trust.Key{k}, now, index.RedactString(got.source))
		if now[at].Certificate == nil {
			continue
		}
		if _, open := now[at].Certificate.Adopt(r.own.Knows(r.lock)); len(open) > 0 {
			r.warnOpen(k.Fingerprint, open[0])
		}
	}
	for _, k := range got.keys {
		if _, known := r.own.Key(k.Kind, k.Fingerprint); !known {
			r.propose(k, old)
		}
	}
}

// warnOpen warns of a revocation that cannot be verified.
func (a *app) warnOpen(key string, revoker openpgp.Fingerprint) {
	a.warn("the key %s seems to be revoked by %s, whom its owner lets do so: that counts once the certificate of %s is a [[key]] in trust.toml", key, revoker, revoker)
}

// warnOpenOf warns of the keys of grants of which there is such a revocation, each once.
func (a *app) warnOpenOf(grants []trust.Grant, store *trust.Store) {
	warned := map[string]bool{}
	for _, g := range grants {
		if g.Denied || g.Kind != assay.GrantOpenPGP || warned[g.Grant.Key] {
			continue
		}
		warned[g.Grant.Key] = true
		for _, c := range store.OpenPGP(g.Grant.Key) {
			if _, open := c.Adopt(nil); string(c.Fingerprint()) == g.Grant.Key && len(open) > 0 {
				a.warnOpen(g.Grant.Key, open[0])
				break
			}
		}
	}
}

// propose shows a key that a source has by now, and how to grant it where a key that is
// granted has certified it. Nothing is granted by that.
func (r *keyRefresh) propose(k trust.Key, old []trust.Key) {
	proposed := false
	for _, o := range old {
		if known, ok := r.own.Known(r.lock, o.Kind, o.Fingerprint); !ok || !certifies(known, k, r.now) {
			continue
		}
		for _, g := range r.own.Grants {
			if g.Denied || g.FirstUse || g.Kind != o.Kind || g.Grant.Key != o.Fingerprint || !g.InForce(r.now) {
				continue
			}
			proposed = true
			fmt.Fprintf(r.stdout, "? %s: there is a new key, which the granted key %s has certified: %s\n    to grant it: assay trust add %s --openpgp %s --from %s --until %s --reason \"certified by %s\"\n",
				g.Project, o.Fingerprint, userIDs(k.Certificate), g.Project, k.Fingerprint, shellQuoted(k.Source), lastDayBefore(g.Until), o.Fingerprint)
		}
	}
	if !proposed {
		fmt.Fprintf(r.stdout, "  note: it has another key, which no granted key has certified: %s:%s\n", k.Kind, k.Fingerprint)
	}
}

// shellQuoted quotes a text for a shell where it needs it.
func shellQuoted(s string) string {
	if !strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.ContainsRune("/:._-+%=@,", c))
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// changed notes a grant that an import gained or lost.
func (r *keyRefresh) changed(g trust.Grant, what, name string) {
	r.news = append(r.news, grantEntry(g, what, "import "+name, "a refresh of keys", r.userName()))
}

// grantEntry is the entry in memory's journal about a change of trust.
func grantEntry(g trust.Grant, what, origin, reason, by string) journal.Entry {
	e := journal.Entry{Kind: journal.Grant, Route: what, Project: g.Project, Identity: g.Identity(), Until: g.Until, Origin: origin, Reason: reason, By: by}
	if e.Project == "*" {
		e.Project = "" // all of them
	}
	return e
}

// noteGrant writes a grant, a denial, or what was taken back of them, into memory.
func (a *app) noteGrant(ctx context.Context, g trust.Grant, what string) error {
	return a.note(ctx, []journal.Entry{grantEntry(g, what, "trust.toml", g.Reason, a.userName())})
}

// noteImport writes what an import changed into memory.
func (a *app) noteImport(ctx context.Context, i trust.Import, before, now trust.Locked) error {
	entries := []journal.Entry{{Kind: journal.Grant, Route: "imported", Origin: "import " + i.Name, SHA256: now.SHA256, Until: i.Until, Reason: i.Reason, By: i.By}}
	for _, g := range now.Grants {
		if !grants(before, g) {
			entries = append(entries, grantEntry(g, map[bool]string{false: "granted", true: "denied"}[g.Denied], "import "+i.Name, i.Reason, i.By))
		}
	}
	for _, g := range trust.Lost(before, now) {
		entries = append(entries, grantEntry(g, "lost", "import "+i.Name, i.Reason, i.By))
	}
	return a.note(ctx, entries)
}

// note writes entries into memory. The change itself is made by then.
func (a *app) note(ctx context.Context, entries []journal.Entry) error {
	return a.withMemory(func(j *journal.Journal) error {
		_, err := j.Append(ctx, entries...)
		if err != nil {
			return notRemembered(err)
		}
		return nil
	})
}
