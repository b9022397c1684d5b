"""The QEMU plugin that counts: compiled on first use, kept in the user's cache folder."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from aot.base.errors import AotError

_SOURCE = Path(__file__).with_name("plugin.c")
_FLAGS = ("-O2", "-shared", "-fPIC", "-fvisibility=hidden")
_MACOS_FLAGS = ("-undefined", "dynamic_lookup")  # QEMU's functions are found when it loads the plugin


def plugin_path(api_version: int = 1) -> Path:
    """The compiled plugin for a version of QEMU's plugin interface. AotError where no C compiler works."""
    source = _SOURCE.read_bytes()
    digest = hashlib.sha256(source + repr((_FLAGS, api_version)).encode()).hexdigest()[:16]
    path = _cache_folder() / f"count-{digest}.so"
    if not _whole(path):
        _compile(path, api_version)
    return path


def _whole(path: Path) -> bool:
    """Whether the plugin is there as it was compiled: QEMU says nothing clear of one that a full disk cut off."""
    try:
        return _sum_of(path).read_text(encoding="ascii") == hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return False


def _sum_of(path: Path) -> Path:
    """The file beside the plugin that holds its SHA-256."""
    return path.with_suffix(".sha256")


def require_plugins(qemu: str) -> None:
    """Raise AotError where `qemu` is missing or was built without plugins."""
    if shutil.which(qemu) is None:
        raise AotError(f"{qemu}, which counts instructions, is not installed",
                       "Debian, Ubuntu: sudo apt-get install qemu-system-arm")  # fmt: skip
    usage = subprocess.run([qemu, "--help"], capture_output=True, text=True, errors="replace", check=False).stdout
    if "-plugin" not in usage:
        raise AotError(f"{qemu} was built without plugins, which count instructions",
                       "one from a distribution: Debian and Ubuntu build it with plugins",
                       "built from source: ./configure --enable-plugins",
                       "the instructions of a whole inference: aot run")  # fmt: skip


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "aot"


def _compile(path: Path, api_version: int) -> None:
    compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if compiler is None:
        raise AotError("no C compiler for this computer, which the instruction counter needs",
                       "Debian, Ubuntu: sudo apt-get install gcc")  # fmt: skip
    flags = [*_FLAGS, f"-DAPI_VERSION={api_version}", *(_MACOS_FLAGS if sys.platform == "darwin" else ())]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            done = subprocess.run([compiler, *flags, str(_SOURCE), "-o", str(made)],
                                  capture_output=True, text=True, errors="replace", check=False)  # fmt: skip
            if done.returncode != 0:
                raise AotError(f"{compiler} cannot compile the instruction counter: {done.stderr.strip()[-300:]}",
                               "another C compiler, called cc in PATH")  # fmt: skip
            total = made.with_suffix(".sha256")
            total.write_text(hashlib.sha256(made.read_bytes()).hexdigest(), encoding="ascii")
            made.replace(path)
            total.replace(_sum_of(path))
    except OSError as error:
        raise AotError(f"cannot write {path}: {error.strerror}",
                       "name a folder to keep it in: XDG_CACHE_HOME=...") from error  # fmt: skip
