"""What several commands take as an argument: a moment, and how long."""

from datetime import datetime, timedelta

import click

from monitor import faults
from monitor.archive.loading import day_or_moment


class Moment(click.ParamType[datetime]):
    """A day or a time; a bare day is 12:00 UTC."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return day_or_moment(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Span(click.ParamType[timedelta]):
    """How long: 90m, 4h, 7d."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            span = faults.duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if span <= timedelta(0):
            self.fail("should be longer than nothing", param, ctx)
        return span
