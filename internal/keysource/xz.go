package keysource

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

var (
	xzHead = []byte{0xFD, '7', 'z', 'X', 'Z', 0}
	errXZ  = errors.New("it is no sound .xz")
	// errXZKind is what xz can write and no archive has.
	errXZKind = errors.New("it is an .xz of a kind that is not read: one stream of LZMA2 with a dictionary of at most 64 MiB is")
)

// xzReader reads one .xz stream: the container here, its blocks by the library. The
// library's own reader allocates the dictionary that a file asks for, up to 4 GiB; here
// what is beyond the bound is refused, in each block.
type xzReader struct {
	r        *bytes.Reader
	check    func() hash.Hash
	block    io.Reader // nil between blocks
	sum      hash.Hash
	start    int   // of the block, bytes that were left
	header   int   // bytes of the block's header
	plain    int64 // bytes that the block came to
	records  [][2]int64
	finished bool
}

// newXZ begins to read a stream.
func newXZ(data []byte) (io.Reader, error) {
	if len(data) < 12 || !bytes.HasPrefix(data, xzHead) || crc32.ChecksumIEEE(data[6:8]) != binary.LittleEndian.Uint32(data[8:12]) || data[6] != 0 {
		return nil, errXZ
	}
	x := &xzReader{r: bytes.NewReader(data[12:])}
	switch data[7] {
	case 0:
		x.check = func() hash.Hash { return nil }
	case 1:
		x.check = func() hash.Hash { return crc32.NewIEEE() }
	case 4:
		x.check = func() hash.Hash { return crc64.New(crc64.MakeTable(crc64.ECMA)) }
	case 10:
		x.check = sha256.New
	default:
		return nil, errXZKind
	}
	return x, nil
}

// Read returns what the blocks hold, one after the other.
func (x *xzReader) Read(p []byte) (int, error) {
	for {
		switch {
		case x.finished:
			return 0, io.EOF
		case x.block == nil:
			if err := x.open(); err != nil {
				return 0, err
			}
			continue
		}
		n, err := x.block.Read(p)
		x.plain += int64(n)
		if x.sum != nil {
			x.sum.Write(p[:n])
		}
		if err == io.EOF {
			err = x.close()
		} else if err != nil {
			err = errXZ
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// open reads the next block's header, or the index where there is none.
func (x *xzReader) open() error {
	x.start = x.r.Len()
	size, err := x.r.ReadByte()
	if err != nil {
		return errXZ
	}
	if size == 0 {
		return x.index()
	}
	if len(x.records) >= maxBlocks {
		return errXZKind
	}
	header := make([]byte, (int(size)+1)*4)
	header[0] = size
	if _, err := io.ReadFull(x.r, header[1:]); err != nil {
		return errXZ
	}
	body, sum := header[:len(header)-4], binary.LittleEndian.Uint32(header[len(header)-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return errXZ
	}
	dictionary, err := blockDictionary(body[1:])
	if err != nil {
		return err
	}
	x.header, x.plain, x.sum = len(header), 0, x.check()
	x.block, err = lzma.Reader2Config{DictCap: dictionary}.NewReader2(x.r)
	if err != nil {
		return errXZ
	}
	return nil
}

// blockDictionary returns the size of the dictionary that a block asks for.
func blockDictionary(b []byte) (int, error) {
	flags := b[0]
	r := bytes.NewReader(b[1:])
	if flags&0x3F != 0 { // more filters than one
		return 0, errXZKind
	}
	for _, has := range []byte{0x40, 0x80} { // the sizes, which the index has as well
		if flags&has != 0 {
			if _, err := varint(r); err != nil {
				return 0, err
			}
		}
	}
	id, err := varint(r)
	if err != nil {
		return 0, err
	}
	size, err := varint(r)
	property, short := r.ReadByte()
	if err != nil || short != nil || id != 0x21 || size != 1 || property > 40 {
		return 0, errXZKind
	}
	dictionary := int64(2|property&1) << (property/2 + 11)
	if dictionary > maxDictionary {
		return 0, errXZKind
	}
	return int(max(dictionary, 4096)), nil
}

// close checks a block that has ended.
func (x *xzReader) close() error {
	x.block = nil
	size := x.start - x.r.Len()
	if err := x.zeros(-size & 3); err != nil {
		return err
	}
	if x.sum != nil {
		want := make([]byte, x.sum.Size())
		if _, err := io.ReadFull(x.r, want); err != nil {
			return errXZ
		}
		got := x.sum.Sum(nil)
		if len(got) < sha256.Size { // the others are little-endian
			for i, j := 0, len(got)-1; i < j; i, j = i+1, j-1 {
				got[i], got[j] = got[j], got[i]
			}
		}
		if !bytes.Equal(got, want) {
			return errXZ
		}
		size += len(want)
	}
	x.records = append(x.records, [2]int64{int64(size), x.plain})
	return nil
}

func (x *xzReader) zeros(n int) error {
	for range n {
		if b, err := x.r.ReadByte(); err != nil || b != 0 {
			return errXZ
		}
	}
	return nil
}

// index holds the index and the footer against the blocks; nothing may follow.
func (x *xzReader) index() error {
	n, err := varint(x.r)
	if err != nil || n != int64(len(x.records)) {
		return errXZ
	}
	for _, want := range x.records {
		for _, value := range want {
			if got, err := varint(x.r); err != nil || got != value {
				return errXZ
			}
		}
	}
	if err := x.zeros(-(x.start - x.r.Len()) & 3); err != nil {
		return err
	}
	size := x.start - x.r.Len() + 4
	tail := make([]byte, 16)
	if _, err := io.ReadFull(x.r, tail); err != nil || string(tail[14:]) != "YZ" ||
		crc32.ChecksumIEEE(tail[8:14]) != binary.LittleEndian.Uint32(tail[4:8]) || int(binary.LittleEndian.Uint32(tail[8:12])+1)*4 != size {
		return errXZ
	}
	if x.r.Len() > 0 {
		return errXZKind
	}
	x.finished = true
	return nil
}

// varint reads an integer as .xz has them: seven bits a byte, at most nine bytes.
func varint(r *bytes.Reader) (int64, error) {
	var out int64
	for i := range 9 {
		b, err := r.ReadByte()
		if err != nil || b == 0 && i > 0 {
			return 0, errXZ
		}
		out |= int64(b&0x7F) << (7 * i)
		if b&0x80 == 0 {
			return out, nil
		}
	}
	return 0, errXZ
}
