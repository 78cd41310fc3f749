"""Real portraits with exactly known motion, as a camera and a codec leave them.

A lip corner and the opposite brow of a portrait move from onset to apex and back; light drifts,
the sensor adds noise, the frames are compressed. The truth comes from a cubic spline of the
portrait. The portraits are files of packages on the index, fetched by pip into a cache outside the
repository: scikit-image's astronaut and two test pictures of face_recognition's source. A folder
that already holds both downloads can be named in REAL_FACES.

`python benchmarks/real_faces.py [--faces astronaut biden obama] [--px 0.1 0.2 0.5]
[--factors 10 25 50] [--noise 1.5] [--compression none jpeg95 h264-23 ...] [--at 256 camera]`;
about 10 s per face, displacement and compression.
"""

from merflow.config.settings import Magnify
from merflow.stages.magnify import magnify_frames
from merflow.workflow.face_finder import load_finder

import argparse
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np
from motion_truth import luma, match_shift, ssim, unit
from scipy import ndimage

METHODS = ("linear", "phase", "lagrangian")
FACES = ("astronaut", "biden", "obama")
PACKAGES = {"scikit_image": "scikit-image==0.26.0", "face_recognition": "face_recognition==1.3.0"}
SIZE, EYES = 256, 69.0
"""Side of a working frame and distance of the eyes in it, px."""
LENGTH, APEX, FPS = 64, 28, 200.0
CENTRE = np.array([128.0, 98.0])
"""Place of the middle between the eyes, x and y."""
PATCHES = (
    (CENTRE + np.array([0.36, 1.12]) * EYES, 20.0, np.deg2rad(-50)),
    (CENTRE - np.array([0.52, 0.32]) * EYES, 22.0, np.deg2rad(-85)),
)
"""Middle, standard deviation and direction of the lip corner's and the brow's motion, px."""
DRIFT = (0.004, 1.5)
"""Change of gain and offset (grey levels) of the light by the end of the clip."""
COMPRESSIONS = ("none", "jpeg95", "jpeg90", "jpeg75", "h264-18", "h264-23", "h264-28")
PLACES = ("256", "camera")
"""Where the frames are compressed: as working frames, or twice as large and then reduced."""


def downloads() -> Path:
    """Return the folder with both packages' files, downloaded by pip if they are missing."""
    default = Path.home() / ".cache" / "merflow-benchmarks"
    folder = Path(os.environ.get("REAL_FACES") or default)
    for name, wanted in PACKAGES.items():
        if not list(folder.glob(f"{name}-*")):
            kind = ["--only-binary" if name == "scikit_image" else "--no-binary", ":all:"]
            command = [sys.executable, "-m", "pip", "download", "--no-deps", *kind, "-d"]
            subprocess.run([*command, str(folder), wanted], check=True)
    return folder


@cache
def portrait(name: str) -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB portrait."""
    if name == "astronaut":
        with zipfile.ZipFile(next(downloads().glob("scikit_image-*.whl"))) as wheel:
            data = wheel.read("skimage/data/astronaut.png")
    else:
        with tarfile.open(next(downloads().glob("face_recognition-*.tar.gz"))) as source:
            path = f"face_recognition-1.3.0/tests/test_images/{name}.jpg"
            data = source.extractfile(path).read()
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].copy()


@cache
def placed(name: str, scale: int) -> np.ndarray:
    """Return the face, (SIZE, SIZE, 3) float64 times `scale`, with its eyes EYES * scale apart."""
    picture = portrait(name)
    points = load_finder().find(picture).landmarks.astype(np.float64)
    left, right = sorted((points[:2].mean(axis=0), points[2:4].mean(axis=0)), key=lambda p: p[0])
    turn = (right - left) / np.linalg.norm(right - left) ** 2 * EYES * scale
    place = np.array([[turn[0], turn[1], 0.0], [-turn[1], turn[0], 0.0]])
    # OpenCV's pixels have their centres at whole coordinates, at every size.
    middle = (CENTRE + 0.5) * scale - 0.5
    place[:, 2] = middle - place[:, :2] @ ((left + right) / 2)
    shrink = float(np.hypot(*turn))
    if shrink < 1:  # prefiltered, so that reducing a large portrait adds no false detail
        picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.45 / shrink)
    face = cv2.warpAffine(
        picture.astype(np.float32),
        place,
        (SIZE * scale, SIZE * scale),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.clip(face, 0, 255).astype(np.float64)


@dataclass(eq=False)
class MovingPortrait:
    """A portrait in motion, seen by a camera `scale` times as fine as the working frames."""

    name: str
    scale: int
    splines: list[np.ndarray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        picture = placed(self.name, self.scale)
        planes = [*np.moveaxis(picture, 2, 0), luma(picture)]
        self.splines = [ndimage.spline_filter(plane, order=3, mode="mirror") for plane in planes]

    def points(self) -> np.ndarray:
        """Return the (2, H, W) y and x of the camera's pixels, in px of working frames."""
        side = SIZE * self.scale
        return (np.mgrid[0:side, 0:side].astype(np.float64) + 0.5) / self.scale - 0.5

    def planes(self, shift: float, which: slice) -> np.ndarray:
        """Return (n, H, W) camera planes (R, G, B, luma) with the patches moved by `shift` px."""
        planes = np.stack([np.clip(_sampled(s, None), 0, 255) for s in self.splines[which]])
        if not shift:
            return planes
        points = self.points()
        near = np.sum(np.square(displacement(points)), axis=0) > (1e-4 / abs(shift)) ** 2
        reach = ndimage.binary_dilation(near, iterations=round(abs(shift) * self.scale) + 2)
        wanted = points[:, reach]
        source = wanted
        for _ in range(4 if abs(shift) < 0.5 else 40):
            source = wanted - shift * displacement(source)
        where = (source + 0.5) * self.scale - 0.5
        for plane, spline in zip(planes, self.splines[which], strict=True):
            plane[reach] = np.clip(_sampled(spline, where), 0, 255)
        return planes

    def luma(self, shift: float) -> np.ndarray:
        """Return the true (SIZE, SIZE) float64 luma of a working frame, without any noise."""
        return reduced(self.planes(shift, slice(3, 4))[0])

    def recorded(self, px: float, noise: float, seed: int = 0) -> list[np.ndarray]:
        """Return the camera's uint8 frames of a motion of `px` working px, not compressed."""
        rng, frames = np.random.default_rng(seed), []
        for time, share in enumerate(course()):
            frame = np.moveaxis(self.planes(px * share, slice(3)), 0, 2)
            gain, offset = np.array(DRIFT) * time / (LENGTH - 1)
            frame = (1 + gain) * frame + offset + rng.normal(0, noise or 1e-9, frame.shape)
            frames.append(np.clip(np.rint(frame), 0, 255).astype(np.uint8))
        return frames

    def clip(self, px: float, noise: float, compression: str, seed: int = 0) -> np.ndarray:
        """Return the (LENGTH, SIZE, SIZE, 3) uint8 clip of a motion of `px` working px."""
        frames = compressed(self.recorded(px, noise, seed), compression)
        return np.stack([reduced(frame) for frame in frames])


def _sampled(spline: np.ndarray, where: np.ndarray | None) -> np.ndarray:
    """Return the values of a cubic spline at (2, n) pixel coordinates; without, at all pixels."""
    if where is None:
        where = np.indices(spline.shape)
    return ndimage.map_coordinates(spline, where, order=3, prefilter=False, mode="mirror")


def reduced(frame: np.ndarray) -> np.ndarray:
    """Return a camera frame or plane at working size, averaged over areas."""
    if len(frame) == SIZE:
        return frame
    return cv2.resize(frame, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def displacement(points: np.ndarray) -> np.ndarray:
    """Return the (2, ...) displacement y, x for a motion of 1 px at onset points y, x."""
    total = np.zeros_like(points)
    for (x, y), spread, angle in PATCHES:
        share = np.exp(-((points[0] - y) ** 2 + (points[1] - x) ** 2) / (2 * spread**2))
        total += share * np.array([np.sin(angle), np.cos(angle)]).reshape(2, *[1] * share.ndim)
    return total


@cache
def moving() -> np.ndarray:
    """Return the (SIZE, SIZE) mask of working pixels that move by more than .35 of the largest."""
    points = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64)
    return np.hypot(*displacement(points)) > 0.35


def course() -> np.ndarray:
    """Return the (LENGTH,) time course, 0..1: a smooth rise to APEX and a fall to the offset."""
    times = np.arange(LENGTH)
    rise, fall = times / APEX, (LENGTH - 1 - times) / (LENGTH - 1 - APEX)
    return np.sin(np.pi / 2 * np.minimum(rise, fall)) ** 2


def compressed(frames: list[np.ndarray], compression: str) -> list[np.ndarray]:
    """Return RGB uint8 frames after one of COMPRESSIONS."""
    kind, _, quality = compression.replace("jpeg", "jpeg-").partition("-")
    if kind == "jpeg":
        flags = [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
        files = [cv2.imencode(".jpg", frame[..., ::-1], flags)[1] for frame in frames]
        return [cv2.imdecode(file, cv2.IMREAD_COLOR)[..., ::-1] for file in files]
    return through_h264(frames, quality) if kind == "h264" else frames


def through_h264(frames: list[np.ndarray], crf: str) -> list[np.ndarray]:
    """Return RGB uint8 frames after H.264 with a constant rate factor, as yuv420p."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=round(FPS), options={"crf": crf})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@cache
def moving_portrait(name: str, at: str = "256") -> MovingPortrait:
    """Return one of FACES; at: one of PLACES."""
    return MovingPortrait(name, 2 if at == "camera" else 1)


def scene(name: str, px: float, noise: float, compression: str, at: str) -> np.ndarray:
    """Return the (LENGTH, SIZE, SIZE, 3) uint8 clip at FPS with its onset at 0."""
    return moving_portrait(name, at).clip(px, noise, compression)


@lru_cache(maxsize=8)
def ruler(name: str, at: str, largest: float) -> tuple[np.ndarray, np.ndarray]:
    """Return shifts (px) up to `largest` and the unit rows of the moving region at each."""
    truth, step = moving_portrait(name, at), max(0.25, largest / 100)
    grid = np.arange(-6, int(np.ceil(largest / step)) + 1) * step
    rows = np.stack([unit(truth.luma(shift)[moving()]) for shift in grid])
    return grid, rows.astype(np.float32)


def score(frame: np.ndarray, name: str, at: str, asked: float) -> dict[str, float]:
    """Return gain and ssim, in the moving region, of an apex frame that should move `asked` px."""
    true, seen = moving_portrait(name, at).luma(asked), luma(frame)
    gain, offset = 1 + DRIFT[0] * APEX / (LENGTH - 1), DRIFT[1] * APEX / (LENGTH - 1)
    found = match_shift(*ruler(name, at, 1.3 * asked + 1), seen[moving()])
    return {"gain": found / asked, "ssim": ssim(gain * true + offset, seen, moving())}


def main() -> None:
    """Print gain / SSIM of every method, one row per face, motion, compression and factor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", nargs="+", default=FACES)
    parser.add_argument("--px", type=float, nargs="+", default=[0.1, 0.2, 0.5])
    parser.add_argument("--factors", type=float, nargs="+", default=[10, 25, 50])
    parser.add_argument("--noise", type=float, nargs="+", default=[1.5])
    parser.add_argument("--compression", nargs="+", default=["none"], choices=COMPRESSIONS)
    parser.add_argument("--at", nargs="+", default=["256"], choices=PLACES)
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    options = parser.parse_args()
    methods = options.methods
    print("| face | px | noise | compression | at | factor | input | " + " | ".join(methods) + " |")
    print("|---|" + "---|" * (6 + len(methods)))
    cells = [
        (name, px, noise, compression, at)
        for name in options.faces
        for px in options.px
        for noise in options.noise
        for compression in options.compression
        for at in (options.at if compression != "none" else options.at[:1])
    ]
    for cell in cells:
        frames = scene(*cell)
        for factor in options.factors:
            row(cell, frames, factor, methods)


def row(cell: tuple, frames: np.ndarray, factor: float, methods: list[str]) -> None:
    """Print one row: gain / SSIM, and the factor said over that asked in brackets."""
    name, px, _, _, at = cell
    parts = [" | ".join(f"{value}" for value in cell), f"x{factor:g}"]
    for method in (None, *methods):
        out, said = frames, ""
        if method:
            out, facts = magnify_frames(frames, FPS, factor, Magnify(method=method))
            sure = "" if facts["credible"] else " *"
            said = f" ({facts['gain']:.2f}{sure})" if facts["gain"] is not None else ""
        found = score(out[APEX], name, at, px * factor)
        parts.append(f"{found['gain']:.2f} / {found['ssim']:.3f}{said}")
    print("| " + " | ".join(parts) + " |", flush=True)


if __name__ == "__main__":
    main()
