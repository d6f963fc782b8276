"""`python -m assessment_simulator` is the command `assessment-simulator`."""

from assessment_simulator.cli import main

main()
