package inventory

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"assay/internal/index"
)

// errDirectURL means that a direct_url.json cannot be read without doubt.
var errDirectURL = errors.New("not a direct_url.json")

// directURL is a direct_url.json ("Recording the Direct URL Origin of installed
// distributions", PEP 610). Exactly one of the three infos is there:
//
//	{"url": "https://git.example/p.git", "vcs_info": {"vcs": "git", "commit_id": "1f0e…"}}
//	{"url": "https://files.example/p-1.0.zip", "archive_info": {"hashes": {"sha256": "9b…"}}}
//	{"url": "file:///home/me/p", "dir_info": {"editable": true}}
type directURL struct {
	URL  string         `json:"url"`
	VCS  jsontext.Value `json:"vcs_info"`
	File jsontext.Value `json:"archive_info"`
	Dir  jsontext.Value `json:"dir_info"`
}

func parseDirectURL(text []byte) (Source, string, error) {
	var d directURL
	if err := unmarshal(text, &d); err != nil {
		return Unknown, "", err
	}
	u, err := url.Parse(d.URL)
	if err != nil || d.URL == "" {
		return Unknown, "", fmt.Errorf("%w: its URL cannot be read", errDirectURL)
	}
	where := shown(index.RedactString(d.URL))
	var infos []Source
	if d.VCS != nil {
		var info struct {
			VCS string `json:"vcs"`
		}
		if err := unmarshal(d.VCS, &info); err != nil || info.VCS == "" {
			return Unknown, "", fmt.Errorf("%w: vcs_info names no version control", errDirectURL)
		}
		infos = append(infos, VCS)
	}
	if d.File != nil {
		source := Direct
		if strings.EqualFold(u.Scheme, "file") {
			source = Local
		}
		if err := unmarshal(d.File, &struct{}{}); err != nil {
			return Unknown, "", err
		}
		infos = append(infos, source)
	}
	if d.Dir != nil {
		var info struct {
			Editable bool `json:"editable"`
		}
		if err := unmarshal(d.Dir, &info); err != nil {
			return Unknown, "", err
		}
		source := Local
		if info.Editable {
			source = Editable
		}
		infos = append(infos, source)
	}
	if len(infos) != 1 {
		return Unknown, "", fmt.Errorf("%w: it has %d infos, not one", errDirectURL, len(infos))
	}
	return infos[0], where, nil
}

// unmarshal reads an object: UTF-8, no name twice, no null.
func unmarshal(text []byte, to any) error {
	v := jsontext.Value(text)
	if depth(text) > maxJSONDepth {
		return fmt.Errorf("%w: it is nested too deeply", errDirectURL)
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("%w: %w", errDirectURL, err)
	}
	if v.Kind() != '{' {
		return fmt.Errorf("%w: not an object", errDirectURL)
	}
	return nil
}

// depth is an upper bound of how deeply a text is nested.
func depth(text []byte) (most int) {
	now := 0
	for _, c := range text {
		switch c {
		case '{', '[':
			now++
			most = max(most, now)
		case '}', ']':
			now--
		}
	}
	return most
}

// shown makes a text that others wrote fit to be shown in one line.
func shown(s string) string {
	if len(s) > maxShown {
		cut := maxShown
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return '�'
		}
		return r
	}, s)
}
