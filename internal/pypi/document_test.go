package pypi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestDocumentAt(t *testing.T) {
	for _, tt := range []struct{ path, project, version, page string }{
		{"/pypi/demo/json", "demo", "", "/simple/demo/"},
		{"/pypi/Demo_X/json/", "demo-x", "", "/simple/demo-x/"},
		{"/pypi/demo/1.0/json", "demo", "1.0", "/simple/demo/"},
		{"/pypi/demo/1.0%2Blocal/json", "demo", "1.0+local", "/simple/demo/"},
		{"/root/pypi/demo/json", "demo", "", "/root/simple/demo/"},
		{"/a%2Fb/pypi/demo/2004d/json", "demo", "2004d", "/a%2Fb/simple/demo/"},
		{"/pypi/pypi/json", "pypi", "", "/simple/pypi/"},
		{"/pypi/pypi/1.0/json", "pypi", "1.0", "/simple/pypi/"},
		{"/pypi/pypi/demo/json", "demo", "", "/pypi/simple/demo/"},
		{"//elsewhere.invalid/pypi/demo/json", "demo", "", "//elsewhere.invalid/simple/demo/"},
		{"/pypi/json", "", "", ""},
		{"/pypi/demo/1.0/JSON", "", "", ""},
		{"/pypi/demo/1.0/x/json", "", "", ""},
		{"/pypi/-/json", "", "", ""},
		{"/pypi//json", "", "", ""},
		{"/simple/json/", "", "", ""},
		{"/demo/1.0/json", "", "", ""},
		{"/", "", "", ""},
	} {
		u, err := url.Parse("https://index.example.invalid" + tt.path + "?q=1")
		if err != nil {
			t.Fatal(err)
		}
		at, ok := DocumentAt(u)
		if !ok {
			if tt.page != "" {
				t.Errorf("%s: is none", tt.path)
			}
			continue
		}
		if want := "https://index.example.invalid" + tt.page; at.Project != tt.project || at.Version != tt.version || at.Page.String() != want {
			t.Errorf("%s: %s %s %s, not %s", tt.path, at.Project, at.Version, at.Page, want)
		}
	}
}

const (
	docSum  = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	docSum2 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// docFile renders a file of a document as PyPI does.
func docFile(name, sum string) string {
	return fmt.Sprintf(`{"comment_text":"","digests":{"blake2b_256":"00","md5":"0123456789abcdef0123456789abcdef","sha256":%q},"downloads":-1,`+
		`"filename":%q,"has_sig":false,"packagetype":"bdist_wheel","requires_python":null,"size":12,"upload_time":"2024-01-02T03:04:05",`+
		`"upload_time_iso_8601":"2024-01-02T03:04:05.678901Z","url":"https://files.example.invalid/%s","yanked":false,"yanked_reason":null}`, sum, name, name)
}

const docInfo = `"info":{"author":"me","description":"long","name":"Demo","requires_dist":["dep>=1"],"version":"2.0","yanked":false,"yanked_reason":null}`

func docURL(t testing.TB, path string) *url.URL {
	t.Helper()
	u, err := url.Parse("https://index.example.invalid" + path)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestParseDocument(t *testing.T) {
	wheel, old, sdist := "demo-2.0-py3-none-any.whl", "demo-1.0-py3-none-any.whl", "demo-2.0.tar.gz"
	project := `{` + docInfo + `,"last_serial":7,"releases":{"0.1":[],"1.0":[` + docFile(old, docSum2) + `],"2.0":[` + docFile(wheel, docSum) + `,` +
		docFile(sdist, docSum) + `]},"urls":[` + docFile(wheel, docSum) + `,` + docFile(sdist, docSum) + `],"vulnerabilities":[]}`
	d, err := ParseDocument("application/json", []byte(project), docURL(t, "/pypi/demo/json"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range d.Files {
		names = append(names, f.Filename)
	}
	version, files := d.Release()
	if got, want := strings.Join(names, " "), old+" "+wheel+" "+sdist; got != want || !reflect.DeepEqual(files, []int{1, 2}) ||
		version != "2.0" || d.Name != "demo" || d.Format != API || d.APIVersion != "1.0" {
		t.Errorf("%s, files of the release %v of %s %s", got, files, d.Name, version)
	}
	f := d.Files[1]
	if f.URL != "https://files.example.invalid/"+wheel || f.Size != 12 || len(f.Digests) != 2 || f.UploadTime.Format("2006-01-02T15:04:05.999999Z") != "2024-01-02T03:04:05.678901Z" {
		t.Errorf("%+v", f)
	}
	for _, tt := range []struct {
		reasons map[int]string
		want    string // what is yanked: "info", "urls NAME", "VERSION NAME"
	}{
		{nil, ""},
		{map[int]string{0: `no "x"`}, `1.0 ` + old + `=no "x"`},
		{map[int]string{1: "no"}, "2.0 " + wheel + "=no; urls " + wheel + "=no"},
		{map[int]string{1: "no", 2: "nor\nthat"}, "info=no; 2.0 " + wheel + "=no; 2.0 " + sdist + "=nor that; urls " + wheel + "=no; urls " + sdist + "=nor that"},
	} {
		out, err := d.WithYanked(tt.reasons)
		if err != nil {
			t.Fatal(err)
		}
		if got := docYanks(t, project, out); got != tt.want {
			t.Errorf("%v: %s\nnot %s", tt.reasons, got, tt.want)
		}
		if len(tt.reasons) == 0 && string(out) != project {
			t.Errorf("nothing is marked, and it changed: %s", out)
		}
	}
	if _, err := d.WithYanked(map[int]string{3: "x"}); err == nil || err.Error() != "marking as yanked: the page has no file 3" {
		t.Error(err)
	}
}

type docEntry struct {
	Filename string
	Yanked   bool
	Reason   *string `json:"yanked_reason"`
}

// docYanks lists what an edited document says is yanked, and checks that nothing
// else changed.
func docYanks(t *testing.T, before string, after []byte) string {
	t.Helper()
	var doc struct {
		Info     docEntry
		Releases map[string][]docEntry
		URLs     []docEntry
	}
	if err := json.Unmarshal(after, &doc); err != nil {
		t.Fatalf("%s: %v", after, err)
	}
	var out []string
	add := func(where string, e docEntry) {
		if e.Yanked {
			out = append(out, where+"="+*e.Reason)
		}
	}
	add("info", doc.Info)
	for _, version := range []string{"0.1", "1.0", "2.0"} {
		for _, e := range doc.Releases[version] {
			add(version+" "+e.Filename, e)
		}
	}
	for _, e := range doc.URLs {
		add("urls "+e.Filename, e)
	}
	if a, b := withoutYanks(t, []byte(before)), withoutYanks(t, after); !reflect.DeepEqual(a, b) {
		t.Errorf("%v\nwas %v", b, a)
	}
	return strings.Join(out, "; ")
}

// withoutYanks reads JSON and leaves out what says that something is yanked.
func withoutYanks(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	var strip func(v any)
	strip = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			delete(v, "yanked")
			delete(v, "yanked_reason")
			for _, e := range v {
				strip(e)
			}
		case []any:
			for _, e := range v {
				strip(e)
			}
		}
	}
	strip(v)
	return v
}

func TestDocumentWithoutYanks(t *testing.T) {
	body := `{"info":{"name":"demo","version":"1"},"urls":[{"filename":"demo-1.zip","url":"/demo-1.zip","digests":{}}]}`
	d, err := ParseDocument("", []byte(body), docURL(t, "/pypi/demo/1.0/json"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := d.WithYanked(map[int]string{0: "no"})
	want := `{"info":{"yanked":true,"yanked_reason":"no","name":"demo","version":"1"},"urls":[{"yanked":true,"yanked_reason":"no","filename":"demo-1.zip","url":"/demo-1.zip","digests":{}}]}`
	if err != nil || string(out) != want {
		t.Errorf("%s %v", out, err)
	}
}

func TestDocumentKeepsWhatDisagrees(t *testing.T) {
	wheel := "demo-2.0-py3-none-any.whl"
	for name, body := range map[string]string{
		"digests":   `{` + docInfo + `,"urls":[` + docFile(wheel, docSum) + `],"releases":{"2.0":[` + docFile(wheel, docSum2) + `]}}`,
		"sizes":     `{` + docInfo + `,"urls":[` + docFile(wheel, docSum) + `],"releases":{"2.0":[` + strings.Replace(docFile(wheel, docSum), `"size":12`, `"size":13`, 1) + `]}}`,
		"URLs":      `{` + docInfo + `,"urls":[` + docFile(wheel, docSum) + `],"releases":{"2.0":[` + strings.Replace(docFile(wheel, docSum), "invalid/", "invalid/x/", 1) + `]}}`,
		"one list":  `{` + docInfo + `,"urls":[` + docFile(wheel, docSum) + `,` + docFile(wheel, docSum) + `]}`,
		"a release": `{` + docInfo + `,"releases":{"1.0":[` + docFile(wheel, docSum) + `],"2.0":[` + docFile(wheel, docSum) + `]}}`,
	} {
		d, err := ParseDocument("application/json", []byte(body), docURL(t, "/pypi/demo/json"))
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Files) != 2 || d.Files[0].Filename != wheel || d.Files[1].Filename != wheel {
			t.Errorf("%s: %+v", name, d.Files)
		}
	}
}

func TestParseDocumentRefuses(t *testing.T) {
	file := docFile("demo-2.0.zip", docSum)
	good := `{` + docInfo + `,"urls":[` + file + `]}`
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in it", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for _, tt := range []struct{ path, contentType, body, want string }{
		{"/pypi/demo/json", "", good, ""},
		{"/pypi/demo/2/json", "application/json; charset=UTF-8", good + "\n ", ""},
		{"/pypi/demo/2/json", "text/plain; charset=iso-8859-1", "\r\n\t " + good, ""},
		{"/pypi/demo/1.0/json", "", good, `malformed page: it says that it is about version "2.0"`},
		{"/pypi/other/json", "", good, "malformed page: it says that it is about demo"},
		{"/simple/demo/", "", good, "its address is none of a document: not a page of the simple repository API"},
		{"/pypi/demo/json", "application/json; charset=utf-16", good, `malformed page: its character set is "utf-16"`},
		{"/pypi/demo/json", `application/json; charset="cp037`, good, `malformed page: its content type "application/json; charset=\"cp037" cannot be read`},
		{"/pypi/demo/json", "", "\xef\xbb\xbf" + good, `malformed page: '{' is expected at byte 0`},
		{"/pypi/demo/json", "", "\x00{\x00}", `malformed page: '{' is expected at byte 0`},
		{"/pypi/demo/json", "", "<\x00", `malformed page: '{' is expected at byte 0`},
		{"/pypi/demo/json", "", "", "it is no JSON object: not a page of the simple repository API"},
		{"/pypi/demo/json", "", " <html>", "it is no JSON object: not a page of the simple repository API"},
		{"/pypi/demo/json", "", "[{}]", "it is no JSON object: not a page of the simple repository API"},
		{"/pypi/demo/json", "", `{"message":"Not Found"}`, "it lists no files: not a page of the simple repository API"},
		{"/pypi/demo/json", "", `{"message":"x","message":"y"}`, `malformed page: the name "message" is given twice at byte 25`},
		{"/pypi/demo/json", "", `{"urls":[]}`, "malformed page: it has no info key"},
		{"/pypi/demo/json", "", good + "x", "malformed page: something follows the document at byte 609"},
		{"/pypi/demo/json", "", swap(`"urls"`, `"urls":[],"urls"`), `malformed page: the name "urls" is given twice at byte 155`},
		{"/pypi/demo/json", "", swap(`"version":"2.0"`, `"version":""`), "malformed page: info has no version"},
		{"/pypi/demo/json", "", swap(`"name":"Demo"`, `"name":"Demo","name":"x"`), `malformed page: the name "name" is given twice at byte 65`},
		{"/pypi/demo/json", "", swap(`"name":"Demo"`, `"name":"Demo","files":[]`), `malformed page: info lists files at byte 66`},
		{"/pypi/demo/json", "", swap(`"Demo"`, `"-"`), `malformed page: the project's name "-" is not valid`},
		{"/pypi/demo/json", "", swap(`"yanked":false`, `"yanked":"false"`), "malformed page: yanked is neither true nor false at byte 110"},
		{"/pypi/demo/json", "", swap(`"yanked_reason":null`, `"yanked_reason":1`), "malformed page: a string is expected at byte 132"},
		{"/pypi/demo/json", "", swap(`"yanked":false,"yanked_reason":null}]`, `"yanked":0}]`), "malformed page: yanked is neither true nor false at byte 580"},
		{"/pypi/demo/json", "", swap(`"filename":"demo-2.0.zip",`, ``), "malformed page: a file has no filename at byte 581"},
		{"/pypi/demo/json", "", swap(`"digests":`, `"digest":`), "malformed page: a file has no digests at byte 606"},
		{"/pypi/demo/json", "", swap(docSum, "a"), `malformed page: a sha256 digest has 64 hex digits, not 1 at byte 248`},
		{"/pypi/demo/json", "", swap(`invalid/demo-2.0.zip`, `invalid/demo-3.0.zip`), `malformed page: the URL of "demo-2.0.zip" names another file`},
		{"/pypi/demo/json", "", swap(`https://files`, `ftp://files`), `malformed page: the URL of "demo-2.0.zip" is not an http or https URL`},
		{"/pypi/demo/json", "", swap(`"size":12`, `"size":-1`), "malformed page: a size is not a whole number at byte 430"},
		{"/pypi/demo/json", "", swap(`2024-01-02T03:04:05.678901Z`, `soon`), `malformed page: the upload time "soon" is not one at byte 496`},
		{"/pypi/demo/json", "", swap(`"urls":[`, `"releases":{"1":[],"1":[]},"urls":[`), `malformed page: the release "1" is given twice at byte 161`},
		{"/pypi/demo/json", "", swap(`"long"`, `"`+strings.Repeat("x", maxDescription+1)+`"`), "malformed page: a string is longer than 8388608 bytes at byte 8388648"},
		{"/pypi/demo/json", "", swap(`"long"`, `"\"`+strings.Repeat("x", maxString)+`"`), ""},
		{"/pypi/demo/json", "", swap(`"long"`, strings.Repeat("[", maxDepth+1)), "malformed page: values nest deeper than 64 at byte 100"},
	} {
		_, err := ParseDocument(tt.contentType, []byte(tt.body), docURL(t, tt.path))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s %.60q: %s\nnot %s", tt.path, tt.body, got, tt.want)
		}
		if pe := (*PageError)(nil); err != nil && !errors.As(err, &pe) != errors.Is(err, ErrNotAPage) {
			t.Errorf("%v is of neither class, or of both", err)
		}
	}
}

// FuzzParseDocument asserts that a document that is taken is one for the standard
// library as well, with the same files, and that an edit leaves it one.
func FuzzParseDocument(f *testing.F) {
	wheel := docFile("demo-2.0-py3-none-any.whl", docSum)
	f.Add([]byte(`{` + docInfo + `,"urls":[` + wheel + `],"releases":{"2.0":[` + wheel + `],"1":[]}}`))
	f.Add([]byte(`{"info":{"name":"demo","version":"1"},"urls":[{"filename":"demo-1.zip","url":"/demo-1.zip","digests":{}}]}`))
	f.Add([]byte(`{"releases":null,"urls":null}`))
	f.Add([]byte(`<html>`))
	at := docURL(f, "/pypi/demo/json")
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := ParseDocument("application/json", body, at)
		if err != nil {
			return
		}
		var ref struct {
			Info     struct{ Name, Version string }
			Releases map[string][]docEntry
			URLs     []docEntry
		}
		if err := json.Unmarshal(body, &ref); err != nil {
			t.Fatalf("%s is taken, but the library says %v", body, err)
		}
		listed := map[string]bool{}
		for _, e := range ref.URLs {
			listed[e.Filename] = true
		}
		for _, entries := range ref.Releases {
			for _, e := range entries {
				listed[e.Filename] = true
			}
		}
		marks := map[int]string{}
		for i, file := range d.Files {
			marks[i] = "no"
			if !listed[file.Filename] && json.Valid(body) && !strings.Contains(string(body), `\`) && !foldedTwice(body) {
				t.Fatalf("%s: %s is not listed", body, file.Filename)
			}
		}
		edited, err := d.WithYanked(marks)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseDocument("application/json", edited, at)
		if err != nil || len(again.Files) != len(d.Files) {
			t.Fatalf("%s: edited to %s: %v", body, edited, err)
		}
		for _, file := range again.Files {
			if !file.Yanked || file.YankReason != "no" {
				t.Fatalf("%s: edited to %s: %+v", body, edited, file)
			}
		}
		if !reflect.DeepEqual(withoutYanks(t, body), withoutYanks(t, edited)) {
			t.Fatalf("%s: edited to %s", body, edited)
		}
	})
}

// foldedTwice reports whether the standard library, which folds case, could take
// another key for one of ours.
func foldedTwice(body []byte) bool {
	lower := strings.ToLower(string(body))
	for _, key := range []string{`"urls"`, `"releases"`, `"filename"`, `"info"`} {
		if strings.Count(lower, key) != strings.Count(string(body), key) || strings.Contains(string(body), "\u017f") || strings.Contains(string(body), "\u212a") {
			return true
		}
	}
	return false
}
