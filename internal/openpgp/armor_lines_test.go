package openpgp

import (
	"strings"
	"testing"
	"time"
)

// TestArmorOfEmptyLines reads armor that is empty lines up to the cap, in each place where
// armor is read: the work is linear in them.
func TestArmorOfEmptyLines(t *testing.T) {
	block := func(label string, size int) []byte {
		return []byte(armorBegin + label + "-----\n\nAAAA\n" + strings.Repeat("\n", size-200) + "-----END " + label + "-----\n")
	}
	start := time.Now()
	ReadCertificates(block(armorPublicKey, MaxCertificateFile))
	ReadSignatures(block(armorSignature, MaxSignatureFile))
	ReadCleartext(append([]byte(cleartextBegin+"\nHash: SHA256\n\ntext\n"), block(armorSignature, MaxCleartext-100)...))
	if took := time.Since(start); took > 20*time.Second { // it is milliseconds
		t.Errorf("it took %s", took)
	}
	if _, _, err := readArmor([]byte(armorBegin+armorSignature+"-----\n\nAAAA\n\n -----END "+armorSignature+"-----\n"), armorSignature); err == nil {
		t.Error("a tail that is not at the beginning of its line was taken")
	}
}
