package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"assay"
	"assay/internal/engine"
	"assay/internal/gate"
	"assay/internal/pypi"
	"assay/internal/report"
	"assay/internal/signature"
	"assay/internal/sigstore"
	"assay/internal/verify/archive"
	"assay/internal/verify/digest"
	"assay/internal/verify/jws"
	"assay/internal/verify/openpgp"
	"assay/internal/verify/pep740"
	"assay/internal/verify/ssh"
)

// beside lists the endings under which material lies beside a file.
var beside = []struct {
	ending string
	kind   assay.MaterialKind
}{
	{".provenance", assay.Provenance},
	{".publish.attestation", assay.Attestation},
	{".attestation", assay.Attestation},
	{".slsa.attestation", assay.Attestation},
	{".sigstore", assay.SigstoreBundle},
	{".sigstore.json", assay.SigstoreBundle},
	{".asc", assay.OpenPGPSignature},
	{".sig", assay.OpenPGPSignature}, // or an SSH signature: the first bytes tell
}

// verifyFlags are what `assay verify` was asked for.
type verifyFlags struct {
	provenance  string
	signatures  []string
	source      string
	judging     judging
	digest      string
	name        string
	trustedRoot string
	policy      string
	format      string
	offline     bool
}

func (a *app) verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify FILE|NAME==VERSION ...",
		Short: "Verify distribution files, or a release on the configured index",
		Long: `Verify judges distribution files. Evidence is looked for beside each file:
FILE.provenance, FILE.publish.attestation, FILE.attestation,
FILE.slsa.attestation, FILE.sigstore, FILE.sigstore.json, FILE.asc
(OpenPGP) and FILE.sig (OpenPGP or SSH).

NAME==VERSION judges every file of a release on the index that pip or uv is
configured with; its files are downloaded to be compared, and not kept.

Exit status: 0 allowed (warnings included), 1 refused, 2 bad usage or input,
3 could not decide.`,
		Example: `  assay verify sampleproject-4.0.0.tar.gz
  assay verify sampleproject==4.0.0
  assay verify --digest sha256:0ace… --name sampleproject-4.0.0.tar.gz --provenance P`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.verify(cmd.Context(), f, args) },
	}
	cmd.Flags().StringVar(&f.provenance, "provenance", "", "read the evidence from `FILE` instead of beside the file")
	cmd.Flags().StringArrayVar(&f.signatures, "signature", nil, "read a signature, or a signed list of checksums, from `FILE` as well (may be repeated)")
	cmd.Flags().StringVar(&f.source, "source", "", "verify the release's tag too, in the git repository `REPO`: a clone or a URL")
	cmd.Flags().StringVar(&f.digest, "digest", "", "the promised digest, `ALGORITHM:HEX`; with --name it stands for the file itself")
	cmd.Flags().StringVar(&f.name, "name", "", "the distribution's `FILENAME`, where the file is called otherwise or is not at hand")
	cmd.Flags().StringVar(&f.trustedRoot, "trusted-root", "", "verify signatures under the Sigstore trusted root in `FILE`")
	cmd.Flags().StringVar(&f.policy, "policy", "", "judge by the policy in `FILE`, and by no other")
	cmd.Flags().StringVar(&f.format, "format", "text", "text or json")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "ask nobody: fail where the network would be needed")
	return cmd
}

func (a *app) verify(ctx context.Context, f verifyFlags, args []string) error {
	if err := f.check(args); err != nil {
		return err
	}
	p, err := a.judging(f.policy)
	if err != nil {
		return err
	}
	f.judging = p
	before := a.memory("verify")
	root, err := a.trustedRoot(f.trustedRoot)
	if err != nil {
		return err
	}
	if err := before.ready(); err != nil {
		return err
	}
	collector := report.NewCollector()
	config := engine.Config{Verifiers: verifiers(pep740.New(root.Root), p.store), Rules: p, Memory: before, Recorder: recorders{before, collector}}
	failed := a.verifyAll(ctx, f, args, config)
	a.sayNotes(before)
	if err := before.close(); err != nil {
		a.warn("%v", err)
	}
	r := collector.Report("verify")
	if failed != nil && (len(r.Items) == 0 || errors.Is(failed, context.Canceled)) {
		return failed
	}
	if f.format == "json" {
		err = r.WriteJSON(a.stdout)
	} else {
		err = r.WriteFiles(a.stdout, a.text(a.stdout))
	}
	if err != nil {
		return &failure{statusUndecided, err, ""}
	}
	if failed != nil {
		return failed // what was judged is shown all the same
	}
	if status := report.Exit(r.Summary()); status != 0 {
		return exit(status)
	}
	return nil
}

// keyring has the keys that grants name, of whatever project.
type keyring interface {
	openpgp.Keyring
	ssh.Keyring
	jws.Keyring
}

// verifiers are the verifiers of every command.
func verifiers(provenance *pep740.Verifier, keys keyring) []engine.Verifier {
	return []engine.Verifier{digest.Verifier{}, archive.Verifier{}, provenance, openpgp.New(keys), ssh.New(keys), jws.New(keys)}
}

func (f verifyFlags) check(args []string) error {
	switch {
	case f.format != "text" && f.format != "json":
		return usage("", "--format is text or json, not %q", f.format)
	case f.offline && strings.Contains(f.source, "://"):
		return &failure{statusUndecided, fmt.Errorf("the tag can only be read from %s", shown(f.source)), "leave --offline out, or give a local clone"}
	case len(args) == 0 && (f.digest == "" || f.name == ""):
		return usage("run 'assay verify FILE', 'assay verify NAME==VERSION', or give both --digest and --name", "there is nothing to verify")
	case len(args) != 1 && (f.provenance != "" || f.digest != "" || f.name != "") && len(args) > 0:
		return usage("verify the files one by one", "--provenance, --digest and --name go with a single file, not with %d", len(args))
	}
	return nil
}

// verifyAll judges every argument, as many at once as there are processors. The
// order of the report does not depend on it.
func (a *app) verifyAll(ctx context.Context, f verifyFlags, args []string, config engine.Config) error {
	e := engine.New(config)
	if len(args) == 0 {
		return a.verifyPromise(ctx, f, e)
	}
	args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return isBeside(arg, args) })
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	errs := make([]error, len(args))
	var wg sync.WaitGroup
	for i, arg := range args {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if project, version, ok := release(arg); ok {
				errs[i] = a.verifyRelease(ctx, f, config, project, version)
			} else {
				errs[i] = a.verifyFile(ctx, f, e, arg)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return errors.Join(errs...)
}

// isBeside reports whether an argument is the evidence beside a file that is
// named as well, so that "assay verify dist/*" means the files.
func isBeside(arg string, args []string) bool {
	for _, b := range beside {
		if file, ok := strings.CutSuffix(arg, b.ending); ok && slices.Contains(args, file) {
			return true
		}
	}
	return false
}

// release splits NAME==VERSION; a file of that very name comes first.
func release(arg string) (project, version string, ok bool) {
	project, version, ok = strings.Cut(arg, "==")
	if !ok {
		return "", "", false
	}
	_, err := os.Lstat(arg)
	return strings.TrimSpace(project), strings.TrimSpace(version), err != nil
}

// verifyPromise judges a digest and a name where the file itself is not at hand.
func (a *app) verifyPromise(ctx context.Context, f verifyFlags, e *engine.Engine) error {
	artifact, err := f.artifact(f.name)
	if err != nil {
		return err
	}
	materials := []assay.Material{}
	if f.provenance != "" {
		m, err := readMaterial(f.provenance, "")
		if err != nil {
			return err
		}
		materials = append(materials, m)
	}
	if _, ok := artifact.Digest("sha256"); !ok && len(materials) > 0 {
		return usage("give the file's SHA-256 digest: --digest sha256:…", "evidence is bound to a SHA-256 digest, and --digest is %s", artifact.Digests[0].Algorithm)
	}
	finish, err := a.finishing(ctx, f, artifact)
	if err != nil {
		return err
	}
	return judge(ctx, e, assay.Subject{Artifact: artifact, Materials: materials}, finish)
}

// finishing returns what is known of the release of a file besides: its tag, where
// --source says that it is looked at.
func (a *app) finishing(ctx context.Context, f verifyFlags, artifact assay.Artifact) (func(*engine.Judgement), error) {
	if f.source == "" {
		return f.judging.withTag(nil), nil
	}
	t, err := a.sourceTag(ctx, f.source, artifact.Project, artifact.Version, f.judging.store)
	return f.judging.withTag(&t), err
}

func (a *app) verifyFile(ctx context.Context, f verifyFlags, e *engine.Engine, path string) error {
	name := f.name
	if name == "" {
		name = filepath.Base(path)
	}
	// What is wrong with the path is said before what is wrong with its name.
	file, err := openRegular(path, badDistribution)
	if err != nil {
		return err
	}
	defer file.Close()
	artifact, err := f.artifact(name)
	if err != nil {
		return err
	}
	artifact.URL = fileURL(path) // files of one name in several folders are several files
	materials, err := f.materials(path)
	if err != nil {
		return err
	}
	subject := assay.Subject{Artifact: artifact, Materials: materials}
	content, err := gate.Read(cancellable{ctx, file}, assay.NewHasher(artifact.Digests, e.Hashing(subject)...), inspector(name))
	if err != nil {
		return &failure{statusUndecided, fmt.Errorf("reading %s: %w", path, err), ""}
	}
	subject.Content = &content
	finish, err := a.finishing(ctx, f, artifact)
	if err != nil {
		return err
	}
	return judge(ctx, e, subject, finish)
}

func fileURL(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	abs = filepath.ToSlash(abs)
	return (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(abs, "/")}).String()
}

func judge(ctx context.Context, e *engine.Engine, s assay.Subject, finish func(*engine.Judgement)) error {
	j, err := e.Judge(ctx, s)
	if err != nil {
		return &failure{statusUndecided, err, ""}
	}
	for _, ev := range j.Evidence {
		if ev.State == assay.Pending { // nobody is going to read any bytes
			return usage("give the file itself: 'assay verify FILE'", "only the bytes of %s tell whether its signature holds, and a digest does not stand for them", shown(s.Artifact.Filename))
		}
	}
	finish(&j)
	return e.Record(ctx, j)
}

// artifact describes the file of the given name, with what was promised of it.
func (f verifyFlags) artifact(name string) (assay.Artifact, error) {
	a := assay.Artifact{Ecosystem: assay.PyPI, Filename: name}
	parsed, err := pypi.ParseFilename(name)
	if err != nil {
		return a, usage("give the distribution's own name with '--name FILENAME'", "%w", err)
	}
	a.Project, a.Version = parsed.Project, parsed.Version.String()
	if f.digest != "" {
		d, err := assay.ParseDigest(f.digest)
		if err != nil {
			return a, usage("write it as sha256:HEX, as indexes and lock files do", "--digest: %w", err)
		}
		a.Digests = append(a.Digests, d)
	}
	return a, nil
}

// materials reads what lies beside a file, or what --provenance names.
func (f verifyFlags) materials(path string) ([]assay.Material, error) {
	out := []assay.Material{}
	for _, path := range f.signatures {
		m, err := readMaterial(path, assay.OpenPGPSignature)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	if f.provenance != "" {
		m, err := readMaterial(f.provenance, "")
		return append(out, m), err
	}
	for _, b := range beside {
		m, err := readMaterial(path+b.ending, b.kind)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// readMaterial reads one piece of evidence. Without a kind its own is told from
// its name, else from its content. One byte more than is allowed is read, so
// that the verifier sees what is too large and says so.
func readMaterial(path string, kind assay.MaterialKind) (assay.Material, error) {
	file, err := openRegular(path, badEvidence)
	if err != nil {
		return assay.Material{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, sigstore.MaxProvenanceSize+1))
	if err != nil {
		return assay.Material{}, &failure{statusUndecided, fmt.Errorf("reading %s: %w", path, err), ""}
	}
	if kind == "" {
		kind = kindOf(path, data)
	}
	kind = signature.Sniff(kind, data)
	return assay.Material{Kind: kind, Name: filepath.Base(path), Data: data}, nil
}

// kindOf tells the format of a piece of evidence that somebody named: by the
// ending of its name, else by the key that only its format has. What has none of
// them is judged, and refused, as provenance.
func kindOf(path string, data []byte) assay.MaterialKind {
	for _, b := range beside {
		if strings.HasSuffix(path, b.ending) {
			return b.kind
		}
	}
	switch {
	case bytes.Contains(data, []byte(`"attestation_bundles"`)):
		return assay.Provenance
	case bytes.Contains(data, []byte(`"mediaType"`)):
		return assay.SigstoreBundle
	case bytes.Contains(data, []byte(`"verification_material"`)):
		return assay.Attestation
	}
	return assay.Provenance
}

// hints are what helps where a file is missing, or is no regular file.
type hints struct{ missing, irregular string }

var (
	badDistribution = hints{"check the path; for a release on an index write NAME==VERSION", "name the distribution file itself"}
	badEvidence     = hints{"check the path", "it would be read as evidence: move it away, or name the evidence with '--provenance FILE'"}
)

// openRegular opens a regular file for reading: a FIFO or a device could block
// or never end.
func openRegular(path string, h hints) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, badFile(path, h.missing, err)
	}
	if !info.Mode().IsRegular() {
		return nil, usage(h.irregular, "%s is not a regular file", shown(path))
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, badFile(path, h.missing, err)
	}
	return file, nil
}

// badFile is the error about a file that cannot be opened; hint is for one that
// is not there.
func badFile(path, hint string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		hint = ""
	}
	return usage(hint, "%s: %w", shown(path), err)
}

// shown quotes a path or a name only where it needs it.
func shown(s string) string {
	quoted := fmt.Sprintf("%q", s)
	if s != "" && quoted == `"`+s+`"` {
		return s
	}
	return quoted
}

// cancellable stops reading when its context ends.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
