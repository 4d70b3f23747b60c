"""`spinal-cds`: serve, demo, review, try, load-demo, check, explain-token, db, feedback, content."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import click

from plugin.app import SERVICE_ID
from plugin.cli.audit import audit_lines, verified
from plugin.cli.build_sheet import build_sheet
from plugin.cli.check import check_start, settings_to_start_with
from plugin.cli.config import config_lines
from plugin.cli.content import content_digest, content_listing
from plugin.cli.demo import run_demo
from plugin.cli.document import as_markdown, as_text
from plugin.cli.explain_token import explain
from plugin.cli.feedback import FORMATS, export_feedback
from plugin.cli.fhir_server import named_server, require_consent
from plugin.cli.load_demo import put_patients, take_away
from plugin.cli.order_request import AskedOrders
from plugin.cli.purge import purge_now
from plugin.cli.review import Output, review_file
from plugin.cli.serve import serve_until_stopped
from plugin.cli.switch import turn_off, turn_on
from plugin.cli.try_order import trial_settings, try_order
from plugin.domain.content import ContentError
from plugin.pages import load_knowledge
from plugin.policies.load import shipped_policies
from plugin.settings import Settings, read_settings
from plugin.store.database import upgrade_database

_HOST = click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; in development loopback only.",
)
_PORT = click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
_FHIR = click.option(
    "--fhir-server",
    "fhir_servers",
    multiple=True,
    metavar="URL",
    help="A FHIR base URL that may be contacted beside loopback ones. May be repeated.",
)
_TODAY = click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Fix the clock.")
_EXPLAIN = click.option(
    "--explain", is_flag=True, help="Print every rule's answer and the entries behind it."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the response as the wire would carry it.")
_SCENARIOS = click.option(
    "--scenarios",
    default="fixtures/scenarios",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the ready-made requests.",
)
_ONE_FHIR = click.option(
    "--fhir-server", "fhir_server", required=True, metavar="URL", help="The base URL of a FHIR R4 server."
)
_TOKEN = click.option(
    "--token",
    envvar="FHIR_TOKEN",
    metavar="TOKEN",
    help="A bearer token for it; `-`: from standard input. [env var: FHIR_TOKEN]",
)


@click.group()
@click.version_option(package_name="spinal-injection-cds")
def main() -> None:
    """Decision support for spinal-injection orders, over CDS Hooks. Settings: SPINAL_CDS_… variables."""


@main.command()
@_HOST
@_PORT
@_FHIR
def serve(host: str, port: int, fhir_servers: tuple[str, ...]) -> None:
    """Answer hook requests until Ctrl-C."""
    with _line_per_fault():
        serve_until_stopped(_settings(port, host, fhir_servers), host, port)


@main.command()
@_HOST
@_PORT
@_SCENARIOS
def demo(host: str, port: int, scenarios: Path) -> None:
    """Start the service, send it three ready-made requests, show the cards, and go on serving."""
    with _line_per_fault():
        run_demo(host, port, scenarios)


@main.command()
@click.argument("request_file", metavar="REQUEST.json", type=click.Path(path_type=Path, allow_dash=True))
@_JSON
@_EXPLAIN
@_TODAY
@click.option("--policy", help="A shipped policy's name or a path to a .toml file.")
@click.option("--notes", type=click.Choice(["attached", "always"]))
@_FHIR
def review(
    request_file: Path,
    as_json: bool,
    explain: bool,
    today: datetime | None,
    policy: str | None,
    notes: str | None,
    fhir_servers: tuple[str, ...],
) -> None:
    """Print the cards for a saved hook request (`-`: standard input)."""
    given: dict[str, object] = {"today": _day(today), "policy": policy, "notes": notes}
    overrides = {key: value for key, value in given.items() if value is not None}
    with _line_per_fault():
        settings = read_settings(**overrides, **({"fhir_servers": fhir_servers} if fhir_servers else {}))
        click.echo(review_file(request_file, settings, _output(as_json, explain)))


@main.command("try")
@_ONE_FHIR
@click.option("--patient", required=True, metavar="ID")
@click.option(
    "--order", "orders", multiple=True, required=True, metavar="CODE", help="CPT, HCPCS, SNOMED CT or LOINC."
)
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    metavar="REASON",
    help="ICD-10-CM or SNOMED CT code, Condition/ID on the server, or words.",
)
@_TOKEN
@click.option("--hook", type=click.Choice(["order-select", "order-sign"]), default="order-select")
@click.option("--planned", type=click.DateTime(["%Y-%m-%d"]), help="The day the orders are for.")
@_TODAY
@_EXPLAIN
@_JSON
def try_(
    fhir_server: str,
    patient: str,
    orders: tuple[str, ...],
    reasons: tuple[str, ...],
    token: str | None,
    hook: str,
    planned: datetime | None,
    today: datetime | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Print the cards for orders for a patient on any FHIR server, and what was read there.

    --order and --reason may be repeated. Nothing is written to the server.
    """
    asked = AskedOrders(patient, orders, reasons, hook, _day(planned))
    with _line_per_fault():
        server = named_server(fhir_server, token)
        click.echo(try_order(asked, server, trial_settings(server, _day(today)), _output(as_json, explain)))


@main.command("load-demo")
@click.argument("names", metavar="[SCENARIO]...", nargs=-1)
@_ONE_FHIR
@_TOKEN
@_SCENARIOS
@click.option("--remove", is_flag=True, help="Take away everything there that carries the tag.")
@click.option("--yes", is_flag=True, help="Do so on a server that is not on this machine, too.")
def load_demo(
    names: tuple[str, ...], fhir_server: str, token: str | None, scenarios: Path, remove: bool, yes: bool
) -> None:
    """Put synthetic patients on a FHIR server, those of the demonstration or of each SCENARIO (025*).

    One transaction, fixed ids, every resource tagged: to repeat it changes nothing.
    """
    with _line_per_fault():
        server = named_server(fhir_server, token)
        require_consent(server, yes)
        click.echo(take_away(server) if remove else put_patients(server, scenarios, names))


@main.command()
def check() -> None:
    """Say whether the service would start: settings, clients file, content. Every fault in one line."""
    with _line_per_fault():
        click.echo(check_start())


@main.command("explain-token")
@click.argument("given", metavar="TOKEN", default="-")
@click.option(
    "--path", default=f"/cds-services/{SERVICE_ID}", show_default=True, help="The endpoint that was called."
)
@click.option("--fetch-keys", is_flag=True, help="Read the client's JWKS URL, to verify the signature.")
def explain_token(given: str, path: str, fetch_keys: bool) -> None:
    """Say why a JSON Web Token is accepted or refused (`-`: standard input, safer than an argument)."""
    with _line_per_fault():
        raw = sys.stdin.read() if given == "-" else given
        is_accepted, lines = explain(raw, path, read_settings(), may_fetch=fetch_keys)
        click.echo(lines)
    if not is_accepted:
        raise SystemExit(1)


_CLIENT = click.option("--client", help="This client only, by its id. [default: every client]")
_REASON = click.option("--reason", required=True, help="Why; for the audit.")


@main.command()
@_CLIENT
@_REASON
def off(client: str | None, reason: str) -> None:
    """The kill switch: answer without cards, within five seconds, on every instance."""
    with _line_per_fault():
        click.echo(turn_off(client, reason))


@main.command()
@_CLIENT
@_REASON
def on(client: str | None, reason: str) -> None:
    """Take `off` back."""
    with _line_per_fault():
        click.echo(turn_on(client, reason))


@main.group()
def db() -> None:
    """The database behind the store."""


@db.command()
def upgrade() -> None:
    """Bring its schema to what this version works with."""
    with _line_per_fault():
        upgrade_database(read_settings().database)


@main.command()
def purge() -> None:
    """Delete what is older than the settings keep: comments, cards with their feedback, used tokens."""
    with _line_per_fault():
        click.echo(purge_now(read_settings()))


@main.group()
def audit() -> None:
    """What was done to the service: switches, modes, what was in force, migrations, purges, exports."""


@audit.command("list")
def audit_list() -> None:
    """Print every entry."""
    with _line_per_fault():
        for line in audit_lines(read_settings().database):
            click.echo(line)


@audit.command("verify")
def audit_verify() -> None:
    """Say whether no entry was changed, taken out or put in; name the first broken link."""
    with _line_per_fault():
        click.echo(verified(read_settings().database))


@main.group()
def config() -> None:
    """The settings."""


@config.command("print")
@click.option("--redacted", is_flag=True, help="Without passwords. They are never printed, asked for or not.")
def config_print(redacted: bool) -> None:
    """Print what the service would run with."""
    with _line_per_fault():
        for line in config_lines():
            click.echo(line)


@main.command("build-sheet")
@click.option("--client", required=True, help="The client's id in the clients file.")
def sheet(client: str) -> None:
    """Print in Markdown what an analyst has to type: endpoints, token, prefetch, scopes, reasons."""
    with _line_per_fault():
        click.echo(as_markdown(build_sheet(read_settings(), client)), nl=False)


@main.group()
def feedback() -> None:
    """What clinicians did with the cards."""


@feedback.command()
@click.option("--format", "encoding", type=click.Choice(sorted(FORMATS)), default="csv", show_default=True)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Received on or after this day, UTC.")
@click.option("--client", help="Of this client only.")
def export(encoding: str, since: datetime | None, client: str | None) -> None:
    """Write it to standard output: what was shown, what was done, why, when and where."""
    with _line_per_fault():
        export_feedback(read_settings().database, encoding, since, client)


@main.command()
@click.option("--markdown", is_flag=True, help="As docs/clinical-content.md holds it.")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="POLICY",
    help="A shipped policy's name or a path to a .toml file; may be repeated. [default: every shipped one]",
)
@click.option("--change", metavar="WHAT", help="Print the line for docs/CHANGELOG-knowledge.md instead.")
def content(markdown: bool, policies: tuple[str, ...], change: str | None) -> None:
    """Print the clinical content: criteria, thresholds, guideline positions, value sets."""
    if change is not None:
        click.echo(f"- {date.today()} `{content_digest()}` {change}")
        return
    with _line_per_fault():
        blocks = content_listing(load_knowledge(policies or shipped_policies()))
    click.echo(as_markdown(blocks) if markdown else as_text(blocks), nl=not markdown)


def _output(as_json: bool, explain: bool) -> Output:
    return Output.JSON if as_json else Output.EXPLAIN if explain else Output.TEXT


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None


def _settings(port: int, host: str, fhir_servers: tuple[str, ...]) -> Settings:
    settings = settings_to_start_with(**({"fhir_servers": fhir_servers} if fhir_servers else {}))
    if "public_url" in settings.model_fields_set:
        return settings
    name = f"[{host}]" if ":" in host else host
    return settings.model_copy(update={"public_url": f"http://{name}:{port}"})


@contextmanager
def _line_per_fault() -> Iterator[None]:
    """Turns faults of settings, content or surroundings into a line each and exit status 1."""
    try:
        yield
    except ContentError as error:
        for fault in error.faults:
            click.echo(f"Error: {fault}", err=True)
        raise SystemExit(1) from error
