"""The digest of a module's source: what it computes, without comments, docstrings and layout."""

import ast
import functools
import hashlib
from pathlib import Path

SOURCE = Path(__file__).parents[1]
OF_STAGES = ("merflow.stages",)
OF_NETWORKS = ("merflow.models.networks", "merflow.models.layers")


@functools.cache
def source_digest(module: str, within: tuple[str, ...]) -> str:
    """Return a 16-digit digest of a module and of what it imports of the packages `within`.

    Imports nothing: the sources are parsed. Comments, docstrings, formatting and file times do not
    count.
    """
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found and (file := _file(name)):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            waiting += [n for n in _imports(tree, name) if n.startswith(within)]
            found[name] = ast.unparse(_without_texts(tree))
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(f"{name}\n{found[name]}\n".encode())
    return digest.hexdigest()[:16]


def stage_digest(stage: str) -> str:
    """Return the digest of a stage's code, of the packages below `stages`."""
    name = "network_input" if stage == "interpolate" else stage
    return source_digest(f"merflow.stages.{name}", OF_STAGES)


def network_digest(network: str) -> str:
    """Return the digest of a network's code: its file and the shared layers it imports."""
    return source_digest(f"merflow.models.networks.{network}", OF_NETWORKS)


def _file(module: str) -> Path | None:
    """Return the file of a module of merflow; None for a name that is no module."""
    parts = module.split(".")[1:]
    place = SOURCE.joinpath(*parts)
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in files if parts and file.is_file()), None)


def _imports(tree: ast.Module, module: str) -> list[str]:
    """Return the names of all modules that a module may import, anywhere in it."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = module.split(".")[: -node.level]
                base = ".".join([*parent, base]) if base else ".".join(parent)
            # `from package import module` names a module; `from module import name` does not.
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return names


class _Plain(ast.NodeTransformer):
    """Drop texts that stand alone, such as docstrings, and `pass`."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Drop a text that stands alone."""
        alone = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if alone else node

    def visit_Pass(self, node: ast.Pass) -> None:
        """Drop `pass`, which does nothing; an empty body is written all the same."""


def _without_texts(tree: ast.Module) -> ast.Module:
    return _Plain().visit(tree)
