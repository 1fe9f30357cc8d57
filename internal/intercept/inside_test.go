package intercept

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

func TestInsideAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1": true, "127.255.0.9": true, "::1": true, "0.0.0.0": true, "0.1.2.3": true, "::": true,
		"169.254.169.254": true, "169.254.0.1": true, "fe80::1": true, "fe80::1%eth0": true, "224.0.0.1": true, "ff02::1": true,
		"::ffff:127.0.0.1": true, "::ffff:169.254.169.254": true, "::127.0.0.1": true, "64:ff9b::7f00:1": true, "64:ff9b::a9fe:a9fe": true,
		"fd00:ec2::254": true, "fd20:ce::254": true, "168.63.129.16": true, "100.100.100.200": true, "192.0.0.192": true,
		"10.0.0.1": false, "192.168.1.1": false, "172.16.0.1": false, "203.0.113.7": false, "fd00::1": false, "2001:db8::1": false,
		"64:ff9b::cb00:7107": false, "100.100.100.201": false,
	} {
		if got := insideAddr(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
		err := refuseInside(t.Context(), "tcp", net.JoinHostPort(address, "443"), nil)
		if (err != nil) != want || want && !errors.Is(err, ErrInside) {
			t.Errorf("%s: dialled with %v", address, err)
		}
	}
	if refuseInside(t.Context(), "tcp", "nonsense", nil) == nil {
		t.Error("an address that cannot be read is dialled")
	}
}

func TestInsideHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST.": true, "a.localhost": true, "127.0.0.1": true, "127.1": true, "2130706433": true, "0x7f000001": true,
		"0x7f.1": true, "017700000001": true, "0": true, "0x": true, "127.0.0.1.": true, "::1": true, "fe80::1%eth0": true, "169.254.169.254": true,
		"index.example.invalid": false, "a1.example.invalid": false, "203.0.113.7": false, "x0x7f": false, "1.com": false, "": false,
	} {
		if got := isInside(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
