"""The section on moved key frames: a figure for each experiment and factor, and the table."""

import base64
from functools import partial
from typing import TYPE_CHECKING, Any

from merflow.io.files import temporary_folder
from merflow.reporting.figures.key_frame_noise import draw_noise
from merflow.reporting.figures.style import write_figure
from merflow.reporting.key_frame_noise import noise_groups, noise_table

if TYPE_CHECKING:
    from merflow.reporting.html.run_data import Results


def noise_context(results: "Results") -> dict[str, object]:
    """Return what the section shows; no table where no experiment has `key_frame_noise`."""
    frame = results.noise
    if frame is None or not len(frame):
        return {"noise_table": None, "noise_pictures": []}
    pictures = [
        (experiment, factor, _picture(rows))
        for (experiment, factor), rows in noise_groups(frame).items()
    ]
    return {"noise_table": noise_table(frame, results.names), "noise_pictures": pictures}


def _picture(rows: list[Any]) -> str:
    """Return the figure as an address that needs no other file."""
    with temporary_folder() as folder:
        svg, _ = write_figure(folder / "key_frames", partial(draw_noise, rows=rows))
        data = base64.b64encode(svg.read_bytes()).decode()
    return f"data:image/svg+xml;base64,{data}"
