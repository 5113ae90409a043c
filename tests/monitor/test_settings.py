"""config/parley.yaml, the environment, files and credentials: who wins, and what is never printed."""

from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.channels import apprise, console, email, slack, slack_webhook, webhook
from alerts.records import Target
from alerts.rules import USUAL, Cap, Digest, Escalation, Quiet, Recipient, Route, SeverityRule
from monitor.faults import Faults
from monitor.homes import initialise
from monitor.settings import Settings, load

MAIL = """
watches: [ru-ua]
channels:
  mail: {kind: email, host: smtp.example.org, username: parley, sender: Parley <parley@alerts.example.org>%s}
recipients: {desk: {channel: mail, to: desk@example.org}}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    initialise(tmp_path / "home")
    return tmp_path / "home"


def written(home: Path, text: str) -> Path:
    (home / "config" / "parley.yaml").write_text(text)
    return home


def loaded(home: Path, env: dict[str, str] | None = None) -> Settings:
    found = load(home, env or {})
    assert isinstance(found, Settings), str(found)
    return found


def faults(home: Path, env: dict[str, str] | None = None) -> list[str]:
    found = load(home, env or {})
    assert isinstance(found, Faults)
    return [str(each).replace(f"{home}/", "") for each in found]


def password(settings: Settings) -> str:
    mail = settings.channels["mail"]
    assert isinstance(mail, email.Settings)
    assert mail.password is not None
    return mail.password.get_secret_value()


@pytest.mark.parametrize(("name", "kind"), [("store", "apprise"), ("heartbeat", "slack_webhook")])
def test_a_channel_does_not_share_a_credential_with_parley_itself(home: Path, name: str, kind: str) -> None:
    named = f"watches: [ru-ua]\nrecipients: {{a: {{channel: {name}}}}}\nchannels: "
    text = f"{named}{{{name}: {{kind: {kind}, url_file: u}}}}\n"
    (home / "u").write_text("https://hooks.slack.com/services/x")
    assert faults(written(home, text)) == [
        f"config/parley.yaml:3: channels.{name}: its url would be the credential {name}.url, which is Parley's own; "
        "give the channel another name"
    ]
    loaded(written(home, f"{named}{{{name}: {{kind: console}}}}\n"))


def test_the_shipped_settings_alert_on_the_console_at_once(home: Path) -> None:
    settings = loaded(home)
    assert settings.channels == {"console": console.Settings(kind="console")}
    assert {name: each.target for name, each in settings.mailing.recipients.items()} == {
        "me": Target("me", "console", "console", "me")
    }
    assert settings.mailing.routes == (Route(("me",)),)
    assert settings.store_url.get_secret_value() == f"sqlite:///{home}/state/parley.db"
    assert settings.polling.interval == timedelta(minutes=60)
    assert settings.give_up_after == timedelta(hours=48)


def test_shipped_values_are_those_that_leaving_them_out_would_give(home: Path) -> None:
    shipped = loaded(home)
    written(home, "watches: [ru-ua]\nchannels: {console: {kind: console}}\nrecipients: {me: {channel: console}}\n")
    assert loaded(home) == shipped


def test_commented_examples_of_the_shipped_settings_are_right(home: Path) -> None:
    lines = (home / "config" / "parley.yaml").read_text().splitlines()
    example = (
        "  # mail:",
        "  # newsroom:",
        "  # hook:",
        "  # desk-system:",
        "  # phone:",
        "  #   ",
        "  # desk:",
        "  # room:",
        "  # - {",
        "  # domain",
    )
    open_lines = [line.replace("# ", "", 1) if line.startswith(example) else line for line in lines]
    assert sum(a != b for a, b in zip(lines, open_lines, strict=True)) > 12
    text = "\n".join(open_lines).replace("severity: []\n", "severity:\n")
    secrets = {
        "mail.password": "secret",
        "slack.token": "secret",
        "hook.url": "https://hooks.example.org/x",
        "receiver.url": "https://receiver.example.org/x",
        "receiver.secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "phone.url": "ntfys://topic",
    }
    for name, secret in secrets.items():
        (home / name).write_text(secret)
        text = text.replace(f"/etc/parley/{name}", str(home / name))
    settings = loaded(written(home, text))
    assert sorted(settings.channels) == ["console", "desk-system", "hook", "mail", "newsroom", "phone"]
    assert settings.mailing.recipients["room"].target == Target("room", "newsroom", "slack", "C0123ABCD")
    assert settings.mailing.domain == "alerts.example.org"


def test_channels_become_records_with_their_usual_ports(home: Path) -> None:
    text = """
watches: [ru-ua]
channels:
  a: {kind: email, host: smtp.example.org, sender: parley@example.org}
  b: {kind: email, host: smtp.example.org, sender: parley@example.org, security: tls}
  c: {kind: email, host: 127.0.0.1, sender: parley@example.org, security: none, port: 2525}
  d: {kind: slack, token: xoxb-1, api_url: "http://127.0.0.1:8080/api/"}
  e: {kind: slack_webhook, url: "https://hooks.example.org/T/B/x"}
recipients: {hall: {channel: e}, lab: {channel: d, to: C0123ABCD}}
"""
    settings = loaded(written(home, text))
    mails = [settings.channels[name] for name in "abc"]
    assert [(each.usual_port(), each.security) for each in mails if isinstance(each, email.Settings)] == [
        (587, "starttls"), (465, "tls"), (2525, "none"),
    ]  # fmt: skip
    room, hook = settings.channels["d"], settings.channels["e"]
    assert isinstance(room, slack.Settings)
    assert room.token is not None
    assert (room.token.get_secret_value(), room.api_url) == ("xoxb-1", "http://127.0.0.1:8080/api/")
    assert isinstance(hook, slack_webhook.Settings)
    assert hook.url is not None
    assert hook.url.get_secret_value().endswith("/x")
    assert settings.mailing.recipients["hall"].target == Target("hall", "e", "slack_webhook", "hall")
    assert settings.mailing.senders == dict.fromkeys("abc", "parley@example.org")
    assert settings.mailing.domain == "example.org"


def test_who_hears_what_when_becomes_the_records_of_a_mailing(home: Path) -> None:
    text = """
watches: [ru-ua]
delivery: {gather: 0s, stale_after: 3d}
channels: {console: {kind: console}}
recipients:
  desk:
    channel: console
    zone: Europe/Kyiv
    quiet:
      - {from: "22:00", to: "7:30", days: [friday, monday], then: digest, bypass: []}
      - {from: "12:00", to: "13:00"}
    cap: {hour: 3}
    fallback: boss
    fallback_after: 20m
  boss: {channel: console, to: somewhere}
routes:
  - {to: [desk], kinds: [summit], severity: [urgent, low], escalate: [{after: 1h 30m, to: [boss]}]}
  - {to: [boss], watches: [ru-ua], reasons: [corrected], digest: {at: "08:05", day: sunday}}
  - {to: [boss], digest: {at: "18:00"}}
severity:
  - {is: urgent, kinds: [summit], reasons: [new], watches: [ru-ua]}
"""
    mailing = loaded(written(home, text)).mailing
    assert mailing.recipients == {
        "desk": Recipient(
            Target("desk", "console", "console", "desk"),
            ZoneInfo("Europe/Kyiv"),
            (
                Quiet(time(22), time(7, 30), frozenset({0, 4}), "digest", frozenset()),
                Quiet(time(12), time(13), frozenset(range(7)), "hold", frozenset({"urgent"})),
            ),
            Cap(3, None),
            "boss",
            timedelta(minutes=20),
        ),
        "boss": Recipient(Target("boss", "console", "console", "somewhere"), cap=Cap(10, 30)),
    }
    assert mailing.routes == (
        Route(
            ("desk",),
            kinds=frozenset({"summit"}),
            severities=frozenset({"urgent", "low"}),
            escalate=(Escalation(timedelta(minutes=90), ("boss",)),),
        ),
        Route(("boss",), frozenset({"ru-ua"}), reasons=frozenset({"corrected"}), digest=Digest(time(8, 5), 6)),
        Route(("boss",), digest=Digest(time(18))),
    )
    own = SeverityRule("urgent", frozenset({"ru-ua"}), frozenset({"summit"}), frozenset({"new"}))
    assert mailing.severities == (own, *USUAL)
    assert (mailing.gather, mailing.stale_after) == (timedelta(0), timedelta(days=3))


def test_no_secret_stands_in_what_settings_print(home: Path) -> None:
    written(home, MAIL % ", password: hunter2" + "store: {url: postgresql+psycopg://parley:hunter2@db/parley}\n")
    settings = loaded(home)
    assert "hunter2" not in f"{settings!r} {settings}"
    assert password(settings) == "hunter2"
    assert settings.store_url.get_secret_value() == "postgresql+psycopg://parley:hunter2@db/parley"


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("PARLEY_POLLING__INTERVAL", "30m", lambda s: s.polling.interval == timedelta(minutes=30)),
        ("PARLEY_POLLING__PAGE_BYTES", "800kB", lambda s: s.polling.page_bytes == 800_000),
        ("PARLEY_WORKERS__COUNT", "4", lambda s: s.workers.count == 4),
        ("PARLEY_LOG__LEVEL", "debug", lambda s: s.log_level == "debug"),
        ("PARLEY_CONTACT", "desk@example.org", lambda s: s.contact == "desk@example.org"),
        ("PARLEY_CONTACT", "", lambda s: s.contact is None),
        ("PARLEY_WATCHES", "ru-ua, ru-ua", lambda s: s.watches == ("ru-ua", "ru-ua")),
        ("PARLEY_WATCHES", "[ru-ua]", lambda s: s.watches == ("ru-ua",)),
        ("PARLEY_ROUTES", "[{to: [me], reasons: [new]}]", lambda s: s.mailing.routes[0].reasons == frozenset({"new"})),
        ("PARLEY_STORE__URL", "sqlite:////tmp/p.db", lambda s: s.store_url.get_secret_value().endswith("/tmp/p.db")),
        ("PARLEY_RECIPIENTS__YOU__CHANNEL", "console", lambda s: s.mailing.recipients["you"].target.kind == "console"),
        ("PARLEY_SERVICE_HOST", "10.0.0.1", lambda s: s.watches == ("ru-ua",)),
        ("PARLEY_PORT_8080_TCP", "tcp://10.0.0.1", lambda s: s.watches == ("ru-ua",)),
        ("PARLEY_HOME", "/nowhere", lambda s: s.watches == ("ru-ua",)),
    ],
)
def test_a_variable_of_the_environment_wins_over_the_file(home: Path, variable: str, value: str, read: object) -> None:
    assert callable(read)
    assert read(loaded(home, {variable: value}))


def test_a_variable_reaches_a_channels_own_keys_and_faults_there_name_it(home: Path) -> None:
    written(home, MAIL % ", password: hunter2")
    mail = loaded(home, {"PARLEY_CHANNELS__MAIL__PORT": "2525"}).channels["mail"]
    assert isinstance(mail, email.Settings)
    assert mail.usual_port() == 2525
    (fault,) = faults(home, {"PARLEY_CHANNELS__MAIL__PORT": "70000"})
    assert fault.startswith("PARLEY_CHANNELS__MAIL__PORT: channels.mail.port: should be at most 65535")
    (fault,) = faults(home, {"PARLEY_CHANNELS__MAIL__PROT": "25"})
    assert fault.startswith(
        "PARLEY_CHANNELS__MAIL__PROT: channels.mail.prot: unknown key; known here: kind, host, port"
    )


def test_a_channel_can_be_given_by_variables_alone(home: Path) -> None:
    env = {"PARLEY_CHANNELS__PHONE__KIND": "apprise", "PARLEY_CHANNELS__PHONE__URL": "ntfys://hunter2"}
    phone = loaded(home, env).channels["phone"]
    assert isinstance(phone, apprise.Settings)
    assert phone.url is not None
    assert phone.url.get_secret_value() == "ntfys://hunter2"


def test_every_secret_of_a_webhook_can_be_a_file_or_a_credential(home: Path, tmp_path: Path) -> None:
    first, second = (f"whsec_{letter * 32}" for letter in "AB")
    (home / "new").write_text(first + "\n")
    (home / "old").write_text(second + "\n")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "in.url").write_text("https://receiver.example.org/in")
    written(
        home,
        "watches: [ru-ua]\nrecipients: {me: {channel: in}}\n"
        "channels: {in: {kind: webhook, secret_file: new, previous_secret_file: old}}\n",
    )
    hook = loaded(home, {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}).channels["in"]
    assert isinstance(hook, webhook.Settings)
    given = [each.get_secret_value() for each in (hook.url, hook.secret, hook.previous_secret) if each]
    assert given == ["https://receiver.example.org/in", first, second]


def test_a_variable_finds_the_name_that_it_cannot_spell(home: Path) -> None:
    text = "watches: [ru-ua]\nchannels: {my-hook: {kind: slack_webhook}}\nrecipients: {room: {channel: my-hook}}\n"
    settings = loaded(written(home, text), {"PARLEY_CHANNELS__MY_HOOK__URL": "https://hooks.example.org/[x]"})
    hook = settings.channels["my-hook"]
    assert isinstance(hook, slack_webhook.Settings)
    assert hook.url is not None
    assert hook.url.get_secret_value() == "https://hooks.example.org/[x]"


@pytest.mark.parametrize(
    ("env", "fault"),
    [
        ({"PARLEY_POLING__INTERVAL": "30m"}, "PARLEY_POLING__INTERVAL: poling: unknown key; known here: "),
        ({"PARLEY_POLLING__PACE": "30m"}, "PARLEY_POLLING__PACE: polling.pace: unknown key; known here: interval"),
        ({"PARLEY_POLLING__INTERVAL": "soon"}, "PARLEY_POLLING__INTERVAL: polling.interval: should be a time"),
        ({"PARLEY_WATCHES": "us-ua"}, "PARLEY_WATCHES: watches[0]: unknown watch us-ua"),
        ({"PARLEY_ROUTES": "[{to: hunter2"}, "PARLEY_ROUTES: not YAML"),
        ({"PARLEY_CONTACT__NAME": "hunter2"}, "PARLEY_CONTACT__NAME: contact: should be text"),
    ],
)
def test_a_fault_in_a_variable_names_the_variable(home: Path, env: dict[str, str], fault: str) -> None:
    found = faults(home, env)
    assert found[0].startswith(fault)
    assert "hunter2" not in "".join(found)


@pytest.mark.parametrize("secret", ["[x]", "{x: y}", "12345", "*x", "!x", "a: b", " x ", "a,b"])
def test_a_password_in_a_variable_is_taken_as_it_stands(home: Path, secret: str) -> None:
    assert password(loaded(written(home, MAIL % ""), {"PARLEY_CHANNELS__MAIL__PASSWORD": secret})) == secret


def test_credentials_win_over_variables_and_those_over_the_file(home: Path, tmp_path: Path) -> None:
    written(home, MAIL % ", password_file: mail.password")
    (home / "mail.password").write_text("of the file\n")
    (tmp_path / "variable").write_text("of the variable's file\n")
    (tmp_path / "credentials").mkdir()
    assert password(loaded(home)) == "of the file"
    env = {"PARLEY_CHANNELS__MAIL__PASSWORD_FILE": str(tmp_path / "variable")}
    assert password(loaded(home, env)) == "of the variable's file"
    env = {"PARLEY_CHANNELS__MAIL__PASSWORD": "of the variable"}
    assert password(loaded(home, env)) == "of the variable"
    env["CREDENTIALS_DIRECTORY"] = str(tmp_path / "credentials")
    assert password(loaded(home, env)) == "of the variable"
    (tmp_path / "credentials" / "mail.password").write_text("of systemd")
    assert password(loaded(home, env)) == "of systemd"


@pytest.mark.parametrize("content", [b"", b"\n", b"hunter2\nhunter2\n", b"\xffhunter2"])
def test_a_secret_file_that_holds_no_one_line_is_a_fault_and_is_not_printed(home: Path, content: bytes) -> None:
    written(home, MAIL % ", password_file: mail.password")
    (home / "mail.password").write_bytes(content)
    found = faults(home)
    assert len(found) == 1
    assert found[0].startswith("config/parley.yaml:4: channels.mail.password_file: mail.password ")
    assert "hunter2" not in found[0]


def test_faults_of_unconnected_keys_come_together(home: Path) -> None:
    written(home, "watches: [us-ua]\nchannels: {room: {kind: slack}}\nrecipients: {me: {channel: console}}\n")
    assert [each.split(": ")[1] for each in faults(home)] == ["watches[0]", "recipients.me.channel", "channels.room"]


@pytest.mark.parametrize(
    ("store", "folder"),
    [
        ("", "{home}/state/archive"),
        ("sqlite:///kept/parley.db", "{home}/kept/archive"),
        ("sqlite:////var/lib/parley/parley.db", "/var/lib/parley/archive"),
        ("postgresql+psycopg://parley@db/parley", "{home}/state/archive"),
    ],
)
def test_the_archive_is_beside_the_store(home: Path, store: str, folder: str) -> None:
    env = {"PARLEY_STORE__URL": store} if store else {}
    assert str(loaded(home, env).archive) == folder.format(home=home)
