"""`python -m simulator` is the command `assessment-simulator`."""

from simulator.cli import main

main()
