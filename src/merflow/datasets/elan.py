"""Segments of a long recording: read from and written to ELAN's annotation files (.eaf).

ELAN counts in ms from the start of the recording. Tiers that are read: one with the emotion (or
class, label, expression, clip) of each segment; `action units`, or one tier for each unit (`AU4`);
`apex`; `clip`; `subject`.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from merflow.datasets.recording_times import span_at, times_of
from merflow.errors import MerflowError
from merflow.io.spreadsheets import plain
from merflow.text import plural

MAX_BYTES = 32 << 20
MAX_ANNOTATIONS = 100_000
MAX_SEGMENTS = 10_000
LABELS = ("emotion", "emotions", "label", "class", "expression", "expressions", "clip")
"""Names of the tier with the segments, letters and digits only; the first one found is read."""
UNITS = ("actionunits", "actionunit", "aus", "au")
FINEST_HZ = 1000.0
"""ELAN's unit of time is 1 ms: frames of faster recordings have no time of their own."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a recording, frames onset..offset, both included; empty texts are unknown."""

    onset: int
    offset: int
    apex: int | None = None
    emotion: str = ""
    action_units: str = ""
    clip: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """An annotation: start and end (ms) and its text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class ElanFile:
    """Tiers by name, the participant of each, and the names of the recordings."""

    tiers: dict[str, list[Span]]
    participants: dict[str, str]
    media: tuple[str, ...]


def read_elan(path: Path) -> ElanFile:
    """Read an ELAN file."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MerflowError(str(path), f"larger than {MAX_BYTES >> 20} MiB", "an ELAN file")
        data = path.read_bytes()
    except OSError as error:
        found = f"cannot be read ({error.strerror or error})"
        raise MerflowError(str(path), found, "an ELAN file (.eaf)") from None
    return parse_elan(data, path.name)


def parse_elan(data: bytes, where: str) -> ElanFile:
    """Read the bytes of an ELAN file. No entity is expanded and no other file is read."""
    # Imported here: only files of ELAN need it.
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise MerflowError(where, f"not an ELAN file ({error})", "XML written by ELAN") from None
    if root.tag != "ANNOTATION_DOCUMENT":
        raise MerflowError(where, f"an XML file of type {root.tag[:40]!r}", "an ELAN file (.eaf)")
    slots = {
        slot.get("TIME_SLOT_ID", ""): slot.get("TIME_VALUE", "") for slot in root.iter("TIME_SLOT")
    }
    tiers, participants, by_id = {}, {}, {}
    for tier in root.iter("TIER"):
        name = tier.get("TIER_ID", "").strip()
        if name in tiers:
            raise _same_name(where, name, name)
        tiers[name] = _spans(tier, slots, by_id, f"{where}: tier {name[:60]!r}")
        participants[name] = tier.get("PARTICIPANT", "").strip()
    links = [one.get("MEDIA_URL", "") for one in root.iter("MEDIA_DESCRIPTOR")]
    links += [one.get("RELATIVE_MEDIA_URL", "") for one in root.iter("MEDIA_DESCRIPTOR")]
    media = dict.fromkeys(re.split(r"[/\\]", link)[-1] for link in links if link)
    return ElanFile(tiers, participants, tuple(media))


def _spans(tier: Element, slots: dict[str, str], by_id: dict[str, Span], where: str) -> list[Span]:
    """Return the annotations of a tier in order of time; one that refers to another has its time.

    by_id: annotations read so far, of all tiers.
    """
    found = []
    for number, one in enumerate(tier.findall("ANNOTATION/*"), 1):
        if number > MAX_ANNOTATIONS:
            raise MerflowError(where, f"more than {MAX_ANNOTATIONS:,} annotations", "fewer")
        text = (one.findtext("ANNOTATION_VALUE") or "").strip()
        if one.tag == "REF_ANNOTATION":
            parent = by_id.get(one.get("ANNOTATION_REF", ""))
            if parent is None:
                raise MerflowError(
                    f"{where}, annotation {number}", "it refers to a later annotation or to none",
                    "tiers after those that they refer to", "save the file again in ELAN",
                )  # fmt: skip
            span = Span(parent.start, parent.end, text)
        else:
            times = [slots.get(one.get(f"TIME_SLOT_REF{k}", ""), "") for k in (1, 2)]
            if not all(re.fullmatch(r"[0-9]{1,12}", time) for time in times):
                raise MerflowError(
                    f"{where}, annotation {number}",
                    "it has no start or no end",
                    "annotations with times",
                    "align it in ELAN, or delete it",
                )
            span = Span(int(times[0]), int(times[1]), text)
            if span.end < span.start:
                raise MerflowError(
                    f"{where}, annotation {number}", f"it ends ({span.end} ms) before it starts "
                    f"({span.start} ms)", "start <= end", "correct it in ELAN",
                )  # fmt: skip
        by_id[one.get("ANNOTATION_ID", "")] = span
        found.append(span)
    return sorted(found, key=lambda span: (span.start, span.end))


def segments_of(file: ElanFile, times: np.ndarray) -> tuple[list[Segment], list[str]]:
    """Return the segments of a recording with frames at `times` (s), and remarks.

    times: (T,) ascending, from 0.
    """
    by_name = _by_name(file)
    names = [by_name[label] for label in LABELS if label in by_name]
    if not names:
        used = [name for name, spans in file.tiers.items() if spans and not _unit(name)]
        others = ("apex", "subject", *UNITS)
        names = [name for name in used if plain(name) not in others]
        names.sort(key=lambda name: -len(file.tiers[name]))
    if not names:
        listed = ", ".join(map(repr, file.tiers)) or "none"
        raise MerflowError(
            "the ELAN file",
            f"no tier with segments; it has the tiers {listed[:300]}",
            "a tier 'emotion' with one annotation for each segment",
            "rename the tier, or export it from ELAN",
        )
    main, end_ms = names[0], float(times[-1]) * 1000
    notes = [f"segments are the annotations of tier '{main}'"]
    unread = [
        name for name, spans in file.tiers.items()
        if spans and name != main and not _unit(name)
        and plain(name) not in ("apex", "subject", "clip", *UNITS)
    ]  # fmt: skip
    if unread:
        notes.append(f"tiers that are not read: {', '.join(unread)[:300]}")
    if len(file.tiers[main]) > MAX_SEGMENTS:
        found = f"{len(file.tiers[main]):,} annotations in tier '{main}'"
        raise MerflowError("the ELAN file", found, f"at most {MAX_SEGMENTS:,} segments")
    tiers = {name: _Tier.of(spans) for name, spans in file.tiers.items()}
    segments, late = [], 0
    for span in file.tiers[main]:
        if span.start > end_ms:
            late += 1
            continue
        segments.append(_segment(file, tiers, by_name, main, span, times))
    if late:
        notes.append(f"{plural(late, 'annotation')} after the end of the recording left out")
    return segments, notes


def _by_name(file: ElanFile) -> dict[str, str]:
    """Return plain name -> name of the tiers with annotations; refuse two that are read as one."""
    found: dict[str, str] = {}
    for name in (name for name, spans in file.tiers.items() if spans):
        first = found.setdefault(plain(name), name)
        if first != name and plain(name) in ("apex", "subject", *UNITS, *LABELS):
            raise _same_name("the ELAN file", first, name)
    return found


def _same_name(where: str, one: str, two: str) -> MerflowError:
    found = f"two tiers of one name: {one[:60]!r} and {two[:60]!r}"
    return MerflowError(where, found, "one", "rename or delete one of the two in ELAN")


def _unit(tier: str) -> str:
    """Return the action unit that a tier is named after (`AU12`), or nothing."""
    found = re.fullmatch(r"au0*(\d{1,2}[a-e]?)", plain(tier))
    return f"AU{found[1].upper()}" if found else ""


@dataclass(frozen=True, slots=True)
class _Tier:
    """A tier that is searched by time. reach: the latest end up to each annotation (ms)."""

    spans: list[Span]
    starts: list[int]
    reach: list[int]

    @classmethod
    def of(cls, spans: list[Span]) -> "_Tier":
        """Return a tier of annotations in order of their starts."""
        starts = [one.start for one in spans]
        return cls(spans, starts, list(accumulate((one.end for one in spans), max)))

    def overlapping(self, span: Span) -> list[Span]:
        """Return the annotations that share time with `span`."""
        first, last = bisect_left(self.reach, span.start), bisect_right(self.starts, span.end)
        return [one for one in self.spans[first:last] if _shared(one, span) > 0]


def _segment(
    file: ElanFile, tiers: dict[str, _Tier], by_name: dict[str, str], main: str, span: Span,
    times: np.ndarray,
) -> Segment:  # fmt: skip
    def overlapping(field: str) -> list[Span]:
        return tiers[by_name[field]].overlapping(span) if field in by_name else []

    def text(*fields: str) -> str:
        spans = [one for field in fields for one in overlapping(field)]
        return max(spans, key=lambda one: _shared(one, span)).text if spans else ""

    onset, offset = span_at(times, span.start / 1000, span.end / 1000)
    peak = overlapping("apex")
    apex = span_at(times, peak[0].start / 1000, peak[0].end / 1000)[0] if peak else None
    if apex is not None and not onset <= apex <= offset:
        apex = None
    units = text(*UNITS).split()
    units += [u for name in file.tiers if (u := _unit(name)) and tiers[name].overlapping(span)]
    subject = text("subject") or file.participants.get(main, "")
    label = span.text if plain(main) != "clip" else text("emotion", "label", "class")
    return Segment(
        onset, offset, apex, label, " ".join(dict.fromkeys(units)), text("clip"), subject
    )


def _shared(one: Span, two: Span) -> int:
    """Return the time that two annotations share (ms); a point in time shares 1 ms."""
    start, end = max(one.start, two.start), min(one.end, two.end)
    return max(end - start, 1 if one.start == one.end and start == end else 0)


def elan_text(segments: Sequence[Segment], times: np.ndarray, media: str, date: str) -> str:
    """Return an ELAN file of segments; `read_elan` gives the same segments back.

    times: of the frames (s), (T,); media: name of the recording; date: ISO 8601, of the file.
    """
    if len(times) > 1 and 1 / np.median(np.diff(times)) > FINEST_HZ:
        raise MerflowError(
            media,
            f"more than {FINEST_HZ:g} frames per second",
            "a recording with frames at least 1 ms apart, the unit of ELAN",
            "export the segments as CSV",
        )
    root = Element(
        "ANNOTATION_DOCUMENT",
        {"AUTHOR": "merflow", "DATE": date, "FORMAT": "3.0", "VERSION": "3.0"},
    )
    header = SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    SubElement(
        header,
        "MEDIA_DESCRIPTOR",
        {"MEDIA_URL": f"./{media}", "MIME_TYPE": "video/*", "RELATIVE_MEDIA_URL": f"./{media}"},
    )
    order = SubElement(root, "TIME_ORDER")
    number = 0
    for name in ("emotion", "action units", "apex", "clip", "subject"):
        tier = SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": "default", "TIER_ID": name})
        for one in segments:
            if (written := _written(one, name, times)) is None:
                continue
            number += 1
            start, end, text = written
            for slot, time in ((2 * number - 1, start), (2 * number, end)):
                SubElement(
                    order, "TIME_SLOT",
                    {"TIME_SLOT_ID": f"ts{slot}", "TIME_VALUE": str(round(time * 1000))},
                )  # fmt: skip
            place = SubElement(
                SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION",
                {"ANNOTATION_ID": f"a{number}", "TIME_SLOT_REF1": f"ts{2 * number - 1}",
                 "TIME_SLOT_REF2": f"ts{2 * number}"},
            )  # fmt: skip
            SubElement(place, "ANNOTATION_VALUE").text = text
    SubElement(
        root, "LINGUISTIC_TYPE",
        {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": "default", "TIME_ALIGNABLE": "true"},
    )  # fmt: skip
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _written(one: Segment, tier: str, times: np.ndarray) -> tuple[float, float, str] | None:
    """Return start, end (s) and text of a segment in a tier; None if it has none there."""
    if tier == "apex":
        return None if one.apex is None else (*times_of(times, one.apex, one.apex), "apex")
    texts: dict[str, Any] = {
        "emotion": one.emotion, "action units": one.action_units, "clip": one.clip,
        "subject": one.subject,
    }  # fmt: skip
    # The tier of emotions has every segment, so that one without an emotion is kept.
    if tier != "emotion" and not texts[tier]:
        return None
    return *times_of(times, one.onset, one.offset), texts[tier]
