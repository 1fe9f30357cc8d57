package keysource

import (
	"crypto/sha1" // the names of the directory's files are made with it
	"encoding/base32"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"assay/internal/openpgp"
)

// zBase32 is the human-oriented base-32 of RFC 6189.
var zBase32 = base32.NewEncoding("ybndrfg8ejkmcpqxot1uwisza345h769").WithPadding(base32.NoPadding)

var (
	localParts = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,64}$`) // without quotes and backquotes
	domains    = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// splitAddress reads an e-mail address of ASCII without quotes or comments. The domain
// comes back in small letters.
func splitAddress(address string) (local, domain string, err error) {
	local, domain, ok := strings.Cut(address, "@")
	domain = strings.ToLower(domain)
	_, ip := netip.ParseAddr(domain)
	if !ok || len(address) > maxAddress || !localParts.MatchString(local) || !domains.MatchString(domain) || ip == nil {
		return "", "", fail("%s is no e-mail address such as ann@example.org", clip(openpgp.Printable(address)))
	}
	return local, domain, nil
}

// directory returns where a Web Key Directory has an address's certificate, by the
// advanced and by the direct method.
func directory(local, domain string) (advanced, direct string) {
	sum := sha1.Sum([]byte(strings.ToLower(local)))
	rest := "hu/" + zBase32.EncodeToString(sum[:]) + "?l=" + url.QueryEscape(local)
	return fmt.Sprintf("https://openpgpkey.%s/.well-known/openpgpkey/%s/%s", domain, domain, rest),
		fmt.Sprintf("https://%s/.well-known/openpgpkey/%s", domain, rest)
}

// wkd asks an address's own domain for its certificate
// (draft-koch-openpgp-webkey-service). Both places are the domain's, so that either will
// do: the direct one is asked where the other gives nothing.
func (s *session) wkd() error {
	local, domain, err := splitAddress(s.Import.Source)
	if err != nil {
		return err
	}
	place, direct := directory(local, domain)
	data, err := s.fetch(place, maxCertificates)
	if err != nil {
		if s.ctx.Err() != nil {
			return err
		}
		advanced := err
		place = direct
		if data, err = s.fetch(direct, maxCertificates); err != nil {
			return fmt.Errorf("the Web Key Directory of %s has nothing: %w; and: %w", openpgp.Printable(domain), advanced, err)
		}
	}
	certs, err := openpgp.ReadCertificates(data)
	if err != nil {
		return fail("%s: %v", shownPlace(place), err)
	}
	var of []*openpgp.Certificate
	address := local + "@" + domain
	for _, c := range certs {
		if hasAddress(c, address) {
			of = append(of, c)
			continue
		}
		s.warn("", "the key %s has no user id with the address %s: it is not granted", c.Fingerprint(), address)
	}
	if len(of) == 0 {
		return fail("no key in the Web Key Directory of %s has a user id with the address %s", domain, address)
	}
	for _, project := range s.Import.Projects {
		s.note(project, "the domain %s is believed: whoever holds it says whose key this is", domain)
	}
	return s.forAll(of, "the Web Key Directory of "+domain+" has it for "+address, place)
}

// hasAddress reports whether a certificate has a user id with exactly an address, letter case
// aside.
func hasAddress(c *openpgp.Certificate, address string) bool {
	for _, id := range c.UserIDs() {
		if got, ok := openpgp.AddressOf(id); ok && strings.EqualFold(got, address) {
			return true
		}
	}
	return false
}
