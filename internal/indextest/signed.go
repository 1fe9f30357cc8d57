package indextest

import (
	"fmt"
	"io"
	"strings"
	"time"

	"assay/internal/indextest/signers"
)

// signedPath is where everything that keys have signed is served by its name alone, for
// templates of places.
const signedPath = "/signatures/"

// signSpec is one signature that a setting asks for.
type signSpec struct {
	by      string
	how     signers.How
	version string // of the release that a list of checksums is about
}

// parseSign reads "KEY [at=TIME] [hash=NAME] [namespace=NAME]".
func parseSign(value string) (signSpec, error) {
	words := strings.Fields(value)
	if len(words) == 0 {
		return signSpec{}, fmt.Errorf("no key is named")
	}
	s := signSpec{by: words[0]}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		var err error
		switch key {
		case "at":
			s.how.At, err = parseTime(value)
		case "hash":
			s.how.Hash = value
		case "namespace":
			s.how.Namespace = value
		default:
			err = fmt.Errorf("%q is none of at=, hash= and namespace=", w)
		}
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

// at is when a signature was made: when the file was uploaded, where nothing is said.
func (s signSpec) at(upload time.Time) signers.How {
	h := s.how
	if h.At.IsZero() {
		h.At = upload
	}
	return h
}

// putSigned serves something that was signed.
func (ix *index) putSigned(name string, data []byte) error {
	if ix.signed[name] != nil {
		return fmt.Errorf("%s is there twice", name)
	}
	ix.signed[name] = data
	return nil
}

// sign makes what lies beside a file.
func (ix *index) sign(f *file) error {
	var packets [][]byte
	for _, s := range f.openpgp {
		p, err := signers.Named(s.by).Packet(reader(f.content), s.at(f.upload))
		if err != nil {
			return err
		}
		packets = append(packets, p)
	}
	if len(packets) > 0 {
		asc, err := signers.Armor(packets...)
		if err == nil {
			err = ix.putSigned(f.name+ascSuffix, asc)
		}
		if err != nil {
			return err
		}
	}
	if f.ssh == nil {
		return nil
	}
	sig, err := signers.Named(f.ssh.by).SignSSH(reader(f.content), f.ssh.how)
	if err != nil {
		return err
	}
	return ix.putSigned(f.name+sigSuffix, sig)
}

// signList makes the list of checksums of a release, as Django's release managers do.
func (ix *index) signList(p *project, s signSpec) error {
	var text strings.Builder
	fmt.Fprintf(&text, "This file contains MD5, SHA1, and SHA256 checksums for the source-code\ntarball and wheel files of %s %s.\n", p.name, s.version)
	files, upload := 0, time.Time{}
	for _, hash := range []string{"md5", "sha1", "sha256"} {
		fmt.Fprintf(&text, "\n%s checksums\n%s\n\n", strings.ToUpper(hash), strings.Repeat("=", len(hash)+len(" checksums")))
		for _, f := range p.files {
			if f.version != s.version {
				continue
			}
			h := hashers[hash]()
			if _, err := io.Copy(h, reader(f.content)); err != nil {
				return err
			}
			fmt.Fprintf(&text, "%x  %s\n", h.Sum(nil), f.name)
			files, upload = files+1, f.upload
		}
	}
	if files == 0 {
		return fmt.Errorf("there is no file of %s", s.version)
	}
	list, err := signers.Named(s.by).Clearsign(text.String(), s.at(upload))
	if err != nil {
		return err
	}
	return ix.putSigned(normalise(p.name)+"-"+s.version+listSuffix, list)
}

// beside returns the name of what lies beside a file at that path: its signature.
func (ix *index) beside(path string) (string, bool) {
	if name, ok := strings.CutPrefix(path, signedPath); ok {
		return name, true
	}
	for _, suffix := range []string{ascSuffix, sigSuffix} {
		if f := ix.paths[strings.TrimSuffix(path, suffix)]; f != nil && strings.HasSuffix(path, suffix) {
			return f.name + suffix, true
		}
	}
	return "", false
}

// Signed returns what keys have signed, by its name: FILENAME.asc, FILENAME.sig or
// PROJECT-VERSION.checksum.txt.
func (s *Server) Signed(name string) ([]byte, bool) {
	data, ok := s.index.signed[name]
	return data, ok
}

// SignedURL is where that is served by its name alone.
func (s *Server) SignedURL(name string) string { return s.url + escaped(signedPath+name) }
