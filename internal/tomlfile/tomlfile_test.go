package tomlfile

import (
	"errors"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	root, err := Read("f.toml", []byte("# a comment\nmode = \"x\"\n\n[[table]]\nname = 'a'\nlist = [1,\n  true,\n]\n[[table]]\nday = 2026-12-31\nin = { deep = 1.5 }\n"))
	if err != nil {
		t.Fatal(err)
	}
	if e := root.Get("mode"); e == nil || e.Line != 2 || e.Value.Kind != String || e.Value.Text != "x" {
		t.Errorf("mode is %+v", e)
	}
	tables := root.Get("table").Value
	if tables.Kind != List || len(tables.Items) != 2 || tables.Items[0].Line != 4 || tables.Items[1].Line != 9 {
		t.Fatalf("the tables are %+v", tables)
	}
	list := tables.Items[0].Get("list").Value
	if list.Kind != List || len(list.Items) != 2 || list.Items[0].Kind != Integer || list.Items[1].Kind != Bool || list.Items[1].Text != "true" {
		t.Errorf("the list is %+v", list)
	}
	if day := tables.Items[1].Get("day").Value; day.Kind != Date || day.Text != "2026-12-31" || day.Line != 10 {
		t.Errorf("the day is %+v", day)
	}
	if deep := tables.Items[1].Get("in").Value.Get("deep"); deep == nil || deep.Value.Kind != Float || deep.Line != 11 {
		t.Errorf("in.deep is %+v", deep)
	}
	if root.Get("other") != nil {
		t.Error("a key that is not there was found")
	}
}

func TestReadDocument(t *testing.T) {
	text := "a = 'x' # c\n[[t.u]]\nb . c= [ {d = 1}, 'é' ]\n  [[ t.v ]]\n"
	d, err := ReadDocument("f.toml", []byte(text), Limits{1000, 100})
	if err != nil {
		t.Fatal(err)
	}
	if a := d.Root.Get("a"); text[a.Start:a.End] != "a = 'x'" || text[a.Value.Start:a.Value.End] != "'x'" {
		t.Errorf("a is %+v", a)
	}
	c := d.Root.Get("t").Value.Get("u").Value.Items[0].Get("b").Value.Get("c")
	if text[c.Start:c.End] != "b . c= [ {d = 1}, 'é' ]" {
		t.Errorf("c is %q", text[c.Start:c.End])
	}
	if in := c.Value.Items[0]; text[in.Start] != '{' || text[in.Get("d").Start:in.Get("d").End] != "d = 1" {
		t.Errorf("the table is %+v", in)
	}
	if s := c.Value.Items[1]; text[s.Start:s.End] != "'é'" {
		t.Errorf("the string is %+v", s)
	}
	if len(d.Headers) != 2 || d.Headers[0].Start != 12 || text[d.Headers[1].Start:] != "  [[ t.v ]]\n" || strings.Join(d.Headers[1].Path, ".") != "t.v" || d.Headers[1].Line != 4 {
		t.Errorf("the headers are %+v", d.Headers)
	}
	if _, err := ReadDocument("f.toml", []byte(text), Limits{1000, 3}); err == nil || err.Error() != "f.toml: not TOML: more than 3 keys" {
		t.Errorf("got %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"no TOML", "a = \n", "f.toml:1: not TOML: "},
		{"a key twice", "a = 1\nb = 2\na = 3\n", "f.toml:3: not TOML: "},
		{"a table twice", "[a]\n[a]\n", "f.toml:2: not TOML: "},
		{"too large", strings.Repeat("#", MaxFile+1), "f.toml: larger than 1048576 bytes"},
		{"too many keys", strings.Repeat("[[a]]\n", maxKeys+1), "f.toml: not TOML: more than 100000 keys"},
		{"a terminal's command", "a = \"\x1b[2J\"\n", "f.toml:1: not TOML: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Read("f.toml", []byte(tc.text))
			var broken *Error
			if !errors.As(err, &broken) || !strings.HasPrefix(err.Error(), tc.want) || strings.ContainsRune(err.Error(), 0x1b) {
				t.Errorf("got %q, want %q", err, tc.want)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	p := Problems{File: "f.toml"}
	if p.Err() != nil {
		t.Error("nothing is wrong, and there is an error")
	}
	p.Add(7, "second %s", "\x1b[1m")
	p.Add(2, "first")
	if got, want := p.Err().Error(), "f.toml:2: first\nf.toml:7: second \\u{1b}[1m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for range 30 {
		p.Add(9, "more")
	}
	lines := strings.Split(p.Err().Error(), "\n")
	if len(lines) != maxProblems+1 || lines[maxProblems] != "12 more" {
		t.Errorf("got %d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
}

func TestMeant(t *testing.T) {
	known := []string{"cooldown", "evidence", "sdist"}
	for word, want := range map[string]string{
		"cooldwon": "did you mean cooldown?", "Evid": "did you mean evidence?", "zzzzzzzz": "there are cooldown, evidence and sdist",
	} {
		if got := Meant(word, known); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
	if got := Quoted(strings.Repeat("x", 100)); len(got) != 80+len("…")+2 {
		t.Errorf("got %s", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("a = 1\n[[b]]\nc = [1, 'x', {d = 2026-01-01}]\n"))
	f.Add([]byte("a.b.c = \"\"\"\n\"\"\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := Read("f.toml", data)
		if err != nil {
			for _, r := range err.Error() {
				if r < ' ' && r != '\n' {
					t.Fatalf("the error %q holds a control character", err)
				}
			}
			return
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, e := range root.Keys {
			if e.Line < 1 || e.Line > lines || root.Get(e.Key) != e {
				t.Fatalf("%q is on line %d of %d", e.Key, e.Line, lines)
			}
		}
	})
}
