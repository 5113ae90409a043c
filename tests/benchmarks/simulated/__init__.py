"""Weeks of news feeds in virtual time: a world of servers, the wire to them, and ways of polling it."""
