package intercept

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// usualMemory is the memory of the Go runtime up to which garbage may lie around. 50
// downloads of 100 MB hold some 75 MiB at once: their blocks, TLS, and what the
// archive reader keeps of each member. Left alone, the collector lets as much garbage
// lie beside that.
const usualMemory = 104 << 20

// BoundMemory has garbage collected more often once the process comes near to
// usualMemory. Where more than that is held the bound gives way, so that the
// collector never runs all the time. It works for the process as a whole, once; a
// limit that somebody has set already (GOMEMLIMIT) has the word.
func BoundMemory() {
	boundOnce.Do(func() {
		if debug.SetMemoryLimit(-1) == math.MaxInt64 {
			boundMemory()
		}
	})
}

var boundOnce sync.Once

// boundMemory sets the bound by what is held, and again after the next collection.
func boundMemory() {
	held := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(held)
	limit := int64(usualMemory)
	if v := held[0].Value; v.Kind() == metrics.KindUint64 {
		limit = limitFor(v.Uint64())
	}
	debug.SetMemoryLimit(limit)
	runtime.AddCleanup(new([16]byte), func(int) { boundMemory() }, 0) // found dead by the next collection
}

// limitFor is the bound for a heap of which so many bytes were held.
func limitFor(held uint64) int64 {
	return max(usualMemory, int64(held+held/4)+16<<20)
}
