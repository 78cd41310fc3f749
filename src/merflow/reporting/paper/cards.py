"""Model card and data card as Markdown, to publish with a model or a paper."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from merflow import paths
from merflow.clip import ClipKey
from merflow.datasets.registry import is_generated, reader_of, spec_of
from merflow.reporting.captions import number, part_name
from merflow.reporting.html.data_card import Classes, Dataset, data_context
from merflow.reporting.html.environment import DASH, figure, min_median_max
from merflow.reporting.html.reproduction import TRAINED_WITH
from merflow.reporting.html.run_data import Results
from merflow.reporting.html.scores import class_f1
from merflow.reporting.html.summary import Summary, summary
from merflow.reporting.layouts import side_by_side
from merflow.reporting.render.markdown import escape, grid, markdown
from merflow.reporting.results_table import Wide
from merflow.reporting.table import Heading, Table
from merflow.text import plural
from merflow.workflow.protocol_text import protocol_lines

INTENDED = """\
These models are for research on micro-expressions with consenting people and licensed data. Do not
use them for lie detection, hiring, teaching, policing or any decision about a person. They name a
class of facial movement, not what a person feels.
"""
ANNOTATED = (
    "The scores below hold for clips that were cut and annotated by people: onset and offset of "
    "every tested clip were known. "
)
ELSEWHERE = (
    "No score is claimed for raw recordings, other cameras, other frame rates, other populations "
    "and acted expressions."
)
NO_CLASS = "Clips with an emotion that has no class in the scheme are not counted."
GENERATED = (
    "The faces of {names} are generated, not recorded. Scores on them test the software and say "
    "nothing about people."
)


def model_card(results: Results, tables: Sequence[Wide]) -> str:
    """Return the model card: models, intended use, data, evaluation, limits."""
    head = summary(results, tables)
    parts = ["# Model card", "## Models", grid(_models(results))]
    parts += [f"- {escape(line)}" for line in protocol_lines(results.plan).values()]
    parts += [_finals(results), "## Intended use and limits"]
    parts.append(f"{INTENDED.strip()} {ANNOTATED * _annotated(results)}{ELSEWHERE}")
    parts += ["## Training and test data", _data(head), "## Evaluation"]
    parts.append(markdown([replace(side_by_side(table), level=3) for table in tables]).strip())
    if class_f1(results.runs):
        parts += ["### F1 of each class", grid(_class_table(results))]
    parts += ["## Known limits of these results", "\n".join(f"- {t}" for t in _limits(head))]
    parts += ["## Versions", f"{_versions(results)} `{paths.MANIFEST}` has settings and digests."]
    return "\n\n".join(parts) + "\n"


def _models(results: Results) -> Table:
    names = ["model", "method", "factors", "seeds", "classes"]
    columns = [Heading(name, number=False) for name in names] + [Heading("parameters")]
    rows = []
    for name in results.plan.experiments:
        entry = results.plan.experiment(name)
        runs = [run.training for run in results.runs if run.run.experiment == name]
        sizes = [size for one in runs for size in one.numbers("parameters")]
        rows.append([
            results.names[name],
            entry.network if entry.method == "keras" else entry.method,
            ", ".join(entry.factors),
            ", ".join(map(str, entry.seeds)),
            ", ".join(results.classes(name)),
            f"{max(sizes):,.0f}" if sizes else DASH,
        ])  # fmt: skip
    return Table("", columns, rows)


def _annotated(results: Results) -> bool:
    """Return whether people gave onset and offset of every tested clip, by the catalogue."""
    tested = {key for name in results.truth for key in results.tested(name)}
    settings = results.plan.settings.datasets
    known = {
        ClipKey(*clip["key"])
        for name, clips in results.sheets.items()
        if not is_generated(settings[name].root)
        for clip in clips
        if clip.get("onset") is not None and clip.get("offset") is not None
    }
    return bool(tested) and tested <= known


def _finals(results: Results) -> str:
    folders = [f"{run.run.folder}/final" for run in results.runs]
    kept = [folder for folder in folders if (Path(folder) / "run.json").exists()]
    if not kept:
        return "Each fold has its own model. No final model, trained on all clips, is kept here."
    shown = ", ".join(f"`{folder}`" for folder in kept)
    return f"Models trained on all labelled clips, which no table scores: {shown}."


def _data(head: Summary) -> str:
    text = (
        f"{plural(head.clips, 'clip')} of {plural(head.subjects, 'subject')} from "
        f"{', '.join(head.datasets)}; data_card.md describes them. {head.predicted}"
    )
    return f"{text} {GENERATED.format(names=', '.join(head.generated))}" if head.generated else text


def _class_table(results: Results) -> Table:
    found = class_f1(results.runs)
    classes = list(dict.fromkeys(name for f1 in found.values() for name in f1))
    columns = [Heading(name, number=False) for name in ("model", "factor", "part")]
    columns += [Heading(name) for name in classes]
    rows = [
        [
            *(results.names[experiment], factor, part_name(part)),
            *(number(f1.get(name), 3) for name in classes),
        ]
        for (experiment, factor, part), f1 in found.items()
    ]
    return Table("", columns, rows)


def _limits(head: Summary) -> list[str]:
    verdict = (
        f"{head.clear} of {plural(head.rows, 'row')} on all clips "
        f"{'has' if head.clear == 1 else 'have'} a UF1 with its whole 95% interval above the "
        "guesses."
    )
    found = [verdict]
    if head.few:
        found.append("There are too few subjects to trust the intervals: they are too narrow.")
    if head.controls:
        found.append(f"Negative controls: {escape(', '.join(head.controls))}.")
    else:
        found.append(
            "No negative control was run, so these scores cannot show whether a model recognises "
            "expressions or uses a shortcut."
        )
    return found + [f"{title} {text}" for title, text in map(_escaped, head.warnings)]


def _escaped(warning: tuple[str, str]) -> tuple[str, str]:
    return escape(warning[0]), escape(warning[1])


def _versions(results: Results) -> str:
    found = [
        f"{name} {', '.join(words)}"
        for name in TRAINED_WITH
        if (words := sorted({w for run in results.runs for w in run.training.words(name)}))
    ]
    return f"Trained with {'; '.join(found)}." if found else "Not recorded."


def data_card(results: Results) -> str:
    """Return the data card: datasets, classes, subjects, what was left out, and consent."""
    context = data_context(results)
    parts = ["# Data card", "## Datasets", grid(_datasets(context["datasets"]))]
    parts += [_sources(results), "## Classes"]
    for group in context["class_tables"]:
        names = ", ".join(map(escape, group.experiments))
        parts += [f"Scheme {escape(group.scheme)}: {names}.", grid(_counts(group))]
    parts += ["## Left out", _skipped(results, context["skipped_at"])]
    parts += [
        "## Consent and licences",
        "Recorded faces are shown only of subjects with written consent (`publishable` in the "
        "manifest or the config). Frames, prepared clips and trained weights of licensed datasets "
        "stay with the holder of the licence; tables, figures without faces and this card may be "
        "published.",
    ]
    return "\n\n".join(parts) + "\n"


def _datasets(datasets: Sequence[Dataset]) -> Table:
    columns = [Heading("dataset", number=False)]
    columns += [Heading(n) for n in ("clips", "subjects", "frames per clip", "frames per second")]
    columns += [Heading(n, number=False) for n in ("images", "variant and sheet")]
    rows = [
        [
            one.name,
            f"{one.clips:,}",
            f"{one.subjects:,}",
            min_median_max(one.frames),
            ", ".join(figure(rate, "{:g}") for rate in one.rates),
            one.images,
            ", ".join(one.sources),
        ]
        for one in datasets
    ]
    return Table("", columns, rows)


def _sources(results: Results) -> str:
    lines = []
    for name in results.plan.data.datasets():
        spec = spec_of(reader_of(name, results.plan.settings))
        facts = [spec.publication, f"licence: {spec.licence}" * bool(spec.licence), spec.source]
        lines.append(f"- {escape(part_name(name))}: {escape('; '.join(filter(None, facts)))}")
    return "\n".join(lines)


def _counts(group: Classes) -> Table:
    columns = [Heading("dataset", number=False), Heading("clips"), Heading("subjects")]
    columns += [Heading(name) for name in group.classes]
    columns += [Heading("clips per subject"), Heading("skipped")]
    rows = [
        [
            *(row.dataset, str(row.clips), str(len(row.of_subject))),
            *map(str, row.of_class),
            *(min_median_max(row.of_subject), str(row.skipped)),
        ]
        for row in [*group.rows, *([group.total] if group.total else [])]
    ]
    return Table("", columns, rows)


def _skipped(results: Results, at: Sequence[str]) -> str:
    if not results.skipped:
        return f"No clip was skipped. {NO_CLASS}"
    return (
        f"{plural(len(results.skipped), 'clip')} skipped ({', '.join(at)}); `{paths.SKIPPED}` has "
        f"the reasons. {NO_CLASS}"
    )
