package gitrepo

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"assay/internal/gitobject"
)

// bare is a clone that no git made: a tag's ref, and what else a test writes.
func bare(t *testing.T) *made {
	t.Helper()
	m := &made{t, t.TempDir()}
	m.write("HEAD", "ref: refs/heads/main\n")
	m.write("refs/tags/v1.0", string(tagID)+"\n")
	m.write("objects/pack/keep", "")
	return m
}

func (m *made) loose(id gitobject.ID, content string) {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = io.WriteString(z, content)
	_ = z.Close()
	m.write("objects/"+string(id[:2])+"/"+string(id[2:]), b.String())
}

func (m *made) packs(name string, entries map[gitobject.ID]int64, data string) {
	m.write("objects/pack/"+name+".pack", data)
	m.write("objects/pack/"+name+".idx", indexOf(entries))
}

// indexOf is an index of a pack, its checksums left out.
func indexOf(entries map[gitobject.ID]int64) string {
	ids := make([]gitobject.ID, 0, len(entries))
	for id := range entries {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b gitobject.ID) int { return cmp.Compare(a, b) })
	b := []byte("\xfftOc\x00\x00\x00\x02")
	for first := range 256 {
		n := 0
		for _, id := range ids {
			if hexByte(string(id)) <= byte(first) {
				n++
			}
		}
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	for _, id := range ids {
		raw, _ := hex.DecodeString(string(id))
		b = append(b, raw...)
	}
	b = append(b, make([]byte, 4*len(ids))...)
	var long []byte
	for _, id := range ids {
		if offset := entries[id]; offset < 1<<31 {
			b = binary.BigEndian.AppendUint32(b, uint32(offset))
		} else {
			b = binary.BigEndian.AppendUint32(b, 1<<31|uint32(len(long)/8))
			long = binary.BigEndian.AppendUint64(long, uint64(offset))
		}
	}
	return string(append(append(b, long...), make([]byte, 40)...))
}

// copies is a delta that takes all of a base, several times.
func copies(base, times int) string {
	b := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(base)), uint64(base*times))
	for range times {
		b = append(b, 0x80|0x70, byte(base), byte(base>>8), byte(base>>16))
	}
	return string(b)
}

func named(id gitobject.ID) string {
	raw, _ := hex.DecodeString(string(id))
	return string(raw)
}

func TestHostileClones(t *testing.T) {
	commit := func(m *made) {
		m.loose(commitID, "commit "+strconv.Itoa(len(theCommit))+"\x00"+theCommit)
	}
	tag := func(m *made, content string) { m.loose(tagID, content) }
	big := strings.Repeat("x", 60000)
	for _, tc := range []struct {
		name  string
		make  func(*made)
		class error
		want  string
	}{
		{"sound", func(m *made) { tag(m, "tag "+strconv.Itoa(len(theTag))+"\x00"+theTag); commit(m) }, nil, ""},
		{"sound, packed", func(m *made) {
			first := whole(packTag, theTag)
			m.packs("p", map[gitobject.ID]int64{tagID: 12, commitID: int64(12 + len(first))}, packOf(first, whole(packCommit, theCommit)))
		}, nil, ""},
		{"a bomb", func(m *made) { tag(m, "tag 9000000\x00"+strings.Repeat("x", 9000000)) }, ErrTooLarge, "the object ID of 9000000 bytes is larger than 1048576"},
		{"a bomb of a header", func(m *made) { tag(m, "tag "+strings.Repeat("1", 9000000)) }, ErrMalformed, "the object ID has no header"},
		{"more than it says", func(m *made) { tag(m, "tag 5\x00"+theTag) }, ErrMalformed, "the object ID has not the 5 bytes that it says"},
		{"less than it says", func(m *made) { tag(m, "tag 500\x00"+theTag) }, ErrMalformed, "the object ID has not the 500 bytes that it says"},
		{"a negative length", func(m *made) { tag(m, "tag -1\x00") }, ErrMalformed, "the object ID has no header"},
		{"an unknown type", func(m *made) { tag(m, "idea 1\x00x") }, ErrMalformed, `the object ID is of the type "idea"`},
		{"no zlib", func(m *made) { m.write("objects/"+string(tagID[:2])+"/"+string(tagID[2:]), "hello") }, ErrMalformed, "the object ID: zlib: invalid header"},
		{"a folder for an object", func(m *made) { m.write("objects/"+string(tagID[:2])+"/"+string(tagID[2:])+"/x", "") }, ErrMalformed, "the object ID: not a regular file"},
		{"a link out of the clone", func(m *made) {
			outside := filepath.Join(m.t.TempDir(), "x")
			if err := os.WriteFile(outside, nil, 0o600); err != nil {
				m.t.Fatal(err)
			}
			m.write("objects/"+string(tagID[:2])+"/x", "")
			if err := os.Symlink(outside, filepath.Join(m.dir, "objects", string(tagID[:2]), string(tagID[2:]))); err != nil {
				m.t.Fatal(err)
			}
		}, ErrMalformed, "the object ID: path escapes from parent"},
		{"an old index", func(m *made) { m.packs("p", nil, pack0); m.write("objects/pack/p.idx", strings.Repeat("\x00", 2000)) }, ErrMalformed, `the index of the pack "p" is not of version 2`},
		{"a short index", func(m *made) {
			m.packs("p", nil, pack0)
			m.write("objects/pack/p.idx", "\xfftOc\x00\x00\x00\x02"+strings.Repeat("\xff", 1024))
		}, ErrMalformed, `the index of the pack "p" is too short for 4294967295 objects`},
		{"an index that leads out", func(m *made) { m.packs("p", map[gitobject.ID]int64{tagID: 1 << 40}, pack0) }, ErrMalformed, `the index of the pack "p" leads out of it`},
		{"an index that leads into the header", func(m *made) { m.packs("p", map[gitobject.ID]int64{tagID: 3}, pack0) }, ErrMalformed, `the index of the pack "p" leads out of it`},
		{"a pack without an index", func(m *made) { m.write("objects/pack/p.pack", pack0) }, ErrMissing, "the object ID is not in the clone"},
		{"an index without a pack", func(m *made) { m.write("objects/pack/p.idx", "") }, ErrMissing, "the object ID is not in the clone"},
		{"a large object in a pack", func(m *made) { m.packs("p", map[gitobject.ID]int64{tagID: 12}, packOf(entry(packTag, 1<<40, "", "x"))) }, ErrTooLarge,
			`the pack "p" at 12: an object of 1099511627776 bytes is too large for a tag or commit`},
		{"a length beyond all numbers", func(m *made) {
			m.packs("p", map[gitobject.ID]int64{tagID: 12}, packOf(string([]byte{packTag<<4 | 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})))
		}, ErrMalformed, `the pack "p" at 12: malformed PACK file: variable-length integer overflow`},
		{"a delta of itself", func(m *made) {
			m.packs("p", map[gitobject.ID]int64{tagID: 12}, packOf(entry(packRef, uint64(len(copies(1, 1))), named(tagID), copies(1, 1))))
		}, ErrTooLarge, "more than 512 deltas are upon each other"},
		{"a delta of itself before itself", func(m *made) {
			m.packs("p", map[gitobject.ID]int64{tagID: 12}, packOf("\x61\x0c"+whole(packTag, "x")[1:]))
		}, ErrMalformed,
			`the pack "p" at 0: an object of the type 5`},
		{"a delta that is a bomb", func(m *made) {
			d := copies(60000, 100)
			first := whole(packTag, big)
			m.packs("p", map[gitobject.ID]int64{otherID: 12, tagID: int64(12 + len(first))}, packOf(first, entry(packRef, uint64(len(d)), named(otherID), d)))
		}, ErrTooLarge, `the pack "p" at 100: a delta that is broken or too large`},
		{"a broken delta", func(m *made) {
			first := whole(packTag, big)
			m.packs("p", map[gitobject.ID]int64{otherID: 12, tagID: int64(12 + len(first))}, packOf(first, entry(packRef, 4, named(otherID), "abcd")))
		}, ErrMalformed, `the pack "p" at 100: a delta that is broken or too large`},
		{"a delta of nothing", func(m *made) {
			m.packs("p", map[gitobject.ID]int64{tagID: 12}, packOf(entry(packRef, 4, named(otherID), "abcd")))
		}, ErrMissing,
			"the object " + string(otherID) + " is not in the clone"},
		{"a delta of files", func(m *made) {
			first := whole(packBlob, big)
			m.packs("p", map[gitobject.ID]int64{otherID: 12, tagID: int64(12 + len(first))}, packOf(first, entry(packRef, 4, named(otherID), "abcd")))
		}, ErrTarget, "it names a blob"},
		{"a pack's object under another id", func(m *made) { m.packs("p", map[gitobject.ID]int64{tagID: 12}, packOf(whole(packTag, otherTag))) }, gitobject.ErrHash,
			`the tag that was given as "ID" is ` + string(otherID)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := bare(t)
			tc.make(m)
			f, err := open(t, m.dir).ReleaseTag(t.Context(), "demo", "1.0")
			if tc.want == "" {
				if err != nil || string(f.Raw) != theTag || string(f.Commit) != theCommit {
					t.Errorf("%+v, %v", f, err)
				}
				return
			}
			want := strings.ReplaceAll(tc.want, "ID", string(tagID))
			if i := strings.Index(want, "at 100"); i >= 0 {
				want = want[:i] + "at " + strconv.Itoa(12+len(whole(packTag, big))) + want[i+len("at 100"):]
			}
			wantError(t, err, tc.class, `the tag "v1.0": `+want)
		})
	}
}

var (
	otherID = sum(gitobject.TypeTag, otherTag)
	pack0   = packOf(whole(packBlob, strings.Repeat("0123456789", 10)))
)

func TestHostileRefs(t *testing.T) {
	id := string(tagID)
	for _, tc := range []struct {
		name, packed string
		class        error
		want         string
	}{
		{"twice", id + " refs/tags/v2\n" + id + " refs/tags/v2\n", ErrMalformed, `the tag "v2" is twice in packed-refs`},
		{"no id", "# pack-refs with: peeled\n" + id[1:] + " refs/tags/v2\n", ErrMalformed, `line 2 of packed-refs is "` + id[1:] + ` refs/tags/v2"`},
		{"no name", id + "\n", ErrMalformed, `line 1 of packed-refs is "` + id + `"`},
		{"many", id + " refs/tags/a\n" + id + " refs/tags/b\n" + id + " refs/tags/c\n" + id + " refs/tags/d\n" + id + " refs/tags/e\n", ErrTooLarge, "the repository has more than 4 tags"},
		{"large", strings.Repeat("#", 5000), ErrTooLarge, "packed-refs is larger than 4096 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := bare(t)
			m.write("packed-refs", tc.packed)
			_, err := Open(t.Context(), m.dir, Options{Limits: small})
			wantError(t, err, tc.class, tc.want)
		})
	}
	m := bare(t)
	for i := range 20 {
		m.write("refs/tags/ "+strconv.Itoa(i), "")
	}
	_, err := Open(t.Context(), m.dir, Options{Limits: small})
	wantError(t, err, ErrTooLarge, "the folders of tags hold more than 16 files")
	m = bare(t)
	m.write("refs/tags/v2", strings.Repeat("1", 5000))
	m.write("refs/tags/v3", "ref: ../../../etc/passwd\n")
	m.write("refs/tags/v4", "")
	m.write("packed-refs", id+" refs/heads/x\n^"+id+"\n"+id+" refs/tags/..\n"+id+" refs/tags/v5\n")
	refs, err := open(t, m.dir).Tags(t.Context())
	want := []Ref{{"v1.0", tagID, ""}, {"v2", "", "cannot be read: refs/tags/v2 is larger than 4096 bytes"}, {"v3", "", "is a symbolic ref"}, {"v4", "", "is a ref without an object id"}, {"v5", tagID, ""}}
	if err != nil || !slices.Equal(refs, want) {
		t.Errorf("%v, %v", refs, err)
	}
}

func TestManyPacks(t *testing.T) {
	m := bare(t)
	for i := range 5 {
		m.packs("p"+strconv.Itoa(i), map[gitobject.ID]int64{otherID: 12}, packOf(whole(packTag, otherTag)))
	}
	_, err := open(t, m.dir).Tag(t.Context(), "v1.0")
	wantError(t, err, ErrMissing, `the tag "v1.0": the object `+string(tagID)+" is not in the clone")
	r, err := Open(t.Context(), m.dir, Options{Limits: Limits{LocalPacks: 4}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Tag(t.Context(), "v1.0")
	wantError(t, err, ErrTooLarge, `the tag "v1.0": the clone has more than 4 packs`)
}

func FuzzStore(f *testing.F) {
	first := whole(packTag, otherTag)
	d := copies(len(otherTag), 2)
	ids := map[gitobject.ID]int64{otherID: 12, tagID: int64(12 + len(first))}
	f.Add([]byte(indexOf(ids)), []byte(packOf(first, entry(packRef, uint64(len(d)), named(otherID), d))))
	f.Add([]byte(indexOf(ids)), []byte(packOf(first, whole(packTag, theTag))))
	empty, err := os.OpenRoot(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, index, data []byte) {
		p := &pack{name: "p", index: bytes.NewReader(index), data: bytes.NewReader(data), indexSize: int64(len(index)), size: int64(len(data))}
		if p.measure() != nil {
			return
		}
		s := &store{root: empty, limits: Limits{}.orDefault(), names: []string{"p"}, packs: map[string]*pack{"p": p}}
		for _, id := range []gitobject.ID{tagID, otherID} {
			o, err := s.object(t.Context(), id, 0)
			var ours *failure
			if err != nil && !errors.As(err, &ours) {
				t.Fatal(err)
			}
			if len(o.raw) > maxObject || s.inflated > s.limits.DeltaBytes {
				t.Fatalf("%d bytes, %d inflated", len(o.raw), s.inflated)
			}
		}
	})
}
