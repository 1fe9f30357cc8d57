package intercept

import (
	"strings"
	"testing"
)

func TestReasonPhrases(t *testing.T) {
	for _, c := range [][3]string{
		{"it is wrong", "digest.mismatch", "assay: it is wrong (digest.mismatch)"},
		{"it is wrong", "", "assay: it is wrong"},
		{"naïve …\r\nX: y\x00\x7f", "a\nb", "assay: na?ve .  X: y (a b)"},
		{strings.Repeat("word ", 100), "c", "assay: " + strings.Repeat("word ", 37) + "w... (c)"},
		{strings.Repeat("ü", 400), "code", "assay: " + strings.Repeat("?", 183) + "... (code)"},
	} {
		if got := reasonPhrase(c[0], c[1]); got != c[2] || len(got) > maxReason {
			t.Errorf("%q is %d bytes, want %q", got, len(got), c[2])
		}
	}
}
