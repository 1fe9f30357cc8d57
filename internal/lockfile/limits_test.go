package lockfile

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestAbsurd: what is beyond all measure is refused, and soon.
func TestAbsurd(t *testing.T) {
	if testing.Short() {
		t.Skip("needs time and memory")
	}
	repeat := func(s string, n int) string { return strings.Repeat(s, n) }
	numbered := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	const pylock = "lock-version = \"1.0\"\ncreated-by = \"x\"\n"
	const meta = `{"_meta": {"pipfile-spec": 6}, "default": {`
	for _, tc := range []struct{ name, file, text, want string }{
		{"a large file", "uv.lock", repeat("#", MaxFile+1), "uv.lock: larger than 33554432 bytes"},
		{"many tables", "uv.lock", "version = 1\n" + repeat("[[package]]\n", maxKeys+1), "uv.lock: more than 2000000 values"},
		{"many packages", "uv.lock", "version = 1\n" + numbered("[[package]]\nname = \"p%d\"\nsource = { virtual = \".\" }\n", maxPackages+2), "uv.lock:150002: more than 50000 packages"},
		{"many roots", "uv.lock", "version = 1\n[manifest]\nconstraints = [" + numbered("\"p%d\",\n", maxPackages) + "]\nrequirements = [{ name = \"asked\" }, { name = \"more\" }]\n", "uv.lock:50004: the manifest names more than 50000 projects"},
		{"many indexes", "pylock.toml", pylock + numbered("[[packages]]\nname = \"a%d\"\nwheels = []\nindex = \"https://h.example/%[1]d\"\n", maxIndexes+2), "pylock.toml:4006: more than 1000 indexes"},
		{"many files", "pylock.toml", pylock + "[[packages]]\nname = \"a\"\nwheels = [" + repeat("{path = \"x\"},", maxFiles+1) + "]\n", "pylock.toml:3: \"a\" has more than 5000 files"},
		{"many hashes of a file", "pylock.toml", pylock + "[[packages]]\nname = \"a\"\nsdist = {path = \"x\", hashes = {" + strings.TrimSuffix(numbered("x%d = \"00\", ", maxOfFile+1), ", ") + "}}\n", "pylock.toml:5: the file has more than 50 hashes"},
		{"files of an old list for many packages", "poetry.lock", numbered("[[package]]\nname = \"a\"\nversion = \"%d\"\n", 2000) + "[metadata]\nlock-version = \"1.1\"\n[metadata.files]\na = [" + repeat("{file = \"x\"},", maxFiles) + "]\n", "poetry.lock:181: more than 300000 files"},
		{"many lines", "requirements.txt", repeat("\n", maxLines+1), "requirements.txt:1000001: more than 1000000 lines"},
		{"many requirements", "requirements.txt", numbered("a%d\n", maxPackages+1), "requirements.txt:50001: more than 50000 packages"},
		{"many hashes", "requirements.txt", "a==1" + numbered(" --hash=md5:%032x", maxHashes+1), "requirements.txt:1: \"a\" has more than 10000 hashes"},
		{"a long line", "requirements.txt", "a==1 " + repeat(" ", maxLine), "requirements.txt:1: a line is longer than 1048576 bytes"},
		{"a long line in pieces", "requirements.txt", repeat("aaaaaaa \\\n", maxLine/8+1), "requirements.txt:131072: a line is longer than 1048576 bytes"},
		{"many hashes of a Pipfile", "Pipfile.lock", meta + `"a": {"hashes": [` + repeat(`"x",`, maxHashes) + `"x"]}}}`, "Pipfile.lock:1: \"a\" has more than 10000 hashes"},
		{"many values", "Pipfile.lock", "[" + repeat("0,", maxKeys+1) + "0]", "Pipfile.lock:1: not JSON: too many values"},
		{"many brackets", "Pipfile.lock", repeat("[", MaxFile), "Pipfile.lock:1: not JSON: values lie too deep within each other"},
		{"too many dots", "uv.lock", "version = 1\n" + repeat("a.", maxDots+1) + "a = 1\n", "uv.lock: more than 200000 dots between names"},
		{"dots in strings", "uv.lock", "version = 1\n# " + repeat(".", maxDots) + "\nx = [\"\\\"" + repeat(".", maxDots) + "\", '\\', \"\"\"\n\"" + repeat(".", maxDots) + "\"\"\"]\n[[package]]\nname = 1\n", "uv.lock:6: name is a number, not a string\nuv.lock:6: the name is empty"},
		{"many dots", "uv.lock", "version = 1\n" + repeat("a.", maxDots) + "a = 1\n[[package]]\nname = 1\n", "uv.lock:4: name is a number, not a string\nuv.lock:4: the name is empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			start := time.Now()
			_, err := Read(tc.file, []byte(tc.text), nil)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got  %.300v\nwant %s", err, tc.want)
			}
			t.Logf("%v", time.Since(start).Round(time.Millisecond))
		})
	}
}
