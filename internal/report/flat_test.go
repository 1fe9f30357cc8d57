package report

import (
	"fmt"
	"strings"
	"testing"
)

// TestWritePlaces holds that each place is named once, shown as it may be, and few enough.
func TestWritePlaces(t *testing.T) {
	write := func(all []FromPlace) string {
		var b strings.Builder
		Text{}.writePlaces(&b, all)
		return b.String()
	}
	got := write([]FromPlace{{"demo", "1.0", "wheels"}, {"far", "2.0", "https://flat.example/"}, {"demo", "1.0", "wheels"}, {"evil", "\x1b[2K", "wheels\x1b[1m"}, {"plain", "1.0", "wheels"}})
	const want = `  from wheels, which is no index: demo 1.0, plain 1.0
  from https://flat.example/, which is no index: far 2.0
  from wheels\u{1b}[1m, which is no index: evil \u{1b}[2K
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	var many []FromPlace
	for i := range maxPlaces + 2 {
		many = append(many, FromPlace{"demo", "1.0", fmt.Sprintf("place-%d", i)})
	}
	for i := range maxLeftOut + 3 {
		many = append(many, FromPlace{"demo", fmt.Sprintf("2.%d", i), "place-0"})
	}
	lines := strings.Split(strings.TrimSuffix(write(many), "\n"), "\n")
	if len(lines) != maxPlaces+1 || !strings.HasSuffix(lines[0], ", demo 2.18 and 4 more") || lines[maxPlaces] != "  and from 2 more places that are no index" {
		t.Errorf("%d lines, the first %q, the last %q", len(lines), lines[0], lines[len(lines)-1])
	}
}
