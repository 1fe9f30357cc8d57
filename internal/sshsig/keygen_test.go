package sshsig

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// keygen runs ssh-keygen in a folder and reports whether it succeeded.
func keygen(t *testing.T, dir string, stdin []byte, env []string, args ...string) (string, bool) {
	t.Helper()
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is not installed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ssh-keygen", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, append(os.Environ(), env...), bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func must(t *testing.T, dir string, stdin []byte, args ...string) string {
	t.Helper()
	out, ok := keygen(t, dir, stdin, nil, args...)
	if !ok {
		t.Fatalf("ssh-keygen %v:\n%s", args, out)
	}
	return out
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var message = []byte("a release\n")

func digestOf(s *Signature, data []byte) []byte {
	if s.HashAlgorithm() == "sha256" {
		sum := sha256.Sum256(data)
		return sum[:]
	}
	sum := sha512.Sum512(data)
	return sum[:]
}

// TestSignatures lets ssh-keygen sign, and holds this package and ssh-keygen
// against each other over changed signatures, files and namespaces.
func TestSignatures(t *testing.T) {
	for _, kind := range []string{"ed25519", "ecdsa 256", "ecdsa 384", "ecdsa 521", "rsa 2048", "rsa 4096", "rsa 1024", "dsa"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			name, bits, _ := strings.Cut(kind, " ")
			args := []string{"-q", "-t", name, "-N", "", "-C", "ann@example.com", "-f", "key"}
			if bits != "" {
				args = append(args, "-b", bits)
			}
			if out, ok := keygen(t, dir, nil, nil, args...); !ok {
				t.Skipf("ssh-keygen makes no %s key: %s", kind, out)
			}
			key, err := ParseKey(string(read(t, dir, "key.pub")))
			if err != nil {
				t.Fatal(err)
			}
			listed := must(t, dir, nil, "-l", "-f", "key.pub")
			if !strings.Contains(listed, " "+key.Fingerprint()+" ") || key.Comment() != "ann@example.com" {
				t.Errorf("fingerprint %s, comment %q; ssh-keygen says %s", key.Fingerprint(), key.Comment(), listed)
			}
			if got := key.Line() + " " + key.Comment() + "\n"; got != string(read(t, dir, "key.pub")) {
				t.Errorf("the line is %q", got)
			}
			weak := kind == "rsa 1024" || kind == "dsa"
			if (key.Weak() != nil) != weak {
				t.Errorf("weak: %v", key.Weak())
			}
			for _, hash := range []string{"sha256", "sha512"} {
				testSignature(t, dir, hash, key, weak)
			}
		})
	}
}

func testSignature(t *testing.T, dir, hash string, key Key, weak bool) {
	t.Helper()
	write(t, dir, "message", string(message))
	os.Remove(filepath.Join(dir, "message.sig"))
	must(t, dir, nil, "-q", "-Y", "sign", "-O", "hashalg="+hash, "-n", "file", "-f", "key", "message")
	armored := read(t, dir, "message.sig")
	s, err := Parse(armored)
	if weak {
		if err == nil {
			err = s.Verify("file", digestOf(s, message))
		}
		if !errors.Is(err, ErrWeak) {
			t.Errorf("a weak key: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.Namespace() != "file" || s.HashAlgorithm() != hash || !s.Key().Equal(key) {
		t.Errorf("%q %q %s", s.Namespace(), s.HashAlgorithm(), s.Key().Line())
	}
	if err := s.Verify("file", digestOf(s, message)); err != nil {
		t.Error(err)
	}
	if err := s.Verify("git", digestOf(s, message)); !errors.Is(err, ErrNamespace) {
		t.Errorf("another namespace: %v", err)
	}
	if err := s.Verify("file", digestOf(s, []byte("other"))); !errors.Is(err, ErrInvalid) {
		t.Errorf("another file: %v", err)
	}
	if err := s.Verify("file", []byte("short")); err == nil {
		t.Error("a digest of another length fits")
	}
	// Whatever is changed, nothing holds that ssh-keygen refuses.
	step := max(1, len(armored)/60)
	for i := 0; i < len(armored); i += step {
		for _, c := range []byte{'A', '\n', '=', armored[i] ^ 1} {
			changed := bytes.Clone(armored)
			if changed[i] == c {
				continue
			}
			changed[i] = c
			got, err := Parse(changed)
			if err != nil || got.Verify("file", digestOf(got, message)) != nil {
				continue
			}
			write(t, dir, "changed", string(changed))
			if out, ok := keygen(t, dir, message, nil, "-Y", "check-novalidate", "-n", "file", "-s", "changed"); !ok {
				t.Errorf("byte %d as %q holds here, and ssh-keygen says %s", i, c, out)
			}
		}
	}
}

// TestAllowedSigners asks ssh-keygen and this package the same questions. Where
// they differ, this package must be the one that refuses, and the case says so.
func TestAllowedSigners(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, nil, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key")
	must(t, dir, nil, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "other")
	write(t, dir, "message", string(message))
	must(t, dir, nil, "-q", "-Y", "sign", "-n", "file", "-f", "key", "message")
	K := strings.TrimSpace(string(read(t, dir, "key.pub")))
	O := strings.TrimSpace(string(read(t, dir, "other.pub")))
	s, err := Parse(read(t, dir, "message.sig"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify("file", digestOf(s, message)); err != nil {
		t.Fatal(err)
	}
	const stricter = true
	for _, tc := range []struct {
		text, principal, at, zone string
		want                      bool
		stricter                  bool // ssh-keygen accepts
	}{
		{"ann@x.org K", "ann@x.org", "", "", true, false},
		{"ann@x.org K with a comment", "ann@x.org", "", "", true, false},
		{"  \tann@x.org\t \t K", "ann@x.org", "", "", true, false},
		{"ann@x.org K\r", "ann@x.org", "", "", true, false},
		{"# c\n\n  # c\nann@x.org K", "ann@x.org", "", "", true, false},
		{"ann@x.org K", "Ann@x.org", "", "", false, false},
		{"ann@x.org K", "bob@x.org", "", "", false, false},
		{"ann@x.org K", "ann@x.org.evil", "", "", false, false},
		{"ann@x.org O", "ann@x.org", "", "", false, false},
		{"ann@x.org O\nann@x.org K", "ann@x.org", "", "", true, false},
		{"bob@x.org,ann@x.org K", "ann@x.org", "", "", true, false},
		{"bob@x.org, ann@x.org K", "ann@x.org", "", "", false, false},
		{"*@x.org K", "ann@x.org", "", "", true, false},
		{"*@x.org K", "@x.org", "", "", true, false},
		{"*@x.org K", "x.org", "", "", false, false},
		{"a??@x.org K", "ann@x.org", "", "", true, false},
		{"a?@x.org K", "ann@x.org", "", "", false, false},
		{"a**n@*.org K", "ann@x.org", "", "", true, false},
		{"*,!ann@x.org K", "ann@x.org", "", "", false, false},
		{"!ann@x.org,* K", "ann@x.org", "", "", false, false},
		{"!ann@x.org,* K", "bob@x.org", "", "", true, false},
		{"!ann@x.org K", "bob@x.org", "", "", false, false},
		{"!ann@x.org K\nann@x.org K", "ann@x.org", "", "", true, false},
		{"!!ann@x.org K", "!ann@x.org", "", "", false, false},
		{"[a]nn@x.org K", "ann@x.org", "", "", false, false},
		{"\\ann@x.org K", "ann@x.org", "", "", false, false},
		{"\"ann@x.org\" K", "ann@x.org", "", "", true, false},
		{"\"ann smith,bob\" K", "ann smith", "", "", true, false},
		{"\"ann smith\" K", "ann", "", "", false, false},
		{"ann\"@x.org\" K", "ann@x.org", "", "", false, stricter},
		{"\"ann@x.org\"K", "ann@x.org", "", "", false, stricter},
		{"\"ann@x.org K", "ann@x.org", "", "", false, false},
		{"ann@x.org,, K", "ann@x.org", "", "", false, stricter},
		{"ann@x.org namespaces=\"file\" K", "ann@x.org", "", "", true, false},
		{"ann@x.org NameSpaces=\"file\" K", "ann@x.org", "", "", true, false},
		{"ann@x.org namespaces=\"git,file\" K", "ann@x.org", "", "", true, false},
		{"ann@x.org namespaces=\"git, file\" K", "ann@x.org", "", "", false, false},
		{"ann@x.org namespaces=\"f*\" K", "ann@x.org", "", "", true, false},
		{"ann@x.org namespaces=\"*,!file\" K", "ann@x.org", "", "", false, false},
		{"ann@x.org namespaces=\"!file,*\" K", "ann@x.org", "", "", false, false},
		{"ann@x.org namespaces=\"git\" K", "ann@x.org", "", "", false, false},
		{"ann@x.org namespaces=\"File\" K", "ann@x.org", "", "", false, false},
		{"ann@x.org namespaces=\"\" K", "ann@x.org", "", "", false, false},
		{"ann@x.org namespaces=\"\\\"file\" K", "ann@x.org", "", "", false, false},
		{"ann@x.org namespaces=file K", "ann@x.org", "", "", false, false},
		{"ann@x.org namespaces K", "ann@x.org", "", "", false, false},
		{"ann@x.org namespaces=\"file\",namespaces=\"git\" K", "ann@x.org", "", "", false, false},
		{"ann@x.org namespaces=\"git\"\nann@x.org K", "ann@x.org", "", "", false, stricter},
		{"ann@x.org namespaces=\"git\" K\nann@x.org K", "ann@x.org", "", "", true, false},
		{"ann@x.org namespaces=\"file\"x K", "ann@x.org", "", "", false, false},
		{"ann@x.org namespaces=\"file\", K", "ann@x.org", "", "", false, false},
		{"ann@x.org namespaces=\"file K", "ann@x.org", "", "", false, false},
		{"ann@x.org unknown K", "ann@x.org", "", "", false, false},
		{"ann@x.org restrict K", "ann@x.org", "", "", false, false},
		{"ann@x.org verify-required K", "ann@x.org", "", "", false, false},
		{"ann@x.org cert-authority K", "ann@x.org", "", "", false, false},
		{"ann@x.org Cert-Authority,namespaces=\"file\" K", "ann@x.org", "", "", false, false},
		{"ann@x.org cert-authorityx K", "ann@x.org", "", "", false, false},
		{"ann@x.org cert-authority K\nann@x.org K", "ann@x.org", "", "", true, false},
		{"ann@x.org valid-after=\"20240101Z\" K", "ann@x.org", "20240101000000Z", "", true, false},
		{"ann@x.org valid-after=\"20240101Z\" K", "ann@x.org", "20231231235959Z", "", false, false},
		{"ann@x.org valid-before=\"20240101Z\" K", "ann@x.org", "20240101000000Z", "", true, false},
		{"ann@x.org valid-before=\"20240101Z\" K", "ann@x.org", "20240101000001Z", "", false, false},
		{"ann@x.org valid-before=\"202401011230Z\" K", "ann@x.org", "20240101123001Z", "", false, false},
		{"ann@x.org valid-before=\"20240101123015z\" K", "ann@x.org", "20240101123015Z", "", true, false},
		{"ann@x.org valid-before=\"20240101123015UTC\" K", "ann@x.org", "20240101123016Z", "", false, false},
		{"ann@x.org valid-after=\"20240101Z\",valid-before=\"20250101Z\" K", "ann@x.org", "20240601Z", "", true, false},
		{"ann@x.org valid-after=\"20250101Z\",valid-before=\"20240101Z\" K", "ann@x.org", "20240601Z", "", false, false},
		{"ann@x.org valid-after=\"20240101Z\",valid-before=\"20240101Z\" K", "ann@x.org", "20240101Z", "", false, false},
		{"ann@x.org valid-after=\"20240101Z\",valid-after=\"20230101Z\" K", "ann@x.org", "20240601Z", "", false, false},
		{"ann@x.org valid-before=\"20240101Z\",valid-before=\"20250101Z\" K", "ann@x.org", "20230601Z", "", false, false},
		{"ann@x.org valid-after=\"\" K", "ann@x.org", "20240601Z", "", false, false},
		{"ann@x.org valid-after=\"19700101Z\" K", "ann@x.org", "20240601Z", "", false, false},
		{"ann@x.org valid-after=\"19690101Z\" K", "ann@x.org", "20240601Z", "", false, false},
		{"ann@x.org valid-after=\"2024-01-01\" K", "ann@x.org", "20240601Z", "", false, false},
		{"ann@x.org valid-after=\"20241301Z\" K", "ann@x.org", "20250601Z", "", false, false},
		{"ann@x.org valid-after=\"20240230Z\" K", "ann@x.org", "20240601Z", "", false, stricter},
		{"ann@x.org valid-after=\"2024010112Z\" K", "ann@x.org", "20240601Z", "", false, false},
		{"ann@x.org valid-after=\"20240101\" K", "ann@x.org", "20240101000000Z", "UTC", true, false},
		{"ann@x.org valid-after=\"20240101\" K", "ann@x.org", "20231231225959Z", "Europe/Berlin", false, false},
		{"ann@x.org valid-after=\"20240101\" K", "ann@x.org", "20231231230000Z", "Europe/Berlin", true, false},
		{"ann@x.org valid-before=\"20240101\" K", "ann@x.org", "20231231230000Z", "Europe/Berlin", true, false},
		{"ann@x.org valid-before=\"20240101\" K", "ann@x.org", "20231231230001Z", "Europe/Berlin", false, false},
		{"ann@x.org valid-after=\"20240101\" K", "ann@x.org", "20240101050000Z", "America/New_York", true, false},
		{"ann@x.org valid-after=\"20240101\" K", "ann@x.org", "20240101045959Z", "America/New_York", false, false},
		{"ann@x.org ssh-rsa AAAA", "ann@x.org", "", "", false, false},
		{"ann@x.org ssh-ed25519", "ann@x.org", "", "", false, false},
		{"ann@x.org", "ann@x.org", "", "", false, false},
		{"ann@x.org nonsense", "ann@x.org", "", "", false, false},
		{"nonsense\nann@x.org K", "ann@x.org", "", "", false, stricter},
		{"bob@x.org nonsense K\nann@x.org K", "ann@x.org", "", "", false, stricter},
		{"ann@x.org K\nbob@x.org nonsense K", "ann@x.org", "", "", false, stricter},
		{"ann@x.org " + strings.Replace("K", "K", "ED25519 "+strings.Fields(K)[1], 1), "ann@x.org", "", "", false, false},
	} {
		text := strings.ReplaceAll(strings.ReplaceAll(tc.text, " K", " "+K), " O", " "+O) + "\n"
		text = strings.ReplaceAll(text, "\"K", "\""+K)
		write(t, dir, "allowed", text)
		args := []string{"-Y", "verify", "-n", "file", "-I", tc.principal, "-f", "allowed", "-s", "message.sig"}
		at := time.Now()
		if tc.at != "" {
			args = append(args, "-O", "verify-time="+tc.at)
			layout := map[int]string{9: "20060102Z", 15: "20060102150405Z"}[len(tc.at)]
			if at, err = time.Parse(layout, tc.at); err != nil {
				t.Fatal(err)
			}
		}
		var env []string
		if tc.zone != "" {
			env = []string{"TZ=" + tc.zone}
		}
		out, theirs := keygen(t, dir, message, env, args...)
		ours := matchesIn(t, tc.zone, text, tc.principal, s, at)
		if ours != tc.want || theirs != (tc.want || tc.stricter) {
			t.Errorf("%q for %s at %s: here %t, ssh-keygen %t, want %t (stricter %t)\n%s", tc.text, tc.principal, tc.at, ours, theirs, tc.want, tc.stricter, out)
		}
		if ours && !theirs {
			t.Errorf("%q: laxer than ssh-keygen", tc.text)
		}
	}
}

// matchesIn asks this package in a time zone.
func matchesIn(t *testing.T, zone, text, principal string, s *Signature, at time.Time) bool {
	t.Helper()
	if zone != "" {
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Skip(err)
		}
		before := time.Local
		time.Local = location
		defer func() { time.Local = before }()
	}
	allowed, err := ParseAllowedSigners([]byte(text))
	if err != nil {
		return false
	}
	for _, a := range allowed {
		if a.Key.Equal(s.Key()) && a.Matches(principal, s.Namespace(), at) {
			return true
		}
	}
	return false
}

// TestSummerTime walks over the hours around the changes of summer time: what a
// line in local time lets through here, ssh-keygen does too.
func TestSummerTime(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, nil, "-q", "-t", "ed25519", "-N", "", "-f", "key")
	write(t, dir, "message", string(message))
	must(t, dir, nil, "-q", "-Y", "sign", "-n", "file", "-f", "key", "message")
	s, err := Parse(read(t, dir, "message.sig"))
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe"} {
		for _, local := range []string{"202403310130", "202403310230", "202403310330", "202410270230", "20240701", "202404070145", "202403100230"} {
			for _, option := range []string{"valid-after", "valid-before"} {
				text := fmt.Sprintf("ann@x.org %s=\"%s\" %s", option, local, read(t, dir, "key.pub"))
				write(t, dir, "allowed", text)
				middle, err := time.Parse("20060102", local[:8])
				if err != nil {
					t.Fatal(err)
				}
				for hour := -16; hour <= 16; hour += 4 {
					for _, half := range []int{0, 59} {
						at := middle.Add(time.Duration(hour)*time.Hour + time.Duration(half)*time.Minute)
						ours := matchesIn(t, zone, text, "ann@x.org", s, at)
						_, theirs := keygen(t, dir, message, []string{"TZ=" + zone}, "-Y", "verify", "-n", "file", "-I", "ann@x.org", "-f", "allowed", "-s", "message.sig", "-O", "verify-time="+at.Format("20060102150405Z"))
						if ours && !theirs {
							t.Errorf("%s %s %s at %v: laxer than ssh-keygen", zone, option, local, at)
						}
						if ours != theirs {
							differ++
						}
					}
				}
			}
		}
	}
	t.Logf("stricter in %d of the moments", differ)
}

// TestFindPrincipals compares which lines hold a key.
func TestFindPrincipals(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, nil, "-q", "-t", "ecdsa", "-N", "", "-f", "key")
	write(t, dir, "message", string(message))
	must(t, dir, nil, "-q", "-Y", "sign", "-n", "file", "-f", "key", "message")
	s, err := Parse(read(t, dir, "message.sig"))
	if err != nil {
		t.Fatal(err)
	}
	for _, principals := range []string{"ann@x.org", "*@x.org,!bob@x.org", "\"ann smith,bob\""} {
		write(t, dir, "allowed", principals+" namespaces=\"file\" "+string(read(t, dir, "key.pub")))
		theirs := must(t, dir, nil, "-Y", "find-principals", "-f", "allowed", "-s", "message.sig")
		allowed, err := ParseAllowedSigners(read(t, dir, "allowed"))
		if err != nil || len(allowed) != 1 || !allowed[0].Key.Equal(s.Key()) {
			t.Fatalf("%v %v", allowed, err)
		}
		if got := strings.Join(allowed[0].Principals, "\n"); got != strings.TrimSpace(theirs) {
			t.Errorf("principals %q, ssh-keygen says %q", got, theirs)
		}
	}
}

// TestCertificates are named as what is not supported, in every place.
func TestCertificates(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, nil, "-q", "-t", "ed25519", "-N", "", "-f", "ca")
	must(t, dir, nil, "-q", "-t", "ed25519", "-N", "", "-f", "key")
	must(t, dir, nil, "-q", "-s", "ca", "-I", "id", "-n", "ann@x.org", "key.pub")
	write(t, dir, "message", string(message))
	must(t, dir, nil, "-q", "-Y", "sign", "-n", "file", "-f", "key-cert.pub", "message")
	_, err := Parse(read(t, dir, "message.sig"))
	if !errors.Is(err, ErrCertificate) || !errors.Is(err, ErrUnsupported) {
		t.Errorf("a signature: %v", err)
	}
	line := string(read(t, dir, "key-cert.pub"))
	if _, err := ParseKey(line); !errors.Is(err, ErrCertificate) {
		t.Errorf("a key: %v", err)
	}
	if _, err := ParseAllowedSigners([]byte("ann@x.org " + line)); !errors.Is(err, ErrCertificate) {
		t.Errorf("a signer: %v", err)
	}
	if _, err := ParseAllowedSigners([]byte("ann@x.org namespaces=\"file\" " + line)); !errors.Is(err, ErrCertificate) {
		t.Errorf("a signer with options: %v", err)
	}
	if keys, err := ParseKeys([]byte(line)); err != nil || len(keys) != 0 {
		t.Errorf("a list: %v %v", keys, err)
	}
}

// TestAllowedSignersAtRandom asks both about lines that are put together at
// random: whoever may sign here may by ssh-keygen.
func TestAllowedSignersAtRandom(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, nil, "-q", "-t", "ed25519", "-N", "", "-f", "key")
	write(t, dir, "message", string(message))
	must(t, dir, nil, "-q", "-Y", "sign", "-n", "file", "-f", "key", "message")
	s, err := Parse(read(t, dir, "message.sig"))
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(read(t, dir, "key.pub")))
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	some := func(separator string, from ...string) string {
		out := pick(from...)
		for random.IntN(2) == 0 {
			out += separator + pick(from...)
		}
		return out
	}
	both, neither, stricter := 0, 0, 0
	for range 400 {
		text := ""
		for range 1 + random.IntN(2) {
			text += pick("", "", "", "", "", " ", "\t", "#", "\"") + some(pick(",", ",", ",", ",", ",", ", "), "ann@x.org", "ann@x.org", "*", "*", "a*", "!bob", "b*", "!ann@*", "???@x.org", "\"ann@x.org\"", "")
			text += pick(" ", " ", " ", " ", " ", " ", "\t", "  ", "\"")
			if random.IntN(2) > 0 {
				text += some(pick(",", ",", ",", ",", ",", " ", ",,"), `namespaces="file"`, `namespaces="file"`, `valid-after="20200101Z"`, `namespaces="*"`, `namespaces="!file,*"`, `namespaces="git"`, `namespaces="`, `NAMESPACES="fil?"`, `namespaces="\"*"`,
					"cert-authority", `valid-after="20200101"`, `valid-before="20300101Z"`, `valid-before="20200101Z"`, `valid-after="2020"`, `valid-after="20200101000060Z"`, "x", `="`, "namespaces=") + pick(" ", " ", " ", "\t", ",")
			}
			text += pick(key, key, key, key, key, key, key, key, key[:40], strings.ToUpper(key[:11])+key[11:], key+"\r", key+" "+key) + pick("\n", "\n", "\n", "\n", "\n", "\r\n", "\v\n")
		}
		write(t, dir, "allowed", text)
		_, theirs := keygen(t, dir, message, nil, "-Y", "verify", "-n", "file", "-I", "ann@x.org", "-f", "allowed", "-s", "message.sig")
		ours := matchesIn(t, "", text, "ann@x.org", s, time.Now())
		switch {
		case ours && theirs:
			both++
		case !ours && !theirs:
			neither++
		case theirs:
			stricter++
		default:
			t.Errorf("%q: laxer than ssh-keygen", text)
		}
	}
	if both < 20 || neither < 20 {
		t.Errorf("both accept %d, both refuse %d: the test shows little", both, neither)
	}
	t.Logf("both accept %d, both refuse %d, stricter here %d", both, neither, stricter)
}
