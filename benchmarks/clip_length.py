"""Peak memory and time of every stage on clips from a hundred frames to ten thousand.

One drawn face, played to and fro, is written as a video of each length and taken through the
commands that the workflow runs, each in a process of its own.

`python benchmarks/clip_length.py [--frames 100 1000 10000] [--method phase] [--full]`
"""

from merflow.config.settings import DatasetEntry
from merflow.datasets.catalogue import catalogue_text
from merflow.datasets.registry import read_dataset
from merflow.io.images import read_frames
from merflow.synthetic.generate import demo_dataset, write_dataset

import argparse
import os
import sys
import tempfile
from pathlib import Path

import cv2


def run(*words: object) -> tuple[float, float]:
    """Run a merflow command; return its CPU seconds and its peak resident memory (MB)."""
    command = [sys.executable, "-m", "merflow", *map(str, words)]
    pid = os.posix_spawn(sys.executable, command, os.environ)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command[2:])} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def drawn_face(folder: Path, small: bool) -> list:
    """Return the frames of one drawn clip, 640x480 or half that, uint8 RGB."""
    root = folder / "face"
    write_dataset(root, "smic", demo_dataset("smic").plan(subjects=1, clips=3, small=small))
    clip = read_dataset("smic", DatasetEntry(root=str(root))).clips[0]
    return list(read_frames(clip))


def write_clip(root: Path, frames: list, count: int) -> None:
    """Write a manifest of one video: the frames forwards and backwards until there are `count`."""
    root.mkdir()
    height, width = frames[0].shape[:2]
    code = cv2.VideoWriter.fourcc(*"mp4v")
    video = cv2.VideoWriter(str(root / "long.mp4"), code, 100.0, (width, height))
    turn = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    for number in range(count):
        video.write(cv2.cvtColor(frames[turn[number % len(turn)]], cv2.COLOR_RGB2BGR))
    video.release()
    (root / "manifest.csv").write_text("subject,clip,path,emotion\np1,long,long.mp4,happiness\n")


def stages(root: Path, method: str) -> dict[str, tuple[object, ...]]:
    """Return the commands of the workflow's stages for the clip in a folder, in order."""
    entry = DatasetEntry(root=str(root), reader="manifest")
    (root / "mine.json").write_text(catalogue_text(list(read_dataset("mine", entry).clips)))
    aligned, cropped, bigger = (root / f"{n}.h5" for n in ("aligned", "cropped", "x10"))
    return {
        "align": ("align", root / "mine.json", aligned, "--subject", "p1"),
        "crop": ("crop", aligned, cropped, "--catalogue", root / "mine.json"),
        "magnify": ("magnify", cropped, bigger, "--factor", 10, "--method", method),
        "interpolate": ("interpolate", bigger, root / "ten.h5"),
        "flow": ("flow", bigger, root / "flow.h5"),
    }


def main() -> None:
    """Print a row for each length: peak MB and CPU milliseconds a frame of every stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="*", default=[100, 1000, 10000])
    parser.add_argument("--method", default="phase")
    parser.add_argument("--full", action="store_true", help="640x480, not 320x240")
    parser.add_argument("--folder", type=Path, help="where the clips are kept while it runs")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as place:
        frames = drawn_face(Path(place), not chosen.full)
        for count in chosen.frames:
            root = Path(place) / str(count)
            write_clip(root, frames, count)
            for name, command in stages(root, chosen.method).items():
                seconds, peak = run(*command)
                cost = 1000 * seconds / count
                print(f"{count:6} frames  {name:<12} {peak:6.0f} MB {cost:7.2f} ms a frame")
            for file in root.iterdir():
                file.unlink()


if __name__ == "__main__":
    main()
