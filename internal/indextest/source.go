package indextest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// pyproject names a build backend that lies in the sdist itself, so that an
// installer builds it without fetching anything.
const pyproject = `[build-system]
requires = []
build-backend = "intree_backend"
backend-path = ["."]
`

// markScript appends the distribution's file name to the file that an
// environment variable names: proof that code of the sdist ran.
func (d *dist) markScript() string {
	if d.mark == "" {
		return ""
	}
	return fmt.Sprintf(`import os
if os.environ.get(%[1]s):
    with open(os.environ[%[1]s], "a") as mark:
        mark.write(%[2]s + "\n")
`, pythonString(d.mark), pythonString(d.filename))
}

// setupScript is a setup.py for setuptools.
func (d *dist) setupScript() string {
	return d.markScript() + fmt.Sprintf(`from setuptools import setup
setup(name=%s, version=%s, packages=[%s], install_requires=%s)
`, pythonString(d.name), pythonString(d.version), pythonString(d.module()), pythonList(d.requiresDist))
}

// buildBackend is a build backend (PEP 517) of the standard library's means. It
// packs the sdist's package folder.
func (d *dist) buildBackend() string {
	return d.markScript() + fmt.Sprintf(`import base64, hashlib, os, zipfile

NAME, VERSION, MODULE = %s, %s, %s
METADATA = %s
INFO = NAME + "-" + VERSION + ".dist-info"
WHEEL = "Wheel-Version: 1.0\nGenerator: indextest\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    os.makedirs(os.path.join(metadata_directory, INFO), exist_ok=True)
    for name, text in (("METADATA", METADATA), ("WHEEL", WHEEL)):
        with open(os.path.join(metadata_directory, INFO, name), "w") as f:
            f.write(text)
    return INFO


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = {INFO + "/METADATA": METADATA.encode(), INFO + "/WHEEL": WHEEL.encode()}
    for folder, _, names in os.walk(MODULE):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                files[path.replace(os.sep, "/")] = f.read()
    record = ""
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += "%%s,sha256=%%s,%%d\n" %% (path, digest, len(data))
    files[INFO + "/RECORD"] = (record + INFO + "/RECORD,,\n").encode()
    filename = NAME + "-" + VERSION + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w") as z:
        for path, data in files.items():
            z.writestr(path, data)
    return filename
`, pythonString(d.name), pythonString(d.version), pythonString(d.module()), pythonString(string(d.metadata())))
}

// pythonString writes a string as Python reads it: JSON's escapes are Python's.
func pythonString(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		// A string always encodes.
		return `""`
	}
	return string(b)
}

func pythonList(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = pythonString(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
