package main

import (
	"fmt"
	"slices"
	"strings"

	"assay/internal/lockfile"
	"assay/internal/report"
)

// maxMarker bounds how much of a marker is shown, in characters.
const maxMarker = 160

// always stands for no marker.
const always = "none"

// conditions are the markers under which a package is installed: of its entries, and of
// those who ask for it where the lock says that.
type conditions struct{ own, asked []string }

// conditionsOf returns them by project. With none that bind a list is that of always alone.
func conditionsOf(lock *lockfile.Lock) map[string]conditions {
	own, asked := map[string][]string{}, map[string][]string{}
	put := func(into map[string][]string, name, marker string) {
		if marker = strings.TrimSpace(marker); marker == "" {
			marker = always
		}
		list := into[name]
		add(&list, marker)
		into[name] = list
	}
	for _, p := range lock.Packages {
		if p.OnlyNarrows() {
			continue
		}
		put(own, titleOf(p), p.Marker)
		for _, n := range p.Needs {
			put(asked, n.Name, n.Marker)
		}
	}
	for _, name := range lock.Roots {
		put(asked, name, "")
	}
	least := func(list []string) []string {
		if len(list) == 0 || slices.Contains(list, always) {
			return []string{always}
		}
		slices.Sort(list)
		return list
	}
	out := map[string]conditions{}
	for name := range own {
		out[name] = conditions{least(own[name]), least(asked[name])}
	}
	return out
}

// differs reports whether a package may be installed elsewhere than before.
func (c conditions) differs(from conditions) bool {
	return !slices.Equal(c.own, from.own) || !slices.Equal(c.asked, from.asked)
}

// compareConditions tells which markers changed. Fewer of the same, or some where there
// were none, narrow; what else they do is not worked out, and may let the package in where
// it was not.
func compareConditions(before, after conditions, say func(report.Weight, string, ...any)) {
	tell := func(what string, before, after []string) {
		if slices.Equal(before, after) {
			return
		}
		weight := report.Suspicious
		if slices.Contains(before, always) || len(without(after, before)) == 0 {
			weight = report.Notable
		}
		say(weight, "%s: %s → %s", what, shownMarkers(before), shownMarkers(after))
	}
	tell("its marker changed", before.own, after.own)
	tell("the markers under which it is asked for changed", before.asked, after.asked)
}

func shownMarkers(list []string) string {
	var out []string
	for _, m := range list {
		if runes := []rune(m); len(runes) > maxMarker {
			m = string(runes[:maxMarker]) + fmt.Sprintf("… (%d more characters)", len(runes)-maxMarker)
		}
		out = append(out, m)
	}
	if extra := len(out) - maxSources; extra > 0 {
		return fmt.Sprintf("%s or %d more", strings.Join(out[:maxSources], " or "), extra)
	}
	return strings.Join(out, " or ")
}
