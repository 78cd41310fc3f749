"""`merflow check` names altered copies of clips, and properties of files that tell the class."""

import cv2
import numpy as np
import pytest
from altered_clips import ALTERATIONS, people

from merflow.config.settings import DatasetEntry
from merflow.io.image_text import image_text
from merflow.workflow import dataset_check

WORDS = ("happiness", "disgust", "surprise")


def write(root, rows, header="subject,clip,path,fps,emotion"):
    (root / "manifest.csv").write_text("\n".join([header, *rows]) + "\n")


def warnings(root, reader=""):
    entry = DatasetEntry(root=str(root), reader=reader)
    report = dataset_check.check_datasets({"manifest": entry})
    return {p["where"]: p["found"] for p in dataset_check.problems(report)}


def frames(folder, x, suffix=".png"):
    folder.mkdir(parents=True)
    for number, frame in enumerate(x, 1):
        assert cv2.imwrite(str(folder / f"{number}{suffix}"), frame)


@pytest.fixture(scope="module")
def faces():
    """Two clips of each of two people, five raw frames of each."""
    return [raw[:5] for _, raw, _ in people(0, 2, 2)]


def recorded(root, clips):
    """Write clips, {(subject, clip): frames}, with labels that follow no property."""
    for subject, clip in clips:
        frames(root / subject / clip, clips[subject, clip])
    write(root, [f"{s},{c},{s}/{c},100,{WORDS[k % 2]}" for k, (s, c) in enumerate(clips)])


def test_clips_of_one_person_and_of_different_people_give_no_warning(tmp_path, faces):
    keys = [("p1", "a"), ("p1", "b"), ("p2", "a"), ("p2", "b")]
    recorded(tmp_path, dict(zip(keys, faces, strict=True)))
    assert warnings(tmp_path) == {}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_a_recording_under_another_subject_is_named(tmp_path, faces, name):
    copy = ALTERATIONS[name](faces[0])
    recorded(tmp_path, {("p1", "a"): faces[0], ("p2", "a"): faces[2], ("p9", "x"): copy})
    found = warnings(tmp_path)
    assert found.keys() == {"manifest/p9/x"}
    assert "of manifest/p1/a" in found["manifest/p9/x"]


def test_a_copy_is_looked_for_in_videos_and_arrays(tmp_path, faces):
    film = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (480, 256))
    for frame in faces[0]:
        film.write(np.repeat(frame[:, ::-1], 3, axis=2))
    film.release()
    np.save(tmp_path / "b.npy", faces[0])
    write(tmp_path, ["p1,a,a.avi,25,joy", "p2,b,b.npy,25,joy"])
    assert "recording of manifest/p1/a" in warnings(tmp_path)["manifest/p2/b"]


def channels(root, change, subjects=6, clips=6):
    """Write clips of noise in which `change(path, frames, class number)` writes the files."""
    rng = np.random.default_rng(0)
    rows = []
    for s in range(subjects):
        for c in range(clips):
            kind = (c + s) % 3
            folder = root / f"p{s}" / f"c{c}"
            folder.mkdir(parents=True)
            name = change(folder, rng.integers(40, 200, (4, 48, 64), np.uint8), kind) or folder
            rows.append(f"p{s},c{c},{name.relative_to(root)},100,{WORDS[kind]}")
    write(root, rows)
    return warnings(root).get("manifest", "")


def put(folder, x, suffix=".png"):
    for number, frame in enumerate(x, 1):
        cv2.imwrite(str(folder / f"{number}{suffix}"), frame)


def by_length(folder, x, kind):
    put(folder, np.concatenate([x, x[:kind] ^ 1]))


def by_size(folder, x, kind):
    put(folder, x[:, : 48 - 2 * kind])


def by_corner(folder, x, kind):
    x[:, -4:, :6] = 80 * kind
    put(folder, x)


def by_name(folder, x, kind):
    named = folder.with_name(f"{folder.name}_{'xyz'[kind]}")
    folder.rename(named)
    put(named, x)
    return named


def by_text(folder, x, kind):
    put(folder, x, ".jpg")
    words = f"note {('one', 'two', 'three')[kind]}".encode()
    comment = b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words
    for path in folder.iterdir():
        data = path.read_bytes()
        path.write_bytes(data[:2] + comment + data[2:])
        assert words.decode() in image_text(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (by_length, "the number of frames tells the class"),
        (by_size, "the size of the pictures tells the class"),
        (by_corner, "bottom left corner tells the class"),
        (by_name, "a word in the names of the files tells the class"),
        (by_text, "the text in the pictures' metadata tells the class"),
        (lambda folder, x, kind: put(folder, x), ""),
    ],
    ids=["length", "size", "corner", "name", "text", "nothing"],
)
def test_a_property_that_tells_the_class_is_named(tmp_path, change, said):
    found = channels(tmp_path, change)
    assert said in found if said else not found
