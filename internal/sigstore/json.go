package sigstore

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decode reads exactly one JSON value into v. The json package refuses
// duplicate names, invalid UTF-8 and trailing data, and tells names apart by
// case; size and depth are bounded before it starts.
func decode(data []byte, limit int, v any, options ...json.Options) error {
	if len(data) > limit {
		return fmt.Errorf("%d bytes are more than the %d that are read", len(data), limit)
	}
	if depth(data) > MaxDepth {
		return fmt.Errorf("it is nested more than %d deep", MaxDepth)
	}
	if err := json.Unmarshal(data, v, options...); err != nil {
		return plain(err)
	}
	return nil
}

// plain shortens the json package's errors to what helps a reader: what is
// wrong and where, without Go type names.
func plain(err error) error {
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return fmt.Errorf("the name %q occurs twice", syntactic.JSONPointer.LastToken())
		}
		return fmt.Errorf("it is not one JSON value (byte %d)", syntactic.ByteOffset)
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		where := string(semantic.JSONPointer)
		if where == "" {
			where = "the whole"
		}
		if errors.Is(err, json.ErrUnknownName) {
			return fmt.Errorf("%s is not a known member", where)
		}
		if own, ok := errors.AsType[valueError](err); ok {
			return fmt.Errorf("%s %s", where, own)
		}
		return fmt.Errorf("%s is not of the type that it should be", where)
	}
	return err
}

// depth returns how deep objects and arrays are nested. It need not be exact on
// what is not JSON: that is refused afterwards.
func depth(data []byte) int {
	now, deepest, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case quoted:
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// valueError says what is wrong with one value.
type valueError string

func (e valueError) Error() string { return string(e) }

// base64Bytes is a byte string in standard, padded base64. Line breaks inside it
// are skipped: early attestations were written with them.
type base64Bytes []byte

// UnmarshalJSONFrom reads a base64 string; null leaves no bytes.
func (b *base64Bytes) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case 'n':
		*b = nil
		return nil
	case '"':
		out, err := base64.StdEncoding.DecodeString(token.String())
		if err != nil {
			return valueError("is not base64")
		}
		*b = out
		return nil
	}
	return valueError("is not a string")
}

// integer is a 64-bit integer in protobuf's JSON: a string, or a number.
type integer int64

// UnmarshalJSONFrom reads the integer in its one canonical spelling.
func (n *integer) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	var text string
	switch token.Kind() {
	case 'n':
		*n = 0
		return nil
	case '"', '0':
		text = token.String()
	default:
		return valueError("is not an integer")
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(v, 10) != text {
		return valueError("is not an integer")
	}
	*n = integer(v)
	return nil
}
