"""System A's R(2+1)D: `r3d18` with each convolution split into one over space and one over time.

Source: as of `r3d18`, which describes faults and corrections. Layers of torchvision's
`r2plus1d_18` (Tran et al. 2018), plus system A's options.

Input: (T, H, W, C) frames; (T, 224, 224, 3) there. 31,327,014 parameters with three classes and
three channels, 31,301,664 of them trained; the published 31,505,325 (400 classes) counts those.
"""

import keras

from merflow.models.layers.resnet3d import ChannelAttention, build_resnet

SMALLEST = (1, 4, 4, 1)
OWN_SCALING = True


def build(
    shape: tuple[int, int, int, int],
    classes: int,
    *,
    dropout: float = 0.0,
    spatial_attention: bool = False,
    channel_attention: ChannelAttention = "none",
    outline_mask: bool = False,
    stem_pool: bool = True,
    filters: int = 64,
) -> keras.Model:
    """Build the network.

    dropout: of whole channels after each of the four layers; spatial_attention: after the third;
    channel_attention: none, map, or pooled (released); outline_mask: features outside the face's
    outline are zero; stem_pool: system A's extra pooling, which torchvision lacks;
    filters: of the first layer, doubled by each of the next three (published weights need 64).
    """
    return build_resnet(
        "r2plus1d18",
        shape,
        classes,
        dropout,
        spatial_attention,
        channel_attention,
        outline_mask,
        stem_pool,
        filters,
    )
