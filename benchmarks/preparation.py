"""CPU time and peak memory of one clip from its files to network input, for x1, x10, x25 and x50.

Drawn faces as 2040 x 1088 grey JPEGs (eyes 180 px apart, as SAMM) and as 640 x 480 colour JPEGs
(120 px). One thread; CPU time, because machines are shared.
`python benchmarks/preparation.py [--methods phase lagrangian] [--rounds 3] [--before CHECKOUT]`
With --before, the code of another checkout runs in turn with this one.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from head_truth import HAPPY, arrays_of, demo_clip

FRAMES = 60
SIZES = {"2040 x 1088 grey": (2040, 1088, 180.0), "640 x 480 colour": (640, 480, 120.0)}
STAGES = ("align", "crop", "magnify", "interpolate")
CHILD = """
import merflow
import json, sys, time
from pathlib import Path
import cv2
from merflow.clip import Clip, ClipKey
from merflow.config.settings import Align, Crop, Magnify, Preparation
from merflow.io.frame_folder import read_clip
from merflow.stages import magnify
from merflow.stages.align import align_clip
from merflow.stages.crop import crop_clip
from merflow.stages.interpolate import interpolate_clip
from merflow.stages.network_input import prepare_clip
from merflow.workflow.face_finder import load_finder

cv2.setNumThreads(1)
folder, method = Path(sys.argv[1]), sys.argv[2]
names = tuple(sorted(p.name for p in folder.iterdir()))
clip = Clip(ClipKey("d", "s", "c"), str(folder), names, tuple(range(len(names))), 200.0, "x")
finder = load_finder(5)
spent, chosen, factors = {}, Magnify(method=method), (10.0, 25.0, 50.0)
together = getattr(magnify, "magnify_together", None)

def timed(stage, work, *given):
    start = time.process_time()
    done = work(*given)
    spent[stage] = spent.get(stage, 0) + time.process_time() - start
    return done

# The files are read in align, and after it in crop, where crop takes raw frames.
aligned = timed("align", lambda: align_clip(read_clip(clip), Align(), finder))
cropped = timed("crop", crop_clip, aligned, Crop())
del aligned
if together:
    made = timed("magnify", together, cropped, chosen, factors)
else:
    made = [timed("magnify", magnify.magnify_clip, cropped, chosen, f) for f in factors]
for one in (cropped, *made):
    timed("interpolate", prepare_clip, one, Preparation(), interpolate_clip)
peak = next(l.split()[1] for l in open("/proc/self/status") if l.startswith("VmHWM"))
print(json.dumps({**spent, "peak": int(peak) / 1024}))
"""


def write_frames(folder: Path, width: int, height: int, eyes: float, grey: bool) -> None:
    """Write the frames of a drawn face in the middle of pictures of a size."""
    frames = arrays_of(demo_clip(HAPPY, 3, FRAMES, 0.6)).frames
    scale = eyes / 78
    for number, frame in enumerate(frames):
        large = cv2.resize(frame, None, None, scale, scale, cv2.INTER_CUBIC)
        rows, columns = large.shape[:2]
        top, left = max(0, (rows - height) // 2), max(0, (columns - width) // 2)
        large = large[top : top + height, left : left + width]
        down, across = height - large.shape[0], width - large.shape[1]
        room = (down // 2, down - down // 2, across // 2, across - across // 2)
        whole = cv2.copyMakeBorder(large, *room, cv2.BORDER_REPLICATE)
        noise = np.random.default_rng(number).normal(0, 1.5, whole.shape[:2])[..., None]
        whole = np.clip(np.rint(whole + noise), 0, 255).astype(np.uint8)
        code = cv2.COLOR_RGB2GRAY if grey else cv2.COLOR_RGB2BGR
        quality = (cv2.IMWRITE_JPEG_QUALITY, 95)
        cv2.imwrite(str(folder / f"{number:04d}.jpg"), cv2.cvtColor(whole, code), quality)


def run(folder: Path, method: str, source: Path) -> dict[str, float]:
    """Return the CPU seconds of each stage and the peak memory (MB) of one process."""
    command = [sys.executable, "-c", CHILD, str(folder), method]
    env = os.environ | {"PYTHONPATH": str(source)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print one row for each size, method and checkout: seconds by stage, ms a frame, MB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", default=["phase", "lagrangian", "linear"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--before", type=Path)
    options = parser.parse_args()
    sources = {"now": Path(__file__).parents[1] / "src"}
    if options.before:
        sources = {"before": options.before.resolve() / "src", **sources}
    print(f"| size | method | code | {' | '.join(STAGES)} | all | ms a frame | MB |")
    print("|---|---|---|" + "---|" * (len(STAGES) + 3))
    for size, (width, height, eyes) in SIZES.items():
        with tempfile.TemporaryDirectory() as name:
            write_frames(Path(name), width, height, eyes, "grey" in size)
            for method in options.methods:
                rounds = [
                    {code: run(Path(name), method, source) for code, source in sources.items()}
                    for _ in range(options.rounds)
                ]
                for code in sources:
                    spent = [min(one[code][stage] for one in rounds) for stage in STAGES]
                    cells = " | ".join(f"{seconds:.2f}" for seconds in (*spent, sum(spent)))
                    peak = min(one[code]["peak"] for one in rounds)
                    print(
                        f"| {size} | {method} | {code} | {cells} | "
                        f"{1000 * sum(spent) / FRAMES:.0f} | {peak:.0f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
