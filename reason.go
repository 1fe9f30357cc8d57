package assay

import "sort"

// Severity says how much a reason weighs. The words are SARIF's levels.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // denies
	Warning Severity = "warning" // allows, and a person should look
	Note    Severity = "note"    // for the record
)

// Code is the stable name of a kind of reason. Codes are never renamed or
// reused; docs/reasons has a page for each.
type Code string

// The codes. Each has an entry in the registry below.
const (
	DigestMismatch Code = "digest.mismatch"
	DigestMissing  Code = "digest.missing"
	DigestWeak     Code = "digest.weak"
	DigestChanged  Code = "digest.changed"

	EvidenceNone        Code = "evidence.none"
	EvidenceRequired    Code = "evidence.required"
	EvidenceInvalid     Code = "evidence.invalid"
	EvidenceUnavailable Code = "evidence.unavailable"

	ProvenanceAbsent             Code = "provenance.absent"
	ProvenanceInvalid            Code = "provenance.invalid"
	ProvenanceMalformed          Code = "provenance.malformed"
	ProvenanceEmptyBundles       Code = "provenance.empty-bundles"
	ProvenanceEmptyAttestations  Code = "provenance.empty-attestations"
	ProvenanceDuplicatePredicate Code = "provenance.duplicate-predicate"
	ProvenanceWrongSubject       Code = "provenance.wrong-subject"
	ProvenanceWrongPublisher     Code = "provenance.wrong-publisher"
	ProvenanceUntrusted          Code = "provenance.untrusted"
	ProvenanceUnknownPublisher   Code = "provenance.unknown-publisher"
	ProvenanceUnknownPredicate   Code = "provenance.unknown-predicate"
	ProvenanceUnknownVersion     Code = "provenance.unknown-version"
	ProvenancePersonal           Code = "provenance.personal"
	ProvenanceUnavailable        Code = "provenance.unavailable"

	ProvenanceLost    Code = "provenance.lost"
	ProvenancePartial Code = "provenance.partial"

	SignatureFirstUse      Code = "signature.first-use"
	SignatureFuture        Code = "signature.future"
	SignatureInvalid       Code = "signature.invalid"
	SignatureKeyEnded      Code = "signature.key-ended"
	SignatureMalformed     Code = "signature.malformed"
	SignatureMissing       Code = "signature.missing"
	SignaturePartial       Code = "signature.partial"
	SignatureRevoked       Code = "signature.revoked"
	SignatureTooFew        Code = "signature.too-few"
	SignatureUnavailable   Code = "signature.unavailable"
	SignatureUnexpectedKey Code = "signature.unexpected-key"
	SignatureUnknownKey    Code = "signature.unknown-key"
	SignatureUnlisted      Code = "signature.unlisted"
	SignatureWeak          Code = "signature.weak"
	SignatureWrongChecksum Code = "signature.wrong-checksum"
	SignatureWrongProject  Code = "signature.wrong-project"

	GrantBytes  Code = "grant.bytes"
	GrantDenied Code = "grant.denied"
	GrantEnded  Code = "grant.ended"
	GrantUnfit  Code = "grant.unfit"

	GrantWithdrawn Code = "grant.withdrawn"

	TagAbsent      Code = "tag.absent"
	TagForgeKey    Code = "tag.forge-key"
	TagInvalid     Code = "tag.invalid"
	TagOtherSigner Code = "tag.other-signer"
	TagUnavailable Code = "tag.unavailable"
	TagUnknownKey  Code = "tag.unknown-key"
	TagUnsigned    Code = "tag.unsigned"
	TagVerified    Code = "tag.verified"

	PublisherUnexpected Code = "publisher.unexpected"
	PublisherChanged    Code = "publisher.changed"
	PublisherRenamed    Code = "publisher.renamed"
	PublisherMixed      Code = "publisher.mixed"

	CooldownYoung      Code = "cooldown.young"
	CooldownUnknownAge Code = "cooldown.unknown-age"
	SdistUnwanted      Code = "sdist.unwanted"
	IndexOther         Code = "index.other"
	PolicyDenied       Code = "policy.denied"
	PolicyWarned       Code = "policy.warned"
	PolicyFailed       Code = "policy.failed"

	FileTruncated    Code = "file.truncated"
	FileUnlisted     Code = "file.unlisted"
	FileWrongProject Code = "file.wrong-project"
	FileYanked       Code = "file.yanked"
	// FileUnreadableName: installers read names more loosely than any rule.
	FileUnreadableName Code = "file.unreadable-name"
	FileUnavailable    Code = "file.unavailable"

	ProjectArchived    Code = "project.archived"
	ProjectDeprecated  Code = "project.deprecated"
	ProjectQuarantined Code = "project.quarantined"

	PageMalformed     Code = "page.malformed"
	PageUnavailable   Code = "page.unavailable"
	PageDuplicateFile Code = "page.duplicate-file"

	ArchiveAmbiguous      Code = "archive.ambiguous"
	ArchiveBomb           Code = "archive.bomb"
	ArchiveIrregular      Code = "archive.irregular"
	ArchiveRecordMismatch Code = "archive.record-mismatch"
	ArchiveSurprising     Code = "archive.surprising"
	ArchiveUnlistedMember Code = "archive.unlisted-member"
	ArchiveUnopened       Code = "archive.unopened"
	ArchiveUnreadSdist    Code = "archive.unread-sdist"
	ArchiveUnreadable     Code = "archive.unreadable"
	ArchiveUnsafeName     Code = "archive.unsafe-name"
	ArchiveWrongProject   Code = "archive.wrong-project"

	SdistBuild Code = "sdist.build"

	MetadataMalformed Code = "metadata.malformed"
	MetadataMismatch  Code = "metadata.mismatch"
	ReleaseRefused    Code = "release.refused"
	ClockBehind       Code = "clock.behind"

	LockMissingHash     Code = "lock.missing-hash"
	LockWeakHash        Code = "lock.weak-hash"
	LockOtherDigest     Code = "lock.other-digest"
	LockUnconfirmedHash Code = "lock.unconfirmed-hash"
	LockUnlisted        Code = "lock.unlisted"
	LockOtherIdentity   Code = "lock.other-identity"
	LockWrongProject    Code = "lock.wrong-project"
	LockOutside         Code = "lock.outside"
	LockNotVerifiable   Code = "lock.not-verifiable"
	LockUnpinned        Code = "lock.unpinned"

	TransportPlainHTTP  Code = "transport.plain-http"
	TransportTunnelPort Code = "transport.tunnel-port"
	SourceVCS           Code = "source.vcs"
	InstallUnseen       Code = "install.unseen"
	InstallOutside      Code = "install.outside"
)

// Entry describes a code: its usual severity, its sentence, and the hint that
// goes with it. Text and Hint may hold {project}, {version} and {filename}.
type Entry struct {
	Code     Code
	Severity Severity
	Text     string
	Hint     string
}

// Entries returns the registry, ordered by code.
func Entries() []Entry {
	out := make([]Entry, 0, len(registry))
	for code, e := range registry {
		e.Code = code
		out = append(out, e)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Code < out[j].Code })
	return out
}

// entry returns the code's entry. A code without one is a bug and fails closed.
func (c Code) entry() Entry {
	if e, ok := registry[c]; ok {
		return e
	}
	return Entry{Code: c, Severity: Error, Text: "an unregistered reason " + string(c), Hint: "report this as a bug in assay"}
}

// Severity returns how much the code usually weighs.
func (c Code) Severity() Severity { return c.entry().Severity }

// outOfReach reports whether the code says "could not ask" rather than "does
// not hold".
func (c Code) outOfReach() bool {
	switch c {
	case EvidenceUnavailable, ProvenanceUnavailable, SignatureUnavailable, TagUnavailable, FileUnavailable, FileTruncated, PageUnavailable:
		return true
	}
	return false
}

// OfProject reports whether the code is about a project as a whole, so that it is said of
// each of its files.
func (c Code) OfProject() bool {
	return c == ProjectArchived || c == ProjectDeprecated || c == ProjectQuarantined
}

// Waivable reports whether somebody may write down that the reason is no matter
// for a time, and whether audit mode only reports it: it says that a file is not
// what the rules want, and not that something about it is broken.
func (c Code) Waivable() bool {
	switch c {
	case EvidenceRequired, EvidenceUnavailable, ProvenanceUnavailable, ProvenanceLost, PublisherUnexpected, PublisherChanged,
		CooldownYoung, CooldownUnknownAge, SdistUnwanted, IndexOther, PolicyDenied, SourceVCS,
		SignatureMissing, SignatureTooFew, SignatureUnavailable, SignatureUnexpectedKey, GrantEnded, GrantUnfit,
		LockMissingHash, LockWeakHash, LockOtherIdentity, LockUnpinned:
		return true
	}
	return false
}

const (
	hintPage     = "do not install it: ask the project's maintainers whether they released this file, then run 'assay verify {project}=={version}' again"
	hintRefetch  = "run the command again; if it says the same, do not install the file and tell the index's operators"
	hintExplain  = "run 'assay explain {project}=={version}' to see who published what"
	hintPolicy   = "run 'assay explain {project}=={version}' to see the rule and what it asks for"
	hintGrant    = "run 'assay explain {project}=={version}' to see whose keys may sign it; a key that should: assay trust add {project} --openpgp FILE --until YYYY-MM-DD --reason TEXT"
	hintAccept   = "ask the project's maintainers whether this was meant; if it was: assay trust accept {project}=={version} --reason TEXT --until YYYY-MM-DD"
	hintArchive  = "do not install it; pin another version of {project}, and show its maintainers what is wrong with this file"
	hintProducer = "the index or the file beside it is at fault: run 'assay verify {project}=={version}' later, or pin another version"
)

var registry = map[Code]Entry{
	DigestMismatch: {Severity: Error, Text: "the file's bytes are not the ones that were promised", Hint: hintRefetch},
	DigestMissing:  {Severity: Note, Text: "nobody promised a digest of the file", Hint: "give one with '--digest sha256:…', or use an index that lists digests"},
	DigestWeak:     {Severity: Warning, Text: "only a weak digest of the file was promised", Hint: "use an index that lists sha256 digests"},
	DigestChanged:  {Severity: Error, Text: "the index offers other bytes under a name that was accepted before", Hint: hintPage},

	EvidenceNone:        {Severity: Warning, Text: "nothing about {filename} could be verified", Hint: "run 'assay verify {project}=={version}' to compare it with the index, or put its provenance beside it"},
	EvidenceRequired:    {Severity: Error, Text: "the rules require to know who published {filename}, and nothing says so", Hint: "pin a version with provenance, or relax 'evidence' in the policy"},
	EvidenceInvalid:     {Severity: Error, Text: "the evidence does not hold", Hint: hintPage},
	EvidenceUnavailable: {Severity: Error, Text: "the evidence could not be asked for", Hint: "check the network and run the command again"},

	ProvenanceAbsent:             {Severity: Note, Text: "the file has no provenance", Hint: "most files have none yet; nothing to do"},
	ProvenanceInvalid:            {Severity: Error, Text: "the provenance does not hold", Hint: hintPage},
	ProvenanceMalformed:          {Severity: Error, Text: "the provenance cannot be read without doubt", Hint: hintProducer},
	ProvenanceEmptyBundles:       {Severity: Error, Text: "the provenance holds no attestation bundle", Hint: hintProducer},
	ProvenanceEmptyAttestations:  {Severity: Error, Text: "the provenance holds a bundle without attestations", Hint: hintProducer},
	ProvenanceDuplicatePredicate: {Severity: Error, Text: "the provenance holds two attestations of one predicate type", Hint: hintProducer},
	ProvenanceWrongSubject:       {Severity: Error, Text: "the provenance is about another file", Hint: hintPage},
	ProvenanceWrongPublisher:     {Severity: Error, Text: "the provenance was not signed by the publisher that it names", Hint: hintPage},
	ProvenanceUntrusted:          {Severity: Error, Text: "the provenance was not issued under the trusted root", Hint: "run 'assay trust refresh'; if it says the same, do not install the file (staging material needs '--trusted-root')"},
	ProvenanceUnknownPublisher:   {Severity: Warning, Text: "the provenance names a kind of publisher that assay does not know", Hint: "nothing is verified by it: a newer assay may know the kind ('assay version' tells yours)"},
	ProvenanceUnknownPredicate:   {Severity: Warning, Text: "an attestation makes a kind of statement that assay does not know", Hint: "nothing is verified by it: a newer assay may know the kind ('assay version' tells yours)"},
	ProvenanceUnknownVersion:     {Severity: Warning, Text: "the provenance is in a version of the format that assay does not know", Hint: "nothing is verified by it: a newer assay may know the version ('assay version' tells yours)"},
	ProvenancePersonal:           {Severity: Note, Text: "the file is signed by a person's account, not by a Trusted Publisher", Hint: "ask yourself whether this is who should sign {project}"},
	ProvenanceUnavailable:        {Severity: Error, Text: "the provenance exists but could not be fetched", Hint: "check the network and run the command again"},

	ProvenanceLost:    {Severity: Error, Text: "the project's earlier files had provenance and this one has none", Hint: hintAccept},
	ProvenancePartial: {Severity: Warning, Text: "some of the project's files have provenance and this one has none", Hint: hintExplain},

	SignatureFirstUse:      {Severity: Warning, Text: "{filename} is signed by the key that was seen first, for which nobody vouches", Hint: "find out whose key it is, and say so: assay trust add {project} --openpgp FINGERPRINT --until YYYY-MM-DD --reason TEXT"},
	SignatureFuture:        {Severity: Error, Text: "the signature is from the future", Hint: "set this computer's clock; if it is right, do not install the file, and tell the project's maintainers"},
	SignatureInvalid:       {Severity: Error, Text: "the signature does not hold", Hint: hintPage},
	SignatureKeyEnded:      {Severity: Error, Text: "the key that has signed {filename} had ended before the file was seen", Hint: "run 'assay trust refresh --keys' to get the key anew; if it says the same, ask the project's maintainers for their new key"},
	SignatureMalformed:     {Severity: Error, Text: "the signature cannot be read without doubt", Hint: "show it to {project}'s maintainers; until it is mended, pin another version; 'assay verify {project}=={version}' fetches it again"},
	SignatureMissing:       {Severity: Error, Text: "the project's earlier files were signed by its key and this one is not", Hint: hintAccept},
	SignaturePartial:       {Severity: Warning, Text: "a key is granted for {project}, and it has not signed this file", Hint: hintExplain},
	SignatureRevoked:       {Severity: Error, Text: "the key that has signed {filename} was given up as lost to somebody else", Hint: "do not install it: nothing that the key ever signed can be believed; ask the project's maintainers for their new key"},
	SignatureTooFew:        {Severity: Error, Text: "too few of the keys that are wanted have signed {filename}", Hint: hintGrant},
	SignatureUnavailable:   {Severity: Error, Text: "the signature exists but could not be fetched", Hint: "check the network and run the command again"},
	SignatureUnexpectedKey: {Severity: Error, Text: "{filename} is signed, by a key that nobody let sign {project}", Hint: hintGrant},
	SignatureUnknownKey:    {Severity: Note, Text: "the file is signed, by a key that no grant names", Hint: "nothing is verified by it: to let its key sign {project}: assay trust add {project} --openpgp FILE --until YYYY-MM-DD --reason TEXT"},
	SignatureUnlisted:      {Severity: Note, Text: "a signed list of checksums does not name the file", Hint: "nothing is verified by it; nothing to do"},
	SignatureWeak:          {Severity: Error, Text: "the signature is too weak to believe", Hint: "ask the project's maintainers for a new signature; to let it pass for this key: assay trust add {project} … --waive sha1"},
	SignatureWrongChecksum: {Severity: Error, Text: "the signed list of checksums has another digest for {filename}", Hint: hintPage},
	SignatureWrongProject:  {Severity: Error, Text: "the signature is valid, and its key is another project's", Hint: "do not install it, unless the same people make {project}; then say so: assay trust add {project} --openpgp FINGERPRINT --until YYYY-MM-DD --reason TEXT"},

	GrantBytes:  {Severity: Note, Text: "somebody vouches for these very bytes", Hint: "nothing to do; 'assay trust list {project}' shows who"},
	GrantDenied: {Severity: Error, Text: "what stands behind {filename} may not speak for {project}", Hint: "do not install it; 'assay trust list {project}' shows who denied it and why"},
	GrantEnded:  {Severity: Error, Text: "the grant of the key that has signed {filename} has ended", Hint: "if the key is still the project's: assay trust add {project} --openpgp FINGERPRINT --until YYYY-MM-DD --reason TEXT"},
	GrantUnfit:  {Severity: Error, Text: "the key that has signed {filename} is granted for something else", Hint: hintGrant},

	GrantWithdrawn: {Severity: Error, Text: "the key that has signed {filename} was vouched for by a key that is lost", Hint: "ask the project's maintainers, by a way that you find yourself, whether it is theirs; if it is: assay trust add {project} --openpgp FILE --until YYYY-MM-DD --reason TEXT --without-old-key"},

	TagAbsent:      {Severity: Warning, Text: "the source repository has no release tag for {project} {version}", Hint: "ask the project's maintainers where its releases are tagged, and give that repository with '--source'"},
	TagForgeKey:    {Severity: Note, Text: "the release was signed by the forge's own key, which proves a merge and not who released", Hint: "nothing is verified by it about who released {project}; nothing to do"},
	TagInvalid:     {Severity: Error, Text: "the release tag does not hold", Hint: "do not install it: ask the project's maintainers about the tag, then run 'assay verify {project}=={version} --source REPO' again"},
	TagOtherSigner: {Severity: Warning, Text: "the release tag was signed by somebody else than the file", Hint: hintExplain},
	TagUnavailable: {Severity: Error, Text: "the source repository could not be read", Hint: "check the address after '--source', or give a local clone"},
	TagUnknownKey:  {Severity: Warning, Text: "the release tag is signed, by a key that may not sign tags of {project}", Hint: "to let it: assay trust add {project} --openpgp FILE --role tag --until YYYY-MM-DD --reason TEXT"},
	TagUnsigned:    {Severity: Warning, Text: "nobody has signed the release tag", Hint: "nothing is verified by it; ask the project's maintainers to sign their tags ('git tag -s')"},
	TagVerified:    {Severity: Note, Text: "the release tag is signed by who may sign the tags of {project}", Hint: "nothing to do"},

	PublisherUnexpected: {Severity: Error, Text: "the file does not come from whom the policy names for {project}", Hint: hintPolicy},
	PublisherChanged:    {Severity: Error, Text: "{project} was published by somebody else before", Hint: hintAccept},
	PublisherRenamed:    {Severity: Warning, Text: "the publisher of {project} goes by another name than before", Hint: hintExplain},
	PublisherMixed:      {Severity: Warning, Text: "{project} is published by several", Hint: hintExplain},

	CooldownYoung:      {Severity: Error, Text: "the file is too young", Hint: "pin an older version, or write an [[exception]] for cooldown.young into the policy"},
	CooldownUnknownAge: {Severity: Error, Text: "nobody says how old the file is", Hint: "use an index that lists upload times, or write an [[exception]] for cooldown.unknown-age into the policy"},
	SdistUnwanted:      {Severity: Error, Text: "it is a source distribution, which would have to be built", Hint: "pin a version with a wheel for this system, or write an [[exception]] for sdist.unwanted into the policy"},
	IndexOther:         {Severity: Error, Text: "{project} may not come from this index", Hint: "give {project} its own index in the installer's configuration, or correct 'index' in the policy"},
	PolicyDenied:       {Severity: Error, Text: "the policy refuses it", Hint: hintPolicy},
	PolicyWarned:       {Severity: Warning, Text: "the policy warns of it", Hint: hintPolicy},
	PolicyFailed:       {Severity: Error, Text: "the policy could not be worked out for {filename}", Hint: "run 'assay policy check'; what it says is to be corrected in the policy"},

	FileTruncated:      {Severity: Error, Text: "the file ended before its announced length", Hint: "run the command again; the index or the network cut the transfer"},
	FileUnlisted:       {Severity: Warning, Text: "no index page lists the file", Hint: "install it by name from an index, or verify it with 'assay verify FILE'"},
	FileWrongProject:   {Severity: Error, Text: "the page of {project} lists a file that belongs to another project", Hint: "tell the index's operators; install {project} from another index"},
	FileUnreadableName: {Severity: Error, Text: "the file's name does not tell which release it is", Hint: "tell the index's operators; pin another version to go on"},
	FileYanked:         {Severity: Note, Text: "the index marks the file as yanked", Hint: "choose another version unless you need this one"},
	FileUnavailable:    {Severity: Error, Text: "the file could not be fetched", Hint: "check the network and the index, and run the command again"},

	ProjectArchived:    {Severity: Warning, Text: "the index says that {project} is archived", Hint: "run 'assay explain {project}' to see what there is, and look for a project that is kept up: not even a fix will come of this one"},
	ProjectDeprecated:  {Severity: Warning, Text: "the index says that {project} is deprecated", Hint: "run 'assay explain {project}' to see what there is, and move to what its people name instead"},
	ProjectQuarantined: {Severity: Error, Text: "the index has put {project} under quarantine", Hint: "run 'assay explain {project}' later to see whether it still is; until then do not install any of it"},

	PageMalformed:     {Severity: Error, Text: "the index page cannot be read without doubt", Hint: "tell the index's operators, or use another index"},
	PageUnavailable:   {Severity: Error, Text: "the index page could not be fetched", Hint: "check the network and the index's address, and run the command again"},
	PageDuplicateFile: {Severity: Error, Text: "the index page lists {filename} more than once", Hint: "tell the index's operators, or use another index"},

	ArchiveAmbiguous:      {Severity: Error, Text: "two programs could unpack different files from {filename}", Hint: hintArchive},
	ArchiveBomb:           {Severity: Error, Text: "{filename} unpacks to more than can be looked at", Hint: hintArchive},
	ArchiveIrregular:      {Severity: Warning, Text: "{filename} breaks a rule of its format", Hint: "every program unpacks the same files from it: nothing to do, or tell the project's maintainers"},
	ArchiveRecordMismatch: {Severity: Error, Text: "{filename} holds other bytes than its own RECORD lists", Hint: hintArchive},
	ArchiveSurprising:     {Severity: Note, Text: "{filename} holds something that does more than it looks like", Hint: "ask yourself whether {project} needs it"},
	ArchiveUnlistedMember: {Severity: Warning, Text: "{filename} holds a file that its own RECORD does not list", Hint: "pip will not remove the file with the project: ask the project's maintainers what it is"},
	ArchiveUnopened:       {Severity: Note, Text: "assay does not look into files like {filename}", Hint: "install a wheel or a .tar.gz of {project} instead, if there is one"},
	ArchiveUnreadSdist:    {Severity: Warning, Text: "assay cannot look into {filename}, and pip may build it", Hint: "take a wheel or a .tar.gz of {project}, or refuse builds: pip's '--only-binary :all:'"},
	ArchiveUnreadable:     {Severity: Error, Text: "{filename} is damaged, or not what its name says", Hint: hintArchive},
	ArchiveUnsafeName:     {Severity: Error, Text: "{filename} holds something that leaves its place when it is unpacked", Hint: hintArchive},
	ArchiveWrongProject:   {Severity: Error, Text: "{filename} is another project or version inside than its name says", Hint: hintArchive},

	SdistBuild: {Severity: Note, Text: "only a build of {filename} tells what it depends on, and building runs its code", Hint: "take a wheel where there is one: pip's '--only-binary :all:', uv's '--no-build'"},

	MetadataMalformed:   {Severity: Error, Text: "the metadata of {filename} cannot be read without doubt", Hint: hintArchive},
	MetadataMismatch:    {Severity: Error, Text: "the metadata of the file is not what the index promised", Hint: hintRefetch},
	ReleaseRefused:      {Severity: Error, Text: "another file of {project} {version} was refused", Hint: "see the reason for the other file; pin another version to go on"},
	TransportPlainHTTP:  {Severity: Error, Text: "it would come over plain http, which anybody on the way can change", Hint: "use the index's https address, or allow this host with '--allow-http HOST'"},
	TransportTunnelPort: {Severity: Error, Text: "the connection is to a port where no web server is", Hint: "find out what wanted it: no installer needs that port"},
	SourceVCS:           {Severity: Error, Text: "the rules refuse sources that come straight from version control", Hint: "install a release from an index, or allow it with '--vcs allow'"},
	InstallUnseen:       {Severity: Warning, Text: "{project} {version} was installed and none of its files came past assay", Hint: "check it with 'assay verify {project}=={version}'; run the command again without '--installer-cache theirs' if that was given, or with '--confine'"},
	InstallOutside:      {Severity: Error, Text: "{project} {version} was installed, came by a way that does not lead past assay, and is not in the lock", Hint: "take it away and find out what fetched it; on Linux 'assay run --confine' leaves no other way"},

	LockMissingHash:     {Severity: Error, Text: "the lock names no hash for {project}", Hint: "add the hashes with 'assay lock FILE', look at what changed, then run 'assay check FILE' again"},
	LockWeakHash:        {Severity: Error, Text: "the lock names a weak hash for {project}", Hint: "take the weak hash out of the lock, add strong ones with 'assay lock FILE', and run 'assay check FILE' again"},
	LockOtherDigest:     {Severity: Error, Text: "the index promises other bytes for {project} than the lock", Hint: "run 'assay explain {project}=={version}' to see what the index has; if the lock is wrong, restore it and run 'assay check FILE'"},
	LockUnconfirmedHash: {Severity: Error, Text: "nothing ties the lock's hash for {project} to what its index promises", Hint: "hash the bytes themselves with 'assay check FILE --download', or make the lock anew with the hashes that the index promises"},
	LockUnlisted:        {Severity: Error, Text: "no index lists what the lock names for {project}", Hint: "run 'assay explain {project}=={version}' to see what the index has, or configure the index that the file is on"},
	LockOtherIdentity:   {Severity: Error, Text: "{filename} is not attested by whom the lock names for {project}", Hint: "run 'assay explain {project}=={version}' to see who published what; if it was meant: assay lock FILE --update --accept {project} --reason TEXT"},
	LockWrongProject:    {Severity: Error, Text: "the lock names a file of another project or version for {project}", Hint: "find out who changed the line, make the lock anew, and run 'assay check FILE'"},
	LockOutside:         {Severity: Error, Text: "{filename} is not in the lock", Hint: "make the lock anew so that it names what is needed, and run 'assay check FILE'"},
	LockNotVerifiable:   {Severity: Warning, Text: "{project} does not come from an index, and nobody looks at it", Hint: "take a release from an index where there is one: 'assay explain {project}' shows them"},
	LockUnpinned:        {Severity: Error, Text: "the lock does not say which version of {project} is installed", Hint: "pin it with '==', add the hashes with 'assay lock FILE', and run 'assay check FILE'"},

	ClockBehind: {Severity: Warning, Text: "this computer's clock seems to be wrong", Hint: "set the clock, then run the command again"},
}
