"""Logs as published code writes them, made from known predictions of a composite."""

from pathlib import Path

import numpy as np
from composite_lists import number, short

from merflow.clip import ClipKey

Answers = dict[ClipKey, tuple[int, int]]
"""clip -> (truth, prediction), as class numbers."""


def answers(clips: dict[ClipKey, str], skill: float = 0.6, seed: int = 0) -> Answers:
    """Return predictions that are right with chance `skill`."""
    rng = np.random.default_rng(seed)
    return {
        key: (number(name), number(name) if rng.random() < skill else int(rng.integers(3)))
        for key, name in clips.items()
    }


def by_subject(found: Answers) -> dict[str, list[tuple[int, int]]]:
    """Return subject -> (truth, prediction) in the order of class folders, subjects sorted."""
    grouped: dict[str, list[tuple[int, int]]] = {}
    for key, pair in found.items():
        grouped.setdefault(key.subject, []).append(pair)
    return {subject: sorted(grouped[subject]) for subject in sorted(grouped)}


def stst(path: Path, found: Answers, final: str = "UF1: 0.7209 | UAR: 0.725 ") -> Path:
    """Four lines a subject and the final score; the first UAR is not a number."""
    lines = []
    for number_of, (subject, pairs) in enumerate(by_subject(found).items()):
        lines += [
            f"Subject: {subject} ",
            f"Predicted   : {[p for _, p in pairs]} ",
            f"Ground Truth: {[t for t, _ in pairs]} ",
            f"UF1: 0.5 | UAR: {'nan' if not number_of else 0.5} ",
        ]
    path.write_text("\n".join([*lines, "Final Evaluation: ", final]) + "\n")
    return path


def htnet(path: Path, found: Answers, final: str = "best UF1: 0.9 | best UAR: 0.9") -> Path:
    """Best predictions of the test epochs, and a dictionary at the end."""
    lines, kept = [], {}
    for subject, pairs in by_subject(found).items():
        predicted, truth = [p for _, p in pairs], [t for t, _ in pairs]
        kept[subject] = {"pred": predicted, "truth": truth}
        lines += [
            f"Subject: {subject}",
            "train",
            f"Best Predicted    : {predicted}",
            f"Ground Truth : {truth}",
            "Evaluation until this subject: ",
            final,
        ]
    lines += ["Final Evaluation: ", final, f"({len(found)},)", "Total Time Taken: 31.5", str(kept)]
    path.write_text("\n".join(lines) + "\n")
    return path


def causal(folder: Path, found: Answers, times: int = 1) -> Path:
    """One file a subject; appended to by every run, of which the last one counts."""
    folder.mkdir()
    for subject, pairs in by_subject(found).items():
        text = ""
        for time in range(times):
            last = time == times - 1
            matrix = [[p, t] if last else [(p + 1) % 3, t] for t, p in pairs]
            right = sum(a == b for a, b in matrix) / len(matrix)
            text += f"best epoch: {time}\nbest acc: {right}\nmatrix_acc: {matrix}\n"
        (folder / f"{subject}_acc.txt").write_text(text)
    return folder


def challenge(path: Path, found: Answers) -> Path:
    """`<database> <subject>`, then clips; SMIC unpadded, SAMM's subjects as numbers."""
    lines, owner = [], None
    for key, (truth, predicted) in found.items():
        if key.subject_key != owner:
            owner = key.subject_key
            name = key.subject if key.dataset == "casme2" else str(int(key.subject.strip("s")))
            lines.append(f"{key.dataset} {name}")
        lines.append(f"{short(key.clip)} {truth} {predicted}")
    path.write_text("\n".join(lines) + "\n")
    return path
