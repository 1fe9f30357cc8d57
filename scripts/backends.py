"""Writes small projects of many shapes and has build back ends build them.

    backends.py all WORK FILES OLD   every back end, the newest and those below OLD
    backends.py one WORK FILES NAME  one back end, of the version that is imported

What is built lies in FILES/"NAME VERSION"/. The hooks of PEP 517 and 660 are called
directly: for a build tool each project would take a process and an environment. As a
build tool does, the wheel is built from the unpacked sdist.
"""

import contextlib
import importlib
import importlib.metadata
import os
import pathlib
import random
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time

HOOKS = {
    "setuptools": "setuptools.build_meta",
    "hatchling": "hatchling.build",
    "flit-core": "flit_core.buildapi",
    "poetry-core": "poetry.core.masonry.api",
    "pdm-backend": "pdm.backend",
    "maturin": "maturin",
    "scikit-build-core": "scikit_build_core.build",
}

HEAD = '"""A sample."""\n__version__ = "%s"\n'
SCRIPT = "#!/usr/bin/env python\nprint('hello')\n"


class Shape:
    """A project: its files, and what its pyproject.toml has to say of them."""

    def __init__(self, name, package, files=None, *, version="1.0", src=False, **more):
        self.name, self.package, self.version, self.src = name, package, version, src
        self.root = ("src/" if src else "") + package.replace(".", "/")
        self.files = {"README.md": f"# {name}\n\nGrüße: a sample.\n"}
        if not more.get("module"):
            self.files[self.root + "/__init__.py"] = HEAD % version
        else:
            self.files[self.root + ".py"] = HEAD % version
        self.files.update({path.replace("PKG", self.root): text for path, text in (files or {}).items()})
        self.more = more

    def has(self, what):
        return self.more.get(what)


def shapes():
    """The shapes that every back end can build."""
    noise = random.Random(1).randbytes(6 << 20)
    deep = "PKG/" + "/".join(f"a_rather_long_folder_name_{n:02}" for n in range(9))
    return [
        Shape("sample-flat", "sample_flat", {"PKG/core.py": "x = 1\n", "tests/test_core.py": "", "docs/index.rst": "Docs\n"}, editable=True),
        Shape("sample-src", "sample_src", {"PKG/sub/__init__.py": "", "PKG/sub/deep.py": "y = 2\n"}, src=True, editable=True),
        Shape("sample-space", "acme.sample_space", {"PKG/core.py": "x = 1\n"}, src=True),
        Shape("sample-data", "sample_data", {
            "PKG/data/with space.txt": "a", "PKG/data/grün/ünïcödé.txt": "b", "PKG/data/日本語.txt": "c", "PKG/data/a,b.csv": "d",
            "PKG/data/nfd-e\u0301.txt": "e", "PKG/data/😀.txt": "f", "PKG/data/empty.bin": "", "PKG/data/it's #1 [x] {y} & 100%.txt": "g",
            "PKG/data/.hidden": "h", "PKG/data/noext": b"\x00\xff" * 40}, data=True),
        Shape("sample-entry", "sample_entry", {"PKG/cli.py": "def main():\n    pass\n"}, entry=True, epoch="1700000000"),
        Shape("sample-script", "sample_script", {"bin/sample-run": SCRIPT, "share/sample/sample.conf": "a = 1\n"}, script=True),
        Shape("sample-extras", "sample_extras", {"PKG/core.py": ""}, extras=True),
        Shape("sample-dynamic", "sample_dynamic", version="2.3.4", dynamic=True),
        Shape("sample-licence", "sample_licence", {"LICENSE": "MIT\n", "NOTICE": "©\n", "licenses/Apache-2.0.txt": "Apache\n"}, licence=True),
        Shape("sample-typed", "sample_typed", {"PKG/py.typed": "", "PKG/core.pyi": "x: int\n", "PKG/core.py": "x = 1\n"}, data=True, src=True),
        Shape("sample-large", "sample_large", {"PKG/noise.bin": noise, "PKG/zeros.bin": bytes(6 << 20)}, data=True),
        Shape("sample-many", "sample_many", {f"PKG/part{n % 7}/m{n:03}.py": f"n = {n}\n" for n in range(400)}),
        Shape("sample-deep", "sample_deep", {deep + "/x.txt": "deep", deep + "/ü.txt": "deep"}, data=True),
        Shape("sample-empty", "sample_empty", {"PKG/__init__.py": ""}),
        Shape("sample-module", "sample_module", module=True),
        Shape("Sample.Odd_Name", "sample_odd_name", version="1!2.0rc1.post3+local.4"),
        Shape("sample-links", "sample_links", {"PKG/real.txt": "real\n"}, data=True, links={"PKG/link.txt": "real.txt", "PKG/other.txt": "real.txt"}),
        Shape("sample-hard", "sample_hard", {"PKG/one.txt": "one\n"}, data=True, hard={"PKG/two.txt": "PKG/one.txt"}),
        Shape("sample-quote", "sample_quote", {'PKG/say "hi".txt': "a", 'PKG/a, "b".txt': "b"}, data=True),
    ]


# Old back ends build those in which they are most likely to differ.
OLD = ["sample-src", "sample-data", "sample-entry", "sample-script", "Sample.Odd_Name", "sample-links", "sample-hard", "sample-quote"]

# Before these versions RECORD was written without quotes: a name with a quote
# in it made a text that is not CSV, and is refused for that (docs/archives.md).
QUOTES = {"flit-core": (4,), "hatchling": (1, 21)}


# These do not run on Python 3.12 and later.
BEFORE_312 = ["setuptools==59.8.0", "poetry-core==1.0.8"]


def project(s, name, version, extra=()):
    """The [project] table, as far as that version of a back end knows it."""
    lines = ["[project]", f'name = "{s.name}"', 'description = "A sample"', 'readme = "README.md"', 'requires-python = ">=3.8"']
    lines.append('dynamic = ["version"]' if s.has("dynamic") and name != "poetry-core" else f'version = "{s.version}"')
    if s.has("licence"):
        lines += ['license = "MIT AND Apache-2.0"', 'license-files = ["LICENSE", "NOTICE", "licenses/*.txt"]']
    if s.has("extras"):
        lines += ['authors = [{name = "Jörg Müller", email = "joerg@example.invalid"}]', 'keywords = ["größe", "sample"]',
                  'dependencies = ["six>=1.0; python_version < \'4\'", "attrs"]', 'classifiers = ["Programming Language :: Python :: 3"]',
                  "[project.optional-dependencies]", 'test = ["pytest>=7", "six[x]"]', 'all_the-docs = ["sphinx; sys_platform != \'win32\'"]',
                  "[project.urls]", 'Homepage = "https://sample.example.invalid/ü"']
    if s.has("entry"):
        lines += ["[project.scripts]", 'sample-hello = "sample_entry.cli:main"', "[project.gui-scripts]", 'sample-gui = "sample_entry.cli:main"',
                  '[project.entry-points."acme.plugins"]', 'one = "sample_entry.cli"', 'two = "sample_entry.cli:main"']
    return lines + list(extra)


def setuptools(s, version):
    if version < (61,):
        return setuptools_cfg(s)
    lines = ["[tool.setuptools]"]
    if s.has("module"):
        lines.append(f'py-modules = ["{s.package}"]')
    if s.has("script"):
        lines.append('script-files = ["bin/sample-run"]')
    if s.has("extension") == "setuptools":
        s.files["setup.py"] = "from setuptools import Extension, setup\nsetup(ext_modules=[Extension('%s._c', ['%s/_c.c'])])\n" % (s.package, s.root)
    if s.has("script"):
        lines += ["[tool.setuptools.data-files]", '"share/sample" = ["share/sample/sample.conf"]']
    if not s.has("module"):
        lines += ["[tool.setuptools.packages.find]", f'where = ["{"src" if s.src else "."}"]', f'include = ["{s.package.split(".")[0]}*"]']
    lines += ["[tool.setuptools.package-data]", '"*" = ["**/*", "**/.hidden"]']
    if s.has("dynamic"):
        lines += ["[tool.setuptools.dynamic]", f'version = {{attr = "{s.package}.__version__"}}']
    s.files["MANIFEST.in"] = f"graft {s.root}\n" if not s.has("module") else ""
    return project(s, "setuptools", version, lines)


def setuptools_cfg(s):
    """Before version 61 there was setup.cfg only."""
    text = f"[metadata]\nname = {s.name}\nversion = {s.version}\ndescription = A sample\nlong_description = file: README.md\n"
    text += f"[options]\npackages = find_namespace:\npackage_dir =\n    = {'src' if s.src else '.'}\n"
    text += "scripts = bin/sample-run\n" if s.has("script") else ""
    text += f"[options.packages.find]\nwhere = {'src' if s.src else '.'}\ninclude = {s.package}*\n"
    text += "[options.package_data]\n* = *.txt, data/*, data/.hidden, data/*/*\n"
    text += "[options.data_files]\nshare/sample = share/sample/sample.conf\n" if s.has("script") else ""
    text += "[options.entry_points]\nconsole_scripts =\n    sample-hello = sample_entry.cli:main\n" if s.has("entry") else ""
    s.files.update({"setup.cfg": text, "setup.py": "from setuptools import setup\nsetup()\n", "MANIFEST.in": f"graft {s.root}\n"})
    return []


def hatchling(s, version):
    lines = ["[tool.hatch.build.targets.wheel]"]
    top = s.root if not s.src else "src/" + s.package.split(".")[0]
    lines.append(f'only-include = ["{s.root}.py"]' if s.has("module") else f'packages = ["{top}"]')
    if s.has("script"):
        lines += ["[tool.hatch.build.targets.wheel.shared-data]", '"share/sample" = "share/sample"']
        where = "shared-scripts" if version >= (1, 19) else "shared-data"
        lines += [f"[tool.hatch.build.targets.wheel.{where}]"] if where == "shared-scripts" else []
        lines.append('"bin" = "bin"' if where == "shared-data" else '"bin/sample-run" = "sample-run"')
    if s.has("dynamic"):
        lines += ["[tool.hatch.version]", f'path = "{s.root}/__init__.py"']
    return project(s, "hatchling", version, lines)


def flit_core(s, version):
    lines = ["[tool.flit.module]", f'name = "{s.package}"']
    if s.has("script") and version >= (3, 7):
        s.files["data/bin/sample-run"] = SCRIPT
        s.files["data/share/sample/sample.conf"] = "a = 1\n"
        lines += ["[tool.flit.external-data]", 'directory = "data"']
    lines += ["[tool.flit.sdist]", 'include = ["tests/", "docs/"]'] if "tests/test_core.py" in s.files else []
    return project(s, "flit-core", version, lines)


def poetry_core(s, version):
    top = s.package.split(".")[0]
    what = f"{top}.py" if s.has("module") else top
    lines = ["[tool.poetry]", "packages = [{include = \"%s\"%s}]" % (what, ', from = "src"' if s.src else "")]
    lines += ['include = [{path = "tests", format = "sdist"}]'] if "tests/test_core.py" in s.files else []
    scripts = ["[tool.poetry.scripts]", 'sample-run = {reference = "bin/sample-run", type = "file"}'] if s.has("script") else []
    if version >= (2,):
        return project(s, "poetry-core", version, lines + scripts)
    lines[1:1] = [f'name = "{s.name}"', f'version = "{s.version}"', 'description = "A sample"', 'authors = ["Jörg <j@example.invalid>"]', 'readme = "README.md"']
    if s.has("entry"):
        scripts += ["[tool.poetry.scripts]", 'sample-hello = "sample_entry.cli:main"', '[tool.poetry.plugins."acme.plugins"]', 'one = "sample_entry.cli"']
    if s.has("script") and version < (1, 1):
        scripts = []
    return lines + scripts


def pdm_backend(s, version):
    lines = ["[tool.pdm.build]", f'includes = ["{s.root + ".py" if s.has("module") else s.root}"]']
    lines += ['package-dir = "src"'] if s.src else []
    lines += ['source-includes = ["tests", "docs"]'] if "tests/test_core.py" in s.files else []
    if s.has("script"):
        lines += ["[tool.pdm.build.wheel-data]", 'scripts = ["bin/sample-run"]', 'data = [{path = "share/**/*", relative-to = "."}]']
    lines += ["[tool.pdm.version]", 'source = "file"', f'path = "{s.root}/__init__.py"'] if s.has("dynamic") else []
    return project(s, "pdm-backend", version, lines)


def maturin(s, version):
    crate = s.name.lower().replace(".", "-")
    s.files["Cargo.toml"] = f'[package]\nname = "{crate}"\nversion = "1.0.0"\nedition = "2021"\n'
    s.files["Cargo.lock"] = f'version = 3\n\n[[package]]\nname = "{crate}"\nversion = "1.0.0"\n'
    s.files["src/main.rs"] = 'fn main() {\n    println!("hello");\n}\n'
    lines = ["[tool.maturin]", 'bindings = "bin"', "strip = true"]
    if s.has("python"):
        lines += ['python-source = "python"', f'module-name = "{s.package}"']
    if s.has("data_folder"):
        lines.append('data = "extra.data"')
    return project(s, "maturin", version, lines)


def scikit_build_core(s, version):
    lines = ["[tool.scikit-build]"]
    if not s.has("extension"):
        lines.append('wheel.packages = ["%s"]' % (("src/" if s.src else "") + s.package.split(".")[0]))
        lines.append('wheel.platlib = false' if version >= (0, 10) else 'wheel.py-api = "py3"')
        s.files["CMakeLists.txt"] = "cmake_minimum_required(VERSION 3.15...3.30)\nproject(sample LANGUAGES NONE)\n"
        if s.has("script"):
            s.files["CMakeLists.txt"] += "install(PROGRAMS bin/sample-run DESTINATION ${SKBUILD_SCRIPTS_DIR})\ninstall(DIRECTORY share DESTINATION ${SKBUILD_DATA_DIR})\n"
        return project(s, "scikit-build-core", version, lines)
    s.files["CMakeLists.txt"] = f"""cmake_minimum_required(VERSION 3.15...3.30)
project(sample LANGUAGES C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
python_add_library(_c MODULE {s.root}/_c.c WITH_SOABI)
install(TARGETS _c DESTINATION {s.package})
add_executable(sample-c {s.root}/tool.c)
install(TARGETS sample-c DESTINATION ${{SKBUILD_SCRIPTS_DIR}})
"""
    return project(s, "scikit-build-core", version, lines)


EXTENSION = """#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_c", NULL, -1, NULL};
PyMODINIT_FUNC PyInit__c(void) { return PyModule_Create(&module); }
"""


def special(name):
    """The shapes that one back end alone can build."""
    extension = {"PKG/_c.c": EXTENSION, "PKG/tool.c": "int main(void) { return 0; }\n"}
    if name == "maturin":
        return [
            Shape("sample-bin", "sample_bin", editable=True),
            Shape("sample-mixed", "sample_mixed", {"python/sample_mixed/__init__.py": HEAD % "1.0", "python/sample_mixed/py.typed": "",
                                                   "python/sample_mixed/grün ü.txt": "a"}, python=True),
            Shape("Sample.Odd_Name", "sample_odd", version="1!2.0rc1+local.4"),
            Shape("sample-extra", "sample_extra", {"extra.data/data/share/sample/s p.conf": "a", "extra.data/scripts/sample-run": SCRIPT}, data_folder=True),
            Shape("sample-extras", "sample_extras", extras=True),
            Shape("sample-licence", "sample_licence", {"LICENSE": "MIT\n", "NOTICE": "©\n", "licenses/Apache-2.0.txt": "Apache\n"}, licence=True),
        ]
    if name in ("setuptools", "scikit-build-core") and compiles():
        return [Shape("sample-c", "sample_c", extension, extension=name, editable=name == "setuptools"),
                Shape("sample-c-src", "sample_c_src", extension, extension=name, src=True)]
    return []


def compiles():
    return shutil.which("cc") and os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))


def chosen(name, version, old):
    """The shapes that a version of a back end is to build."""
    common = [s for s in shapes() if not old or s.name in OLD]
    if version < QUOTES.get(name, ()):
        common = [s for s in common if s.name != "sample-quote"]
    if name == "maturin":
        common = []
    if name == "scikit-build-core":  # its configuration takes a second each
        common = [s for s in common if s.name not in ("sample-module", "sample-dynamic", "sample-many", "sample-flat", "sample-typed", "sample-empty")]
    if name == "poetry-core" and version < (1, 1):  # it writes an epoch as an underscore, which no installer takes
        for s in common:
            s.version = s.version.removeprefix("1!")
    own = special(name)
    if old and name == "maturin":  # before PEP 639, and its sdists left the data folder out
        own = [s for s in own if s.name not in ("sample-licence", "sample-extra")]
    return common + own


def write(s, name, version, folder):
    """Writes a project."""
    tool = globals()[name.replace("-", "_")](s, version)
    requires = "flit_core" if name == "flit-core" else name
    text = ["[build-system]", f'requires = ["{requires}"]', f'build-backend = "{HOOKS[name]}"'] + tool
    s.files["pyproject.toml"] = "\n".join(text) + "\n"
    for path, data in s.files.items():
        path = folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        if data == SCRIPT:
            path.chmod(0o755)
    for path, target in (s.has("links") or {}).items():
        (folder / path.replace("PKG", s.root)).symlink_to(target)
    for path, target in (s.has("hard") or {}).items():
        os.link(folder / target.replace("PKG", s.root), folder / path.replace("PKG", s.root))


def build(s, name, version, work, out):
    """Builds a project's sdist, from that its wheel, and from the project an editable wheel."""
    hooks = importlib.import_module(HOOKS[name])
    folder = work / "project"
    write(s, name, version, folder)
    if s.has("epoch"):
        os.environ["SOURCE_DATE_EPOCH"] = s.has("epoch")
    os.chdir(folder)
    sdist = hooks.build_sdist(str(out))
    if name == "setuptools" and s.has("data"):
        subprocess.run([sys.executable, "-c", "import setuptools; setuptools.setup()", "-q", "sdist", "--formats=zip,bztar", "-d", str(out)], check=True)
    with tarfile.open(out / sdist) as tar:
        tar.extractall(work / "unpacked", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    os.chdir(next((work / "unpacked").iterdir()))
    hooks.build_wheel(str(out))
    if s.has("editable") and hasattr(hooks, "build_editable"):
        os.chdir(folder)
        os.makedirs(out / "editable", exist_ok=True)
        hooks.build_editable(str(out / "editable"))


def one(work, files, name, old):
    """Builds everything with one back end, each project in a process forked for it:
    back ends keep things in memory."""
    importlib.import_module(HOOKS[name])
    text = importlib.metadata.version(name)
    version = tuple(int(part) for part in text.split(".")[:2])
    out, failed, began = files / f"{name} {text}", 0, time.monotonic()
    out.mkdir(parents=True)
    for n, s in enumerate(chosen(name, version, old)):
        mine = work / f"{name}-{text}-{n}"
        mine.mkdir()
        log = mine / "log"
        pid = os.fork()
        if pid == 0:
            quiet = os.open(log, os.O_WRONLY | os.O_CREAT)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            status = 1
            try:
                build(s, name, version, mine, out)
                status = 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        if os.waitpid(pid, 0)[1] != 0:
            failed += 1
            print(f"{name} {text} cannot build {s.name}:\n{log.read_text(errors='replace')[-1500:]}", flush=True)
        shutil.rmtree(mine)
    count = sum(len(names) for _, _, names in os.walk(out))
    print(f"{name} {text}: {count} files in {time.monotonic() - began:.0f} s", flush=True)
    return failed == 0


def repack(files):
    """Packs wheels anew with the tool that many release pipelines end with."""
    out = files / f"wheel {importlib.metadata.version('wheel')}"
    work = out / "unpacked"
    for path in sorted(files.glob("setuptools */*.whl")):
        if path.parent.name != f"setuptools {importlib.metadata.version('setuptools')}":
            continue
        tool = [sys.executable, "-m", "wheel"]
        with contextlib.suppress(FileExistsError):
            work.mkdir(parents=True)
        if "sample_data" in path.name or "sample_script" in path.name:
            subprocess.run(tool + ["unpack", "-d", work, path], check=True, stdout=subprocess.DEVNULL)
            subprocess.run(tool + ["pack", "-d", out, next(work.iterdir())], check=True, stdout=subprocess.DEVNULL)
        elif "sample_flat" in path.name or "sample_c-" in path.name:
            copy = shutil.copy(path, work)
            subprocess.run(tool + ["tags", "--remove", "--build", "7", copy], check=True, stdout=subprocess.DEVNULL)
            for tagged in work.iterdir():
                shutil.move(tagged, out)
        shutil.rmtree(work)


def main():
    if len(sys.argv) < 5 or sys.argv[1] not in ("all", "one"):
        sys.exit(__doc__)
    work, files = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    if sys.argv[1] == "one":
        sys.exit(0 if one(work, files, sys.argv[4], "old" in sys.argv[5:]) else 1)
    if not compiles():
        print("no C compiler or no Python.h: no extension modules are built", flush=True)
    good = True
    for path in [None] + sorted(pathlib.Path(sys.argv[4]).iterdir()):
        for name in [path.name.split("==")[0]] if path else HOOKS:
            if name == "maturin" and not shutil.which("cargo"):
                print("no cargo: nothing is built with maturin", flush=True)
                continue
            if path and path.name in BEFORE_312 and sys.version_info >= (3, 12):
                print(f"{path.name} does not know this Python: left out", flush=True)
                continue
            env = {**os.environ, "PYTHONPATH": str(path), "PATH": f"{path}/bin:{os.environ['PATH']}"} if path else os.environ
            command = [sys.executable, __file__, "one", work, files, name] + (["old"] if path else [])
            good = subprocess.run(command, env=env).returncode == 0 and good
    repack(files)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
