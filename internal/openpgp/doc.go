// Package openpgp reads OpenPGP certificates, detached signatures and cleartext signed
// files strictly, and verifies them.
package openpgp
