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
	if !ok && b.artifact.Led {
		before, ok = elsewhere(memory, b.artifact.Filename)
	}
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

// elsewhere returns what was let through under a name from any index: from the one
// that had it first.
func elsewhere(memory Memory, filename string) (SeenFile, bool) {
	var first SeenFile
	found := false
	for k, f := range memory.Files {
		if k.Filename == filename && (!found || f.First.Before(first.First) || f.First.Equal(first.First) && f.Digest.Hex < first.Digest.Hex) {
			first, found = f, true
		}
	}
	return first, found
}

// continuity holds who published a file against who published the project's
// earlier files. What is often innocent does not refuse:
//
//	a file of an earlier version than those known     nothing to compare with
//	evidence where there was none                     fine
//	the same repository, by another workflow or name  publisher.renamed, a warning
//	another repository of those known                 publisher.mixed, a warning
//	another than a file beside it, of the other kind  publisher.mixed, a warning
//	another than a file beside it, of the same kind   publisher.changed
//	an unknown repository beside one that is known    publisher.mixed, a warning
//	a repository that is not known                    publisher.changed
//	  of bytes that were let through before           publisher.mixed, a warning
//	no evidence, where some files had none before     provenance.partial, a warning
//	no evidence, where every file before had it       provenance.lost
//	  for bytes that were let through before          provenance.partial, a warning
//	no evidence, where only other kinds had it        provenance.partial, a warning
//
// Only files of earlier versions that were uploaded before count as earlier: what an
// older line of versions gets later warns at most. When a file was signed is known
// from a witness and counts as well; when it was uploaded is the index's word, and
// one that lies ahead of when it was seen here is not believed. For a loss, files
// must be of the same kind and from the same index: mirrors drop provenance, and
// projects attest their wheels alone; else it warns. Bytes that were let through are
// no change, whatever was learnt of the project since, and whether the index shows
// what lies beside them then, now or both. Nor is a change what a grant vouches for: it
// is somebody's word, and weighs more than what was seen; nor is one told while only the
// bytes will say whether somebody does. Keys are held to grants, and are not compared here.
func (b *builder) continuity(standing standing, memory Memory) {
	if len(memory.Sightings) == 0 {
		return // there is nothing to compare with
	}
	claims, at := standing.counted, b.artifact.UploadTime
	for _, c := range claims {
		if c.Time.After(at) {
			at = c.Time
		}
	}
	var earlier, later []Sighting // of earlier versions, by when they were uploaded
	for _, s := range memory.Sightings {
		switch {
		case s.Order >= 0:
		case uploadedBefore(s, at):
			earlier = append(earlier, s)
		default:
			later = append(later, s)
		}
	}
	again := standing.vouched || standing.pending || b.letThrough(claims, memory)
	switch ids := identities(claims); {
	case len(ids) > 0 && len(attested(earlier)) > 0:
		b.publisherBefore(ids, earlier, memory.Sightings, again)
	case len(ids) > 0:
		b.publisherBeside(ids, append(later, memory.Sightings...), memory.Sightings, again)
	default:
		b.provenanceBefore(earlier, later, memory.Sightings, again)
	}
}

// uploadedBefore reports whether a file was uploaded before a time, as far as that is
// known.
func uploadedBefore(s Sighting, at time.Time) bool {
	when := s.Uploaded
	if !s.First.IsZero() && when.After(s.First) {
		when = s.First
	}
	return when.IsZero() || at.IsZero() || when.Before(at)
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
	last := before[len(before)-1]
	known := append(anchored(all), lead(before, b.artifact.Filename, anchored(all))...)
	// Who is known has signed these very bytes: others beside do not replace them.
	vouched := again || slices.ContainsFunc(ids, func(id Identity) bool { return slices.ContainsFunc(known, id.SameRepository) })
	for _, id := range ids {
		same := func(s Sighting) bool { return slices.ContainsFunc(s.Publishers, id.SameRepository) }
		if !vouched {
			b.add(PublisherChanged, fmt.Sprintf("%s of %s, first seen here on %s, came from %s, and this one comes from %s%s",
				last.Filename, day(last.Uploaded), day(last.First), names(last.Publishers), id, uploadedOn(b.artifact.UploadTime)))
			continue
		}
		if others := slices.DeleteFunc(slices.Clone(before), same); len(others) > 0 {
			other := others[len(others)-1]
			b.add(PublisherMixed, fmt.Sprintf("this one comes from %s, %s from %s", id, other.Filename, names(other.Publishers)))
			continue
		}
		named := func(s Sighting) bool {
			return slices.ContainsFunc(s.Publishers, func(o Identity) bool { return strings.EqualFold(o.Name, id.Name) })
		}
		if !slices.ContainsFunc(attested(all), named) {
			b.add(PublisherRenamed, fmt.Sprintf("now %s, before %s", id, names(last.Publishers)))
		}
	}
}

// publisherBeside compares the publishers of a file with those of the other files of
// its release, and of earlier versions that were uploaded later, where no other is
// known. Wheels may well be built somewhere else than sdists; but two of a kind, in
// one release, are not.
func (b *builder) publisherBeside(ids []Identity, list, all []Sighting, again bool) {
	beside := slices.DeleteFunc(attested(list), func(s Sighting) bool { return s.Order > 0 || s.Filename == b.artifact.Filename })
	if len(beside) == 0 {
		return
	}
	slices.SortStableFunc(beside, func(s, o Sighting) int { return s.Order - o.Order })
	known := lead(beside, b.artifact.Filename, anchored(all))
	among := func(list []Identity) bool {
		return slices.ContainsFunc(ids, func(id Identity) bool { return slices.ContainsFunc(list, id.SameRepository) })
	}
	if among(known) {
		return
	}
	last := beside[len(beside)-1]
	code := PublisherMixed
	alike := func(s Sighting) bool { return s.Order == 0 && IsSdist(s.Filename) == IsSdist(b.artifact.Filename) }
	if !again && !among(anchored(all)) && slices.ContainsFunc(beside, alike) {
		code = PublisherChanged
	}
	b.add(code, fmt.Sprintf("%s, first seen here on %s, came from %s, and this one comes from %s%s",
		last.Filename, day(last.First), names(known), names(ids), uploadedOn(b.artifact.UploadTime)))
}

// anchored returns the publishers by whom a project is known: those of the first
// file that was seen, and under the names that they took later. Whoever signed an
// older version that was fetched later was compared with nothing, and is not known
// by it: else a strange old version would make way for a strange new one. Nor is who
// signed beside one that is known.
func anchored(all []Sighting) []Identity {
	var known []Identity
	seen := attested(all)
	slices.SortStableFunc(seen, func(s, o Sighting) int { return s.First.Compare(o.First) })
	for i, s := range seen {
		for _, p := range s.Publishers {
			if i == 0 || slices.ContainsFunc(known, p.SameRepository) {
				known = append(known, p)
			}
		}
	}
	return known
}

// lead returns the publishers of the latest earlier version, as the first file of
// this kind that was seen of it had them: who follows them follows the project, also
// where a later version is known by others. Of several, those that are known count.
func lead(before []Sighting, filename string, known []Identity) []Identity {
	order := before[len(before)-1].Order
	var first *Sighting
	for i := range before {
		s := &before[i]
		like := IsSdist(s.Filename) == IsSdist(filename)
		switch {
		case s.Order != order:
		case first == nil, like && IsSdist(first.Filename) != IsSdist(filename),
			like == (IsSdist(first.Filename) == IsSdist(filename)) && s.First.Before(first.First):
			first = s
		}
	}
	var trusted []Identity
	for _, p := range first.Publishers {
		if slices.ContainsFunc(known, p.SameRepository) {
			trusted = append(trusted, p)
		}
	}
	if len(trusted) > 0 {
		return trusted
	}
	return first.Publishers
}

// provenanceBefore looks for provenance that a file lacks and earlier ones had.
func (b *builder) provenanceBefore(earlier, later, all []Sighting, again bool) {
	like := func(list []Sighting) []Sighting {
		return slices.DeleteFunc(slices.Clone(list), func(s Sighting) bool {
			return s.Index != b.artifact.Index && !b.artifact.Led || IsSdist(s.Filename) != IsSdist(b.artifact.Filename)
		})
	}
	own := slices.DeleteFunc(slices.Clone(all), func(s Sighting) bool { return s.Order != 0 || s.Filename == b.artifact.Filename })
	had := attested(like(earlier))
	if len(had) == 0 {
		if usual := func(s Sighting) bool { return len(s.Publishers) == 0 && !s.Waived }; !slices.ContainsFunc(like(all), usual) {
			b.provenanceElsewhere(slices.Concat(earlier, later, own))
		}
		return
	}
	first, last := had[0], had[len(had)-1]
	detail := b.unsigned(last)
	// What the file's own release had, or lacked, before counts as well: it is older
	// than the question, whenever it was uploaded.
	bare := func(s Sighting) bool { return len(s.Publishers) == 0 && !s.Waived && s.Order >= first.Order }
	if again || slices.ContainsFunc(like(earlier), bare) || slices.ContainsFunc(like(own), bare) {
		b.add(ProvenancePartial, detail)
		return
	}
	b.add(ProvenanceLost, detail)
}

// provenanceElsewhere warns where no earlier file of this kind is known from this
// index, and others had provenance: of the other kind, of the same release, from an
// older line of versions.
func (b *builder) provenanceElsewhere(others []Sighting) {
	others = slices.DeleteFunc(others, func(s Sighting) bool { return s.Index != b.artifact.Index && !b.artifact.Led })
	if had := attested(others); len(had) > 0 {
		b.add(ProvenancePartial, b.unsigned(had[len(had)-1]))
	}
}

// unsigned says that a file lacks what another one had.
func (b *builder) unsigned(last Sighting) string {
	return fmt.Sprintf("%s of %s, first seen here on %s, came from %s, and nobody has signed this one%s",
		last.Filename, day(last.Uploaded), day(last.First), names(last.Publishers), uploadedOn(b.artifact.UploadTime))
}

// attested returns the sightings that make their publishers known.
func attested(list []Sighting) []Sighting {
	return slices.DeleteFunc(slices.Clone(list), func(s Sighting) bool { return len(s.Publishers) == 0 || s.Waived })
}

// identities returns who made the claims, each once. Keys are nobody by themselves.
func identities(claims []Claim) []Identity {
	var out []Identity
	for _, c := range claims {
		if id := IdentityOf(c); id.Name != "" && !id.IsKey() && !slices.Contains(out, id) {
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
