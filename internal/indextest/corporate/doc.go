// Package corporate is a forward proxy as companies have it, on loopback and for
// tests: plain or with TLS in front, with or without a password. It leads host
// names to servers on loopback, so that installers can be tested with names
// that exist nowhere or belong to others:
//
//	index := indextest.Start(t, archive, indextest.WithTLS(), indextest.WithURL("https://index.test"))
//	proxy := corporate.Start(t, corporate.Options{User: "alice", Password: "secret"})
//	proxy.Lead("index.test:443", index.Addr())
//	cmd.Env = append(cmd.Env, "HTTPS_PROXY="+proxy.UserURL())
//	...
//	proxy.Requests()   // [{CONNECT index.test:443 407} {CONNECT index.test:443 200}]
//
// It takes CONNECT and requests with absolute URLs (RFC 9110, 9.3.6; RFC 9112,
// 3.2.2). Without the right credentials it answers 407. It never leaves
// loopback: a host that it does not lead anywhere and that is no loopback
// address is answered with 502. What it is sent goes on as it is, without the
// headers that are for the proxy.
package corporate
