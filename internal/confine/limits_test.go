package confine

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	in := Limits{Connect: []uint16{40123}, Write: []string{"/w", "/with \"quotes\" and \n"}}
	text, err := in.Argument()
	if want := `{"connect":[40123],"write":["/w","/with \"quotes\" and \n"]}`; err != nil || text != want {
		t.Fatalf("got %s, %v, want %s", text, err, want)
	}
	if out, err := ParseLimits(text); err != nil || !reflect.DeepEqual(out, in) {
		t.Errorf("got %v, %v", out, err)
	}
	const refused = "not limits that a program can be confined to: "
	for _, tt := range []struct{ text, want string }{
		{``, refused + "EOF"},
		{`{"write":["w"]}`, refused + `the path "w" is not absolute`},
		{`{"connect":[65536]}`, refused + "json: cannot unmarshal number 65536 into Go struct field Limits.connect of type uint16"},
		{`{"execute":[]}`, refused + `json: unknown field "execute"`},
		{`{} {}`, refused + "something follows them"},
		{`{"connect":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}`, refused + "17 ports and 0 paths"},
		{strings.Repeat(" ", maxArgument+1), refused + "65537 bytes"},
	} {
		if _, err := ParseLimits(tt.text); err == nil || err.Error() != tt.want || !errors.Is(err, ErrLimits) {
			t.Errorf("%.40q: got %v, want %s", tt.text, err, tt.want)
		}
	}
	long := Limits{Write: []string{"/" + strings.Repeat("x", maxArgument)}}
	if _, err := long.Argument(); !errors.Is(err, ErrLimits) {
		t.Errorf("got %v", err)
	}
}

func FuzzLimits(f *testing.F) {
	f.Add(`{"connect":[40123],"write":["/w"]}`)
	f.Add(`{"connect":null,"write":[""]}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLimits(text)
		if err != nil {
			return
		}
		again, err := l.Argument()
		if err != nil {
			return // escaped, it may be longer than it was
		}
		if out, err := ParseLimits(again); err != nil || !reflect.DeepEqual(out, l) {
			t.Errorf("%q: %v became %v, %v", text, l, out, err)
		}
	})
}
