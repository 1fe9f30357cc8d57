package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// The classes of failure. Every error of this package wraps one of them, one of
// internal/gitobject, or is that of a cancelled context.
var (
	// ErrWhere means that a place is neither a folder nor a URL that is asked.
	ErrWhere = errors.New("not a place of a git repository")
	// ErrNotRepository means that there is no git repository.
	ErrNotRepository = errors.New("not a git repository")
	// ErrAlternates means that a clone borrows objects from another one.
	ErrAlternates = errors.New("clone borrows objects")
	// ErrObjectFormat means that a repository is of a format that is not read:
	// SHA-256, or refs in a reftable.
	ErrObjectFormat = errors.New("format of the repository is not read")
	// ErrVersion means that a version or a project's name is none.
	ErrVersion = errors.New("not a release")
	// ErrNoTag means that no tag names the release.
	ErrNoTag = errors.New("no such tag")
	// ErrAmbiguous means that more tags name the release than are looked at.
	ErrAmbiguous = errors.New("too many tags name one release")
	// ErrDisagree means that the tags that name the release name different commits;
	// the error is a [*DisagreementError].
	ErrDisagree = errors.New("tags disagree")
	// ErrReplayed means that a ref holds the tag object of another name.
	ErrReplayed = errors.New("tag object of another name")
	// ErrNested means that a tag names another tag.
	ErrNested = errors.New("tag of a tag")
	// ErrTarget means that a tag names files, and no commit.
	ErrTarget = errors.New("tag of something else than a commit")
	// ErrRef means that a ref cannot be followed: a symbolic one, a broken one.
	ErrRef = errors.New("unusable ref")
	// ErrNoFile means that a commit has no such file.
	ErrNoFile = errors.New("no such file in the commit")
	// ErrMissing means that an object is not in the repository.
	ErrMissing = errors.New("object is missing")
	// ErrMalformed means that a clone's files or a server's answer are broken.
	ErrMalformed = errors.New("git data is malformed")
	// ErrTooLarge means that a limit is exceeded.
	ErrTooLarge = errors.New("too large")
	// ErrTimeout means that a server's answer did not come in time.
	ErrTimeout = errors.New("timed out")
	// ErrRedirect means that a server leads somewhere that is not followed.
	ErrRedirect = errors.New("redirect refused")
	// ErrServer means that a server cannot be reached, refuses, or is none that
	// speaks git.
	ErrServer = errors.New("git server failed")
)

// failure is an error with its class.
type failure struct {
	text  string
	class error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.class }

func failed(class error, format string, args ...any) error {
	return &failure{fmt.Sprintf(format, args...), class}
}

// DisagreementError says that tags that name one release name different commits.
type DisagreementError struct {
	Project, Version string
	Found            []*Found
}

// Error names the tags and what they name.
func (e *DisagreementError) Error() string {
	each := make([]string, len(e.Found))
	for i, f := range e.Found {
		each[i] = fmt.Sprintf("%q is %s", f.Name, f.Target)
	}
	return fmt.Sprintf("the tags of %s %s name different commits: %s", e.Project, e.Version, strings.Join(each, ", "))
}

// Unwrap returns [ErrDisagree].
func (e *DisagreementError) Unwrap() error { return ErrDisagree }

// shown is a hostile text for a message.
func shown(s string) string {
	if len(s) > maxText {
		return fmt.Sprintf("%q…", s[:maxText])
	}
	return fmt.Sprintf("%q", s)
}

// stopped returns what ended a request: the caller's own cancellation as it is,
// the time limit of this package, or nil.
func stopped(outer, inner context.Context, what string) error {
	if err := outer.Err(); err != nil {
		return err
	}
	if inner.Err() != nil {
		return failed(ErrTimeout, "%s did not come in time", what)
	}
	return nil
}
