"""The networks: one file each, the file's stem is the name, `build_network` makes any of them.

A network file defines `build(shape, classes, *, <settings>) -> keras.Model` and `SMALLEST`, the
smallest shape it takes. It imports keras only, so it runs on every Keras backend. Files whose
name starts with an underscore are shared parts, not networks.
"""

import ast
import functools
import importlib
import inspect
import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, ValidationError, create_model

from merflow.errors import MerflowError, unknown
from merflow.models import networks

if TYPE_CHECKING:
    import keras

LARGEST_PROBE = 65
"""Sides tried to say how large a picture must be; every network here fits below."""
_PARSING = threading.Lock()
AXES = {4: ("frames", "height", "width", "channels"), 3: ("height", "width", "channels")}


def names() -> tuple[str, ...]:
    """Return the names of all networks, sorted; imports none of them."""
    return tuple(sorted(_files()))


def _files() -> dict[str, Path]:
    found = (file for folder in networks.__path__ for file in Path(folder).glob("*.py"))
    return {file.stem: file for file in found if not file.stem.startswith("_")}


def setting_names(name: str) -> tuple[str, ...]:
    """Return the settings a network takes, read from its source: no import, no Keras."""
    _refuse_unknown(name)
    for node in _tree(_files()[name]).body:
        if isinstance(node, ast.FunctionDef) and node.name == "build":
            return tuple(argument.arg for argument in node.args.kwonlyargs)
    raise MerflowError(
        f"networks/{name}.py",
        "has no function `build`",
        "build(shape, classes, *, settings) -> keras.Model",
        "see docs/add_a_network.md",
    )


def list_settings(name: str) -> frozenset[str]:
    """Return the settings of a network that take a list by nature: no grid is meant by it."""
    if name not in names():
        return frozenset()
    build = next(n for n in _tree(_files()[name]).body if getattr(n, "name", "") == "build")
    arguments = build.args.kwonlyargs
    return frozenset(a.arg for a in arguments if "tuple" in ast.unparse(a.annotation or a))


def made_for_weights(name: str) -> bool:
    """Return whether a network was published with weights it starts from; read from its source."""
    _refuse_unknown(name)
    names = (ast.unparse(node) for node in _tree(_files()[name]).body)
    return "OWN_SCALING = True" in names


def check_settings(name: str, settings: Mapping[str, Any], where: str = "") -> None:
    """Refuse an unknown network or setting, offering the nearest name; imports no Keras."""
    _refuse_unknown(name, where)
    for key in settings:
        if key not in setting_names(name):
            raise unknown(where or f"network {name}", "setting", key, setting_names(name))


def check_types(name: str, settings: Mapping[str, Any], where: str = "") -> None:
    """Refuse values that a network's settings cannot have, read from its source: no Keras."""
    _refuse_unknown(name, where)
    source = _files()[name]
    build = next(n for n in _tree(source).body if getattr(n, "name", "") == "build")
    aliases = {**_aliases(source.parent), **_aliases(source)}
    fields = {a.arg: (_kind(a.annotation, aliases), None) for a in build.args.kwonlyargs}
    _checked(name, fields, settings, where)


def _kind(written: ast.expr | None, aliases: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the type that an annotation names; Any for what only the file itself can tell."""
    plain = {"int": int, "float": float, "bool": bool, "str": str, **aliases}
    if isinstance(written, ast.Name):
        return plain.get(written.id, Any)
    if isinstance(written, ast.Subscript) and ast.unparse(written.value) == "Literal":
        return Literal[ast.literal_eval(written.slice)]
    if isinstance(written, ast.Subscript) and ast.unparse(written).startswith("tuple["):
        inner = written.slice.elts if isinstance(written.slice, ast.Tuple) else [written.slice]
        if len(inner) == 2 and ast.unparse(inner[1]) == "...":
            return tuple[_kind(inner[0], aliases), ...]
    return Any


def kind_of_input(name: str) -> str:
    """Return `frames` or `flow` as a network takes; empty where its source does not say."""
    files = {file.stem: file for file in _files()[name].parent.glob("*.py")}
    waiting = [name]
    while waiting:
        for node in _tree(files[waiting.pop()]).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SMALLEST":
                return {4: "frames", 3: "flow"}[len(ast.literal_eval(node.value))]
            if isinstance(node, ast.ImportFrom) and "SMALLEST" in [a.name for a in node.names]:
                waiting.append(str(node.module).rpartition(".")[2])
    return ""


def _tree(file: Path) -> ast.Module:
    return _parsed(file.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> ast.Module:
    # Python 3.11 counts the depth of trees built at once in two threads as one, and raises a
    # SystemError when a collection of garbage lets the other thread in (the studio's requests).
    with _PARSING:
        return ast.parse(text)


def _aliases(place: Path) -> dict[str, Any]:
    """Return the names that a file, or the files of a folder, give to a choice of words."""
    files = place.glob("*.py") if place.is_dir() else [place]
    return {
        ast.unparse(node.targets[0]): Literal[ast.literal_eval(node.value.slice)]
        for file in files
        for node in _tree(file).body
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Literal[")
    }


def module(name: str) -> ModuleType:
    """Return the imported file of a network."""
    _refuse_unknown(name)
    return importlib.import_module(f"{networks.__name__}.{name}")


def from_imagenet(settings: Mapping[str, Any]) -> bool:
    """Tell whether these settings of a network have it start from Keras' own ImageNet weights."""
    return settings.get("weights", "none") == "imagenet"


def build_network(
    name: str,
    shape: tuple[int, ...],
    classes: int,
    settings: Mapping[str, Any] | None = None,
) -> "keras.Model":
    """Build a fresh, untrained network.

    shape: (T, H, W, C) for frames, (H, W, 3) for flow, without the batch axis; classes: how many.
    The model takes (N, *shape) float32 and gives (N, classes) float32 probabilities.
    """
    check_settings(name, settings or {})
    file = module(name)
    checked = _typed(name, file.build, settings or {})
    shape = tuple(int(side) for side in shape)
    check_shape(name, shape)
    if classes < 2:
        raise MerflowError(f"network {name}", f"asked for {classes} class", "at least two classes")
    try:
        return file.build(shape, classes, **checked)
    except ValueError as error:
        raise _does_not_fit(name, shape, classes, checked, error) from error


def check_shape(name: str, shape: tuple[int, ...]) -> None:
    """Refuse a shape the network cannot take, saying the smallest it can."""
    smallest = module(name).SMALLEST
    axes = AXES[len(smallest)]
    expected = " x ".join(f"{axis} {side}" for axis, side in zip(axes, smallest, strict=True))
    if len(shape) != len(smallest):
        raise MerflowError(
            f"network {name}",
            f"cannot take input of shape {shape}",
            f"{len(smallest)} axes ({', '.join(axes)}), at least {expected}",
            "name a preparation of `kind: flow`"
            if len(smallest) == 3
            else "name a preparation of `kind: frames`",
        )
    small = [axis for axis, a, b in zip(axes, shape, smallest, strict=True) if a < b]
    if small:
        raise MerflowError(
            f"network {name}",
            f"input of shape {shape} is too small in {' and '.join(small)}",
            f"at least {expected}",
            "raise interpolate.length or interpolate.size (flow.size) of the preparation, "
            "or name another network",
        )


def _does_not_fit(
    name: str, shape: tuple[int, ...], classes: int, settings: dict[str, Any], error: ValueError
) -> MerflowError:
    """Return the error for settings that need more pixels than SMALLEST, with the least side."""
    least = ""
    for side in range(min(shape[-3:-1]) + 1, LARGEST_PROBE):
        wider = (*shape[:-3], max(side, shape[-3]), max(side, shape[-2]), shape[-1])
        try:
            module(name).build(wider, classes, **settings)
        except ValueError:
            continue
        least = f"height and width of at least {side} with these settings"
        break
    return MerflowError(
        f"network {name}",
        f"cannot be built for input of shape {shape}: {str(error).splitlines()[0]}",
        least or "settings that go together",
        f"see the docstring of networks/{name}.py",
    )


def _typed(name: str, build: Any, settings: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Return the settings with their types checked against the signature of `build`."""
    fields = {
        key: (parameter.annotation, parameter.default)
        for key, parameter in inspect.signature(build, eval_str=True).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    return _checked(name, fields, settings)


def _checked(
    name: str, fields: dict[str, Any], settings: Mapping[str, Any], where: str = ""
) -> dict[str, Any]:
    """Return the settings as `fields`, name -> (type, default), would have them."""
    model = create_model("Settings", __config__=ConfigDict(extra="forbid"), **fields)
    try:
        checked = model(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise MerflowError(
            where or f"network {name}",
            f"setting '{key}' cannot be {first['input']!r}",
            first["msg"],
            f"see the docstring of networks/{name}.py",
        ) from error
    return {key: getattr(checked, key) for key in settings}


def _refuse_unknown(name: str, where: str = "") -> None:
    if name not in names():
        raise unknown(where or "networks", "network", name, names())
