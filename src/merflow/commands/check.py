"""`merflow check`: list the contents and problems of datasets before any job runs."""

import json as jsonlib
from pathlib import Path

from merflow.config.loading import load
from merflow.config.settings import DatasetEntry, Settings
from merflow.datasets.clip_list import read_list
from merflow.datasets.registry import dataset_of, guess_reader
from merflow.errors import MerflowError, unknown
from merflow.workflow import resources
from merflow.workflow.dataset_check import check_datasets, exit_code, render
from merflow.workflow.plan import Plan


def check(
    *,
    config: Path | None = None,
    dataset: str = "",
    root: Path | None = None,
    sheet: str = "",
    variant: str = "",
    reader: str = "",
    annotations_only: bool = False,
    against: Path | None = None,
    scheme: str = "",
    json: bool = False,
    strict: bool = False,
) -> None:
    """List the contents and problems of datasets; run no job.

    The list has clips, subjects, labels under every scheme, frame rates, sizes, missing or damaged
    frames, duplicates, and the folds of each experiment in the config.

    Examples:
        merflow check
        merflow check --dataset casme2 --root /data/CASME2 --annotations-only --json
        merflow check --annotations-only --against combined_3class_gt.csv

    Args:
        config: Config file. Default: config/config.yaml, unless --root is given. Values of a
            local.yaml beside it replace its own.
        dataset: Check this dataset only.
        root: Dataset root to use instead of the one in the config.
        sheet: Annotation file, when the dataset root holds several.
        variant: Release or folder tree to read, when the dataset root holds several.
        reader: Reader of the dataset, when it has another name than the dataset, for example
            `manifest`.
        annotations_only: Read the annotation sheets only; folders of frames are not needed.
        against: List of clips to compare the datasets with: missing clips, further clips and other
            classes are named. A CSV or workbook of dataset, subject, clip, class, or a folder of
            train and test lists.
        scheme: Scheme of the classes for --against. Default: `three` for a list of its classes,
            else `raw`.
        json: Print the facts as JSON.
        strict: Exit with code 1 when there are warnings.
    """
    settings = _settings(config, dataset, root, sheet, variant, reader)
    if dataset and dataset not in settings.datasets:
        raise unknown("--dataset", "dataset", dataset, settings.datasets)
    entries = {n: e for n, e in settings.datasets.items() if dataset in ("", n)}
    if scheme and against is None:
        raise MerflowError("--scheme", "no list is named", "--against LIST --scheme NAME")
    listed = read_list(against) if against else None
    if listed and dataset:
        listed = listed.only(dataset_of(dataset, settings))
    report = check_datasets(entries, settings, annotations_only, listed, scheme)
    if json:
        shown = report["datasets"][0] if dataset else report
        if dataset and "against" in report:
            shown = shown | {"against": report["against"]}
        print(jsonlib.dumps(shown, indent=1, ensure_ascii=False))
    else:
        print(render(report, every_scheme=bool(dataset)), end="")
        if not dataset and not annotations_only:
            print(_disk(settings), end="")
    if code := exit_code(report, strict):
        raise SystemExit(code)


def _disk(settings: Settings) -> str:
    """Return a line with the disk space of a run; empty when the datasets cannot be read."""
    try:
        return resources.disk_report(resources.disk(Plan.read(settings))) + "\n"
    except MerflowError:  # The problems above include it.
        return ""


def _settings(
    config: Path | None, dataset: str, root: Path | None, sheet: str, variant: str, reader: str
) -> Settings:
    """Return the settings, including the dataset from the command line."""
    if root is not None and not dataset:
        raise MerflowError("--root", "no dataset is named", "--dataset NAME --root DIR")
    if root is not None and not root.is_dir():
        raise MerflowError(f"--root {root}", "no such folder", f"the folder that holds {dataset}")
    if root is not None and sheet and not (root / sheet).is_file():
        raise MerflowError(
            f"--sheet {sheet}",
            f"no such file below {root}",
            f"an annotation file of {dataset}: a path relative to --root, or an absolute path",
            f"--sheet {Path(sheet).name}" if (root / Path(sheet).name).is_file() else "",
        )
    if root is None or config is not None:
        path = config or Path("config/config.yaml")
        local = path.with_name("local.yaml")
        settings = load(path, local) if local.is_file() and local != path else load(path)
    else:
        settings = Settings()
    if not (root or sheet or variant or reader):
        return settings
    known = settings.datasets.get(dataset)
    changes = {
        "sheet": sheet,
        "variant": variant,
        "reader": reader or ("" if known or not root else guess_reader(dataset, root)),
        "root": str(root) if root else "",
    }
    given = {key: value for key, value in changes.items() if value}
    entry = known.model_copy(update=given) if known else DatasetEntry(**given)
    return settings.model_copy(update={"datasets": {**settings.datasets, dataset: entry}})
