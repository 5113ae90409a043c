"""A month of the whole service in virtual time: what newsrooms publish, the wire to them, one life of the service, and
what is measured of it.

Real are the program, its store, archive, pool of processes, mail and Slack; made up are the clock, the ticks that a
virtual clock cannot drive (DESIGN §8) and the far end of the web.
"""
