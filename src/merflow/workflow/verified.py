"""The result of `merflow verify`, and its text."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from merflow.text import plural


class Fault(NamedTuple):
    """A file that is not as recorded. path: as records name it.

    state: changed, missing or unknown. step: the command that made it. remake: files that must go
    so that the next run makes it again.
    """

    path: str
    state: str
    found: str
    step: str = ""
    fix: str = ""
    remake: tuple[str, ...] = ()


@dataclass
class Verified:
    """right, absent: step -> number of files; frames: number of raw frames as align read them.

    absent: temporary or deleted files that a run makes again where it needs them.
    """

    right: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)
    frames: int = 0
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def of(self, state: str) -> list[Fault]:
        """Return the faults of one state."""
        return [fault for fault in self.faults if fault.state == state]

    @property
    def bad(self) -> list[Fault]:
        """Return what is changed or missing."""
        return [fault for fault in self.faults if fault.state != "unknown"]

    def as_json(self) -> dict[str, Any]:
        """Return everything as a JSON value."""
        return {
            "right": dict(self.right),
            "frames": self.frames,
            "absent": dict(self.absent),
            **{state: [_row(one) for one in self.of(state)] for state in STATES},
            "notes": self.notes,
        }

    def text(self) -> str:
        """Return everything as text: counts first, then every fault."""
        lines = [f"as recorded: {plural(self.right.total(), 'file')}{_listed(self.right)}"]
        if self.frames:
            lines.append(f"as read: {plural(self.frames, 'raw frame')}")
        if self.absent:
            many = plural(self.absent.total(), "file")
            why = "temporary or deleted, made again where needed"
            lines.append(f"absent: {many}{_listed(self.absent)}; {why}")
        lines += [f"note: {note}" for note in self.notes]
        for state in STATES:
            faults = self.of(state)
            lines += [f"{state}: {len(faults)}"] if faults else []
            fixes = dict.fromkeys(fault.fix for fault in faults)
            for fix in fixes:
                lines += [f"  {_line(fault)}" for fault in faults if fault.fix == fix]
                lines.append(f"    to do: {fix}")
        return "\n".join(lines)


STATES = ("changed", "missing", "unknown")


def _line(fault: Fault) -> str:
    by = f" (made by {fault.step})" if fault.step else ""
    return f"{fault.path}: {fault.found}{by}"


def _row(fault: Fault) -> dict[str, str]:
    return {"path": fault.path, "found": fault.found, "made_by": fault.step, "to_do": fault.fix}


def _listed(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{count} of {step}' for step, count in counts.items())})"
