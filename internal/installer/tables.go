package installer

import (
	"maps"
	"slices"
)

// tables is a TOML file whose keys are not all known beforehand.
type tables struct {
	path string
	tree map[string]any
}

// layers are the files of one tool's settings, the strongest first.
type layers []tables

// layer reads a file and puts it in front of those that are weaker, if it is
// there.
func (r *reader) layer(weaker layers, path string, named bool) (layers, error) {
	if path == "" {
		return weaker, nil
	}
	data, err := r.file(path, named)
	if data == nil || err != nil {
		return weaker, err
	}
	t := tables{path: path}
	if err := decodeTOML(path, data, &t.tree); err != nil {
		return nil, err
	}
	return append(layers{t}, weaker...), nil
}

// get returns the value of the strongest file that has it, and that file.
func (l layers) get(keys ...string) (value any, origin string) {
	for _, t := range l {
		if v := descend(t.tree, keys); v != nil {
			return v, t.path
		}
	}
	return nil, ""
}

// names returns the keys below a table, of all files, in order.
func (l layers) names(keys ...string) []string {
	found := map[string]bool{}
	for _, t := range l {
		table, _ := descend(t.tree, keys).(map[string]any)
		for name := range table {
			found[name] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func descend(tree map[string]any, keys []string) any {
	var v any = tree
	for _, key := range keys {
		table, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = table[key]
	}
	return v
}

// text is a value that is a string, else empty.
func text(v any) string {
	s, _ := v.(string)
	return s
}
