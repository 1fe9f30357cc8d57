package signing

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Bounds on what an agent answers.
const (
	maxAssuanLine  = 1 << 10  // the protocol's own bound is 1000
	maxAssuanLines = 1 << 12  // of one answer
	maxAssuanData  = 64 << 10 // bytes of one answer
)

// assuan is a conversation with gpg-agent. Each command is a line; the answer is
// lines of data, status and questions, then OK or ERR:
//
//	SIGKEY 7A4F…           OK
//	SETHASH 10 3C9909AF…   OK
//	PKSIGN                 INQUIRE PINENTRY_LAUNCHED 4711 …
//	END                    D (7:sig-val(3:rsa(1:s384:…)))
//	                       OK
type assuan struct {
	conn net.Conn
	in   *bufio.Reader
}

// refusal is an ERR line.
type refusal struct {
	code int
	text string
}

func (r refusal) Error() string { return fmt.Sprintf("%s (%d)", r.text, r.code) }

// newAssuan waits for the agent's greeting.
func newAssuan(ctx context.Context, conn net.Conn) (*assuan, error) {
	a := &assuan{conn, bufio.NewReaderSize(conn, 4*maxAssuanLine)}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_, err := a.answer()
	return a, a.lost(ctx, err)
}

// command sends a line and returns the data of the answer. An ERR is a refusal.
func (a *assuan) command(ctx context.Context, line string) ([]byte, error) {
	stop := context.AfterFunc(ctx, func() { a.conn.Close() })
	defer stop()
	if err := a.send(line); err != nil {
		return nil, a.lost(ctx, err)
	}
	data, err := a.answer()
	return data, a.lost(ctx, err)
}

// lost makes of a broken connection an error of the package.
func (a *assuan) lost(ctx context.Context, err error) error {
	if err == nil || errors.As(err, new(refusal)) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &problem{ErrAgent, "the conversation with gpg-agent broke off", err}
}

func (a *assuan) send(line string) error {
	if len(line) > maxAssuanLine-24 || strings.ContainsAny(line, "\r\n") {
		return errors.New("the line is too long for the agent")
	}
	_, err := a.conn.Write([]byte(line + "\n"))
	return err
}

// answer reads lines until OK or ERR.
func (a *assuan) answer() ([]byte, error) {
	var data []byte
	for range maxAssuanLines {
		raw, err := a.in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		line := strings.TrimSuffix(string(raw), "\n")
		if len(line) > maxAssuanLine {
			return nil, errors.New("a line of the answer is too long")
		}
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "OK":
			return data, nil
		case "ERR":
			number, text, _ := strings.Cut(rest, " ")
			code, err := strconv.Atoi(number)
			if err != nil {
				return nil, errors.New("the answer is an error without a number")
			}
			return nil, refusal{code, text}
		case "D":
			piece, err := unescape(rest)
			if err != nil {
				return nil, err
			}
			if data = append(data, piece...); len(data) > maxAssuanData {
				return nil, errors.New("the answer is too long")
			}
		case "INQUIRE":
			// PINENTRY_LAUNCHED is news; what is really asked for is not known here.
			reply := "CAN"
			if strings.HasPrefix(rest, "PINENTRY_LAUNCHED") {
				reply = "END"
			}
			if err := a.send(reply); err != nil {
				return nil, err
			}
		case "S", "#", "":
		default:
			if !strings.HasPrefix(line, "#") {
				return nil, errors.New("the answer is not understood")
			}
		}
	}
	return nil, errors.New("the answer has too many lines")
}

// unescape takes the percent signs out of a line of data.
func unescape(s string) ([]byte, error) {
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			out = append(out, s[i])
			continue
		}
		if i+3 > len(s) {
			return nil, errors.New("the answer is cut off")
		}
		b, err := hex.DecodeString(s[i+1 : i+3])
		if err != nil {
			return nil, errors.New("the answer is not understood")
		}
		out = append(out, b[0])
		i += 2
	}
	return out, nil
}

// escapeDescription writes a text for SETKEYDESC, not longer than a line may be.
func escapeDescription(text string) string {
	const room = maxAssuanLine - 100
	var b strings.Builder
	for i := 0; i < len(text) && b.Len() < room; i++ {
		switch c := text[i]; {
		case c == ' ':
			b.WriteByte('+')
		case c < ' ' || c == 0x7f || c == '%' || c == '+' || c == '"':
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// maxDepth is how deep the lists of an S-expression may be nested.
const maxDepth = 8

// parseSignature reads the numbers of a signature from a canonical S-expression:
//
//	(7:sig-val(5:ecdsa(1:r32:…)(1:s32:…)))
func parseSignature(data []byte) (map[string][]byte, error) {
	bad := &problem{ErrAgent, "gpg-agent's signature is not understood", nil}
	list, rest, ok := parseList(data, maxDepth)
	if !ok || len(rest) != 0 || len(list) != 2 || string(list[0].atom) != "sig-val" || len(list[1].list) < 2 {
		return nil, bad
	}
	out := map[string][]byte{}
	for _, pair := range list[1].list[1:] {
		if len(pair.list) != 2 || len(pair.list[0].atom) != 1 || pair.list[1].atom == nil {
			return nil, bad
		}
		name := string(pair.list[0].atom)
		if out[name] != nil {
			return nil, bad
		}
		out[name] = pair.list[1].atom
	}
	return out, nil
}

// node is an atom or a list.
type node struct {
	atom []byte
	list []node
}

// parseList reads one list from the beginning of data.
func parseList(data []byte, depth int) (list []node, rest []byte, ok bool) {
	if depth == 0 || len(data) == 0 || data[0] != '(' {
		return nil, nil, false
	}
	data = data[1:]
	for len(data) > 0 {
		switch {
		case data[0] == ')':
			return list, data[1:], true
		case data[0] == '(':
			inner, after, ok := parseList(data, depth-1)
			if !ok {
				return nil, nil, false
			}
			list, data = append(list, node{list: inner}), after
		default:
			n, digits := 0, 0
			for digits < len(data) && digits < 5 && data[digits] >= '0' && data[digits] <= '9' {
				n = 10*n + int(data[digits]-'0')
				digits++
			}
			if digits == 0 || digits+1+n > len(data) || data[digits] != ':' {
				return nil, nil, false
			}
			start := digits + 1
			list, data = append(list, node{atom: data[start : start+n : start+n]}), data[start+n:]
		}
	}
	return nil, nil, false
}
