package intercept

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"assay"
)

// ErrPattern says that something is no pattern of hosts.
var ErrPattern = errors.New("not a host pattern")

// Scope says which connections are opened and looked into, which are passed on
// as they are, and what may come without TLS.
//
// A host pattern is a host, "git.example", or all hosts below one, "*.example",
// each for every port or, as "git.example:8443", for one. An IPv6 address stands
// in brackets: "[::1]", "[::1]:8443". Case and a dot at the end mean nothing.
type Scope struct {
	// Tunnel are patterns of hosts whose TLS connections are passed on unopened.
	Tunnel []string
	// Runner says that the command goes on to run an application: then only what is
	// known to be an installer's is opened (see Proxy.MarkedURL), and what goes to
	// Indexes.
	Runner bool
	// Indexes are the configured indexes and their file hosts, as "host:port" or
	// patterns: they are always opened, whatever Tunnel says.
	Indexes []string
	// PlainHTTP are patterns of hosts that may be asked for pages and files without
	// TLS. This machine always may.
	PlainHTTP []string
	// VCS says what becomes of version control systems' traffic: assay.Error
	// refuses it, anything else passes it on and counts it.
	VCS assay.Severity
}

// CheckPattern returns an error, an ErrPattern, where s is no host pattern.
func CheckPattern(s string) error {
	_, err := parsePattern(s)
	return err
}

// target is a host and a port. The host is a DNS name in lower case without a
// dot at its end, or an IP address in its shortest form, without brackets.
type target struct {
	host string
	port uint16
}

// String returns "host:port", with an IPv6 address in brackets.
func (t target) String() string { return net.JoinHostPort(t.host, strconv.Itoa(int(t.port))) }

// parseTarget reads "host:port" strictly: no user, no path, no zone, no other
// spelling of a port than its digits. Without a port it has the default one; a
// default of 0 means that the port must be there.
func parseTarget(s string, port uint16) (target, error) {
	name, digits, err := splitPort(s)
	if err != nil {
		return target{}, err
	}
	if digits == "" && port == 0 {
		return target{}, fmt.Errorf("%w: %q has no port", ErrHost, s)
	}
	if digits != "" {
		if port, err = parsePort(digits); err != nil {
			return target{}, err
		}
	}
	host, err := parseHost(name)
	if err != nil {
		return target{}, err
	}
	return target{host, port}, nil
}

// splitPort splits "host:port", "host", "[v6]:port" or "[v6]". The host keeps
// its brackets.
func splitPort(s string) (host, port string, err error) {
	rest := s
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", "", fmt.Errorf("%w: %q", ErrHost, s)
		}
		host, rest = s[:end+1], s[end+1:]
	} else if i := strings.IndexByte(s, ':'); i >= 0 {
		host, rest = s[:i], s[i:]
	} else {
		return s, "", nil
	}
	if rest == "" {
		return host, "", nil
	}
	port, ok := strings.CutPrefix(rest, ":")
	if !ok || port == "" {
		return "", "", fmt.Errorf("%w: %q", ErrHost, s)
	}
	return host, port, nil
}

// parsePort reads a port's digits.
func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || len(s) > 5 || s[0] == '+' {
		return 0, fmt.Errorf("%w: %q is no port", ErrHost, s)
	}
	return uint16(n), nil
}

// parseHost returns a host as target has it. An IPv6 address must have brackets.
func parseHost(s string) (string, error) {
	inner, bracketed := s, false
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		inner, bracketed = s[1:len(s)-1], true
	}
	if addr, err := netip.ParseAddr(inner); err == nil {
		if addr.Zone() != "" || addr.Is4() == bracketed {
			return "", fmt.Errorf("%w: %q", ErrHost, s)
		}
		return addr.Unmap().String(), nil
	}
	name := strings.ToLower(strings.TrimSuffix(s, "."))
	if bracketed || !isDNSName(name) {
		return "", fmt.Errorf("%w: %q", ErrHost, s)
	}
	return name, nil
}

// pattern is a host pattern, ready to be compared.
type pattern struct {
	host  string // as in target; with below the hosts below it, and not it
	below bool
	port  uint16 // 0 for every port
}

func parsePattern(s string) (pattern, error) {
	bad := func() (pattern, error) { return pattern{}, fmt.Errorf("%w: %q", ErrPattern, s) }
	name, digits, err := splitPort(strings.TrimSpace(s))
	if err != nil {
		return bad()
	}
	var p pattern
	if digits != "" {
		if p.port, err = parsePort(digits); err != nil || p.port == 0 {
			return bad()
		}
	}
	name, p.below = strings.CutPrefix(name, "*.")
	if strings.IndexFunc(name, func(r rune) bool { return r > 0x7e }) >= 0 {
		if name, err = idna.Lookup.ToASCII(name); err != nil {
			return bad()
		}
	}
	if p.host, err = parseHost(name); err != nil || p.below && isAddress(p.host) {
		return bad()
	}
	return p, nil
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func (p pattern) matches(t target) bool {
	if p.port != 0 && p.port != t.port {
		return false
	}
	if !p.below {
		return p.host == t.host
	}
	return strings.HasSuffix(t.host, "."+p.host) && !isAddress(t.host)
}

// patterns are any of which may match.
type patterns []pattern

func parsePatterns(what string, list []string) (patterns, error) {
	out := make(patterns, 0, len(list))
	for _, s := range list {
		p, err := parsePattern(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func (l patterns) match(t target) bool {
	for _, p := range l {
		if p.matches(t) {
			return true
		}
	}
	return false
}

// scope is a Scope, ready to be asked.
type scope struct {
	tunnel, indexes, plainHTTP patterns
	runner, refuseVCS          bool
}

func newScope(s Scope) (scope, error) {
	out := scope{runner: s.Runner, refuseVCS: s.VCS == assay.Error}
	var err error
	if out.tunnel, err = parsePatterns("hosts to pass on unopened", s.Tunnel); err != nil {
		return scope{}, err
	}
	if out.indexes, err = parsePatterns("hosts of indexes", s.Indexes); err != nil {
		return scope{}, err
	}
	if out.plainHTTP, err = parsePatterns("hosts without TLS", s.PlainHTTP); err != nil {
		return scope{}, err
	}
	return out, nil
}

// plain reports whether a host may be asked for pages and files without TLS.
func (s scope) plain(t target) bool { return isLoopback(t.host) || s.plainHTTP.match(t) }

// targetOf returns where an http or https URL leads.
func targetOf(u *url.URL) (target, error) {
	if u.Scheme == "http" {
		return parseTarget(u.Host, 80)
	}
	return parseTarget(u.Host, 443)
}

// followable returns an error, an errRedirect, where a redirect leads to what may
// not be asked for directly either.
func (s scope) followable(u *url.URL) error {
	t, err := targetOf(u)
	switch {
	case err != nil:
		return fmt.Errorf("%w: its address cannot be read", errRedirect)
	case isBadPort(t.port):
		return fmt.Errorf("%w: it leads to a port where no web server is", errRedirect)
	case u.Scheme == "http" && !s.plain(t):
		return fmt.Errorf("%w: it leads to plain http", errRedirect)
	}
	return nil
}
