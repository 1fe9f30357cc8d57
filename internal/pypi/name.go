package pypi

import (
	"errors"
	"fmt"
)

// ErrName means that a string is not a project name as PEP 508 has it.
var ErrName = errors.New("not a valid project name")

// NormalizeName returns the normal form of a project name (PEP 503): lower
// case, runs of "-", "_" and "." as one "-". It returns an [ErrName] for what
// PEP 508 does not allow: ASCII letters, digits, "-", "_" and ".", the first
// and the last a letter or a digit.
func NormalizeName(s string) (string, error) {
	if len(s) > maxName {
		return "", fmt.Errorf("%q… (%d bytes): %w", s[:20], len(s), ErrName)
	}
	normal := s != "" && isAlnum(s[0]) && isAlnum(s[len(s)-1])
	clean := normal
	for i := 0; i < len(s) && normal; i++ {
		switch c := s[i]; {
		case isLower(c) || isDigit(c):
		case isUpper(c):
			clean = false
		case c == '-':
			clean = clean && s[i-1] != '-'
		case c == '_' || c == '.':
			clean = false
		default:
			normal = false
		}
	}
	if !normal {
		return "", fmt.Errorf("%q: %w", s, ErrName)
	}
	if clean {
		return s, nil
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isUpper(c):
			out = append(out, c+'a'-'A')
		case isSeparator(c):
			if !isSeparator(s[i-1]) {
				out = append(out, '-')
			}
		default:
			out = append(out, c)
		}
	}
	return string(out), nil
}

func isLower(c byte) bool     { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool     { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool     { return '0' <= c && c <= '9' }
func isAlnum(c byte) bool     { return isLower(c) || isUpper(c) || isDigit(c) }
func isSeparator(c byte) bool { return c == '-' || c == '_' || c == '.' }
