package main

import (
	"errors"
	"strings"
	"testing"
)

// TestSay holds that nothing that an error or a warning quotes is obeyed by a
// terminal, or passes for a line of somebody else's.
func TestSay(t *testing.T) {
	var out strings.Builder
	a := &app{stderr: &out}
	a.complain(errors.New("reading \x1b]0;owned\a\x1b[2K: no\nand \u202e\u009b2K\r\xff\u00fc\n"), "ask \x1b[1A\x1b[2K for it")
	a.warn("%s is old", "x\x1b[31m")
	const want = `assay: error: reading \u{1b}]0;owned\u{7}\u{1b}[2K: no
assay: error: and \u{202e}\u{9b}2K\u{d}\xffü
assay: hint: ask \u{1b}[1A\u{1b}[2K for it
assay: warning: x\u{1b}[31m is old
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
