package archive

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/flate"
)

// kept is a text that is read at the end. A small one is held as it is. A larger
// one is packed while it comes in: a text that a few bytes unpack to then costs a
// few bytes for as long as the file takes, also where many files come at once.
type kept struct {
	plain  []byte
	packed bytes.Buffer
	packer *flate.Writer // nil while plain holds the text
	size   int
}

func (k *kept) write(p []byte) {
	k.size += len(p)
	if k.packer == nil {
		if k.size <= maxPlainText {
			k.plain = append(k.plain, p...)
			return
		}
		k.packer, _ = flate.NewWriter(&k.packed, flate.BestSpeed) // errs for a wrong level only
		k.pack(k.plain)
		k.plain = nil
	}
	k.pack(p)
}

// pack cannot fail: a buffer takes everything.
func (k *kept) pack(p []byte) { _, _ = k.packer.Write(p) }

// close says that the text is complete.
func (k *kept) close() {
	if k.packer != nil {
		_ = k.packer.Close()
		k.packer = nil
	}
}

// text returns the text: nil only where what was packed here cannot be unpacked,
// which is a bug.
func (k *kept) text() []byte {
	if k.size <= maxPlainText {
		return append([]byte{}, k.plain...)
	}
	out := make([]byte, k.size)
	if _, err := io.ReadFull(flate.NewReader(&k.packed), out); err != nil {
		return nil
	}
	return out
}

// parsing is held while a large RECORD is compared, which takes many times its
// size: only so many at a time, however many files come at once. Nobody waits for
// anything else while holding it.
var parsing = make(chan struct{}, maxParsing)
