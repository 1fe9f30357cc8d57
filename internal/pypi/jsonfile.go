package pypi

import "assay"

// The known keys of a file, as bits.
const (
	keyFilename = 1 << iota
	keyURL
	keyHashes
	keyRequiresPython
	keyCoreMetadata
	keyDistInfoMetadata
	keyDataDistInfoMetadata
	keyYanked
	keySize
	keyUploadTime
	keyProvenance
	keySigned

	keysNeeded = keyFilename | keyURL | keyHashes
)

func fileKey(name string) uint {
	switch name {
	case "filename":
		return keyFilename
	case "url":
		return keyURL
	case "hashes":
		return keyHashes
	case "requires-python":
		return keyRequiresPython
	case "core-metadata":
		return keyCoreMetadata
	case "dist-info-metadata":
		return keyDistInfoMetadata
	case "data-dist-info-metadata": // PyPI's own misspelling of the former
		return keyDataDistInfoMetadata
	case "yanked":
		return keyYanked
	case "size":
		return keySize
	case "upload-time":
		return keyUploadTime
	case "provenance":
		return keyProvenance
	case "gpg-sig":
		return keySigned
	}
	return 0
}

// fileValues are the values of a file that need each other to be judged.
type fileValues struct {
	url      string
	metadata [3]metadata // core-metadata, dist-info-metadata, data-dist-info-metadata
}

// metadata is what one of a file's metadata keys says.
type metadata struct {
	served  bool
	digests []assay.Digest
}

// readFile reads one file and where its yank lies.
func (r *jsonReader) readFile(f *File) (m mark, ok bool) {
	if !r.enter('{') {
		return m, false
	}
	m.start, m.end = r.i, r.i
	var seen uint
	var v fileValues
	r.extra.reset()
	for first := true; ; first = false {
		name, ok := r.key(first)
		if !ok {
			break
		}
		k := fileKey(name)
		if k != 0 && seen&k != 0 || k == 0 && !r.extra.add(name) {
			return m, r.fail("the name %.100q is given twice", name)
		}
		seen |= k
		start := r.i
		if k == 0 {
			ok = r.skip()
		} else {
			ok = r.readValue(k, f, &v)
		}
		if !ok {
			return m, false
		}
		if k == keyYanked {
			m = mark{start: start, end: r.i, found: true}
		}
	}
	if r.err != nil {
		return m, false
	}
	if missing := keysNeeded &^ seen; missing != 0 {
		return m, r.fail("a file has no %s", missingKey(missing))
	}
	return m, r.finish(f, &v)
}

func missingKey(keys uint) string {
	switch {
	case keys&keyFilename != 0:
		return "filename"
	case keys&keyURL != 0:
		return "url"
	}
	return "hashes"
}

// readValue reads the value of a known key. A null stands for an absent key
// where the key may be absent.
func (r *jsonReader) readValue(k uint, f *File, v *fileValues) (ok bool) {
	if k&keysNeeded == 0 && r.word("null") {
		return true
	}
	switch k {
	case keyFilename:
		f.Filename, ok = r.text()
	case keyURL:
		v.url, ok = r.text()
	case keyHashes:
		f.Digests, ok = r.readHashes()
	case keyRequiresPython:
		f.RequiresPython, ok = r.text()
	case keyCoreMetadata:
		v.metadata[0], ok = r.readMetadata()
	case keyDistInfoMetadata:
		v.metadata[1], ok = r.readMetadata()
	case keyDataDistInfoMetadata:
		v.metadata[2], ok = r.readMetadata()
	case keyYanked:
		ok = r.readYanked(f)
	case keySize:
		f.Size, ok = r.integer()
	case keyUploadTime:
		var s string
		if s, ok = r.text(); ok {
			if f.UploadTime, ok = parseTime(s); !ok {
				return r.fail("the upload time %.40q is not one", s)
			}
		}
	case keySigned:
		if f.Signed = r.word("true"); !f.Signed {
			ok = r.skip() // what else is there promises nothing
		} else {
			ok = true
		}
	case keyProvenance:
		if f.Provenance, ok = r.text(); ok {
			if err := r.links.provenance(&f.Provenance); err != nil {
				return r.fail("%v", err)
			}
		}
	}
	return ok
}

func (r *jsonReader) readYanked(f *File) bool {
	switch {
	case r.word("false"):
		return true
	case r.word("true"):
		f.Yanked = true
		return true
	}
	// An empty reason is none for pip and one for uv: the stricter reading counts.
	f.Yanked = true
	var ok bool
	f.YankReason, ok = r.text()
	return ok
}

func (r *jsonReader) readMetadata() (m metadata, ok bool) {
	switch {
	case r.word("false"):
		return metadata{}, true
	case r.word("true"):
		return metadata{served: true}, true
	}
	m.served = true
	m.digests, ok = r.readHashes()
	return m, ok
}

// readHashes reads {"sha256": "…"}. Algorithms that Assay does not know are left
// out.
func (r *jsonReader) readHashes() ([]assay.Digest, bool) {
	if !r.enter('{') {
		return nil, false
	}
	if cap(r.slab)-len(r.slab) < len(hashLengths) {
		r.slab = make([]assay.Digest, 0, slabSize)
	}
	start := len(r.slab)
	var unknown names
	for first := true; ; first = false {
		name, ok := r.key(first)
		if !ok {
			break
		}
		value, ok := r.text()
		if !ok {
			return nil, false
		}
		d, known, err := parseHash(name, value)
		if err != nil {
			return nil, r.fail("%v", err)
		}
		if !known {
			if !unknown.add(name) {
				return nil, r.fail("the name %.100q is given twice", name)
			}
			continue
		}
		for _, other := range r.slab[start:] {
			if other.Algorithm == d.Algorithm {
				return nil, r.fail("the name %.100q is given twice", name)
			}
		}
		r.slab = append(r.slab, d)
	}
	return r.slab[start:len(r.slab):len(r.slab)], r.err == nil
}

// slabSize is how many digests are allocated at once.
const slabSize = 512

// finish judges the values of a file together.
func (r *jsonReader) finish(f *File, v *fileValues) bool {
	if err := checkFilename(f.Filename); err != nil {
		return r.refuse("the file name %v", err)
	}
	link, err := r.links.resolve(v.url)
	if err != nil {
		return r.refuse("the URL of %q %v", f.Filename, err)
	}
	if !link.names(f.Filename) {
		// pip goes by the URL, uv by the key: they would install different files.
		return r.refuse("the URL of %q names another file", f.Filename)
	}
	f.URL = link.url
	if link.fragment != "" {
		if f.Digests, err = addFragment(f.Digests, link.fragment); err != nil {
			return r.refuse("the URL of %q has a fragment in which %v", f.Filename, err)
		}
	}
	for _, m := range v.metadata {
		if !m.served {
			continue
		}
		f.CoreMetadata = true
		if f.CoreMetadataDigests, err = mergeDigests(f.CoreMetadataDigests, m.digests); err != nil {
			return r.refuse("the metadata keys of %q disagree: %v", f.Filename, err)
		}
	}
	return true
}
