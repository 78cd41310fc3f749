"""The table and the figure of moved key frames."""

from merflow.evaluation.columns import KEY_FRAME_NOISE
from merflow.reporting.figures.key_frame_noise import draw_run
from merflow.reporting.key_frame_noise import noise_groups, noise_table

TEXT = {"experiment": "cnn", "method": "cnn3d", "preparation": "grey", "factor": "x1"}
TEXT |= {"apex": "annotated", "part": "full", "support": "", "note": ""}


def rows(seeds=(0,)):
    found = []
    for seed in seeds:
        for training in (0, 4):
            for noise, apex, score in (
                (0, "annotated", 0.6),
                (8, "annotated", 0.4),
                (0, "unknown", 0.5),
            ):
                row = {c.name: 0 if c.kind is int else 0.1 for c in KEY_FRAME_NOISE.columns}
                row |= TEXT | {"seed": seed, "training_noise": training, "apex": apex}
                row |= {"key_frame_noise": noise, "uf1": score + 0.1 * seed, "no_earlier": noise}
                row |= {"uf1_lo": score - 0.1, "uf1_hi": score + 0.1}
                found += [row, row | {"part": "smic"}]
    return KEY_FRAME_NOISE.frame(found)


def test_rows_stand_by_training_then_distance_then_the_unknown_apex():
    table = noise_table(rows(), {"cnn": "3D CNN"})
    assert [row[:4] for row in table.rows] == [
        ["3D CNN", "x1", training, test] for training in "04" for test in ("0", "8", "apex unknown")
    ]
    assert table.rows[1][5].text == ".4000" and table.rows[1][5].rest == " [.300, .500]"
    assert table.rows[1][-1].startswith("8, 0")


def test_seeds_are_averaged_with_their_spread():
    cell = noise_table(rows((0, 1))).rows[0][5]
    assert cell.text == ".6500" and "±.071" in cell.rest


def test_the_figure_of_a_run_is_the_same_each_time(tmp_path):
    KEY_FRAME_NOISE.write(tmp_path / "jitter.csv", rows())
    made = [draw_run(tmp_path / name / "jitter", tmp_path / "jitter.csv") for name in "ab"]
    for one, other in zip(*made, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert [path.suffix for path in made[0]] == [".svg", ".pdf"]


def test_only_rows_of_all_clips_are_drawn_and_printed():
    assert {len(group) for group in noise_groups(rows()).values()} == {6}
