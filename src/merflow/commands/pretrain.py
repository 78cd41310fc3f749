"""`merflow pretrain`: train weights on other clips or stills, for experiments to start from."""

from pathlib import Path
from typing import Any

import numpy as np

from merflow import arithmetic, paths
from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.config.settings import Experiment
from merflow.datasets import labels
from merflow.datasets.subject_ids import canonical_names
from merflow.errors import unknown
from merflow.evaluation.fold_files import FoldFile
from merflow.io import records
from merflow.io.files import write_json
from merflow.io.packed import read_packed
from merflow.models.factory import make_method
from merflow.text import plural
from merflow.workflow import run_fingerprints
from merflow.workflow.plan import Plan
from merflow.workflow.train_fold import RunClips, fold_seed, save_training, training_data


def pretrain(name: str, *, config: Config) -> None:
    """Train the pretraining NAME on all its clips; write results/pretrained/NAME/.

    Examples:
        merflow pretrain stills --config results/config.yaml
        merflow pretrain videos --config config/transfer.yaml

    Args:
        name: Name of a pretraining in the config.
    """
    settings = load(config)
    if name not in settings.pretrainings:
        raise unknown(f"{config}: pretrainings", "pretraining", name, settings.pretrainings)
    plan = Plan.read(settings, fresh=False)
    entry = settings.pretrainings[name]
    members = sorted(settings.collections[entry.collection])
    classes = labels.classes(entry.scheme, settings, members)
    kept, named = plan.data.pretraining_clips(name)
    present = tuple(c for c in classes if c in set(named))
    out = Path(paths.PRETRAINED.format(pretraining=name))
    with records.job("pretrain", out / "run.json") as job:
        packed = read_packed(plan.pretrain_packed(name))
        clips = RunClips([packed], [entry.factor], "none")
        every = FoldFile(name, [clip.key for clip in kept], named, [])
        data = training_data(clips, every, present, canonical_names(settings))
        like = Experiment(
            network=entry.network,
            network_settings=entry.network_settings,
            preparation=entry.preparation,
            collection=entry.collection,
            training=entry.training,
        )
        arithmetic.check()
        fitted = make_method(like, present, fold_seed(entry.seed, name)).fit(data)
        facts = {
            **save_training(out, fitted, clips),
            "pretraining": name,
            "classes": list(present),
            "recipe": entry.model_dump(mode="json"),
            "train_clips": int(np.size(data.y)),
            **_left_out(plan, name),
            **fitted.facts,
        }
        write_json(out / "run.json", facts)
        rows = [[*clip.key, label] for clip, label in zip(kept, named, strict=True)]
        made = records.made_of(plan.pretrain_packed(name))
        made = run_fingerprints.pretraining(plan, name, rows, made.get("subjects", {}))
        job.done(made, [out / file for file in paths.FINAL_FILES])
    accuracy = fitted.history[-1].get("accuracy", float("nan"))
    print(f"{name}: {plural(len(data.y), 'clip')}, training accuracy {accuracy:.3f}")


def _left_out(plan: Plan, name: str) -> dict[str, Any]:
    """Return the tested subjects that the pretraining left out, for run.json."""
    if plan.settings.pretrainings[name].tested_subjects == "refuse":
        return {}
    clips = plan.data.left_out(name)
    subjects = sorted({"/".join(clip.key.subject_key) for clip in clips})
    return {"left_out": {"clips": len(clips), "subjects": subjects}}
