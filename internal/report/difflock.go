package report

import (
	"fmt"
	"strings"
)

// writeLock writes what is to be said of the lock as a whole, in front of its packages.
func (d Diff) writeLock(b *strings.Builder, t Text) {
	for _, s := range d.Lock {
		t.writeWrapped(b, "  ", marks[s.Weight]+" "+t.prose(s.Text))
	}
}

// markdownLock is [Diff.writeLock] for a comment: a list, which no table cuts off.
func (d Diff) markdownLock(b *strings.Builder) {
	for i, s := range d.Lock {
		if i == 0 {
			b.WriteByte('\n')
		}
		text := mdText(s.Text)
		if s.Weight >= Suspicious {
			text = "**" + text + "**"
		}
		fmt.Fprintf(b, "- %s %s\n", strings.TrimSpace(marks[s.Weight]), text)
	}
}

func jsonSignals(of []Signal) []jsonSignal {
	out := []jsonSignal{}
	for _, s := range of {
		out = append(out, jsonSignal{weightNames[s.Weight], s.Text, string(s.Code)})
	}
	return out
}
