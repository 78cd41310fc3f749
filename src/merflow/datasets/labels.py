"""Schemes: mappings from annotated emotions to the classes a network learns.

A scheme maps the emotions of each dataset; clips without a class are dropped, with a reason.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from merflow.clip import Clip, ClipKey
from merflow.config.settings import Settings
from merflow.datasets.clip_ids import canonical
from merflow.datasets.official_composite import EXCLUDED, check_composite
from merflow.datasets.registry import (
    dataset_of,
    emotions_of,
    reader_of,
    spec_of,
    takes_any_dataset,
)
from merflow.datasets.registry import names as known_readers
from merflow.errors import MerflowError, unknown

ANY = "any"
"""In a mapping: any dataset not listed."""

Mapping = dict[str, dict[str, str]]
"""dataset -> emotion (or objective class) -> class."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A mapping from emotions to classes; None for `raw`: every emotion is a class."""

    name: str
    about: str
    mapping: Mapping | None
    by: str = "emotion"
    """What is mapped: `emotion` or `objective`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The class of a clip, or the reason why it has none."""

    label: str | None
    reason: str = ""


def _into(**classes: str) -> dict[str, str]:
    """Return emotion -> class from class = 'emotion emotion ...'."""
    return {emotion: name for name, words in classes.items() for emotion in words.split()}


def _same(words: str) -> dict[str, str]:
    return {word: word for word in words.split()}


_VALENCE = _into(negative="negative", positive="positive", surprise="surprise")
_STILLS = _into(negative="anger disgust fear sadness", positive="happiness", surprise="surprise")
_THREE: Mapping = {
    "smic": _VALENCE,
    "casme2": _into(negative="disgust repression", positive="happiness", surprise="surprise"),
    "samm": _into(
        negative="anger contempt disgust fear sadness", positive="happiness", surprise="surprise"
    ),
    "casme_sq": _VALENCE,
    "casme3": _VALENCE  # part C has these; the rest is part A
    | _into(negative="anger disgust fear sad", positive="happy", surprise="surprise"),
    "dfme": _into(
        negative="anger contempt disgust fear sadness", positive="happiness", surprise="surprise"
    ),
    "mmew": _into(negative="anger disgust fear sadness", positive="happiness", surprise="surprise"),
    "casme": _into(
        negative="contempt disgust fear repression sadness",
        positive="happiness",
        surprise="surprise",
    ),
    "meview": _into(negative="anger contempt disgust fear", positive="happy", surprise="surprise"),
    # Negative is a class of its sheet beside repression, as others are.
    "fourdme": _VALENCE,
    "jaffe": _STILLS,
    "ktfe": _STILLS,
    ANY: _VALENCE
    | _into(
        negative="anger angry contempt disgust fear repression sad sadness",
        positive="happy happiness joy",
        surprise="surprise surprised",
    ),
}
_OBJECTIVE = {
    **{numeral: numeral for numeral in ("I", "II", "III", "IV", "V")},
    **dict(zip("12345", ("I", "II", "III", "IV", "V"), strict=True)),
}
_MMEW = "anger disgust fear happiness others sadness surprise"
_SEVEN_STILLS = _same("anger disgust fear happiness neutral sadness surprise")

BUILT_IN = {
    scheme.name: scheme
    for scheme in (
        Scheme(
            "megc2019",
            "negative, positive, surprise: the official composite of 442 clips, no other set",
            {name: _THREE[name] for name in ("smic", "casme2", "samm")},
        ),
        Scheme("three", "negative, positive, surprise: the same mapping, any datasets", _THREE),
        Scheme(
            "binary",
            "negative, positive; surprise is dropped, since it is neither",
            {
                dataset: {e: c for e, c in emotions.items() if c != "surprise"}
                for dataset, emotions in _THREE.items()
            },
        ),
        Scheme(
            "four",
            "the usual four classes of one dataset",
            {
                "casme3": _THREE["casme3"] | _same("others"),
                "casme": _same("disgust repression surprise tense"),
                "mmew": _same("disgust happiness others surprise"),
            },
        ),
        Scheme(
            "five",
            "the usual five classes of one dataset",
            {
                "casme2": _same("disgust happiness others repression surprise"),
                "samm": _same("anger contempt happiness other surprise"),
            },
        ),
        Scheme(
            "seven",
            "the seven emotions of one dataset",
            {
                "casme2": _same("disgust fear happiness others repression sadness surprise"),
                "samm": _same("anger contempt disgust fear happiness sadness surprise"),
                "casme3": _same("anger disgust fear others surprise")
                | _into(happiness="happy", sadness="sad"),
                "dfme": _same("anger contempt disgust fear happiness sadness surprise"),
                "mmew": _same(_MMEW),
                "jaffe": _SEVEN_STILLS,
                "ktfe": _SEVEN_STILLS,
            },
        ),
        Scheme(
            "objective",
            "classes I to V by action units (MEGC2018); VI and VII are dropped",
            dict.fromkeys(("casme2", "samm", "casme3", "manifest"), _OBJECTIVE),
            by="objective",
        ),
        Scheme("raw", "every emotion as named in the sheet", None),
    )
}


def names(settings: Settings | None = None) -> tuple[str, ...]:
    """Return the names of all schemes, those of the config included."""
    return tuple(sorted({*BUILT_IN, *(settings.schemes if settings else ())}))


def scheme_of(name: str, settings: Settings | None = None) -> Scheme:
    """Return a scheme by name; refuse one in the config with a built-in name."""
    own = settings.schemes if settings else {}
    if name in own:
        if name in BUILT_IN:
            raise MerflowError(
                f"schemes.{name}", "this name is built in", "another name", "rename the scheme"
            )
        mapping = {d: {e.casefold(): c for e, c in m.items()} for d, m in own[name].items()}
        return Scheme(name, "from the config", mapping)
    if name not in BUILT_IN:
        raise unknown("scheme", "scheme", name, names(settings))
    return BUILT_IN[name]


def _mapping(scheme: Scheme, dataset: str, settings: Settings | None) -> dict[str, str] | None:
    """Return emotion -> class by the dataset's name in the config, else what it holds, else ANY.

    Clips that a reader of any dataset brings may have the classes of a built-in scheme instead of
    emotions: lists of clips and folders of flow pictures give no more.
    """
    known = scheme.mapping or {}
    names = (dataset, dataset_of(dataset, settings), reader_of(dataset, settings), ANY)
    found = next((known[name] for name in names if name in known), None)
    if found is None or scheme.name not in BUILT_IN or not takes_any_dataset(dataset, settings):
        return found
    return {name: name for name in found.values()} | found


def explain(scheme: str, clip: Clip, settings: Settings | None = None) -> Outcome:
    """Return the class of a clip in a scheme, or the reason why it is dropped."""
    chosen = scheme_of(scheme, settings)
    if clip.intervals is not None:
        return Outcome(None, "it is a whole recording with intervals, for spotting")
    shown = getattr(clip, chosen.by).strip()
    if chosen.mapping is None:
        return _named(shown, clip.key.dataset, settings)
    mapping = _mapping(chosen, clip.key.dataset, settings)
    if mapping is None:
        return Outcome(None, f"{scheme} has no classes for {clip.key.dataset}")
    if scheme == "megc2019" and (key := _official_key(clip, settings)) in EXCLUDED:
        return Outcome(None, EXCLUDED[key])
    found = mapping.get(shown if chosen.by == "objective" else shown.casefold())
    parts = {mapping.get(part) for part in _emotions(shown, reader_of(clip.key.dataset, settings))}
    if found is None and len(parts) == 1:
        found = parts.pop()
    if found is None:
        kind = "emotion" if chosen.by == "emotion" else "objective class"
        what = f"{kind} '{shown}'" if shown else f"no {kind}"
        reason = f"{what} has no class in scheme '{scheme}'" if shown else f"it has {what}"
        return Outcome(None, reason)
    return Outcome(found)


def _official_key(clip: Clip, settings: Settings | None) -> ClipKey:
    """Return a clip's key in the form of the official list."""
    return canonical(clip.key._replace(dataset=dataset_of(clip.key.dataset, settings)))


def _emotions(shown: str, reader: str) -> list[str]:
    """Return the emotions of a clip of a dataset in which one clip may have several."""
    return shown.split("+") if _several(shown, reader) else [shown.casefold()]


def _several(shown: str, reader: str) -> bool:
    return "+" in shown and reader in known_readers() and spec_of(reader).compound


def _named(shown: str, dataset: str, settings: Settings | None) -> Outcome:
    """Return the class of a clip where every published emotion is a class."""
    reader = reader_of(dataset, settings)
    listed = emotions_of(dataset, settings) if reader in known_readers() else frozenset()
    if _several(shown, reader):
        return Outcome(None, f"it has several emotions, '{shown}'")
    if shown and listed and shown not in listed:
        return Outcome(None, f"'{shown}' is not one of the published emotions")
    return Outcome(shown) if shown else Outcome(None, "it has no emotion")


def outcomes(
    scheme: str, clips: Iterable[Clip], settings: Settings | None = None
) -> Iterator[tuple[Clip, Outcome]]:
    """Yield each clip with its class or the reason why it is dropped.

    Clips of one dataset with the same annotation have the same outcome, which is found once.
    """
    known: dict[Hashable, Outcome] = {}
    for clip in clips:
        # The official composite decides by the clip's name too.
        of = clip.key if scheme == "megc2019" else clip.key.dataset
        about = (of, clip.emotion, clip.objective, clip.intervals is None)
        if about not in known:
            known[about] = explain(scheme, clip, settings)
        yield clip, known[about]


def label(scheme: str, clip: Clip, settings: Settings | None = None) -> str | None:
    """Return the class of a clip in a scheme; None when it is dropped."""
    return explain(scheme, clip, settings).label


def classes(
    scheme: str, settings: Settings | None = None, datasets: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the sorted class names of a scheme for `datasets` (default: all it covers).

    Refuses datasets that the scheme does not cover and pooled datasets with different classes;
    with `raw`, datasets without a published list of emotions.
    """
    chosen, wanted = scheme_of(scheme, settings), list(datasets)
    if chosen.mapping is None:
        listed = {d: emotions_of(d, settings) for d in wanted}
        if unlisted := [d for d in wanted if not listed[d]]:
            raise MerflowError(
                f"scheme {scheme}",
                f"no list of the emotions of {', '.join(unlisted)} is known",
                "datasets with published emotions",
                "write a scheme for them, `schemes: {mine: {any: {joy: joy, fear: fear}}}`; "
                "`merflow check` lists the emotions found",
            )
        known = listed.values() if wanted else (spec_of(r).emotions for r in known_readers())
        return tuple(sorted({e for emotions in known for e in emotions}))
    if not wanted:
        return tuple(sorted({c for m in chosen.mapping.values() for c in m.values()}))
    found: dict[str, tuple[str, ...]] = {}
    for dataset in wanted:
        mapping = _mapping(chosen, dataset, settings)
        if mapping is None:
            raise MerflowError(
                f"scheme {scheme}",
                f"it has no classes for {dataset}",
                f"datasets that it covers: {', '.join(sorted(chosen.mapping))}",
                "choose another scheme (`three` covers all), or write one under `schemes`",
            )
        found[dataset] = tuple(sorted(set(mapping.values())))
    if len(set(found.values())) > 1 and scheme in BUILT_IN:
        shown = "; ".join(f"{d}: {', '.join(c)}" for d, c in found.items())
        raise MerflowError(
            f"scheme {scheme}",
            f"its classes differ between these datasets ({shown})",
            "one dataset, or a scheme with the same classes in all",
            "use `three`, `binary` or `objective` to pool datasets",
        )
    return tuple(sorted({c for names in found.values() for c in names}))


def apply_scheme(
    scheme: str, clips: Sequence[Clip], settings: Settings | None = None
) -> tuple[list[Clip], list[str]]:
    """Return the clips that a scheme keeps, in order, and their classes.

    Refuses datasets with different classes; with `megc2019`, clips other than the official
    composite.
    """
    datasets = list(dict.fromkeys(clip.key.dataset for clip in clips))
    if scheme_of(scheme, settings).mapping is not None and datasets:
        classes(scheme, settings, datasets)
    kept: list[Clip] = []
    found: list[str] = []
    for clip, outcome in outcomes(scheme, clips, settings):
        if outcome.label is not None:
            kept.append(clip)
            found.append(outcome.label)
    if scheme == "megc2019":
        keys = [_official_key(clip, settings) for clip in kept]
        check_composite(dict(zip(keys, found, strict=True)))
    return kept, found
