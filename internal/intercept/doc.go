// Package intercept is the wrapper's forward proxy on loopback, with the
// certificate authority that lets it look into TLS.
//
//	installer ──CONNECT index:443──▶ Proxy ──TLS with a leaf of CA──▶ requests, one by one
//	                                   │  page      fetched whole, Desk.Page, handed on
//	                                   │  file      Desk.File, fetched, gate, Desk.Conclude
//	                                   │  metadata  the same, for FILE.metadata (PEP 658)
//	                                   └─ other     copied, untouched
//
// Not every connection is opened. Scope says which are passed on whole: hosts that
// the person named, git's and its like's, and, where the command goes on to run an
// application, all that is not known to be an installer's:
//
//	CONNECT index:443, marked        opened
//	CONNECT api.example:443          an application's: bytes are passed both ways
//	CONNECT git.example:443, git/2   the same, or refused
//	CONNECT mail.example:25          refused: no web server is at that port
//
// Stats counts what was passed on without a look, and why. Pages and files are
// refused over plain http, but for this machine's own.
//
// What a request is can be seen only inside TLS, by method, path and Accept
// header; hence the interception. What only the answer shows to be a page or a
// file (its Content-Type, its Content-Disposition) is asked for again as such.
//
// An installer's conditions and ranges end here. A page is asked for with Assay's
// own condition, if any, so that there is always a body to judge, and the installer
// gets a 304 if what was judged is unedited and has the validator that it named. A
// file is asked for whole, so that there is always a whole to hash, and the
// installer gets it whole; where its transfer breaks off, the proxy asks for the
// rest:
//
//	installer                Proxy                                 index
//	If-None-Match: "b"  ──▶  If-None-Match: "a", of its memo  ──▶  304
//	200, judged again   ◀──  unedited: its own "a"            ◀──
//	Range: bytes=500-   ──▶  the whole file                   ──▶  200, breaks off at 700
//	                         Range: bytes=700-, If-Range      ──▶  206
//	200, from 0         ◀──  hashed from 0
//
// With the installer only HTTP/1.1 is spoken: HTTP/2 has no reason phrase, and that
// is all that pip shows of a refusal:
//
//	HTTP/1.1 403 assay: the provenance is about another file (provenance.wrong-subject)
//	Content-Type: application/problem+json
//
//	{"title":"refused by assay","status":403,"detail":"the provenance is about another file",
//	 "code":"provenance.wrong-subject","hint":"do not install it: …","reasons":[…]}
//
// The body is an RFC 9457 problem document, which uv shows. Desk decides; the
// package only carries. Whatever cannot be decided (a bug, I/O, an upstream that
// cannot be reached) is answered with 502 and never with the bytes in question.
// Upstream says how the indexes are reached, and what a redirect may lead to.
package intercept
