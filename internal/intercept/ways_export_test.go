package intercept

import "net"

// ResolveWith has an Upstream look names up that it was redirected to.
func (u *Upstream) ResolveWith(r *net.Resolver) { u.resolver = r }
