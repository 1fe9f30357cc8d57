package openpgp

import (
	"net/mail"
	"strings"
)

// maxAddresses bounds the text in which addresses are looked for.
const maxAddresses = 8 << 10

// HasAddress returns the first address of a list ("Ann <ann@example.org>, bob@example.org")
// that one of the certificate's user ids has, and false where none has. It proves nothing:
// whoever makes a key writes whose address they like.
func (c *Certificate) HasAddress(list string) (string, bool) {
	for part := range strings.SplitSeq(list[:min(len(list), maxAddresses)], ",") {
		address, ok := AddressOf(part)
		if !ok {
			continue
		}
		for _, id := range c.UserIDs() {
			if got, ok := AddressOf(id); ok && strings.EqualFold(got, address) {
				return address, true
			}
		}
	}
	return "", false
}

// AddressOf is the address of a user id: "Name <address>", or the address alone. A user
// id with two is of nobody.
func AddressOf(id string) (string, bool) {
	text := strings.TrimSpace(id)
	if open := strings.LastIndexByte(text, '<'); open >= 0 {
		if !strings.HasSuffix(text, ">") || strings.Count(text, "<") != 1 || strings.Count(text, ">") != 1 {
			return "", false
		}
		text = text[open+1 : len(text)-1]
	}
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || parsed.Name != "" {
		return "", false
	}
	return text, true
}
