package pypi

import (
	"errors"
	"fmt"
	"strings"

	"assay"
)

// hashLengths are the algorithms that Assay knows, under the names that Python's
// hashlib gives them, with the number of hex digits.
var hashLengths = map[string]int{
	"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128,
}

// parseHash reads a hash. known is false for algorithms that Assay does not
// know; names are compared as they are, because installers do.
func parseHash(algorithm, value string) (d assay.Digest, known bool, err error) {
	if algorithm == "sha256" && len(value) == 64 && isLowerHex(value) {
		return assay.Digest{Algorithm: "sha256", Hex: value}, true, nil
	}
	if _, known = hashLengths[algorithm]; !known {
		return assay.Digest{}, false, nil
	}
	d, err = assay.NewDigest(algorithm, value)
	return d, true, err
}

// isLowerHex reports whether s, whose length is a multiple of 8, is lower-case
// hexadecimal. It looks at 8 bytes at once: each of the four sums has a byte's
// high bit set where that byte, being ASCII, passes the bound.
func isLowerHex(s string) bool {
	for ; len(s) >= 8; s = s[8:] {
		w := load8(s)
		from0, over9 := (w|highBits)-'0'*everyByte, w+(0x7f-'9')*everyByte
		fromA, overF := (w|highBits)-'a'*everyByte, w+(0x7f-'f')*everyByte
		if ok := from0&^over9 | fromA&^overF; ok&^w&highBits != highBits {
			return false
		}
	}
	return true
}

// errTwoDigests means that two places promise different bytes.
var errTwoDigests = errors.New("two digests of one algorithm differ")

// mergeDigests adds digests to those from another place, which must agree. It
// never writes into either.
func mergeDigests(have, add []assay.Digest) ([]assay.Digest, error) {
	if len(have) == 0 {
		return add, nil
	}
	out := have[:len(have):len(have)]
next:
	for _, d := range add {
		for _, h := range have {
			if h.Algorithm != d.Algorithm {
				continue
			}
			if h != d {
				return nil, errTwoDigests
			}
			continue next
		}
		out = append(out, d)
	}
	return out, nil
}

// addFragment adds the digests of a URL's fragment ("sha256=…", other pairs
// behind "&").
func addFragment(have []assay.Digest, fragment string) ([]assay.Digest, error) {
	for pair := range strings.SplitSeq(fragment, "&") {
		algorithm, value, _ := strings.Cut(pair, "=")
		d, known, err := parseHash(algorithm, value)
		if err != nil {
			return nil, err
		}
		if !known {
			continue
		}
		if have, err = mergeDigests(have, []assay.Digest{d}); err != nil {
			return nil, fmt.Errorf("%s: %w", algorithm, err)
		}
	}
	return have, nil
}
