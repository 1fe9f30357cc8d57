// Package journal is memory on disk: which publishers each project had, which bytes
// each file had, when and by which route they were first seen, and which changes a
// person accepted. What follows from that is decided by [assay.Decide].
//
//	memory/
//	  journal.jsonl            one entry a line, only ever appended to
//	  journal.head             how far it is known to have been written
//	  journal.index            which lines are about a project; made when there are many
//	  journal.lock             held while somebody writes
//	  journal.jsonl.torn-…     the rest of a write that was broken off
//	  journal.jsonl.damaged-…  a journal as it was before a repair
//
// # A line
//
// is a JSON object without spaces, its fields in the order of [Entry], those that are
// empty left out. The first is the chain hash; what follows it, up to and with the
// last brace, is the body:
//
//	{"chain":"HASH","v":1,"seq":1,"time":"2026-01-02T03:04:05Z","kind":"seen", …}
//
//	HASH = hex(SHA-256(hash of the line before, 32 bytes; 32 zero bytes for the first || body))
//
// The first line of a journal could be this one:
//
//	{"chain":"3c7c173a5b606534f44a99965fada4d0135caa4a9e0da4397ae5026f5322b7aa","v":1,"seq":1,"time":"2026-01-02T03:04:05Z","kind":"remove","project":"foo","reason":"it moved","by":"ann"}
//
// and by hand its hash is
//
//	(head -c 32 /dev/zero; printf %s '"v":1,"seq":1,…,"by":"ann"}') | sha256sum
//
// So a line that is changed, removed or put in shows at the next one, as long as not
// all hashes behind it are computed anew: who fears that notes the last hash
// elsewhere ("assay trust history --check" prints it). A journal that ends earlier
// than it did shows by journal.head.
//
// # What is durable when
//
// A batch is one write(2) under the lock, at the end of the file. It is in the
// operating system's hands when [Journal.Record] returns: a process that is killed
// loses nothing. It is on the disk when [Journal.Append] or [Journal.Close] returns.
// journal.head and journal.index are written after that, each by renaming, and are
// never durable themselves: what they say is at most what is there.
//
// What is wrong is told apart:
//
//	the last line is not whole, or no entry   set aside in a file; said by Notes
//	a line is other than it was written       ErrEdited, with its number
//	the journal ends before journal.head      ErrCut
//	an entry of a later time than now         used; said by Notes
//	an unknown kind or version of a line      ErrNewer: it may forbid something
//	no room, or no right to write             known for this run; the error of Close
//
// ErrEdited, ErrCut and ErrNewer are errors of every question: what memory would
// have said is not known. [Salvage] begins anew with what is sound.
//
// # Many entries
//
// At each start the last line that the index knows is compared, and what is behind it
// is read and followed; the chain before it is followed by [Journal.Check] only. A
// question reads the lines about its project and compares them with the index. The
// index is a cache: where it is missing, damaged or does not fit, the whole journal is
// read, and it is made anew.
package journal
