package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// words are what sources and descriptions are made of.
var words = bytes.Fields([]byte(`able account action active address agent amount answer apply array base batch before
binary block body bound branch buffer build bytes cache call case chain change channel check choice class clean client clock
close code column command common config connect content context copy count cover create cursor data date debug decode default
delay delta depth detail device digest direct domain double draft drive driver duration edge edit encode engine entry error
event exact except expire export extra factor fail fetch field file filter final first flag float flow folder form format frame
front future gather global grant graph group guard handle hash header height hidden host image import index inner input insert
integer invoke item join key kind label large layer layout leaf left length level limit line link list load local lock logic
lookup loop manager map margin mask match matrix maximum member merge message method minimum minor mode model module monitor
move name native nested network node normal notice number object offset open operand option order origin other outer output
owner packet page parent parse part past path pattern pause peer period phase plain plan point policy pool port position prefix
present price process product profile project proper proxy public query queue quote radius range rate ratio raw reader ready
reason record reduce refer region register relation release remote render repeat reply report request reset resolve resource
response result retry return reverse right role root route row rule sample scale scan schedule schema scope score script search
second section segment select send sequence serial series server service session setting shape share shift sign signal simple
single size skip slice slot socket sort source space span split stable stack stage start state static status step storage store
stream string style subject submit suffix sum switch symbol table tag target task template term test text thread time title
token total trace track transfer tree trigger tuple type unit update upper usage user valid value vector verify version view
visit volume wait watch weight width window word worker write yield zone`))

// maker makes the same bytes for the same seed.
type maker struct {
	*rand.Rand
	b     bytes.Buffer
	words [][]byte // in use: a module speaks of few things, and often
}

func newMaker(seed string) *maker {
	var key [32]byte
	copy(key[:], seed)
	return &maker{Rand: rand.New(rand.NewChaCha8(key)), words: words}
}

func (m *maker) word() []byte { return m.words[m.IntN(len(m.words))] }

// subject chooses the words of a module.
func (m *maker) subject() {
	from := m.IntN(len(words) - vocabulary)
	m.words = words[from : from+vocabulary]
}

// vocabulary is how many words a module has.
const vocabulary = 50

// take returns what was made, in a slice of its own.
func (m *maker) take() []byte {
	out := bytes.Clone(m.b.Bytes())
	m.b.Reset()
	return out
}

// sentence writes n words.
func (m *maker) sentence(n int) {
	for i := range n {
		if i > 0 {
			m.b.WriteByte(' ')
		}
		m.b.Write(m.word())
	}
}

// source is a Python module of about size bytes that compiles, and compresses to
// between a third and a quarter, as sources do.
func (m *maker) source(size int) []byte {
	m.subject()
	m.b.WriteString("\"\"\"")
	m.sentence(min(8, size/20))
	m.b.WriteString(".\"\"\"\n")
	for m.b.Len() < size {
		a, b, c, d := m.word(), m.word(), m.word(), m.word()
		fmt.Fprintf(&m.b, "\n\ndef %s_%s_%d(%s_, %s_=None, *rest, **options):\n    \"\"\"", a, b, m.IntN(1000), c, d)
		m.sentence(6 + m.IntN(20))
		fmt.Fprintf(&m.b, ".\"\"\"\n    if %s_ is None:\n        raise ValueError(\"", c)
		m.sentence(3 + m.IntN(6))
		m.b.WriteString("\")\n    total = 0\n")
		for range m.IntN(12) {
			m.statement(c)
		}
		fmt.Fprintf(&m.b, "    return total, %s_\n", d)
	}
	return m.take()
}

// statement writes one statement of a function's body.
func (m *maker) statement(argument []byte) {
	x, y := m.word(), m.word()
	switch m.IntN(4) {
	case 0:
		fmt.Fprintf(&m.b, "    for %s_%s in options.get(\"%s\", ()):\n        total += %s_.%s(%s_%s, %d)\n", x, y, y, argument, y, x, y, m.IntN(5000))
	case 1:
		fmt.Fprintf(&m.b, "    %s_%s = {\"%s\": %s_, \"%s\": [%d, %d, total]}\n", x, y, x, argument, y, m.IntN(5000), m.IntN(100))
	case 2:
		fmt.Fprintf(&m.b, "    # %s %s %s\n    if total > %d and not rest:\n        total -= len(options) * %d\n", x, y, m.word(), m.IntN(5000), m.IntN(100))
	default:
		fmt.Fprintf(&m.b, "    total = max(total, %s_.%s_%s(total, key=\"%s\"))\n", argument, x, y, m.word())
	}
}

// library is size bytes like machine code: about two fifths remain of them.
func (m *maker) library(size int) []byte { return m.mixed(size, 0.38) }

// mixed is size bytes of which about the share given remains when compressed:
// that share is random, the rest repeats.
func (m *maker) mixed(size int, share float64) []byte {
	const run = 64
	out := make([]byte, 0, size+run)
	random := int(share * run)
	var filler [run]byte
	for i := range filler {
		filler[i] = byte(i)
	}
	for len(out) < size {
		for n := 0; n < random; n += 8 {
			out = binary.LittleEndian.AppendUint64(out, m.Uint64())
		}
		out = append(out, filler[:run-random]...)
	}
	return out[:size]
}

// description is the text below a METADATA file's fields.
func (m *maker) description(size int) []byte {
	for m.b.Len() < size {
		m.sentence(12)
		m.b.WriteByte('\n')
	}
	return m.take()
}
