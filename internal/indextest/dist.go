package indextest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"assay/internal/indextest/signers"
)

// maxSdistPad caps an sdist's padding, which is held in memory; a wheel's is
// computed while it is read, but hashed at the start.
const (
	maxSdistPad = 64 << 20
	maxWheelPad = 2 << 30
)

// builtAt is the modification time of everything that is made, so that the
// same description gives the same bytes.
var builtAt = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// dist is what is known about a distribution before it is packed.
type dist struct {
	filename        string
	name, version   string // as the file name has them
	requiresDist    []string
	requiresPython  string
	extras          []string
	summary         string
	metadataVersion string // empty for 2.1
	misrecord       string // the member of which RECORD lists another hash
	members         []member
	pad             int64
	backend         bool
	mark            string
	jws             []string // wheel: whose keys sign RECORD
}

// module is the name of the distribution's only package.
func (d *dist) module() string { return strings.ReplaceAll(normalise(d.name), "-", "_") }

// metadata is the core metadata.
func (d *dist) metadata() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Metadata-Version: %s\nName: %s\nVersion: %s\n", cmp.Or(d.metadataVersion, "2.1"), d.name, d.version)
	if d.summary != "" {
		fmt.Fprintf(&b, "Summary: %s\n", d.summary)
	}
	if d.requiresPython != "" {
		fmt.Fprintf(&b, "Requires-Python: %s\n", d.requiresPython)
	}
	for _, r := range d.requiresDist {
		fmt.Fprintf(&b, "Requires-Dist: %s\n", r)
	}
	for _, e := range d.extras {
		fmt.Fprintf(&b, "Provides-Extra: %s\n", e)
	}
	return b.Bytes()
}

// has reports whether the description gives a member of that name itself.
func (d *dist) has(name string) bool {
	for _, m := range d.members {
		if m.name == name {
			return true
		}
	}
	return false
}

// wheelMembers are the wheel's members but for the padding and RECORD.
func (d *dist) wheelMembers() []member {
	info := d.name + "-" + d.version + ".dist-info/"
	tags := strings.Split(strings.TrimSuffix(d.filename, ".whl"), "-")
	tags = tags[len(tags)-3:]
	var wheelFile bytes.Buffer
	fmt.Fprintf(&wheelFile, "Wheel-Version: 1.0\nGenerator: indextest\nRoot-Is-Purelib: %t\n", tags[2] == "any")
	for _, python := range strings.Split(tags[0], ".") {
		for _, abi := range strings.Split(tags[1], ".") {
			for _, platform := range strings.Split(tags[2], ".") {
				fmt.Fprintf(&wheelFile, "Tag: %s-%s-%s\n", python, abi, platform)
			}
		}
	}
	out := d.members
	if len(out) == 0 {
		out = []member{d.defaultModule("")}
	}
	out = out[:len(out):len(out)]
	for _, m := range []member{{info + "METADATA", d.metadata()}, {info + "WHEEL", wheelFile.Bytes()}} {
		if !d.has(m.name) {
			out = append(out, m)
		}
	}
	return out
}

func (d *dist) defaultModule(prefix string) member {
	return member{prefix + d.module() + "/__init__.py", []byte("__version__ = " + strconv.Quote(d.version) + "\n")}
}

// wheelMetadata is the METADATA that the wheel carries.
func (d *dist) wheelMetadata() []byte {
	want := d.name + "-" + d.version + ".dist-info/METADATA"
	for _, m := range d.wheelMembers() {
		if m.name == want {
			return m.data
		}
	}
	return nil
}

// wheel packs a wheel. Members are stored, so that no compressor's version
// shows in the bytes.
func (d *dist) wheel() (content, error) {
	var record bytes.Buffer
	out := &splitWriter{}
	z := zip.NewWriter(out)
	for _, m := range d.wheelMembers() {
		sum := sha256.Sum256(m.data)
		if m.name == d.misrecord {
			sum = sha256.Sum256([]byte("what RECORD says"))
		}
		recordLine(&record, m.name, sum, int64(len(m.data)))
		w, err := z.CreateRaw(zipHeader(m.name, int64(len(m.data)), crc32.ChecksumIEEE(m.data)))
		if err != nil {
			return nil, fmt.Errorf("packing %s: %w", m.name, err)
		}
		if _, err := w.Write(m.data); err != nil {
			return nil, fmt.Errorf("packing %s: %w", m.name, err)
		}
	}
	if d.pad > 0 {
		if err := d.padWheel(z, out, &record); err != nil {
			return nil, err
		}
	}
	name := d.name + "-" + d.version + ".dist-info/RECORD"
	fmt.Fprintf(&record, "%s,,\n", name)
	w, err := z.CreateRaw(zipHeader(name, int64(record.Len()), crc32.ChecksumIEEE(record.Bytes())))
	if err == nil {
		_, err = w.Write(record.Bytes())
	}
	if err == nil && len(d.jws) > 0 {
		err = d.signRecord(z, name, record.Bytes())
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", name, err)
	}
	return out.content(), nil
}

// signRecord adds the RECORD.jws, which RECORD does not list.
func (d *dist) signRecord(z *zip.Writer, name string, record []byte) error {
	var by []signers.Signer
	for _, who := range d.jws {
		by = append(by, signers.Named(who))
	}
	data := signers.RecordJWS(record, by...)
	w, err := z.CreateRaw(zipHeader(name+".jws", int64(len(data)), crc32.ChecksumIEEE(data)))
	if err == nil {
		_, err = w.Write(data)
	}
	return err
}

// padWheel adds the padding as a data file of the package.
func (d *dist) padWheel(z *zip.Writer, out *splitWriter, record *bytes.Buffer) error {
	if d.pad > maxWheelPad {
		return fmt.Errorf("%s: a wheel is padded by at most %d bytes", d.filename, int64(maxWheelPad))
	}
	name := d.module() + "/padding.bin"
	pad, err := newNoise(d.filename, d.pad)
	if err != nil {
		return fmt.Errorf("padding %s: %w", d.filename, err)
	}
	sum, crc := sha256.New(), crc32.NewIEEE()
	if _, err := io.Copy(io.MultiWriter(sum, crc), reader(pad)); err != nil {
		return fmt.Errorf("padding %s: %w", d.filename, err)
	}
	recordLine(record, name, [sha256.Size]byte(sum.Sum(nil)), d.pad)
	w, err := z.CreateRaw(zipHeader(name, d.pad, crc.Sum32()))
	if err == nil {
		err = z.Flush()
	}
	if err != nil {
		return fmt.Errorf("packing %s: %w", name, err)
	}
	// The archive counts the padding's bytes, and out leaves them to pad.
	out.insert(pad)
	if _, err := io.Copy(w, reader(pad)); err != nil {
		return fmt.Errorf("packing %s: %w", name, err)
	}
	if err := z.Flush(); err != nil {
		return fmt.Errorf("packing %s: %w", name, err)
	}
	out.resume()
	return nil
}

func recordLine(record *bytes.Buffer, name string, sum [sha256.Size]byte, size int64) {
	fmt.Fprintf(record, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), size)
}

func zipHeader(name string, size int64, crc uint32) *zip.FileHeader {
	h := &zip.FileHeader{Name: name, Method: zip.Store, CRC32: crc,
		CompressedSize64: uint64(size), UncompressedSize64: uint64(size)}
	//lint:ignore SA1019 a raw header takes the time in no other form
	h.SetModTime(builtAt)
	h.SetMode(0o644)
	return h
}

// splitWriter collects what is written, and leaves out what stands for content
// that is inserted.
type splitWriter struct {
	done     parts
	current  bytes.Buffer
	skipping bool
}

func (w *splitWriter) Write(p []byte) (int, error) {
	if w.skipping {
		return len(p), nil
	}
	return w.current.Write(p)
}

func (w *splitWriter) insert(c content) {
	w.done = append(w.done, inMemory(bytes.Clone(w.current.Bytes())), c)
	w.current.Reset()
	w.skipping = true
}

func (w *splitWriter) resume() { w.skipping = false }

func (w *splitWriter) content() content {
	return append(w.done, inMemory(w.current.Bytes()))
}

// sdist packs a source distribution: PKG-INFO, setup.py and the members, below
// one folder. The gzip layer stores.
func (d *dist) sdist() (content, error) {
	if d.pad > maxSdistPad {
		return nil, fmt.Errorf("%s: an sdist is padded by at most %d bytes", d.filename, int64(maxSdistPad))
	}
	members := d.members
	if len(members) == 0 {
		members = []member{d.defaultModule("")}
	}
	members = members[:len(members):len(members)]
	add := func(name string, data []byte) {
		if !d.has(name) {
			members = append(members, member{name, data})
		}
	}
	add("PKG-INFO", d.metadata())
	add("setup.py", []byte(d.setupScript()))
	if d.backend {
		add("pyproject.toml", []byte(pyproject))
		add("intree_backend.py", []byte(d.buildBackend()))
	}
	if d.pad > 0 {
		pad, err := newNoise(d.filename, d.pad)
		if err != nil {
			return nil, fmt.Errorf("padding %s: %w", d.filename, err)
		}
		data, err := io.ReadAll(reader(pad))
		if err != nil {
			return nil, fmt.Errorf("padding %s: %w", d.filename, err)
		}
		add(d.module()+"/padding.bin", data)
	}
	var out bytes.Buffer
	gz, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", d.filename, err)
	}
	t := tar.NewWriter(gz)
	for _, m := range members {
		name := path.Join(d.name+"-"+d.version, m.name)
		err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(m.data)), ModTime: builtAt, Format: tar.FormatPAX})
		if err == nil {
			_, err = t.Write(m.data)
		}
		if err != nil {
			return nil, fmt.Errorf("packing %s: %w", m.name, err)
		}
	}
	if err := t.Close(); err != nil {
		return nil, fmt.Errorf("packing %s: %w", d.filename, err)
	}
	if err := gz.Close(); err != nil {
		return nil, fmt.Errorf("packing %s: %w", d.filename, err)
	}
	return inMemory(out.Bytes()), nil
}
