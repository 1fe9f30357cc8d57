package installer

import (
	"fmt"
	"path/filepath"
	"strings"
)

// machine is what a netrc file knows of one host.
type machine struct{ login, password string }

// readNetrc reads the person's netrc file: the one that NETRC names, else
// ~/.netrc or ~/_netrc. Its hosts are in lower case.
func readNetrc(env Environ) (map[string]machine, error) {
	paths := []string{env.Get("NETRC")}
	if paths[0] == "" {
		paths = append(under(home(env), ".netrc"), filepath.Join(home(env), "_netrc"))
	}
	for _, path := range paths {
		if !exists(path) {
			continue
		}
		data, err := readCapped(path, maxNetrc)
		if err != nil {
			return nil, fmt.Errorf("reading credentials: %w", err)
		}
		machines, err := parseNetrc(path, string(data))
		if err != nil {
			return nil, err
		}
		return machines, nil
	}
	return nil, nil
}

// parseNetrc reads the netrc format, as Python's netrc module does:
//
//	machine index.example login me password "a secret"
//
// Tokens are set apart by white space, may stand in double quotes, and a
// backslash takes the next character as it is; a token that begins with "#"
// comments out the rest of its line. Macros are passed over. The entry
// "default" is left out: it would hand a password to whatever host is asked.
// Of two entries of one host the last counts. No error quotes the file.
func parseNetrc(file, data string) (map[string]machine, error) {
	out := map[string]machine{}
	l := netrcLexer{rest: data, line: 1}
	bad := func(detail string) error { return &ConfigError{File: file, Line: l.line, Detail: detail} }
	token, ok := l.next()
	for ok {
		host, named := "", false
		switch token {
		case "machine":
			if host, named = l.next(); !named {
				return nil, bad("a machine has no name")
			}
		case "default":
		case "macdef":
			l.skipMacro()
			token, ok = l.next()
			continue
		default:
			return nil, bad("something stands before the first machine, or in the place of one")
		}
		var m machine
		for {
			if token, ok = l.next(); !ok || token == "machine" || token == "default" || token == "macdef" {
				break
			}
			value, given := l.next()
			switch {
			case !given:
				return nil, bad("an entry has no value")
			case token == "login" || token == "user":
				m.login = value
			case token == "password":
				m.password = value
			case token != "account":
				return nil, bad("an entry is neither login, user, account nor password")
			}
		}
		if named {
			out[strings.ToLower(host)] = m
		}
	}
	return out, nil
}

// netrcLexer splits a netrc file into tokens.
type netrcLexer struct {
	rest string
	line int
}

// next returns the next token; false at the end.
func (l *netrcLexer) next() (string, bool) {
	for {
		l.skip(func(c byte) bool { return strings.IndexByte(" \t\r\n", c) >= 0 })
		if !strings.HasPrefix(l.rest, "#") {
			break
		}
		l.skip(func(c byte) bool { return c != '\n' })
	}
	if l.rest == "" {
		return "", false
	}
	quoted := l.rest[0] == '"'
	if quoted {
		l.rest = l.rest[1:]
	}
	var b strings.Builder
	for l.rest != "" {
		c := l.rest[0]
		if quoted && c == '"' {
			l.rest = l.rest[1:]
			break
		}
		if !quoted && strings.IndexByte(" \t\r\n", c) >= 0 {
			break
		}
		if l.rest = l.rest[1:]; c == '\\' && l.rest != "" {
			c, l.rest = l.rest[0], l.rest[1:]
		}
		if c == '\n' {
			l.line++
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

func (l *netrcLexer) skip(while func(byte) bool) {
	for l.rest != "" && while(l.rest[0]) {
		if l.rest[0] == '\n' {
			l.line++
		}
		l.rest = l.rest[1:]
	}
}

// skipMacro passes over a macro: all up to an empty line.
func (l *netrcLexer) skipMacro() {
	macro, after, _ := strings.Cut(l.rest, "\n\n")
	l.line += strings.Count(macro, "\n") + 2
	l.rest = after
}
