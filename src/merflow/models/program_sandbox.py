"""The sandbox of external programs: bubblewrap (`bwrap`), no network, no datasets, no results.

A program in it sees, all read-only, the system's folders, the Python environment, its own
installation, and the folders of the files that its command names; it may write only into the folder
it runs in. The dataset roots, `results/` and merflow itself (its package has the official labels)
are hidden, also where one of the visible folders holds them.
"""

import functools
import glob
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import merflow
from merflow.config.settings import Settings
from merflow.errors import MerflowError
from merflow.io.files import temporary_folder
from merflow.models.program_command import Command, library_folders
from merflow.paths import RESULTS

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store", "/gnu/store")
SETTINGS = (
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "passwd", "group"),
    *("nsswitch.conf", "fonts", "R", "java*"),
)
"""What a program sees of /etc."""
PROCESSOR = ("/sys/devices/system",)
GPU = (
    *("/dev/nvidia*", "/dev/dri", "/dev/kfd", "/dev/dxg", "/sys/bus", "/sys/class"),
    *("/sys/dev", "/sys/devices", "/sys/module"),
)
ISOLATED = ("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL")
BINS = ("bin", "sbin", "condabin", "Scripts")
WAIT_S = 60
INSTALL = "install bubblewrap (`apt install bubblewrap`, `dnf install bubblewrap`)"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The sandbox of a run: `bwrap`, or `none` with the reason."""

    kind: str
    reason: str = ""

    def facts(self) -> dict[str, str]:
        """Return what `run.json` says about it."""
        return {"sandbox": self.kind} | ({"sandbox_reason": self.reason} if self.reason else {})


def choose(wanted: str, where: str) -> Sandbox:
    """Return the sandbox for `sandbox: auto | required | off`; refuse `required` without one."""
    if wanted == "off":
        return Sandbox("none", "sandbox: off")
    reason = missing()
    if reason and wanted == "required":
        raise MerflowError(
            where,
            f"no sandbox on this machine: {reason}",
            "a bwrap that works",
            f"{INSTALL} and allow user namespaces, or set `sandbox: auto`; the record then says "
            "that the program ran without a sandbox",
        )
    return Sandbox("none", reason) if reason else Sandbox("bwrap")


@functools.cache
def missing() -> str:
    """Return why no sandbox can be made here; empty when it works. Tried once per process."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return "bwrap is not installed"
    with temporary_folder() as folder:
        trial = Command((sys.executable, "-S", "-c", ""), ())
        words = arguments(trial, folder, {}, hidden=(), gpu=False, bwrap=bwrap)
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, errors="replace", timeout=WAIT_S
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bwrap does not work here ({error})"
    if done.returncode == 0:
        return ""
    last = next(reversed(done.stderr.strip().splitlines()), f"code {done.returncode}")
    return f"bwrap does not work here ({last})"


def arguments(
    command: Command,
    folder: Path,
    variables: dict[str, str],
    *,
    hidden: Sequence[Path],
    gpu: bool,
    bwrap: str = "bwrap",
    shared: Mapping[str, Path] | None = None,
) -> list[str]:
    """Return the command line that runs a command in the sandbox, with `folder` to write into.

    hidden: dataset roots and annotation files; results/ and merflow itself are hidden always;
    shared: files shown in `folder` under these names, to read only.
    """
    temporary = Path(tempfile.gettempdir())
    secret = refuse_hidden(command, hidden)
    shown = [*_named(command, temporary), *_environment(command), *library_folders(variables)]
    shown = [
        one for path in shown if not _inside_any(path, secret) for one in (path, path.resolve())
    ]
    seen = _outermost([*map(Path, SYSTEM), *shown])
    line = [bwrap, *ISOLATED, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for path in seen:
        line += _bound(path)
    for path in (f"/etc/{name}" for name in SETTINGS):
        line += _bound_all(path, "--ro-bind")
    for path in (*PROCESSOR, *(GPU if gpu else ())):
        line += _bound_all(path, "--dev-bind" if path.startswith("/dev/") else "--ro-bind")
    for path in seen:
        line += _masks(path, [*secret, temporary.resolve()])
    line += ["--bind", str(folder), str(folder)]
    for name, path in (shared or {}).items():
        line += ["--ro-bind", str(path.resolve()), str(folder / name)]
    return [*line, "--chdir", str(folder), "--", *command.words]


def _packages() -> list[Path]:
    """Return the folders of merflow itself: this one, and any other that Python would find."""
    others = [Path(entry, "merflow") for entry in sys.path if os.path.isabs(entry)]
    there = [path for path in others if (path / "__init__.py").is_file()]
    return [Path(merflow.__file__).parent, *there]


def hidden_of(settings: Settings) -> tuple[Path, ...]:
    """Return what a program must not see of the datasets: their roots and annotation files."""
    entries = settings.datasets.values()
    return tuple(Path(name) for entry in entries for name in (entry.root, entry.sheet) if name)


def refuse_hidden(command: Command, hidden: Sequence[Path]) -> list[Path]:
    """Return the real paths that the sandbox hides; refuse a command that names a file in one."""
    secret = _secret([*hidden, RESULTS, *_packages()])
    for path in (command.program, *command.named):
        if hiding := _inside_any(path, secret) or _inside_any(path.parent, secret):
            raise MerflowError(
                f"command: {path}",
                f"is in {hiding}, which the sandbox hides",
                "a program with its files in a folder of its own",
                "move it, or set `sandbox: off`; the audit then cannot tell what it read",
            )
    return secret


def _named(command: Command, temporary: Path) -> Iterable[Path]:
    """Yield the folders that the command names, and those of the files that it names."""
    for path in command.named:
        for one in (path, path.resolve()):
            folder = one if one.is_dir() else one.parent
            # The temporary folder has those of other jobs: a file in it is shown alone.
            yield one if folder.resolve() in (temporary.resolve(), Path("/")) else folder


def _environment(command: Command) -> list[Path]:
    """Return the folders of merflow's Python, and the installation of the program."""
    packages = [Path(entry) for entry in sys.path if os.path.isabs(entry)]
    return [
        *(Path(sys.prefix), Path(sys.base_prefix)),
        *(path for path in packages if path.is_dir() and not _holds(path, Path.cwd())),
        *_installations(command.program),
        *_installations(Path(sys.executable)),
    ]


def _installations(program: Path) -> Iterable[Path]:
    """Yield the installation of a program, and of each link on the way to the real file."""
    while True:
        folder = program.parent
        whole = folder.name in BINS and not _holds(folder.parent, Path.home())
        yield folder.parent if whole else folder
        if not program.is_symlink():
            return
        program = Path(os.path.normpath(folder / program.readlink()))


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Return the paths that lie in no other of them, each once."""
    kept: list[Path] = []
    for path in sorted({*paths}, key=lambda p: (len(p.parts), p)):
        if path != Path("/") and not any(path.is_relative_to(one) for one in kept):
            kept.append(path)
    return kept


def _bound(path: Path) -> list[str]:
    if str(path) in SYSTEM and path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return ["--ro-bind", str(path), str(path)] if path.exists() else []


def _bound_all(pattern: str, how: str) -> list[str]:
    return [word for path in sorted(glob.glob(pattern)) for word in (how, path, path)]


def _masks(visible: Path, secret: Iterable[Path]) -> list[str]:
    """Return what covers the secret folders and files inside a visible folder."""
    real, line = visible.resolve(), []
    for path in secret:
        if not path.is_relative_to(real):
            continue
        place = str(visible / path.relative_to(real))
        line += ["--tmpfs", place] if path.is_dir() else ["--ro-bind", "/dev/null", place]
    return line


def _secret(paths: Iterable[Path]) -> list[Path]:
    """Return the real paths of those that exist, without those inside another."""
    return _outermost(path.resolve() for path in paths if path.exists())


def _inside_any(path: Path, folders: Iterable[Path]) -> Path | None:
    real = path.resolve()
    return next((folder for folder in folders if real.is_relative_to(folder)), None)


def _holds(folder: Path, inner: Path) -> bool:
    return inner.resolve().is_relative_to(folder.resolve())
