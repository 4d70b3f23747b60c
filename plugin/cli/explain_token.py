"""`spinal-cds explain-token`: why a client's token is accepted or refused, step by step, on this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from jwt import PyJWK
from jwt.types import Options

from cds_hooks import KeysUnavailable, Reason, Registration, Unauthenticated
from cds_hooks.authentication import (
    TERMS,
    Token,
    bearer_token,
    endpoint_audiences,
    fault_of,
    fault_under,
    open_keys,
    read_token,
)
from plugin.domain.content import ContentError
from plugin.settings import Settings
from plugin.trust import read_clients_file

_TIMES: Options = {"verify_signature": False, "verify_exp": True, "verify_nbf": True, "verify_iat": True}
_AUDIENCE: Options = {"verify_signature": False, "verify_aud": True}
_SIGNATURE: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "enforce_minimum_key_length": True,
}
_UNREADABLE = {
    Reason.NOT_BEARER: "no JSON Web Token: three parts in base64url, with dots in between",
    Reason.TOO_LONG: "longer than any token should be",
    Reason.CLAIM_MISSING: "iss, aud, exp, iat and jti are required",
    Reason.MALFORMED: "header or claims are no JSON objects, or a field in them has the wrong type",
}


@dataclass(frozen=True, slots=True)
class _Step:
    """`is_met` is None for what was not looked at."""

    what: str
    is_met: bool | None
    remark: str

    def __str__(self) -> str:
        sign = {True: "ok", False: "REFUSED", None: "not checked"}[self.is_met]
        return f"{sign:<12}{self.what}{': ' if self.remark else ''}{self.remark}"


def explain(raw: str, path: str, settings: Settings, *, may_fetch: bool) -> tuple[bool, str]:
    """Would it be accepted, as far as was looked; and the explanation, without signature.

    Raises ContentError without a usable clients file.
    """
    registrations = read_clients_file(settings)
    if not registrations:
        raise ContentError("SPINAL_CDS_CLIENTS_FILE: needed, to know which tokens are good")
    try:
        token = read_token(bearer_token([f"Bearer {_bare(raw)}"]))
    except Unauthenticated as refusal:
        return False, str(_Step("form", False, _UNREADABLE.get(Reason(refusal.reason), refusal.reason)))
    registration = next((r for r in registrations if token.claims.iss in r.issuers), None)
    steps = [_issuer(token, registration, registrations)]
    if registration is not None:
        audiences = endpoint_audiences(settings.public_url.rstrip("/"), path, registration)
        steps += _terms(token, registration)
        steps += _claims(token, audiences)
        steps.append(_signature(token, registration, audiences, may_fetch=may_fetch))
        steps.append(_Step("jti", None, "whether it was used before is known to the running service only"))
    is_accepted = all(step.is_met is not False for step in steps)
    verdict = "accepted, as far as was checked" if is_accepted else "refused"
    return is_accepted, "\n".join([*_shown(token), *map(str, steps), verdict])


def _bare(raw: str) -> str:
    return re.sub(r"^(authorization: *)?(bearer +)?", "", raw.strip(), flags=re.IGNORECASE)


def _shown(token: Token) -> Iterator[str]:
    header, claims = token.header, token.claims
    yield "header      " + ", ".join(
        f"{name} {_quoted(getattr(header, name))}" for name in ("alg", "kid", "typ", "jku")
    )
    for name in ("iss", "aud", "sub", "tenant"):
        yield f"{name:<12}{_quoted(getattr(claims, name))}"
    for name in ("nbf", "iat", "exp"):
        yield f"{name:<12}{_moment(getattr(claims, name))}"


def _quoted(value: object) -> str:
    """As JSON in ASCII, so that nothing in a token can play with the terminal."""
    return "none" if value is None else json.dumps(value)


def _moment(seconds: float | None) -> str:
    return "none" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def _issuer(token: Token, registration: Registration | None, registrations: Sequence[Registration]) -> _Step:
    if registration is not None:
        return _Step("issuer", True, f"client {registration.client.id}")
    near = [i for r in registrations for i in r.issuers if i.rstrip("/") == token.claims.iss.rstrip("/")]
    hint = "; only a slash is different, see issuer_aliases" if near else ""
    known = ", ".join(registration.issuer for registration in registrations)
    return _Step("issuer", False, f"not registered{hint}; registered: {known}")


def _terms(token: Token, registration: Registration) -> Iterator[_Step]:
    expected = {
        Reason.WRONG_TYPE: ("typ", "must be JWT" if registration.requires_typ else "must be JWT or left out"),
        Reason.WRONG_ALGORITHM: ("alg", f"allowed: {', '.join(registration.algorithms)}"),
        Reason.NO_KEY_ID: ("kid", "is required"),
        Reason.JKU_NOT_REGISTERED: ("jku", f"registered: {_listed(registration.jkus)}"),
        Reason.LIVES_TOO_LONG: ("life", f"{registration.max_token_seconds} seconds at most"),
        Reason.WRONG_SUBJECT: ("sub", f"allowed: {_listed(registration.subjects)}"),
        Reason.WRONG_TENANT: ("tenant", f"allowed: {_listed(registration.tenants)}"),
    }
    for reason, is_met in TERMS.items():
        what, right = expected[reason]
        good = is_met(token, registration)
        yield _Step(what, good, "" if good else right)


def _listed(values: frozenset[str]) -> str:
    return ", ".join(sorted(values)) or "none"


def _claims(token: Token, audiences: Sequence[str]) -> Iterator[_Step]:
    fault = fault_of(token, audiences, _TIMES)
    now = f"{fault}; it is now {_moment(int(datetime.now(UTC).timestamp()))}"
    yield _Step("times", fault is None, "" if fault is None else now)
    fault = fault_of(token, audiences, _AUDIENCE)
    yield _Step("aud", fault is None, "" if fault is None else f"must hold one of {', '.join(audiences)}")


def _signature(
    token: Token, registration: Registration, audiences: Sequence[str], *, may_fetch: bool
) -> _Step:
    if isinstance(registration.jwks, str) and not may_fetch:
        return _Step("signature", None, "the keys are at the JWKS URL; --fetch-keys reads them")
    try:
        keys: Sequence[PyJWK] = open_keys(registration, lambda *_: None).find(
            token.header.kid or "", token.header.alg
        )
    except KeysUnavailable as error:
        return _Step("signature", False, f"keys: {error}")
    fault = fault_under(keys, token, audiences, _SIGNATURE)
    remark = {None: "", Reason.UNKNOWN_KEY_ID: "no key of this kid fits the algorithm"}
    return _Step("signature", fault is None, remark.get(fault, "by another key, or damaged"))
