package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestCollectLater(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	percent := func() uint64 {
		sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	(&app{env: []string{"GOGC=50"}}).collectLater()
	if got := percent(); got != 100 {
		t.Errorf("against GOGC it is %d", got)
	}
	(&app{}).collectLater()
	if got := percent(); got != firstCollection {
		t.Errorf("it is %d", got)
	}
	for end := time.Now().Add(10 * time.Second); percent() != 100; time.Sleep(time.Millisecond) {
		if runtime.GC(); time.Now().After(end) {
			t.Fatalf("after a collection it is still %d", percent())
		}
	}
}
