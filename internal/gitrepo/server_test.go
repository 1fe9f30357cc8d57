package gitrepo

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay/internal/gitobject"
	"assay/internal/index"
)

func TestServer(t *testing.T) {
	m := history(t)
	s := serve(t, filepath.Dir(m.dir))
	for _, filter := range []string{"false", "true"} {
		t.Run("filter "+filter, func(t *testing.T) {
			m.git("config", "uploadpack.allowFilter", filter)
			r := open(t, s.URL+"/work/.git/")
			for _, version := range []string{"1.0", "1.7", "1.11"} {
				f, err := r.ReleaseTag(t.Context(), "demo", version)
				m.check(f, err, "v"+version, true)
			}
			f, err := r.ReleaseTag(t.Context(), "light", "9.0")
			m.check(f, err, "light-9.0", false)
			_, err = r.ReleaseTag(t.Context(), "demo", "2.0")
			wantError(t, err, ErrNoTag, "none of the 13 tags names demo 2.0")
			if refs, err := r.Tags(t.Context()); err != nil || len(refs) != 13 || refs[12].Name != "v1.9" {
				t.Errorf("%v, %v", refs, err)
			}
		})
	}
	_, err := Open(t.Context(), s.URL+"/missing", Options{})
	wantError(t, err, ErrServer, s.URL+"/missing/info/refs?… answered 404 Not Found")
	m.git("init", "-q", "--bare", filepath.Join(filepath.Dir(m.dir), "empty.git"))
	r := open(t, s.URL+"/empty.git")
	_, err = r.ReleaseTag(t.Context(), "demo", "1.0")
	wantError(t, err, ErrNoTag, "none of the 0 tags names demo 1.0")
}

// The objects of the servers below.
const ident = "Ann <ann@example.invalid> 1700000000 +0100"

var (
	theCommit = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor " + ident + "\ncommitter " + ident + "\n\nHello\n"
	commitID  = sum(gitobject.TypeCommit, theCommit)
	theTag    = "object " + string(commitID) + "\ntype commit\ntag v1.0\ntagger " + ident + "\n\nRelease\n"
	tagID     = sum(gitobject.TypeTag, theTag)
	otherTag  = strings.Replace(theTag, "Release", "Another", 1)
)

func sum(t gitobject.Type, raw string) gitobject.ID {
	id, err := gitobject.Sum(t, []byte(raw), false)
	if err != nil {
		panic(err)
	}
	return id
}

// Types of objects in a pack.
const (
	packCommit, packTree, packBlob, packTag, packRef = 1, 2, 3, 4, 7
)

// entry is an object in a pack, of a length that need not be its own.
func entry(kind byte, length uint64, between, content string) string {
	var b bytes.Buffer
	c := kind<<4 | byte(length&15)
	for length >>= 4; length > 0; length >>= 7 {
		b.WriteByte(c | 0x80)
		c = byte(length & 0x7f)
	}
	b.WriteByte(c)
	b.WriteString(between)
	z := zlib.NewWriter(&b)
	_, _ = io.WriteString(z, content)
	_ = z.Close()
	return b.String()
}

func whole(kind byte, content string) string { return entry(kind, uint64(len(content)), "", content) }

func packed(count uint32, entries ...string) string {
	head := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), count)
	return string(head) + strings.Join(entries, "")
}

func packOf(entries ...string) string { return packed(uint32(len(entries)), entries...) }

// framed is a pack as a server sends it.
func framed(pack string) string {
	out := pkt("shallow "+string(commitID)+"\n") + "0000" + pkt("NAK\n") + pkt("\x02Counting objects\n")
	for len(pack) > 0 {
		n := min(len(pack), 65000)
		out += pkt("\x01" + pack[:n])
		pack = pack[n:]
	}
	return out + "0000"
}

const capabilities = "shallow side-band-64k ofs-delta filter object-format=sha1 agent=git/2"

// advertised is a list of refs.
func advertised(refs ...string) string {
	out := pkt("# service=git-upload-pack\n") + "0000" + pkt(string(commitID)+" HEAD\x00"+capabilities+"\n")
	for _, r := range refs {
		out += pkt(r + "\n")
	}
	return out + "0000"
}

func says(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// repeats writes something until nobody listens.
func repeats(first, again string, wait time.Duration) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		_, err := io.WriteString(w, first)
		for err == nil && r.Context().Err() == nil {
			if _, err = io.WriteString(w, again); wait > 0 {
				w.(http.Flusher).Flush()
				time.Sleep(wait)
			}
		}
	}
}

// small are limits that a test reaches.
var small = Limits{Tags: 4, RefBytes: 4 << 10, RefTime: 400 * time.Millisecond, PackBytes: 1 << 20, Inflated: 4 << 20, PackObjects: 8, TagsInPack: 3, PackTime: 400 * time.Millisecond}

func TestHostileLists(t *testing.T) {
	line := pkt(string(commitID) + " refs/heads/main\n")
	begin := strings.TrimSuffix(advertised(), "0000")
	tag := func(i string) string { return string(commitID) + " refs/tags/" + i }
	for _, tc := range []struct {
		name  string
		list  func(http.ResponseWriter, *http.Request)
		class error
		want  string // URL stands for the server's
	}{
		{"endless", repeats(begin, line, 0), ErrTooLarge, "the server's answer is larger than 4096 bytes"},
		{"slow", repeats(begin, line, 50*time.Millisecond), ErrTimeout, "the list of refs of URL did not come in time"},
		{"silent", func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, ErrTimeout, "the list of refs of URL did not come in time"},
		{"without a head", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ErrTimeout, "the list of refs of URL did not come in time"},
		{"many tags", says(advertised(tag("a"), tag("b"), tag("c"), tag("d"), tag("e"))), ErrTooLarge, "the repository has more than 4 tags"},
		{"a tag twice", says(advertised(tag("v1"), tag("v1"))), ErrMalformed, `the tag "v1" is twice in the list of refs`},
		{"no id", says(advertised("x refs/tags/v1")), ErrMalformed, `the list of refs has the line "x refs/tags/v1"`},
		{"cut", says(begin), ErrMalformed, "the server's answer ends too early"},
		{"cut in a line", says(begin + line[:20]), ErrMalformed, "the server's answer ends too early"},
		{"empty", says(""), ErrMalformed, "the server's answer ends too early"},
		{"a web page", says("<!doctype html>"), ErrMalformed, "the server's answer is not framed as git does"},
		{"another service", says(pkt("# service=git-receive-pack\n") + "0000"), ErrMalformed, `the list of refs begins with "# service=git-receive-pack"`},
		{"no flush", says(strings.Replace(advertised(), "0000", "", 1)), ErrMalformed, `the list of refs has the service's header "` + string(commitID) + ` HEAD\x00` + capabilities + `"`},
		{"no capabilities", says(strings.Replace(advertised(), pkt(string(commitID)+" HEAD\x00"+capabilities+"\n"), line, 1)), ErrMalformed,
			`the list of refs has no capabilities: "` + string(commitID) + ` refs/heads/main"`},
		{"an error", says(pkt("# service=git-upload-pack\n") + "0000" + pkt("ERR \x1b[31mno\n")), ErrServer, `the server says "\x1b[31mno"`},
		{"a dumb server", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/plain") }, ErrServer, `URL/info/refs?… is not a git repository's: its type is "text/plain"`},
		{"compressed", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Encoding", "gzip") }, ErrServer, `URL/info/refs?… came compressed, which was not asked for`},
		{"log in", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, ErrServer, `URL/info/refs?… answered 401 Unauthorized`},
		{"another hash", says(strings.Replace(advertised(), pkt(string(commitID)+" HEAD\x00"+capabilities+"\n"), pkt(string(commitID)+" HEAD\x00object-format=md5\n"), 1)), ErrObjectFormat, `the repository uses the hash function "md5"`},
		{"breaks off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ErrServer, `URL/info/refs?…: EOF`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := answers(t, tc.list, nil)
			_, err := Open(t.Context(), s.URL, Options{Limits: small})
			wantError(t, err, tc.class, strings.ReplaceAll(tc.want, "URL", s.URL))
		})
	}
}

func TestHostilePacks(t *testing.T) {
	zeros := strings.Repeat("\x00", 5<<20)
	long := theCommit + strings.Repeat("x", gitobject.MaxObject)
	band := "0000" + pkt("NAK\n")
	// A delta that makes the tag out of another one, by its name.
	base, delta := otherTag, string(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(otherTag))), uint64(len(theTag))))
	for rest := theTag; rest != ""; {
		n := min(len(rest), 127)
		delta += string([]byte{byte(n)}) + rest[:n]
		rest = rest[n:]
	}
	baseID := make([]byte, 20)
	for i := range baseID {
		baseID[i] = hexByte(string(sum(gitobject.TypeTag, base))[2*i:])
	}
	missing := func(id gitobject.ID) string { return "the server did not send the object " + string(id) + " whole" }
	for _, tc := range []struct {
		name  string
		pack  func(http.ResponseWriter, *http.Request)
		class error
		want  string
	}{
		{"endless progress", repeats(band, pkt("\x02"+strings.Repeat("x", 60000)), 0), ErrTooLarge, "the server's answer is larger than 1048576 bytes"},
		{"endless pack", repeats(band+pkt("\x01"+packed(8)+string([]byte{packBlob<<4 | 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 0x78, 0x01})), pkt("\x01"+storedBlock), 0), ErrTooLarge, "the server's answer is larger than 1048576 bytes"},
		{"slow", repeats(band+pkt("\x01"+packed(8)), pkt("\x02.\n"), 50*time.Millisecond), ErrTimeout, "the pack of URL did not come in time"},
		{"silent", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, band)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, ErrTimeout, "the pack of URL did not come in time"},
		{"a bomb", says(framed(packOf(whole(packBlob, zeros)))), ErrTooLarge, "the pack inflates to more than 4194304 bytes"},
		{"bombs", says(framed(packOf(whole(packBlob, zeros[:2<<20]), whole(packTree, zeros[:2<<20]), whole(packBlob, "x")))), ErrTooLarge, "the pack inflates to more than 4194304 bytes"},
		{"more than it says", says(framed(packOf(entry(packTag, 10, "", zeros)))), ErrMalformed, "the pack is broken: packfile: inflated object exceeds declared size"},
		{"less than it says", says(framed(packOf(entry(packTag, 1000, "", theTag)))), ErrMalformed, "the pack is broken: an object is shorter than it says"},
		{"a large commit", says(framed(packOf(whole(packCommit, long)))), ErrTooLarge, "a commit of 1048732 bytes is larger than 1048576"},
		{"many objects", says(framed(packed(1 << 31))), ErrTooLarge, "a pack of 2147483648 objects was sent for one tag"},
		{"many commits", says(framed(packOf(whole(packCommit, "a"), whole(packCommit, "b"), whole(packCommit, "c"), whole(packCommit, "d")))), ErrTooLarge, "more than 3 tags and commits were sent for one tag"},
		{"an unknown type", says(framed(packOf(whole(5, "a")))), ErrMissing, missing(tagID)},
		{"deltas only", says(framed(packOf(whole(packTag, base), entry(packRef, uint64(len(delta)), string(baseID), delta), whole(packCommit, theCommit)))), ErrMissing, missing(tagID)},
		{"another object", says(framed(packOf(whole(packTag, otherTag), whole(packCommit, theCommit)))), ErrMissing, missing(tagID)},
		{"the commit's bytes as a tag", says(framed(packOf(whole(packTag, theCommit)))), ErrMissing, missing(tagID)},
		{"no commit", says(framed(packOf(whole(packTag, theTag)))), ErrMissing, missing(commitID)},
		{"another commit", says(framed(packOf(whole(packTag, theTag), whole(packCommit, theCommit+"x")))), ErrMissing, missing(commitID)},
		{"an empty pack", says(framed(packOf())), ErrMissing, missing(tagID)},
		{"cut", says(band + pkt("\x01"+packOf(whole(packTag, theTag))[:60])), ErrMalformed, "the server's answer ends too early"},
		{"cut by a flush", says(band + pkt("\x01"+packOf(whole(packTag, theTag))[:60]) + "0000"), ErrMalformed, "the pack is broken: unexpected EOF"},
		{"no pack", says(framed("KCAP")), ErrMalformed, "the pack is broken: malformed pack file signature"},
		{"another version", says(framed("PACK\x00\x00\x00\x09\x00\x00\x00\x01")), ErrMalformed, "the pack is broken: unsupported packfile version: 9"},
		{"an error", says(band + pkt("\x03\x1b[31mno\n")), ErrServer, `the server says "\x1b[31mno"`},
		{"an error before", says(pkt("ERR upload-pack: not our ref\n")), ErrServer, `the server says "upload-pack: not our ref"`},
		{"an unknown band", says(band + pkt("\x09x")), ErrMalformed, "the pack comes in the band 9"},
		{"strange lines", says(pkt("hello\n")), ErrMalformed, `before the pack comes "hello"`},
		{"endless lines", repeats("", pkt("shallow "+string(commitID)+"\n"), 0), ErrMalformed, "before the pack come more lines than one commit needs"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, ErrRedirect, "URL/git-upload-pack redirects, which is not followed for a pack"},
		{"not a pack", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") }, ErrServer, `URL/git-upload-pack is not a git repository's: its type is "text/html"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := answers(t, says(advertised(string(tagID)+" refs/tags/v1.0")), tc.pack)
			r, err := Open(t.Context(), s.URL, Options{Limits: small})
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.ReleaseTag(t.Context(), "demo", "1.0")
			wantError(t, err, tc.class, `the tag "v1.0": `+strings.ReplaceAll(tc.want, "URL", s.URL))
		})
	}
}

// storedBlock is a piece of a deflate stream that is not compressed.
var storedBlock = "\x00\x60\xea\x9f\x15" + strings.Repeat("x", 60000)

func hexByte(s string) byte {
	digit := func(c byte) byte { return byte(strings.IndexByte("0123456789abcdef", c)) }
	return digit(s[0])<<4 | digit(s[1])
}

// TestReadsNoFurther holds that what comes behind tag and commit does not matter.
func TestReadsNoFurther(t *testing.T) {
	sent := framed(packed(8, whole(packCommit, theCommit), whole(packTag, theTag)))
	s := answers(t, says(advertised(string(tagID)+" refs/tags/v1.0", string(commitID)+" refs/tags/v1.0^{}")), func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.TrimSuffix(sent, "0000"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	f, err := open(t, s.URL).ReleaseTag(t.Context(), "demo", "1.0")
	if err != nil || string(f.Raw) != theTag || string(f.Commit) != theCommit || f.Target != commitID || f.Object != tagID {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestWhatIsAsked(t *testing.T) {
	var got []string
	note := func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		got = append(got, strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("User-Agent"), user + ":" + password, string(body)}, "|"))
	}
	s := answers(t, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		says(advertised(string(tagID)+" refs/tags/v1.0"))(w, r)
	}, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		says(framed(packOf(whole(packTag, theTag), whole(packCommit, theCommit))))(w, r)
	})
	r, err := Open(t.Context(), strings.Replace(s.URL, "://", "://ann:secret@", 1)+"/a%2Fb.git/", Options{UserAgent: "assay/1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReleaseTag(t.Context(), "demo", "1.0"); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"GET|/a%2Fb.git/info/refs?service=git-upload-pack|assay/1|ann:secret|",
		"POST|/a%2Fb.git/git-upload-pack|assay/1|ann:secret|005fwant " + string(tagID) + " side-band-64k ofs-delta filter agent=assay/1\n000ddeepen 1\n0012filter tree:0\n00000009done\n",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestRedirects(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	m := newMade(t)
	m.git("tag", "-a", "-m", "one", "v1.0")
	real := serve(t, m.dir)
	to := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/.git/") {
			real.Config.Handler.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusMovedPermanently)
	}))
	defer s.Close()
	const service = "?service=git-upload-pack"
	for _, tc := range []struct{ to, want string }{
		{other.URL + "/info/refs" + service, "URL/old/info/refs?… redirects to OTHER/info/refs?…, which is not followed to another origin"},
		{"https://git.example.invalid/info/refs" + service, "URL/old/info/refs?… redirects to https://git.example.invalid/info/refs?…, which is not followed to another origin"},
		{"http://169.254.169.254/info/refs" + service, "URL/old/info/refs?… redirects to http://169.254.169.254/info/refs?…, which is not followed to another origin"},
		{"//10.0.0.1/info/refs" + service, "URL/old/info/refs?… redirects to http://10.0.0.1/info/refs?…, which is not followed to another origin"},
		{"file:///etc/passwd", "URL/old/info/refs?… redirects to file:///etc/passwd, which is not followed to another origin"},
		{"/login" + service, "URL/old/info/refs?… redirects to URL/login?…, which is no list of refs"},
		{"/.git/info/refs?service=git-receive-pack", "URL/old/info/refs?… redirects to URL/.git/info/refs?…, which is no list of refs"},
		{"", "URL/old/info/refs?… redirects without a usable location"},
		{"/old/info/refs" + service, "URL/old/info/refs?… redirects more than 3 times"},
	} {
		to = tc.to
		_, err := Open(t.Context(), s.URL+"/old", Options{})
		wantError(t, err, ErrRedirect, strings.NewReplacer("URL", s.URL, "OTHER", other.URL).Replace(tc.want))
	}
	if elsewhere.Load() != 0 {
		t.Error("another origin was asked")
	}
	to = "/.git/info/refs" + service
	f, err := open(t, s.URL+"/old").ReleaseTag(t.Context(), "demo", "1.0")
	m.check(f, err, "v1.0", true)
}

// TestTransport holds that a transport that refuses is what decides, and that
// its error shows no password.
func TestTransport(t *testing.T) {
	transport := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("a private address") })
	_, err := Open(t.Context(), "https://ann:secret@git.example.invalid/demo", Options{Transport: transport})
	wantError(t, err, ErrServer, "https://git.example.invalid/demo/info/refs?…: a private address")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, "https://git.example.invalid/demo", Options{Transport: index.NewTransport(nil)}); err != context.Canceled {
		t.Error(err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func FuzzList(f *testing.F) {
	f.Add([]byte(advertised(string(tagID)+" refs/tags/v1.0", string(commitID)+" refs/tags/v1.0^{}")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		refs, _, err := readList(bytes.NewReader(raw), small.orDefault())
		if err == nil && len(refs) > small.Tags {
			t.Fatal(refs)
		}
		for _, ref := range refs {
			if !gitobject.ValidTagName(ref.Name) || len(ref.Object) != 40 {
				t.Fatal(ref)
			}
		}
	})
}

func FuzzPack(f *testing.F) {
	f.Add([]byte(framed(packOf(whole(packTag, theTag), whole(packCommit, theCommit)))))
	f.Add([]byte(framed(packOf(whole(packBlob, "x"), entry(packRef, 3, strings.Repeat("x", 20), "abc"), whole(packCommit, theCommit)))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		body, err := readPreamble(bytes.NewReader(raw), features{sideband: true})
		if err != nil {
			return
		}
		all, err := receive(t.Context(), body, tagID, small.orDefault())
		if err != nil && all != nil {
			t.Fatal(all, err)
		}
		for id, o := range all {
			if err := gitobject.Check(id, o.kind, o.raw); err != nil {
				t.Fatal(err)
			}
		}
	})
}
