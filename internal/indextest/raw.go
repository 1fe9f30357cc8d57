package indextest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// chunkKinds are the ways in which the chunked transfer coding (RFC 9112, 7.1)
// is abused.
var chunkKinds = []string{"no-end", "bad-size", "huge-size", "overlong", "both", "extension", "trailers", "tiny", "second"}

const (
	// rawPatience is how long a client may take to read what is sent raw.
	rawPatience = time.Second
	// tinyChunks is how much of a body is sent a byte a chunk.
	tinyChunks = 64 << 10
)

func checkChunks(arg string) error {
	if !slices.Contains(chunkKinds, arg) {
		return fmt.Errorf("%q is none of %s", arg, strings.Join(chunkKinds, ", "))
	}
	return nil
}

// checkLength reads a false Content-Length: "+N" or "-N" from the true one, or N.
func checkLength(arg string) error {
	_, err := falseLength(arg, 0)
	return err
}

func falseLength(arg string, size int64) (int64, error) {
	n, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a length", arg)
	}
	if arg[0] == '+' || arg[0] == '-' {
		n = max(0, size+n)
	}
	return n, nil
}

// interim answers with interim responses (RFC 9110, 15.2), ahead of the answer.
func interim(w *transferWriter, count string) {
	n, err := strconv.Atoi(count)
	if err != nil {
		return
	}
	for range n {
		w.ResponseWriter.WriteHeader(http.StatusEarlyHints)
	}
}

// rawFault is the fault in the list for which the answer must be written by hand.
func rawFault(list []fault) (fault, bool) {
	i := slices.IndexFunc(list, func(f fault) bool { return f.name == "unframed" || f.name == "length" || f.name == "chunks" })
	if i < 0 {
		return fault{}, false
	}
	return list[i], true
}

// raw writes an answer by hand and closes the connection in order, so that
// nothing but the framing says that something is amiss.
func (s *Server) raw(w *transferWriter, r *http.Request, a *answer, f fault) {
	conn, _, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	s.requests.status(w.entry, http.StatusOK)
	out := &rawWriter{server: s, conn: conn, entry: w.entry, buffered: bufio.NewWriter(conn)}
	out.printf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\n", a.contentType)
	for key, value := range a.header {
		out.printf("%s: %s\r\n", key, value)
	}
	size := a.content.Size()
	body := func() io.Reader { return reader(a.content) }
	if r.Method == http.MethodHead {
		out.printf("Content-Length: %d\r\n\r\n", size)
		out.flush()
		return
	}
	switch f.name {
	case "unframed":
		if size, err = place(f.arg("50%"), size); err == nil {
			out.printf("Connection: close\r\n\r\n")
			out.copy(io.LimitReader(body(), size))
		}
	case "length":
		if stated, err := falseLength(f.args[0], size); err == nil {
			out.printf("Content-Length: %d\r\n\r\n", stated)
			out.copy(body())
		}
	case "chunks":
		out.chunks(f.args[0], body, size)
	}
	out.flush()
}

// rawWriter writes to a connection until it fails.
type rawWriter struct {
	server   *Server
	conn     net.Conn
	entry    *Request
	buffered *bufio.Writer
	err      error
}

func (w *rawWriter) printf(format string, args ...any) {
	if w.err == nil {
		w.err = w.conn.SetWriteDeadline(time.Now().Add(rawPatience))
	}
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.buffered, format, args...)
	}
}

func (w *rawWriter) copy(r io.Reader) {
	piece := make([]byte, 32<<10)
	for w.err == nil {
		n, err := r.Read(piece)
		w.printf("%s", piece[:n])
		w.server.requests.wrote(w.entry, n)
		if err != nil {
			return // the end: bodies are in memory or made as they are read
		}
	}
}

func (w *rawWriter) flush() {
	if w.err == nil {
		w.err = w.buffered.Flush()
	}
}

// endless repeats a text until the client hangs up or the server closes.
func (w *rawWriter) endless(text string) {
	for w.err == nil && w.server.closing.Err() == nil {
		w.printf("%s", text)
	}
}

// chunks writes a body in chunks, wrongly.
func (w *rawWriter) chunks(kind string, body func() io.Reader, size int64) {
	if kind == "both" {
		w.printf("Content-Length: %d\r\n", size/2)
	}
	w.printf("Transfer-Encoding: chunked\r\n\r\n")
	switch kind {
	case "bad-size":
		w.printf("%xg\r\n", size)
		w.copy(body())
		return
	case "huge-size":
		w.printf("ffffffffffffffff\r\n")
		w.copy(body())
		return
	case "overlong":
		w.printf("%x\r\n", size+1)
		w.copy(body())
		return
	case "extension":
		w.printf("%x;", size)
		w.endless("filler=filler;")
		return
	case "tiny":
		rest := body()
		one := make([]byte, 1)
		for range min(size, tinyChunks) {
			if _, err := io.ReadFull(rest, one); err != nil {
				return
			}
			w.printf("1\r\n%s\r\n", one)
		}
		if size > tinyChunks {
			w.printf("%x\r\n", size-tinyChunks)
			w.copy(rest)
			w.printf("\r\n")
		}
	default:
		w.printf("%x\r\n", size)
		w.copy(body())
		w.printf("\r\n")
	}
	switch kind {
	case "no-end":
	case "trailers":
		w.printf("0\r\n")
		w.endless("X-Filler: " + strings.Repeat("x", 1000) + "\r\n")
	case "second":
		w.printf("0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 7\r\n\r\nsecond\n")
	default:
		w.printf("0\r\n\r\n")
	}
}
