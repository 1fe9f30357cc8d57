package intercept_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assay/internal/catalog"
	"assay/internal/gate"
)

// breaking is a file server whose transfers break off. It remembers what it was
// asked for, as "range, if-range".
type breaking struct {
	data   []byte
	etag   string
	date   string
	breaks []int // after how many bytes each answer breaks off; then none does
	rest   func(w http.ResponseWriter, r *http.Request, from int) bool

	mu    sync.Mutex
	asked []string
}

func (b *breaking) log() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.asked)
}

func (b *breaking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	n := len(b.asked)
	b.asked = append(b.asked, strings.Trim(r.Header.Get("Range")+", "+r.Header.Get("If-Range"), ", "))
	b.mu.Unlock()
	if b.etag != "" {
		w.Header().Set("Etag", b.etag)
	}
	if b.date != "" {
		w.Header().Set("Last-Modified", b.date)
	}
	from, status := 0, http.StatusOK
	if given, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		from, _ = strconv.Atoi(strings.TrimSuffix(given, "-"))
		status = http.StatusPartialContent
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(b.data)-1, len(b.data)))
		if b.rest != nil && b.rest(w, r, from) {
			return
		}
	}
	data := b.data[from:]
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	if n < len(b.breaks) && b.breaks[n] < len(data) {
		_, _ = w.Write(data[:b.breaks[n]])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(data)
}

func TestABrokenTransferIsResumed(t *testing.T) {
	for _, size := range []int{200_000, 9 << 20} {
		data := content(size)
		for _, c := range []struct {
			etag, date string
			unknown    bool // no digest is promised
			breaks     []int
			asked      []string
		}{
			{`"x"`, "", false, []int{5000}, []string{"", `bytes=5000-, "x"`}},
			{`"x"`, modified, true, []int{5000}, []string{"", `bytes=5000-, "x"`}},
			{"", modified, false, []int{5000}, []string{"", "bytes=5000-, " + modified}},
			{`W/"x"`, modified, false, []int{5000}, []string{"", "bytes=5000-, " + modified}},
			{`"x"`, "", false, []int{1, size/2 - 1, 100}, []string{"", `bytes=1-, "x"`, fmt.Sprintf(`bytes=%d-, "x"`, size/2), fmt.Sprintf(`bytes=%d-, "x"`, size/2+100)}},
			{`"x"`, "", false, []int{size - 1}, []string{"", fmt.Sprintf(`bytes=%d-, "x"`, size-1)}},
			// Nothing shows that a rest belongs to it: it is begun again.
			{"", modified, true, []int{5000}, []string{"", ""}},
			{`W/"x"`, "", false, []int{5000}, []string{"", ""}},
			{"", "", false, []int{5000}, []string{"", ""}},
			{"", "yesterday", false, []int{5000}, []string{"", ""}},
			{`"x"`, "", false, []int{0}, []string{"", ""}},
		} {
			t.Run(fmt.Sprint(size, c), func(t *testing.T) {
				t.Parallel()
				up := &breaking{data: data, etag: c.etag, date: c.date, breaks: c.breaks}
				w := newWorld(t, up)
				w.desk.file = func(*url.URL) (*catalog.File, error) {
					f := promise("foo-1.0-py3-none-any.whl", data)
					if c.unknown {
						f.Promised, f.Size = nil, 0
					}
					return f, nil
				}
				resp, body, err := w.get(t, wheel)
				if begun := size > 8<<20 && c.asked[1] == "" && c.breaks[0] > 0; begun {
					return // it may have been begun before, and then it breaks off as well
				}
				if err != nil || resp.StatusCode != 200 || !bytes.Equal(body, data) {
					t.Fatalf("%v, %v, %d bytes", resp, err, len(body))
				}
				if got := up.log(); !slices.Equal(got, c.asked) {
					t.Errorf("asked for %q, want %q", got, c.asked)
				}
			})
		}
	}
}

// What comes as the rest and is none ends as if nothing had come.
func TestARestThatIsNone(t *testing.T) {
	data := content(100_000)
	evil := bytes.Clone(data)
	evil[len(evil)-1] ^= 1
	send := func(status int, body []byte, headers ...string) func(w http.ResponseWriter, r *http.Request, from int) bool {
		return func(w http.ResponseWriter, r *http.Request, from int) bool {
			for i := 0; i < len(headers); i += 2 {
				if w.Header().Del(headers[i]); headers[i+1] != "" {
					w.Header().Set(headers[i], headers[i+1])
				}
			}
			w.WriteHeader(status)
			_, _ = w.Write(body)
			return true
		}
	}
	const truncated = "403 assay: the file ended before its announced length (file.truncated)"
	for name, c := range map[string]struct {
		rest   func(w http.ResponseWriter, r *http.Request, from int) bool
		status string
		asked  int // requests, of which every second or more is for a rest
	}{
		"the whole":          {send(200, data), truncated, 4},
		"the whole as a 206": {send(206, data, "Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(data)-1, len(data))), truncated, 4},
		"later":              {send(206, data[6000:], "Content-Range", fmt.Sprintf("bytes 6000-%d/%d", len(data)-1, len(data))), truncated, 4},
		"another total":      {send(206, data[5000:], "Content-Range", fmt.Sprintf("bytes 5000-%d/%d", len(data)-1, len(data)+1)), truncated, 4},
		"unknown total":      {send(206, data[5000:], "Content-Range", fmt.Sprintf("bytes 5000-%d/*", len(data)-1)), truncated, 4},
		"only a part":        {send(206, data[5000:6000], "Content-Range", fmt.Sprintf("bytes 5000-5999/%d", len(data))), truncated, 4},
		"no range":           {send(206, data[5000:], "Content-Range", ""), truncated, 4},
		"another tag":        {send(206, data[5000:], "Etag", `"y"`), truncated, 4},
		"another coding":     {send(206, data[5000:], "Content-Encoding", "gzip"), truncated, 4},
		"another length":     {send(206, data[5000:6000], "Content-Length", "1000"), truncated, 4},
		"not satisfiable":    {send(416, nil), truncated, 4},
		"gone":               {send(404, nil), truncated, 4},
		"moved to plain":     {send(302, nil, "Location", "http://index.example.invalid/"), truncated, 4},
		"no answer":          {func(http.ResponseWriter, *http.Request, int) bool { panic(http.ErrAbortHandler) }, truncated, 10},
		"busy":               {send(503, nil), truncated, 10},
		"tampered":           {send(206, evil[5000:]), "403 assay: the file's bytes are not the ones that were promised (digest.mismatch)", 2},
		"too much":           {send(206, append(bytes.Clone(data[5000:]), 'x')), "403 assay: the file's bytes are not the ones that were promised (digest.mismatch)", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := &breaking{data: data, etag: `"x"`, breaks: slices.Repeat([]int{5000}, 100), rest: c.rest}
			w := newWorld(t, up)
			w.desk.file = func(*url.URL) (*catalog.File, error) { return promise("foo-1.0-py3-none-any.whl", data), nil }
			resp, _, err := w.get(t, wheel)
			if err != nil || resp.Status != c.status {
				t.Errorf("%v, %v", resp, err)
			}
			if got := up.log(); len(got) != c.asked {
				t.Errorf("asked %d times: %q", len(got), got)
			}
		})
	}
}

// A source that sends a little each time is not resumed for ever, one that sends
// much each time a few times more.
func TestResumingEnds(t *testing.T) {
	for each, tries := range map[int]int{1000: 4, 1 << 20: 16} {
		t.Run(strconv.Itoa(each), func(t *testing.T) {
			t.Parallel()
			data := content(18 << 20)
			up := &breaking{data: data, etag: `"x"`, breaks: slices.Repeat([]int{each}, 1000)}
			w := newWorld(t, up)
			w.desk.file = func(*url.URL) (*catalog.File, error) { return promise("foo-1.0-py3-none-any.whl", data), nil }
			if _, body, err := w.get(t, wheel); err == nil || len(body) >= len(data) {
				t.Errorf("%v, %d bytes", err, len(body))
			}
			if got := len(up.log()); got != 1+tries || len(w.desk.causes()) != 1 || w.proxy.Stats().Aborted != 1 {
				t.Errorf("asked %d times, the desk heard %q", got, w.desk.causes())
			}
		})
	}
}

// A wrong tail is found although its beginning was right, and passed on.
func TestATamperedTailOfALargeFileNeverCompletes(t *testing.T) {
	data := content(12 << 20)
	evil := bytes.Clone(data)
	evil[len(evil)-1] ^= 1
	up := &breaking{data: data, etag: `"x"`, breaks: []int{9 << 20}, rest: func(w http.ResponseWriter, _ *http.Request, from int) bool {
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(evil[from:])
		return true
	}}
	w := newWorld(t, up)
	w.desk.file = func(*url.URL) (*catalog.File, error) { return promise("foo-1.0-py3-none-any.whl", data), nil }
	if _, body, err := w.get(t, wheel); err == nil || len(body) > len(data)-64<<10 {
		t.Errorf("%v, %d bytes", err, len(body))
	}
	if got := up.log(); len(got) != 2 || got[1] != `bytes=9437184-, "x"` {
		t.Errorf("asked for %q", got)
	}
	if resp, _, err := w.get(t, wheel, "Range", "bytes=9437184-", "If-Range", `"x"`); err != nil || resp.StatusCode != 403 {
		t.Errorf("again: %v, %v", resp, err)
	}
}

// An installer, or curl, that has the beginning of a file from somewhere gets the
// whole file or none of it, however it asks.
func TestAnInstallersRanges(t *testing.T) {
	good := content(300_000)
	evil := bytes.Clone(good)
	evil[200_000] ^= 1
	for _, asked := range [][]string{
		{"Range", "bytes=100000-"},
		{"Range", "bytes=100000-", "If-Range", `"x"`},
		{"Range", "bytes=100000-", "If-Range", `"y"`},
		{"Range", "bytes=0-99"},
		{"Range", "bytes=-1"},
		{"Range", "bytes=0-1,5-6"},
		{"Range", "bytes=300000-"},
		{"Range", "pages=1-"},
		{"Range", "bytes=100000-", "If-Match", `"x"`},
		{"Range", "bytes=100000-", "If-Unmodified-Since", modified},
		{"If-None-Match", `"x"`},
		{"If-Modified-Since", "Mon, 02 Nov 2099 10:00:00 GMT"},
	} {
		for _, c := range []struct {
			served []byte
			status int
		}{{good, 200}, {evil, 403}} {
			w := newWorld(t, serve(c.served))
			w.desk.file = func(*url.URL) (*catalog.File, error) { return promise("foo-1.0-py3-none-any.whl", good), nil }
			for range 2 {
				resp, body, err := w.get(t, wheel, asked...)
				if err != nil || resp.StatusCode != c.status || c.status == 200 && !bytes.Equal(body, good) || resp.Header.Get("Content-Range") != "" || resp.Header.Get("Accept-Ranges") != "" {
					t.Errorf("%q: %v, %v, %d bytes", asked, resp, err, len(body))
				}
				if c.status == 403 && (bytes.Contains(body, evil[299_000:]) || len(body) > 5000) {
					t.Errorf("%q: the answer holds %d bytes", asked, len(body))
				}
			}
		}
	}
}

// A transfer that halts is resumed before the source counts as too slow.
func TestATransferThatHaltsIsResumed(t *testing.T) {
	data := content(200_000)
	var asked atomic.Int32
	up := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"x"`)
		if asked.Add(1) > 1 {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		_, _ = w.Write(data[:5000])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	w := newWorld(t, up, withLimits(gate.Limits{Idle: 3 * time.Second}))
	w.desk.file = func(*url.URL) (*catalog.File, error) { return promise("foo-1.0-py3-none-any.whl", data), nil }
	if resp, body, err := w.get(t, wheel); err != nil || !bytes.Equal(body, data) || asked.Load() != 2 {
		t.Errorf("%v, %v, asked %d times", resp, err, asked.Load())
	}
}
