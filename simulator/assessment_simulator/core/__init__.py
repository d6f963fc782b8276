"""The pure heart: nothing in this folder reads a clock, draws a chance or opens a socket.

Read in this order: `rules` (what a demand is), `call` and `decision` (what goes in and what comes out),
`world` (what may be looked at meanwhile), `vendor` (the table, and `answer`, the one door through it).
"""
