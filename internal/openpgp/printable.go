package openpgp

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns a text from outside, such as a user id or a notation, so that it can be
// shown in a terminal or a page: control characters, marks that turn the direction of
// writing, other invisible ones and broken UTF-8 are escaped as Go does, and what is beyond
// 512 bytes is left out with an ellipsis.
func Printable(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		if i >= maxPrintable {
			out.WriteString("…")
			break
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			out.WriteString(`\x` + strconv.FormatUint(uint64(s[i])|0x100, 16)[1:])
		case unicode.IsPrint(r) && r != '\\':
			out.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			out.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return out.String()
}
