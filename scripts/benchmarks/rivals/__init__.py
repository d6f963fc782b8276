"""What people would otherwise pick: tools that answer like an API, doing work as near to ours as they can.

`tools` has them in a table, `running` installs and starts one, `comparing` measures it beside the simulator.
"""
