"""`python -m assessment_simulator` runs the command `assessment-simulator`."""

from assessment_simulator.cli import main

main()
