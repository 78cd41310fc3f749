"""Flow as an 8-bit picture, in the form that circulates: each channel over its own range."""

import numpy as np


def flow_picture(flow: np.ndarray) -> np.ndarray:
    """Return flow (H, W, 3) as (H, W, 3) uint8: every channel from its least (0) to its most (255).

    The strength of the motion and the grey level of no motion are lost. A channel that is the same
    everywhere is 0. A uint8 picture passes unchanged.
    """
    if flow.dtype == np.uint8:
        return flow
    wide = flow.astype(np.float64)
    least, most = wide.min((0, 1)), wide.max((0, 1))
    spread = np.where(most > least, most - least, 1.0)
    return np.rint((wide - least) / spread * 255).astype(np.uint8)
