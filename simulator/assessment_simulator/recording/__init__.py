"""Recordings of a vendor's API, and how the simulator differs from them.

Theory of operation. `recorder` is a server that passes requests to the vendor and its answers back. `redaction`
replaces what identifies a person or opens an account before a call is written, so no secret reaches the disk. `files`
keeps a recording: a folder with `recording.json` (vendor, host, dates, version) and one HAR file for each call. Each is
written in one step before the client gets the answer, so nothing that a client has seen is lost when the vendor or this
process fails.

`comparison` replays a recording in a fresh sandbox, which `preparation` brings into the state that the recording shows,
and compares each answer (`difference`): status, headers, then the body by shape, by type of values, and by references.
`report` says of each rule and operation whether it agrees; `verified` keeps the rules that do.

What may fail: the vendor (502 to the client, kept as an error of the call, never a difference); a call that depends on
a state that cannot be prepared (could not check).
"""
