package installer

import "strings"

// flags are the options of a command line that a reader asked for.
type flags map[string][]string

// last returns the last value given for an option.
func (f flags) last(name string) (string, bool) {
	v := f[name]
	if len(v) == 0 {
		return "", false
	}
	return v[len(v)-1], true
}

// grammar says how an installer spells the options that matter here.
type grammar struct {
	valued   map[string]string // long options with a value: spelling to name
	switches map[string]string // long options without
	short    map[byte]string   // short options with a value; the name is empty where it does not matter
	abridged bool              // a long option may be cut short while it stays unique (optparse)
	others   []string          // other long options that a cut one may stand for, and does not matter then
}

// parse finds options in arguments. It ends at "--". A word that is the value of
// an option that the grammar does not know is looked at as well: something may
// be found that is none, and nothing is missed.
func (g grammar) parse(args []string) flags {
	out := flags{}
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return out
		case strings.HasPrefix(a, "--"):
			spelling, value, inline := strings.Cut(a, "=")
			if name, ok := g.match(g.switches, spelling); ok {
				out[name] = append(out[name], "true")
				continue
			}
			name, ok := g.match(g.valued, spelling)
			if !ok {
				continue
			}
			if !inline && i+1 < len(args) {
				i++
				value = args[i]
			}
			out[name] = append(out[name], value)
		case len(a) > 1 && a[0] == '-':
			i += g.cluster(out, a[1:], args[i+1:])
		}
	}
	return out
}

// cluster reads short options that stand together: -Ui URL, -iURL. It returns
// how many further arguments it took.
func (g grammar) cluster(out flags, letters string, rest []string) int {
	for i := 0; i < len(letters); i++ {
		name, ok := g.short[letters[i]]
		if !ok {
			continue
		}
		value, taken := strings.TrimPrefix(letters[i+1:], "="), 0
		if i+1 == len(letters) && len(rest) > 0 {
			value, taken = rest[0], 1
		}
		if name != "" {
			out[name] = append(out[name], value)
		}
		return taken
	}
	return 0
}

func (g grammar) match(options map[string]string, spelling string) (string, bool) {
	if name, ok := options[spelling]; ok {
		return name, true
	}
	if !g.abridged || len(spelling) < 4 {
		return "", false
	}
	for _, other := range g.others {
		if spelling == other {
			return "", false
		}
	}
	for full, name := range options {
		if strings.HasPrefix(full, spelling) {
			return name, true
		}
	}
	return "", false
}
