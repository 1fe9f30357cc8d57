package gitrepo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"assay/internal/gitobject"
	"assay/internal/pypi"
)

func open(t *testing.T, where string) *Repository {
	t.Helper()
	r, err := Open(t.Context(), where, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantError holds an error's class and whole text.
func wantError(t *testing.T, err, class error, want string) {
	t.Helper()
	if err == nil || !errors.Is(err, class) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// check holds what was found against what git shows.
func (m *made) check(f *Found, err error, name string, annotated bool) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
	want := Found{Name: name, Object: gitobject.ID(m.git("rev-parse", "refs/tags/"+name)), Annotated: annotated,
		Target: gitobject.ID(m.git("rev-parse", "refs/tags/"+name+"^{commit}"))}
	if f.Name != want.Name || f.Object != want.Object || f.Annotated != want.Annotated || f.Target != want.Target {
		m.t.Errorf("got  %+v\nwant %+v", f, want)
	}
	if got := m.raw("commit", string(f.Target)); string(f.Commit) != got {
		m.t.Errorf("the commit is %q, not %q", f.Commit, got)
	}
	if annotated && string(f.Raw) != m.raw("tag", name) || !annotated && f.Raw != nil {
		m.t.Errorf("the tag object is %q", f.Raw)
	}
}

// history is a repository with enough tags that packs hold deltas.
func history(t *testing.T) *made {
	m := newMade(t)
	for i := range 12 {
		m.write("CHANGES", strings.Repeat("line\n", 200+i))
		m.commit("change " + strings.Repeat("of many words ", 40))
		m.git("tag", "-a", "-m", "Release\n\n"+strings.Repeat("note\n", 100), "v1."+strconv.Itoa(i))
	}
	m.git("tag", "light-9.0")
	return m
}

func TestClones(t *testing.T) {
	m := history(t)
	up := filepath.Dir(m.dir)
	look := func(t *testing.T, where string) {
		t.Helper()
		r := open(t, where)
		for i := range 12 {
			f, err := r.ReleaseTag(t.Context(), "demo", "1."+strconv.Itoa(i)+".0")
			m.check(f, err, "v1."+strconv.Itoa(i), true)
		}
		f, err := r.ReleaseTag(t.Context(), "Light", "9")
		m.check(f, err, "light-9.0", false)
		_, err = r.ReleaseTag(t.Context(), "demo", "2.0")
		wantError(t, err, ErrNoTag, "none of the 13 tags names demo 2.0")
		refs, err := r.Tags(t.Context())
		if err != nil || len(refs) != 13 || refs[0].Name != "light-9.0" || refs[0].Object != gitobject.ID(m.git("rev-parse", "light-9.0")) {
			t.Errorf("%v, %v", refs, err)
		}
	}
	t.Run("loose", func(t *testing.T) { look(t, m.dir) })
	t.Run("the .git folder itself", func(t *testing.T) { look(t, filepath.Join(m.dir, ".git")) })
	t.Run("linked worktree", func(t *testing.T) {
		m.git("worktree", "add", "-q", filepath.Join(up, "linked"))
		look(t, filepath.Join(up, "linked"))
	})
	t.Run("bare", func(t *testing.T) {
		m.git("clone", "-q", "--bare", "--no-local", m.dir, filepath.Join(up, "bare.git"))
		look(t, filepath.Join(up, "bare.git"))
	})
	t.Run("packed refs and objects", func(t *testing.T) {
		m.git("clone", "-q", "--no-local", m.dir, filepath.Join(up, "packed"))
		p := &made{t, filepath.Join(up, "packed")}
		p.git("gc", "-q", "--aggressive", "--prune=now")
		if out := p.git("verify-pack", "-v", glob(t, p.dir, ".git/objects/pack/*.idx")); !strings.Contains(out, "chain length = 1") {
			t.Fatal("the pack holds no deltas")
		}
		look(t, p.dir)
	})
	t.Run("deltas that name their base", func(t *testing.T) {
		m.git("clone", "-q", "--no-local", m.dir, filepath.Join(up, "byname"))
		p := &made{t, filepath.Join(up, "byname")}
		p.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-a", "-d", "-f")
		look(t, p.dir)
	})
	t.Run("many packs, loose refs over packed ones", func(t *testing.T) {
		m.git("clone", "-q", "--no-local", m.dir, filepath.Join(up, "many"))
		p := &made{t, filepath.Join(up, "many")}
		p.git("pack-refs", "--all")
		p.git("tag", "v3.0")
		p.git("pack-refs", "--all")
		p.commit("later")
		p.git("tag", "-f", "-a", "-m", "moved", "v3.0")
		p.git("repack", "-q", "-d")
		f, err := open(t, p.dir).ReleaseTag(t.Context(), "demo", "3.0")
		p.check(f, err, "v3.0", true)
	})
	t.Run("shallow", func(t *testing.T) {
		m.git("clone", "-q", "--depth", "1", "--branch", "v1.7", "file://"+m.dir, filepath.Join(up, "shallow"))
		f, err := open(t, filepath.Join(up, "shallow")).ReleaseTag(t.Context(), "demo", "1.7")
		m.check(f, err, "v1.7", true)
	})
	t.Run("partial", func(t *testing.T) {
		m.git("config", "uploadpack.allowFilter", "true")
		m.git("clone", "-q", "--bare", "--filter=tree:0", "file://"+m.dir, filepath.Join(up, "partial"))
		look(t, filepath.Join(up, "partial"))
	})
}

func glob(t *testing.T, dir, pattern string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(all) != 1 {
		t.Fatalf("%s: %v, %v", pattern, all, err)
	}
	return all[0]
}

func TestFormats(t *testing.T) {
	for _, tc := range []struct {
		tag, project, version string
		want                  int
	}{
		{"v1.2.3", "demo", "1.2.3", formV},
		{"V1.2.3", "demo", "1.2.3", formV},
		{"v1.0", "demo", "1.0.0", formV},
		{"v1.0.0", "demo", "1", formV},
		{"v1.2.3-rc.1", "demo", "1.2.3rc1", formV},
		{"1.2.3", "demo", "1.2.3", formPlain},
		{"1.2.3.post1", "demo", "1.2.3-1", formPlain},
		{"1!2.0", "demo", "1!2", formPlain},
		{"demo-1.2.3", "demo", "1.2.3", formProject},
		{"Ruamel.Yaml-1.2.3", "ruamel-yaml", "1.2.3", formProject},
		{"ruamel_yaml-v1.2.3", "ruamel-yaml", "1.2.3", formProjectV},
		{"release-1.2.3", "demo", "1.2.3", formWord},
		{"Release-v1.2.3", "demo", "1.2.3", formWord},
		{"releases/1.2.3", "demo", "1.2.3", formWord},
		{"version/1.2.3", "demo", "1.2.3", formWord},
		{"demo/v1.2.3", "demo", "1.2.3", formPath},
		{"demo/1.2.3", "demo", "1.2.3", formPath},
		{"demo_1.2.3", "demo", "1.2.3", formOther},
		{"demo@v1.2.3", "demo", "1.2.3", formOther},
		{"demo-core==1.2.3", "demo-core", "1.2.3", formOther},
		{"rel_1_2_3", "sqlalchemy", "1.2.3", formUnderscored},
		{"rel_2_0_0b4", "sqlalchemy", "2.0.0b4", formUnderscored},
		{"2_9_9", "psycopg2", "2.9.9", formUnderscored},
		{"v2_9_9", "psycopg2", "2.9.9", formUnderscored},
		{"demo_2_9_9", "demo", "2.9.9", formUnderscored},
		{"release-1.2", "release", "1.2", formProject},

		{"v1.2.3", "demo", "1.2.4", formNone},
		{"v1.2.3rc1", "demo", "1.2.3", formNone},
		{"v1.2.3.post1", "demo", "1.2.3", formNone},
		{"v1.2.3+local", "demo", "1.2.3", formNone},
		{"vv1.2.3", "demo", "1.2.3", formNone},
		{"other-1.2.3", "demo", "1.2.3", formNone},
		{"demo-extra-1.2.3", "demo", "1.2.3", formNone},
		{"xdemo-1.2.3", "demo", "1.2.3", formNone},
		{"demo1.2.3", "demo", "1.2.3", formNone},
		{"demo=1.2.3", "demo", "1.2.3", formNone},
		{"demo-", "demo", "1.2.3", formNone},
		{"v", "demo", "1.2.3", formNone},
		{"v1.2.3-beta-final", "demo", "1.2.3", formNone},
	} {
		v, err := pypi.ParseVersion(tc.version)
		if err != nil {
			t.Fatal(err)
		}
		if got := formOf(tc.tag, tc.project, v); got != tc.want {
			t.Errorf("%q for %s %s: got %d, want %d", tc.tag, tc.project, tc.version, got, tc.want)
		}
	}
}

func TestSeveralTags(t *testing.T) {
	m := newMade(t)
	m.git("tag", "-a", "-m", "one", "demo-1.0")
	m.git("tag", "1.0.0")
	m.git("tag", "-a", "-m", "one", "v1")
	f, err := open(t, m.dir).ReleaseTag(t.Context(), "demo", "1.0")
	m.check(f, err, "v1", true)
	if len(f.Also) != 2 {
		t.Fatalf("%+v", f)
	}
	m.check(f.Also[0], nil, "1.0.0", false)
	m.check(f.Also[1], nil, "demo-1.0", true)
	first := m.git("rev-parse", "HEAD")

	m.commit("second")
	m.git("tag", "-f", "1.0.0")
	second := m.git("rev-parse", "HEAD")
	_, err = open(t, m.dir).ReleaseTag(t.Context(), "demo", "1.0")
	wantError(t, err, ErrDisagree, `the tags of demo 1.0 name different commits: "v1" is `+first+`, "1.0.0" is `+second+`, "demo-1.0" is `+first)
	var d *DisagreementError
	if !errors.As(err, &d) || len(d.Found) != 3 {
		t.Errorf("%v", d)
	}
	f, err = open(t, m.dir).Tag(t.Context(), "1.0.0")
	m.check(f, err, "1.0.0", false)
	_, err = open(t, m.dir).Tag(t.Context(), "1.0")
	wantError(t, err, ErrNoTag, `there is no tag "1.0"`)

	for _, name := range []string{"v1.0", "v1.0.0", "v1.0.0.0", "1.0", "release-1.0", "rel-1.0"} {
		m.git("tag", name)
	}
	_, err = open(t, m.dir).ReleaseTag(t.Context(), "demo", "1.0")
	wantError(t, err, ErrAmbiguous, "9 tags name demo 1.0")
	_, err = open(t, m.dir).ReleaseTag(t.Context(), "demo", "one")
	wantError(t, err, ErrVersion, `not a release: "one": not a valid version`)
	_, err = open(t, m.dir).ReleaseTag(t.Context(), "-", "1")
	wantError(t, err, ErrVersion, `not a release: "-": not a valid project name`)
}

func TestRefusedTags(t *testing.T) {
	m := newMade(t)
	m.git("tag", "-a", "-m", "one", "v1.0")
	object := m.git("rev-parse", "v1.0")
	m.git("update-ref", "refs/tags/v2.0", object)
	m.git("tag", "-a", "-m", "outer", "v3.0", "v1.0")
	m.git("tag", "-a", "-m", "files", "v4.0", "HEAD^{tree}")
	m.git("tag", "v5.0", "HEAD:setup.py")
	m.git("symbolic-ref", "refs/tags/v6.0", "refs/heads/"+m.git("branch", "--show-current"))
	m.write(".git/refs/tags/v7.0", "hello\n")
	m.write(".git/refs/tags/v8.0", strings.Repeat("1", 40)+"\n")
	// A tag that says that a tree is a commit.
	lie := strings.Replace(strings.Replace(m.raw("tag", "v4.0"), "type tree", "type commit", 1), "tag v4.0", "tag v9.0", 1)
	id, err := m.try([]byte(lie), "hash-object", "-t", "tag", "-w", "--stdin", "--literally")
	if err != nil {
		t.Fatal(err)
	}
	m.write(".git/refs/tags/v9.0", id)
	two := strings.Replace(m.raw("tag", "v1.0"), "tag v1.0", "tag v10.0\ntag v1.0", 1)
	id, err = m.try([]byte(two), "hash-object", "-t", "tag", "-w", "--stdin", "--literally")
	if err != nil {
		t.Fatal(err)
	}
	m.write(".git/refs/tags/v10.0", id)
	m.write(".git/refs/tags/v1 .lock", "hello\n") // no tag, for git either
	tree := m.git("rev-parse", "HEAD^{tree}")

	cases := []struct {
		version string
		class   error
		want    string
	}{
		{"2.0", ErrReplayed, `the tag "v2.0": its object is the tag "v1.0"`},
		{"3.0", ErrNested, `the tag "v3.0": it names another tag, and no commit`},
		{"4.0", ErrTarget, `the tag "v4.0": it names a tree`},
		{"5.0", ErrTarget, `the tag "v5.0": it names a blob`},
		{"6.0", ErrRef, `the tag "v6.0" is a symbolic ref`},
		{"7.0", ErrRef, `the tag "v7.0" is a ref without an object id`},
		{"8.0", ErrMissing, `the tag "v8.0": the object ` + strings.Repeat("1", 40) + ` is not in the clone`},
		{"9.0", ErrTarget, `the tag "v9.0": it says that ` + tree + ` is a commit, which is a tree`},
		{"10.0", gitobject.ErrMalformed, `the tag "v10.0": where the header tagger belongs is "tag v1.0\n"`},
	}
	for _, tc := range cases {
		_, err := open(t, m.dir).ReleaseTag(t.Context(), "demo", tc.version)
		wantError(t, err, tc.class, tc.want)
	}

	// The same from a server, as far as one hands it out.
	for _, name := range []string{"v6.0", "v7.0", "v8.0", "v1 .lock"} {
		if err := os.Remove(filepath.Join(m.dir, ".git/refs/tags", name)); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, m.dir)
	for _, i := range []int{0, 1, 2, 3, 8} {
		_, err := open(t, s.URL+"/.git").ReleaseTag(t.Context(), "demo", cases[i].version)
		wantError(t, err, cases[i].class, cases[i].want)
	}
}

// TestTampered holds that what is stored under an id is what the id says.
func TestTampered(t *testing.T) {
	m := newMade(t)
	m.git("tag", "-a", "-m", "one", "v1.0")
	m.git("tag", "-a", "-m", "another", "v2.0")
	loose := func(name string) string {
		id := m.git("rev-parse", name)
		return filepath.Join(m.dir, ".git/objects", id[:2], id[2:])
	}
	other, err := os.ReadFile(loose("v2.0"))
	if err != nil {
		t.Fatal(err)
	}
	one, two := m.git("rev-parse", "v1.0"), m.git("rev-parse", "v2.0")
	replace(t, loose("v1.0"), other)
	_, err = open(t, m.dir).ReleaseTag(t.Context(), "demo", "1.0")
	wantError(t, err, gitobject.ErrHash, `the tag "v1.0": the tag that was given as "`+one+`" is `+two)

	commit := loose("HEAD")
	whole, err := os.ReadFile(commit)
	if err != nil {
		t.Fatal(err)
	}
	id := m.git("rev-parse", "HEAD")
	m.commit("second")
	second, err := os.ReadFile(loose("HEAD"))
	if err != nil {
		t.Fatal(err)
	}
	replace(t, commit, second)
	_, err = open(t, m.dir).ReleaseTag(t.Context(), "demo", "2.0")
	wantError(t, err, gitobject.ErrHash, `the tag "v2.0": the commit that was given as "`+id+`" is `+m.git("rev-parse", "HEAD"))
	replace(t, commit, whole[:len(whole)-4])
	_, err = open(t, m.dir).ReleaseTag(t.Context(), "demo", "2.0")
	wantError(t, err, ErrMalformed, `the tag "v2.0": the object `+id+`: unexpected EOF`)
	if err := os.Remove(commit); err != nil {
		t.Fatal(err)
	}
	_, err = open(t, m.dir).ReleaseTag(t.Context(), "demo", "2.0")
	wantError(t, err, ErrMissing, `the tag "v2.0": the object `+id+` is not in the clone`)
}

func replace(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRefusedPlaces(t *testing.T) {
	m := newMade(t)
	up := filepath.Dir(m.dir)
	empty := t.TempDir()
	m.git("clone", "-q", "--shared", m.dir, filepath.Join(up, "shared"))
	m.git("init", "-q", "--bare", filepath.Join(up, "reftable"))
	if err := os.Mkdir(filepath.Join(up, "reftable", "reftable"), 0o755); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(up, "outside")
	m.git("init", "-q", "--bare", outside)
	if err := os.Remove(filepath.Join(outside, "refs", "tags")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(m.dir, ".git", "refs", "tags"), filepath.Join(outside, "refs", "tags")); err != nil {
		t.Fatal(err)
	}
	q := func(s string) string { return `"` + s + `"` }
	for _, tc := range []struct {
		where string
		class error
		want  string
	}{
		{empty, ErrNotRepository, q(empty) + ` is not a git repository: it has no folder "objects" of its own`},
		{filepath.Join(empty, "x"), ErrNotRepository, q(filepath.Join(empty, "x")) + `: no such file or directory`},
		{filepath.Join(up, "shared"), ErrAlternates, q(filepath.Join(up, "shared")) + ` borrows objects from another repository (objects/info/alternates), which is not followed`},
		{filepath.Join(up, "reftable"), ErrObjectFormat, q(filepath.Join(up, "reftable")) + ` keeps its refs in a reftable, which is not read`},
		{"git@git.example.invalid:demo.git", ErrWhere, `"git@git.example.invalid:demo.git": ssh is not spoken, only https`},
		{"ssh://git.example.invalid/demo.git", ErrWhere, `"ssh://git.example.invalid/demo.git": only https is spoken`},
		{"file://" + m.dir, ErrWhere, `"file://` + m.dir + `": only https is spoken`},
		{"git://git.example.invalid/demo.git", ErrWhere, `"git://git.example.invalid/demo.git": only https is spoken`},
		{"ext::sh -c touch% /tmp/x", ErrWhere, `"ext::sh -c touch% /tmp/x": git's helpers are not run`},
		{"http://user:secret@git.example.invalid/demo.git", ErrWhere, `"http://git.example.invalid/demo.git": plain http is not spoken with other computers`},
		{"https://git.example.invalid/demo.git?x=secret", ErrWhere, `"https://git.example.invalid/demo.git?…": the URL of a repository has no query and no fragment`},
		{"https://user:sec ret@git.example.invalid/", ErrWhere, "a URL that cannot be read is not asked"},
		{strings.Repeat("x", 8193), ErrWhere, "a place of 8193 bytes is not asked"},
	} {
		_, err := Open(t.Context(), tc.where, Options{})
		wantError(t, err, tc.class, tc.want)
	}
	_, err := Open(t.Context(), outside, Options{})
	wantError(t, err, ErrMalformed, `"refs/tags": path escapes from parent`)
}

func TestSHA256(t *testing.T) {
	m := newMade(t, "--object-format=sha256")
	m.git("tag", "-a", "-m", "one", "v1.0")
	const want = "the repository uses SHA-256 for its objects, which is not read yet"
	_, err := Open(t.Context(), m.dir, Options{})
	wantError(t, err, ErrObjectFormat, want)
	s := serve(t, m.dir)
	_, err = Open(t.Context(), s.URL+"/.git", Options{})
	wantError(t, err, ErrObjectFormat, want)
	m.git("pack-refs", "--all")
	_, err = Open(t.Context(), m.dir, Options{})
	wantError(t, err, ErrObjectFormat, want)
}

// TestNothingIsHonoured holds that neither the user's configuration nor the
// clone's nor the environment changes what is read, and that nothing runs.
func TestNothingIsHonoured(t *testing.T) {
	m := newMade(t)
	m.git("tag", "-a", "-m", "one", "v1.0")
	m.commit("second")
	// What git would put in place of the tagged commit.
	m.git("replace", m.git("rev-parse", "HEAD~1"), m.git("rev-parse", "HEAD"))
	s := serve(t, m.dir)
	home := t.TempDir()
	trap := filepath.Join(home, "trap")
	hostile := "[url \"http://127.0.0.1:1/\"]\n\tinsteadOf = " + s.URL + "\n[http]\n\tproxy = http://127.0.0.1:1\n[core]\n\tfsmonitor = touch " + trap +
		"\n\tsshCommand = touch " + trap + "\n\tattributesFile = " + trap + "\n[include]\n\tpath = /dev/zero\n[credential]\n\thelper = !touch " + trap + "\n[extensions]\n\tobjectFormat = sha256\n"
	for _, name := range []string{".gitconfig", "git/config"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(home, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, name), []byte(hostile), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{"HOME": home, "XDG_CONFIG_HOME": home, "GIT_DIR": home, "GIT_OBJECT_DIRECTORY": home, "GIT_CONFIG_GLOBAL": home + "/.gitconfig",
		"GIT_SSL_NO_VERIFY": "1", "GIT_PROXY_COMMAND": "touch " + trap, "HTTP_PROXY": "http://127.0.0.1:1", "GO_GIT_USER_AGENT_EXTRA": "extra"} {
		t.Setenv(name, value)
	}
	fromServer, err := Open(t.Context(), s.URL+"/.git", Options{})
	if err != nil {
		t.Fatal(err)
	}
	remote, err := fromServer.ReleaseTag(t.Context(), "demo", "1.0")
	if err != nil {
		t.Fatal(err)
	}
	m.write(".git/config", hostile)
	m.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch "+trap+"\n")
	local, err := open(t, m.dir).ReleaseTag(t.Context(), "demo", "1.0")
	if err != nil {
		t.Fatal(err)
	}
	if err := gitobject.Check(local.Target, gitobject.TypeCommit, local.Commit); err != nil || local.Target != remote.Target || !slices.Equal(local.Commit, remote.Commit) {
		t.Errorf("%+v, %+v, %v", local, remote, err)
	}
	if _, err := os.Stat(trap); err == nil {
		t.Error("something ran")
	}
}

func TestCancelled(t *testing.T) {
	m := newMade(t)
	m.git("tag", "v1.0")
	ctx, cancel := context.WithCancel(t.Context())
	r := open(t, m.dir)
	cancel()
	if _, err := Open(ctx, m.dir, Options{}); err != context.Canceled {
		t.Error(err)
	}
	if _, err := r.Tags(ctx); err != context.Canceled {
		t.Error(err)
	}
	if _, err := r.ReleaseTag(ctx, "demo", "1.0"); err != context.Canceled {
		t.Error(err)
	}
}

func TestConcurrentUse(t *testing.T) {
	m := history(t)
	s := serve(t, m.dir)
	for _, where := range []string{m.dir, s.URL + "/.git"} {
		r := open(t, where)
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				version := "1." + strconv.Itoa(i)
				if f, err := r.ReleaseTag(t.Context(), "demo", version); err != nil || f.Name != "v"+version {
					t.Errorf("%+v, %v", f, err)
				}
			})
		}
		all.Wait()
	}
}
