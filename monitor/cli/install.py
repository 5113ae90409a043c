"""`parley install-service`: the unit of this install for systemd."""

import os
import re
import shutil
import stat
import subprocess
import sys
from difflib import unified_diff
from pathlib import Path

import click

from monitor import installing, settings
from monitor.cli.home import fail
from monitor.faults import Faults
from monitor.installing import Plan
from monitor.records import MonitorError

UNIT = Path("/etc/systemd/system/parley.service")


@click.command("install-service")
@click.option("--user", metavar="NAME", help="Run as this user; left out: as one that systemd makes for the service.")
@click.option(
    "--output", metavar="FILE", default=str(UNIT), show_default=True, help="Where to write the unit; - prints it."
)
@click.option("--print", "only_print", is_flag=True, help="Print the unit and write nothing.")
@click.option("--force", is_flag=True, help="Replace a unit that differs.")
@click.pass_obj
def install_service(home: Path, user: str | None, output: str, only_print: bool, force: bool) -> None:
    """Write the systemd unit for this program and this home, and say how it is started.

    Everything is looked at as the service will see it. Each secret in a file (password_file and the like) is handed
    over by systemd, so that only root needs to read it. A store in the home's own state/ that was never used is put
    into /var/lib/parley, by store.url in config/parley.yaml.
    """
    try:
        plan = installing.plan(home, _program(), installing.account(user), os.environ, _manager())
        if isinstance(plan, Faults):
            fail(plan)
        for note in plan.notes:
            click.echo(f"note: {note}", err=True)
        if only_print or output == "-":
            if plan.settings is not None:
                click.echo(f"note: {settings.FILE} would get a store.url in {installing.USUAL}", err=True)
            click.echo(plan.unit, nl=False)
            return
        _write(plan, home, Path(output), force=force)
    except MonitorError as error:
        raise click.ClickException(str(error)) from error


def _write(plan: Plan, home: Path, output: Path, *, force: bool) -> None:
    before = output.read_text(encoding="utf-8") if output.is_file() else None
    if before not in (None, plan.unit):
        assert before is not None
        lines = before.splitlines(), plan.unit.splitlines()
        for line in unified_diff(*lines, str(output), "of this install", lineterm=""):
            click.echo(line, err=True)
        if not force:
            raise MonitorError(f"{output} is there and differs; nothing was written. --force replaces it")
    try:
        if before != plan.unit:
            _replace(output, plan.unit)
        if plan.settings is not None:
            _replace(home / settings.FILE, plan.settings)
            click.echo(f"{home / settings.FILE}: store.url is in {installing.USUAL} now", err=True)
    except OSError as error:
        advice = "run it as root, or give --output with another place"
        raise MonitorError(f"{error.filename} could not be written: {error.strerror}; {advice}") from error
    name = output.stem
    click.echo(f"{output} {'is as it should be' if before == plan.unit else 'was written'}", err=True)
    then = f"systemctl enable --now {name}" if before is None else f"systemctl restart {name}"
    click.echo(f"Next:\n  systemctl daemon-reload\n  {then}", err=True)


def _replace(place: Path, text: str) -> None:
    """Write it at one go. The settings may hold secrets: no moment in which others may read more than before."""
    place = place.resolve()
    beside = place.with_name(place.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        about = place.stat() if place.exists() else None
        if about is not None and os.geteuid() == 0:
            os.fchown(file.fileno(), about.st_uid, about.st_gid)
        os.fchmod(file.fileno(), stat.S_IMODE(about.st_mode) if about is not None else 0o644)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(place)


def _program() -> tuple[str, ...]:
    """The command of this very install."""
    beside = Path(sys.executable).with_name("parley")
    return (str(beside),) if beside.is_file() else (sys.executable, "-m", "monitor")


def _manager() -> int:
    """The version of systemd here; that of Debian 12 where there is none."""
    program = shutil.which("systemctl")
    if program is None:
        return 252
    said = subprocess.run((program, "--version"), capture_output=True, text=True).stdout  # noqa: S603 - no input
    found = re.match(r"systemd (\d+)", said)
    return int(found[1]) if found else 252
