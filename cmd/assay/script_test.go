package main

import (
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"golang.org/x/tools/txtar"

	"assay/internal/indextest"
	"assay/internal/indextest/signers"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata/script with what the program says now")

// TestMain makes two programs of the test binary beside the tests: assay itself,
// and getter, the simplest of all installers.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"assay":  func() { os.Exit(assayMain()) },
		"getter": func() { os.Exit(get(os.Args[1:])) },
	})
}

// TestScripts plays testdata/script. Beside testscript's own commands there are
//
//	index ARCHIVE              serve a package index; sets INDEX_URL, INDEX_HOST and TRUSTED_ROOT
//	misbehave TARGET FAULT …   make that index answer wrongly from now on
//	take [-bare] FILE [DEST]   fetch a file with its provenance (or its first attestation) beside it
//	status N COMMAND …         run a command that must exit with status N; out and err are what
//	                           it wrote, without what differs from run to run
//	key KIND NAME FILE [HOW …] write somebody's key to a file, and set $NAME to its fingerprint: openpgp, ssh,
//	                           secret (OpenPGP), jws, or forge: a signature as a forge's key would make. HOW is certified-by=OTHER, expires=DAY,
//	                           revoked=compromised or superseded, at=DAY
//	serve-git FOLDER           serve the repositories in a folder by git's own program; sets GIT_URL
//	empty FOLDER               nothing is in the folder
//	fill FILE …                put the index's address in the place of $INDEX_URL in files, the one of
//	                           'serve' in the place of $FILES_URL, and the
//	                           SHA-256 digest of its file NAME in the place of {{NAME}}
//	serve FOLDER               serve a folder's files on loopback; sets FILES_URL
//
// take brings what is signed as well: FILE.asc and FILE.sig beside the file, or a list of checksums
// by its own name. It sets $SHA256 to the file's digest.
//
// $SOON is a day on which an acceptance may end; a person called ann makes it.
// In $WORK there is public-root.json, the TUF root of the public Sigstore instance.
//
// An archive inside of a script is quoted: each of its lines begins with ">".
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("ASSAY_HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("HOME", filepath.Join(e.WorkDir, "nobody"))
			e.Setenv("PIP_CONFIG_FILE", os.DevNull)
			e.Setenv("UV_NO_CONFIG", "1")
			e.Setenv("USER", "ann")
			e.Setenv("SOON", soon)
			e.Values[stageKey] = &stage{}
			return os.WriteFile(filepath.Join(e.WorkDir, "public-root.json"), tuf.DefaultRoot(), 0o600)
		},
		Condition: func(condition string) (bool, error) {
			if condition == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", condition)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"index": cmdIndex, "misbehave": cmdMisbehave, "take": cmdTake, "status": cmdStatus, "empty": cmdEmpty, "serve": cmdServe, "fill": cmdFill,
			"key": cmdKey, "serve-git": cmdServeGit,
		},
	})
}

// stage is what a script has set up.
type stage struct{ index *indextest.Server }

type stageKeyType struct{}

var stageKey stageKeyType

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey).(*stage) }

func cmdIndex(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: index ARCHIVE")
	}
	archive := []byte(ts.ReadFile(args[0]))
	if plain, err := unquoted(archive); err == nil {
		archive = plain
	}
	s, err := indextest.New(archive, indextest.WithDir(ts.Getenv("WORK")))
	ts.Check(err)
	ts.Check(s.Start())
	ts.Defer(s.Close)
	root := filepath.Join(ts.Getenv("WORK"), "trusted_root.json")
	ts.Check(os.WriteFile(root, s.TrustedRoot(), 0o600))
	stageOf(ts).index = s
	ts.Setenv("INDEX_URL", s.SimpleURL())
	ts.Setenv("INDEX_HOST", strings.TrimPrefix(s.URL(), "http://"))
	ts.Setenv("TRUSTED_ROOT", root)
}

var digestMark = regexp.MustCompile(`\{\{([^{}]+)\}\}`)

func cmdFill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: fill FILE …")
	}
	for _, name := range args {
		text := strings.ReplaceAll(ts.ReadFile(name), "$INDEX_URL", strings.TrimSuffix(ts.Getenv("INDEX_URL"), "/"))
		text = strings.ReplaceAll(text, "$FILES_URL", ts.Getenv("FILES_URL"))
		text = digestMark.ReplaceAllStringFunc(text, func(mark string) string {
			f, ok := stageOf(ts).index.File(strings.Trim(mark, "{}"))
			if !ok {
				ts.Fatalf("%s: the index has no file %s", name, mark)
			}
			return f.SHA256
		})
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// unquoted takes the ">" off every line.
func unquoted(archive []byte) ([]byte, error) {
	if len(txtar.Parse(archive).Files) > 0 {
		return nil, errors.New("it is not quoted")
	}
	var out strings.Builder
	for line := range strings.Lines(string(archive)) {
		out.WriteString(strings.TrimPrefix(line, ">"))
	}
	return []byte(out.String()), nil
}

func cmdMisbehave(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: misbehave TARGET FAULT …")
	}
	ts.Check(stageOf(ts).index.Misbehave(args[0], strings.Join(args[1:], " ")))
}

func cmdTake(ts *testscript.TestScript, neg bool, args []string) {
	bare := len(args) > 0 && args[0] == "-bare"
	if bare {
		args = args[1:]
	}
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: take [-bare] FILE [DEST]")
	}
	s := stageOf(ts).index
	if data, ok := s.Signed(args[0]); ok {
		ts.Check(os.WriteFile(ts.MkAbs(args[len(args)-1]), data, 0o600))
		return
	}
	f, ok := s.File(args[0])
	if !ok {
		ts.Fatalf("the index has no file %s", args[0])
	}
	dest := ts.MkAbs(args[len(args)-1])
	_, content, err := download(http.DefaultClient, f.URL)
	ts.Check(err)
	ts.Check(os.WriteFile(dest, content, 0o600))
	ts.Setenv("SHA256", f.SHA256)
	for _, ending := range []string{".asc", ".sig"} {
		if data, ok := s.Signed(f.Filename + ending); ok {
			ts.Check(os.WriteFile(dest+ending, data, 0o600))
		}
	}
	status, provenance, err := download(http.DefaultClient, s.URL()+"/integrity/"+f.Project+"/"+f.Version+"/"+f.Filename+"/provenance")
	ts.Check(err)
	switch {
	case status == http.StatusNotFound:
	case bare:
		var object struct {
			Bundles []struct {
				Attestations []json.RawMessage `json:"attestations"`
			} `json:"attestation_bundles"`
		}
		ts.Check(json.Unmarshal(provenance, &object))
		ts.Check(os.WriteFile(dest+".publish.attestation", object.Bundles[0].Attestations[0], 0o600))
	default:
		ts.Check(os.WriteFile(dest+".provenance", provenance, 0o600))
	}
}

func download(c *http.Client, url string) (status int, body []byte, err error) {
	resp, err := c.Get(url)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND …")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
	for name, stream := range map[string]string{"out": "stdout", "err": "stderr"} {
		text := strings.ReplaceAll(ts.ReadFile(stream), ts.Getenv("WORK"), "$WORK")
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(stable(text)), 0o600))
	}
}

// unstable is what differs from run to run, from machine to machine, or grows
// with time.
var unstable = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	{regexp.MustCompile(`\b(127\.0\.0\.1|localhost):[0-9]{4,5}\b`), "$1:PORT"},
	{regexp.MustCompile(`\b[0-9]+ (?:minute|hour|day|month|year)s? old\b`), "AGE old"},
	{regexp.MustCompile(`(/run/[0-9a-f]{32}/\.roots|\.assay-report)-[0-9]+`), "$1-N"},
	{regexp.MustCompile(`/run/[0-9a-f]{32}\b`), "/run/N"},
	{regexp.MustCompile(`("judged_at": )"[^"]+"`), `$1"NOW"`},
	{regexp.MustCompile(`\b(clock\s+says\s+)[-0-9T:]+Z`), "${1}NOW"},
	{regexp.MustCompile(`\b[0-9]+ bytes came in [0-9.]+s\b`), "N bytes came in N s"},
	{regexp.MustCompile(`\b[0-9]+ bytes decode to more than [0-9]+\b`), "N bytes decode to more than N"},
	{regexp.MustCompile(`\(byte(\s+)[0-9]+\)`), "(byte${1}N)"},
	{regexp.MustCompile(`("log_index": )"[0-9]+"`), `$1"N"`},
	{regexp.MustCompile(regexp.QuoteMeta(runtime.Version()) + `, [a-z0-9]+/[a-z0-9]+`), "GO"},
	{regexp.MustCompile(`(sigstore-go )v[0-9.]+`), "${1}VERSION"},
	{regexp.MustCompile(`(embedded, of )[-0-9]+ `), "${1}DATE "},
	{regexp.MustCompile(`(has |entries in )[1-9][0-9]* bytes`), "${1}N bytes"},
	{regexp.MustCompile(`\b` + day(0) + `T[0-9:.]+Z`), "NOW"},
	{regexp.MustCompile(`\b(` + day(0) + `|` + day(-1) + `)\b`), "TODAY"},
	{regexp.MustCompile(`\b` + soon + `\b`), "SOON"},
	{regexp.MustCompile(`\b` + day(90) + `\b`), "IN90DAYS"},
	{regexp.MustCompile(`\b((?:torn|damaged)-)[0-9]{8}T[0-9]{6}Z(?:-[0-9]+)?`), "${1}NOW"},
	{regexp.MustCompile(`(last one is |"head": "|-NOW sha256:|team\.toml sha256:)[0-9a-f]{64}`), "${1}HASH"},
}

// soon is a day on which an acceptance may end: $SOON in scripts.
var soon = day(30)

func day(ahead int) string { return time.Now().UTC().AddDate(0, 0, ahead).Format(time.DateOnly) }

// stable replaces what is unstable.
func stable(text string) string {
	for _, u := range unstable {
		text = u.pattern.ReplaceAllString(text, u.replacement)
	}
	return text
}

func cmdKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: key openpgp|ssh|jws|secret|forge NAME FILE [HOW …]")
	}
	who := signers.Named(args[1])
	published := signers.Published{Secret: args[0] == "secret", At: signers.Born.AddDate(4, 6, 0)}
	for _, how := range args[3:] {
		key, value, _ := strings.Cut(how, "=")
		var err error
		switch key {
		case "certified-by":
			published.CertifiedBy = append(published.CertifiedBy, signers.Named(value))
		case "expires":
			published.Expires, err = time.Parse(time.DateOnly, value)
		case "at":
			published.At, err = time.Parse(time.DateOnly, value)
		case "revoked":
			published.Revoked = value
		default:
			ts.Fatalf("there is no %s of a key", how)
		}
		ts.Check(err)
	}
	var data []byte
	fingerprint := ""
	var err error
	switch args[0] {
	case "openpgp", "secret":
		fingerprint = who.Fingerprint()
		data, err = who.Certificate(published)
	case "ssh":
		data, fingerprint = who.SSHPublic(), who.SSHFingerprint()
	case "forge": // a signature that names GitHub's key
		var packet []byte
		packet, err = who.Packet(strings.NewReader("a merge"), signers.How{Issuer: "B5690EEEBB952194"})
		ts.Check(err)
		data, err = signers.Armor(packet)
	case "jws":
		fingerprint = who.JWSKey()
		data = []byte(fingerprint + "\n")
	default:
		ts.Fatalf("there is no key of the kind %s", args[0])
	}
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), data, 0o600))
	ts.Setenv(strings.ToUpper(args[1]), fingerprint)
}

func cmdServeGit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serve-git FOLDER")
	}
	git, err := exec.LookPath("git")
	ts.Check(err)
	server := httptest.NewServer(&cgi.Handler{Path: git, Args: []string{"http-backend"},
		Env: []string{"GIT_PROJECT_ROOT=" + ts.MkAbs(args[0]), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"}})
	ts.Defer(server.Close)
	ts.Setenv("GIT_URL", server.URL)
}

func cmdEmpty(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: empty FOLDER")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, e := range entries {
		ts.Fatalf("%s is left in %s", e.Name(), args[0])
	}
}

func cmdServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serve FOLDER")
	}
	s := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[0]))))
	ts.Defer(s.Close)
	ts.Setenv("FILES_URL", s.URL)
}

// get is the program getter: it fetches URLs one after the other through the
// proxy of its environment, as an installer would, and writes what it got.
//
//	getter URL …
//	200 OK, 1234 bytes          a file is told by its length
//	403 assay: … (digest.mismatch)
//	{"title":…}                 a problem is shown whole
//
// It exits with status 1 when anything was not to be had.
func get(urls []string) int {
	client, err := getterClient()
	if err != nil {
		fmt.Println("getter:", err)
		return 2
	}
	status := 0
	for _, u := range urls {
		if !getOne(client, u) {
			status = 1
		}
	}
	return status
}

// getterClient goes through the proxy even to loopback, as pip and uv do.
func getterClient() (*http.Client, error) {
	proxy, err := url.Parse(os.Getenv("HTTP_PROXY"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(os.Getenv("SSL_CERT_FILE"))
	if err != nil {
		return nil, err
	}
	pool.AppendCertsFromPEM(pem)
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool}, DisableCompression: true,
	}}, nil
}

func getOne(client *http.Client, url string) (ok bool) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		fmt.Println("getter:", err)
		return false
	}
	if strings.HasSuffix(url, "/") {
		request.Header.Set("Accept", "application/vnd.pypi.simple.v1+json")
		request.Header.Set("Accept-Encoding", "gzip")
	}
	resp, err := client.Do(request)
	if err != nil {
		fmt.Println("getter:", err)
		return false
	}
	defer resp.Body.Close()
	body, err := readDecoded(resp)
	switch {
	case err != nil:
		fmt.Printf("%s, broke off after %d bytes\n", resp.Status, len(body))
		return false
	case resp.StatusCode == http.StatusOK:
		fmt.Printf("%s, %d bytes\n", resp.Status, len(body))
		return true
	}
	fmt.Printf("%s\n%s", resp.Status, body)
	return false
}

// readDecoded reads a body, unpacked: how long it is packed differs from run to run.
func readDecoded(resp *http.Response) ([]byte, error) {
	if resp.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(resp.Body)
	}
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
