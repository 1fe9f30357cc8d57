package catalog

// recent is what was put in last, by a key.
type recent[V any] struct {
	now, before map[string]V
}

func (r *recent[V]) get(k string) (V, bool) {
	v, ok := r.now[k]
	if !ok {
		v, ok = r.before[k]
	}
	return v, ok
}

// put keeps at most that many values, and at least the half of them that came last.
func (r *recent[V]) put(k string, v V, most int) {
	if _, ok := r.now[k]; !ok && len(r.now) >= (most+1)/2 {
		r.before, r.now = r.now, nil
	}
	if r.now == nil {
		r.now = map[string]V{}
	}
	r.now[k] = v
}

// size is how many are kept, those twice that were put in anew.
func (r *recent[V]) size() int { return len(r.now) + len(r.before) }
