package assay

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// bytesBefore refuses other bytes than those that were accepted before under the
// same name from the same index.
func (b *builder) bytesBefore(claims []Claim, memory Memory) {
	if before, now, ok := b.seenBefore(claims, memory); ok && now != before.Digest {
		b.add(DigestChanged, fmt.Sprintf("accepted on %s %s, offered now %s", day(before.First), before.Digest, now))
	}
}

// seenBefore returns what was let through before under the same name from the same
// index, and the digest that the file has now. It is false where one of the two is
// not known.
func (b *builder) seenBefore(claims []Claim, memory Memory) (before SeenFile, now Digest, ok bool) {
	before, ok = memory.Files[FileKey{b.artifact.Index, b.artifact.Filename}]
	if !ok {
		return before, now, false
	}
	now, ok = b.artifact.Digest(before.Digest.Algorithm)
	for _, c := range claims {
		if !ok && c.Digest.Algorithm == before.Digest.Algorithm {
			now, ok = c.Digest, true
		}
	}
	return before, now, ok
}

// continuity holds who published a file against who published the project's
// earlier files. What is often innocent does not refuse:
//
//	a file of an earlier version than those known     nothing to compare with
//	evidence where there was none                     fine
//	the same repository, by another workflow or name  publisher.renamed, a warning
//	another repository of those known                 publisher.mixed, a warning
//	an unknown repository beside one that is known    publisher.mixed, a warning
//	a repository that is not known                    publisher.changed
//	  of bytes that were let through before           publisher.mixed, a warning
//	no evidence, where some files had none before     provenance.partial, a warning
//	no evidence, where every file before had it       provenance.lost
//	  for bytes that were let through before          provenance.partial, a warning
//
// Only files of earlier versions that were uploaded before count as earlier. For a
// loss they must be of the same kind and from the same index as well: mirrors drop
// provenance, and projects attest their wheels alone. Bytes that were let through are
// no change, whatever was learnt of the project since, and whether the index shows what
// lies beside them then, now or both.
func (b *builder) continuity(claims []Claim, memory Memory) {
	earlier := slices.DeleteFunc(slices.Clone(memory.Sightings), func(s Sighting) bool {
		return s.Order >= 0 || !s.Uploaded.IsZero() && !b.artifact.UploadTime.IsZero() && !s.Uploaded.Before(b.artifact.UploadTime)
	})
	if len(earlier) == 0 {
		return
	}
	again := b.letThrough(claims, memory)
	if ids := identities(claims); len(ids) > 0 {
		b.publisherBefore(ids, earlier, memory.Sightings, again)
	} else {
		b.provenanceBefore(earlier, memory.Sightings, again)
	}
}

// letThrough reports whether these very bytes were let through before, and not only
// by an acceptance.
func (b *builder) letThrough(claims []Claim, memory Memory) bool {
	before, now, ok := b.seenBefore(claims, memory)
	return ok && now == before.Digest && slices.ContainsFunc(memory.Sightings, func(s Sighting) bool {
		return s.Index == b.artifact.Index && s.Filename == b.artifact.Filename && !s.Waived
	})
}

// publisherBefore compares the publishers of a file with those of earlier ones.
func (b *builder) publisherBefore(ids []Identity, earlier, all []Sighting, again bool) {
	before := attested(earlier)
	if len(before) == 0 {
		return
	}
	known := attested(all)
	last := before[len(before)-1]
	// Who is known has signed these very bytes: others beside do not replace them.
	vouched := again || slices.ContainsFunc(ids, func(id Identity) bool {
		return slices.ContainsFunc(known, func(s Sighting) bool { return slices.ContainsFunc(s.Publishers, id.SameRepository) })
	})
	for _, id := range ids {
		same := func(s Sighting) bool { return slices.ContainsFunc(s.Publishers, id.SameRepository) }
		if !vouched {
			b.add(PublisherChanged, fmt.Sprintf("%s of %s, first seen here on %s, came from %s, and this one comes from %s%s",
				last.Filename, day(last.Uploaded), day(last.First), names(last.Publishers), id, uploadedOn(b.artifact.UploadTime)))
			continue
		}
		if !slices.ContainsFunc(before, same) || slices.ContainsFunc(before, func(s Sighting) bool { return !same(s) }) {
			b.add(PublisherMixed, fmt.Sprintf("this one comes from %s, %s from %s", id, last.Filename, names(last.Publishers)))
			continue
		}
		named := func(s Sighting) bool {
			return slices.ContainsFunc(s.Publishers, func(o Identity) bool { return strings.EqualFold(o.Name, id.Name) })
		}
		if !slices.ContainsFunc(known, named) {
			b.add(PublisherRenamed, fmt.Sprintf("now %s, before %s", id, names(last.Publishers)))
		}
	}
}

// provenanceBefore looks for provenance that a file lacks and earlier ones had.
func (b *builder) provenanceBefore(earlier, all []Sighting, again bool) {
	alike := func(list []Sighting) []Sighting {
		return slices.DeleteFunc(slices.Clone(list), func(s Sighting) bool {
			return s.Index != b.artifact.Index || IsSdist(s.Filename) != IsSdist(b.artifact.Filename)
		})
	}
	had := attested(alike(earlier))
	if len(had) == 0 {
		return
	}
	first, last := had[0], had[len(had)-1]
	detail := fmt.Sprintf("%s of %s, first seen here on %s, came from %s, and nobody has signed this one%s",
		last.Filename, day(last.Uploaded), day(last.First), names(last.Publishers), uploadedOn(b.artifact.UploadTime))
	// What the file's own release had, or lacked, before counts as well: it is older
	// than the question, whenever it was uploaded.
	own := alike(slices.DeleteFunc(slices.Clone(all), func(s Sighting) bool { return s.Order != 0 }))
	bare := func(s Sighting) bool { return len(s.Publishers) == 0 && !s.Waived && s.Order >= first.Order }
	if again || slices.ContainsFunc(alike(earlier), bare) || slices.ContainsFunc(own, bare) {
		b.add(ProvenancePartial, detail)
		return
	}
	b.add(ProvenanceLost, detail)
}

// attested returns the sightings that make their publishers known.
func attested(list []Sighting) []Sighting {
	return slices.DeleteFunc(slices.Clone(list), func(s Sighting) bool { return len(s.Publishers) == 0 || s.Waived })
}

// identities returns who made the claims, each once.
func identities(claims []Claim) []Identity {
	var out []Identity
	for _, c := range claims {
		if id := IdentityOf(c); id.Name != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func names(ids []Identity) string {
	var out []string
	for _, id := range ids {
		out = append(out, id.String())
	}
	return strings.Join(out, " and ")
}

func day(t time.Time) string {
	if t.IsZero() {
		return "an unknown day"
	}
	return t.UTC().Format(time.DateOnly)
}

func uploadedOn(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ", uploaded " + day(t)
}
