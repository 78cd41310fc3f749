"""`merflow check`: what the datasets hold, before anything is computed."""

import json as jsonlib
from pathlib import Path

from merflow.config.loading import load
from merflow.config.settings import DatasetEntry, Settings
from merflow.datasets.registry import guess_reader
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
    json: bool = False,
    strict: bool = False,
) -> None:
    """Say what datasets hold and what is wrong with them; nothing is computed.

    Clips, subjects, labels under every scheme, frame rates, sizes, missing or damaged frames,
    copies, and the folds that each configured experiment will have.

    Examples
    --------
    merflow check
    merflow check --dataset casme2 --root /data/CASME2 --annotations-only --json

    Parameters
    ----------
    config
        Config file (config/config.yaml when no root is given); local.yaml beside it is added.
    dataset
        Only this dataset.
    root
        The dataset's folder, in place of the config's.
    sheet
        Annotation file, when the root holds several.
    variant
        Release or tree to read, when the root holds several.
    reader
        Adapter that reads the dataset, where its name is one of your own: `manifest`.
    annotations_only
        Read the sheets alone: no folder of frames is needed.
    json
        Print the facts as JSON.
    strict
        Leave with 1 when there are warnings.
    """
    settings = _settings(config, dataset, root, sheet, variant, reader)
    if dataset and dataset not in settings.datasets:
        raise unknown("--dataset", "dataset", dataset, settings.datasets)
    entries = {n: e for n, e in settings.datasets.items() if dataset in ("", n)}
    report = check_datasets(entries, settings, annotations_only)
    if json:
        shown = report["datasets"][0] if dataset else report
        print(jsonlib.dumps(shown, indent=1, ensure_ascii=False))
    else:
        print(render(report), end="")
        if not dataset and not annotations_only:
            print(_disk(settings), end="")
    if code := exit_code(report, strict):
        raise SystemExit(code)


def _disk(settings: Settings) -> str:
    """Return the line on what a run will write; empty where the datasets cannot be read."""
    try:
        return resources.disk_said(resources.disk(Plan.read(settings))) + "\n"
    except MerflowError:  # Said above, among the problems.
        return ""


def _settings(
    config: Path | None, dataset: str, root: Path | None, sheet: str, variant: str, reader: str
) -> Settings:
    """Return the settings, with the dataset given on the command line among them."""
    if root is not None and not dataset:
        raise MerflowError("--root", "no dataset is named", "--dataset NAME --root DIR")
    if root is not None and not root.is_dir():
        raise MerflowError(f"--root {root}", "no such folder", f"the folder that holds {dataset}")
    if root is not None and sheet and not (root / sheet).is_file():
        raise MerflowError(
            f"--sheet {sheet}",
            f"no such file below {root}",
            f"an annotation file of {dataset}: its path from --root, or a whole path from /",
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
