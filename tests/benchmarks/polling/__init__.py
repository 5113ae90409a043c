"""Feeds polled by four programs off one local server: the server, the programs, and what a process tree costs."""
