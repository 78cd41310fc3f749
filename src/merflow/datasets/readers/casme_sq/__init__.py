"""CAS(ME)2: 57 micro- and 300 macro-expressions at 30 fps; a sheet without a header row.

Subjects are named `s15`...; the sheet and the `cropped` tree number them 1..22, by a rule that
the workbook states on its own sheet.
"""

import re
from collections import Counter
from pathlib import Path

from merflow.clip import Clip
from merflow.datasets.cells import annotation, frame, name
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.folders import Folders, choose_variant, find_sheet, find_trees
from merflow.datasets.readers.casme_sq import rules, spotting
from merflow.datasets.spec import DatasetSpec, Source, Variant
from merflow.errors import MerflowError
from merflow.io.spreadsheet_formats import Grid, read_grids
from merflow.io.spreadsheets import Row, place_of, rows_of

TREES = {
    "rawpic": ("raw", "rawpic: whole recordings, by number of stimulus"),
    "cropped": ("cropped", "cropped: registered and cropped clips, by number of participant"),
    "selected": ("raw", "selectedpic: clips"),
}
KINDS = {"": "micro-expression", "_macro": "macro-expression", "_all": ""}
SPOTTING = "spotting"

SPEC = DatasetSpec(
    name="casme_sq",
    title="CAS(ME)2",
    variants=(
        *(
            Variant(f"{tree}{kind}", 30.0, entry, f"{about}; {word or 'micro and macro'} rows")
            for kind, word in KINDS.items()
            for tree, (entry, about) in TREES.items()
        ),
        Variant(SPOTTING, 30.0, "raw", "rawpic: whole recordings with their intervals"),
    ),
    layout="rawpic/s15/15_0101disgustingteeth/img001.jpg or cropped/1/anger1_1/img557.jpg "
    "with CAS(ME)^2code_final.xlsx",
    licence="on request, signed by a full-time researcher; no redistribution",
    source="http://casme.psych.ac.cn/casme/e3",
    emotions=frozenset({"negative", "positive", "surprise", "others"}),
    laboratory="CASME",
    publication="Qu et al. 2018, CAS(ME)2, IEEE Trans. Affective Computing 9(4): 424-436",
)

PLACES = ("subject", "clip", "onset", "apex", "offset", "action_units", "emotion", "kind")
NOT_KNOWN = frozenset({"0", "/", "-", "nan", "null"})


def read_clips(source: Source) -> list[Clip]:
    """Read the rows of one kind of expression and match them with one of the trees."""
    names = "CAS(ME)^2code_final.xlsx"
    path = find_sheet(source, r"code.?final|cas\W?me\W*\^?2|casme_?sq", names)
    grids = read_grids(path)
    source.sheets.append(source.relative(path))
    rows = _rows(path, grids)
    naming = rules.read(grids)
    variant, folders = _tree(source)
    if variant.name == SPOTTING:
        return _recordings(source, variant, rows, naming, folders)
    recordings = rules.recordings(folders) if "rawpic" in variant.name else {}
    kind = KINDS[variant.name.removeprefix(variant.name.split("_")[0])]
    repeated = _repeated(rows)

    def read(row: Row) -> Clip | None:
        if _kind(row) != kind and kind:
            return None
        return _clip(source, row, naming, repeated, variant, folders, recordings)

    return source.clips_of(rows, read)


def _recordings(
    source: Source, variant: Variant, rows: list[Row], naming: rules.Rules, folders: Folders
) -> list[Clip]:
    kinds = []
    for row in rows:
        with source.collect_errors():
            kinds.append((row, "micro" if _kind(row) == KINDS[""] else "macro"))
    return spotting.read_recordings(source, variant, kinds, naming, folders)


def _rows(path: Path, grids: tuple[Grid, ...]) -> list[Row]:
    """Return the rows of the first sheet that looks like the code table; it has no header."""
    for grid in grids:
        if any(_is_data(cells) for _, cells in grid.rows):
            at = {column: index for index, column in enumerate(PLACES)}
            titles = {column: f"{'ABCDEFGH'[i]} ({column})" for column, i in at.items()}
            # Rows of a side table or a note have neither participant nor kind.
            found = [r for r in rows_of(grid, at, titles) if _is_clip(r)]
            header = [r for r in found[:1] if not _has_digits(r, "onset", "subject")]
            return found[len(header) :]
    first = grids[0] if grids else None
    number = first.rows[0][0] if first and first.rows else None
    raise MerflowError(
        place_of(str(path), first.sheet if first else "", number),
        "no row of the code table" if number else "the sheet is empty",
        "participant, <video>_<k>, onset, apex, offset, action units, emotion, "
        "micro-expression or macro-expression in columns A to H",
        "check that this is the dataset's code table, with its columns in place",
    )


def _has_digits(row: Row, *columns: str) -> bool:
    return any(re.search(r"[0-9]", row.raw(column)) for column in columns)


def _is_clip(row: Row) -> bool:
    return bool(row.raw("subject").strip()) or "expression" in row.raw("kind")


def _is_data(cells: tuple[str, ...]) -> bool:
    return len(cells) >= len(PLACES) and "expression" in cells[PLACES.index("kind")].casefold()


def _kind(row: Row) -> str:
    shown = row.text("kind").casefold()
    if shown not in KINDS.values() or not shown:
        found = f"'{shown}'" if shown else "the cell is empty"
        raise row.error("kind", found, "micro-expression or macro-expression")
    return shown


def _repeated(rows: list[Row]) -> set[tuple[str, str]]:
    """Return (participant, clip) of several rows: their clip ids get the onset."""
    counts = Counter((r.raw("subject").strip(), r.raw("clip").strip()) for r in rows)
    return {key for key, count in counts.items() if count > 1}


def _tree(source: Source) -> tuple[Variant, Folders]:
    found = find_trees(
        source, _holds_subjects, lambda path: next((t for t in TREES if t in path), "")
    )
    trees = {v.name: v.name.split("_")[0] for v in SPEC.variants} | {SPOTTING: "rawpic"}
    trees = {name: found[tree] for name, tree in trees.items() if tree in found}
    return choose_variant(source, trees, "rawpic")


def _holds_subjects(_: Path, names: list[str]) -> bool:
    return any(re.fullmatch(r"s?[0-9]{1,2}", n, re.IGNORECASE) for n in names)


def _clip(
    source: Source,
    row: Row,
    naming: rules.Rules,
    repeated: set[tuple[str, str]],
    variant: Variant,
    folders: Folders,
    recordings: rules.Recordings,
) -> Clip:
    participant = frame(row, "subject")
    written = name(row, "clip", source)
    subject = naming.subject(participant, row)
    video = rules.video_of(written, row)
    row = source.corrected(row, subject, written)
    labels = annotation(row, source, required=("onset",), unknown=NOT_KNOWN)
    onset, apex, where = labels.onset, labels.apex, row.where("clip")
    clip = f"{written}_{onset}" if (str(participant), written) in repeated else written
    long = "rawpic" in variant.name
    if long:
        code = naming.code(video, row)
        folder, parts = recordings.get((subject, code)), f"{subject}/{subject[1:]}_{code}..."
    else:
        folder = folders.find(str(participant), written) or folders.find(subject, written)
        parts = f"{subject}/{written}"
    return make_clip(
        source,
        variant,
        source.key(subject, clip, where),
        labels,
        folders.listing(folder),
        where=where,
        absent=f"no folder {parts}",
        whole_recording=long,
        until=2 * apex - onset if long and apex is not None else None,
    )
