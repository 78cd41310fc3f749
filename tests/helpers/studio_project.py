"""A small project of generated faces after a run, and a studio over it."""

import contextlib
import http.client
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import yaml
from kept_records import keep_records
from starlette.requests import Request

from merflow.clip import Clip, ClipArrays
from merflow.commands.split import split
from merflow.config.loading import load
from merflow.datasets.catalogue import catalogue_text
from merflow.evaluation.fold_files import read_fold
from merflow.evaluation.predictions import Pooled, write_pooled
from merflow.evaluation.run_id import Run
from merflow.evaluation.score_table import About, score_rows, write_confusion, write_scores
from merflow.io.clip_store import Skipped, Store, write_store
from merflow.io.file_lock import LOCK
from merflow.io.files import write_text
from merflow.io.packed import read_packed, survey, write_packed
from merflow.stages.interpolate import interpolate_clip
from merflow.stages.network_input import prepare_clip
from merflow.synthetic import recording
from merflow.synthetic.clip import Difficulty
from merflow.workflow.final_model import train_final
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import score_run, scoring_job
from merflow.workflow.train_fold import RunClips, train_fold

ROOT = Path(__file__).parents[2]
SIDE = 128
CLASSES = ("negative", "positive", "surprise")
HISTORY = "epoch,loss,accuracy,learning_rate\n1,1.2,0.3,0.001\n2,0.9,0.5,0.001\n3,0.7,0.6,0.001\n"


def build(folder: Path) -> None:
    """Write faces, config, catalogue, cropped stores and one scored run."""
    command = [sys.executable, "-m", "merflow", "demo", "faces", "--small"]
    done = subprocess.run(
        [*command, "--subjects", "2", "--clips", "3"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    config = yaml.safe_load((ROOT / "config/quick.yaml").read_text())
    for name in config["datasets"]:
        config["datasets"][name]["root"] = f"faces/{name}"
    config["experiments"]["svm"] = {
        "method": "lbptop_svm", "preparation": "grey32", "factors": [1], "collection": "composite",
        "training": {"svm": {"blocks": 2, "radii": [1, 1, 2]}},
    }  # fmt: skip
    write_text(folder / "config/config.yaml", yaml.safe_dump(config, sort_keys=False))
    with contextlib.chdir(folder):
        plan = Plan.read(load("config/config.yaml"))
        for name, clips in plan.data.clips.items():
            write_text(f"results/catalogue/{name}.json", catalogue_text(clips))
            for subject in plan.data.subjects(name):
                _store(name, subject, [c for c in clips if c.key.subject == subject])
        keep_records()
        for factor in ("x1", "x10"):
            _run(plan, factor)
        _svm(plan)
        keep_records()


def _store(dataset: str, subject: str, clips: list[Clip]) -> None:
    """Write a subject's clips as squares of the raw frames; one clip is skipped."""
    made: list[ClipArrays | Skipped] = [_cropped(clip) for clip in clips]
    if (dataset, subject) == ("smic", "s03"):
        made[-1] = Skipped(*clips[-1].key, "align", "no face was found")
    write_store(f"results/grey32/cropped/{dataset}/{subject}.h5", "crop", made, {}, {})


def _cropped(clip: Clip) -> ClipArrays:
    frames = [
        cv2.imread(str(Path(clip.folder) / file), cv2.IMREAD_GRAYSCALE) for file in clip.files
    ]
    frames = np.stack([_square(frame) for frame in frames])
    numbers = np.asarray(clip.numbers)
    apex = None if clip.apex is None else int(np.argmin(np.abs(numbers - clip.apex)))
    return ClipArrays(clip.key, frames[..., None], clip.fps, numbers, 0, apex, len(frames) - 1)


def _square(frame: np.ndarray) -> np.ndarray:
    """Return the middle of a frame, which shows the face, (SIDE, SIDE)."""
    side = round(0.8 * min(frame.shape))
    top, left = ((length - side) // 2 for length in frame.shape)
    part = frame[top : top + side, left : left + side]
    return cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _run(plan: Plan, factor: str) -> None:
    """Write a scored run with correct predictions for two of three clips."""
    data = plan.data.labelled("quick")
    truth = np.array([CLASSES.index(name) for name in data.labels])
    predicted = np.where(np.arange(len(truth)) % 3 == 0, (truth + 1) % 3, truth)
    chances = np.full((len(truth), 3), 0.15)
    chances[np.arange(len(truth)), predicted] = 0.7
    keys = tuple(clip.key for clip in data.clips)
    folds = tuple(f"{key.dataset}-{key.subject}" for key in keys)
    table = Pooled.of(keys, CLASSES, truth, predicted, folds, chances)
    run = f"results/runs/quick/{factor}/seed0"
    about = About("quick", "cnn3d", "grey32", factor, 0, "composite", "three")
    write_pooled(f"{run}/pooled.csv", table)
    write_confusion(f"{run}/confusion.csv", table)
    write_scores(f"{run}/scores.csv", score_rows(table, about, resamples=100))
    for fold in set(folds):
        write_text(f"{run}/{fold}/history.csv", HISTORY)
        write_text(f"{run}/{fold}/predictions.csv", "dataset,subject,clip,p_negative\n")


def _svm(plan: Plan) -> None:
    """Train the folds and the final model of an SVM on the cropped clips, as the workflow does."""
    run, made, prepared = Run("svm", "x1", 0), [], plan.prepared("grey32", "x1", "composite")
    for path in map(Path, prepared):
        source = Path(f"results/grey32/cropped/{path.parent.name}/{path.name}")
        with Store(source) as store:
            preparation = plan.settings.preparations["grey32"]
            rows = [prepare_clip(clip, preparation, interpolate_clip) for clip in store]
            write_store(path, "interpolate", [*rows, *store.skipped], {}, {})
        made.append(path)
    keep_records()
    (pack,) = map(Path, plan.packed("svm", "x1"))
    write_packed(pack, survey(made), {})
    keep_records()
    split("svm", config=Path("config/config.yaml"))
    run_clips = RunClips([read_packed(pack)], ["x1"], "none")
    for path in map(Path, plan.fold_files("svm")):
        train_fold(plan, run, run_clips, read_fold(path), Path(run.folder) / path.stem)
    with scoring_job(Path(run.folder), plan):
        score_run(Path(run.folder), plan)
    train_final(plan, run, run_clips, Path(run.folder) / "final")


def draw_recording(folder: Path) -> Path:
    """Generate a short uncut recording with an expression of half a second."""
    hard = Difficulty(amplitude_px=(2.5, 3.0))
    planned = recording.plan(0, 3, hard, small=True, expressions=1)
    return recording.write_recording(folder, planned)


def long_clip(folder: Path, count: int = 150, side: int = 64) -> Path:
    """Replace smic/s01/s01_ne_01 by a clip of `count` different frames."""
    path = folder / "results/grey32/cropped/smic/s01.h5"
    with Store(path) as store:
        clips = list(store)
    place = next(i for i, clip in enumerate(clips) if clip.key.clip == "s01_ne_01")
    noise = np.random.default_rng(5).integers(0, 256, (count, side, side, 1), np.uint8)
    first = int(clips[place].numbers[0])
    clips[place] = ClipArrays(
        clips[place].key, noise, 200.0, np.arange(first, first + count), 0, None, count - 1
    )
    path.unlink()
    write_store(path, "crop", clips, {}, {})
    with contextlib.chdir(folder):
        keep_records(again=True)
    return folder


class Studio:
    """`merflow studio` in a separate process; `address`: the address that it printed."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        # Not the home folder: tests see what is below the project's.
        browse = () if "--browse" in words else ("--browse", str(folder.parent))
        command = [sys.executable, "-m", "merflow", "studio", "--root", str(folder)]
        command += [*browse, *words]
        self.log = open(folder.parent / f"{folder.name}.log", "a+")  # noqa: SIM115
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, text=True, cwd="/"
        )
        self.address = re.search(r"http://\S+", self.process.stdout.readline() or "no address")[0]
        self.host = re.search(r"//([^/]+)/", self.address)[1]
        self.port = int(self.host.rsplit(":", 1)[1])
        self.token = self.address.split("#token=")[1]

    def ask(self, path: str, method: str = "GET", body: object = None, **headers: str | None):
        """Send a request as it stands; a header given as None is left out."""
        sent = {"Host": self.host, "X-Merflow-Token": self.token}
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        if data is not None and "Content-Length" not in sent:
            sent["Content-Length"] = str(len(data))
        for name, value in sent.items():
            if value is not None:
                line.putheader(name, value)
        line.endheaders()
        # A refusal may come before the body has gone out.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if data:
                line.send(data)
        answer = line.getresponse()
        answer.content = answer.read()
        line.close()
        return answer

    def json(self, path: str, *words, **headers):
        answer = self.ask(path, *words, **headers)
        assert answer.status == 200, answer.content
        return json.loads(answer.content)

    def terminal_output(self) -> str:
        """Return the end of what its terminal shows."""
        return Path(self.log.name).read_text()[-4000:]

    def close(self, sign: int = signal.SIGTERM) -> int:
        self.process.send_signal(sign)
        code = self.process.wait(60)
        self.process.stdout.close()
        self.log.close()
        return code


def state(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every small file of a project; for images and stores only the names."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.suffix != ".h5" else b""
        for path in folder.rglob("*")
        if path.is_file() and path.name != LOCK and "faces" not in path.relative_to(folder).parts
    }


def asked(path: str, query: str = "", **names: str) -> Request:
    """Return a request as a handler is given it; names: path parameters."""
    scope = {"type": "http", "method": "GET", "path": path, "path_params": names, "headers": []}
    return Request(scope | {"query_string": query.encode()})


def copy(folder: Path, target: Path) -> Path:
    return Path(shutil.copytree(folder, target, symlinks=True))
