"""Note which files below results/ a process of merflow opens: Python loads this file by its name.

TRACED names the folder of the notes: one file a process, one line a call, as JSON.
"""

import json
import os
import sys

if os.environ.get("TRACED"):
    NOTES = os.open(
        os.path.join(os.environ["TRACED"], str(os.getpid())),
        os.O_WRONLY | os.O_CREAT | os.O_APPEND,
        0o644,
    )

    def note(event, arguments):
        if event not in ("open", "os.rename"):
            return
        named = [os.fspath(one) for one in arguments if isinstance(one, str | os.PathLike)]
        if named and "results/" in str(named[-1]):
            mode = arguments[2] if event == "open" else 0
            kind = event if event == "os.rename" or mode & os.O_ACCMODE else "read"
            command = getattr(sys, "orig_argv", [])[3:]
            os.write(NOTES, (json.dumps([kind, str(named[-1]), command]) + "\n").encode())

    if "merflow" in getattr(sys, "orig_argv", []):
        sys.addaudithook(note)
