package intercept

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// tunnel passes a connection on unopened.
func (s *session) tunnel(r *http.Request, t target, why string) {
	if !s.leaveSlot() {
		s.reject(r, http.StatusServiceUnavailable, "too many connections are passed on at once")
		return
	}
	up, err := s.proxy.config.Dial(s.proxy.ctx, t.String())
	if err == nil && up.RemoteAddr() != nil && up.RemoteAddr().String() == s.proxy.address {
		_ = up.Close()
		up, err = nil, errLoop
	}
	if err != nil {
		s.proxy.log.Debug("upstream failed", "host", t.String(), "error", err)
		s.unreached(r, t, err)
		return
	}
	defer up.Close()
	s.proxy.counts.tunnel(t.String(), why)
	if !s.established() {
		return
	}
	stop := context.AfterFunc(s.proxy.ctx, func() {
		_ = up.Close()
		_ = s.conn.Conn.Close()
	})
	defer stop()
	sent, received := pump(s.conn.Conn, up, s.early(), s.proxy.waits.halfOpen)
	s.proxy.counts.moved(t.String(), why, sent, received)
}

// unreached answers that a connection to pass on cannot be had.
func (s *session) unreached(r *http.Request, t target, err error) {
	s.proxy.counts.add(failed)
	detail, hint := explain(err)
	status := http.StatusBadGateway
	var by *proxyError
	var timeout net.Error
	if errors.As(err, &by) {
		detail, hint = "through the proxy "+by.proxy+": "+detail, hintProxy
	}
	switch {
	case by != nil && by.status != "":
		detail = "the proxy " + by.proxy + " answered " + by.status
	case errors.Is(err, errProxy):
		detail, hint = err.Error(), hintProxy
	case errors.Is(err, errLoop):
		status = http.StatusLoopDetected
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		status = http.StatusGatewayTimeout
	}
	s.answerProblem(r, problem{Title: "assay could not pass it on", Status: status, Detail: t.String() + ": " + detail, Hint: hint})
}

const hintProxy = "check the address, the user and the password of your own proxy"

// pump copies both ways until both have ended, and returns how many bytes the
// client sent and received. What ends on one side ends on the other; what breaks
// on one side breaks on the other. While both ways are open nothing may be said
// for as long as the two like: the system's keep-alive finds dead peers. When one
// has ended, the other must not be silent for longer than halfOpen.
func pump(client, up net.Conn, early []byte, halfOpen time.Duration) (sent, received int64) {
	if len(early) > 0 {
		n, err := up.Write(early)
		if err != nil {
			return int64(n), 0
		}
		sent = int64(n)
	}
	var both sync.WaitGroup
	both.Go(func() { received = oneWay(client, up, halfOpen) })
	sent += oneWay(up, client, halfOpen)
	both.Wait()
	return sent, received
}

// oneWay copies src to dst to its end, and ends dst with it.
func oneWay(dst, src net.Conn, halfOpen time.Duration) (n int64) {
	for {
		m, err := io.Copy(dst, src)
		n += m
		switch {
		case err == nil && closeWrite(dst) == nil:
			_ = dst.SetReadDeadline(time.Now().Add(halfOpen))
			return n
		case errors.Is(err, os.ErrDeadlineExceeded) && m > 0:
			// The other way has ended, and this one is alive.
			_ = src.SetReadDeadline(time.Now().Add(halfOpen))
			continue
		case err != nil:
			reset(dst)
			reset(src)
			return n
		}
		_ = dst.Close()
		return n
	}
}

// closeWrite ends what is written to a connection and leaves it open for
// reading.
func closeWrite(c net.Conn) error {
	w, ok := c.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return w.CloseWrite()
}
