package keysource

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"assay/internal/trust"
)

const sshKeys = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJbDNvyRgZGzlXrHAKpRTbnKMk1Fz0q5Xw6Wwg0s2xkD
`

// loopback is a fetcher over https to a server of this computer, whatever the host's name
// is, as a Web Key Directory's certificate is for a host that does not exist here.
type loopback struct{ client *http.Client }

func (l loopback) Fetch(ctx context.Context, place string, limit int64) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, place, nil)
	if err != nil {
		return nil, err
	}
	resp, err := l.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%s: %w", place, ErrNotFound)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", place, resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, limit+1))
}

// served answers "HOST/PATH?QUERY" on loopback.
func served(t *testing.T, pages map[string][]byte) loopback {
	t.Helper()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, ok := pages[r.Host+r.URL.RequestURI()]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Write(data)
	}))
	t.Cleanup(s.Close)
	return loopback{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "unreachable.") || strings.HasPrefix(address, "openpgpkey.unreachable.") {
				return nil, errors.New("no such host")
			}
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}}
}

// TestDirectoryOfTheDraft has the address that draft-koch-openpgp-webkey-service has as
// its example.
func TestDirectoryOfTheDraft(t *testing.T) {
	advanced, direct := directory("Joe.Doe", "example.org")
	if want := "https://openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe"; advanced != want {
		t.Errorf("got  %s\nwant %s", advanced, want)
	}
	if want := "https://example.org/.well-known/openpgpkey/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe"; direct != want {
		t.Errorf("got  %s\nwant %s", direct, want)
	}
}

func TestWKD(t *testing.T) {
	ann, other := person(t, "Ann", "Joe.Doe@example.org"), person(t, "Other", "other@example.org")
	people := map[string]*pgp.Entity{"ANN": ann, "OTHER": other}
	const advanced = "openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=joe.doe"
	const direct = "example.org/.well-known/openpgpkey/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=joe.doe"
	const granted = "grant demo openpgp:ANN (the Web Key Directory of example.org has it for joe.doe@example.org)\nkey ANN\n"
	const note = "note demo: the domain example.org is believed: whoever holds it says whose key this is\n"
	for name, c := range map[string]struct {
		pages   map[string][]byte
		address string
		want    string
	}{
		"advanced":         {map[string][]byte{advanced: packets(t, ann)}, "joe.doe@example.org", granted + note},
		"direct":           {map[string][]byte{direct: packets(t, ann)}, "joe.doe@Example.org", granted + note},
		"armored":          {map[string][]byte{direct: armored(t, ann)}, "joe.doe@example.org", granted + note},
		"the advanced one": {map[string][]byte{advanced: packets(t, ann), direct: packets(t, other)}, "joe.doe@example.org", granted + note},
		"another's":        {map[string][]byte{direct: packets(t, other)}, "joe.doe@example.org", "error: no key in the Web Key Directory of example.org has a user id with the address joe.doe@example.org\n"},
		"one of two": {map[string][]byte{direct: packets(t, other, ann)}, "joe.doe@example.org",
			granted + "warning the key OTHER has no user id with the address joe.doe@example.org: it is not granted\n" + note},
		"no key":     {map[string][]byte{direct: []byte("<html>")}, "joe.doe@example.org", "error: https://" + strings.Replace(direct, "?l=joe.doe", "?…", 1) + ": "},
		"an IP":      {nil, "joe@127.0.0.1", "error: joe@127.0.0.1 is no e-mail address such as ann@example.org\n"},
		"no domain":  {nil, "joe@localhost", "error: joe@localhost is no e-mail address such as ann@example.org\n"},
		"a port":     {nil, "joe@example.org:8443", "error: joe@example.org:8443 is no e-mail address such as ann@example.org\n"},
		"a path":     {nil, "joe@example.org/x", "error: joe@example.org/x is no e-mail address such as ann@example.org\n"},
		"two signs":  {nil, "joe@evil@example.org", "error: joe@evil@example.org is no e-mail address such as ann@example.org\n"},
		"a terminal": {nil, "joe\x1b@example.org", "error: joe\\x1b@example.org is no e-mail address such as ann@example.org\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := outcome(t, served(t, c.pages), trust.Import{Kind: "wkd", Source: c.address, Projects: []string{"demo"}}, nil)
			if name == "no key" {
				got = got[:min(len(got), len(c.want))]
			}
			hold(t, got, c.want, people)
		})
	}
	got := outcome(t, served(t, nil), trust.Import{Kind: "wkd", Source: "joe.doe@example.org", Projects: []string{"demo"}}, nil)
	if want := "error: the Web Key Directory of example.org has nothing: https://" + advanced + ": not found; and: https://" + direct + ": not found\n"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := outcome(t, served(t, nil), trust.Import{Kind: "wkd", Source: "joe.doe@example.org"}, nil); got != "error: an import of the kind wkd says nothing of projects: name those that its keys may sign\n" {
		t.Errorf("got %s", got)
	}
}

func TestForge(t *testing.T) {
	ann := person(t, "Ann", "ann@example.org")
	people := map[string]*pgp.Entity{"ANN": ann}
	const account = "https://forge.example.invalid/ann"
	const note = "note demo: the account https://forge.example.invalid/ann is believed: whoever can log in there may add a key\n"
	const none = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nNote: This user hasn't uploaded any GPG keys.\n\n\n=twTO\n-----END PGP PUBLIC KEY BLOCK-----\n"
	pages := func(gpg, keys string) map[string][]byte {
		out := map[string][]byte{}
		if gpg != "" {
			out["forge.example.invalid/ann.gpg"] = []byte(gpg)
		}
		if keys != "" {
			out["forge.example.invalid/ann.keys"] = []byte(keys)
		}
		return out
	}
	key := string(armored(t, ann))
	const openpgpGrant = "grant demo openpgp:ANN (shown by the account " + account + ")\n"
	const sshGrant = "grant demo ssh:SHA256:FP (shown by the account " + account + ")\n"
	for name, c := range map[string]struct {
		pages    map[string][]byte
		account  string
		projects []string
		want     string
	}{
		"both":        {pages(key, sshKeys), account, []string{"demo"}, openpgpGrant + sshGrant + "key ANN\nkey SHA256:FP\n" + note},
		"OpenPGP":     {pages(key, ""), account + "/", []string{"demo"}, openpgpGrant + "key ANN\n" + note},
		"SSH":         {pages(none, sshKeys), account, []string{"demo"}, sshGrant + "key SHA256:FP\n" + note},
		"none":        {pages(none, "\n"), account, []string{"demo"}, "error: the account " + account + " shows no keys\n"},
		"nobody":      {pages("", ""), account, []string{"demo"}, "error: the account " + account + " shows no keys\n"},
		"no project":  {pages(key, ""), account, nil, "error: an import of the kind forge says nothing of projects: name those that its keys may sign\n"},
		"no account":  {pages(key, ""), "https://forge.example.invalid", []string{"demo"}, "error: https://forge.example.invalid is no account such as https://forge.example/USER\n"},
		"a query":     {pages(key, ""), account + "?x", []string{"demo"}, "error: " + account + "?… is no account such as https://forge.example/USER\n"},
		"a password":  {pages(key, ""), "https://a:b@forge.example.invalid/ann", []string{"demo"}, "error: leave user and password out of the source: a list of keys is anybody's\n"},
		"a path":      {pages(key, ""), "/home/ann", []string{"demo"}, "error: /home/ann is no account such as https://forge.example/USER\n"},
		"an escape":   {pages(key, ""), "https://forge.example.invalid/%2e%2e", []string{"demo"}, "error: https://forge.example.invalid/%2e%2e is no account such as https://forge.example/USER\n"},
		"broken keys": {pages("", "what?\n"), account, []string{"demo"}, "error: " + account + ".keys: "},
		"log in":      {pages("<html>log in</html>", ""), account, []string{"demo"}, "error: " + account + ".gpg: "},
	} {
		t.Run(name, func(t *testing.T) {
			got := outcome(t, served(t, c.pages), trust.Import{Kind: "forge", Source: c.account, Projects: c.projects}, nil)
			if at := strings.Index(got, "SHA256:"); at >= 0 {
				got = strings.ReplaceAll(got, got[at:at+50], "SHA256:FP")
			}
			if strings.HasSuffix(c.want, ": ") {
				got = got[:min(len(got), len(c.want))]
			}
			hold(t, got, c.want, people)
		})
	}
}

func TestCheck(t *testing.T) {
	own := &trust.File{Imports: []trust.Import{{Name: "debian", Kind: "debian", Source: "https://deb.example.invalid/Sources.xz"}}}
	for want, i := range map[string]trust.Import{
		"": {Name: "debian", Kind: "debian", Source: "https://deb.example.invalid/Sources.gz"},
		"the import debian is of the kind debian: take another name":                                                {Name: "debian", Kind: "grants", Source: "/x"},
		"the import debian reads the same source: under two names it would count as two that agree":                 {Name: "copy", Kind: "debian", Source: "https://DEB.example.invalid/Sources.xz/"},
		`there is no kind of import "rpm\x1b": there are debian, arch, grants, certified, forge, wkd, web-of-trust`: {Name: "x", Kind: "rpm\x1b", Source: "/x"},
		"an import of the kind debian needs its source: a Sources index (plain, .gz or .xz)":                        {Name: "x", Kind: "debian"},
		"a depth is for imports of the kind web-of-trust only":                                                      {Name: "x", Kind: "debian", Source: "/x", Depth: 2},
		`an import's name consists of small letters, digits, dots and dashes, unlike "X y"`:                         {Name: "X y", Kind: "debian", Source: "/x"},
		"an authority is for imports of the kind certified only":                                                    {Name: "x", Kind: "debian", Source: "/x", Authority: "psf"},
		"an import of the kind web-of-trust says nothing of projects: name those that its keys may sign":            {Name: "x", Kind: "web-of-trust", Source: "/x"},
	} {
		got := ""
		if err := Check(own, i); err != nil {
			got = err.Error()
		}
		if strings.ReplaceAll(got, `\\`, `\`) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if err := Check(nil, trust.Import{Name: "x", Kind: "debian", Source: "/x"}); err != nil {
		t.Error(err)
	}
}

func TestSame(t *testing.T) {
	own := &trust.File{Imports: []trust.Import{{Name: "a", Kind: "debian"}, {Name: "b", Kind: "debian"}, {Name: "c", Kind: "arch"}}}
	l := &trust.Lock{}
	l.Put(trust.Locked{Name: "a", SHA256: "1", Grants: make([]trust.Grant, 1)})
	for _, c := range []struct {
		name, sum, want string
		grants          int
	}{{"b", "1", "a", 1}, {"b", "2", "", 1}, {"b", "1", "", 0}, {"a", "1", "", 1}, {"c", "1", "", 1}} {
		got, _ := Same(own, l, trust.Locked{Name: c.name, SHA256: c.sum, Grants: make([]trust.Grant, c.grants)})
		if got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// greedy is a fetcher that hands over more than it was asked for, or never ends.
type greedy struct{ wait bool }

func (g greedy) Fetch(ctx context.Context, _ string, limit int64) ([]byte, error) {
	if g.wait {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return bytes.Repeat([]byte("x"), int(limit)+1), nil
}

func TestReadIsBounded(t *testing.T) {
	got := outcome(t, greedy{}, trust.Import{Kind: "arch", Source: "/x", Projects: []string{"demo"}}, nil)
	if got != "error: /x/.SRCINFO has more than 1048576 bytes\n" {
		t.Errorf("got %s", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := Read(ctx, greedy{true}, Request{Import: trust.Import{Name: "x", Kind: "arch", Source: "/x"}, Now: noon}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
