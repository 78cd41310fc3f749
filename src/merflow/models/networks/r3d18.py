"""System A's R3D: an 18-layer residual network with 3 x 3 x 3 convolutions.

Source: takuphilchan, "3D CNN Micro Expression Recognition Algorithm" (public code of 2024), on
torchvision's `r3d_18` (Tran et al. 2018). Its twelve named configurations are this network and
`r2plus1d18` with the settings listed in `layers.resnet3d.CONFIGURATIONS`.

What the released code does: the training script as committed cannot run (a module is called); both
folds share one set of validation subjects, and only the heads are new in each fold; the checkpoint
is chosen on the reported set; mirrored copies of a clip are on both sides; colour changes are drawn
per frame. It publishes no accuracy. Corrected outside the network: folds, new weights, one draw per
clip. Corrected here: channel attention came after the global pool, where its two inputs are the
same vector; `channel_attention: map` takes them from the feature map, `pooled` is the released
form. Its frames are 0..1 and BGR, without the scaling that its Kinetics weights were trained with;
here the input has this scaling. MediaPipe inside the network made the outline mask; here it is read
from the black pixels of the crop stage (`crop.hull_mask: true`). There is no padding mask: all
clips have one length.

Weights: untrained, unless `training.start_weights` names a converted torchvision file (see
`merflow.models.training.torchvision_weights`) or the experiment a pretraining. merflow ships none.

Input: (T, H, W, C) frames; (T, 224, 224, 3) there. 33,177,411 parameters with three classes and
three channels, 33,167,811 of them trained; the published 33,371,472 (400 classes) counts those.
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
        "r3d18",
        shape,
        classes,
        dropout,
        spatial_attention,
        channel_attention,
        outline_mask,
        stem_pool,
        filters,
    )
