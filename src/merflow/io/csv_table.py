"""Read and write small CSV tables as text; errors name file, row and column."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from merflow.errors import MerflowError, nearest
from merflow.io import records
from merflow.io.files import FORMULA

MAX_BYTES = 256 * 2**20


class CsvTable:
    """Rows of one CSV as text, with their line numbers."""

    def __init__(self, path: str, header: list[str], rows: list[tuple[int, list[str]]]) -> None:
        self.path, self.columns, self.rows = path, header, rows

    def __getitem__(self, column: str) -> list[str]:
        place = self.columns.index(column)
        return [cells[place] for _, cells in self.rows]

    def need(self, *columns: str) -> None:
        """Raise an error for the first missing column."""
        for column in columns:
            if column not in self.columns:
                raise MerflowError(
                    f"{self.path}: row 1",
                    f"no column '{column}'{nearest(column, self.columns)}",
                    ", ".join(columns),
                    "add the column; the columns found are " + ", ".join(self.columns),
                )

    def where(self, number: int) -> str:
        """Return `file: row n` for the data row at a position, as an editor counts lines."""
        return f"{self.path}: row {self.rows[number][0]}"


def read_csv(path: Path | str, needed: Sequence[str], *, may_be_empty: bool = False) -> CsvTable:
    """Read a CSV with column names in the first row, among them the `needed` ones."""
    text = read_text(path)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = [cell.strip() for cell in next(reader, [])]
        rows = [(reader.line_num, cells) for cells in reader if any(c.strip() for c in cells)]
    except csv.Error as error:
        raise MerflowError(f"{path}: row {reader.line_num}", f"not CSV ({error})", "CSV") from None
    sheet = CsvTable(str(path), header, rows)
    twice = sorted({c for c in header if header.count(c) > 1})
    if twice:
        raise MerflowError(f"{path}: row 1", f"column '{twice[0]}' twice", "each column once")
    for sign, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and sign in header[0]:
            raise MerflowError(
                f"{path}: row 1", f"columns separated by {name}", "commas", "save it with commas"
            )
    sheet.need(*needed)
    if not rows and not may_be_empty:
        raise MerflowError(str(path), "a header and no rows", "one row for each clip")
    for number, (_, cells) in enumerate(rows):
        if len(cells) != len(header):
            raise MerflowError(
                sheet.where(number), f"{len(cells)} cells", f"{len(header)}, as in the header"
            )
    return sheet


def read_text(path: Path | str) -> str:
    """Return the content of a small UTF-8 text file, with or without byte order mark.

    A file below results/ must be as the job that wrote it left it (`io.records`).
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MerflowError(str(path), "more than 256 MiB", "a table of clips")
        records.check(path)
        data = path.read_bytes()
    except OSError as error:
        raise MerflowError(str(path), error.strerror or str(error), "a readable file") from None
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise MerflowError(str(path), "the file is empty", "a header and one row for each clip")
    if data[:4] == b"PK\x03\x04":
        raise MerflowError(
            str(path), "a workbook (xlsx) or an archive", "a CSV", "export its sheet as CSV UTF-8"
        )
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data:
        raise MerflowError(
            str(path), "UTF-16 or binary content", "UTF-8 text", "save it again as CSV UTF-8"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise MerflowError(
            f"{path}: row {line}",
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            "UTF-8 text",
            "save it again as CSV UTF-8",
        ) from None


def csv_text(header: Sequence[str], rows: Sequence[Sequence[str]], kept: int = 0) -> str:
    """Return a CSV with Unix line ends, in which no cell is a spreadsheet formula.

    kept: number of first rows that come from a file of the user; their cells stay as they are.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_one_line(c) for c in row] for row in rows[:kept])
    writer.writerows(
        [safe_cell(c) if isinstance(c, str) else c for c in row] for row in rows[kept:]
    )
    return buffer.getvalue()


def _one_line(text: str) -> str:
    # Python's writer does not quote a lone return, which starts a new row in some programs.
    return text.replace("\r", " ")


def safe_cell(text: str) -> str:
    """Return text that no spreadsheet reads as a formula; numbers stay numbers."""
    text = _one_line(text)
    if not {text[:1], text.lstrip()[:1]} & FORMULA:
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
