// Package installer knows the installers that Assay stands behind: it reads the
// configuration of pip, uv, Poetry and PDM, and prepares the environment in
// which they run.
//
//	config, err := installer.Read(os.Environ(), cwd, []string{"pip", "install", "sampleproject"})
//	// config.Tool == installer.Pip; config.Indexes in the order pip asks them:
//	//   https://index.example/simple/   from "/etc/pip.conf:2"
//	//   https://extra.example/simple/   from "PIP_EXTRA_INDEX_URL"
//	roots, err := installer.Roots(os.Environ(), config)  // PEM: what the person trusts
//	env := installer.Environment(os.Environ(), installer.Setup{
//		ProxyURL: "http://127.0.0.1:40123", BundlePath: "/run/…/bundle.pem", CacheDir: "/home/me/.cache/assay/installers"})
//
// What would send an installer past the proxy (pip's --proxy, uv's https-proxy)
// is an [AroundError]; what may bring in files that did not come past it (a
// folder of --find-links, another cache) is listed in [Config.Around].
//
// Nothing is run and nothing is asked for: configuration is read from files,
// environment and arguments, as the installer itself would read them. Files are
// capped (see limits.go), and a file that cannot be read without doubt is a
// [ConfigError] that names its line.
//
// Sources: pip's "Configuration" and "CLI" pages and configparser of Python's
// standard library, uv's "Settings", "Environment variables" and "Indexes"
// pages, Poetry's "Repositories", PDM's "Configure the project", PEP 503.
package installer
