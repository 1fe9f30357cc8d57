package intercept

import (
	"context"
	"net/netip"
	"strings"
	"syscall"
)

// The addresses outside of the ranges below at which clouds serve a machine its
// own metadata, and so its keys. The best known one, 169.254.169.254, is
// link-local.
var metadataServices = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),   // AWS
	netip.MustParseAddr("fd20:ce::254"),    // Google Cloud
	netip.MustParseAddr("168.63.129.16"),   // Azure
	netip.MustParseAddr("100.100.100.200"), // Alibaba Cloud
	netip.MustParseAddr("192.0.0.192"),     // Oracle Cloud
}

// nat64 is the prefix under which an IPv4 address is reached over IPv6 (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// insideAddr reports whether an address is this machine, a link-local or
// multicast one, or a cloud's metadata service.
func insideAddr(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	for _, m := range metadataServices {
		if ip == m {
			return true
		}
	}
	// All of 0.0.0.0/8 and of ::/96 is this machine, or was.
	first := ip.As16()
	compatible := ip.Is6() && [12]byte(first[:12]) == [12]byte{}
	return ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsMulticast() || compatible || ip.Is4() && ip.As4()[0] == 0
}

// isInside reports whether a URL's host is inside, as far as can be seen without
// asking the DNS. A name that some programs read as a number counts as inside:
// "127.1" and "0x7f000001" are addresses to them.
func isInside(host string) bool {
	if isLoopback(host) {
		return true
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return insideAddr(ip)
	}
	last := strings.ToLower(strings.TrimSuffix(host, "."))
	last = last[strings.LastIndexByte(last, '.')+1:]
	return last != "" && (strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") && strings.Trim(last[2:], "0123456789abcdef") == "")
}

// refuseInside is a net.Dialer's ControlContext: it sees every address before it
// is connected to, and what a name resolved to.
func refuseInside(_ context.Context, _, address string, _ syscall.RawConn) error {
	if at, err := netip.ParseAddrPort(address); err != nil || insideAddr(at.Addr()) {
		return ErrInside
	}
	return nil
}
