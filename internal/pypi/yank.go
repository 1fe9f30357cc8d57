package pypi

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// WithYanked returns the page's body with exactly the given files (index in
// Files, with the reason) marked as yanked, and everything else byte for byte
// as it was: other files keep the marks that they have. Reasons are shown by
// installers: control characters in them become spaces, and what is longer than
// 8 KiB is cut. It returns an error for an index that is not in Files, and for
// a page that ParsePage did not make.
func (p *Page) WithYanked(reasons map[int]string) ([]byte, error) {
	size, files := len(p.body), len(p.marks)
	if p.api != nil {
		files = len(p.api.files)
	}
	for i, reason := range reasons {
		if i < 0 || i >= files {
			return nil, fmt.Errorf("marking as yanked: the page has no file %d", i)
		}
		size += len(reason) + len(reason)/4 + 32
	}
	if p.api != nil {
		return p.api.withYanked(p.body, reasons), nil
	}
	out := make([]byte, 0, size)
	done := 0
	for i, m := range p.marks {
		reason, ok := reasons[i]
		if !ok {
			continue
		}
		out = append(out, p.body[done:m.start]...)
		out = appendYank(out, p.Format, m.found, cleanReason(reason))
		done = m.end
	}
	return append(out, p.body[done:]...), nil
}

// appendYank appends what stands in the place of a mark.
func appendYank(out []byte, format Format, found bool, reason string) []byte {
	if format == HTML {
		if !found {
			out = append(out, ' ')
		}
		out = append(out, `data-yanked="`...)
		out = append(out, html.EscapeString(reason)...)
		return append(out, '"')
	}
	if !found {
		out = append(out, `"yanked":`...)
	}
	if reason == "" {
		out = append(out, "true"...) // an empty string is no yank for pip
	} else {
		out = appendText(out, reason)
	}
	if !found {
		out = append(out, ',')
	}
	return out
}

// appendText appends a JSON string of text without control characters.
func appendText(out []byte, s string) []byte {
	out = append(out, '"')
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == '"' || c == '\\' {
			out = append(out, '\\')
		}
		out = append(out, s[i])
	}
	return append(out, '"')
}

// cleanReason makes a reason fit for any page.
func cleanReason(s string) string {
	s = cutText(s, maxYank)
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
}
