"""Where alerts go: one file per kind of channel.

A channel sends one rendered payload and says what came of it (`alerts.records.Channel`). Retrying is not its affair,
and no secret of its configuration ever stands in an outcome. Nothing is imported here: each kind brings a library that
takes its time, and a service needs those it is told to use (`monitor.app.channels`).
"""
