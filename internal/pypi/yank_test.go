package pypi

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func TestWithYanked(t *testing.T) {
	for _, c := range []struct{ contentType, in, want string }{
		{typeJSON, page(good), page(`"yanked":"no \"x\" \\ <&>",` + good)},
		{typeJSON, page(` ` + good + `, "yanked" : false `), page(` ` + good + `, "yanked" : "no \"x\" \\ <&>" `)},
		{typeJSON, page(`"y\u0061nked":"a\"}","x":{"yanked":1},` + good), page(`"y\u0061nked":"no \"x\" \\ <&>","x":{"yanked":1},` + good)},
		{"text/html", `<p><A/href=foo-1.zip>`, `<p><A data-yanked="no &#34;x&#34; \ &lt;&amp;&gt;"/href=foo-1.zip>`},
		{"text/html", `<a data-yanked href=foo-1.zip>`, `<a data-yanked="no &#34;x&#34; \ &lt;&amp;&gt;" href=foo-1.zip>`},
		{"text/html", `<a href=foo-1.zip DATA-yanked = 'a>"'>`, `<a href=foo-1.zip data-yanked="no &#34;x&#34; \ &lt;&amp;&gt;">`},
		{"text/html", `<a href=foo-1.zip data-yanked=x>`, `<a href=foo-1.zip data-yanked="no &#34;x&#34; \ &lt;&amp;&gt;">`},
	} {
		p, err := ParsePage(c.contentType, []byte(c.in), testBase)
		if err != nil {
			t.Fatalf("%s: %v", c.in, err)
		}
		got, err := p.WithYanked(map[int]string{0: `no "x" \ <&>`})
		if err != nil || string(got) != c.want {
			t.Errorf("%s\n got %s, %v\nwant %s", c.in, got, err, c.want)
		}
		if got, err := p.WithYanked(nil); err != nil || string(got) != c.in {
			t.Errorf("%s: without a mark: %s, %v", c.in, got, err)
		}
		if _, err := p.WithYanked(map[int]string{1: ""}); err == nil || err.Error() != "marking as yanked: the page has no file 1" {
			t.Error(err)
		}
	}
	p, err := ParsePage(typeJSON, []byte(page(good)), testBase)
	if err != nil {
		t.Fatal(err)
	}
	for reason, want := range map[string]string{
		"":                         page(`"yanked":true,` + good),
		"a\nb\x7f\u0085\xffc":      page(`"yanked":"a b   c",` + good),
		strings.Repeat("é", 5_000): page(`"yanked":"` + strings.Repeat("é", 4096) + `",` + good),
	} {
		if got, err := p.WithYanked(map[int]string{0: reason}); err != nil || string(got) != want {
			t.Errorf("%q: %s, %v", reason, got, err)
		}
	}
}

// checkYanked marks the files that pick chooses and compares the page read again
// with the page before: nothing differs but the marks.
func checkYanked(t testing.TB, contentType string, body []byte, p *Page, pick func(i int) (string, bool)) {
	t.Helper()
	reasons := map[int]string{}
	want := append([]File(nil), p.Files...)
	for i := range want {
		if reason, ok := pick(i); ok {
			reasons[i] = reason
			want[i].Yanked, want[i].YankReason = true, cleanReason(reason)
		}
	}
	edited, err := p.WithYanked(reasons)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParsePage(contentType, edited, testBase)
	if err != nil {
		t.Fatalf("%v\nin %s\nfrom %s", err, edited, body)
	}
	if len(want) != len(again.Files) {
		t.Fatalf("%d files become %d", len(want), len(again.Files))
	}
	for i := range want {
		if !reflect.DeepEqual(again.Files[i], want[i]) {
			t.Fatalf("file %d:\n got %+v\nwant %+v", i, again.Files[i], want[i])
		}
	}
	if again.Name != p.Name || again.APIVersion != p.APIVersion || again.Standing != p.Standing {
		t.Fatalf("page: %+v, not %+v", again, p)
	}
	// What lies outside of the marks is the same, byte for byte.
	old, now := 0, 0
	for i := range p.marks {
		a, b := p.marks[i], again.marks[i]
		if _, ok := reasons[i]; !ok {
			continue
		}
		if !a.found && p.Format == HTML {
			b.start-- // the space in front
		}
		if !a.found && p.Format == JSON {
			b.start -= len(`"yanked":`)
			b.end += len(",")
		}
		if string(body[old:a.start]) != string(edited[now:b.start]) {
			t.Fatalf("before file %d: %q becomes %q", i, body[old:a.start], edited[now:b.start])
		}
		old, now = a.end, b.end
	}
	if string(body[old:]) != string(edited[now:]) {
		t.Fatalf("the end: %q becomes %q", body[old:], edited[now:])
	}
}

func TestWithYankedProperty(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	alphabet := []string{"a", " ", `"`, `\`, "<", ">", "&", "'", "é", "\U0001f600", "\n", "{", "}", "&quot;", "\u2028"}
	for round := range 200 {
		reason := func() string {
			var b strings.Builder
			for range random.IntN(12) {
				b.WriteString(alphabet[random.IntN(len(alphabet))])
			}
			return b.String()
		}
		n := 1 + random.IntN(8)
		for contentType, body := range map[string][]byte{typeJSON: randomJSON(random, n, reason), "text/html": htmlPage(n)} {
			p, err := ParsePage(contentType, body, testBase)
			if err != nil {
				t.Fatalf("round %d: %v in %s", round, err, body)
			}
			checkYanked(t, contentType, body, p, func(int) (string, bool) { return reason(), random.IntN(2) == 0 })
		}
	}
}

// randomJSON builds a page whose files have or lack a yank in every form.
func randomJSON(random *rand.Rand, n int, reason func() string) []byte {
	var files []string
	for i := range n {
		name := fmt.Sprintf("foo-%d.zip", i)
		members := []string{fmt.Sprintf(`"filename" : %q`, name), fmt.Sprintf(`"url":"%s"`, name), `"hashes":{}`}
		switch yank := random.IntN(5); yank {
		case 0:
			members = append(members, `"yanked": `+string(appendYank(nil, JSON, true, cleanReason(reason()))))
		case 1, 2, 3:
			members = append(members, `"yanked":`+[]string{"true", "false", "null"}[yank-1])
		}
		random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		files = append(files, "{ "+strings.Join(members, " ,\n")+"}")
	}
	return []byte(`{"files":[` + strings.Join(files, ", ") + `],"meta":{"api-version":"1.1"},"name":"foo"}`)
}
