package installer

import (
	"maps"
	"strings"
)

// set makes a set of the words of a text.
func set(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(text) {
		out[w] = true
	}
	return out
}

// pipGrammar is pip's: of 23.2 to 26.3, whose options differ only in those that
// do not matter.
var pipGrammar = grammar{
	valued: map[string]string{
		"--index-url": "index-url", "--pypi-url": "index-url", "--extra-index-url": "extra-index-url",
		"--find-links": "find-links", "--proxy": "proxy", "--cert": "cert", "--client-cert": "client-cert",
		"--cache-dir": "cache-dir", "--trusted-host": "trusted-host",
		"--requirement": "requirement", "--constraint": "constraint", "--build-constraint": "build-constraint", "--editable": "editable",
		"--python": "python",
	},
	switches: map[string]string{"--no-index": "no-index", "--no-proxy-env": "no-proxy-env", "--pre": unread},
	short:    map[byte]string{'i': "index-url", 'f': "find-links", 'r': "requirement", 'c': "constraint", 'e': "editable"},
	unread: set(`--abi --all-releases --config-settings --default-timeout --dest --exists-action --global-option --group --hash --implementation
		--keyring-provider --log --log-file --no-binary --only-binary --only-final --output --platform --prefix --progress-bar
		--python-version --refresh-package --report --requirements-from-script --resume-retries --retries --root --root-user-action --src
		--target --timeout --uploaded-prior-to --upgrade-strategy --use-deprecated --use-feature --wheel-dir`),
	mute:     "Cdobtw",
	abridged: true,
}

// pipToolsGrammar is that of pip-compile and pip-sync.
var pipToolsGrammar = grammar{
	valued: map[string]string{
		"--index-url": "index-url", "--extra-index-url": "extra-index-url", "--find-links": "find-links", "--cert": "cert",
		"--client-cert": "client-cert", "--trusted-host": "trusted-host", "--cache-dir": "cache-dir", "--pip-args": "pip-args",
		"--constraint": "constraint", "--config": "config",
	},
	switches: map[string]string{"--no-index": "no-index", "--no-config": "no-config"},
	short:    map[byte]string{'i': "index-url", 'f': "find-links", 'c': "constraint"},
	unread: set(`--annotation-style --build-deps-for --extra --max-rounds --newline --output-file --python-executable --resolver
		--unsafe-package --upgrade-package --uploaded-prior-to`),
	mute: "Po",
}

// pipxGrammar is pipx's.
var pipxGrammar = grammar{
	valued: map[string]string{
		"--index-url": "index-url", "--pip-args": "pip-args", "--spec": "spec", "--with": "with", "--preinstall": "preinstall",
		"--requirement": "requirement", "--backend": "backend",
	},
	switches: map[string]string{"--editable": "editable", "--no-cache": "no-cache", "--refresh": "no-cache"},
	short:    map[byte]string{'i': "index-url", 'r': "requirement"},
	toggles:  map[byte]string{'e': "editable"},
	unread: set(`--app --cooldown --fetch-python --include-resources-from --lock --output --python --python-args --suffix
		--upgrade-strategy`),
	abridged: true,
}

// buildGrammar is that of build (pyproject-build).
var buildGrammar = grammar{
	valued:   map[string]string{"--installer": "backend"},
	switches: map[string]string{"--no-isolation": "no-isolation"},
	toggles:  map[byte]string{'n': "no-isolation"},
	unread:   set("--config-json --config-setting --dependency-constraints-txt --env-dir --outdir --report --sdist-extract-dir"),
	mute:     "oC", abridged: true,
}

// poetryGrammar and pdmGrammar find the command behind the general options.
var (
	poetryGrammar = grammar{unread: set("--directory --project"), mute: "CP"}
	pdmGrammar    = grammar{unread: set("--config --project"), mute: "cp"}
)

// uvBase is what uv's commands have in common.
var uvBase = grammar{
	valued: map[string]string{
		"--index": "index", "--default-index": "default-index", "--index-url": "index-url", "--extra-index-url": "extra-index-url",
		"--find-links": "find-links", "--config-file": "config-file", "--project": "project", "--directory": "directory",
		"--cert": "cert", "--cache-dir": "cache-dir", "--allow-insecure-host": "insecure", "--trusted-host": "insecure",
		"--requirements": "requirement", "--requirement": "requirement", "--constraints": "constraint", "--constraint": "constraint",
		"--overrides": "override", "--override": "override", "--excludes": "exclude", "--exclude": "exclude",
		"--build-constraints": "build-constraint", "--build-constraint": "build-constraint",
		"--with": "with", "--with-editable": "with-editable", "--with-requirements": "with-requirements", "--from": "from",
		"--editable": "editable", "--script": "script",
	},
	switches: map[string]string{"--no-index": "no-index", "--no-config": "no-config"},
	short: map[byte]string{'i': "index-url", 'f': "find-links", 'r': "requirement", 'c': "constraint", 'b': "build-constraint",
		'w': "with", 'e': "editable"},
	unread: set(`--annotation-style --bounds --branch --color --config-setting --config-settings --config-settings-package
		--custom-compile-command --env-file --exclude-newer --exclude-newer-package --extra --fork-strategy --format --group
		--index-strategy --keyring-provider --link-mode --marker --no-binary --no-binary-package --no-build-isolation-package
		--no-build-package --no-editable-package --no-emit-package --no-extra --no-group --no-install-package --no-sources-package
		--only-binary --only-group --optional --out-dir --output-file --output-format --package --prefix --preview-features --prerelease
		--prerelease-package --prompt --prune --python --python-platform --python-preference --python-version --refresh-package
		--reinstall-package --resolution --rev --tag --target --torch-backend --upgrade-group --upgrade-package --with-executables-from`),
	mute: "CPopt",
}

// uvGrammar is the grammar of one of uv's commands: some take a spelling as a
// switch that others give a value.
func uvGrammar(command string) grammar {
	g := uvBase
	flip := func(spelling, name string) {
		g.valued, g.switches = maps.Clone(g.valued), maps.Clone(g.switches)
		delete(g.valued, spelling)
		g.switches[spelling] = name
	}
	switch command {
	case "run":
		flip("--script", unread)
		flip("--editable", unread)
	case "add":
		flip("--editable", "editable")
		g.mute += "m"
	case "tool install":
		flip("--editable", "editable")
		g.short = maps.Clone(g.short)
		delete(g.short, 'e')
		g.toggles = map[byte]string{'e': "editable"}
	}
	return g
}
