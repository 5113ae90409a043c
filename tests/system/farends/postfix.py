"""Debian's postfix as a private instance: its own configuration, queue and mailbox, on one loopback port.

Port 25, /etc/postfix and the machine's own mail are left alone. Mail is taken over STARTTLS alone, for one domain, and
lies in a Maildir afterwards.
"""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

DOMAIN = "desk.example"
_MAIN = """\
compatibility_level = 3.6
config_directory = {top}/etc
queue_directory = {top}/spool
data_directory = {top}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {top}/log/mail.log
maillog_file_prefixes = {top}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.test
mynetworks =
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {top}/mail
virtual_mailbox_maps = static:all/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {top}/etc/chain.pem
smtpd_tls_key_file = {top}/etc/chain.pem
smtpd_client_connection_rate_limit = 0
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_TRACE = ("Return-Path:", "X-Original-To:", "Delivered-To:", "Received:")
"""What a mail gets on its way, before what was handed over."""


class PostfixMissingError(Exception):
    """This machine cannot run a postfix; the message says what to do."""


@dataclass(slots=True)
class Postfix:
    """`top` is an empty folder that everybody may enter; `chain` the server's key and certificates, PEM."""

    top: Path
    chain: bytes
    port: int = 0

    def start(self) -> None:
        """Raises PostfixMissingError without postfix or root, subprocess.CalledProcessError with what postfix says."""
        if shutil.which("postfix") is None:
            raise PostfixMissingError("no postfix here: apt-get install postfix, as .ci/run does")
        if os.geteuid() != 0:
            raise PostfixMissingError("postfix starts as root only: run this test as root, as .ci/run does")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        owner, reader = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
        for name in ("etc", "spool", "data", "log", "mail"):
            (self.top / name).mkdir()
        os.chown(self.top / "data", owner.pw_uid, owner.pw_gid)
        os.chown(self.top / "mail", reader.pw_uid, reader.pw_gid)
        main = _MAIN.format(
            top=self.top, daemons="/usr/lib/postfix/sbin", domain=DOMAIN, uid=reader.pw_uid, gid=reader.pw_gid
        )
        (self.top / "etc" / "main.cf").write_text(main)
        (self.top / "etc" / "master.cf").write_text(_MASTER.format(port=self.port))
        chain = self.top / "etc" / "chain.pem"
        chain.write_bytes(self.chain)
        chain.chmod(0o600)
        self._command("start")

    def stop(self) -> None:
        self._command("stop")

    def _command(self, word: str) -> None:
        # Debian's dynamic maps are looked for beside main.cf; none is used here.
        done = subprocess.run(
            ["postfix", "-c", str(self.top / "etc"), word], capture_output=True, text=True, timeout=60
        )
        if done.returncode:
            raise AssertionError(f"postfix {word}: {done.stdout}{done.stderr}{self.log}")

    @property
    def log(self) -> str:
        file = self.top / "log" / "mail.log"
        return file.read_text(errors="replace") if file.exists() else ""

    async def mails(self, count: int, seconds: float = 60) -> list[bytes]:
        """The mails delivered, at least `count`, the oldest first; fails with postfix's log when they do not come."""
        new = self.top / "mail" / "all" / "new"
        deadline = asyncio.get_running_loop().time() + seconds
        while not new.exists() or len(list(new.iterdir())) < count:
            assert asyncio.get_running_loop().time() < deadline, f"not {count} mails after {seconds} s:\n{self.log}"
            await asyncio.sleep(0.1)
        files = sorted(new.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        return [file.read_bytes() for file in files]


def handed_over(mail: bytes) -> bytes:
    """A delivered mail without what postfix wrote before it, with the line ends of the wire."""
    lines = mail.split(b"\n")
    start = 0
    while lines[start].startswith(tuple(word.encode() for word in _TRACE)) or lines[start][:1] in (b" ", b"\t"):
        start += 1
    return b"\r\n".join(lines[start:])
