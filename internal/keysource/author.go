package keysource

import (
	"fmt"
	"strings"

	"assay/internal/openpgp"
)

// AuthorMatches says whether a certificate has a user id with an address of a project's
// Author-Email or Maintainer-Email ("Ann <ann@example.org>, bob@example.org").
//
// It is shown and grants nothing: whoever makes a release writes what they like into it,
// and whoever makes a key writes whose address they like.
func AuthorMatches(c *openpgp.Certificate, metadata string) (Remark, bool) {
	for part := range strings.SplitSeq(metadata[:min(len(metadata), 8<<10)], ",") {
		address, ok := addressOf(part)
		if ok && hasAddress(c, address) {
			return Remark{Text: fmt.Sprintf("the key %s has a user id with the author's address %s, which anybody can write: it proves nothing by itself", c.Fingerprint(), address)}, true
		}
	}
	return Remark{Text: fmt.Sprintf("the key %s has no user id with an address of the authors", c.Fingerprint())}, false
}
