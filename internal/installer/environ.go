package installer

import (
	"runtime"
	"strings"
)

// Environ is a process's environment as os.Environ returns it: "KEY=value".
type Environ []string

// Lookup returns the value of a variable, and whether it is set.
func (e Environ) Lookup(key string) (string, bool) {
	for i := len(e) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(e[i], "="); ok && sameKey(k, key) {
			return v, true
		}
	}
	return "", false
}

// Get returns the value of a variable, empty where it is not set.
func (e Environ) Get(key string) string {
	v, _ := e.Lookup(key)
	return v
}

// first returns the first of the variables that is set to something.
func (e Environ) first(keys ...string) (value, key string) {
	for _, k := range keys {
		if v := e.Get(k); v != "" {
			return v, k
		}
	}
	return "", ""
}

// truth reads a variable as uv and pip read their flags.
func (e Environ) truth(key string) bool { return truth(e.Get(key)) }

func truth(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "true", "t", "yes", "y", "on":
		return true
	}
	return false
}

// sameKey compares the names of variables as the system does.
func sameKey(a, b string) bool {
	if runtime.GOOS == "windows" {
		return strings.EqualFold(a, b)
	}
	return a == b
}
