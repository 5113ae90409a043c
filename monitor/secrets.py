"""Secrets from systemd's credentials, from files, or as given; never printed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from monitor.documents import Document, Where
from monitor.faults import Fault, fault


@dataclass(frozen=True, slots=True)
class Found:
    """A secret and the key that gave it. `tried`: one was named, and why it is not there is a fault already."""

    where: Where
    value: SecretStr | None = None
    tried: bool = False


class Secrets:
    """Finds the secrets of one document and gathers what is wrong with them in `faults`.

    Files are named relative to `home`. A credential is called as its place in the file: `mail.password`, `store.url`;
    `files` are the files that were named, by that.
    """

    def __init__(self, document: Document, home: Path, env: Mapping[str, str]) -> None:
        self._document, self._home = document, home
        self._credentials = Path(env["CREDENTIALS_DIRECTORY"]) if env.get("CREDENTIALS_DIRECTORY") else None
        self.faults: list[Fault] = []
        self.files: dict[str, Path] = {}

    def find(self, where: Where, key: str, value: SecretStr | None, file: str | None) -> Found:
        """The secret `key` at `where`, from the credentials, else as given, else from its file."""
        if file is not None:
            self.files[f"{where[-1]}.{key}"] = self._home / file
        if self._credentials is not None:
            credential = self._credentials / f"{where[-1]}.{key}"
            if credential.is_file():
                return self._read(credential, (*where, key))
        if value is not None and file is not None:
            self._say((*where, key), f"{key} and {key}_file are both given", "keep one")
            return Found((*where, key), tried=True)
        if value is not None:
            if not value.get_secret_value():
                self._say((*where, key), "is empty", "give a value or leave the key out")
                return Found((*where, key), tried=True)
            return Found((*where, key), value)
        if file is not None:
            return self._read(self._home / file, (*where, f"{key}_file"))
        return Found(where)

    def need(self, where: Where, key: str, value: SecretStr | None, file: str | None) -> Found:
        """The same, and it is a fault when none is given."""
        found = self.find(where, key, value, file)
        if found.value is None and not found.tried:
            variable = "PARLEY_" + "__".join(str(step).replace("-", "_").upper() for step in (*where, key))
            advice = f"give {key}, {key}_file, the variable {variable} or the credential {where[-1]}.{key}"
            self._say(where, f"its {key} is missing", advice)
        return found

    def _read(self, path: Path, where: Where) -> Found:
        try:
            text = path.read_text(encoding="utf-8").strip("\r\n")
        except UnicodeDecodeError:
            self._say(where, f"{path} is not UTF-8 text", "it should hold the secret on one line")
            return Found(where, tried=True)
        except OSError as error:
            self._say(where, f"{path} cannot be read: {error.strerror}", "see that it is there and may be read")
            return Found(where, tried=True)
        if not text or "\n" in text:
            self._say(where, f"{path} should hold the secret on one line")
            return Found(where, tried=True)
        return Found(where, SecretStr(text))

    def _say(self, where: Where, message: str, advice: str = "") -> None:
        self.faults.append(fault(self._document, where, message, advice))
