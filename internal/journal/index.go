package journal

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/bits"
	"slices"
	"sort"
)

// The index is a file of fixed sizes, little-endian, made anew each time:
//
//	header, 128 bytes   "assayidx", version 1 (4 bytes), entries (8), then what it was
//	                    made from: end, last, seq (8 each) and head (32); CRC-32C (4)
//	blocks, 4096 bytes  204 records of 20 bytes, CRC-32C of them and the block's number
//	fences              of each block the first 8 bytes of its last record; CRC-32C (4)
//
// A record is the first 8 bytes of the SHA-256 of a project's name, where its line
// begins times 2^17 plus how long it is (8 bytes), and the line's CRC-32C (4).
// Records are in order, so a question reads one block, or a few.
const (
	indexMagic   = "assayidx"
	indexVersion = 1
	headerSize   = 128
	headerUsed   = 8 + 4 + 8 + 3*8 + hashSize
	blockSize    = 4096
	recordSize   = 20
	perBlock     = (blockSize - 4) / recordSize
	lengthBits   = 17 // maxLine fits
	fenceSize    = 8
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)

	errIndex = errors.New("the index is damaged")
)

// position is a place in the journal between two lines: how many bytes, which line
// was the last, where it begins, and its chain hash.
type position struct {
	end, last, seq int64
	head           hash
}

// record says where a line about a project is.
type record struct {
	key, place uint64
	sum        uint32
}

func newRecord(project string, at int64, line []byte) record {
	return record{keyOf(project), uint64(at)<<lengthBits | uint64(len(line)), sumOf(line)}
}

func (r record) at() int64 { return int64(r.place >> lengthBits) }
func (r record) size() int { return int(r.place & (1<<lengthBits - 1)) }

func compareRecords(a, b record) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.place, b.place))
}

func keyOf(project string) uint64 {
	sum := sha256.Sum256([]byte(project))
	return binary.LittleEndian.Uint64(sum[:])
}

func sumOf(line []byte) uint32 { return crc32.Checksum(line, castagnoli) }

// fingerprint adds up to the same for the same records in any order.
func (r record) fingerprint() uint64 {
	x := r.key ^ bits.RotateLeft64(r.place, 23) ^ uint64(r.sum)<<32
	x = (x ^ x>>31) * 0x9e3779b97f4a7c15
	return x ^ x>>29
}

// index finds the lines about a project among those up to a position.
type index struct {
	position
	count   int64
	file    file     // nil where the records are in memory
	fences  []byte   // the last keys of the blocks of the file
	records []record // in order
}

// openIndex reads the header of an index. It is errIndex where that is not sound.
func openIndex(f file) (*index, error) {
	var b [headerSize]byte
	if _, err := f.ReadAt(b[:], 0); err != nil {
		return nil, errIndex
	}
	le := binary.LittleEndian
	if string(b[:8]) != indexMagic || le.Uint32(b[8:]) != indexVersion || le.Uint32(b[headerUsed:]) != crc32.Checksum(b[:headerUsed], castagnoli) {
		return nil, errIndex
	}
	n := &index{file: f, count: int64(le.Uint64(b[12:]))}
	n.end, n.last, n.seq = int64(le.Uint64(b[20:])), int64(le.Uint64(b[28:])), int64(le.Uint64(b[36:]))
	copy(n.head[:], b[44:])
	info, err := f.Stat()
	if err != nil || n.count < 1 || n.count != n.seq || n.last >= n.end || info.Size() != headerSize+blocks(n.count)*(blockSize+fenceSize)+4 {
		return nil, errIndex
	}
	fences := make([]byte, blocks(n.count)*fenceSize+4)
	if _, err := f.ReadAt(fences, headerSize+blocks(n.count)*blockSize); err != nil {
		return nil, errIndex
	}
	n.fences = fences[:len(fences)-4]
	if le.Uint32(fences[len(n.fences):]) != crc32.Checksum(n.fences, castagnoli) {
		return nil, errIndex
	}
	return n, nil
}

func blocks(count int64) int64 { return (count + perBlock - 1) / perBlock }

// encode returns the file of an index whose records are in memory.
func (n *index) encode() []byte {
	le := binary.LittleEndian
	count := int64(len(n.records))
	b := make([]byte, headerSize, headerSize+blocks(count)*(blockSize+fenceSize)+4)
	copy(b, indexMagic)
	le.PutUint32(b[8:], indexVersion)
	le.PutUint64(b[12:], uint64(count))
	le.PutUint64(b[20:], uint64(n.end))
	le.PutUint64(b[28:], uint64(n.last))
	le.PutUint64(b[36:], uint64(n.seq))
	copy(b[44:], n.head[:])
	le.PutUint32(b[headerUsed:], crc32.Checksum(b[:headerUsed], castagnoli))
	var fences []byte
	for first := 0; first < len(n.records); first += perBlock {
		some := n.records[first:min(first+perBlock, len(n.records))]
		start := len(b)
		for _, r := range some {
			b = le.AppendUint32(le.AppendUint64(le.AppendUint64(b, r.key), r.place), r.sum)
		}
		b = append(b, make([]byte, start+blockSize-4-len(b))...)
		b = le.AppendUint32(b, blockSum(b[start:], int64(first/perBlock)))
		fences = le.AppendUint64(fences, some[len(some)-1].key)
	}
	return le.AppendUint32(append(b, fences...), crc32.Checksum(fences, castagnoli))
}

func blockSum(content []byte, number int64) uint32 {
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(number))
	return crc32.Update(crc32.Checksum(content, castagnoli), castagnoli, n[:])
}

// block is one block as it is read: its records up to used.
type block struct {
	raw  [blockSize]byte
	used int
}

func (n *index) read(number int64, b *block) error {
	if _, err := n.file.ReadAt(b.raw[:], headerSize+number*blockSize); err != nil {
		return errIndex
	}
	if binary.LittleEndian.Uint32(b.raw[blockSize-4:]) != blockSum(b.raw[:blockSize-4], number) {
		return errIndex
	}
	b.used = int(min(perBlock, n.count-number*perBlock))
	return nil
}

func (b *block) record(i int) record {
	le, at := binary.LittleEndian, i*recordSize
	return record{le.Uint64(b.raw[at:]), le.Uint64(b.raw[at+8:]), le.Uint32(b.raw[at+16:])}
}

// search returns the place of the first record in the block whose key is not below
// this one.
func (b *block) search(key uint64) int {
	return sort.Search(b.used, func(i int) bool { return binary.LittleEndian.Uint64(b.raw[i*recordSize:]) >= key })
}

// find appends the records with a key to out, in the order of their lines. It reads
// into a block that whoever asks keeps from one question to the next.
func (n *index) find(key uint64, b *block, out []record) ([]record, error) {
	if n.file == nil {
		i, _ := slices.BinarySearchFunc(n.records, record{key: key}, compareRecords)
		for ; i < len(n.records) && n.records[i].key == key; i++ {
			out = append(out, n.records[i])
		}
		return out, nil
	}
	first := int64(sort.Search(int(blocks(n.count)), func(i int) bool {
		return binary.LittleEndian.Uint64(n.fences[i*fenceSize:]) >= key
	}))
	for ; first < blocks(n.count); first++ {
		if err := n.read(first, b); err != nil {
			return nil, err
		}
		for i := b.search(key); i < b.used; i++ {
			r := b.record(i)
			if r.key != key {
				return out, nil
			}
			out = append(out, r)
		}
	}
	return out, nil
}

// all returns every record.
func (n *index) all() ([]record, error) {
	if n.file == nil {
		return n.records, nil
	}
	out := make([]record, 0, n.count)
	var b block
	for number := range blocks(n.count) {
		if err := n.read(number, &b); err != nil {
			return nil, err
		}
		for i := range b.used {
			out = append(out, b.record(i))
		}
	}
	return out, nil
}

func (n *index) close() {
	if n != nil && n.file != nil {
		n.file.Close()
	}
}
