package keysource

import (
	"regexp"
	"slices"
	"strings"

	"assay/internal/openpgp"
	"assay/internal/signature"
)

// watchLine is one line of a debian/watch of version 3 or 4: where uscan(1) looks for new
// releases.
type watchLine struct {
	options map[string]string
	page    string // the URL, perhaps with the pattern as its last segment
	pattern string // a field of its own, or ""
}

var watchLines = regexp.MustCompile(`^(?:opts?(?:ions)?=(?:"([^"]*)"|(\S+))\s+)?(\S+)(?:\s+(\S+))?`)

// readWatch reads a debian/watch. What it cannot read it leaves out: nothing is granted
// by it, but where signatures may lie.
func readWatch(data []byte) []watchLine {
	text := strings.ReplaceAll(string(data), "\\\n", " ")
	var out []watchLine
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || strings.HasPrefix(line, "version") || len(out) >= maxCandidates {
			continue
		}
		m := watchLines.FindStringSubmatch(line)
		if m == nil || !strings.Contains(m[3], "://") {
			continue
		}
		w := watchLine{options: map[string]string{}, page: m[3], pattern: m[4]}
		for _, option := range splitOptions(m[1] + m[2]) {
			key, value, _ := strings.Cut(option, "=")
			w.options[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
		out = append(out, w)
	}
	return out
}

// splitOptions splits options at commas, but not at those that a rule has as its
// delimiter: s,$,.asc,.
func splitOptions(s string) []string {
	var out []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "=s,"):
			for n := 0; n < 3 && i < len(s); i++ {
				if s[i] == ',' {
					n++
				}
			}
			i--
		case s[i] == ',':
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// watchedProjects are the projects of the index that a watch file names.
func watchedProjects(data []byte) []string {
	var out []string
	for _, w := range readWatch(data) {
		if name, ok := pypiProject(w.page); ok && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// mangles are the rules that only add an ending: s/$/.asc/, with any delimiter.
var mangles = regexp.MustCompile(`^s([/|%,#!@])\$([/|%,#!@])(\.(?:asc|sig|sign|gpg|pgp))([/|%,#!@])$`)

// signatureTemplates works out where signatures lie, from where uscan looks for them, or
// says why it cannot. It does so where the releases lie in the very folder that uscan
// looks into, and the signature is the file's name with an ending.
func signatureTemplates(data []byte, source string) (templates []string, why string) {
	lines := readWatch(data)
	if len(lines) == 0 {
		return nil, "there is no watch file that can be read"
	}
	for _, w := range lines {
		rule, ok := w.options["pgpsigurlmangle"]
		if !ok {
			why = "the watch file has no pgpsigurlmangle"
			continue
		}
		m := mangles.FindStringSubmatch(rule)
		if m == nil || m[1] != m[2] || m[1] != m[4] {
			why = "pgpsigurlmangle is more than an ending: " + clip(openpgp.Printable(rule))
			continue
		}
		folder, ok := releaseFolder(w, source)
		if !ok {
			why = "the watch file's page is not the folder of the releases: " + clip(openpgp.Printable(w.page))
			continue
		}
		template := folder + "{filename}" + m[3]
		if len(template) > maxPlace || openpgp.Printable(template) != template {
			why = "the watch file's page is no plain URL"
			continue
		}
		if err := signature.CheckTemplate(template); err != nil {
			why = err.Error()
			continue
		}
		if !slices.Contains(templates, template) {
			templates = append(templates, template)
		}
	}
	if len(templates) > 0 {
		why = ""
	}
	return templates, why
}

// releaseFolder is the folder whose listing a line looks through. Pages of forges and of
// the index are none: their files lie elsewhere.
func releaseFolder(w watchLine, source string) (string, bool) {
	page := strings.ReplaceAll(w.page, "@PACKAGE@", source)
	at := strings.LastIndex(page, "/") + 1
	folder, pattern := page[:at], page[at:]
	if !strings.ContainsAny(pattern, "(@") { // else what follows is which versions count
		if pattern != "" || strings.Contains(w.pattern, "/") {
			return "", false // a page, and not a folder
		}
		pattern = w.pattern
	}
	_, index := pypiProject(page)
	host, _, _ := strings.Cut(strings.TrimPrefix(folder, "https://"), "/")
	forge := slices.Contains([]string{"github.com", "gitlab.com", "codeberg.org", "api.github.com", "qa.debian.org", "sf.net", "pypi.debian.net"}, strings.ToLower(host))
	if index || forge || !strings.HasPrefix(folder, "https://") || strings.ContainsAny(folder, `()[]*+?|^$@{}\ %#`) || !strings.ContainsAny(pattern, "(@") {
		return "", false
	}
	return folder, true
}
