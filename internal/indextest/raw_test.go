package indextest_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"

	"assay/internal/indextest"
)

// TestFramingFaults shows what Go's client makes of each: the good body and no
// error only where nothing was wrong.
func TestFramingFaults(t *testing.T) {
	s := indextest.Start(t, "-- demo-1.0-py3-none-any.whl --\npad: 100KiB\n")
	url := file(t, s, wheelName).URL
	good := get(t, url).body
	failed := func(part string) func(reply) bool {
		return func(r reply) bool { return r.err != nil && strings.Contains(r.err.Error(), part) }
	}
	whole := func(r reply) bool { return r.err == nil && bytes.Equal(r.body, good) }
	for fault, holds := range map[string]func(reply) bool{
		"unframed": func(r reply) bool {
			return r.err == nil && r.ContentLength == -1 && bytes.Equal(r.body, good[:len(good)/2])
		},
		"unframed -1":      func(r reply) bool { return r.err == nil && bytes.Equal(r.body, good[:len(good)-1]) },
		"length -10":       func(r reply) bool { return r.err == nil && bytes.Equal(r.body, good[:len(good)-10]) },
		"length 7":         func(r reply) bool { return r.err == nil && bytes.Equal(r.body, good[:7]) },
		"length +10":       func(r reply) bool { return errors.Is(r.err, io.ErrUnexpectedEOF) && bytes.Equal(r.body, good) },
		"chunks no-end":    func(r reply) bool { return errors.Is(r.err, io.ErrUnexpectedEOF) && bytes.Equal(r.body, good) },
		"chunks overlong":  failed("unexpected EOF"),
		"chunks bad-size":  failed("invalid byte in chunk length"),
		"chunks huge-size": failed("unexpected EOF"),
		"chunks extension": failed("too long"),
		"chunks trailers":  failed("suspiciously long trailer"),
		"chunks tiny":      whole,
		"chunks both":      whole,
		"chunks second":    whole,
	} {
		misbehave(t, s, wheelName, fault)
		if r := get(t, url); !holds(r) {
			t.Errorf("%s: length %d, %d of %d bytes, %v", fault, r.ContentLength, len(r.body), len(good), r.err)
		}
		if r := request(t, http.MethodHead, url); r.StatusCode != 200 || r.ContentLength != int64(len(good)) {
			t.Errorf("%s: HEAD: %d, %d", fault, r.StatusCode, r.ContentLength)
		}
	}
	for fault, want := range map[string]string{
		"chunks odd":  `indextest: *: chunks: "odd" is none of no-end, bad-size, huge-size, overlong, both, extension, trailers, tiny, second`,
		"length many": `indextest: *: length: "many" is not a length`,
		"interim -1":  `indextest: *: interim: "-1" is not a positive number`,
	} {
		if err := s.Misbehave("*", fault); err == nil || err.Error() != want {
			t.Errorf("%s: %v", fault, err)
		}
	}
}

func TestInterim(t *testing.T) {
	s := indextest.Start(t, small)
	misbehave(t, s, "demo/", "interim 3")
	r, err := http.NewRequest(http.MethodGet, s.SimpleURL()+"demo/", nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
		if code == http.StatusEarlyHints {
			seen++
		}
		return nil
	}}
	resp, err := http.DefaultClient.Do(r.WithContext(httptrace.WithClientTrace(t.Context(), trace)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || seen != 3 {
		t.Errorf("%s after %d interim responses", resp.Status, seen)
	}
}
