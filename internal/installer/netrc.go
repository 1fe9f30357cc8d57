package installer

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// machine is an entry of a netrc file.
type machine struct{ login, password string }

// machines are the entries of a netrc file by their hosts in lower case, in
// their order. Those called "default" are under the empty name.
type machines map[string][]machine

// find returns the entry for a host: the last one with the login, or the last
// one if any login will do.
func (m machines) find(host, login string) (machine, bool) {
	entries := m[host]
	for i := len(entries) - 1; i >= 0; i-- {
		if login == "" || entries[i].login == login {
			return entries[i], true
		}
	}
	return machine{}, false
}

// readNetrc reads the person's netrc file: the one that NETRC names, else
// ~/.netrc or ~/_netrc. One that cannot be read or understood is passed over, as
// pip and uv do; one that is no file, or too large for one, is an error.
func readNetrc(env Environ) (machines, error) {
	paths := []string{env.Get("NETRC")}
	if paths[0] == "" {
		paths = append(under(home(env), ".netrc"), under(home(env), "_netrc")...)
	}
	for _, path := range paths {
		if !exists(path) {
			continue
		}
		data, err := readCapped(path, maxNetrc)
		if errors.Is(err, fs.ErrPermission) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading credentials: %w", err)
		}
		found, err := parseNetrc(path, string(data))
		if err != nil {
			return nil, nil
		}
		return found, nil
	}
	return nil, nil
}

// parseNetrc reads the netrc format, as Python's netrc module does:
//
//	machine index.example login me password "a secret"
//
// Tokens are set apart by white space, may stand in double quotes, and a
// backslash takes the next character as it is; a token that begins with "#"
// comments out the rest of its line. Macros are passed over. No error quotes the
// file.
func parseNetrc(file, data string) (machines, error) {
	out := machines{}
	l := netrcLexer{rest: data, line: 1}
	bad := func(detail string) error { return &ConfigError{File: file, Line: l.line, Detail: detail} }
	token, ok := l.next()
	for ok {
		host := ""
		switch token {
		case "machine":
			if host, ok = l.next(); !ok {
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
		host = strings.ToLower(host) // none for "default"
		out[host] = append(out[host], m)
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
