"""The channel's `python`: a CPython found on this machine, or Debian's pristine source compiled.

Debian's own /usr/bin/python3 will not do: it looks for packages in dist-packages, so what conda and pip put into
site-packages is not importable.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from conda_channel.package import Member, Package

SERIES = "3.11"
DEPENDS = ["bzip2", "ca-certificates", "openssl >=3.0", "readline", "sqlite", "tk", "tzdata", "xz", "zlib"]
# Left out: the tests, the editor, the graphics toolkit, and whatever was installed on top.
SKIPPED = re.compile(
    r"/(test|tests|idlelib|tkinter|turtledemo|lib2to3|ensurepip|site-packages|__pycache__|config-[^/]*)(/|$)"
    r"|/(_tkinter|_test|_ctypes_test|xxlimited)[^/]*\.so$|\.a$|\.pyc$"
)
EXECUTABLE = f"bin/python{SERIES}"


def python_package(prefix, native_subdir):
    """The package of the CPython installed in `prefix`."""
    members = [Member(f"bin/{name}", mode=0o777, target=f"python{SERIES}") for name in ("python", "python3")]
    roots = [prefix / EXECUTABLE, *sorted(prefix.glob("lib/libpython3*.so*")), prefix / f"lib/python{SERIES}"]
    for root in roots:
        paths = sorted(root.rglob("*")) if root.is_dir() and not root.is_symlink() else [root]
        for path in paths:
            name = str(path.relative_to(prefix))
            if not SKIPPED.search("/" + name) and (path.is_symlink() or path.is_file()):
                members.append(member(path, name, str(prefix)))
    return Package("python", version(prefix), "0_cpython", native_subdir, DEPENDS, members=members)


def member(path, name, prefix):
    """One file of the interpreter, made independent of the directory it was built for."""
    if path.is_symlink():
        return Member(name, mode=0o777, target=os.readlink(path))
    content = path.read_bytes()
    if name == EXECUTABLE:
        content = relocatable(content, prefix)
    text = b"\0" not in content and prefix.encode() in content
    mode = 0o755 if os.access(path, os.X_OK) else 0o644
    return Member(name, content, mode, placeholder=prefix if text else "")


def relocatable(content, prefix):
    """The executable with its library search path made relative to itself, at the same length."""
    old = f"{prefix}/lib\0".encode()
    new = b"$ORIGIN/../lib\0"
    return content.replace(old, new.ljust(len(old), b"\0")) if len(new) <= len(old) else content


def version(prefix):
    """The full version of the interpreter in `prefix`."""
    code = "import platform; print(platform.python_version())"
    return subprocess.check_output([prefix / EXECUTABLE, "-I", "-c", code], text=True).strip()


def find(cache):
    """The prefix of a usable CPython: on this machine, else compiled into `cache`."""
    candidates = [Path(sys.base_prefix), cache / "cpython"]
    candidates += [Path(found).resolve().parent.parent for found in [shutil.which(f"python{SERIES}")] if found]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates += sorted(pyenv.glob(f"versions/{SERIES}.*"), reverse=True)
    candidates += [Path("/usr/local")]
    usable = [prefix for prefix in candidates if is_usable(prefix)]
    return usable[0] if usable else compile_source(cache)


def is_usable(prefix):
    """Whether `prefix` holds a CPython of the series that was built the usual way."""
    if prefix == Path("/usr") or not os.access(prefix / EXECUTABLE, os.X_OK):
        return False
    code = "import ssl, zlib, bz2, lzma, sqlite3, ctypes, readline, sysconfig; print(sysconfig.get_path('purelib'))"
    answer = subprocess.run([prefix / EXECUTABLE, "-I", "-c", code], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip().endswith(f"/python{SERIES}/site-packages")


def compile_source(cache):
    """Build Debian's original source of CPython; takes two minutes, once."""
    home = Path(__file__).parent.parent
    cache.mkdir(parents=True, exist_ok=True)
    prefix = cache.resolve() / "cpython"
    print(f"no CPython {SERIES} beside Debian's: compiling one into {prefix}", file=sys.stderr)
    subprocess.run([home / "compile-cpython", SERIES, prefix], check=True)
    return prefix
