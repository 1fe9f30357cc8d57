package main

import (
	"runtime"
	"runtime/debug"
)

// firstCollection is the heap, in percent of the runtime's 4 MiB, that is reached
// before garbage is collected the first time: 32 MiB.
const firstCollection = 800

// collectLater saves short runs from collecting garbage at all, which would be
// the costliest part of their start. From the first collection on the heap grows
// as it always does. GOGC, where it is set, has the word.
func (a *app) collectLater() {
	if a.getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(firstCollection)
	sentinel := new([16]byte) // found dead by the first collection
	runtime.AddCleanup(sentinel, func(int) { debug.SetGCPercent(100) }, 0)
}
