"""`python -m merflow` is `merflow`."""

from merflow.cli import main

main()
