package installer

import "strings"

// flags are what a command line says, by the names that its grammar gives to the
// options. What is no option is under words.
type flags map[string][]Setting

// words are the arguments that are no options.
const words = ""

// last returns the last value given for an option.
func (f flags) last(name string) (Setting, bool) {
	v := f[name]
	if len(v) == 0 {
		return Setting{}, false
	}
	return v[len(v)-1], true
}

// given reports whether an option is given at all.
func (f flags) given(name string) bool { return len(f[name]) > 0 }

// grammar says how an installer spells its options.
type grammar struct {
	valued   map[string]string // long options with a value: spelling to name
	switches map[string]string // long options without
	short    map[byte]string   // short options with a value
	unread   map[string]bool   // long options with a value that does not matter
	mute     string            // the letters of short ones
	toggles  map[byte]string   // short options without a value
	abridged bool              // a long option may be cut short while it stays unique (optparse, argparse)
}

// token is one option with its value, or one word.
type token struct {
	name  string // of an option that matters; words for a word, unread for another option
	value string
	end   int // how many arguments were read with it
}

// unread is the name of options that do not matter.
const unread = "-"

// tokens takes arguments apart. Behind "--" everything is a word. A word that is
// the value of an option that the grammar does not know counts as a word.
func (g grammar) tokens(args []string) []token {
	var out []token
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			for i++; i < len(args); i++ {
				out = append(out, token{words, args[i], i + 1})
			}
		case strings.HasPrefix(a, "--"):
			spelling, value, inline := strings.Cut(a, "=")
			name, valued := g.match(spelling)
			if valued && !inline && i+1 < len(args) {
				i++
				value = args[i]
			}
			if !valued {
				value = "true"
			}
			out = append(out, token{name, value, i + 1})
		case len(a) > 1 && a[0] == '-':
			found, taken := g.cluster(a[1:], args[i+1:])
			i += taken
			for _, t := range found {
				t.end = i + 1
				out = append(out, t)
			}
		default:
			out = append(out, token{words, a, i + 1})
		}
	}
	return out
}

// parse finds the options that matter, and the words.
func (g grammar) parse(args []string) flags {
	out := flags{}
	for _, t := range g.tokens(args) {
		switch t.name {
		case unread:
		case words:
			out[words] = append(out[words], Setting{t.value, commandLine})
		default:
			out[t.name] = append(out[t.name], Setting{t.value, "--" + t.name})
		}
	}
	return out
}

// commandLine is the origin of what is asked for without an option.
const commandLine = "command line"

// upTo returns the arguments up to and with the nth word: what stands behind it
// is another program's.
func (g grammar) upTo(n int, args []string) []string {
	for _, t := range g.tokens(args) {
		if t.name != words {
			continue
		}
		if n--; n == 0 {
			return args[:t.end]
		}
	}
	return args
}

// wordsOf returns the first n words, fewer where there are no more.
func (g grammar) wordsOf(n int, args []string) []string {
	var out []string
	for _, t := range g.tokens(args) {
		if t.name == words && len(out) < n {
			out = append(out, t.value)
		}
	}
	return out
}

// cluster reads short options that stand together: -Ui URL, -iURL. It returns
// how many further arguments it took.
func (g grammar) cluster(letters string, rest []string) (out []token, taken int) {
	for i := 0; i < len(letters); i++ {
		if name, ok := g.toggles[letters[i]]; ok {
			out = append(out, token{name: name, value: "true"})
			continue
		}
		name, ok := g.short[letters[i]]
		if !ok && strings.IndexByte(g.mute, letters[i]) >= 0 {
			name, ok = unread, true
		}
		if !ok {
			continue
		}
		value := strings.TrimPrefix(letters[i+1:], "=")
		if i+1 == len(letters) && len(rest) > 0 {
			value, taken = rest[0], 1
		}
		return append(out, token{name: name, value: value}), taken
	}
	return out, 0
}

// match finds the option for a spelling. Of those that one cut short may stand
// for, one that matters wins: an installer that knows more options than the
// grammar refuses it then, and nothing is missed.
func (g grammar) match(spelling string) (name string, valued bool) {
	if name, ok := g.valued[spelling]; ok {
		return name, true
	}
	if name, ok := g.switches[spelling]; ok {
		return name, false
	}
	if g.unread[spelling] {
		return unread, true
	}
	if !g.abridged || len(spelling) < 3 {
		return unread, false
	}
	found := ""
	for full := range g.valued {
		if strings.HasPrefix(full, spelling) && (found == "" || full < found) {
			found, name, valued = full, g.valued[full], true
		}
	}
	for full := range g.switches {
		if strings.HasPrefix(full, spelling) && found == "" {
			found, name, valued = full, g.switches[full], false
		}
	}
	if found != "" {
		return name, valued
	}
	for full := range g.unread {
		valued = valued || strings.HasPrefix(full, spelling)
	}
	return unread, valued
}
