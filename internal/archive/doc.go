// Package archive reads distribution files strictly: wheels and old .zip sdists
// (APPNOTE.TXT of PKWARE, PEP 427), and .tar, .tar.gz and .tar.bz2 sdists (RFC 1952,
// POSIX.1-2001 pax, GNU tar; PEP 625).
//
// A zip can be read from its end or from its beginning, and a tar has three ways
// to say how long a member is. Where two readers could see different files in
// the same bytes, what one of them checked is not what the other one installs.
// So this reader goes from the first byte to the last in one pass, gives every
// byte a meaning, and reports what has two:
//
//	zip   [local header, data, (descriptor)]… [central entry]… (zip64 record, locator) end
//	      every central entry agrees with its local header; nothing before, between or after
//	tar   gzip header [tar header, data]… zeros, CRC-32 and length; nothing after
//
// Nothing is written to disk. Of the members it keeps names and digests, and the
// few texts that are read at the end (METADATA, RECORD, PKG-INFO, …) within caps:
//
//	inside, err := archive.Read("six-1.17.0-py2.py3-none-any.whl", body, archive.Limits{})
//	// err: body's own; what is wrong with the archive is in inside.Findings:
//	// archive.record-mismatch  member "six.py" has another sha256 than RECORD says
//
// Findings with an error code say what refuses; archive.irregular is a rule
// break that every reader reads in the same way, archive.surprising is legal.
package archive
