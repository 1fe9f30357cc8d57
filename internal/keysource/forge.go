package keysource

import (
	"bytes"
	"net/url"
	"regexp"
	"strings"

	"assay"
	"assay/internal/openpgp"
	"assay/internal/sshsig"
	"assay/internal/trust"
)

var accounts = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$`)

// forge reads the keys that an account shows at USER.gpg and USER.keys, as GitHub,
// GitLab, Gitea and Forgejo do. It is the account that is believed: whoever can log in
// may add a key. What is at USER.keys are keys to log in with; where the forge has others
// for signing it shows them elsewhere.
func (s *session) forge() error {
	account := strings.TrimSuffix(s.Import.Source, "/")
	u, err := url.Parse(account)
	if err != nil || !isURL(account) || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fail("%s is no account such as https://forge.example/USER", shownPlace(s.Import.Source))
	}
	at := strings.LastIndex(u.EscapedPath(), "/")
	if at < 0 || !accounts.MatchString(u.EscapedPath()[at+1:]) {
		return fail("%s is no account such as https://forge.example/USER", shownPlace(s.Import.Source))
	}
	note := "shown by the account " + account
	for _, project := range s.Import.Projects {
		s.note(project, "the account %s is believed: whoever can log in there may add a key", openpgp.Printable(account))
	}
	n, err := s.forgeOpenPGP(account+".gpg", note)
	if err != nil {
		return err
	}
	m, err := s.forgeSSH(account+".keys", note)
	if err != nil {
		return err
	}
	if n+m == 0 {
		return fail("the account %s shows no keys", openpgp.Printable(account))
	}
	return nil
}

// noneUploaded is what forges put into the armor of an account without OpenPGP keys.
var noneUploaded = []byte("hasn't uploaded any GPG keys")

func (s *session) forgeOpenPGP(place, note string) (int, error) {
	data, err := s.optional(place, maxCertificates)
	if err != nil || len(bytes.TrimSpace(data)) == 0 || len(data) < 1024 && bytes.Contains(data, noneUploaded) {
		return 0, err
	}
	certs, err := openpgp.ReadCertificates(data)
	if err != nil {
		return 0, fail("%s: %v", shownPlace(place), err)
	}
	return len(certs), s.forAll(certs, note, place)
}

// forAll grants certificates for every project that is asked about.
func (s *session) forAll(certs []*openpgp.Certificate, note, source string) error {
	if len(certs) > maxAccountKeys {
		return fail("%s has more than %d keys", shownPlace(source), maxAccountKeys)
	}
	for _, project := range s.Import.Projects {
		for _, c := range certs {
			if err := s.certificate(c, found{project: project, note: note, source: source}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *session) forgeSSH(place, note string) (int, error) {
	data, err := s.optional(place, maxSSHKeys)
	if err != nil || len(bytes.TrimSpace(data)) == 0 {
		return 0, err
	}
	keys, err := sshsig.ParseKeys(data)
	if err != nil {
		return 0, fail("%s: %v", shownPlace(place), err)
	}
	if len(keys) > maxAccountKeys {
		return 0, fail("%s has more than %d keys", shownPlace(place), maxAccountKeys)
	}
	for _, project := range s.Import.Projects {
		for _, k := range keys {
			g := trust.Grant{Project: project}
			g.Kind, g.Key, g.Reason = assay.GrantSSH, k.Fingerprint(), note
			if err := s.grant(g); err != nil {
				return 0, err
			}
			key := trust.Key{Kind: assay.GrantSSH, Fingerprint: k.Fingerprint(), SSH: k}
			if len(place) <= maxPlace {
				key.Source = place
			}
			s.key(key)
		}
	}
	return len(keys), nil
}
