// Package trustroot says which Sigstore trusted root is in use, and refreshes it.
//
// Three places may hold one, in this order:
//
//	the file that was named explicitly      (--trusted-root FILE)
//	the copy that the last refresh fetched  (DIR/sigstore/trusted_root.json)
//	the one that is built in                (internal/sigstore)
//
// The refreshed copy counts where it was fetched after the built-in one was
// made. A copy that cannot be read is passed over, and [Loaded.Note] says so: a
// broken cache must not stop anybody, and must not pass silently. A file that
// was named explicitly is used or is an error.
//
// [Refresh] fetches by TUF, so that an old, expired, tampered or mixed state of
// the repository is refused whoever serves it. TUF's own metadata is kept in
// DIR/sigstore/tuf, which is what a rollback is measured against. The new copy
// takes the old one's place in one step, after it was read as a trusted root: a
// refresh that fails at any point leaves the old copy as it was.
//
//	$ assay trust refresh
//	   root.json … ▶ timestamp ▶ snapshot ▶ targets ▶ trusted_root.json
//	   DIR/sigstore/trusted_root.json:
//	   {"schema":1,"refreshed":"2026-11-02T08:00:00Z","source":"https://…",
//	    "sha256":"6f3e…","trusted_root":"eyJt…"}        the root itself in base64
package trustroot
