package assay

import "strings"

// ShownSource is where something is taken from, as it may be shown: a URL behind which an
// archive or a repository lies, or a path. Credentials are left out, and so is the query,
// which may be a signature or a token, and of the fragment all that names neither a hash
// nor a project nor a folder; tokens in the path are as in [Shown].
//
//	git+https://u:p@git.example/demo.git?private_token=x#egg=demo  →  git+https://git.example/demo.git#egg=demo
//
// What is no URL, and what was made by ShownSource, stays as it is.
func ShownSource(where string) string {
	bare, fragment, _ := strings.Cut(where, "#")
	scheme, rest, ok := strings.Cut(bare, "://")
	if !ok || strings.ContainsAny(scheme, "/?") {
		return where
	}
	rest, _, _ = strings.Cut(rest, "?")
	authority, path, slash := strings.Cut(rest, "/")
	prefix, transport := "", scheme
	if i := strings.LastIndexByte(scheme, '+'); i >= 0 {
		prefix, transport = scheme[:i+1], scheme[i+1:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, _, _ := strings.Cut(authority[:i], ":")
		if authority = authority[i+1:]; userIsPublic(transport) && user != "" {
			authority = user + "@" + authority
		}
	}
	out := transport + "://" + authority
	if slash {
		out += "/" + path
	}
	out = prefix + Shown(out)
	var kept []string
	for part := range strings.SplitSeq(fragment, "&") {
		switch key, _, _ := strings.Cut(part, "="); key {
		case "sha256", "sha384", "sha512", "egg", "subdirectory":
			kept = append(kept, part)
		}
	}
	if len(kept) > 0 {
		out += "#" + strings.Join(kept, "&")
	}
	return out
}

// userIsPublic reports whether the user in a URL is the server's for everybody ("git").
func userIsPublic(transport string) bool {
	switch strings.ToLower(transport) {
	case "ssh", "sftp", "git":
		return true
	}
	return false
}
