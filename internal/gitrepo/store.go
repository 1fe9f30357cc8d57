package gitrepo

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"

	"assay/internal/gitobject"
)

// store reads one object of a clone, with the ones that it is a delta of.
type store struct {
	root     *os.Root
	limits   Limits
	names    []string         // of packs; nil: not looked for yet
	packs    map[string]*pack // those in which something was found, open
	inflated int64
	// files says that trees and blobs are read too; else only their kind is told.
	files bool
}

// most is how many bytes an object may have.
func (s *store) most() int64 {
	if s.files {
		return maxFileObject
	}
	return maxObject
}

// pack is a pack with its index, both open.
type pack struct {
	name      string
	index     io.ReaderAt
	data      io.ReaderAt
	indexSize int64
	size      int64 // of data
	objects   int64
	files     []*os.File
}

func (s *store) close() {
	for _, p := range s.packs {
		p.close()
	}
	s.root.Close()
}

func (p *pack) close() {
	for _, f := range p.files {
		f.Close()
	}
}

// wanted is what is looked for.
func (s *store) wanted() string {
	if s.files {
		return "a file that is read"
	}
	return "a tag or commit"
}

// object returns what is stored as an id, which is not checked here.
func (s *store) object(ctx context.Context, id gitobject.ID, depth int) (object, error) {
	found, err := s.loose(id)
	if !errors.Is(err, fs.ErrNotExist) {
		return found, err
	}
	if s.names == nil {
		if err := s.listPacks(); err != nil {
			return object{}, err
		}
	}
	raw, err := hex.DecodeString(string(id))
	if err != nil {
		return object{}, err
	}
	for _, name := range s.names {
		if err := ctx.Err(); err != nil {
			return object{}, err
		}
		p, offset, err := s.lookIn(name, raw)
		if err != nil {
			return object{}, err
		}
		if p != nil {
			return s.entry(ctx, p, offset, depth)
		}
	}
	return object{}, failed(ErrMissing, "the object %s is not in the clone", id)
}

// loose reads a file of its own: zlib over "commit 123\x00" and the bytes.
func (s *store) loose(id gitobject.ID) (object, error) {
	f, err := openFile(s.root, "objects/"+string(id[:2])+"/"+string(id[2:]))
	if errors.Is(err, fs.ErrNotExist) {
		return object{}, err
	}
	if err != nil {
		return object{}, failed(ErrMalformed, "the object %s: %v", id, plain(err))
	}
	defer f.Close()
	z, err := zlib.NewReader(f)
	if err != nil {
		return object{}, failed(ErrMalformed, "the object %s: %v", id, err)
	}
	const longest = 32 // of the header
	all, err := io.ReadAll(io.LimitReader(bufio.NewReader(z), longest+s.most()+1))
	if err != nil {
		return object{}, failed(ErrMalformed, "the object %s: %v", id, err)
	}
	header, raw, ok := bytes.Cut(all, []byte{0})
	kind, size, spaced := strings.Cut(string(header), " ")
	length, err := strconv.ParseInt(size, 10, 64)
	if !ok || !spaced || err != nil || length < 0 || len(header) > longest {
		return object{}, failed(ErrMalformed, "the object %s has no header", id)
	}
	o := object{kind: gitobject.Type(kind)}
	switch o.kind {
	case gitobject.TypeBlob, gitobject.TypeTree:
		if !s.files {
			return o, nil
		}
	case gitobject.TypeCommit, gitobject.TypeTag:
	default:
		return object{}, failed(ErrMalformed, "the object %s is of the type %s", id, shown(kind))
	}
	if length > s.most() {
		return object{}, failed(ErrTooLarge, "the object %s of %d bytes is larger than %d", id, length, s.most())
	}
	if int64(len(raw)) != length {
		return object{}, failed(ErrMalformed, "the object %s has not the %d bytes that it says", id, length)
	}
	o.raw = raw
	return o, nil
}

func (s *store) listPacks() error {
	s.names, s.packs = []string{}, map[string]*pack{}
	entries, err := fs.ReadDir(s.root.FS(), "objects/pack")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed(ErrMalformed, "objects/pack: %v", plain(err))
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".idx")
		if !ok {
			continue
		}
		if len(s.names) == s.limits.LocalPacks {
			return failed(ErrTooLarge, "the clone has more than %d packs", s.limits.LocalPacks)
		}
		s.names = append(s.names, name)
	}
	return nil
}

// lookIn returns the pack and where in it an object begins; no pack where it is
// not in this one. Only what is used stays open: there are clones of more packs
// than a process may have files.
func (s *store) lookIn(name string, id []byte) (*pack, int64, error) {
	p, used := s.packs[name]
	if !used {
		var err error
		p, err = openPack(s.root, name)
		if errors.Is(err, fs.ErrNotExist) { // just repacked
			return nil, 0, nil
		}
		if err != nil {
			return nil, 0, err
		}
	}
	offset, ok, err := p.find(id)
	switch {
	case err == nil && ok:
		s.packs[name] = p
		return p, offset, nil
	case !used:
		p.close()
	}
	return nil, 0, err
}

// An index of version 2 (gitformat-pack): a header, 256 counts of ids up to each
// first byte, the ids, a checksum of 4 bytes and an offset of 4 bytes for each,
// offsets of 8 bytes, two hashes. It is searched in place: those of a large
// project take hundreds of megabytes.
const (
	indexHeader = 8
	indexIDs    = indexHeader + 256*4
	idSize      = 20
	indexEnd    = 2 * idSize
)

func openPack(root *os.Root, name string) (*pack, error) {
	p := &pack{name: name}
	var sizes [2]int64
	for i, ending := range []string{".idx", ".pack"} {
		f, err := openFile(root, "objects/pack/"+name+ending)
		if err != nil {
			p.close()
			return nil, packError(name, err)
		}
		p.files = append(p.files, f)
		info, err := f.Stat()
		if err != nil {
			p.close()
			return nil, packError(name, err)
		}
		sizes[i] = info.Size()
	}
	p.index, p.indexSize = p.files[0], sizes[0]
	p.data, p.size = p.files[1], sizes[1]
	if err := p.measure(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func packError(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return failed(ErrMalformed, "the pack %s: %v", shown(name), plain(err))
}

// measure reads how many objects a pack has, and checks that the index has room
// for them.
func (p *pack) measure() error {
	var head [indexHeader]byte
	if _, err := p.index.ReadAt(head[:], 0); err != nil || string(head[:]) != "\xfftOc\x00\x00\x00\x02" {
		return failed(ErrMalformed, "the index of the pack %s is not of version 2", shown(p.name))
	}
	last, err := p.number(indexIDs - 4)
	if err != nil {
		return err
	}
	p.objects = int64(last)
	if p.indexSize < indexIDs+p.objects*(idSize+8)+indexEnd {
		return failed(ErrMalformed, "the index of the pack %s is too short for %d objects", shown(p.name), last)
	}
	return nil
}

func (p *pack) number(at int64) (uint32, error) {
	var b [4]byte
	if _, err := p.index.ReadAt(b[:], at); err != nil {
		return 0, packError(p.name, err)
	}
	return binary.BigEndian.Uint32(b[:]), nil
}

// find returns where in the pack an object begins.
func (p *pack) find(id []byte) (offset int64, ok bool, err error) {
	if len(id) != idSize {
		return 0, false, nil
	}
	var low, high int64
	if id[0] > 0 {
		n, err := p.number(indexHeader + 4*int64(id[0]) - 4)
		if err != nil {
			return 0, false, err
		}
		low = int64(n)
	}
	n, err := p.number(indexHeader + 4*int64(id[0]))
	if err != nil {
		return 0, false, err
	}
	high = min(int64(n), p.objects)
	for low < high {
		middle := low + (high-low)/2
		var got [idSize]byte
		if _, err := p.index.ReadAt(got[:], indexIDs+middle*idSize); err != nil {
			return 0, false, packError(p.name, err)
		}
		switch order := bytes.Compare(id, got[:]); {
		case order == 0:
			offset, err := p.offset(middle)
			return offset, err == nil, err
		case order < 0:
			high = middle
		default:
			low = middle + 1
		}
	}
	return 0, false, nil
}

func (p *pack) offset(place int64) (int64, error) {
	n, err := p.number(indexIDs + p.objects*(idSize+4) + place*4)
	if err != nil {
		return 0, err
	}
	offset := int64(n)
	if const31 := int64(1) << 31; offset >= const31 {
		var b [8]byte
		if _, err := p.index.ReadAt(b[:], indexIDs+p.objects*(idSize+8)+(offset-const31)*8); err != nil {
			return 0, packError(p.name, err)
		}
		offset = int64(binary.BigEndian.Uint64(b[:]))
	}
	if offset < 12 || offset >= p.size {
		return 0, failed(ErrMalformed, "the index of the pack %s leads out of it", shown(p.name))
	}
	return offset, nil
}

// entry reads an object at a place in a pack.
func (s *store) entry(ctx context.Context, p *pack, offset int64, depth int) (object, error) {
	if err := ctx.Err(); err != nil {
		return object{}, err
	}
	if depth > s.limits.DeltaDepth {
		return object{}, failed(ErrTooLarge, "more than %d deltas are upon each other", s.limits.DeltaDepth)
	}
	scanner := packfile.NewScanner(io.NewSectionReader(p.data, 0, p.size))
	h, err := scanner.SeekObjectHeader(offset)
	if err != nil {
		return object{}, failed(ErrMalformed, "the pack %s at %d: %v", shown(p.name), offset, err)
	}
	o := object{kind: kindOf(h.Type)}
	switch h.Type {
	case plumbing.BlobObject, plumbing.TreeObject:
		if !s.files {
			return o, nil
		}
	case plumbing.CommitObject, plumbing.TagObject, plumbing.OFSDeltaObject, plumbing.REFDeltaObject:
	default:
		return object{}, failed(ErrMalformed, "the pack %s at %d: an object of the type %d", shown(p.name), offset, h.Type)
	}
	if h.Length < 0 || h.Length > s.most() || s.inflated+h.Length > s.limits.DeltaBytes {
		return object{}, failed(ErrTooLarge, "the pack %s at %d: an object of %d bytes is too large for %s", shown(p.name), offset, h.Length, s.wanted())
	}
	s.inflated += h.Length
	var content bytes.Buffer
	if n, _, err := scanner.NextObject(&content); err != nil || n != h.Length {
		return object{}, failed(ErrMalformed, "the pack %s at %d: %d of %d bytes: %v", shown(p.name), offset, n, h.Length, err)
	}
	var base object
	switch h.Type {
	case plumbing.OFSDeltaObject:
		base, err = s.entry(ctx, p, h.OffsetReference, depth+1)
	case plumbing.REFDeltaObject:
		base, err = s.object(ctx, gitobject.ID(h.Reference.String()), depth+1)
	default:
		o.raw = content.Bytes()
		return o, nil
	}
	if err != nil || base.raw == nil {
		return object{kind: base.kind}, err
	}
	raw, err := s.patch(base.raw, content.Bytes())
	if err != nil {
		return object{}, failed(err, "the pack %s at %d: a delta that is broken or too large", shown(p.name), offset)
	}
	return object{base.kind, raw}, nil
}

// patch applies a delta. What it would make is known from its second number, and
// is held against the limits first: few bytes of a delta can stand for many.
func (s *store) patch(base, delta []byte) ([]byte, error) {
	_, n := binary.Uvarint(delta)
	if n <= 0 {
		return nil, ErrMalformed
	}
	size, n := binary.Uvarint(delta[n:])
	if n <= 0 {
		return nil, ErrMalformed
	}
	if size > uint64(s.most()) || s.inflated+int64(size) > s.limits.DeltaBytes {
		return nil, ErrTooLarge
	}
	s.inflated += int64(size)
	out, err := packfile.PatchDelta(base, delta)
	if err != nil {
		return nil, ErrMalformed
	}
	return out, nil
}

func kindOf(t plumbing.ObjectType) gitobject.Type {
	switch t {
	case plumbing.CommitObject:
		return gitobject.TypeCommit
	case plumbing.TreeObject:
		return gitobject.TypeTree
	case plumbing.BlobObject:
		return gitobject.TypeBlob
	case plumbing.TagObject:
		return gitobject.TypeTag
	}
	return ""
}
