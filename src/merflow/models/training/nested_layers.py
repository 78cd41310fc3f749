"""The layers of a model in order, those of nested models in their place."""

from collections.abc import Iterator

import keras


def leaf_layers(model: keras.Model) -> Iterator[keras.Layer]:
    """Yield every layer that is not itself a model."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaf_layers(layer)
        else:
            yield layer
