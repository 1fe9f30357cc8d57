package intercept

import (
	"io"
	"net/http"
	"slices"
	"strings"
)

// upgradeTo returns the protocol that a request asks to switch to (RFC 9110,
// 7.8), or "". A request with a body, one in HTTP/1.0, and one for another HTTP
// below which anything could be asked for, are passed on without the wish.
func (x *exchange) upgradeTo() string {
	h := x.request.Header
	wish := slices.ContainsFunc(h["Connection"], func(v string) bool {
		return slices.ContainsFunc(strings.Split(v, ","), func(token string) bool {
			return strings.EqualFold(strings.TrimSpace(token), "upgrade")
		})
	})
	if !wish || x.body.body != nil || !x.request.ProtoAtLeast(1, 1) {
		return ""
	}
	protocol := strings.Join(h["Upgrade"], ",")
	for token := range strings.SplitSeq(strings.ToLower(protocol), ",") {
		token = strings.TrimSpace(token)
		if token == "h2c" || strings.HasPrefix(token, "http/") || strings.HasPrefix(token, "tls/") {
			return ""
		}
	}
	return protocol
}

// upgrade copies both ways once the upstream has switched protocols, as it was
// asked to.
func (x *exchange) upgrade(resp *http.Response, asked string) {
	up, ok := resp.Body.(io.ReadWriteCloser)
	if !ok || asked == "" {
		x.fail(x.url.Host+": it switches protocols and was not asked to", "tell its operators")
		return
	}
	if !x.session.leaveSlot() {
		x.fail("too many connections are passed on at once", "run fewer things at once")
		return
	}
	h := forwardable(resp.Header)
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", resp.Header.Get("Upgrade"))
	if x.answer.begin(resp.StatusCode, "", h, -1) != nil {
		return
	}
	x.answer.flush()
	ended := make(chan struct{}, 2)
	go func() {
		_, _ = io.Copy(up, x.session.in)
		ended <- struct{}{}
	}()
	go func() {
		_, _ = io.Copy(x.session.top, up)
		ended <- struct{}{}
	}()
	waiting := 2
	select {
	case <-ended:
		waiting--
	case <-x.ctx.Done():
	}
	_ = up.Close()
	_ = x.session.top.Close()
	for range waiting {
		<-ended
	}
}
