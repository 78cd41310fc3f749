"""Optical flow by published methods of OpenCV, with the settings that the field uses.

They take the images as they are, in whole grey levels: a change of light counts as motion, other
than in merflow's own method (`stages.flow`). docs/flow.md compares them on known motion.
"""

from collections.abc import Callable

import cv2
import numpy as np

from merflow.errors import FAILED, MerflowError
from merflow.stages.resample import to_bytes


def tvl1(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the motion (H, W, 2) float32 px by TV-L1 (Zach, Pock and Bischof 2007).

    first, last: (H, W) uint8. The settings are those of the closest public recipe of the flow
    images that networks of the field train on; OpenCV's own differ in scale step and gamma.
    """
    if not hasattr(cv2, "optflow"):
        raise MerflowError(
            "flow.method: tvl1",
            "this OpenCV comes without cv2.optflow",
            "the package opencv-contrib-python, which holds all of opencv-python too",
            "pip uninstall opencv-python, then pip install opencv-contrib-python",
            code=FAILED,
        )
    method = cv2.optflow.DualTVL1OpticalFlow_create(
        tau=0.25,
        lambda_=0.15,
        theta=0.3,
        nscales=5,
        warps=5,
        epsilon=0.01,
        innnerIterations=30,
        outerIterations=10,
        scaleStep=0.5,
        gamma=0.1,
        medianFiltering=5,
    )
    return method.calc(first, last, None)


def farneback(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the motion (H, W, 2) float32 px by polynomial expansion (Farneback 2003)."""
    return cv2.calcOpticalFlowFarneback(first, last, None, 0.5, 5, 15, 3, 5, 1.2, 0)


def dis(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the motion (H, W, 2) float32 px by dense inverse search (Kroeger et al. 2016).

    OpenCV's preset `medium`, down to the full resolution.
    """
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    method.setFinestScale(0)
    return method.calc(first, last, None)


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "tvl1": tvl1,
    "farneback": farneback,
    "dis": dis,
}


def field_by(method: str, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the displacement from `first` to `last`, (S, S, 2) float32 px.

    first, last: (S, S) luma, float32, rounded to whole grey levels here.
    """
    return METHODS[method](to_bytes(first), to_bytes(last)).astype(np.float32)
