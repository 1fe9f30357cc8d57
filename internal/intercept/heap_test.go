package intercept

import "testing"

func TestLimitFor(t *testing.T) {
	for held, want := range map[uint64]int64{0: 104 << 20, 64 << 20: 104 << 20, 80 << 20: 116 << 20, 400 << 20: 516 << 20} {
		if got := limitFor(held); got != want {
			t.Errorf("with %d MiB held the limit is %d MiB, want %d", held>>20, got>>20, want>>20)
		}
	}
}
