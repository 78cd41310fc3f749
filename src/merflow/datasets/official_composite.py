"""MEGC2019: check for the official composite of 442 clips by digests and counts.

The list itself is not distributed. Clips are compared with the SHA-256 of the sorted official
ids; counts and short digests per subject show where a set differs.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.text import plural

CLIPS, SUBJECTS = 442, 68
DIGEST = "aa1f9995c776dee5844b9f3ce80e34c4ffc7acaa3e98724d82ed86ce006fd22d"
"""SHA-256 of the sorted lines `dataset/subject/clip`, joined by newlines."""

# subject:clips:first 8 hex digits of the SHA-256 of its sorted lines `dataset/subject/clip class`.
_SUBJECTS = {
    "smic": """
        s01:6:b7c5f406 s02:6:07d4db9c s03:39:6645c256 s04:19:8f27ab0b s05:2:62d53783
        s06:4:861ef950 s08:13:146fa4ac s09:4:51b24beb s11:7:8ca6f23c s12:9:8ecfdd1b
        s13:10:e478caa2 s14:10:d629d3d1 s15:4:6f8cef7c s18:7:487cb360 s19:2:2769a04b
        s20:22:4a8ef0bf
    """,
    "casme2": """
        sub01:3:63c4d4ec sub02:9:d0b681cc sub03:5:d221a944 sub04:2:c4a73920 sub05:6:edf3aa04
        sub06:4:79b20151 sub07:5:b5d143c8 sub08:1:5993338e sub09:10:2c067bfb sub11:4:438dfa75
        sub12:11:3b85a4b4 sub13:2:18439434 sub14:3:478227c2 sub15:3:10b1fa51 sub16:3:7fae0f69
        sub17:31:edc8d206 sub19:11:76620e14 sub20:2:b2016df8 sub21:1:9a3ab0d8 sub22:2:a6dd4f0a
        sub23:8:d61cb4aa sub24:3:5fc10fc0 sub25:5:5f85d7a1 sub26:11:57e7498d
    """,
    "samm": """
        006:11:db5d45ad 007:8:ac4be897 009:4:03faa843 010:4:dcec03fa 011:20:fc1c2dc8
        012:3:236b9e0f 013:6:d31bf97a 014:10:e81cf196 015:3:203df09d 016:5:4684ff61
        017:4:8f54e21e 018:3:3b31d9e2 019:1:f8c03f14 020:4:30785168 021:2:2e2ea344
        022:5:11b8a0fe 023:1:c6e5e605 024:1:5e665357 026:9:8cf9fc4d 028:3:9e4d90f3
        030:3:4274b56d 031:1:d13bb605 032:4:c2370f5c 033:5:e6038014 034:3:bb0cc581
        035:8:9fbad7a3 036:1:93a369a0 037:1:bf041152
    """,
}

EXCLUDED = {
    ("casme2", "sub04", "EP12_01f"): "not in the official list: its apex is unknown ('/')",
    ("casme2", "sub05", "EP09_05f"): "not in the official list: its onset is its apex",
    **{
        ("casme2", "sub24", clip): "not in the official list, which follows the 2014 sheet: there "
        "its label is sadness; the 2019 sheet says surprise"
        for clip in ("EP07_01", "EP07_04f", "EP10_03")
    },
}
"""Clips that the mapping keeps and the official list excludes, with the reason."""

Official = Mapping[str, Mapping[str, tuple[int, str]]]


def parse_subjects(text: str) -> dict[str, tuple[int, str]]:
    """Return subject -> (clips, digest) from `subject:clips:digest ...`."""
    parts = (item.split(":") for item in text.split())
    return {subject: (int(count), digest) for subject, count, digest in parts}


OFFICIAL: Official = {name: parse_subjects(text) for name, text in _SUBJECTS.items()}


def ids_digest(keys: Iterable[ClipKey]) -> str:
    """Return the SHA-256 of clip ids, independent of their order."""
    return _sha(str(key) for key in keys)


def subject_digest(labelled: Mapping[ClipKey, str]) -> str:
    """Return the short digest of one subject's clips and classes."""
    return _sha(f"{key} {name}" for key, name in labelled.items())[:8]


def _sha(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def check_composite(
    labelled: Mapping[ClipKey, str], official: Official = OFFICIAL, digest: str = DIGEST
) -> None:
    """Refuse clips and classes that differ from the official ones; name the differences.

    Keys use the published dataset names (smic, casme2, samm).
    """
    wrong = differences(labelled, official)
    if not wrong and ids_digest(labelled) == digest:
        return
    total = sum(count for subjects in official.values() for count, _ in subjects.values())
    shown = "; ".join(wrong[:8]) + (f"; and {len(wrong) - 8} more" if len(wrong) > 8 else "")
    raise MerflowError(
        "scheme megc2019",
        f"these {len(labelled)} clips are not the official composite: "
        + (shown or "their ids differ"),
        f"the official {total} clips of {', '.join(official)}",
        "complete the datasets (`merflow check` names missing clips), or use the scheme `three`, "
        "which has the same mapping for any set of clips",
    )


def differences(labelled: Mapping[ClipKey, str], official: Official = OFFICIAL) -> list[str]:
    """Return one line per subject whose clips or classes differ from the official ones."""
    grouped: dict[tuple[str, str], dict[ClipKey, str]] = defaultdict(dict)
    for key, name in labelled.items():
        grouped[key.subject_key][key] = name
    wrong = []
    for dataset, subjects in official.items():
        here = {subject for name, subject in grouped if name == dataset}
        if not here:
            count = sum(number for number, _ in subjects.values())
            lacking = f"{plural(count, 'clip')} of {plural(len(subjects), 'subject')}"
            wrong.append(f"{dataset} is missing ({lacking})")
            continue
        for subject in sorted(here | set(subjects)):
            line = _difference(grouped.get((dataset, subject), {}), subjects.get(subject))
            wrong += [f"{dataset}/{subject}: {line}"] if line else []
    for dataset in sorted({name for name, _ in grouped} - set(official)):
        wrong.append(f"{dataset} is not part of the composite")
    return wrong


def official_differences(keys: Iterable[ClipKey], labels: Iterable[str]) -> list[str]:
    """Return how clips and their labels differ from the official ones; ids may be unpadded."""
    return differences(dict(zip(map(padded, keys), labels, strict=True)))


def padded(key: ClipKey) -> ClipKey:
    """Return a key with padded ids: some lists write `6` or `s3_ne_03`."""
    dataset, subject, clip = key
    if dataset == "samm" and subject.isdigit():
        return key._replace(subject=subject.zfill(3))
    if dataset == "smic" and re.fullmatch(r"s\d", subject):
        clip = re.sub(r"^s(\d)_", r"s0\1_", clip)
        return ClipKey(dataset, f"s0{subject[1]}", clip)
    return key


def _difference(found: Mapping[ClipKey, str], wanted: tuple[int, str] | None) -> str:
    if wanted is None:
        return f"{len(found)} clips, none is official ({', '.join(k.clip for k in found)})"
    count, digest = wanted
    if len(found) < count:
        return f"{count - len(found)} of {count} clips are missing"
    if len(found) > count:
        extra = plural(len(found) - count, "extra clip")
        return f"{extra} among {', '.join(k.clip for k in found)}"
    if subject_digest(found) != digest:
        return f"the ids or classes of its {count} clips differ"
    return ""
