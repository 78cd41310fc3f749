"""Registry of networks: one file each in `networks/`; the name of the file names the network.

A network file defines `build(shape, classes, *, <settings>) -> keras.Model` and `SMALLEST`, the
smallest shape it takes. Names, settings, types and kind of input are read from the file's source:
planning a run must not import Keras, which takes seconds. `build_network` imports and builds.
"""

import ast
import functools
import importlib
import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import ConfigDict, ValidationError, create_model

from merflow.errors import FAILED, MerflowError, unknown
from merflow.models import layers, networks

if TYPE_CHECKING:
    import keras

LARGEST_PROBE = 65
"""Sides (px) tried to find how large a frame must be; every network here fits below."""
_PARSING = threading.Lock()
KINDS = {4: "frames", 3: "flow"}
AXES = {4: ("frames", "height", "width", "channels"), 3: ("height", "width", "channels")}


def names() -> tuple[str, ...]:
    """Return the names of all networks, sorted; imports none of them."""
    return tuple(sorted(_files()))


def setting_names(name: str) -> tuple[str, ...]:
    """Return the names of a network's settings."""
    return tuple(argument.arg for argument in _settings_of(name))


def settings_of(name: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the first paragraph of a network's description, and its settings.

    A setting has name, default and type. A type is `choice` (with its options),
    `switch`, `integer`, `number`, `text` or `list`.
    """
    tree = _tree(_files()[name])
    about = " ".join((ast.get_docstring(tree) or "").partition("\n\n")[0].split())
    aliases = {k: v for file in (*_shared(), _files()[name]) for k, v in _aliases(file).items()}
    build = _build_of(name)
    found = []
    for argument, default in zip(build.args.kwonlyargs, build.args.kw_defaults, strict=True):
        kind, options = _shown_type(_type(argument.annotation, aliases))
        value = ast.literal_eval(default) if isinstance(default, ast.Constant | ast.Tuple) else None
        found.append({"name": argument.arg, "kind": kind, "options": options, "default": value})
    return about, found


def _shown_type(kind: Any) -> tuple[str, list[Any]]:  # noqa: ANN401
    if get_origin(kind) is Literal:
        return "choice", list(get_args(kind))
    if get_origin(kind) is tuple:
        return "list", []
    return {bool: "switch", int: "integer", float: "number"}.get(kind, "text"), []


def made_for_weights(name: str) -> bool:
    """Return whether a network was published with weights and scales its own input for them."""
    _refuse_unknown(name)
    return "OWN_SCALING = True" in map(ast.unparse, _tree(_files()[name]).body)


def needs_gpu(name: str, settings: Mapping[str, Any]) -> bool:
    """Return whether a network of these settings is too large to train on a processor.

    It is where the network has size settings (see `size_settings`) and none is below its default.
    """
    sizes = size_settings(name)
    usual = {one["name"]: one["default"] for one in settings_of(name)[1] if sizes}
    return bool(sizes) and all(settings.get(size, usual[size]) >= usual[size] for size in sizes)


def size_settings(name: str) -> tuple[str, ...]:
    """Return the settings that a network lists in `NEEDS_GPU`: a smaller one makes it small."""
    _refuse_unknown(name)
    for node in _tree(_files()[name]).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NEEDS_GPU":
            return ast.literal_eval(node.value)
    return ()


def from_imagenet(settings: Mapping[str, Any]) -> bool:
    """Return whether these settings load Keras' own ImageNet weights."""
    return settings.get("weights", "none") == "imagenet"


def kind_of_input(name: str) -> str:
    """Return `frames` or `flow`, by the axes of SMALLEST; empty where the source lacks it."""
    for node in _tree(_files()[name]).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SMALLEST":
            return KINDS[len(ast.literal_eval(node.value))]
    return ""


def check_settings(name: str, settings: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """Return the settings in their types; refuse an unknown network, setting or value."""
    _refuse_unknown(name, where)
    where = where or f"network {name}"
    for key in settings:
        if key not in setting_names(name):
            raise unknown(where, "setting", key, setting_names(name))
    aliases = {k: v for file in (*_shared(), _files()[name]) for k, v in _aliases(file).items()}
    fields = {a.arg: (_type(a.annotation, aliases), None) for a in _settings_of(name)}
    model = create_model("Settings", __config__=ConfigDict(extra="forbid"), **fields)
    try:
        checked = model(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise MerflowError(
            where,
            f"setting '{key}' cannot be {first['input']!r}",
            first["msg"],
            f"see the docstring of networks/{name}.py",
        ) from error
    return {key: getattr(checked, key) for key in settings}


def module(name: str) -> ModuleType:
    """Import and return the file of a network."""
    _refuse_unknown(name)
    return importlib.import_module(f"{networks.__name__}.{name}")


def build_network(
    name: str,
    shape: tuple[int, ...],
    classes: int,
    settings: Mapping[str, Any] | None = None,
    many_labels: bool = False,
) -> "keras.Model":
    """Build a new, untrained network.

    shape: (T, H, W, C) for frames, (H, W, 3) for flow, without the batch axis; classes: how many.
    The model takes (N, *shape) float32 and gives (N, classes) float32 probabilities, which sum to
    1 unless a clip may have several classes (many_labels).
    """
    checked = check_settings(name, settings or {})
    shape = tuple(int(side) for side in shape)
    check_shape(name, shape)
    if classes < 2 and not many_labels:
        raise MerflowError(f"network {name}", f"{classes} class", "at least two classes")
    blocks = importlib.import_module(f"{layers.__name__}.blocks")
    try:
        with blocks.many_labels(many_labels):
            return module(name).build(shape, classes, **checked)
    except ValueError as error:
        raise _does_not_fit(name, shape, classes, checked, error) from error
    except OSError as error:
        raise MerflowError(
            f"network {name}",
            f"its published weights could not be loaded ({str(error).splitlines()[0]})",
            "a network connection, or the file in ~/.keras/models",
            "copy the file there, or set `weights: none` to start from random initialisation",
            code=FAILED,
        ) from error


def check_shape(name: str, shape: tuple[int, ...]) -> None:
    """Refuse a shape the network cannot take; the message names the smallest it can."""
    smallest = module(name).SMALLEST
    axes = AXES[len(smallest)]
    expected = " x ".join(f"{axis} {side}" for axis, side in zip(axes, smallest, strict=True))
    if len(shape) != len(smallest):
        raise MerflowError(
            f"network {name}",
            f"cannot take input of shape {shape}",
            f"{len(smallest)} axes ({', '.join(axes)}), at least {expected}",
            f"name a preparation of `kind: {KINDS[len(smallest)]}`",
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
    """Return the error of settings that need more pixels than SMALLEST, with the smallest side."""
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


def _refuse_unknown(name: str, where: str = "") -> None:
    if name not in names():
        raise unknown(where or "networks", "network", name, names())


# -- read from the source


def _files() -> dict[str, Path]:
    found = (file for folder in networks.__path__ for file in Path(folder).glob("*.py"))
    return {file.stem: file for file in found if not file.stem.startswith("_")}


def _shared() -> list[Path]:
    return [file for folder in layers.__path__ for file in Path(folder).glob("*.py")]


def _settings_of(name: str) -> list[ast.arg]:
    """Return the keyword-only arguments of a network's `build`: its settings."""
    return _build_of(name).args.kwonlyargs


def _build_of(name: str) -> ast.FunctionDef:
    _refuse_unknown(name)
    for node in _tree(_files()[name]).body:
        if isinstance(node, ast.FunctionDef) and node.name == "build":
            return node
    raise MerflowError(
        f"networks/{name}.py",
        "has no function `build`",
        "build(shape, classes, *, settings) -> keras.Model",
        "see docs/add_a_network.md",
    )


def _type(annotation: ast.expr | None, aliases: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the type an annotation names, without running it; Any for what needs an import."""
    plain = {"int": int, "float": float, "bool": bool, "str": str, **aliases}
    match annotation:
        case ast.Name(name):
            return plain.get(name, Any)
        case ast.Subscript(ast.Name("Literal"), values):
            return Literal[ast.literal_eval(values)]
        case ast.Subscript(ast.Name("tuple"), ast.Tuple([inner, ast.Constant(value=last)])) if (
            last is ...
        ):
            return tuple[_type(inner, aliases), ...]
    return Any


def _aliases(file: Path) -> dict[str, Any]:
    """Return the names a file gives to its `Literal[...]` types."""
    return {
        ast.unparse(node.targets[0]): _type(node.value, {})
        for node in _tree(file).body
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Literal[")
    }


def _tree(file: Path) -> ast.Module:
    return _parsed(file.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> ast.Module:
    # Python 3.11 counts the depth of trees built at once in two threads as one, and raises a
    # SystemError when garbage collection switches threads (requests of the studio).
    with _PARSING:
        return ast.parse(text)
