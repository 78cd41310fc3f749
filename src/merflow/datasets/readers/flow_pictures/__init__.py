"""Prepared flow pictures: one small image of u, v and strain a clip, as they circulate.

The class stands in a folder's name, in a list of clips (`sheet:`), or at the end of the file's
name. A config entry named smic, casme2 or samm reads its own clips of a root that holds all three;
under any other name an entry reads every picture.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from merflow.clip import Clip
from merflow.datasets.clip_list import read_list
from merflow.datasets.folders import find_folders, find_sheets, no_frames
from merflow.datasets.readers.flow_pictures import loso, names
from merflow.datasets.readers.flow_pictures.names import Picture
from merflow.datasets.spec import DatasetSpec, Problem, Source, Variant
from merflow.errors import MerflowError
from merflow.io.frame_folder import image_files
from merflow.text import plural

SPEC = DatasetSpec(
    name="flow_pictures",
    title="prepared flow pictures",
    variants=(
        Variant("loso", 1.0, "interpolated", "a folder per tested subject with u_train, u_test"),
        Variant("causalnet", 1.0, "interpolated", "four pictures a clip: X, X_1, X_2, X_3"),
        Variant("healer", 1.0, "interpolated", "the class at the end of the name: X_0"),
        Variant("flat", 1.0, "interpolated", "one folder, the class in a list (sheet:)"),
    ),
    layout="006/u_test/0/006_006_1_2 .png, or 006_006_1_2 .png in one folder with `sheet:`, a list "
    "of clips and classes",
    licence="that of the recordings they were made from",
    source="the repositories named in docs/interoperability.md",
    emotions=frozenset({*names.CLASSES, *names.HEALER}),
    any_dataset=True,
    generated=False,
)


def read_clips(source: Source) -> list[Clip]:
    """Read the pictures of one layout."""
    variant, folders = _layout(source)
    if variant == "loso":
        pictures = list(_own(source, loso.tested(source, folders)))
        listed = _listed(source)
        _warn_of_other_classes(source, pictures, listed)
        return _with_classes(source, {picture: [picture.file] for picture in pictures}, listed)
    found = [
        p for folder in folders for p in names.pictures(folder, image_files(folder, source.root))
    ]
    listed = _listed(source)
    if variant == "healer":
        _warn_of_classes(source, found, listed)
        found = [names.without_class(picture) for picture in found]
    if not listed and variant != "healer":
        raise MerflowError(
            str(folders[0]),
            "its pictures have no class: neither a folder nor the file's name gives it",
            "a list of clips and classes, such as the official combined_3class_gt.csv",
            f"set datasets.{source.name}.sheet",
        )
    groups = names.grouped(found, {"_".join(key) for key in listed})
    return _with_classes(source, _own_groups(source, groups), listed)


def _layout(source: Source) -> tuple[str, list[Path]]:
    """Return the configured layout, or the one on disk, and its folders."""
    wanted = source.entry.variant
    if wanted in ("", "loso") and (tops := find_folders(source.root, loso.is_top)):
        return "loso", tops[:1]
    with_pictures = [
        folder
        for folder in find_folders(source.root, lambda f, _: any(map(names.parsed, image_files(f))))
        if {loso.TEST, loso.TRAIN}.isdisjoint(folder.parts)
    ]
    if wanted == "loso" or not with_pictures:
        raise no_frames(source)
    if wanted:
        return wanted, with_pictures
    stems = [p.stem for f in with_pictures for p in names.pictures(f, image_files(f))]
    return names.layout_of(stems), with_pictures


Listed = dict[tuple[str, str], str]
"""Subject and clip -> class, of a list."""


def _listed(source: Source) -> Listed:
    """Return the classes in the list of `sheet:`, of this entry's clips; empty without one."""
    if not source.entry.sheet:
        return {}
    (path,) = find_sheets(source, "")
    classes = read_list(path).classes
    source.sheets.append(source.relative(path))
    known = {key.dataset for key in classes}
    own = source.name in names.OFFICIAL or source.name in known
    return {key[1:]: name for key, name in classes.items() if not own or key.dataset == source.name}


def _own(source: Source, pictures: Iterable[Picture]) -> Iterator[Picture]:
    """Yield the pictures that belong to this entry."""
    return (p for p in pictures if source.name not in names.OFFICIAL or p.dataset == source.name)


def _own_groups(source: Source, groups: dict[Picture, list[str]]) -> dict[Picture, list[str]]:
    return {picture: groups[picture] for picture in _own(source, groups)}


def _with_classes(source: Source, groups: dict[Picture, list[str]], listed: Listed) -> list[Clip]:
    """Return the clips, with the classes of the list where there is one."""
    if not listed:
        return [_clip(source, picture, files) for picture, files in groups.items()]
    clips, found = [], set()
    unlisted: list[str] = []
    for picture, files in groups.items():
        key = (picture.subject, picture.clip)
        if key in listed:
            found.add(key)
            clips.append(_clip(source, picture._replace(label=listed[key]), files))
        else:
            unlisted.append(picture.file)
    if unlisted:
        source.warn(
            source.sheets[0],
            f"{plural(len(unlisted), 'picture')} not in the list and not read: "
            f"{', '.join(sorted(unlisted)[:5])}",
        )
    if missing := sorted(set(listed) - found):
        source.warn(
            source.sheets[0],
            f"{plural(len(missing), 'clip')} of the list without a picture: "
            f"{', '.join('/'.join(key) for key in missing[:5])}",
            "a picture for every clip",
            "copy the folder again",
        )
    return clips


def _warn_of_other_classes(source: Source, pictures: list[Picture], listed: Listed) -> None:
    """Warn where the folder of a picture says another class than the list, which counts."""
    for picture in pictures:
        label = listed.get((picture.subject, picture.clip), picture.label)
        if label != picture.label:
            where = source.relative(Path(picture.folder) / picture.file)
            source.warn(
                where, f"its folder says {picture.label}; the list says {label}, which counts"
            )


def _warn_of_classes(source: Source, found: list[Picture], listed: Listed) -> None:
    others = sum(names.without_class(p).label in names.HEALER for p in found)
    if others and not listed:
        source.warn(
            source.root.name,
            f"the class at the end of a name is not the MEGC2019 class: of CASME II and SAMM, 0 "
            f"holds 'others' as well ({plural(others, 'picture')} are read as "
            f"'{names.HEALER[0]}', which no built-in scheme keeps)",
            "classes of the annotation",
            f"give the official list as datasets.{source.name}.sheet, or map "
            f"'{names.HEALER[0]}' in a scheme",
        )


def _clip(source: Source, picture: Picture, files: Iterable[str]) -> Clip:
    form = source.flow_form("flow")
    files = tuple(files)
    where = source.relative(Path(picture.folder) / picture.file)
    return Clip(
        key=source.key(picture.subject, picture.clip, where),
        folder=picture.folder,
        # Of several pictures the first is the flow from onset to apex; as frames all are read.
        files=files[:1] if form else files,
        numbers=(0,) if form else tuple(range(len(files))),
        fps=source.fps(SPEC.variants[0]),
        emotion=picture.label,
        enters_at="interpolated",
        flow=form,
    )


def check_files(source: Source) -> list[Problem]:
    """Compare the training copies of the LOSO layout with the pictures that are read."""
    variant, folders = _layout(source)
    return loso.copies_that_differ(source, folders) if variant == "loso" else []
