// Package installer knows the installers that Assay stands behind: it reads the
// configuration of pip, uv, Poetry and PDM, and of what asks through them
// (pip-tools, pipx, build, tox, nox, virtualenv), and prepares the environment in
// which they run.
//
//	args := []string{"pip", "install", "-r", "requirements.txt"}
//	config, err := installer.Read(os.Environ(), cwd, args, installer.Options{})
//	// config.Tool == installer.Pip; config.Indexes in the order pip asks them:
//	//   https://index.example/simple/   from "/etc/pip.conf:2"
//	//   https://extra.example/simple/   from "requirements.txt:1"
//	// config.Sources: {vcs, "git+https://git.example/x", "requirements.txt:7"}
//	roots, err := installer.Roots(os.Environ(), config)  // PEM: what the person trusts
//	out := installer.Proxy(os.Environ(), config)         // the person's own proxy, for a URL
//	env := installer.Environment(os.Environ(), installer.Setup{
//		ProxyURL: "http://127.0.0.1:40123", MarkedURL: "http://pip:mark@127.0.0.1:40123",
//		BundlePath: "/run/…/bundle.pem", CacheDir: "/home/me/.cache/assay/installers", Config: config})
//
// What is stronger than that environment is an [AroundError], and the installer
// is not started. What is weaker is taken over: it becomes Assay's own way to the
// indexes. Real installers are asked for what is which in stronger_test.go:
//
//	                                pip                          uv
//	proxy in a file                 weaker (but with --isolated) stronger
//	exceptions (NO_PROXY, no-proxy) weaker                       weaker
//	--proxy, --cache-dir            stronger                     stronger
//	cache in a file                 weaker                       weaker
//	--cert                          weaker                       stronger
//	--isolated                      stronger, for the cache
//
// What may bring in files that nobody looks at (a folder of --find-links, a
// checkout by git) is listed in [Config.FindLinks] and [Config.Sources]; what
// cannot be known beforehand, in [Config.Around].
//
// Nothing is run and nothing is asked for: configuration is read from files,
// environment and arguments, as the installer itself would read them. Files are
// capped (see limits.go), and a file that cannot be read without doubt is a
// [ConfigError] that names its line.
//
// Sources: pip's "Configuration" and "CLI" pages and configparser of Python's
// standard library, uv's "Settings", "Environment variables" and "Indexes"
// pages, Poetry's "Repositories", PDM's "Configure the project", pip-tools' and
// pipx's command lines, PEP 503, PEP 508, PEP 621, PEP 723, PEP 735, PEP 751.
package installer
