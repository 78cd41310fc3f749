"""Split clips into folds by whole subjects, never by clip."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError, unknown
from merflow.evaluation.fold import Fold, by_pool, numbered

PROTOCOLS = ("loso", "composite", "cross", "cd6me", "holdout", "kfold")
DRAWS = 2000
"""Number of random subsets of subjects of which `holdout` takes the best-stratified one."""

ORDERS = 40
"""Number of random orders of subjects of which `kfold` keeps the best-stratified result."""

SubjectKey = tuple[str, str]


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
    others. cd6me: cross over all datasets. kfold: `count` folds of subjects. holdout: one fold that
    tests `share` of the subjects. kfold and holdout balance dataset x class as far as whole
    subjects allow; `seed` breaks ties. The split depends on the set of clips, not on their order.
    """
    _check(keys, labels)
    if protocol not in PROTOCOLS:
        raise unknown("protocol", "protocol", protocol, PROTOCOLS)
    made = {
        "loso": lambda: _leave_subjects_out(keys, within_dataset=True),
        "composite": lambda: _leave_subjects_out(keys, within_dataset=False),
        "cross": lambda: _cross(keys, tuple(test_on)),
        "cd6me": lambda: _cross(keys, ()),
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
    subjects, positions = _positions(keys)
    place = {subject: i for i, subject in enumerate(subjects)}
    sides: dict[str, dict[str, set[SubjectKey]]] = {}
    for row in rows:
        if row.subject not in place:
            known = ["/".join(subject) for subject in subjects]
            raise unknown(f"fold {row.fold}", "subject", "/".join(row.subject), known)
        sides.setdefault(row.fold, {"train": set(), "test": set()})[row.side].add(row.subject)

    def clips(chosen: set[SubjectKey]) -> np.ndarray:
        found = [positions[place[subject]] for subject in chosen]
        return np.sort(np.concatenate([np.empty(0, np.int64), *found]))

    made, everyone, fold_of = [], np.arange(len(keys)), dict[SubjectKey, str]()
    for name, side in sides.items():
        trained, tested = side["train"], side["test"]
        for subject in sorted(tested & fold_of.keys()):
            raise MerflowError(
                f"fold {name}",
                f"subject {'/'.join(subject)} is tested in fold {fold_of[subject]} too",
                "each clip tested at most once: predictions of all folds are pooled",
            )
        fold_of |= dict.fromkeys(tested, name)
        if trained:
            _refuse_sides(name, len(trained), len(tested), trained & tested)
        made.append(Fold(name, clips(trained | tested) if trained else everyone, clips(tested)))
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
    subjects, owner = numbered(key.subject_key for key in keys)
    for pool, some in by_pool(made):
        counts = np.bincount(owner[pool], minlength=len(subjects))
        for fold in some:
            tested, found = np.unique(owner[fold.test], return_counts=True)
            both = [subjects[i] for i in tested[counts[tested] > found].tolist()]
            _refuse_sides(fold.name, fold.trained, len(fold.test), both)


def check_disjoint(name: str, train: Sequence[ClipKey], test: Sequence[ClipKey]) -> None:
    """Raise if a subject key (dataset, subject) is on both sides, or a side is empty."""
    shared = {key.subject_key for key in train} & {key.subject_key for key in test}
    _refuse_sides(name, len(train), len(test), shared)


def _refuse_sides(name: str, train: int, test: int, shared: Collection[SubjectKey]) -> None:
    """Raise if one of the sides has no clips, or if both have clips of the `shared` subjects."""
    where = f"fold {name}"
    if not train or not test:
        side = "training" if not train else "test"
        raise MerflowError(
            where,
            f"no {side} clips",
            "at least one clip on each side",
            "add subjects, or choose another protocol",
        )
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
    "cd6me": "add datasets, or subjects to them",
    "kfold": "more folds, or more subjects",
    "holdout": "a smaller `holdout`, or more subjects",
}


def class_counts(classes: np.ndarray, made: Sequence[Fold]) -> Iterator[tuple[Fold, np.ndarray]]:
    """Yield each fold with the numbers of its training clips by class, (K,).

    classes: (N,) int64, class of each clip.
    """
    count = int(classes.max()) + 1
    for pool, some in by_pool(made):
        total = np.bincount(classes[pool], minlength=count)
        for fold in some:
            yield fold, total - np.bincount(classes[fold.test], minlength=count)


def _assert_trainable(labels: Sequence[str], made: Sequence[Fold], protocol: str = "") -> None:
    names, classes = numbered(labels)
    for fold, counts in class_counts(classes, made):
        if np.count_nonzero(counts) < 2:
            raise MerflowError(
                f"fold {fold.name}",
                f"its {fold.trained} training clips are all of class "
                f"'{names[int(np.argmax(counts))]}'",
                "at least two classes to learn from",
                REMEDIES.get(protocol, "add subjects with clips of the other classes"),
            )


def _positions(keys: Sequence[ClipKey]) -> tuple[list[SubjectKey], list[np.ndarray]]:
    """Return the sorted subject keys, and the positions (int64, ascending) of each one's clips."""
    subjects, owner = numbered(key.subject_key for key in keys)
    ends = np.cumsum(np.bincount(owner, minlength=len(subjects)))[:-1]
    return subjects, np.split(np.argsort(owner, kind="stable"), ends)


def _leave_subjects_out(keys: Sequence[ClipKey], *, within_dataset: bool) -> list[Fold]:
    everyone = np.arange(len(keys))
    datasets, held = numbered(key.dataset for key in keys)
    pools = {
        dataset: np.flatnonzero(held == i) if within_dataset else everyone
        for i, dataset in enumerate(datasets)
    }
    made = []
    for (dataset, subject), test in zip(*_positions(keys), strict=True):
        made.append(Fold(f"{dataset}-{subject}", pools[dataset], test))
        if not made[-1].trained:
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
    made, everyone = [], np.arange(len(keys))
    for name in sorted(set(test_on)) or known:
        others = [other for other in test_on if other != name]
        pool = np.flatnonzero(~np.isin(datasets, others)) if others else everyone
        made.append(Fold(f"test-{name}", pool, np.flatnonzero(datasets == name)))
    return made


def _strata(keys: Sequence[ClipKey], labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return clips per subject and stratum as shares of each stratum, (S, K), and owners, (N,).

    A stratum is a class, or a class of one dataset; the last column is each subject's one share
    of all subjects.
    """
    subjects, owner = numbered(key.subject_key for key in keys)
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
    everyone, tested = np.arange(len(keys)), fold_of[owner]
    return [Fold(f"fold{k + 1}", everyone, np.flatnonzero(tested == k)) for k in range(count)]


def _assigned(shares: np.ndarray, order: np.ndarray, count: int) -> tuple[float, np.ndarray]:
    """Assign subjects in order, each to the fold it unbalances least; return cost and folds."""
    load, members = np.zeros((count, shares.shape[1])), np.zeros(count, np.int64)
    fold_of = np.empty(len(shares), np.int64)
    for done, subject in enumerate(order):
        cost = (2 * load + shares[subject]) @ shares[subject]
        left = len(shares) - done
        if left <= count and left <= (members == 0).sum():
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
    chosen = np.zeros((DRAWS, total), bool)
    for row in chosen:
        row[np.argsort(rng.random(total), kind="stable")[:tested]] = True
    miss = ((chosen @ shares - share) ** 2).sum(1)
    test = np.flatnonzero(chosen[int(np.argmin(miss))][owner])
    return [Fold("fold1", np.arange(len(keys)), test)]
