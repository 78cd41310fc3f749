"""The methods that an experiment can train, and what each uses."""

from typing import Literal

Method = Literal["keras", "lbptop_svm", "flow_svm", "flow_pixels_svm", "video_features", "command"]
SVMS = {"lbptop_svm": "frames", "flow_svm": "flow", "flow_pixels_svm": "flow"}
"""The SVMs, and the kind of preparation each takes."""

USED_BY_SVMS = {"class_weights", "svm", "threads", "inner_folds", "inner_support"}
"""Keys of `training` that an SVM uses; the inner folds are those of `nested`."""
USED_BY_FEATURES = USED_BY_SVMS - {"svm"} | {"features", "device"}
"""Keys of `training` that `video_features` uses."""
WITHOUT_EPOCHS = {**SVMS, "video_features": ""}
"""Methods with one fit on fixed features, and the kind of preparation each takes (empty: any)."""
