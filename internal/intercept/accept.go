package intercept

import (
	"cmp"
	"errors"
	"net"
	"time"
)

// waits are how long a proxy waits for clients, and how many of them it passes
// on; tests are in more of a hurry.
type waits struct {
	idle, head, handshake, halfOpen, idleGrace, stuckGrace time.Duration

	tunnels int
}

func (w waits) orDefault() waits {
	return waits{cmp.Or(w.idle, idleTimeout), cmp.Or(w.head, headTimeout), cmp.Or(w.handshake, handshakeTimeout),
		cmp.Or(w.halfOpen, halfOpenTimeout), cmp.Or(w.idleGrace, idleGrace), cmp.Or(w.stuckGrace, stuckGrace), cmp.Or(w.tunnels, maxTunnels)}
}

// serve accepts connections until the listener is closed.
func (p *Proxy) serve() {
	defer close(p.served)
	for {
		c, err := p.listener.Accept()
		if err != nil {
			if p.isClosing() || errors.Is(err, net.ErrClosed) {
				return
			}
			p.log.Debug("accepting failed", "error", err)
			p.makeRoom()
			if u, ok := p.upstream.(interface{ CloseIdleConnections() }); ok {
				u.CloseIdleConnections()
			}
			if !sleep(p.ctx, acceptPause) {
				return
			}
			continue
		}
		if !p.admit() {
			_ = c.Close()
			return
		}
		s := &session{proxy: p, conn: newConn(c)}
		if !p.add(s) {
			_ = c.Close()
			<-p.slots
			return
		}
		go func() {
			defer p.remove(s)
			s.serve()
		}()
	}
}

// admit waits for a slot, and makes room for one. It reports false where the
// proxy ends meanwhile.
func (p *Proxy) admit() bool {
	for {
		select {
		case p.slots <- struct{}{}:
			return true
		default:
		}
		p.makeRoom()
		t := time.NewTimer(acceptPause)
		select {
		case p.slots <- struct{}{}:
			t.Stop()
			return true
		case <-t.C:
		case <-p.ctx.Done():
			t.Stop()
			return false
		}
	}
}

// makeRoom closes the connection that has waited for a request for the longest
// time, or else one that is stuck. An installer opens another where it finds an
// idle one closed.
func (p *Proxy) makeRoom() {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out *session
	longest := time.Duration(0)
	for s := range p.conns {
		if d := s.dispensable(); d > longest {
			out, longest = s, d
		}
	}
	if out != nil {
		out.makeWay()
	}
}

// idleWeight puts any idle connection before any that is stuck.
const idleWeight = 1 << 20 * time.Second

// dispensable says how little a connection is needed: 0 where it is.
func (s *session) dispensable() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	waited, still := time.Since(s.since), s.conn.still()
	switch {
	case s.left || s.out:
	case s.idle && waited >= s.proxy.waits.idleGrace:
		return idleWeight + waited
	case still >= s.proxy.waits.stuckGrace:
		return still
	}
	return 0
}

// makeWay closes the connection for another, and ends what it is waiting for.
func (s *session) makeWay() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = true
	_ = s.conn.Conn.Close()
	if s.stop != nil {
		s.stop()
	}
}

// leaveSlot makes the connection one that is passed on: it may last for as long
// as the run. It reports false where there are too many of these.
func (s *session) leaveSlot() bool {
	select {
	case s.proxy.tunnels <- struct{}{}:
	default:
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = true
	<-s.proxy.slots
	return true
}

func (p *Proxy) add(s *session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing {
		return false
	}
	p.conns[s] = struct{}{}
	p.done.Add(1)
	return true
}

// remove forgets a connection that has ended, and gives its place back.
func (p *Proxy) remove(s *session) {
	s.mu.Lock()
	left := s.left
	s.mu.Unlock()
	if left {
		<-p.tunnels
	} else {
		<-p.slots
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, s)
	p.done.Done()
}
