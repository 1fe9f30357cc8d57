package report

import (
	"fmt"
	"slices"
	"strings"
)

// FromPlace is a package of which files come from no index but from a place with files
// (--find-links): a folder, or a page of links.
type FromPlace struct{ Project, Version, Where string }

// maxPlaces bounds how many places are named.
const maxPlaces = 20

// writePlaces names the places, each with the packages that come from there.
func (t Text) writePlaces(b *strings.Builder, all []FromPlace) {
	var places []string
	names := map[string][]string{}
	for _, f := range all {
		if !slices.Contains(places, f.Where) {
			places = append(places, f.Where)
		}
		if name := t.name(f.Project) + " " + t.name(f.Version); !slices.Contains(names[f.Where], name) {
			names[f.Where] = append(names[f.Where], name)
		}
	}
	for i, place := range places {
		if i == maxPlaces {
			t.writeWrapped(b, "  ", fmt.Sprintf("and from %d more places that are no index", len(places)-i))
			return
		}
		list, more := names[place], ""
		if extra := len(list) - maxLeftOut; extra > 0 {
			list, more = list[:maxLeftOut], fmt.Sprintf(" and %d more", extra)
		}
		t.writeWrapped(b, "  ", "from "+t.prose(place)+", which is no index: "+strings.Join(list, ", ")+more)
	}
}
