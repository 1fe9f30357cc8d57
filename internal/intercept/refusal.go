package intercept

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"assay"
	"assay/internal/gate"
)

// problem is an RFC 9457 problem document. uv shows title and detail.
type problem struct {
	Title   string          `json:"title"`
	Status  int             `json:"status"`
	Detail  string          `json:"detail"`
	Code    string          `json:"code,omitempty"`
	Hint    string          `json:"hint,omitempty"`
	Reasons []problemReason `json:"reasons,omitempty"`
}

type problemReason struct {
	Code     assay.Code     `json:"code"`
	Severity assay.Severity `json:"severity"`
	Message  string         `json:"message"`
	Hint     string         `json:"hint,omitempty"`
}

// problemType is the content type, exactly: uv reads it with no parameters.
const problemType = "application/problem+json"

// write answers with the problem. The reason phrase carries the detail, for
// installers that show nothing else.
func (p problem) write(a *answer) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		a.abort()
		return
	}
	h := http.Header{"Content-Type": {problemType}, "Cache-Control": {"no-store"}}
	a.whole(p.Status, reasonPhrase(p.Detail, p.Code), h, b.Bytes())
}

// reasonPhrase renders "assay: <message> (<code>)" as a status line can carry
// it: one line of printable ASCII, bounded. What is cut is the message.
func reasonPhrase(message, code string) string {
	ascii := func(s string) string {
		return strings.Map(func(r rune) rune {
			switch {
			case r == '…':
				return '.'
			case r == '\t', r == '\n', r == '\r':
				return ' '
			case r < 0x20, r == 0x7f:
				return -1
			case r > 0x7e:
				return '?'
			}
			return r
		}, s)
	}
	message, tail := ascii(message), ""
	if code != "" {
		tail = " (" + ascii(code) + ")"
	}
	const head, cut = "assay: ", "..."
	if room := maxReason - len(head) - len(tail); len(message) > room {
		message = strings.TrimRight(message[:max(room-len(cut), 0)], " ") + cut
	}
	return head + message + tail
}

// refuse answers with a decision that denies.
func (x *exchange) refuse(d assay.Decision) {
	x.proxy.counts.add(refused)
	p := problem{Title: "refused by assay", Status: http.StatusForbidden, Detail: "the policy refuses it"}
	if main, ok := d.Main(); ok {
		p.Detail, p.Code, p.Hint = main.Message, string(main.Code), main.Hint
	}
	for _, r := range d.Reasons {
		p.Reasons = append(p.Reasons, problemReason{Code: r.Code, Severity: r.Severity, Message: r.Message, Hint: r.Hint})
	}
	p.write(&x.answer)
}

// block has the Desk refuse what the request asks for, for a reason that lies in
// the way it asks, and answers with that.
func (x *exchange) block(code assay.Code, detail string) {
	d, err := x.proxy.config.Desk.Unread(x.ctx, x.url, code, detail)
	if err != nil {
		x.undecided(err)
		return
	}
	x.refuse(d)
}

// fail answers that something could not be fetched or decided.
func (x *exchange) fail(detail, hint string) {
	x.proxy.counts.add(failed)
	problem{Title: "assay could not pass it on", Status: http.StatusBadGateway, Detail: detail, Hint: hint}.write(&x.answer)
}

// unreachable answers that an upstream could not be reached, in words that help.
func (x *exchange) unreachable(u *url.URL, err error) {
	x.proxy.log.Debug("upstream failed", "host", u.Host, "error", withoutURL(err))
	detail, hint := explain(err)
	x.fail(u.Host+": "+detail, hint)
}

// undecided answers that the Desk could not decide.
func (x *exchange) undecided(err error) {
	x.proxy.log.Debug("no decision", "host", x.url.Host, "error", withoutURL(err))
	x.fail("assay could not come to a decision about it", "run the command again; if it says the same, report it as a bug in assay")
}

// withoutURL returns the cause inside of an url.Error, whose text has the URL
// and so perhaps a secret.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

const (
	hintClock   = "check this computer's clock"
	hintRoots   = "if your network has a certificate authority of its own, name its file in SSL_CERT_FILE"
	hintNetwork = "check the network and the index's address, and run the command again"
)

// explain puts a transport's error into words and names the next step.
func explain(err error) (detail, hint string) {
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
		by       *proxyError
		dns      *net.DNSError
		op       *net.OpError
		timeout  net.Error
	)
	switch {
	case errors.As(err, &by) && by.status != "":
		return "the proxy " + by.proxy + " answered " + by.status, hintProxy
	case errors.As(err, &op) && op.Op == "proxyconnect": // net/http's, around what failed
		detail, _ := explain(op.Err)
		return "through the proxy on the way: " + detail, hintProxy
	case errors.As(err, &unknown):
		return "its certificate is signed by an authority that is not trusted here", hintRoots
	case errors.As(err, &hostname):
		return "its certificate is for another host", hintNetwork
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet", hintClock + "; if it is right, tell the index's operators"
	case errors.As(err, &invalid):
		return "its certificate is not valid", "tell the index's operators"
	case errors.As(err, &record):
		return "it does not speak TLS", hintNetwork
	case errors.As(err, &op) && op.Op == "remote error": // crypto/tls's, around an alert
		return "it refused the TLS connection", "if it wants a client certificate, configure the installer's"
	case errors.Is(err, errLoop):
		return "the request leads back to assay itself", "remove assay's own address from the proxy settings"
	case errors.Is(err, ErrInside): // also from the dialer, in words of its own: here it was a redirect
		return errInside.Error(), "tell the index's operators"
	case errors.Is(err, errRedirect):
		return err.Error(), "tell the index's operators"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "too many files and connections are open here", "raise the limit with 'ulimit -n', or run fewer things at once"
	case errors.Is(err, gate.ErrSlow):
		return "it sends too slowly", hintNetwork
	case errors.Is(err, gate.ErrTruncated):
		return "the answer ended early", hintNetwork
	case errors.As(err, &dns):
		return "its address could not be found", hintNetwork
	case errors.As(err, &timeout) && timeout.Timeout():
		return "it did not answer in time", hintNetwork
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it closed the connection without an answer", hintNetwork
	case errors.As(err, &op):
		return "it could not be reached", hintNetwork
	}
	return "it did not answer as a web server does", hintNetwork
}

// reject answers a request that no exchange can be made of. The connection ends
// with it.
func (s *session) reject(r *http.Request, status int, why string) {
	s.proxy.counts.add(failed)
	s.answerProblem(r, problem{Title: "assay's proxy cannot take the request", Status: status, Detail: why})
}

// answerProblem answers with a problem, and ends the connection.
func (s *session) answerProblem(r *http.Request, p problem) {
	a := answer{session: s, request: r, closes: true}
	p.write(&a)
	a.finish()
	s.lingers = !a.broken
}
