package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"assay/internal/report"
)

// progressAfter is how long a command may take before it says what it is doing.
const progressAfter = time.Second

// progress shows on a terminal how far a longer command is, on one line of
// stderr that disappears at the end. In a pipe it shows nothing.
type progress struct {
	w     io.Writer
	verb  string
	total int

	mu      sync.Mutex
	n       int
	started time.Time
	shown   bool
}

func (a *app) newProgress(verb string, total int) *progress {
	p := &progress{verb: verb, total: total, started: time.Now()}
	if isTerminal(a.stderr) {
		p.w = a.stderr
	}
	return p
}

// step says that one more is done.
func (p *progress) step(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	if p.w != nil && time.Since(p.started) > progressAfter {
		fmt.Fprintf(p.w, "\r\x1b[Kassay: %s %d of %d: %.60s", p.verb, p.n, p.total, report.Line(name))
		p.shown = true
	}
}

func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// defaultWidth is the width of text that does not go to a terminal.
const defaultWidth = 100

// text is how a report looks on w.
func (a *app) text(w io.Writer) report.Text {
	t := report.Text{Width: defaultWidth}
	if f, ok := w.(*os.File); ok && isTerminal(w) {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			t.Width = columns
		}
		t.Color = a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
	}
	switch a.color {
	case "always":
		t.Color = true
	case "never":
		t.Color = false
	}
	return t
}
