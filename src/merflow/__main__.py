"""`python -m merflow` is `merflow`; a fold may be trained in a fork of a process that is ready."""

from merflow.workflow.shared_start import handed_over

if (code := handed_over()) is not None:
    raise SystemExit(code)

from merflow.cli import main

main()
