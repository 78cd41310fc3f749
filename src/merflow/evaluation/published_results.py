"""Published results on the official 442 clips: data with source, protocol and what is known of it.

Shown beside a table only when its clips are exactly the official ones. Figures known from memory
or from a third party's notes are not here. A mark says that public code or the authors' own words
show epochs chosen on the test subject; no mark says only that none was found in what was read.
"""

# ruff: noqa: E501 - a row of the literature is a line

from dataclasses import dataclass

from merflow.datasets.official_composite import CLIPS, SUBJECTS

PARTS = ("full", "smic", "casme2", "samm")
CDE = "LOSO over the composite, pooled"
SOURCES = {
    "official": "MEGC2019 Recognition Challenge, official PDF",
    "a": "table image in github.com/christy1206/STSTNet",
    "b": "table image in github.com/wangzhifengharrison/HTNet",
    "a, b": "table images in github.com/christy1206/STSTNet and /wangzhifengharrison/HTNet",
    "c": "comparison table image in github.com/dannyFan-0201's repositories, three digits",
    "survey": "a survey's table, two digits",
    "own": "the authors' repository",
}
Pair = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Published:
    """One row of the literature: (UF1, UAR) per part in the order of PARTS, None when not given."""

    method: str
    year: int | None
    scores: tuple[Pair, Pair, Pair, Pair]
    source: str
    protocol: str = CDE
    chosen_on_test: str = ""
    remark: str = ""


HTNET = (
    "main_HTNet.py, main(): keeps each subject's predictions of the epoch with the best accuracy "
    "on that subject (`best_accuracy_for_each_subject <= val_acc`); prints both these and the "
    "last epoch's scores"
)
EMR = (
    "github.com/xiaobaishu0097/MEGC2019, Train/main.py: keeps the counts of the epoch with the "
    "best F1 on the test subject (`f1 >= Epoch_F1_score`)"
)
CAPSULE = (
    "the authors in github.com/quangvnai/me_recognition, issue 13: final scores are means over "
    "subjects of the best score on the tested subject"
)
ICIP = (
    "github.com/dannyFan-0201/ICIP_2024, ME_model.py: takes the epoch with the best UF1 on the "
    "test subject (`best_uf1_index`), then the mean over subjects"
)
SINGLE = "LOSO in each set apart, mean over subjects"

PUBLISHED = (
    Published("LBP-TOP baseline", 2019, ((0.5882, 0.5785), (0.2000, 0.5280), (0.7026, 0.7429), (0.3954, 0.4102)), "official"),
    Published("Bi-WOOF", 2018, ((0.6296, 0.6227), (0.5727, 0.5829), (0.7805, 0.8026), (0.5211, 0.5139)), "a, b"),
    Published("AlexNet", None, ((0.6933, 0.7154), (0.6201, 0.6373), (0.7994, 0.8312), (0.6104, 0.6642)), "a, b"),
    Published("SqueezeNet", None, ((0.5930, 0.6166), (0.5381, 0.5603), (0.6894, 0.7278), (0.5039, 0.5362)), "a"),
    Published("GoogLeNet", None, ((0.5573, 0.6049), (0.5123, 0.5511), (0.5989, 0.6414), (0.5124, 0.5992)), "a, b"),
    Published("VGG16", None, ((0.6425, 0.6516), (0.5800, 0.5964), (0.8166, 0.8202), (0.4870, 0.4793)), "a, b"),
    Published("CapsuleNet", 2019, ((0.6520, 0.6506), (0.5820, 0.5877), (0.7068, 0.7018), (0.6209, 0.5989)), "b", chosen_on_test=CAPSULE),
    Published("OFF-ApexNet", 2019, ((0.7196, 0.7096), (0.6817, 0.6695), (0.8764, 0.8681), (0.5409, 0.5392)), "a, b"),
    Published("Dual-Inception", 2019, ((0.7322, 0.7278), (0.6645, 0.6726), (0.8621, 0.8560), (0.5868, 0.5663)), "b"),
    Published("STSTNet", 2019, ((0.7353, 0.7605), (0.6801, 0.7013), (0.8382, 0.8686), (0.6588, 0.6810)), "a, b", remark="the authors' PyTorch port at its last epoch: full .7209 and .7250"),
    Published("EMR (NMER)", 2019, ((0.7885, 0.7824), (0.7461, 0.7530), (0.8293, 0.8209), (0.7754, 0.7152)), "b", chosen_on_test=EMR),
    Published("ELBPTOP", None, ((0.71, 0.69), (0.65, 0.66), (0.89, 0.88), (0.49, 0.49)), "survey"),
    Published("RCN-A", 2020, ((0.7432, 0.7190), (0.6326, 0.6441), (0.8512, 0.8123), (0.7601, 0.6715)), "b"),
    Published("GEME", 2021, (None, (0.629, 0.657), (0.840, 0.851), (0.687, 0.654)), "c"),
    Published("FeatRef", 2022, ((0.7838, 0.7832), (0.7011, 0.7083), (0.8915, 0.8873), (0.7372, 0.7155)), "b"),
    Published("ME-PLAN", 2022, (None, (0.713, 0.726), (0.863, 0.878), (0.716, 0.742)), "c"),
    Published("SelfME", 2023, (None, (0.697, 0.701), (0.908, 0.929), None), "c"),
    Published("Micron-BERT", 2023, (None, (0.855, 0.838), (0.903, 0.891), (0.839, 0.848)), "c"),
    Published("HSTA", 2024, (None, (0.847, 0.780), (0.925, 0.922), (0.847, 0.839)), "c"),
    Published("AU-GCN", 2024, (None, (0.754, 0.751), (0.908, 0.900), (0.792, 0.771)), "c", remark="as printed in 2024"),
    Published("HTNet", 2024, ((0.8603, 0.8475), (0.8049, 0.7905), (0.9532, 0.9516), (0.8131, 0.8124)), "b", chosen_on_test=HTNET),
    Published("3DCNN-GRU with CBAM (ICIP 2024)", 2024, (None, (0.732, 0.737), (0.723, 0.755), (0.701, 0.748)), "own", SINGLE, ICIP),
    Published("its MLSP 2024 sibling", 2024, (None, (0.732, 0.751), (0.818, 0.827), (0.720, 0.744)), "own", "LOSO in each set apart"),
    Published("its dual-branch sibling with AUs", 2024, (None, (0.745, 0.751), (0.944, 0.956), (0.860, 0.885)), "own", "LOSO in each set apart", remark="crops by the annotated action units of the test clip"),
)  # fmt: skip


def is_official(scheme: str, clips: int, subjects: int) -> bool:
    """Return whether a table is of the official clips: the scheme refuses any other set of ids."""
    return scheme == "megc2019" and (clips, subjects) == (CLIPS, SUBJECTS)


def footnote(row: Published) -> str:
    """Return what stands below the block about a row: choice on the test first."""
    words = []
    if row.chosen_on_test:
        words.append(f"epochs chosen on the test subject: {row.chosen_on_test}")
    if row.remark:
        words.append(row.remark)
    return f"{row.method}: {'; '.join(words)}." if words else ""
