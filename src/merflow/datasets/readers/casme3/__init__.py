"""CAS(ME)3 at 30 fps: part A (860 micro-expressions, macro-expressions, blinks, depth), B and C.

A letter names a stimulus, which often shows several expressions, so clip ids are
`<letter>_<onset>`.
"""

from dataclasses import replace

from merflow.clip import Clip
from merflow.datasets.cells import annotation, subject_of
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.folders import Folders, choose_variant
from merflow.datasets.readers.casme3 import exceptions, part_a, part_b, part_c, sheets
from merflow.datasets.readers.casme3.naming import (
    SUBJECTS,
    letter_of,
    part_a_trees,
    part_b_tree,
    part_c_tree,
    subject_id,
)
from merflow.datasets.spec import Annotation, DatasetSpec, Source, Variant
from merflow.io.spreadsheets import Row

SPEC = DatasetSpec(
    name="casme3",
    title="CAS(ME)3",
    variants=(
        Variant("clips", 30.0, "raw", "Part_A_ME_clip/frame: one folder per expression"),
        Variant("long", 30.0, "raw", "part_A: whole recordings, color/<n>.jpg"),
        Variant("clips_depth", 30.0, "raw", "Part_A_ME_clip/depth: the same clips as depth"),
        Variant("long_depth", 30.0, "raw", "part_A, depth/<n>.png: the same clips as depth"),
        Variant("part_a_macro", 30.0, "raw", "part_A: macro-expressions, without emotions"),
        Variant("part_a_spotting", 30.0, "raw", "part_A: recordings with their intervals"),
        Variant("blinks", 30.0, "raw", "part_A: recordings with the intervals of eye blinks"),
        Variant("part_b", 30.0, "raw", "part_B: unlabelled recordings"),
        Variant(
            "part_c", 30.0, "raw", "part_C: micro-expressions in a mock crime", part_c.EMOTIONS
        ),
        Variant("part_c_spotting", 30.0, "raw", "part_C: recordings with their intervals"),
    ),
    layout="Part_A_ME_clip/frame/spNO.1_e_62/62.jpg or part_A/spNO.1/e/color/62.jpg "
    "with cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    licence="on request, signed by a full-time researcher; annotations are public",
    source="http://casme.psych.ac.cn/casme/e4",
    emotions=frozenset({"anger", "disgust", "fear", "happy", "others", "sad", "surprise"}),
    laboratory="CASME",
    publication="Li et al. 2023, CAS(ME)3, IEEE Trans. PAMI 45(3): 2782-2800",
)
NOT_KNOWN = frozenset({"0", "/", "-", "nan"})
LONGEST_S = 2.0
"""Longer expressions are not micro-expressions: their offsets are doubtful (s)."""


def read_clips(source: Source) -> list[Clip]:
    """Read the variant in the config, else the micro-expressions of part A."""
    wanted = source.entry.variant
    if wanted.startswith("part_c"):
        return part_c.read(source, *choose_variant(source, part_c_tree(source), wanted))
    if wanted == "part_b":
        return part_b.read(source, *choose_variant(source, part_b_tree(source), wanted))
    trees = part_a_trees(source)
    if wanted in part_a.VARIANTS:
        trees = {wanted: trees["long"]} if "long" in trees else {}
        return part_a.read(source, *choose_variant(source, trees, wanted))
    return _micro_expressions(source, *choose_variant(source, trees, "clips"))


def _micro_expressions(source: Source, variant: Variant, folders: Folders) -> list[Clip]:
    """Read the label sheet and match it with the clip folders or the long recordings."""
    damaged = {} if _is_depth(variant) else exceptions.read(source)

    def read(row: Row) -> Clip | None:
        if row.text("kind").casefold().startswith("macro"):
            return None
        clip = _clip(source, row, variant, folders)
        return exceptions.without_damaged(source, clip, damaged, row.where("clip"))

    table = source.read(sheets.labels_sheet(source), sheets.LABELS, "label")
    if name := sheets.revision(table):
        source.revision(name)
    return source.clips_of(table, read)


def _is_depth(variant: Variant) -> bool:
    return variant.name.endswith("_depth")


def _clip(source: Source, row: Row, variant: Variant, folders: Folders) -> Clip:
    subject = subject_of(row, source, subject_id, SUBJECTS)
    letter = letter_of(row, source)
    published, where = row.text("onset"), row.where("clip")
    row = source.corrected(row, subject, f"{letter}_{published}")
    labels = annotation(row, source, required=("onset",), unknown=NOT_KNOWN)
    labels = replace(labels, objective=labels.objective.upper())
    _warn_of_offset(source, row, labels, variant)
    onset, apex, until = labels.onset, labels.apex, None
    long = variant.name.startswith("long")
    if long:
        # Depth also lies directly in the folder of the recording in some copies.
        depth = [(subject, letter, "depth"), (subject, letter)]
        places = depth if _is_depth(variant) else [(subject, letter, "color")]
        until = onset if apex is None else 2 * apex - onset
    else:  # the folder carries the onset as published, which errata may have corrected
        places = [(f"{subject}_{letter}_{number}",) for number in (onset, published)]
    listed = [one for parts in places if (one := folders.frames(*parts)) is not None]
    made = make_clip(
        source,
        variant,
        source.key(subject, f"{letter}_{onset}", where),
        labels,
        next((one for one in listed if one.numbers), listed[0] if listed else None),
        where=where,
        absent=f"no folder {'/'.join(places[0])}",
        whole_recording=long,
        until=until,
    )
    return replace(made, content="depth") if _is_depth(variant) else made


def _warn_of_offset(source: Source, row: Row, labels: Annotation, variant: Variant) -> None:
    """Warn of offsets that are unknown or make a clip too long."""
    if labels.offset is None:
        source.warn(
            row.where("offset"),
            f"offset '{row.text('offset')}' is unknown; long recordings are read up to twice the "
            "distance from onset to apex, clip folders completely",
        )
    elif labels.onset is not None:
        frames = labels.offset - labels.onset + 1
        seconds = frames / source.fps(variant)
        if seconds > LONGEST_S:
            source.warn(
                row.where("offset"),
                f"{frames} frames are {seconds:.1f} s: the offset is doubtful",
                f"at most {LONGEST_S:g} s",
                "check the clip; add a correction to the dataset's errata file",
            )
