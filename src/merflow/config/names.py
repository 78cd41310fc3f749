"""Names in the config that become parts of paths."""

from typing import Annotated

from pydantic import AfterValidator, Field

from merflow.errors import MerflowError
from merflow.io.files import safe_name


def _one_part(name: str) -> str:
    """Refuse also names that some systems reserve for devices."""
    try:
        return safe_name(name, "name")
    except MerflowError as error:
        raise ValueError(error.found) from None


NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.=+-]*$"

Name = Annotated[
    str,
    Field(pattern=NAME_PATTERN, max_length=120),
    AfterValidator(_one_part),
]
