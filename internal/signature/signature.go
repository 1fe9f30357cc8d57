// Package signature knows where detached signatures and signed lists of checksums lie
// beside a distribution file, and which kind is what.
//
//	signature.CheckTemplate("https://downloads.example/{project}/{filename}.asc") // nil
//	signature.Place(template, artifact) // "https://downloads.example/django/django-5.2.tar.gz.asc"
//	signature.KindOf(place)             // assay.OpenPGPSignature
//
// What the verifiers of such signatures find is collected and weighed in one way: see
// [Outcome].
package signature

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"assay"
	"assay/internal/tomlfile"
)

var placeholders = regexp.MustCompile(`\{[^}]*\}`)

// CheckTemplate says what is wrong with a place where signatures lie: an https URL with
// {filename}, {project} and {version} in its path.
func CheckTemplate(text string) error {
	for _, p := range placeholders.FindAllString(text, -1) {
		if p != "{filename}" && p != "{project}" && p != "{version}" {
			return fmt.Errorf("there is no %s: there are {filename}, {project} and {version}", tomlfile.Quoted(p))
		}
	}
	plain := placeholders.ReplaceAllString(text, "x")
	_, rest, _ := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	u, err := url.Parse(plain)
	switch {
	case strings.ContainsAny(host, "{}"):
		return fmt.Errorf("the host is written out: nothing of a file's name may decide whom to ask")
	case err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return fmt.Errorf("%s is no https URL", tomlfile.Quoted(text))
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(plain, "#"):
		return fmt.Errorf("leave user, password, query and fragment out of the URL")
	case strings.ContainsAny(plain, "{}"):
		return fmt.Errorf("a bracket of a placeholder is missing in %s", tomlfile.Quoted(text))
	}
	return nil
}

// isLoopback reports whether a host is this computer, where nobody listens on the way.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Place fills a template for a file. What is filled in is escaped, so that no name
// leads to another folder or host.
func Place(template string, a assay.Artifact) string {
	return placeholders.ReplaceAllStringFunc(template, func(p string) string {
		switch p {
		case "{filename}":
			return url.PathEscape(a.Filename)
		case "{project}":
			return url.PathEscape(a.Project)
		}
		return url.PathEscape(a.Version)
	})
}

// KindOf says what lies at a place, by how its name ends: ".sig" of an SSH signature or
// an OpenPGP one is told apart by its first bytes, see [Sniff].
func KindOf(place string) assay.MaterialKind {
	lower := strings.ToLower(place)
	for _, ending := range []string{".checksum.txt", "sums.asc", "sums.txt.asc", "checksums.txt.asc", "sums", ".checksums", "checksums.txt"} {
		if strings.HasSuffix(lower, ending) {
			return assay.OpenPGPChecksums
		}
	}
	if strings.HasSuffix(lower, ".sshsig") {
		return assay.SSHSignature
	}
	return assay.OpenPGPSignature
}

// Sniff corrects the kind of what was found by its first bytes.
func Sniff(kind assay.MaterialKind, data []byte) assay.MaterialKind {
	if kind != assay.OpenPGPSignature && kind != assay.OpenPGPChecksums && kind != assay.SSHSignature {
		return kind
	}
	switch head := strings.TrimLeft(string(data[:min(len(data), 64)]), " \t\r\n"); {
	case strings.HasPrefix(head, "-----BEGIN SSH SIGNATURE-----"):
		return assay.SSHSignature
	case strings.HasPrefix(head, "-----BEGIN PGP SIGNED MESSAGE-----"):
		return assay.OpenPGPChecksums
	}
	return kind
}
