package report

import (
	"strings"
	"testing"
	"time"
)

// TestDiffOrder shows that what should be looked at first stands first, and that a
// table for a comment is cut, not broken.
func TestDiffOrder(t *testing.T) {
	d := NewDiff("old", "new", []Change{
		{Project: "gone", Kind: Removed},
		{Project: "calm", Kind: Changed},
		{Project: "one", Kind: Changed, Signals: []Signal{{Weight: Alarming, Text: "a"}}},
		{Project: "two", Kind: Changed, Signals: []Signal{{Weight: Suspicious, Text: "s"}, {Weight: Alarming, Text: "a"}}},
		{Project: "fresh", Kind: Added, Signals: []Signal{{Weight: Notable, Text: "n"}}},
		{Project: "refused", Kind: Changed, Signals: []Signal{{Weight: Refused, Text: "r", Code: "lock.other-digest"}}},
	})
	var got []string
	for _, c := range d.Changes {
		got = append(got, c.Project)
	}
	if order := strings.Join(got, " "); order != "refused two one fresh calm gone" {
		t.Errorf("the order is %s", order)
	}
	if !d.Refused() {
		t.Error("something is refused")
	}
	var many []Change
	for range 2000 {
		many = append(many, Change{Project: "p", Kind: Added, After: Pinned{Versions: []string{"1.0 | @all <b>"}}})
	}
	var b strings.Builder
	if err := NewDiff("old", "new", many).WriteMarkdown(&b, time.Now()); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if len(text) > 65536 || !strings.Contains(text, "more changes.") || strings.Contains(text, "@all") || strings.Contains(text, "<b>") {
		t.Errorf("%d bytes:\n%s", len(text), text[len(text)-300:])
	}
}
