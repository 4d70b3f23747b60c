"""Environment to settings: frozen, typed, read once at start-up."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from cds_hooks import RateLimit
from plugin.domain.content import ContentError
from plugin.policies.model import NotesShown

PREFIX = "SPINAL_CDS_"


class Settings(BaseSettings):
    """Every setting; the environment variable is the name in capitals after `SPINAL_CDS_`.

    With `_FILE` behind it, it names a file that holds the value.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    profile: Literal["development", "production"] = "development"
    """Development: loopback only; open, unless `clients_file` is given. Production: everything locked."""
    clients_file: Path | None = None
    """TOML: the EHRs that may call. Without it, development also reads loopback and `fhir_servers`."""
    control_file: Path | None = None
    """TOML, read again when it changes: which criteria are shown to whom, and the kill switch."""
    rate_limit: str = "6000/minute"
    """Calls of one registered client, in each process."""
    today: date | None = None
    """Fixes the clock."""
    policy: str = "default"
    """A shipped policy's name, or the path of a TOML file."""
    notes: NotesShown | None = None
    """Overrides the policy's key."""
    public_url: str = Field(default="http://127.0.0.1:8000", pattern=r"^https?://[^\s/?#]+[^\s?#]*$")
    """The base URL that clients and clinicians' browsers know; card links start with it."""
    fhir_servers: Annotated[tuple[str, ...], NoDecode] = ()
    """FHIR base URLs beside loopback that may be contacted; in the environment separated by blanks."""
    relief_code: Annotated[tuple[str, str] | None, NoDecode] = None
    """System and code of the Observation that holds percent relief after an injection; `system|code`."""
    local_codes_file: Path | None = None
    """FHIR R4 ConceptMap, JSON: which standard codes the site's own codes stand for."""
    database: str = "sqlite:///.run/spinal-cds.sqlite3"
    """SQLAlchemy URL of the store: `sqlite:///FILE` or `postgresql+psycopg://…`."""
    replay_url: str | None = Field(default=None, pattern=r"^rediss?://")
    """Where used tokens are noted, if not in the database: a Redis URL."""
    max_body_bytes: int = Field(default=2 * 1024 * 1024, ge=1024)
    deadline_seconds: float = Field(default=1.5, gt=0, le=30)
    """For all reads of the FHIR server in one call together."""
    max_in_flight: int = Field(default=8, ge=2, le=256)
    """Service calls that each process answers at once, and, beside them, half as many of feedback."""
    keep_comments_days: int = Field(default=90, ge=0)
    """How long `purge` leaves clinicians' comments."""
    keep_cards_days: int = Field(default=1095, ge=1)
    """How long `purge` leaves issued cards and the feedback on them."""
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Where `/metrics` is answered; nowhere, unless it is given."""
    tracing: bool = False
    """Needs the extra `otel`; where traces go, the standard OTEL_ variables say."""
    metrics_host: str = "127.0.0.1"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def threads(self) -> int:
        """What a server needs for all that is in flight, and two to refuse the excess and answer probes."""
        return self.max_in_flight + self.max_in_flight // 2 + 2

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, InitSettingsSource(settings_cls, _values_in_files())

    @field_validator("rate_limit")
    @classmethod
    def _is_a_rate(cls, rate: str) -> str:
        try:
            RateLimit(rate)
        except ValueError:
            raise ValueError("must be like 6000/minute") from None
        return rate

    @model_validator(mode="before")
    @classmethod
    def _splits_fhir_servers(cls, values: dict[str, object]) -> dict[str, object]:
        given = values.get("fhir_servers")
        return {**values, "fhir_servers": tuple(given.split())} if isinstance(given, str) else values

    @field_validator("relief_code", mode="before")
    @classmethod
    def _splits_relief_code(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        parts = given.split("|")
        if len(parts) != 2 or not all(parts) or re.search(r"[\s,&?#]", given):
            raise ValueError("must be system|code, without blanks")
        return tuple(parts)


def read_settings(**overrides: object) -> Settings:
    """Raises ContentError naming the variables at fault, never their values."""
    strange = strange_settings()
    try:
        settings = valid_settings(**overrides)
    except ContentError as error:
        raise ContentError(*strange, *error.faults) from error
    if strange:
        raise ContentError(*strange)
    return settings


def valid_settings(**overrides: object) -> Settings:
    """The same, whatever else stands in the environment."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = (f"{PREFIX}{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise ContentError(*faults) from error


def _values_in_files() -> dict[str, object]:
    """What the files hold that `…_FILE` variables name, less the line's end. Raises ContentError."""
    given = {name.upper(): value for name, value in os.environ.items()}
    values: dict[str, object] = {}
    faults: list[str] = []
    for field in Settings.model_fields:
        variable = f"{PREFIX}{field.upper()}"
        path = given.get(f"{variable}_FILE")
        if path is None:
            continue
        if variable in given:
            faults.append(f"{variable}, {variable}_FILE: give one of them")
            continue
        try:
            values[field] = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            faults.append(f"{variable}_FILE: cannot be read ({type(error).__name__})")
    if faults:
        raise ContentError(*faults)
    return values


def strange_settings() -> list[str]:
    """One line for all variables that look like settings and are none."""
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known = names | {f"{name}_FILE" for name in names}
    strange = sorted(v for v in os.environ if v.startswith(PREFIX) and v.upper() not in known)
    return [f"no setting {', '.join(strange)}; there is {', '.join(sorted(names))}"] if strange else []
