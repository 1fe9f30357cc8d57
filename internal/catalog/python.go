package catalog

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
)

// askerKey is the context's key for an asker.
type askerKey struct{}

// asker is the Python that packages are installed for, as far as the installer
// says: CPython 3.minor, and on Linux the C library, glibc or musl.
type asker struct {
	minor int
	libc  string
}

// AskedBy returns a context for requests of the installer with this User-Agent.
// pip and uv tell in it which Python they install for,
//
//	pip/26.0 {"distro":{"libc":{"lib":"glibc",…},…},"implementation":{"name":"CPython","version":"3.11.7"},…}
//
// and then of a page's newest release only the wheels for that Python are looked
// at ahead. What it says loosens nothing: every file is judged when it is asked
// for.
func AskedBy(ctx context.Context, userAgent string) context.Context {
	_, details, ok := strings.Cut(userAgent, " ")
	if !ok || len(details) > maxUserAgent {
		return ctx
	}
	var said struct {
		Implementation struct{ Name, Version string }
		Distro         struct{ Libc struct{ Lib string } }
	}
	if json.Unmarshal([]byte(details), &said) != nil || said.Implementation.Name != "CPython" {
		return ctx
	}
	version, ok := strings.CutPrefix(said.Implementation.Version, "3.")
	if !ok {
		return ctx
	}
	minor, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(minor)
	if err != nil || n < 0 {
		return ctx
	}
	return context.WithValue(ctx, askerKey{}, asker{n, said.Distro.Libc.Lib})
}

// maxUserAgent bounds the User-Agent that is read, in bytes.
const maxUserAgent = 4 << 10

// fits reports whether a file may be for the asker's Python: a source
// distribution, or a wheel whose tags (PEP 425) say so.
func (a asker) fits(filename string) bool {
	stem, wheel := strings.CutSuffix(filename, ".whl")
	parts := strings.Split(stem, "-")
	if !wheel || len(parts) < 5 {
		return true
	}
	pythons, abis, platforms := parts[len(parts)-3], parts[len(parts)-2], parts[len(parts)-1]
	if other := map[string]string{"glibc": "musllinux", "musl": "manylinux"}[a.libc]; other != "" && all(strings.ToLower(platforms), other) {
		return false
	}
	for tag := range strings.SplitSeq(strings.ToLower(pythons), ".") {
		kind, version := tag[:min(2, len(tag))], tag[min(2, len(tag)):]
		if kind != "py" && kind != "cp" {
			continue
		}
		minor, err := strconv.Atoi(strings.TrimPrefix(version, "3"))
		switch {
		case version == "3" || version == "":
			return true
		case err != nil || !strings.HasPrefix(version, "3"):
		case minor == a.minor, minor < a.minor && (kind == "py" || strings.Contains(strings.ToLower(abis), "abi3")):
			return true
		}
	}
	return false
}

// all reports whether every one of a wheel's tags begins with this.
func all(tags, beginning string) bool {
	for tag := range strings.SplitSeq(tags, ".") {
		if !strings.HasPrefix(tag, beginning) {
			return false
		}
	}
	return true
}
