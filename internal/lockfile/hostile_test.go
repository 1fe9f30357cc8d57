package lockfile

import (
	"errors"
	"strings"
	"testing"
)

var (
	sha = strings.Repeat("a1", 32)
	shb = strings.Repeat("b2", 32)
)

// TestHostile: what cannot be read without doubt is refused, with file and line.
func TestHostile(t *testing.T) {
	for _, tc := range []struct{ name, file, text, want string }{
		{"no lock at all", "x.bin", "hello\n", "x.bin: neither the name nor the content is that of a lock file that Assay knows"},
		{"malformed TOML", "uv.lock", "version = \n", "uv.lock:1: not TOML: unexpected character U+000A at start of value"},
		{"a TOML key twice", "uv.lock", "version = 1\nversion = 1\n", "uv.lock:2: not TOML: key version is already defined"},
		{"malformed JSON", "Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 6,}}", "Pipfile.lock:1: not JSON: invalid character ',' at start of value"},
		{"JSON that breaks off", "Pipfile.lock", "{\"_meta\":\n {", "Pipfile.lock:2: not JSON: it breaks off"},
		{"a JSON key twice", "Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 6, \"sources\": [{\"name\": \"pypi\", \"url\": \"https://h.example/simple\"}]},\n\"default\": {\"a\": {\"version\": \"==1\"},\n\"a\": {\"version\": \"==2\"}}}", "Pipfile.lock:3: not JSON: duplicate object member name"},
		{"JSON with a trailer", "Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 6, \"sources\": [{\"name\": \"pypi\", \"url\": \"https://h.example/simple\"}]},\n\"default\": {}}\n{}", "Pipfile.lock:3: not JSON: something stands behind the document"},
		{"JSON that is no object", "Pipfile.lock", "[]", "Pipfile.lock:1: the lock is no object"},
		{"conflict in TOML", "uv.lock", "version = 1\n<<<<<<< HEAD\n[[package]]\n=======\n[[package]]\n>>>>>>> other\n", "uv.lock:2: a merge conflict that nobody resolved begins here (<<<<<<<)\nuv.lock:4: in a merge conflict, the other side begins here (=======)\nuv.lock:6: a merge conflict that nobody resolved ends here (>>>>>>>)"},
		{"conflict in JSON", "Pipfile.lock", "{\n<<<<<<< HEAD\n\"a\": 1\n||||||| base\n\"a\": 3\n=======\n\"a\": 2\n>>>>>>> other\n}\n", "Pipfile.lock:2: a merge conflict that nobody resolved begins here (<<<<<<<)\nPipfile.lock:4: in a merge conflict, what both sides came from begins here (|||||||)\nPipfile.lock:6: in a merge conflict, the other side begins here (=======)\nPipfile.lock:8: a merge conflict that nobody resolved ends here (>>>>>>>)"},
		{"conflict in requirements", "requirements.txt", "<<<<<<< HEAD\na==1\n=======\na==2\n>>>>>>> other\n", "requirements.txt:1: a merge conflict that nobody resolved begins here (<<<<<<<)\nrequirements.txt:3: in a merge conflict, the other side begins here (=======)\nrequirements.txt:5: a merge conflict that nobody resolved ends here (>>>>>>>)"},
		{"a NUL in TOML", "uv.lock", "version = 1\n# \x00\n", "uv.lock:2: not TOML: control characters are not allowed in comments"},
		{"a NUL in requirements", "requirements.txt", "a==1\n# \x00\nb==1\n", "requirements.txt:2: the line holds a NUL"},
		{"a NUL in JSON", "Pipfile.lock", "{\"_meta\": \x00}", "Pipfile.lock:1: not JSON: invalid character '\\x00' at start of value"},
		{"wrong length", "requirements.txt", "a==1 --hash=sha256:abc\n", "requirements.txt:1: a sha256 digest has 64 hex digits, not 3"},
		{"not hexadecimal", "requirements.txt", "a==1 --hash=sha256:" + strings.Repeat("z", 64) + "\n", "requirements.txt:1: sha256 digest is not hexadecimal"},
		{"unknown algorithm's hash", "requirements.txt", "a==1 --hash=blake2b:xyz\n", "requirements.txt:1: the blake2b hash \"xyz\" is not hexadecimal"},
		{"an algorithm in capitals", "requirements.txt", "a==1 --hash=SHA256:" + sha + "\n", "requirements.txt:1: \"SHA256\" is not the name of a hash algorithm"},
		{"a hash without algorithm", "requirements.txt", "a==1 --hash=" + sha + "\n", "requirements.txt:1: the hash \"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\" is not of the form algorithm:value"},
		{"no hash at all", "requirements.txt", "a==1 --hash=\n", "requirements.txt:1: the hash \"\" is not of the form algorithm:value"},
		{"two pins", "requirements.txt", "a==1\nb==1\nA==2\n", "requirements.txt:3: \"A\" is there a second time and disagrees with requirements.txt:1"},
		{"two pins, one marker", "requirements.txt", "a==1 ; python_version > \"3\"\na==2; python_version>\"3\"\na==3 ; python_version  >  '3'\n", "requirements.txt:2: \"a\" is there a second time and disagrees with requirements.txt:1\nrequirements.txt:3: \"a\" is there a second time and disagrees with requirements.txt:1"},
		{"hashes that disagree", "requirements.txt", "a==1 --hash=sha256:" + sha + "\na==1 --hash=sha256:" + shb + "\n", "requirements.txt:2: \"a\" is there a second time and disagrees with requirements.txt:1"},
		{"a pin and a URL", "requirements.txt", "a==1\na @ https://h.example/a-1-py3-none-any.whl\n", "requirements.txt:2: \"a\" is there a second time and disagrees with requirements.txt:1"},
		{"no requirement", "requirements.txt", "a b\n", "requirements.txt:1: \"b\" is not a set of versions"},
		{"no version", "requirements.txt", "a==x\n", "requirements.txt:1: \"==x\" is not a set of versions"},
		{"no specifier", "requirements.txt", "a=1\n", "requirements.txt:1: \"=1\" is not a set of versions"},
		{"no arbitrary version", "requirements.txt", "a===foobar\n", "requirements.txt:1: \"foobar\" is not a version"},
		{"no marker", "requirements.txt", "a==1; foo\n", "requirements.txt:1: \"foo\": the marker cannot be read"},
		{"marker of an unknown variable", "requirements.txt", "a==1; foo == \"1\"\n", "requirements.txt:1: \"foo == \\\"1\\\"\": the marker cannot be read"},
		{"marker, empty", "requirements.txt", "a==1;\n", "requirements.txt:1: a semicolon stands in front of no marker"},
		{"marker, deep", "requirements.txt", "a==1; " + strings.Repeat("(", 200) + "os_name==\"a\"" + strings.Repeat(")", 200) + "\n", "requirements.txt:1: \"((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((…\": the marker cannot be read"},
		{"marker, open", "requirements.txt", "a==1; (os_name == \"a\"\n", "requirements.txt:1: \"(os_name == \\\"a\\\"\": the marker cannot be read"},
		{"unknown option", "requirements.txt", "--frobnicate\n", "requirements.txt:1: \"--frobnicate\" is no option that pip takes here"},
		{"unknown option behind a requirement", "requirements.txt", "a==1 --index-url=https://h.example/\n", "requirements.txt:1: behind a requirement there is no option \"--index-url\""},
		{"ambiguous option", "requirements.txt", "--no\n", "requirements.txt:1: \"--no\" is no option that pip takes here"},
		{"a requirement's option without value", "requirements.txt", "a==1 -C\n", "requirements.txt:1: the option \"-C\" has no value"},
		{"option without value", "requirements.txt", "--index-url\n", "requirements.txt:1: --index-url has no value"},
		{"option with a value", "requirements.txt", "--pre=yes\n", "requirements.txt:1: --pre takes no value"},
		{"open quote", "requirements.txt", "--index-url \"https://h.example/\n", "requirements.txt:1: the options cannot be told apart: a quote is open"},
		{"bad index", "requirements.txt", "--index-url https://user:pa ss@h.example/\n", "requirements.txt:1: \"ss@h.example/\" is no option that pip takes here"},
		{"bad index, no secret shown", "requirements.txt", "--index-url https://user:hunter2@h.example:pa/\n", "requirements.txt:1: --index-url: the URL cannot be read without doubt"},
		{"bad URL, no secret shown", "requirements.txt", "a @ https://user:hunter2@[h/x.whl\n", "requirements.txt:1: the URL cannot be read without doubt"},
		{"no requirement, no secret shown", "requirements.txt", "a b https://user:hunter2@h.example/x.whl\n", "requirements.txt:1: the line is neither a requirement nor a URL nor a path"},
		{"behind a requirement, no secret shown", "requirements.txt", "a==1 --x https://user:hunter2@h.example/x.whl\n", "requirements.txt:1: behind a requirement there is no option \"--x\""},
		{"editable and option", "requirements.txt", "-e ./a --pre\n", "requirements.txt:1: --editable stands on one line with other options, of which pip sees one alone"},
		{"two includes", "requirements.txt", "-r a.txt -r b.txt\n", "requirements.txt:1: --requirement stands on one line with other options, of which pip sees one alone"},
		{"include of a URL", "requirements.txt", "-r https://h.example/r.txt\n", "requirements.txt:1: the line includes a file from another computer, which is not read"},
		{"include, nothing at hand", "requirements.txt", "-r other.txt\n", "requirements.txt:1: \"other.txt\" cannot be read: nothing but the file itself is at hand"},
		{"include of a variable", "requirements.txt", "-r ${X}.txt\n", "requirements.txt:1: the line holds ${X}, for which no value is given"},
		{"include of nothing", "requirements.txt", "-r ''\n", "requirements.txt:1: --requirement names nothing"},
		{"a variable without value", "requirements.txt", "a==${VERSION}\n", "requirements.txt:1: the line holds ${VERSION}, for which no value is given"},
		{"an index of a variable", "requirements.txt", "--index-url https://${HOST}/simple\n", "requirements.txt:1: the line holds ${HOST}, for which no value is given"},
		{"a URL of a variable", "requirements.txt", "a @ https://${HOST}/a-1-py3-none-any.whl\n", "requirements.txt:1: the line holds ${HOST}, for which no value is given"},
		{"orphan hash", "requirements.txt", "a==1 \\\n    # comment\n    --hash=sha256:" + sha + "\n", "requirements.txt:3: the hash belongs to no requirement"},
		{"comment with backslash", "requirements.txt", "a==1 # c \\\nb==1\n", "requirements.txt:1: a comment ends in a backslash: pip takes the next line for part of it, others do not"},
		{"two backslashes", "requirements.txt", "a==1 \\\\\n    --hash=sha256:" + sha + "\n", "requirements.txt:1: a line that goes on holds backslashes that some readers drop"},
		{"backslash in front", "requirements.txt", "\\a==1 \\\n\n", "requirements.txt:1: a line that goes on holds backslashes that some readers drop"},
		{"backslash and white space", "requirements.txt", "a==1 \\ \nb==1\n", "requirements.txt:1: \"a==1 \\\\\" is neither a requirement nor a path that all read alike"},
		{"tab in front of an option", "requirements.txt", "a==1 \\\n\t--hash=sha256:" + sha + "\n", "requirements.txt:1: a tab stands in front of an option, which pip takes for a part of the requirement"},
		{"vertical tab", "requirements.txt", "# a\vevil==1\n", "requirements.txt:1: the line holds the character U+000B, at which pip ends the line and others do not"},
		{"a wide space in front of what looks like a comment", "requirements.txt", "a==1 --hash=sha256:" + sha + " --config-settings=x=y\\\n\u00a0#\\\nhttps://h.example/evil-1.0-py3-none-any.whl\n", "requirements.txt:2: the line holds the character U+00A0 outside of a comment, which some readers take for white space and others do not"},
		{"a wide space in front of an option", "requirements.txt", "\u3000-r a.txt\n", "requirements.txt:1: the line holds the character U+3000 outside of a comment, which some readers take for white space and others do not"},
		{"a wide space behind a value", "requirements.txt", "-r a.txt\u2003# c\n", "requirements.txt:1: the line holds the character U+2003 outside of a comment, which some readers take for white space and others do not"},
		{"a wide space within a word with a number sign", "requirements.txt", "-r a#b\u202fc\n", "requirements.txt:1: the line holds the character U+202F outside of a comment, which some readers take for white space and others do not"},
		{"a unit separator", "requirements.txt", "\x1f-r a.txt\n", "requirements.txt:1: the line holds the character U+001F"},
		{"a form feed", "requirements.txt", "# a\fevil==1\n", "requirements.txt:1: the line holds the character U+000C, at which pip ends the line and others do not"},
		{"a next line", "requirements.txt", "# a\u0085evil==1\n", "requirements.txt:1: the line holds the character U+0085, at which pip ends the line and others do not"},
		{"an include with a blank in front", "requirements.txt", "-r ' a.txt'\n", "requirements.txt:1: the value of --requirement begins or ends with white space, which some installers leave out: \" a.txt\""},
		{"an include with a blank behind", "requirements.txt", "--constraint=\"a.txt \"\n", "requirements.txt:1: the value of --constraint begins or ends with white space, which some installers leave out: \"a.txt \""},
		{"an include with an escaped blank", "requirements.txt", "-r a.txt\\ \\\n  # c\n", "requirements.txt:1: the options cannot be told apart: they end in a backslash"},
		{"an index with a blank in front", "requirements.txt", "-i ' https://h.example/'\n", "requirements.txt:1: the value of --index-url begins or ends with white space, which some installers leave out: \" https://h.example/\""},
		{"an include with a number sign", "requirements.txt", "-r a#b.txt\n", "requirements.txt:1: the value of --requirement holds a number sign, at which uv ends it: \"a#b.txt\""},
		{"an include with a quoted number sign", "requirements.txt", "-r 'a#b.txt'\n", "requirements.txt:1: the value of --requirement holds a number sign, at which uv ends it: \"a#b.txt\""},
		{"an index with a fragment", "requirements.txt", "--extra-index-url https://h.example/#x\n", "requirements.txt:1: the value of --extra-index-url holds a number sign, at which uv ends it: \"https://h.example/#…\""},
		{"an include behind an equals sign", "requirements.txt", "-r=a.txt\n", "requirements.txt:1: of \"-r=a.txt\" pip takes the equals sign for a part of the value, and uv does not"},
		{"an index behind an equals sign, no secret shown", "requirements.txt", "-i=https://u:hunter2@h.example/\n", "requirements.txt:1: of \"-i=https://…\" pip takes the equals sign for a part of the value, and uv does not"},
		{"an include of a URL of this computer", "requirements.txt", "-r file:///x/a%2etxt\n", "requirements.txt:1: the value of --requirement is a URL of this computer, which installers read in different ways; name the file by its path: \"file:///x/a%2etxt\""},
		{"an include that goes on", "requirements.txt", "-r a\\\ndemo==1.0\n", "requirements.txt:2: a word goes on from the line before, which installers join in different ways"},
		{"a URL that goes on", "requirements.txt", "a @ https://h.example/a\\\n-1-py3-none-any.whl\n", "requirements.txt:2: a word goes on from the line before, which installers join in different ways"},
		{"a word that goes on with a comment", "requirements.txt", "a==1\\\n#sha256=x\n", "requirements.txt:2: a word goes on from the line before, which installers join in different ways"},
		{"a word that goes on over an empty line", "requirements.txt", "a==1.\\\n\\\n5\n", "requirements.txt:2: a word goes on from the line before, which installers join in different ways"},
		{"an include behind an option of no requirement", "requirements.txt", "--config-settings x=y -r a.txt\n", "requirements.txt:1: \"--config-settings\" belongs to no requirement"},
		{"an index behind an option of no requirement", "requirements.txt", "--pre --global-option=x -i https://h.example/\n", "requirements.txt:1: \"--global-option=x\" belongs to no requirement"},
		{"an include behind an editable", "requirements.txt", "-e ./a --config-settings x=y -r a.txt\n", "requirements.txt:1: behind a requirement there is no option \"-r\""},
		{"a second word behind an include", "requirements.txt", "-r a.txt b\n", "requirements.txt:1: \"b\" is no option that pip takes here"},
		{"a requirement behind a hash", "requirements.txt", "a==1 --hash=sha256:" + sha + " evil==1.0\n", "requirements.txt:1: behind a requirement there is no option \"evil\""},
		{"a requirement behind an option", "requirements.txt", "--no-index evil==1.0\n", "requirements.txt:1: \"evil==1.0\" is no option that pip takes here"},
		{"line separator", "requirements.txt", "# a\u2028evil==1\n", "requirements.txt:1: the line holds the character U+2028, at which pip ends the line and others do not"},
		{"carriage return alone", "requirements.txt", "a==1\rb==1\n", "requirements.txt:1: the line holds a carriage return that ends no line, at which some readers end it all the same"},
		{"escape", "requirements.txt", "a==1 # \x1b[2J\n", "requirements.txt:1: the line holds the character U+001B"},
		{"a mark in the middle", "requirements.txt", "a==1\n\ufeffb==1\n", "requirements.txt:2: the line holds the character U+FEFF"},
		{"another encoding", "requirements.txt", "# -*- coding: utf-7 -*-\na==1\n", "requirements.txt: the encoding \"utf-7\" is none that assay reads"},
		{"another project's wheel", "requirements.txt", "a @ https://h.example/b-1-py3-none-any.whl\n", "requirements.txt:1: \"b-1-py3-none-any.whl\" is no file of the project \"a\""},
		{"a URL without a file", "requirements.txt", "a @ https://h.example/\n", "requirements.txt:1: the URL names no file"},
		{"a URL of another scheme", "requirements.txt", "a @ gopher://u@h.example/a-1.zip\n", "requirements.txt:1: no installer reads a URL that begins with gopher://"},
		{"a URL with a backslash", "requirements.txt", "a @ https://h.example\\@evil.example/a-1-py3-none-any.whl\n", "requirements.txt:1: the URL cannot be read without doubt"},
		{"a bad extra", "requirements.txt", "a[!]==1\n", "requirements.txt:1: \"!\" is not the name of an extra"},
		{"a fragment of wrong length", "requirements.txt", "a @ https://h.example/a-1-py3-none-any.whl#sha256=abc\n", "requirements.txt:1: a sha256 digest has 64 hex digits, not 3"},
		{"pylock, version", "pylock.toml", "lock-version = \"2.0\"\ncreated-by = \"x\"\npackages = []\n", "pylock.toml:1: lock-version is \"2.0\"; assay reads 1.0"},
		{"pylock, nothing", "pylock.toml", "", "pylock.toml: the lock has no packages\npylock.toml:1: the lock has no lock-version\npylock.toml:1: the lock has no created-by"},
		{"pylock, no packages", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n", "pylock.toml: the lock has no packages"},
		{"pylock, no table", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\npackages = [1]\n", "pylock.toml:3: packages holds a number, not tables alone"},
		{"pylock, no name", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nversion = \"1\"\n", "pylock.toml:3: the package has no name"},
		{"pylock, bad name", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"-\"\n", "pylock.toml:4: \"-\" is not a project's name"},
		{"pylock, no source", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\n", "pylock.toml:3: \"a\" has none of wheels and sdist, archive, vcs and directory"},
		{"pylock, two sources", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nwheels = [{ url = \"https://h.example/a-1-py3-none-any.whl\", hashes = { sha256 = \"" + sha + "\" } }]\ndirectory = { path = \".\" }\n", "pylock.toml:3: \"a\" has more than one of wheels and sdist, archive, vcs and directory"},
		{"pylock, wrong length", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nwheels = [{ url = \"https://h.example/a-1-py3-none-any.whl\", hashes = { sha256 = \"ab\" } }]\n", "pylock.toml:6: a sha256 digest has 64 hex digits, not 2"},
		{"pylock, no url", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nsdist = { name = \"a-1.tar.gz\", hashes = { sha256 = \"" + sha + "\" } }\n", "pylock.toml:6: the file has neither a url nor a path"},
		{"pylock, absurd size", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nsdist = { url = \"https://h.example/a-1.tar.gz\", size = 99999999999999 }\n", "pylock.toml:6: no distribution file has a size of 99999999999999 bytes"},
		{"pylock, negative size", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nsdist = { url = \"https://h.example/a-1.tar.gz\", size = -1 }\n", "pylock.toml:6: no distribution file has a size of -1 bytes"},
		{"pylock, size beyond all", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nsdist = { url = \"https://h.example/a-1.tar.gz\", size = 9999999999999999999999 }\n", "pylock.toml:6: not TOML: decimal number is too large to fit in a 64-bit signed integer"},
		{"pylock, size as text", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nsdist = { url = \"https://h.example/a-1.tar.gz\", size = \"1\" }\n", "pylock.toml:6: size is a string, not a number"},
		{"pylock, no time", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nsdist = { url = \"https://h.example/a-1.tar.gz\", upload-time = 2026-01-01 }\n", "pylock.toml:6: upload-time is no date with a time and its zone"},
		{"pylock, a path for a name", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nsdist = { name = \"../a-1.tar.gz\", url = \"https://h.example/a-1.tar.gz\" }\n", "pylock.toml:6: the file has no name"},
		{"pylock, two entries", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nwheels = [{ url = \"https://h.example/a-1-py3-none-any.whl\", hashes = { sha256 = \"" + sha + "\" } }]\n[[packages]]\nname = \"a\"\nversion = \"2\"\nwheels = [{ url = \"https://h.example/a-2-py3-none-any.whl\", hashes = { sha256 = \"" + sha + "\" } }]\n", "pylock.toml:7: \"a\" is there a second time and disagrees with pylock.toml:3"},
		{"pylock, a file twice", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nwheels = [\n{ url = \"https://h.example/a-1-py3-none-any.whl\", hashes = { sha256 = \"" + sha + "\" } },\n{ url = \"https://h.example/a-1-py3-none-any.whl\", hashes = { sha256 = \"" + shb + "\" } }]\n", "pylock.toml:8: \"a-1-py3-none-any.whl\" has another sha256 digest than at pylock.toml:7"},
		{"pylock, identity without kind", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nwheels = [{ url = \"https://h.example/a-1-py3-none-any.whl\", hashes = { sha256 = \"" + sha + "\" } }]\n[[packages.attestation-identities]]\nrepository = \"a/b\"\n", "pylock.toml:7: the attestation identity has no kind"},
		{"pylock, identity with a table", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nwheels = [{ url = \"https://h.example/a-1-py3-none-any.whl\", hashes = { sha256 = \"" + sha + "\" } }]\n[[packages.attestation-identities]]\nkind = \"GitHub\"\nclaims = { x = 1 }\n", "pylock.toml:9: claims is a table, not a string"},
		{"pylock, identities no list", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nwheels = [{ url = \"https://h.example/a-1-py3-none-any.whl\", hashes = { sha256 = \"" + sha + "\" } }]\nattestation-identities = \"GitHub\"\n", "pylock.toml:7: attestation-identities is a string, not a list"},
		{"pylock, checkout without commit", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nvcs = { type = \"git\", url = \"https://h.example/r\" }\n", "pylock.toml:6: vcs has no commit-id"},
		{"pylock, checkout of two places", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nvcs = { type = \"git\", url = \"https://h.example/r\", path = \"r\", commit-id = \"1\" }\n", "pylock.toml:6: there are a url and a path, and readers choose differently"},
		{"pylock, control character", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\ndirectory = { path = \"a\\u001b\" }\n", "pylock.toml:6: path holds a control character"},
		{"pylock, long", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\ndirectory = { path = \"" + strings.Repeat("x", maxText+1) + "\" }\n", "pylock.toml:6: path is longer than 8192 bytes"},
		{"pylock, deep", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nx = " + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "\n", "pylock.toml:6: not TOML: arrays and inline tables are nested more than the maximum of 10000 levels deep"},
		{"uv, version", "uv.lock", "version = 2\n", "uv.lock:1: assay reads version 1 of uv.lock, and this is another or says none"},
		{"uv, no source", "uv.lock", "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\n", "uv.lock:2: \"a\" has no source"},
		{"uv, unknown source", "uv.lock", "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { oci = \"x\" }\n", "uv.lock:5: the source of \"a\" is none of those that assay knows, or more than one"},
		{"uv, two sources", "uv.lock", "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"https://h.example/simple\", path = \"x\" }\n", "uv.lock:5: the source of \"a\" is none of those that assay knows, or more than one"},
		{"uv, no commit", "uv.lock", "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { git = \"https://h.example/r?rev=main\" }\n", "uv.lock:5: git names no commit"},
		{"uv, weird hash", "uv.lock", "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"https://h.example/simple\" }\nwheels = [{ url = \"https://h.example/a-1-py3-none-any.whl\", hash = \"\" }]\n", "uv.lock:6: the hash \"\" is not of the form algorithm:value"},
		{"uv, twice", "uv.lock", "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"https://h.example/simple\" }\nwheels = [{ url = \"https://h.example/a-1-py3-none-any.whl\", hash = \"sha256:" + sha + "\" }]\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"https://h.example/simple\" }\nwheels = [{ url = \"https://h.example/a-1-py3-none-any.whl\", hash = \"sha256:" + shb + "\" }]\n", "uv.lock:7: \"a\" is there a second time and disagrees with uv.lock:2\nuv.lock:11: \"a-1-py3-none-any.whl\" has another sha256 digest than at uv.lock:6"},
		{"poetry, no metadata", "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\n", "poetry.lock: the lock has no metadata"},
		{"poetry, version", "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\n[metadata]\nlock-version = \"3.0\"\n", "poetry.lock:5: lock-version is \"3.0\"; assay reads 1.0, 1.1 and 2"},
		{"poetry, no version", "poetry.lock", "[[package]]\nname = \"a\"\nfiles = []\n[metadata]\nlock-version = \"2.1\"\n", "poetry.lock:1: \"a\" has no version"},
		{"poetry, bad version", "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"one\"\nfiles = []\n[metadata]\nlock-version = \"2.1\"\n", "poetry.lock:3: \"one\" is not a version"},
		{"poetry, unknown source", "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\n[package.source]\ntype = \"oci\"\n[metadata]\nlock-version = \"2.1\"\n", "poetry.lock:5: assay knows no source of the type \"oci\""},
		{"poetry, wrong length", "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [{file = \"a-1.tar.gz\", hash = \"sha256:1\"}]\n[metadata]\nlock-version = \"2.1\"\n", "poetry.lock:4: a sha256 digest has 64 hex digits, not 1"},
		{"poetry, nameless file", "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [{hash = \"sha256:" + sha + "\"}]\n[metadata]\nlock-version = \"2.1\"\n", "poetry.lock:4: the file has neither a name nor a url"},
		{"poetry 1.1, files twice", "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\n[metadata]\nlock-version = \"1.1\"\n[metadata.files]\na-b = []\na_b = []\n", "poetry.lock:8: the files of \"a_b\" are there twice"},
		{"pdm, version", "pdm.lock", "[metadata]\nlock_version = \"3.1\"\n", "pdm.lock:2: lock_version is \"3.1\"; assay reads 4"},
		{"pdm, two sources", "pdm.lock", "[metadata]\nlock_version = \"4.5.1\"\n[[package]]\nname = \"a\"\nversion = \"1\"\npath = \".\"\nurl = \"https://h.example/a.whl\"\n", "pdm.lock:3: \"a\" has more than one source"},
		{"pdm, checkout without revision", "pdm.lock", "[metadata]\nlock_version = \"4.5.1\"\n[[package]]\nname = \"a\"\nversion = \"1\"\ngit = \"https://h.example/a\"\n", "pdm.lock:3: the package has no revision"},
		{"pdm, files as text", "pdm.lock", "[metadata]\nlock_version = \"4.5.1\"\n[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = \"x\"\n", "pdm.lock:6: files is a string, not a list"},
		{"pdm, two that disagree", "pdm.lock", "[metadata]\nlock_version = \"4.5.1\"\n[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [{file = \"a-1.tar.gz\", hash = \"sha256:" + sha + "\"}]\n[[package]]\nname = \"a\"\nversion = \"1\"\nextras = [\"x\"]\nfiles = [{file = \"a-1.tar.gz\", hash = \"sha256:" + shb + "\"}]\n", "pdm.lock:11: \"a-1.tar.gz\" has another sha256 digest than at pdm.lock:6"},
		{"pipfile, no meta", "Pipfile.lock", "{\"default\": {}}", "Pipfile.lock: the lock has no _meta"},
		{"pipfile, spec", "Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 7}}", "Pipfile.lock:1: assay reads pipfile-spec 6, and this is another or says none"},
		{"pipfile, unknown index", "Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 6, \"sources\": [{\"name\": \"pypi\", \"url\": \"https://h.example/simple\"}]},\n\"default\": {\"a\": {\"version\": \"==1\", \"index\": \"other\"}}}", "Pipfile.lock:2: \"other\" is none of the lock's sources"},
		{"pipfile, no list", "Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 6, \"sources\": [{\"name\": \"pypi\", \"url\": \"https://h.example/simple\"}]},\n\"default\": {\"a\": {\"version\": \"==1\", \"hashes\": \"sha256:" + sha + "\"}}}", "Pipfile.lock:2: hashes is no list"},
		{"pipfile, wrong length", "Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 6, \"sources\": [{\"name\": \"pypi\", \"url\": \"https://h.example/simple\"}]},\n\"default\": {\"a\": {\"version\": \"==1\", \"hashes\": [\"sha256:1\"]}}}", "Pipfile.lock:2: a sha256 digest has 64 hex digits, not 1"},
		{"pipfile, version a number", "Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 6, \"sources\": [{\"name\": \"pypi\", \"url\": \"https://h.example/simple\"}]},\n\"default\": {\"a\": {\"version\": 1}}}", "Pipfile.lock:2: version is no string that can be read"},
		{"pipfile, sections disagree", "Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 6, \"sources\": [{\"name\": \"pypi\", \"url\": \"https://h.example/simple\"}]},\n\"default\": {\"a\": {\"version\": \"==1\"}},\n\"develop\": {\"a\": {\"version\": \"==2\"}}}", "Pipfile.lock:3: \"a\" is there a second time and disagrees with Pipfile.lock:2"},
		{"pipfile, checkout without ref", "Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 6, \"sources\": [{\"name\": \"pypi\", \"url\": \"https://h.example/simple\"}]},\n\"default\": {\"a\": {\"git\": \"https://h.example/a\"}}}", "Pipfile.lock:2: git is there without a ref"},
		{"pipfile, bad source, no secret shown", "Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 6, \"sources\": [{\"name\": \"x\", \"url\": \"https://u:hunter2@h:x/\"}]}}", "Pipfile.lock:1: the source \"x\": the URL cannot be read without doubt"},
		{"pipfile, deep", "Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 6, \"sources\": [{\"name\": \"pypi\", \"url\": \"https://h.example/simple\"}]},\n\"default\": " + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", "Pipfile.lock:2: not JSON: values lie too deep within each other"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Read(tc.file, []byte(tc.text), nil)
			var broken *Error
			if !errors.As(err, &broken) || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

// TestSpaces: what Python or Rust take for white space, and is no blank or tab, is an error
// wherever it could change what a line says. In a comment it could not.
func TestSpaces(t *testing.T) {
	for _, c := range "\v\f\x1c\x1d\x1e\x1f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000" {
		for _, text := range []string{"a==1?b", "?a==1", "a==1?#c", "a==1?", "a==1 \\\n?--hash=sha256:" + sha, "-r?x.txt", "a#?"} {
			_, err := Read("requirements.txt", []byte(strings.ReplaceAll(text, "?", string(c))+"\n"), nil)
			var broken *Error
			if !errors.As(err, &broken) || !strings.Contains(err.Error(), "the line holds ") {
				t.Errorf("%q in %q: %v", c, text, err)
			}
		}
	}
	l := mustRead(t, "requirements.txt", []byte("#\u00a0a\n \t# \u3000# b\na==1 # c\u2003d\u00a0# e\nb==1 \\\n  # f\u00a0g\nc==1\n"))
	if len(l.Packages) != 3 {
		t.Errorf("%d packages", len(l.Packages))
	}
}
