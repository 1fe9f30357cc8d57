package pypi

import (
	"unicode/utf8"

	"assay"
)

// standing is what a page says of its project. A status that is none of those defined
// says nothing that could be acted upon, and its reason nothing either: a later version
// of the format may have more of them.
func standing(status, reason string) assay.Standing {
	switch s := assay.ProjectStatus(status); s {
	case assay.StatusActive, assay.StatusArchived, assay.StatusQuarantined, assay.StatusDeprecated:
		return assay.Standing{Status: s, Reason: cutText(reason, maxStanding)}
	}
	return assay.Standing{}
}

// statusTags are the meta elements of an HTML page about the project's status; nil for
// one that is not there.
type statusTags struct{ status, reason *string }

// set keeps the value of one of them. Which of two counts nobody has said.
func (t *statusTags) set(tag **string, value string) error {
	if *tag != nil {
		return malformed("it states the project's status twice")
	}
	*tag = &value
	return nil
}

func (t statusTags) standing() assay.Standing {
	var status, reason string
	if t.status != nil {
		status = *t.status
	}
	if t.reason != nil {
		reason = *t.reason
	}
	return standing(status, reason)
}

// cutText returns at most n bytes of a text, and no part of a character.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
