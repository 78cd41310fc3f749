"""Titles that columns have in the annotation sheets in circulation, and the columns of a reader.

Titles are compared by letters and digits alone (`io.spreadsheets.plain`): `Onset Frame`,
`onset_frame` and `OnsetFrame` are one title.
"""

from collections.abc import Collection

from merflow.io.spreadsheets import Column, plain

TITLES = {
    field: tuple(titles.split(", "))
    for field, titles in {
        "dataset": "dataset, data, db",
        "subject": "subject, sub, sub_ID, subjectCode",
        "clip": "clip, Filename, filename_o, fold_name, count, video_number, Sample, video, vid",
        "onset": "onset, OnsetFrame, OnsetF, OnsetF HS, OnsetF VIS, OnsetF NIR, pred_onset",
        "apex": "apex, ApexFrame, ApexF, ApexF HS, ApexF VIS, ApexF NIR, ApexF1",
        "offset": "offset, OffsetFrame, OffsetF, OffsetF HS, OffsetF VIS, OffsetF NIR, pred_offset",
        "emotion": "emotion, Estimated Emotion, label, class, EmotionId",
        "objective": "objective class, Objective Classes",
        "kind": "Expression type, Exp_type, Type, Micro",
        "action_units": "action units, AU, AUs",
        "fps": "fps, frame rate",
    }.items()
}
"""Field -> its titles, merflow's own first."""


def columns(optional: Collection[str] = (), **usual: str) -> tuple[Column, ...]:
    """Return the columns of a sheet: field = the title that the dataset's owners give it.

    Other known titles of a field are accepted as well, unless another field of this dataset has
    them; a field that is not in `TITLES` has only the one. optional: fields that a sheet may lack.
    """
    taken = {plain(title): field for field, title in usual.items()}
    return tuple(
        Column(
            field,
            (title, *(t for t in TITLES.get(field, ()) if taken.get(plain(t), field) == field)),
            required=field not in optional,
        )
        for field, title in usual.items()
    )
