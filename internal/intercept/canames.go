package intercept

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// scopeOfNames is what an authority may name, as name constraints (RFC 5280,
// 4.2.1.10), critical, in the root and in every issuer:
//
//	IP   permitted: the addresses of configured indexes, exactly
//	     excluded:  0.0.0.0/0 and ::/0, or whichever of the two has none permitted
//	DNS  excluded:  what is passed on unopened
//
// Without the exclusions of addresses, an authority that is constrained to DNS
// names could still name every address.
//
// Which DNS names are permitted cannot be said: pages name hosts of files, and
// arguments and lock files name others, after the command has read its bundle,
// and it reads that once. What is known to be asked for is in the leaf: it names
// exactly one host, and is made when that host is asked for.
//
// A DNS constraint covers a name and all below it: there is no way to exclude
// git.example.invalid and not x.git.example.invalid. What is excluded in passing
// is refused with ErrExcluded.
type scopeOfNames struct {
	addresses []netip.Addr // permitted
	excluded  []string     // names, and all below them
}

// namesOf returns the constraints. What is no pattern constrains nothing here:
// Start refuses it.
func namesOf(o CAOptions) scopeOfNames {
	var s scopeOfNames
	var opened []pattern
	for _, index := range o.Indexes {
		p, err := parsePattern(index)
		if err != nil {
			continue
		}
		if addr, ok := address(p.host); !ok {
			opened = append(opened, p)
		} else if !slices.Contains(s.addresses, addr) {
			s.addresses = append(s.addresses, addr)
		}
	}
	for _, tunnel := range o.Tunnel {
		p, err := parsePattern(tunnel)
		if err != nil || p.port != 0 || isAddress(p.host) || slices.Contains(s.excluded, p.host) {
			continue
		}
		shared := func(index pattern) bool {
			return isWithin(index.host, p.host) || index.below && isWithin(p.host, index.host)
		}
		if !slices.ContainsFunc(opened, shared) {
			s.excluded = append(s.excluded, p.host)
		}
	}
	return s
}

// address reads an IP address without a zone.
func address(host string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

// isWithin reports whether a name is a domain or below it.
func isWithin(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// check says whether a certificate may be made for a host in lower case. Errors
// are ErrHost and ErrExcluded.
func (s scopeOfNames) check(host string) error {
	if addr, ok := address(host); ok {
		if slices.Contains(s.addresses, addr) {
			return nil
		}
		return fmt.Errorf("%w: %s is no configured index's address", ErrExcluded, host)
	}
	if !isDNSName(host) {
		return fmt.Errorf("%w: %q", ErrHost, host)
	}
	for _, domain := range s.excluded {
		if isWithin(host, domain) {
			return fmt.Errorf("%w: %s belongs to %s, which is passed on unopened", ErrExcluded, host, domain)
		}
	}
	return nil
}

// constrain puts the constraints into an authority's certificate.
func (s scopeOfNames) constrain(t *x509.Certificate) {
	t.PermittedDNSDomainsCritical = true // of the whole extension, despite its name
	t.ExcludedDNSDomains = s.excluded
	for _, bits := range []int{32, 128} {
		permitted := false
		for _, addr := range s.addresses {
			if addr.BitLen() == bits {
				permitted = true
				t.PermittedIPRanges = append(t.PermittedIPRanges, &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(bits, bits)})
			}
		}
		if !permitted {
			t.ExcludedIPRanges = append(t.ExcludedIPRanges, &net.IPNet{IP: make(net.IP, bits/8), Mask: net.CIDRMask(0, bits)})
		}
	}
}

// isDNSName reports whether host is a DNS name in lower case (RFC 1123, with
// the underscore that some hosts carry).
func isDNSName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}
