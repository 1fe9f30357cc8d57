package indextest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/internal/indextest/authority"
)

// fileBuilder turns the settings of a file's section into the file.
type fileBuilder struct {
	dir          string
	dist         *dist
	file         *file
	disk         string
	misbehaviour []misbehaviour
	sidecar      []byte // lines of the .metadata that the wheel does not have
}

// omittable are the keys of a file on a page that can be left out.
var omittable = []string{"hashes", "url", "size", "upload-time", "requires-python", "core-metadata", "provenance", "yanked", "filename"}

func (b *fileBuilder) set(s setting) error {
	if done, err := b.setContent(s); done || err != nil {
		return err
	}
	if done, err := b.setProvenance(s); done || err != nil {
		return err
	}
	if done, err := b.setSignature(s); done || err != nil {
		return err
	}
	f := b.file
	switch s.key {
	case "filename":
		if s.value == "" || strings.ContainsAny(s.value, "/\n") {
			return fmt.Errorf("%q is not a file name", s.value)
		}
		f.name = s.value
	case "project":
		f.project = normalise(s.value)
	case "version":
		f.version, b.dist.version = s.value, s.value
	case "yanked":
		f.yanked = &s.value
	case "upload-time":
		if s.value == "none" {
			f.upload = time.Time{}
			return nil
		}
		var err error
		f.upload, err = parseTime(s.value)
		return err
	case "omit":
		f.omit = strings.Fields(s.value)
		for _, key := range f.omit {
			if !slices.Contains(omittable, key) {
				return fmt.Errorf("a page has no key %q for a file", key)
			}
		}
	case "hashes":
		f.list = strings.Fields(s.value)
		for _, name := range f.list {
			if hashers[name] == nil {
				return fmt.Errorf("unknown digest %q", name)
			}
		}
	case "listed":
		return setBool(&f.listed, s.value)
	case "misbehave":
		b.misbehaviour = append(b.misbehaviour, misbehaviour{f.name, s.value})
	case "misbehave-metadata":
		b.misbehaviour = append(b.misbehaviour, misbehaviour{f.name + metadataSuffix, s.value})
	case "misbehave-provenance":
		b.misbehaviour = append(b.misbehaviour, misbehaviour{f.name + provenanceSuffix, s.value})
	default:
		return fmt.Errorf("unknown key")
	}
	return nil
}

// setContent takes the settings about what is in the file.
func (b *fileBuilder) setContent(s setting) (done bool, err error) {
	d := b.dist
	switch s.key {
	case "requires-dist":
		d.requiresDist = append(d.requiresDist, s.value)
	case "requires-python":
		d.requiresPython, b.file.requiresPython = s.value, s.value
	case "provides-extra":
		d.extras = append(d.extras, s.value)
	case "summary":
		d.summary = s.value
	case "metadata-version":
		d.metadataVersion = s.value
	case "misrecord":
		d.misrecord = s.value
	case "sidecar":
		b.sidecar = append(b.sidecar, s.value+"\n"...)
	case "pad":
		d.pad, err = parseSize(s.value)
	case "backend":
		if s.value != "in-tree" {
			return true, fmt.Errorf("unknown backend %q", s.value)
		}
		d.backend = true
	case "mark":
		d.mark = s.value
	case "file":
		b.disk = s.value
	default:
		return false, nil
	}
	return true, err
}

// setProvenance takes the settings about who attests the file.
func (b *fileBuilder) setProvenance(s setting) (done bool, err error) {
	a := &b.file.attest
	switch s.key {
	case "provenance":
		b.file.verbat, err = readDisk(b.dir, s.value)
	case "publisher":
		var id authority.Identity
		id, err = authority.ParseIdentity(s.value)
		a.identities = append(a.identities, id)
	case "claims":
		var id authority.Identity
		id, err = authority.ParseIdentity(s.value)
		a.claims = &id
	case "predicates":
		a.predicates = strings.Fields(s.value)
	case "rekor":
		a.rekor, err = strconv.Atoi(s.value)
	case "signed":
		a.signed, err = parseTime(s.value)
	case "misissue":
		for _, name := range strings.Fields(s.value) {
			f, err := authority.ParseFault(name)
			if err != nil {
				return true, err
			}
			a.faults = append(a.faults, f)
		}
	default:
		return false, nil
	}
	return true, err
}

// setSignature takes the settings about whose keys have signed the file.
func (b *fileBuilder) setSignature(s setting) (done bool, err error) {
	f := b.file
	switch s.key {
	case "openpgp":
		var sign signSpec
		sign, err = parseSign(s.value)
		f.openpgp = append(f.openpgp, sign)
	case "ssh":
		var sign signSpec
		sign, err = parseSign(s.value)
		f.ssh = &sign
	case "jws":
		if f.kind != wheel {
			return true, fmt.Errorf("only a wheel has a RECORD.jws")
		}
		b.dist.jws = append(b.dist.jws, strings.Fields(s.value)...)
	case "gpg-sig":
		offered := false
		err = setBool(&offered, s.value)
		f.gpgSig = &offered
	case "misbehave-signature":
		b.misbehaviour = append(b.misbehaviour, misbehaviour{f.name + ascSuffix, s.value})
	default:
		return false, nil
	}
	return true, err
}

// build packs or reads the file.
func (b *fileBuilder) build() (*file, error) {
	f := b.file
	if f.gpgSig == nil && len(f.openpgp) > 0 {
		offered := true
		f.gpgSig = &offered
	}
	if f.attest.signed.IsZero() {
		f.attest.signed = f.upload
	}
	if b.disk != "" {
		data, err := readDisk(b.dir, b.disk)
		if err != nil {
			return nil, err
		}
		f.content = bytes.NewReader(data)
		if f.kind == wheel {
			f.metadata, err = metadataOf(data)
		}
		return f, err
	}
	if f.kind == otherKind {
		return nil, fmt.Errorf("only wheels and .tar.gz sdists can be made; use file: for others")
	}
	var err error
	f.spec = b.dist
	if f.content, err = b.dist.pack(f.kind); err != nil {
		return nil, err
	}
	if f.kind == wheel {
		f.metadata = append(bytes.Clone(b.dist.wheelMetadata()), b.sidecar...)
	}
	return f, nil
}

func setBool(to *bool, value string) error {
	switch value {
	case "yes":
		*to = true
	case "no":
		*to = false
	default:
		return fmt.Errorf("%q is neither yes nor no", value)
	}
	return nil
}
