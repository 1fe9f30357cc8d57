package installer

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// Setup is what a child process is to run with.
type Setup struct {
	ProxyURL   string // Assay's proxy: "http://127.0.0.1:40123"
	MarkedURL  string // the same with the mark by which the proxy knows an installer: "http://pip:<mark>@127.0.0.1:40123"
	BundlePath string // the file of roots: the person's and Assay's own
	CacheDir   string // where installers get caches of Assay's own; empty to leave them theirs
	Config     Config // what the installer is configured with
}

// pair is one variable.
type pair struct{ key, value string }

// Environment returns the environment for a child process: env with the
// variables that lead every installer to Assay's proxy, make it trust Assay's
// certificates, and give it a cache in which all came past Assay. Everything
// else stays as it is, in its order.
//
// Both spellings of each proxy variable are set, because programs differ in
// which one they prefer; those that name exceptions are emptied. SSL_CERT_DIR
// goes, because the bundle holds what is in it. Builds run other programs that
// have variables of their own for roots. virtualenv may not look for newer
// seeds, which it does behind the back of the run that started it, when no
// proxy is there any more.
func Environment(env []string, s Setup) []string {
	set := []pair{
		{"HTTP_PROXY", s.ProxyURL}, {"http_proxy", s.ProxyURL},
		{"HTTPS_PROXY", s.ProxyURL}, {"https_proxy", s.ProxyURL},
		{"ALL_PROXY", s.ProxyURL}, {"all_proxy", s.ProxyURL},
		{"NO_PROXY", ""}, {"no_proxy", ""},
		{"PIP_PROXY", cmp.Or(s.MarkedURL, s.ProxyURL)},
		{"PIP_CERT", s.BundlePath},
		{"REQUESTS_CA_BUNDLE", s.BundlePath},
		{"SSL_CERT_FILE", s.BundlePath},
		{"CURL_CA_BUNDLE", s.BundlePath},
		{"GIT_SSL_CAINFO", s.BundlePath},
		{"CARGO_HTTP_CAINFO", s.BundlePath},
		{"NODE_EXTRA_CA_CERTS", s.BundlePath},
		{"AWS_CA_BUNDLE", s.BundlePath},
		{runVariable, s.ProxyURL},
		{"VIRTUALENV_NO_PERIODIC_UPDATE", "1"},
	}
	if s.CacheDir != "" {
		for _, c := range []pair{{"PIP_CACHE_DIR", "pip"}, {"PIP_TOOLS_CACHE_DIR", "pip-tools"}, {"UV_CACHE_DIR", "uv"},
			{"VIRTUALENV_OVERRIDE_APP_DATA", "virtualenv"}} { // where virtualenv keeps the wheels of its seeds
			set = append(set, pair{c.key, filepath.Join(s.CacheDir, c.value)})
		}
	}
	set = append(set, poetryEnvironment(s)...)
	set = append(set, pdmEnvironment(s)...)
	// Where names of variables are compared without their case, the second
	// spelling is the first.
	for i := 0; i < len(set); i++ {
		set = slices.DeleteFunc(set, func(o pair) bool {
			return o.key != set[i].key && sameKey(o.key, set[i].key)
		})
	}
	out := make([]string, 0, len(env)+len(set))
	done := make([]bool, len(set))
next:
	for _, kv := range env {
		key, _, _ := strings.Cut(kv, "=")
		if sameKey(key, "SSL_CERT_DIR") {
			continue
		}
		for i, o := range set {
			if !sameKey(key, o.key) {
				continue
			}
			if !done[i] {
				out = append(out, key+"="+o.value)
			}
			done[i] = true
			continue next
		}
		out = append(out, kv)
	}
	for i, o := range set {
		if !done[i] {
			out = append(out, o.key+"="+o.value)
		}
	}
	return out
}
