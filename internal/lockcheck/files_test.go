package lockcheck

import (
	"strings"
	"testing"

	"assay"
)

// TestWeakly: a weak hash decides nothing, and contradicts all the same.
func TestWeakly(t *testing.T) {
	md5 := func(b string) assay.Digest { return assay.Digest{Algorithm: "md5", Hex: strings.Repeat(b, 32)} }
	page := []assay.Digest{md5("a"), sha("b")}
	for _, c := range []struct {
		lock []string
		want string
	}{
		{nil, ""},
		{[]string{md5("a").String()}, ""},
		{[]string{"sha1:00"}, ""},
		{[]string{md5("c").String()}, md5("c").String() + " in the lock and " + md5("a").String()},
	} {
		if got := weakly(c.lock, page); got != c.want {
			t.Errorf("%v: %q, want %q", c.lock, got, c.want)
		}
	}
}
