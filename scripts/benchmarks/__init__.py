"""How fast the simulator is, as ratios to a bare Starlette app in the same run. `scripts/bench` runs it.

Read in this order: `measures` (what is measured, and how pairs of slices cancel drift), `load` (the generator),
`servers` (both processes, pinned to one core), `goals` (what each figure should reach), `report` (the table).
"""
