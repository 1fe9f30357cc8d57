package installer

import "fmt"

// AroundError means that the installer is told to use another proxy than
// Assay's, and would so go around it.
type AroundError struct {
	Tool    Tool
	Setting string // "proxy", "https-proxy"
	Origin  string
}

// Error says what goes around, and where it is set.
func (e *AroundError) Error() string {
	return fmt.Sprintf("%q (%s) would send %s around assay", e.Setting, e.Origin, e.Tool)
}

// Hint names the way out.
func (e *AroundError) Hint() string {
	return "remove it, and set HTTPS_PROXY to the same proxy: assay uses that one itself"
}
