package policy

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"assay"
	"assay/internal/pypi"
)

// Policy says which rules hold for a file. It is safe for concurrent use.
type Policy struct {
	// Now tells the time to conditions that ask for an age; time.Now where nil.
	Now func() time.Time

	own, project *File // nil where there is none

	mu    sync.RWMutex
	names map[string]*compiled // by project
}

// Join makes a policy of the person's own file and of the one that came with the
// project, either of which may be nil.
//
// The project's file may be a stranger's, cloned with a repository, so it can only
// tighten what the person's own file comes to. Where that is silent on the mode,
// evidence, on_unavailable, vcs or allow_http, it counts as if it said what is built
// in. Key by key: what only one of them sets holds as it stands there. Of two modes, requirements, cooldowns and words the
// stricter one holds. A file must come from publishers that both name. Of the
// indexes hold those of the project's that lie below the person's own, else the
// person's own; of the hosts without TLS the person's own. What either denies is
// denied. An exception of the project's does not lift what the person's own file
// sets for the same package. [Policy.Notes] says what came to nothing.
func Join(own, project *File) *Policy {
	if own != nil && project != nil {
		whole := *own
		whole.defaults = own.defaults.over(builtIn)
		own = &whole
	}
	return &Policy{own: own, project: project, names: map[string]*compiled{}}
}

// Base returns the rules that hold for a run as a whole, and for what is of no
// project: the mode, sources from version control, hosts without TLS, and what
// [defaults] says. In audit mode version control is not refused.
func (p *Policy) Base() assay.Rules {
	r := tighten(p.own.base(), p.project.base()).rules()
	if r.Mode == assay.Audit && r.VCS == assay.Error {
		r.VCS = assay.Warning
	}
	return r
}

// OfProject reports whether a rule with this origin stands in the file that came with a
// project.
func (p *Policy) OfProject(origin string) bool {
	return p.project != nil && strings.HasPrefix(origin, p.project.Name+":")
}

func (f *File) base() settings {
	if f == nil {
		return settings{}
	}
	return f.defaults
}

// For returns the rules for an artifact. Claims are nil while they are not known:
// conditions that ask for them are worked out as if there were none then, and the
// rules are tentative. A condition that cannot be worked out is a problem, which
// refuses.
func (p *Policy) For(a assay.Artifact, claims []assay.Claim) assay.Rules {
	c := p.compiled(a.Project)
	if c.fixed != nil {
		return *c.fixed
	}
	return p.unfixed(c, a, claims)
}

// unfixed are the rules where the version, the claims or a condition matter. It is
// apart from For so that there, where nothing has to be worked out, nothing is
// allocated either.
func (p *Policy) unfixed(c *compiled, a assay.Artifact, claims []assay.Claim) assay.Rules {
	now := clock(time.Now)
	if p.Now != nil {
		now = p.Now
	}
	f := &facts{artifact: &a, claims: claims, now: now}
	applies := make([]bool, len(c.own.whens)+len(c.project.whens))
	ofOwn, ofProject := applies[:len(c.own.whens)], applies[len(c.own.whens):]
	problems := c.project.hold(ofProject, f, c.own.hold(ofOwn, f, nil))
	s := c.settle(ofOwn, ofProject, applies)
	r := s.rules
	if c.comparesClaims() {
		r = combine(s.own, s.project, claims)
	}
	r.Problems = problems
	r.Waivers = waivers(c, s.own, a.Version)
	r.Tentative = claims == nil && (c.asksClaims || asksIdentity(r.Waivers))
	return r
}

// OfAll returns the rules for a project, and whether they are the same for every one
// of its files, whatever is known of it.
func (p *Policy) OfAll(project string) (assay.Rules, bool) {
	if c := p.compiled(project); c.fixed != nil {
		return *c.fixed, true
	}
	return assay.Rules{}, false
}

// compiled is what holds for one project's name.
type compiled struct {
	own, project found
	fixed        *assay.Rules // where neither version nor claims matter
	asksClaims   bool         // a condition does

	mu      sync.RWMutex
	settled []*settled
}

// settled is what the tables come to where certain conditions hold. The rules are
// without what depends on claims, and are never changed: the same few are asked for
// again and again, for each file of a page.
type settled struct {
	applies      []bool // each condition, of the person's own file first
	own, project settings
	rules        assay.Rules
}

// found is what one file says of a project.
type found struct {
	settings   settings // without the conditional tables
	whens      []*table
	exceptions []*exception
}

func (p *Policy) compiled(project string) *compiled {
	p.mu.RLock()
	c := p.names[project]
	p.mu.RUnlock()
	if c != nil {
		return c
	}
	c = &compiled{own: p.own.find(project), project: p.project.find(project)}
	c.asksClaims = c.own.asksClaims() || c.project.asksClaims()
	if c.isFixed() {
		r := combine(c.own.settings, c.project.settings, nil)
		r.Waivers = waivers(c, c.own.settings, "")
		r.Tentative = asksIdentity(r.Waivers)
		c.fixed = &r
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.names) >= maxNames {
		clear(p.names) // names come from strangers
	}
	p.names[project] = c
	return c
}

// isFixed reports whether the rules are the same for every file of the project.
func (c *compiled) isFixed() bool {
	versions := func(x *exception) bool { return x.version != "" }
	return len(c.own.whens)+len(c.project.whens) == 0 && !slices.ContainsFunc(c.own.exceptions, versions) &&
		!slices.ContainsFunc(c.project.exceptions, versions) && !(c.own.settings.publishers.set() && c.project.settings.publishers.set())
}

// comparesClaims reports whether both files may name publishers, so that the rules
// depend on who made the claims.
func (c *compiled) comparesClaims() bool {
	return c.own.namesPublishers() && c.project.namesPublishers()
}

func (f found) namesPublishers() bool {
	return f.settings.publishers.set() || slices.ContainsFunc(f.whens, func(t *table) bool { return t.settings.publishers.set() })
}

// settle lays the conditional tables that apply over the others.
func (c *compiled) settle(ofOwn, ofProject, applies []bool) *settled {
	c.mu.RLock()
	i := slices.IndexFunc(c.settled, func(s *settled) bool { return slices.Equal(s.applies, applies) })
	if i >= 0 {
		defer c.mu.RUnlock()
		return c.settled[i]
	}
	c.mu.RUnlock()
	s := &settled{applies: applies, own: c.own.settle(ofOwn), project: c.project.settle(ofProject)}
	s.rules = combine(s.own, s.project, nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.settled) < maxSettled {
		c.settled = append(c.settled, s)
	}
	return s
}

// find looks up what a file says of a project.
func (f *File) find(project string) found {
	if f == nil {
		return found{}
	}
	out := found{settings: f.defaults}
	for _, t := range f.globs {
		if t.name.matches(project) {
			out.settings = t.settings.over(out.settings)
		}
	}
	if t, ok := f.exact[project]; ok && !t.name.wild {
		out.settings = t.settings.over(out.settings)
	}
	for _, t := range f.whens {
		if t.name.matches(project) {
			out.whens = append(out.whens, t)
		}
	}
	for _, x := range f.exceptions {
		if x.project.matches(project) {
			out.exceptions = append(out.exceptions, x)
		}
	}
	return out
}

func (f found) asksClaims() bool {
	return slices.ContainsFunc(f.whens, func(t *table) bool { return t.when.claims })
}

// asksIdentity reports whether an exception is for one publisher's files, so that
// nobody knows whether it fits before the claims are known.
func asksIdentity(list []assay.Waiver) bool {
	return slices.ContainsFunc(list, func(w assay.Waiver) bool { return w.Identity != "" })
}

// hold notes which of the conditional tables apply, and adds why one could not be
// worked out to the problems.
func (f found) hold(applies []bool, facts *facts, problems []string) []string {
	for i, t := range f.whens {
		holds, err := t.when.holds(facts)
		if err != nil {
			problems = append(problems, err.Error())
		}
		applies[i] = holds
	}
	return problems
}

func (f found) settle(applies []bool) settings {
	out := f.settings
	for i, t := range f.whens {
		if applies[i] {
			out = t.settings.over(out)
		}
	}
	return out
}

// waivers are the exceptions for a version. Those of the project's file do not lift
// what the person's own says.
func waivers(c *compiled, own settings, version string) []assay.Waiver {
	var out []assay.Waiver
	canonical := ""
	fits := func(x *exception) bool {
		if x.version != "" && canonical == "" {
			canonical = version
			if v, err := pypi.ParseVersion(version); err == nil {
				canonical = v.Canonical()
			}
		}
		return x.version == "" || x.version == canonical
	}
	for _, x := range c.own.exceptions {
		if fits(x) {
			out = append(out, x.waiver)
		}
	}
	for _, x := range c.project.exceptions {
		w := x.waiver
		w.Codes = slices.DeleteFunc(slices.Clone(w.Codes), own.protects)
		if len(w.Codes) > 0 && fits(x) {
			out = append(out, w)
		}
	}
	return out
}

// combine makes the rules of what two files say of a file.
func combine(own, project settings, claims []assay.Claim) assay.Rules {
	r := tighten(own, project).rules()
	r.Verdicts = own.verdicts(r.Origins)
	r.Verdicts = append(r.Verdicts, project.verdicts(r.Origins)...)
	if own.publishers.set() && project.publishers.set() && claims != nil {
		need := stricter(own.require, project.require, requireRank)
		if detail := unmet(project.publishers, need.value, claims); detail != "" {
			r.Verdicts = append(r.Verdicts, assay.Finding{Code: assay.PublisherUnexpected, Detail: detail})
		}
	}
	return r
}

// unmet says that a file does not come from those whom a second file names, or
// returns "".
func unmet(publishers opt[[]assay.Publisher], require int, claims []assay.Claim) string {
	fitting := 0
	var wanted, by []string
	for _, p := range publishers.value {
		wanted = append(wanted, p.String())
		if slices.ContainsFunc(claims, p.Matches) {
			fitting++
		}
	}
	need := max(require, 1)
	if require == assay.RequireAll {
		need = len(publishers.value)
	}
	if fitting >= need {
		return ""
	}
	for _, c := range claims {
		if c.Identity != "" && !slices.Contains(by, c.Identity) {
			by = append(by, c.Identity)
		}
	}
	who := "nobody has signed it"
	if len(by) > 0 {
		who = "it was published by " + strings.Join(by, " and ")
	}
	of := ""
	if need > 1 {
		of = fmt.Sprintf("%d of ", need)
	}
	return fmt.Sprintf("%s, and %s names %s%s", who, publishers.at, of, strings.Join(wanted, ", "))
}
