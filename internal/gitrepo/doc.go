// Package gitrepo finds the tag of a release in a git repository, in a clone or
// behind a URL, and hands out the raw objects: the tag with its signature and the
// commit that it names. It verifies no signature; internal/gitobject takes it off.
//
// # Flow
//
//	where ──Open──▶ the tags' refs, listed once
//	      ──ReleaseTag("sampleproject", "1.2.3")──▶ which of them name that release?  v1.2.3, sampleproject-1.2.3, …
//	                 │                                (versions compare by PEP 440: v1.2 and 1.2.0 are one)
//	                 ├─ read or fetch each object, hash it anew, compare with its id
//	                 ├─ the tag object says "tag v1.2.3" itself, and names a commit
//	                 └─ all that fit name one commit
//
// An example:
//
//	r, err := gitrepo.Open(ctx, "https://git.example/sampleproject.git", gitrepo.Options{})
//	found, err := r.ReleaseTag(ctx, "sampleproject", "1.2.3")
//	found.Name      // "v1.2.3"
//	found.Raw       // "object 0c1b…\ntype commit\ntag v1.2.3\ntagger …", nil for a lightweight tag
//	found.Target    // "0c1b…", the commit
//
// # What is believed
//
// A ref is the word of whoever holds the repository, and nothing signs it. So a
// ref refs/tags/v2 that holds the signed object of v1 is refused ([ErrReplayed]),
// and a lightweight tag, which has no object, names its commit by that word alone.
// Objects are believed by their hash, which is computed here; SHA-1 with the
// detection of collisions. Repositories with SHA-256 are told apart and not read
// ([ErrObjectFormat]), and so are refs in a reftable.
//
// # A clone
//
// A worktree, a bare repository or a linked worktree; shallow and partial ones,
// as long as tag and commit are there. Loose and packed refs and objects. What
// only git could decide is not guessed: a clone that borrows objects from another
// one is refused ([ErrAlternates]). Nothing is honoured that a clone could say to
// git: no configuration (not even the clone's own), hooks, grafts, replaced
// objects; nothing is written, and no process is started. Files are opened below
// the clone's folder only, links that lead out of it are refused, and so is what
// is no regular file.
//
// # A URL
//
// https, and plain http on this computer. Two requests of git's smart protocol,
// version 0: the refs, and for each tag that fits one pack of depth 1, without
// files where the server can leave them out. The pack is read as it comes, all but
// tags and commits is thrown away, and reading ends when both are there.
//
// The server is an enemy: limits.go has the caps on bytes, before and after
// inflating, on counts and on time. Redirects are followed within the same
// scheme, host and port only. Which addresses a name may stand for is up to the
// transport: whoever asks for a URL that a stranger wrote hands one in that
// refuses private ones.
//
// # What is go-git's
//
// The framing of the protocol (pkt-line), the reader of packs and the application
// of deltas. Its repositories, HTTP client and configuration are not used: they
// read the environment and the user's configuration, take files of any size into
// memory, and write objects anew when they verify them. Sources: gitformat-pack,
// gitprotocol-http, gitprotocol-pack, gitrepository-layout.
package gitrepo
