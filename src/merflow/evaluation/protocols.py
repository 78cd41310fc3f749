"""Split clips into folds by whole subjects, never by clip."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError, unknown

PROTOCOLS = ("loso", "composite", "cross", "holdout", "kfold")
DRAWS = 2000
"""Number of random subsets of subjects of which `holdout` takes the best-stratified one."""

ORDERS = 40
"""Number of random orders of subjects of which `kfold` keeps the best-stratified result."""

SubjectKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fold:
    """One split: positions (int64, ascending) of its training and of its test clips."""

    name: str
    train: np.ndarray
    test: np.ndarray


class GivenRow(NamedTuple):
    """A subject's side in a fold from a file: `train` or `test`."""

    fold: str
    side: str
    subject: SubjectKey


def folds(
    keys: Sequence[ClipKey],
    labels: Sequence[str],
    protocol: str,
    *,
    test_on: Sequence[str] = (),
    count: int = 5,
    share: float = 0.3,
    seed: int = 0,
) -> list[Fold]:
    """Return the folds of a protocol over clips `keys` with class names `labels`.

    loso: test each subject, train on the other subjects of its dataset. composite: test each
    subject, train on all other subjects of all datasets. cross: test each dataset of `test_on`,
    train on the datasets outside `test_on`; without `test_on` test each dataset, train on all
    others. kfold: `count` folds of subjects. holdout: one fold that tests `share` of the
    subjects. kfold and holdout balance dataset x class as far as whole subjects allow; `seed`
    breaks ties. The split depends on the set of clips, not on their order.
    """
    _check(keys, labels)
    if protocol not in PROTOCOLS:
        raise unknown("protocol", "protocol", protocol, PROTOCOLS)
    made = {
        "loso": lambda: _leave_subjects_out(keys, within_dataset=True),
        "composite": lambda: _leave_subjects_out(keys, within_dataset=False),
        "cross": lambda: _cross(keys, tuple(test_on)),
        "kfold": lambda: _kfold(keys, labels, count, seed),
        "holdout": lambda: _holdout(keys, labels, share, seed),
    }[protocol]()
    assert_disjoint(keys, made)
    _assert_trainable(labels, made, protocol)
    return made


def given(keys: Sequence[ClipKey], labels: Sequence[str], rows: Sequence[GivenRow]) -> list[Fold]:
    """Return the folds that `rows` name, in their order, checked like those of a protocol.

    A fold without a `train` row trains on all subjects that it does not test.
    """
    _check(keys, labels)
    known = ["/".join(s) for s in sorted({k.subject_key for k in keys})]
    for row in rows:
        if "/".join(row.subject) not in known:
            raise unknown(f"fold {row.fold}", "subject", "/".join(row.subject), known)
    made, fold_of = [], dict[SubjectKey, str]()
    for name in dict.fromkeys(row.fold for row in rows):
        tested, trained = (
            {row.subject for row in rows if (row.fold, row.side) == (name, side)}
            for side in ("test", "train")
        )
        for subject in sorted(tested & set(fold_of)):
            raise MerflowError(
                f"fold {name}",
                f"subject {'/'.join(subject)} is tested in fold {fold_of[subject]} too",
                "each clip tested at most once: predictions of all folds are pooled",
            )
        fold_of |= dict.fromkeys(tested, name)
        allowed = trained or {k.subject_key for k in keys} - tested
        sides = ([i for i, k in enumerate(keys) if k.subject_key in s] for s in (allowed, tested))
        made.append(Fold(name, *(np.array(side, np.int64) for side in sides)))
    assert_disjoint(keys, made)
    _assert_trainable(labels, made)
    return made


def assert_disjoint(keys: Sequence[ClipKey], made: Sequence[Fold]) -> None:
    """Raise unless every fold's training and test subject keys are disjoint, names unique."""
    seen: set[str] = set()
    for fold in made:
        if fold.name.casefold() in seen:  # The same folder on some disks.
            raise MerflowError(
                f"fold {fold.name}",
                "two folds have this name if case is ignored",
                "one name per fold",
                "rename the dataset or subject so that '<dataset>-<subject>' is unique in any case",
            )
        seen.add(fold.name.casefold())
        check_disjoint(fold.name, [keys[i] for i in fold.train], [keys[i] for i in fold.test])


def check_disjoint(name: str, train: Sequence[ClipKey], test: Sequence[ClipKey]) -> None:
    """Raise if a subject key (dataset, subject) is on both sides, or a side is empty."""
    where = f"fold {name}"
    if not train or not test:
        side = "training" if not train else "test"
        raise MerflowError(
            where,
            f"no {side} clips",
            "at least one clip on each side",
            "add subjects, or choose another protocol",
        )
    shared = {k.subject_key for k in train} & {k.subject_key for k in test}
    if shared:
        names = ", ".join("/".join(s) for s in sorted(shared)[:5])
        raise MerflowError(
            where,
            f"subjects on both sides: {names}",
            "training and test subjects disjoint",
            "split by whole subjects",
        )


def _check(keys: Sequence[ClipKey], labels: Sequence[str]) -> None:
    if len(keys) != len(labels):
        raise ValueError(f"{len(keys)} keys but {len(labels)} labels")
    subjects = {k.subject_key for k in keys}
    twice = next((key for key, count in Counter(keys).items() if count > 1), None)
    for wrong, found, expected, fix in (
        (not keys, "no clips", "at least two subjects", "see results/skipped.csv for the reasons"),
        (twice, f"clip {twice} appears twice", "each clip once", ""),
        (
            len(set(labels)) < 2,
            f"all {len(keys)} clips are of class '{labels[0] if labels else ''}'",
            "at least two classes",
            "choose another scheme, or add clips of other classes",
        ),
        (
            len(subjects) < 2,
            f"all {len(keys)} clips are of one subject, {'/'.join(min(subjects, default=()))}",
            "at least two subjects",
            "add subjects: a score within one subject does not carry over to others",
        ),
    ):
        if wrong:
            raise MerflowError("folds", found, expected, fix)


REMEDIES = {
    "loso": "use composite in place of loso, or add subjects",
    "cross": "train on more datasets, or add subjects to them",
    "kfold": "more folds, or more subjects",
    "holdout": "a smaller `holdout`, or more subjects",
}


def _assert_trainable(labels: Sequence[str], made: Sequence[Fold], protocol: str = "") -> None:
    for fold in made:
        classes = {labels[i] for i in fold.train}
        if len(classes) < 2:
            raise MerflowError(
                f"fold {fold.name}",
                f"its {len(fold.train)} training clips are all of class '{classes.pop()}'",
                "at least two classes to learn from",
                REMEDIES.get(protocol, "add subjects with clips of the other classes"),
            )


def _subjects(keys: Sequence[ClipKey]) -> tuple[list[SubjectKey], np.ndarray]:
    """Return the sorted subject keys and each clip's position among them, (N,) int64."""
    subjects = sorted({k.subject_key for k in keys})
    place = {s: i for i, s in enumerate(subjects)}
    return subjects, np.array([place[k.subject_key] for k in keys], np.int64)


def _split(name: str, test: np.ndarray, allowed: np.ndarray | None = None) -> Fold:
    train = ~test if allowed is None else allowed & ~test
    return Fold(name, np.flatnonzero(train), np.flatnonzero(test))


def _leave_subjects_out(keys: Sequence[ClipKey], *, within_dataset: bool) -> list[Fold]:
    subjects, owner = _subjects(keys)
    datasets = np.array([k.dataset for k in keys])
    made = []
    for i, (dataset, subject) in enumerate(subjects):
        allowed = datasets == dataset if within_dataset else None
        made.append(_split(f"{dataset}-{subject}", owner == i, allowed))
        if len(made[-1].train) == 0:
            raise MerflowError(
                f"fold {dataset}-{subject}",
                f"{dataset} has one subject only",
                "at least two subjects in every dataset for loso",
                "use composite, which trains on the other datasets too",
            )
    return made


def _cross(keys: Sequence[ClipKey], test_on: tuple[str, ...]) -> list[Fold]:
    datasets = np.array([k.dataset for k in keys])
    known = sorted(set(datasets.tolist()))
    for name in test_on:
        if name not in known:
            raise unknown("cross: test_on", "dataset", name, known)
    if len(known) < 2 or set(test_on) == set(known):
        raise MerflowError(
            "cross",
            f"no dataset is left to train on (datasets: {', '.join(known)})",
            "at least one dataset that is not tested on",
            "add a dataset to the collection or take one out of test_on",
        )
    if test_on:
        trained = ~np.isin(datasets, test_on)
        return [_split(f"test-{d}", datasets == d, trained) for d in sorted(set(test_on))]
    return [_split(f"test-{d}", datasets == d) for d in known]


def _strata(keys: Sequence[ClipKey], labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return clips per subject and stratum as shares of each stratum, (S, K), and owners, (N,).

    A stratum is a class, or a class of one dataset; the last column is each subject's one share
    of all subjects.
    """
    subjects, owner = _subjects(keys)
    rows = list(zip(keys, labels, strict=True))
    names = sorted({("", c) for c in labels} | {(k.dataset, c) for k, c in rows})
    counts = np.ones((len(subjects), len(names) + 1))
    for column, (dataset, label) in enumerate(names):
        inside = [c == label and dataset in ("", k.dataset) for k, c in rows]
        counts[:, column] = np.bincount(owner[inside], minlength=len(subjects))
    return counts / counts.sum(0), owner


def _kfold(keys: Sequence[ClipKey], labels: Sequence[str], count: int, seed: int) -> list[Fold]:
    shares, owner = _strata(keys, labels)
    total = len(shares)
    if not 2 <= count <= total:
        raise MerflowError(
            "kfold",
            f"{count} folds of {total} subjects",
            f"2 to {total} folds",
            "lower `folds` or add subjects",
        )
    rng = np.random.default_rng([seed, total])
    size = np.log((shares**2).sum(1))
    # Subjects with large shares go first, in an order that differs a little in each try.
    tries = [
        _assigned(shares, np.argsort(-size - rng.normal(0, 0.5, total), kind="stable"), count)
        for _ in range(ORDERS)
    ]
    fold_of = min(tries, key=lambda tried: tried[0])[1]
    return [_split(f"fold{k + 1}", (fold_of == k)[owner]) for k in range(count)]


def _assigned(shares: np.ndarray, order: np.ndarray, count: int) -> tuple[float, np.ndarray]:
    """Assign subjects in order, each to the fold it unbalances least; return cost and folds."""
    load, members = np.zeros((count, shares.shape[1])), np.zeros(count, np.int64)
    fold_of = np.empty(len(shares), np.int64)
    for done, subject in enumerate(order):
        cost = (2 * load + shares[subject]) @ shares[subject]
        if len(shares) - done <= (members == 0).sum():
            cost[members > 0] = np.inf  # the remaining subjects must fill the empty folds
        best = fold_of[subject] = int(np.argmin(cost))
        load[best] += shares[subject]
        members[best] += 1
    return float((load**2).sum()), fold_of


def _holdout(keys: Sequence[ClipKey], labels: Sequence[str], share: float, seed: int) -> list[Fold]:
    shares, owner = _strata(keys, labels)
    total = len(shares)
    if not 0 < share < 1:
        raise MerflowError("holdout", f"a share of {share}", "between 0 and 1, both excluded")
    tested = min(max(round(share * total), 1), total - 1)
    rng = np.random.default_rng([seed, total])
    order = np.argsort(rng.random((DRAWS, total)), axis=1, kind="stable")
    chosen = np.zeros((DRAWS, total), bool)
    np.put_along_axis(chosen, order[:, :tested], True, axis=1)
    miss = ((chosen @ shares - share) ** 2).sum(1)
    return [_split("fold1", chosen[int(np.argmin(miss))][owner])]
