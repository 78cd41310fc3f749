"""Consent of a person to have their face shown: the column `publishable` of a manifest."""

from collections.abc import Iterable

from merflow.io.spreadsheets import Row

COLUMN = "publishable"
YES, NO = {"yes", "y", "true", "1"}, {"no", "n", "false", "0"}


def answers_of(rows: Iterable[Row]) -> dict[str, bool]:
    """Return subject -> answer; one row is enough, since consent is of a person."""
    answers: dict[str, tuple[bool, Row]] = {}
    for row in rows:
        if (answer := _answer(row)) is None:
            continue
        first, other = answers.setdefault(row.text("subject"), (answer, row))
        if first != answer:
            raise row.error(
                COLUMN,
                f"'{row.text(COLUMN)}' for subject '{row.text('subject')}', after "
                f"'{other.text(COLUMN)}' in row {other.number}",
                "one answer for each subject",
                "if the person did not agree, write no in both rows",
            )
    return {subject: answer for subject, (answer, _) in answers.items()}


def _answer(row: Row) -> bool | None:
    """Return what a cell says; None for an empty one."""
    text = row.text(COLUMN).casefold()
    if text and text not in YES | NO:
        raise row.error(
            COLUMN, f"'{row.text(COLUMN)}'", "yes, no, or an empty cell (not to be shown)"
        )
    return text in YES if text else None
