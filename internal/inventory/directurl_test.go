package inventory

import (
	"strings"
	"testing"
)

func TestParseDirectURL(t *testing.T) {
	const refused = "not a direct_url.json: "
	for _, tt := range []struct {
		name, text string
		source     Source
		where, err string
	}{
		{"vcs", `{"url": "https://git.example/p.git", "vcs_info": {"vcs": "git", "commit_id": "1f0e", "requested_revision": "main"}}`, VCS, "https://git.example/p.git", ""},
		{"vcs over ssh", `{"url": "ssh://git@git.example/p.git", "vcs_info": {"vcs": "git", "commit_id": "1f0e"}}`, VCS, "ssh://git.example/p.git", ""},
		{"subdirectory", `{"url": "file:///w/r", "vcs_info": {"vcs": "git", "commit_id": "1f0e"}, "subdirectory": "p"}`, VCS, "file:///w/r", ""},
		{"archive", `{"url": "https://a.example/p-1.0.zip", "archive_info": {"hash": "sha256=9b"}}`, Direct, "https://a.example/p-1.0.zip", ""},
		{"archive with credentials", `{"url": "https://me:pass@a.example/p-1.0.zip", "archive_info": {}}`, Direct, "https://a.example/p-1.0.zip", ""},
		{"local archive", `{"url": "file:///w/p-1.0.whl", "archive_info": {"hashes": {"sha256": "9b"}}}`, Local, "file:///w/p-1.0.whl", ""},
		{"folder", `{"url": "file:///w/p", "dir_info": {}}`, Local, "file:///w/p", ""},
		{"folder, not editable", `{"url": "file:///w/p", "dir_info": {"editable": false}}`, Local, "file:///w/p", ""},
		{"editable", `{"url": "file:///w/p", "dir_info": {"editable": true}, "later": [1]}`, Editable, "file:///w/p", ""},
		{"no URL", `{"dir_info": {}}`, Unknown, "", refused + "its URL cannot be read"},
		{"no info", `{"url": "file:///w/p"}`, Unknown, "", refused + "it has 0 infos, not one"},
		{"two infos", `{"url": "file:///w/p", "dir_info": {}, "archive_info": {}}`, Unknown, "", refused + "it has 2 infos, not one"},
		{"null", `{"url": "file:///w/p", "dir_info": null}`, Unknown, "", refused + "not an object"},
		{"no system", `{"url": "https://g.example/p", "vcs_info": {}}`, Unknown, "", refused + "vcs_info names no version control"},
		{"deep", `{"url": "u", "x": ` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, Unknown, "", refused + "it is nested too deeply"},
		{"array", `[]`, Unknown, "", "…"},
		{"twice", `{"url": "file:///a", "url": "file:///b", "dir_info": {}}`, Unknown, "", "…"},
		{"type", `{"url": "file:///a", "dir_info": {"editable": "yes"}}`, Unknown, "", "…"},
		{"UTF-8", "{\"url\": \"file:///\xff\", \"dir_info\": {}}", Unknown, "", "…"},
		{"end", `{"url": "file:///a", "dir_info": {}} x`, Unknown, "", "…"},
		{"empty", ``, Unknown, "", "…"},
	} {
		source, where, err := parseDirectURL([]byte(tt.text))
		text := ""
		if err != nil {
			text = err.Error()
		}
		if tt.err == "…" && strings.HasPrefix(text, refused) {
			text = "…"
		}
		if source != tt.source || where != tt.where || text != tt.err {
			t.Errorf("%s: got %q %q %q, want %q %q %q", tt.name, source, where, text, tt.source, tt.where, tt.err)
		}
	}
}

func FuzzDirectURL(f *testing.F) {
	for _, seed := range []string{
		`{"url": "https://me:pass@git.example/p.git", "vcs_info": {"vcs": "git", "commit_id": "1f0e"}}`,
		`{"url": "https://a.example/p-1.0.zip", "archive_info": {"hashes": {"sha256": "9b"}}}`,
		`{"url": "file:///home/me/p", "dir_info": {"editable": true}, "subdirectory": "x"}`,
		`{"url": "\u001b[31m", "dir_info": null}`, `{"url":"%`, `[[[[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		source, where, err := parseDirectURL(text)
		if (err != nil) != (source == Unknown) || err != nil && where != "" {
			t.Errorf("%q: %q %q %v", text, source, where, err)
		}
		if where != shown(where) || len(where) > maxShown+len("…") {
			t.Errorf("%q is not fit to be shown", where)
		}
	})
}

func FuzzName(f *testing.F) {
	for _, seed := range []string{"requests-2.32.5.dist-info", "a-1.0-py3.12.egg-info", "mine.egg-link", "-.dist-info", "x", ".", "Zope.Interface-1!2+a.b.egg"} {
		f.Add(seed, "Metadata-Version: 2.4\nName: a\nVersion: 1.0\n\nbody")
	}
	f.Add("a", ":\n x: y\nname:\nversion")
	f.Fuzz(func(t *testing.T, name, metadata string) {
		for _, parse := range []func() (string, string){
			func() (string, string) { return parseName(name) },
			func() (string, string) { return parseMetadata([]byte(metadata)) },
		} {
			project, version := parse()
			if p, v := checked(project, version); p != project || v != version {
				t.Errorf("%q %q: got %q %q, which is %q %q", name, metadata, project, version, p, v)
			}
		}
	})
}
