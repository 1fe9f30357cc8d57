package intercept

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"assay/internal/gate"
)

func TestExplanations(t *testing.T) {
	for _, c := range []struct {
		err          error
		detail, hint string
	}{
		{x509.UnknownAuthorityError{}, "its certificate is signed by an authority that is not trusted here", hintRoots},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "a"}, "its certificate is for another host", hintNetwork},
		{x509.CertificateInvalidError{Reason: x509.Expired}, "its certificate has expired or is not valid yet", "check this computer's clock; if it is right, tell the index's operators"},
		{x509.CertificateInvalidError{Reason: x509.TooManyIntermediates}, "its certificate is not valid", "tell the index's operators"},
		{tls.RecordHeaderError{}, "it does not speak TLS", hintNetwork},
		{&net.OpError{Op: "remote error", Err: tls.AlertError(116)}, "it refused the TLS connection", "if it wants a client certificate, configure the installer's"},
		{errLoop, "the request leads back to assay itself", "remove assay's own address from the proxy settings"},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}, "too many files and connections are open here", "raise the limit with 'ulimit -n', or run fewer things at once"},
		{gate.ErrSlow, "it sends too slowly", hintNetwork},
		{gate.ErrTruncated, "the answer ended early", hintNetwork},
		{&net.DNSError{IsTimeout: true}, "its address could not be found", hintNetwork},
		{os.ErrDeadlineExceeded, "it did not answer in time", hintNetwork},
		{io.ErrUnexpectedEOF, "it closed the connection without an answer", hintNetwork},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, "it could not be reached", hintNetwork},
		{&net.OpError{Op: "proxyconnect", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, "through the proxy on the way: it could not be reached", hintProxy},
		{&proxyError{proxy: "proxy.example.invalid:3128", status: "407 Proxy Authentication Required"},
			"the proxy proxy.example.invalid:3128 answered 407 Proxy Authentication Required", hintProxy},
		{&proxyError{proxy: "proxy.example.invalid:3128", err: io.EOF}, "it closed the connection without an answer", hintNetwork},
		{ErrInside, "a redirect that is not followed: it leads to this machine or its own network's services", "tell the index's operators"},
		{errInside, "a redirect that is not followed: it leads to this machine or its own network's services", "tell the index's operators"},
		{errors.New("malformed HTTP response"), "it did not answer as a web server does", hintNetwork},
	} {
		if detail, hint := explain(fmt.Errorf("asking: %w", c.err)); detail != c.detail || hint != c.hint {
			t.Errorf("%v: %q, %q", c.err, detail, hint)
		}
	}
}

func FuzzReasonPhrase(f *testing.F) {
	f.Add("the file's bytes are not the ones that were promised", "digest.mismatch")
	f.Add("naïve\r\nSet-Cookie: a=b", "")
	f.Add(strings.Repeat("ü", 300), strings.Repeat("c", 300))
	f.Fuzz(func(t *testing.T, message, code string) {
		got := reasonPhrase(message, code)
		for _, c := range []byte(got) {
			if c < 0x20 || c > 0x7e {
				t.Fatalf("%q holds %q", got, c)
			}
		}
		if len(code) < 100 && len(got) > maxReason || !strings.HasPrefix(got, "assay: ") {
			t.Fatalf("%q is %d bytes", got, len(got))
		}
	})
}

func FuzzReadPage(f *testing.F) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write([]byte(`{"name":"foo","files":[]}`))
	_ = w.Close()
	f.Add("gzip", z.Bytes())
	f.Add("gzip", z.Bytes()[:20])
	f.Add("x-gzip", append(z.Bytes(), z.Bytes()...))
	f.Add("", []byte("{}"))
	f.Add("br", []byte("{}"))
	f.Fuzz(func(t *testing.T, coding string, sent []byte) {
		resp := &http.Response{Body: io.NopCloser(bytes.NewReader(sent)), ContentLength: -1, Header: http.Header{"Content-Encoding": {coding}}}
		got, body, err := readBody(resp, nil, func() {}, gate.Limits{})
		if bad := (*pageError)(nil); err != nil && (!errors.As(err, &bad) || !utf8.ValidString(err.Error())) {
			t.Fatalf("error %v", err)
		}
		if err == nil && (!bytes.Equal(got, sent) || len(body) > max(len(sent)*maxRatio, freeRatio)) {
			t.Fatalf("%d bytes became %d", len(sent), len(body))
		}
	})
}

func TestAcceptsGzip(t *testing.T) {
	for value, want := range map[string]bool{"": false, "gzip": true, "br, GZIP": true, "gzip;q=0": false, "gzip; q=0.0": false,
		"gzip;q=0.5, br": true, "identity": false, "x-gzip": false, "gzip;q=x": true} {
		if got := acceptsGzip(http.Header{"Accept-Encoding": {value}}); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}
