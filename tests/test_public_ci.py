"""The files that a code host reads: valid by their published schemas, and true to the Makefile.

The schemas are those that check-jsonschema ships: SchemaStore's for workflows, actions and
Dependabot, and the schema of the Citation File Format.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
CI = ROOT / ".github/workflows/ci.yml"
ACTION = ROOT / ".github/actions/setup/action.yml"
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
READ_BY_HOSTS = {
    "github-workflows": [*sorted(CI.parent.iterdir())],
    "github-actions": [ACTION],
    "dependabot": [ROOT / ".github/dependabot.yml"],
    "github-issue-config": [path for path in FORMS if path.name == "config.yml"],
    "github-issue-forms": [path for path in FORMS if path.name != "config.yml"],
    "citation-file-format": [ROOT / "CITATION.cff"],
}


def validate(schema: str, *files: Path) -> subprocess.CompletedProcess:
    module = "check_jsonschema"
    command = [sys.executable, "-m", module, "--builtin-schema", f"vendor.{schema}"]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True)


@pytest.mark.parametrize("schema", READ_BY_HOSTS)
def test_files_that_hosts_read_are_valid(schema):
    files = READ_BY_HOSTS[schema]
    done = validate(schema, *files)
    assert files and done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("schema", "file", "old", "new"),
    [
        ("github-workflows", CI, "runs-on:", "runs_on:"),
        ("github-workflows", CI, "contents: read", "contents: reed"),
        ("dependabot", ROOT / ".github/dependabot.yml", "interval: monthly", "interval: often"),
        ("github-actions", ACTION, "using: composite", "using: compost"),
        ("citation-file-format", ROOT / "CITATION.cff", "license: MIT", "license: free"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_slip_is_found(schema, file, old, new, tmp_path):
    text = file.read_text()
    assert old in text
    broken = tmp_path / file.name
    broken.write_text(text.replace(old, new))
    assert validate(schema, broken).returncode == 1


# --- what the schemas cannot say ------------------------------------------------------------


def workflow() -> dict:
    found = yaml.safe_load(CI.read_text())
    found["on"] = found.pop(True)  # YAML 1.1 reads the key `on` as true
    return found


JOBS = workflow()["jobs"]


def steps() -> list[dict]:
    jobs = [step for job in JOBS.values() for step in job["steps"]]
    return [*jobs, *yaml.safe_load(ACTION.read_text())["runs"]["steps"]]


def test_the_jobs_are_those_of_the_contributing_page():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    assert all(f"`{name}`" in page for name in JOBS)
    assert {"lint", "tests", "ci-dag", "docs", "demo"} <= {*JOBS}


def test_tests_run_on_every_python_that_is_named_as_supported():
    assert JOBS["tests"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    for page in ("README.md", "docs/platforms.md"):
        assert "Python 3.11, 3.12 and 3.13" in (ROOT / page).read_text()


def test_every_job_calls_targets_of_the_makefile():
    """What CI does can be repeated on any machine."""
    targets = {*re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)}
    for name, job in JOBS.items():
        called = re.findall(
            r"^make ([a-z-]+)", "\n".join(s.get("run", "") for s in job["steps"]), re.M
        )
        assert called and {*called} <= targets, name
    assert "make setup" in ACTION.read_text()


def test_jobs_can_read_the_code_and_nothing_more():
    assert workflow()["permissions"] == {"contents": "read"}
    assert not [name for name, job in JOBS.items() if "permissions" in job]
    assert "secrets." not in CI.read_text() and "pull_request_target" not in workflow()["on"]
    checkouts = [s for s in steps() if s.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)
    # A title of a pull request in a script would be a command that a stranger writes.
    assert not [s for s in steps() if "${{" in s.get("run", "")]


def test_every_job_ends_and_every_action_has_its_version():
    assert all(5 <= job["timeout-minutes"] <= 120 for job in JOBS.values())
    assert not [job for job in JOBS.values() if job["runs-on"].endswith("latest")]
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used and all(re.fullmatch(r"actions/[a-z-]+@v\d+|\./\.github/.+", use) for use in used)
    assert all((ROOT / use).is_dir() for use in used if use.startswith("./"))


def test_the_demo_runs_every_week_and_not_with_every_change():
    assert len(workflow()["on"]["schedule"]) == 1
    weekly = [name for name, job in JOBS.items() if "schedule" in job.get("if", "")]
    assert weekly == ["demo", "package"]


def test_what_a_job_uploads_is_what_its_target_writes():
    makefile = (ROOT / "Makefile").read_text()
    uploads = {
        name: step["with"]["path"].split()
        for name, job in JOBS.items()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/upload-artifact@")
    }
    assert uploads == {
        "ci-dag": ["dag"],
        "docs": ["site"],
        "demo": ["results/report.html", "results/tables"],
    }
    assert "dag_check.py --graphs dag" in makefile and "site/index.html" in makefile
