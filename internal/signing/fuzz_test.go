package signing

import (
	"bufio"
	"bytes"
	"net"
	"testing"
	"time"
)

// nowhere is a connection on which an agent has said something already.
type nowhere struct{ net.Conn }

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Close() error                { return nil }

// FuzzAgentAnswer reads what an agent answers to PKSIGN.
func FuzzAgentAnswer(f *testing.F) {
	f.Add([]byte("S x\n# c\nINQUIRE PINENTRY_LAUNCHED 1\nD (7:sig-val(5:eddsa(1:r1:%41)(1:s1:b)))\nOK\n"))
	f.Add([]byte("D (7:sig-val(3:rsa(1:s\nD 3:abc)))\nOK done\n"))
	f.Add([]byte("ERR 67108949 No pinentry <GPG Agent>\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a := &assuan{nowhere{}, bufio.NewReaderSize(bytes.NewReader(data), 4*maxAssuanLine)}
		start := time.Now()
		answer, err := a.answer()
		if err == nil {
			numbers, err := parseSignature(answer)
			for name, number := range numbers {
				if err != nil || len(name) != 1 || len(number) > len(data) {
					t.Errorf("%q: %q %v", name, number, err)
				}
			}
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("it takes %v", d)
		}
	})
}
