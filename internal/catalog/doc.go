// Package catalog knows what indexes have offered and what became of it: which
// project a file URL belongs to, which releases were refused and why. It turns
// an index page into the page that may be handed on, and a file URL into a
// judged file.
//
//	page bytes ──Page──▶ page bytes, refused releases marked as yanked
//	file URL   ──File──▶ *File: judged from the promised digest, or refused
//	content    ──Conclude──▶ the final decision, recorded
//
// A page is one of the Simple API, or a document of PyPI's JSON API beside it:
// its address tells. Of one file both must promise the same bytes.
//
// A refused file refuses every file of its release: an installer that cannot
// have the wheel would otherwise build the sdist and so run the very code that
// was refused. The files stay listed, marked as yanked with the reason, so that
// resolvers choose another version; asked for all the same they are refused.
package catalog
