package pypi

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"assay"
)

// TestStanding reads what pages say of their project, and asserts that a page that is
// handed on with marks says the same.
func TestStanding(t *testing.T) {
	long := strings.Repeat("é", maxStanding)
	for _, c := range []struct {
		json, html string
		want       assay.Standing
	}{
		{`null`, ``, assay.Standing{}},
		{`{}`, `<meta name="pypi:project-status">`, assay.Standing{}},
		{`{"status":"active"}`, `<meta name="pypi:project-status" content="active">`, assay.Standing{Status: assay.StatusActive}},
		{`{"x":[1],"status":"archived","reason":"no time"}`, `<meta content="no time" name="pypi:project-status-reason"><meta name=pypi:project-status content=archived>`,
			assay.Standing{Status: assay.StatusArchived, Reason: "no time"}},
		{`{"status":"quarantined","reason":null}`, `<META NAME='pypi:project-status' CONTENT='quar&#97;ntined'>`, assay.Standing{Status: assay.StatusQuarantined}},
		{`{"reason":"use \"bar\"","status":"deprecated"}`, `<meta name="pypi:project-status" content="deprecated"/><meta name="pypi:project-status-reason" content="use &quot;bar&quot;">`,
			assay.Standing{Status: assay.StatusDeprecated, Reason: `use "bar"`}},
		{`{"status":"deprecated","reason":"` + long + `"}`, `<meta name="pypi:project-status" content="deprecated"><meta name="pypi:project-status-reason" content="` + long + `">`,
			assay.Standing{Status: assay.StatusDeprecated, Reason: long[:maxStanding]}},
		{`{"status":"haunted","reason":"it is"}`, `<meta name="pypi:project-status" content="haunted"><meta name="pypi:project-status-reason" content="it is">`, assay.Standing{}},
		{`{"status":"Archived"}`, `<meta name="pypi:project-status" content=" archived">`, assay.Standing{}},
		{`{"status":"","reason":"it is"}`, `<meta name="pypi:project-status-reason" content="it is">`, assay.Standing{}},
		{`{"status":null,"reason":"it is"}`, `<meta name="project-status" content="archived">`, assay.Standing{}},
	} {
		for contentType, body := range map[string]string{
			typeJSON:    `{"meta":{"api-version":"1.4"},"files":[{` + good + `}],"project-status":` + c.json + `}`,
			"text/html": c.html + `<a href="foo-1.zip">foo-1.zip</a>`,
		} {
			p, err := ParsePage(contentType, []byte(body), testBase)
			if err != nil || p.Standing != c.want || p.Artifact(0, "").Standing != c.want {
				t.Errorf("%.200s: %+v, %v", body, p, err)
				continue
			}
			edited, err := p.WithYanked(map[int]string{0: "refused"})
			if err != nil {
				t.Fatal(err)
			}
			again, err := ParsePage(contentType, edited, testBase)
			if err != nil || !again.Files[0].Yanked || again.Standing != c.want {
				t.Errorf("%.200s: edited %+v, %v", body, again, err)
			}
		}
	}
}

// TestStandingCut asserts that no part of a character is left of a long reason.
func TestStandingCut(t *testing.T) {
	if got := standing("archived", "x"+strings.Repeat("é", maxStanding)).Reason; got != "x"+strings.Repeat("é", (maxStanding-1)/2) {
		t.Errorf("%d bytes, ending in %q", len(got), got[len(got)-4:])
	}
}

func TestMalformedStanding(t *testing.T) {
	in := func(status string) string {
		return `{"meta":{"api-version":"1.4"},"files":[],"project-status":` + status + `}`
	}
	at := len(in("")) - 1
	for contentType, bodies := range map[string]map[string]string{
		typeJSON: {
			in(`"archived"`):      fmt.Sprintf(`'{' is expected at byte %d`, at),
			in(`[]`):              fmt.Sprintf(`'{' is expected at byte %d`, at),
			in(`{"status":4}`):    fmt.Sprintf(`a string is expected at byte %d`, at+10),
			in(`{"status":{}}`):   fmt.Sprintf(`a string is expected at byte %d`, at+10),
			in(`{"reason":true}`): fmt.Sprintf(`a string is expected at byte %d`, at+10),
			in(`{"status":"archived","status":"archived"}`):             fmt.Sprintf(`the name "status" is given twice at byte %d`, at+30),
			in(`{"reason":"a","re\u0061son":"a"}`):                      fmt.Sprintf(`the name "reason" is given twice at byte %d`, at+28),
			in(`{"x":1,"x":1}`):                                         fmt.Sprintf(`the name "x" is given twice at byte %d`, at+11),
			in(`{},"project-status":{}`):                                fmt.Sprintf(`the name "project-status" is given twice at byte %d`, at+20),
			in(`{"status":"` + strings.Repeat("a", maxString+1) + `"}`): fmt.Sprintf(`a string is longer than 65536 bytes at byte %d`, at+10+maxString+3),
		},
		"text/html": {
			`<meta name="pypi:project-status" content="active"><meta name="pypi:project-status" content="quarantined">`: "it states the project's status twice",
			`<meta name="pypi:project-status"><meta name="pypi:project-status" content="quarantined">`:                  "it states the project's status twice",
			`<meta name="pypi:project-status-reason" content="a"><a href="x"><meta name="pypi:project-status-reason">`:  "it states the project's status twice",
			`<meta name="pypi:project-status" content="active" content="quarantined">`:                                  `the attribute "content" is given twice at byte 0`,
		},
	} {
		for body, want := range bodies {
			_, err := ParsePage(contentType, []byte(body), testBase)
			var bad *PageError
			if !errors.As(err, &bad) || bad.Detail != want {
				t.Errorf("%.150s\n got %v\nwant %s", body, err, want)
			}
		}
	}
}
