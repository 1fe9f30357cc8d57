package intercept

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// Class says what a request asks for.
type Class string

// The classes.
const (
	PageClass     Class = "page"
	FileClass     Class = "file"
	MetadataClass Class = "metadata"
	OtherClass    Class = "other" // copied, not looked at
	VCSClass      Class = "vcs"   // a version control system's, copied, not looked at
)

// judged reports whether the Desk decides about what is asked for.
func (c Class) judged() bool { return c != OtherClass && c != VCSClass }

// Why something was passed on without a look. A version control system's
// traffic has the system's name: "git", "hg", "svn", "bzr".
const (
	WhyNamed        = "named"              // Scope.Tunnel names the host
	WhyNotInstaller = "not an installer's" // Scope.Runner
)

// Tunnel is what was passed on to one host without a look, for one reason.
type Tunnel struct {
	Host string // "host:port"
	Why  string
	// Count counts connections passed on unopened, and requests of the kind on
	// connections that were opened.
	Count int
	// Sent and Received count the bytes of connections that have ended.
	Sent, Received int64
}

// Unopened is a host to which connections could not be looked into, because the
// installer's side of TLS failed.
type Unopened struct {
	Host  string // "host:port"
	Why   string // "the client does not speak TLS in it"
	Count int
}

// Stats counts what came past a proxy.
type Stats struct {
	// Requests counts requests by class.
	Requests map[Class]int
	// Refused counts answers that carried a refusal, Failed those that said that
	// something could not be fetched or decided, and Aborted the files that were
	// cut off on their way.
	Refused, Failed, Aborted int
	// Hosts counts by host the requests that were copied, not looked at, and
	// OtherHosts those of further hosts when there were too many to name.
	Hosts      map[string]int
	OtherHosts int
	// Tunnels lists what was passed on without a look, by host and reason, and
	// OtherTunnels counts what went to further hosts when there were too many.
	Tunnels      []Tunnel
	OtherTunnels int
	// Unopened lists connections that failed before the first request.
	Unopened []Unopened
	// OpenedAnyway lists the hosts that Scope.Tunnel names and that were looked
	// into all the same, because they belong to an index.
	OpenedAnyway []string
}

type counts struct {
	mu sync.Mutex
	s  Stats // but for its lists
	tunnels,
	failures map[hostWhy]*Tunnel
	opened map[string]bool
}

type hostWhy struct{ host, why string }

func (c *counts) request(class Class, host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.s.Requests == nil {
		c.s.Requests, c.s.Hosts = map[Class]int{}, map[string]int{}
	}
	c.s.Requests[class]++
	if class != OtherClass {
		return
	}
	if _, known := c.s.Hosts[host]; !known && len(c.s.Hosts) >= maxHosts {
		c.s.OtherHosts++
		return
	}
	c.s.Hosts[host]++
}

func (c *counts) add(counter func(*Stats) *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*counter(&c.s)++
}

// tunnel counts one connection, or request, that is passed on without a look.
func (c *counts) tunnel(host, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !count(&c.tunnels, hostWhy{host, why}) {
		c.s.OtherTunnels++
	}
}

// count counts one, and reports whether there was room for it.
func count(m *map[hostWhy]*Tunnel, key hostWhy) bool {
	if *m == nil {
		*m = map[hostWhy]*Tunnel{}
	}
	t := (*m)[key]
	if t == nil {
		if len(*m) >= maxHosts {
			return false
		}
		t = &Tunnel{Host: key.host, Why: key.why}
		(*m)[key] = t
	}
	t.Count++
	return true
}

// moved counts the bytes of a connection that has ended.
func (c *counts) moved(host, why string, sent, received int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.tunnels[hostWhy{host, why}]; t != nil {
		t.Sent += sent
		t.Received += received
	}
}

// unopened counts a connection that could not be looked into.
func (c *counts) unopened(t target, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.Failed++
	count(&c.failures, hostWhy{t.String(), why})
}

// anyway notes a host that is looked into although it was named as one to pass on.
func (c *counts) anyway(t target) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opened == nil {
		c.opened = map[string]bool{}
	}
	if len(c.opened) < maxHosts {
		c.opened[t.String()] = true
	}
}

func (c *counts) stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.s
	s.Requests, s.Hosts = maps.Clone(s.Requests), maps.Clone(s.Hosts)
	s.Tunnels = sorted(c.tunnels)
	for _, t := range sorted(c.failures) {
		s.Unopened = append(s.Unopened, Unopened{t.Host, t.Why, t.Count})
	}
	s.OpenedAnyway = slices.Sorted(maps.Keys(c.opened))
	return s
}

func sorted(m map[hostWhy]*Tunnel) []Tunnel {
	var out []Tunnel
	for _, t := range m {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b Tunnel) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Why, b.Why))
	})
	return out
}

// HostNames returns the hosts of copied requests, sorted.
func (s Stats) HostNames() []string { return slices.Sorted(maps.Keys(s.Hosts)) }

func refused(s *Stats) *int { return &s.Refused }
func failed(s *Stats) *int  { return &s.Failed }
func aborted(s *Stats) *int { return &s.Aborted }
