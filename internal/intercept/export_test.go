package intercept

import "time"

// Hurry makes a proxy wait for clients no longer than for d, and close what has
// idled for it, or not moved for three times as long, to make room.
func Hurry(c *Config, d time.Duration) {
	c.waits = waits{idle: 20 * d, head: d, handshake: d, halfOpen: d, idleGrace: d, stuckGrace: 3 * d}
}

// MaxConns is how many connections are served at a time.
const MaxConns = maxConns

// Crowd makes room sooner, and changes nothing else.
func Crowd(c *Config, d time.Duration) { c.waits.idleGrace, c.waits.stuckGrace = d, 3*d }

// FewTunnels has no more than n connections passed on at a time.
func FewTunnels(c *Config, n int) { c.waits.tunnels = n }
