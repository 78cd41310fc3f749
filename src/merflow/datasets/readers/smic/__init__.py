"""SMIC: high-speed, visible and infrared clips, raw or cropped; labels are folder names.

Ids are padded as in the MEGC2019 list (`s03`, `s03_ne_01`); folders are named `s3_ne_01`.
"""

import re
from pathlib import Path

from merflow.clip import Clip
from merflow.datasets.clip_frames import make_clip
from merflow.datasets.folders import Folders, find_trees, no_frames, subfolders
from merflow.datasets.readers.smic import smic_e
from merflow.datasets.spec import Annotation, DatasetSpec, Source, Variant

SPEC = DatasetSpec(
    name="smic",
    title="SMIC",
    variants=(
        Variant("HS", 100.0, "raw", "SMIC_all_raw/HS: high-speed camera"),
        Variant("HS_cropped", 100.0, "cropped", "SMIC_all_cropped/HS"),
        Variant("VIS", 25.0, "raw", "SMIC_all_raw/VIS: visible light"),
        Variant("VIS_cropped", 25.0, "cropped", "SMIC_all_cropped/VIS"),
        Variant("NIR", 25.0, "raw", "SMIC_all_raw/NIR: near infrared"),
        Variant("NIR_cropped", 25.0, "cropped", "SMIC_all_cropped/NIR"),
        Variant("HS_E", 100.0, "raw", "SMIC-E: long high-speed clips with a sheet"),
        Variant("VIS_E", 25.0, "raw", "SMIC-E: long visible-light clips"),
        Variant("NIR_E", 25.0, "raw", "SMIC-E: long infrared clips"),
    ),
    layout="SMIC_all_raw/HS/s3/micro/negative/s3_ne_01/image061206.bmp (or SMIC-E with its sheet)",
    licence="on request, signed by a full-time researcher; no redistribution",
    source="https://www.oulu.fi/cmvs/node/41319",
    emotions=frozenset({"negative", "positive", "surprise"}),
    laboratory="Oulu",
    publication="Li et al. 2013, A spontaneous micro-expression database, FG 2013",
)

CODES = {"ne": "negative", "po": "positive", "sur": "surprise"}
_CLIP = re.compile(r"s0*([0-9]{1,2})_(ne|po|sur)_0*([0-9]{1,3})", re.IGNORECASE)


def clip_id(name: str) -> tuple[str, str, str] | None:
    """Return (subject, clip, emotion) in padded form from a folder's name, or None.

    >>> clip_id("s3_ne_01")
    ('s03', 's03_ne_01', 'negative')
    """
    found = _CLIP.fullmatch(name)
    if not found:
        return None
    subject, code = f"s{int(found[1]):02d}", found[2].lower()
    return subject, f"{subject}_{code}_{int(found[3]):02d}", CODES[code]


def read_clips(source: Source) -> list[Clip]:
    """Read the first variant found (or the one named): a folder tree, or SMIC-E by its sheet."""
    trees = find_trees(source, _holds_subjects, _kind)
    for variant in SPEC.variants:  # those with a sheet come last
        if source.entry.variant not in ("", variant.name):
            continue
        if variant.name in trees:
            return _read_tree(source, variant, trees[variant.name])
        if variant.name.endswith("_E"):
            clips = smic_e.read_clips(source, variant, clip_id)
            if clips is not None:
                return clips
    raise no_frames(source)


def _kind(path: str) -> str:
    camera = next(iter(smic_e.cameras(path)), "HS")
    return f"{camera}_cropped" if "crop" in path else camera


def _holds_subjects(folder: Path, names: list[str]) -> bool:
    """Return whether a folder holds s1, s2, ..., each with a folder `micro`."""
    subjects = [name for name in names if re.fullmatch(r"s[0-9]{1,2}", name, re.IGNORECASE)]
    return any("micro" in map(str.lower, subfolders(folder / name)) for name in subjects)


def _read_tree(source: Source, variant: Variant, folders: Folders) -> list[Clip]:
    found = (
        (subject, "micro", emotion, name)
        for subject in subfolders(folders.root)
        if (micro := folders.find(subject, "micro"))  # `non_micro` holds neutral clips
        for emotion in subfolders(micro)
        for name in subfolders(micro / emotion)
    )
    return source.clips_of(found, lambda parts: _clip(source, variant, folders, parts))


def _clip(
    source: Source, variant: Variant, folders: Folders, parts: tuple[str, str, str, str]
) -> Clip | None:
    folder = folders.find(*parts)
    where = "/".join(parts)
    named = clip_id(parts[-1])
    if named is None or folder is None:
        fix = "rename the folder if it is one"
        source.warn(where, "not a clip folder; ignored", smic_e.NAMES, fix)
        return None
    subject, clip, emotion = named
    if emotion != parts[2].lower() or int(subject[1:]) != int(re.sub(r"\D", "", parts[0])):
        source.fail(
            where,
            f"the clip's name says {subject}, {emotion}; its folder says {parts[0]}, {parts[2]}",
            "a clip in the folder of its subject and emotion",
            "move the folder to that subject and emotion",
        )
        return None
    listing = folders.listing(folder)
    numbers = listing.numbers
    onset, offset = (numbers[0], numbers[-1]) if numbers else (None, None)
    labels = Annotation(onset, None, offset, emotion)
    return make_clip(
        source, variant, source.key(subject, clip, where), labels, listing, where=where
    )
