"""Note which files below results/ a process of merflow opens: Python loads this file by its name.

TRACED names the folder of the notes: one file a process, one line a call, as JSON.
"""

import json
import os
import sys

if os.environ.get("TRACED") and getattr(sys, "orig_argv", [])[1:3] == ["-m", "merflow"]:
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
            line = json.dumps([kind, str(named[-1]), sys.orig_argv[3:]])
            os.write(NOTES, f"{line}\n".encode())

    sys.addaudithook(note)
