package pypi

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"assay"
)

func TestParseHTML(t *testing.T) {
	body := `<!DOCTYPE html>
<!-- <a href="hidden-1.0.zip">hidden-1.0.zip</a> --><HTML><head>
<meta name="pypi:repository-version" content="1.4"><META name=pypi:project-status content='deprecated'>
<meta name="pypi:project-status-reason" content="use &quot;bar&quot;">
<title>Links for foo</title><base href="/mirror/"></head><body>
<a href="../p/foo-1.0.tar.gz#sha256=` + hexA + `&amp;egg=foo" data-requires-python="&gt;=3.8" data-yanked="broken &quot;it&quot;"
   data-core-metadata="sha256=` + hexB + `" data-dist-info-metadata=true data-gpg-sig="false" data-provenance=" https://index.example.invalid/x ">foo-1.0.tar.gz</a><br/>
<A HREF='foo-1.0%2Bl-py3-none-any.whl' data-yanked DATA-CORE-METADATA=unknown=1>foo-1.0+l-py3-none…</A>
<a href=foo-2.0.zip?x=1 data-core-metadata=false> foo-2.0.zip
<a href="../">Parent</a><a name="x">foo-3.0.zip</a><a href="mailto:a@b.invalid">foo-3.0.zip</a><a href="foo-1.0.tar.gz.asc">sig</a><a href>x</a>
<p>text &lt;a href="no"&gt;</p></body></html>`
	p, err := ParsePage("text/html;charset=UTF-8", []byte(body), testBase)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "" || p.Format != HTML || p.APIVersion != "1.4" || p.Standing != (assay.Standing{Status: assay.StatusDeprecated, Reason: `use "bar"`}) {
		t.Errorf("page: %+v", p)
	}
	want := []File{
		{Filename: "foo-1.0.tar.gz", URL: "https://index.example.invalid/p/foo-1.0.tar.gz", Digests: digests(t, "sha256:"+hexA), RequiresPython: ">=3.8",
			Yanked: true, YankReason: `broken "it"`, CoreMetadata: true, CoreMetadataDigests: digests(t, "sha256:"+hexB), Provenance: "https://index.example.invalid/x"},
		{Filename: "foo-1.0+l-py3-none-any.whl", URL: "https://index.example.invalid/mirror/foo-1.0%2Bl-py3-none-any.whl", Yanked: true, CoreMetadata: true},
		{Filename: "foo-2.0.zip", URL: "https://index.example.invalid/mirror/foo-2.0.zip?x=1"},
	}
	if !reflect.DeepEqual(p.Files, want) {
		t.Errorf("files:\n got %+v\nwant %+v", p.Files, want)
	}
	if a := p.Artifact(1, ""); a.Project != "foo" || a.Version != "1.0+l" || a.Ecosystem != assay.PyPI {
		t.Errorf("artifact: %+v", a)
	}
}

func TestMalformedHTML(t *testing.T) {
	for in, want := range map[string]string{
		``:                                      `it is empty`,
		`<a href="foo-1.zip" href="bar-1.zip">`: `the attribute "href" is given twice at byte 0`,
		`<a href="foo-1.zip" data-yanked DATA-YANKED="x">`: `the attribute "DATA-YANKED" is given twice at byte 0`,
		`<a href="foo-1.zip`:                                           `it ends inside a tag`,
		`<a href="foo-1.zip">foo-1.zip</a`:                             `it ends inside a tag`,
		`<a href="foo-1.zip">bar-1.zip</a>`:                            `the link to "foo-1.zip" says that it is "bar-1.zip"`,
		`<a href="foo-1.zip">bar-1<b>.zip`:                             `the link to "foo-1.zip" says that it is "bar-1.zip"`,
		`<a href="foo-1.zip">&#98;ar-1.zip<a>`:                         `the link to "foo-1.zip" says that it is "bar-1.zip"`,
		`<a href="javascript:/foo-1.zip">`:                             `the URL of a link at byte 0 is not an http or https URL`,
		`<a href="java&#115;cript:/foo-1.zip">`:                        `the URL of a link at byte 0 is not an http or https URL`,
		`<a href="data:,/foo-1.zip">`:                                  `the URL of a link at byte 0 is not an http or https URL`,
		`<a href="file:///foo-1.zip#x">`:                               `the URL of a link at byte 0 is not an http or https URL`,
		`<a href="https://a/%2e./foo-1.zip">`:                          `the URL of a link at byte 0 hides dot segments`,
		`<a href="https://a\foo-1.zip">`:                               `the URL of a link at byte 0 is not valid`,
		"<a href=\"https://a/\tfoo-1.zip\">":                           `the URL of a link at byte 0 is not valid`,
		`<a href="foo-1.zip/">`:                                        `the URL of a link at byte 0 has a slash behind a file's name`,
		`<a href="foo-1.zip/%2f?x">`:                                   `the URL of a link at byte 0 has a slash behind a file's name`,
		`<a href="x/%zz/foo-1%2ezip">`:                                 `the URL of a link at byte 0 is not valid`,
		`<a href="foo-1.zip#egg=foo-2">`:                               `the URL of a link at byte 0 has an egg fragment, by which installers rename what it leads to`,
		`<a href="odd#egg=foo&amp;egg=foo-2&amp;x">`:                   `the URL of a link at byte 0 has an egg fragment, by which installers rename what it leads to`,
		`<a href="odd?x&amp;egg=foo-2">`:                               `the URL of a link at byte 0 has an egg fragment, by which installers rename what it leads to`,
		`<a href="x%2f..%2ffoo-1.zip">`:                                `the URL of a link at byte 0 hides dot segments`,
		`<a href="x%2f..foo-1.zip">`:                                   `the file name "x/..foo-1.zip": it holds a path separator: not a valid distribution file name`,
		`<a href="foo%00-1.zip">`:                                      `the file name "foo\x00-1.zip": it holds a control character: not a valid distribution file name`,
		`<a href="foo-1.zip#sha256=00">`:                               `the URL of "foo-1.zip" has a fragment in which a sha256 digest has 64 hex digits, not 2`,
		`<a href="foo-1.zip#sha256=` + hexA + `&sha256=` + hexB + `">`: `the URL of "foo-1.zip" has a fragment in which sha256: two digests of one algorithm differ`,
		`<a href="foo-1.zip" data-core-metadata="yes">`:                `the attribute data-core-metadata of "foo-1.zip": "yes" is neither true nor a hash`,
		`<a href="foo-1.zip" data-core-metadata="sha256=zz">`:          `the attribute data-core-metadata of "foo-1.zip": a sha256 digest has 64 hex digits, not 2`,
		`<a href="foo-1.zip" data-provenance="/x">`:                    `the attribute data-provenance of "foo-1.zip": a provenance URL is not an absolute https URL`,
		`<title><a href="foo-1.zip"></title>`:                          `text that not all parsers take for text holds a link at byte 7`,
		`<textarea><A` + "\n" + `href="foo-1.zip"></textarea>`:         `text that not all parsers take for text holds a link at byte 10`,
		`<plaintext><a href="foo-1.zip">`:                              `text that not all parsers take for text holds a link at byte 11`,
		`<script>"<base href=x>"</script>`:                             `text that not all parsers take for text holds a link at byte 8`,
		`<!--><a href="foo-1.zip">-->`:                                 ``,
		`<!-- x --!><a href="foo-1.zip"> -->`:                          ``,
		`<!-- x --!> y <a href="foo-1.zip"> -- z -->`:                  ``,
		`<![CDATA[<a href="foo-1.zip">]]>`:                             `a comment that not all parsers end alike holds a link at byte 0`,
		`<?x <a href="foo-1.zip">?>`:                                   `a comment that not all parsers end alike holds a link at byte 0`,
		`<!-- -- <a href="foo-1.zip"> -->`:                             `a comment that not all parsers end alike holds a link at byte 0`,
		`<!DOCTYPE x "<a href='foo-1.zip'">`:                           `a declaration holds a link at byte 0`,
		`<a href="foo-1.zip"></a><base href="https://a.invalid/">`:     `a base element stands behind a link or another base at byte 24`,
		`<base href="/a/"><base href="/b/">`:                           `a base element stands behind a link or another base at byte 17`,
		`<base href="javascript:x">`:                                   `the URL of the base element is not an http or https URL`,
		`<meta name="pypi:repository-version" content="2.0">`:          `its API version "2.0" is not 1.N`,
		`<meta name="pypi:repository-version">`:                        `its API version "" is not 1.N`,
		`<meta name="pypi:repository-version" content="1.0"><meta name="pypi:repository-version" content="1.1">`: `it states its API version twice`,
		`<a ` + strings.Repeat("x ", 70) + `>`:           `a tag has more than 64 attributes`,
		`<a x y x>`:                                      `the attribute "x" is given twice at byte 0`,
		"<p\x00><a href=foo-1.zip>":                      `it holds a null character at byte 0`,
		`<p x="<a href='foo-1.zip'>">`:                   `a tag holds a link at byte 0`,
		`</p <a href='foo-1.zip'>`:                       `a tag holds a link at byte 0`,
		"<a href=foo-1.zip\u00a0x>":                      `an attribute that not all parsers read alike stands at byte 3`,
		"<a href==foo-1.zip>":                            `an attribute that not all parsers read alike stands at byte 3`,
		"<a href=\"foo-1.zip\"x>":                        `an attribute that not all parsers read alike stands at byte 3`,
		"<a =href=foo-1.zip>":                            `an attribute that not all parsers read alike stands at byte 3`,
		`<a "href=foo-1.zip>`:                            `an attribute that not all parsers read alike stands at byte 3`,
		`<p>` + strings.Repeat("x", 300<<10):             `a tag, comment or text is longer than 262144 bytes`,
		`<a href="` + strings.Repeat("x", 70<<10) + `">`: `an attribute is longer than 65536 bytes`,
	} {
		p, err := ParsePage("application/vnd.pypi.simple.v1+html", []byte(in), testBase)
		var bad *PageError
		if want == "" {
			// The link is there for some parsers: it is either listed or refused.
			if err == nil && len(p.Files) != 1 {
				t.Errorf("%.200s hides a link", in)
			}
			continue
		}
		if !errors.As(err, &bad) || bad.Detail != want {
			t.Errorf("%.200s\n got %v\nwant %s", in, err, want)
		}
	}
}
