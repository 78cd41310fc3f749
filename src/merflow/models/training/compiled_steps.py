"""The compiled training step, kept for the folds of a job that train the same network.

Tracing and compiling a step takes as long as several epochs of a small network. A fold's own, new
network gives its weights and random states to a copy that is compiled already, and takes the
trained weights back: a fold gives the same bytes with a kept copy as with a new one.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import keras

from merflow.models.training import backend

LARGEST = 4_000_000
"""Parameters of a network worth a copy; a larger one trains much longer than it compiles."""


@dataclass(frozen=True)
class Compiled:
    """A compiled network and the function that trains it, of `backend.steps`."""

    model: keras.Model
    steps: Callable


_kept: dict[Hashable, Compiled] = {}
"""At most one, by what its compiled step depends on."""


def compiled(
    model: keras.Model,
    key: Hashable,
    build: Callable[[], keras.Model],
    compile_network: Callable[[keras.Model], None],
) -> Compiled:
    """Return a compiled network with the weights and random states of `model`, a new network.

    key: everything that the step depends on, None to compile `model` itself; build: builds the
    network once more; compile_network: compiles it with a new optimiser.
    """
    if key is None or model.count_params() > LARGEST:
        compile_network(model)
        return Compiled(model, backend.steps(model))
    if key not in _kept:
        _kept.clear()
        copy = build()
        compile_network(copy)
        _kept[key] = Compiled(copy, backend.steps(copy))
    found = _kept[key]
    copy_values(model, found.model)
    for variable in found.model.optimizer.variables:
        if variable.name != "learning_rate":
            variable.assign(keras.ops.zeros_like(variable))
    return found


def kept(key: Hashable) -> bool:
    """Return whether a compiled network of this key is kept."""
    return key in _kept


def copy_values(source: keras.Model, target: keras.Model) -> None:
    """Copy all weights and random states of a network to one built in the same way."""
    if source is not target:
        for given, taken in zip(source.variables, target.variables, strict=True):
            taken.assign(given)
