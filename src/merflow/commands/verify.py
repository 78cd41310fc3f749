"""`merflow verify`: compare results with the records of the jobs that made them."""

import json as jsonlib
from pathlib import Path

from merflow import paths
from merflow.commands.options import Json
from merflow.errors import BAD_INPUT, WARNED
from merflow.text import plural
from merflow.workflow.remake import remake as delete
from merflow.workflow.verify import verify as compare


def verify(
    results: Path = paths.RESULTS,
    *,
    strict: bool = False,
    remake: bool = False,
    json: Json = False,
) -> None:
    """Check every file of RESULTS, from raw frames to the report: right, changed, missing, unknown.

    Exit code 0 when everything is as recorded, 2 when something is changed or missing, 1 under
    --strict when there are files that no record names.

    Examples:
        merflow verify
        merflow verify --remake
        merflow verify /backup/results --json

    Args:
        results: Results folder; it may be a copy.
        strict: Exit with code 1 when there are files that no record names.
        remake: Delete changed files and their records, so that the next run makes them again.
            Frames, and files that no record names, stay.
    """
    found = compare(results)
    print(jsonlib.dumps(found.as_json(), indent=1) if json else found.text())
    if remake:
        gone = delete(results, found)
        if not json:
            print(f"{plural(len(gone), 'file')} deleted or put back; call `merflow run`")
    if found.bad:
        raise SystemExit(BAD_INPUT)
    if strict and found.of("unknown"):
        raise SystemExit(WARNED)
