"""`merflow schema`: generate the JSON schema and the key reference of the config."""

from pathlib import Path

from merflow.config.reference import reference_text, schema_text
from merflow.io.files import write_text

SCHEMA = Path("workflow/schemas/config.schema.json")
REFERENCE = Path("config/README.md")


def schema(folder: Path = Path()) -> None:
    """Write workflow/schemas/config.schema.json and config/README.md below FOLDER.

    Examples:
        merflow schema
        merflow schema /path/to/a/checkout

    Args:
        folder: Root of a checkout.
    """
    write_text(folder / SCHEMA, schema_text())
    write_text(folder / REFERENCE, reference_text())
    print(f"{folder / SCHEMA}\n{folder / REFERENCE}")
