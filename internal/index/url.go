package index

import (
	"net/netip"
	"net/url"
	"strings"
)

// Origin renders a URL's origin (RFC 6454): scheme, host and port, in lower
// case and without a default port: "https://index.example:8443".
func Origin(u *url.URL) string {
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return scheme + "://" + host
	}
	return scheme + "://" + host + ":" + port
}

// Key renders a URL so that two URLs of one resource compare equal however an
// installer spelled them: without credentials and fragment, the origin in its
// normal form, each segment of the path escaped anew (installers ask for
// "+" as "%2B"). A slash that is escaped stays another than one that is not.
// The query counts.
func Key(u *url.URL) string {
	segments := strings.Split(u.EscapedPath(), "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = url.QueryEscape(plain)
		}
	}
	key := Origin(u) + "/" + strings.TrimPrefix(strings.Join(segments, "/"), "/")
	if u.RawQuery != "" {
		key += "?" + u.RawQuery
	}
	return key
}

// parse reads an absolute http or https URL.
func parse(raw string) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, failed(ErrURL, "a URL of %d bytes is not asked for", len(raw))
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, failed(ErrURL, "a URL that cannot be read is not asked for")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, failed(ErrURL, "%q is not an absolute http or https URL", Redact(u))
	}
	return u, nil
}

// mayLead says why one URL must not lead to another (a redirect, or a page that
// names it), or returns "": never from https to plain http, never from outside
// to this computer or to link-local addresses, where clouds keep credentials.
func mayLead(from, to *url.URL) string {
	switch inside := IsLoopback(from.Hostname()); {
	case to.Scheme != "http" && to.Scheme != "https" || to.Hostname() == "":
		return "which is not an http or https URL"
	case !inside && IsLoopback(to.Hostname()):
		return "on this computer"
	case !isLinkLocal(from.Hostname()) && isLinkLocal(to.Hostname()):
		return "a link-local address"
	case from.Scheme == "https" && to.Scheme == "http" && !IsLoopback(to.Hostname()):
		return "over plain http"
	}
	return ""
}

// IsLoopback reports whether a host, as a URL names it, is this computer.
func IsLoopback(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.Unmap().IsLoopback() || ip.Unmap().IsUnspecified())
}

func isLinkLocal(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLinkLocalUnicast()
}
