"""`merflow pack`: all prepared clips of a collection into one training array."""

from contextlib import ExitStack
from pathlib import Path

from merflow.commands.options import Config, OneOrMore
from merflow.config import fingerprints
from merflow.config.planned_settings import stage_settings
from merflow.errors import FAILED, MerflowError
from merflow.io import records
from merflow.io.files import refuse_source
from merflow.io.packed import Survey, survey, write_packed
from merflow.text import plural
from merflow.workflow import run_fingerprints
from merflow.workflow.prepared_source import prepared_clips


def pack(out: Path, *sources: OneOrMore, preparation: str, factor: str, config: Config) -> None:
    """Pack SOURCES into the training array OUT; stop when too many clips were skipped.

    Examples:
        merflow pack a.h5 results/p/interpolated/x10/*/*.h5 --preparation p --factor x10 --config C
        merflow pack all.h5 results/catalogue/own.json --preparation flow --factor x1 --config C

    Args:
        out: Packed file to write.
        sources: Prepared clip stores, and catalogues (.json): those of their clips are packed that
            enter interpolated, from archives of `merflow archive` (.tar) where these are named.
        preparation: Name of the preparation they were made by.
        factor: Their factor, as x10.
    """
    if not sources:
        raise MerflowError("pack", "no store is named", "the prepared clip stores, after OUT")
    settings, asked = stage_settings(config), fingerprints.factor_value(factor)
    refuse_source(out, *sources)
    stores = [path for path in sources if path.suffix not in (".json", ".tar")]
    archives = [path for path in sources if path.suffix == ".tar"]
    with records.job("pack", out) as job, ExitStack() as stack:
        listed = [path for path in sources if path.suffix == ".json"]
        prepared = [stack.enter_context(prepared_clips(path, archives)) for path in listed]
        found = survey([*stores, *prepared])
        for source, value in zip(found.sources, found.factors, strict=True):
            if value != asked:
                raise MerflowError(
                    str(getattr(source, "path", source)),
                    f"its clips are of factor x{value:g}",
                    f"x{asked:g}, as --factor says",
                    "give the store's own factor, or the stores of the factor asked for",
                )
        _refuse_too_many(out, found, settings.max_skipped)
        recipe = fingerprints.of_stage(settings, "pack", preparation, factor)
        sums = write_packed(out, found, recipe)
        made_from = {_subject(store): records.made_of(store) for store in stores}
        contents = {name: run_fingerprints.subject_content(m) for name, m in made_from.items()}
        for one in prepared:
            one.check({name: m["frames"] for name, m in made_from.items() if "frames" in m})
            for name, seen in one.contents.items():
                contents.setdefault(name, run_fingerprints.prepared_content(seen))
        made = run_fingerprints.pack(recipe, contents)
        frames = {name: subjects for one in prepared for name, subjects in one.sums.items()}
        job.done(made, [out], clips=sums, **({"frames": frames} if frames else {}))
    print(f"{plural(len(found.keys), 'clip')} packed, {len(found.skipped)} skipped")


def _subject(store: Path) -> str:
    """Return `dataset/subject` of a store."""
    return f"{store.parent.name}/{store.stem}"


def _refuse_too_many(out: Path, found: Survey, most: float) -> None:
    total = len(found.keys) + len(found.skipped)
    if len(found.skipped) <= most * total and found.keys:
        return
    rows = [f"  {'/'.join(s[:3])} ({s.stage}): {s.reason}" for s in sorted(found.skipped)]
    raise MerflowError(
        str(out),
        "\n".join([f"{len(found.skipped)} of {total} clips were skipped", *rows]),
        f"at most {most:.0%} (max_skipped) and at least one clip left",
        "repair or remove the clips named above, or raise max_skipped if they are known to be bad",
        code=FAILED,
    )
