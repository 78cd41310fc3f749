"""442 flow pictures in every layout through the whole workflow, against a plain script.

    make field

The plain script reads the pictures with OpenCV, splits them by subject, divides by 255 and fits
scikit-learn's SVM; for ststnet it hands the same arrays to the network's own training.
"""

import merflow  # noqa: F401 - first: it chooses this process's arithmetic

# isort: split
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

import flow_layouts
import pandas as pd
from project import Project
from sklearn.metrics import f1_score
from sklearn.svm import SVC

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.models.factory import TrainingData, make_method
from merflow.workflow.train_fold import fold_seed

SVM = {"method": "flow_pixels_svm"}
NETWORK = {
    "network": "ststnet",
    "training": {"epochs": 2, "batch_size": 128, "learning_rate": 1e-3, "scaling": "none"},
}
CLASSES = flow_layouts.CLASSES


def plain_svm(pictures: list[flow_layouts.Made]) -> dict[ClipKey, int]:
    """Return the class that scikit-learn predicts for each clip, subject by subject."""
    x = np.stack([one.picture.ravel() / 255 for one in pictures])
    y = np.array([CLASSES.index(one.label) for one in pictures])
    found = {}
    for _, train, test in flow_layouts.folds(pictures):
        machine = SVC(kernel="linear", C=1).fit(x[train], y[train])
        found |= dict(
            zip([key_of(pictures[i]) for i in test], machine.predict(x[test]), strict=True)
        )
    return found


def plain_network(pictures: list[flow_layouts.Made]) -> dict[ClipKey, np.ndarray]:
    """Return the probabilities of ststnet trained on the pictures of the other subjects."""
    x = np.stack([one.picture for one in pictures])
    y = np.array([CLASSES.index(one.label) for one in pictures])
    keys = [key_of(one) for one in pictures]
    entry = Experiment(preparation="flow", collection="all", factors=("x1",), **NETWORK)
    found = {}
    for name, train, test in flow_layouts.folds(pictures):
        method = make_method(entry, CLASSES, fold_seed(0, name))
        fitted = method.fit(TrainingData(x[train], y[train], tuple(keys[i] for i in train)))
        found |= dict(zip([keys[i] for i in test], fitted.predict(x[test]), strict=True))
    return found


def key_of(one: flow_layouts.Made) -> ClipKey:
    """Return a picture's key."""
    return ClipKey(one.dataset, one.subject, one.clip)


def predicted(project: Project, experiment: str) -> tuple[dict[ClipKey, np.ndarray], float]:
    """Return each clip's probabilities of a run, and its UF1."""
    folder = project.path(f"results/runs/{experiment}/x1/seed0")
    table = pd.read_csv(folder / "pooled.csv", dtype={"subject": str, "clip": str})
    rows = table[[f"p_{name}" for name in CLASSES]].to_numpy()
    keys = [ClipKey(*row) for row in table[["dataset", "subject", "clip"]].to_numpy()]
    scores = pd.read_csv(folder / "scores.csv")
    return dict(zip(keys, rows, strict=True)), float(scores.query("part == 'full'")["uf1"].iloc[0])


def compare(
    layout: str, folder: Path, pictures: list[flow_layouts.Made], svm: dict, net: dict
) -> None:
    """Run one layout through the workflow; stop where it differs from the plain script."""
    root = folder / "pictures"
    flow_layouts.LAYOUTS[layout](root, pictures)
    project = Project(folder)
    project.config = flow_layouts.config(root, layout, svm=SVM, net=NETWORK)
    project.run("--cores", "2", "--quiet")
    for experiment, plain in (("svm", svm), ("net", net)):
        found, uf1 = predicted(project, experiment)
        assert found.keys() == plain.keys(), f"{layout}: other clips"
        keys = sorted(found)
        ours = [int(found[key].argmax()) for key in keys]
        theirs = [int(plain[key] if experiment == "svm" else plain[key].argmax()) for key in keys]
        assert ours == theirs, f"{layout}, {experiment}: other classes"
        if experiment == "net":
            apart = max(np.abs(found[key] - plain[key]).max() for key in keys)
            assert apart < 1e-8, f"{layout}: probabilities differ by {apart}"
        truth = {key_of(one): CLASSES.index(one.label) for one in pictures}
        score = f1_score([truth[key] for key in keys], theirs, average="macro")
        assert abs(score - uf1) < 1e-8, f"{layout}, {experiment}: UF1 {uf1}, plain {score}"
        print(f"{layout:<10} {experiment}: {len(keys)} clips equal, UF1 {uf1:.4f}", flush=True)


def main() -> None:
    """Compare every layout; `every` as the first argument takes each n-th subject only."""
    pictures = flow_layouts.made(every=int(sys.argv[1]) if sys.argv[1:] else 1)
    svm, net = plain_svm(pictures), plain_network(pictures)
    with tempfile.TemporaryDirectory() as folder:
        for layout in flow_layouts.LAYOUTS:
            place = Path(folder) / layout
            place.mkdir()
            compare(layout, place, pictures, svm, net)


if __name__ == "__main__":
    main()
