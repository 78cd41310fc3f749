"""A file for libraries that do not report failed writes."""

import io


class CheckedOutput:
    """A file being written by a library; keeps the first failure for `check` to raise.

    HDF5 silently loses single failed writes and crashes on closing after a full disk; FFmpeg goes
    on, with tracebacks. So writes after the first failure are discarded and reported as successful.
    """

    def __init__(self, raw: io.FileIO) -> None:
        self.raw, self.name = raw, raw.name
        self.fault: OSError | None = None
        self.read, self.readinto = raw.read, raw.readinto
        self.seek, self.tell, self.flush = raw.seek, raw.tell, raw.flush

    def write(self, data: bytes) -> int:
        """Write all of the data, or keep the failure."""
        rest = memoryview(data)
        try:
            while rest and self.fault is None:
                rest = rest[self.raw.write(rest) :]
        except OSError as error:
            self.fault = error
        return len(data)

    def truncate(self, size: int) -> int:
        """Set the size, or keep the failure."""
        try:
            self.raw.truncate(size)
        except OSError as error:
            self.fault = self.fault or error
        return size

    def check(self) -> None:
        """Raise the first failure."""
        if self.fault is not None:
            raise self.fault
