"""The evidence pages at the wire: what every page has, what each shows, and how it is served."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from flask.testing import FlaskClient

from plugin.criteria import ATTRIBUTES, load_criteria
from plugin.domain.content import ContentError
from plugin.guidelines import load_guidelines
from plugin.pages import Knowledge, load_knowledge
from tests.plugin.pages.conftest import serving
from tests.plugin.pages.html_page import HtmlPage

CONTENT = load_criteria()
CRITERIA = tuple(CONTENT.criteria)
PATHS = ("/evidence", "/evidence/guidelines", *(f"/evidence/{name}" for name in CRITERIA))
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SIX_WEEKS = Path(__file__).parents[3] / "fixtures" / "policies" / "six-weeks-of-care.toml"


def page(client: FlaskClient, path: str) -> HtmlPage:
    answer = client.get(path)
    assert answer.status_code == 200, path
    assert answer.content_type == "text/html; charset=utf-8"
    return HtmlPage(answer.get_data(as_text=True))


def between(text: str, start: str, end: str) -> str:
    return text[text.index(start) : text.index(end)]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_well_formed_accessible_and_loads_nothing_from_elsewhere(
    client: FlaskClient, path: str
) -> None:
    html = page(client, path)

    assert html.faults == []
    assert {urlsplit(urljoin(path, address)).path for address in html.loaded} == {"/evidence/page.css"}
    assert ("html", {"lang": "en"}) in html.attributes
    assert [html.elements.count(name) for name in ("h1", "main", "header", "footer")] == [1, 1, 1, 1]
    assert html.links[0] == {"class": "skip", "href": "#content"}
    assert html.headings[0] == 1
    assert all(later - earlier <= 1 for earlier, later in zip(html.headings, html.headings[1:], strict=False))
    assert all(attributes.get("aria-label") for name, attributes in html.attributes if name == "nav")


@pytest.mark.parametrize("path", PATHS)
def test_every_table_has_a_caption_and_headed_rows_and_columns(client: FlaskClient, path: str) -> None:
    for table in page(client, path).tables:
        assert table.count("caption") == 1
        assert "th col" in table
        assert "th" not in table
        assert table.count("th row") == table.count("tr") - 1


@pytest.mark.parametrize("path", PATHS)
def test_every_link_within_the_pages_leads_somewhere(client: FlaskClient, path: str) -> None:
    html = page(client, path)

    for link in html.links:
        target = urlsplit(urljoin(f"http://localhost{path}", link["href"]))
        if target.netloc != "localhost":
            assert link["rel"] == "noreferrer noopener external"
            assert target.scheme == "https"
        elif target.path == path and target.fragment:
            assert target.fragment in html.ids
        else:
            assert client.get(target.path).status_code == 200, link["href"]


def test_the_pages_are_guarded_by_their_headers(client: FlaskClient) -> None:
    for path in (*PATHS, "/evidence/page.css", "/evidence/source-attributes.json"):
        headers = client.get(path).headers

        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["style-src"] == "'self'"
        assert "script-src" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


def test_a_page_is_sent_again_only_when_it_changed(client: FlaskClient) -> None:
    first = client.get("/evidence/IND-1")

    again = client.get("/evidence/IND-1", headers={"If-None-Match": first.headers["ETag"]})
    other = client.get("/evidence/CC-1", headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status_code, again.data) == (304, b"")
    assert other.status_code == 200


def test_head_answers_like_get_without_a_body(client: FlaskClient) -> None:
    answer = client.head("/evidence/IND-1")

    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["ETag"] == client.get("/evidence/IND-1").headers["ETag"]


def test_the_index_with_a_slash_leads_to_the_index(client: FlaskClient) -> None:
    answer = client.get("/evidence/")

    assert answer.status_code == 308
    assert urljoin("https://ehr.example.org/cds/evidence/", answer.headers["Location"]) == (
        "https://ehr.example.org/cds/evidence"
    )


@pytest.mark.parametrize("name", ["XX-9", "ind-1", "IND-1 ", "<script>", "%00", "IND1"])
def test_an_unknown_criterion_is_answered_in_html_to_a_browser(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/evidence/{name}", headers=BROWSER)

    html = HtmlPage(answer.get_data(as_text=True))
    assert answer.status_code == 404
    assert html.faults == []
    assert "No such page" in html.text
    assert name.strip() not in html.text


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": "application/json"}])
@pytest.mark.parametrize("path", ["/evidence/XX-9", "/evidence/XX-9/source-attributes.json"])
def test_an_unknown_criterion_is_answered_to_machines_as_the_app_answers_errors(
    client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    answer = client.get(path, headers=headers)

    assert answer.status_code == 404
    assert answer.get_json()["resourceType"] == "OperationOutcome"


def test_the_index_lists_what_the_running_policy_uses_and_what_it_does_not(
    client: FlaskClient, knowledge: Knowledge
) -> None:
    html = client.get("/evidence").get_data(as_text=True)

    [policy] = knowledge.policies
    used = between(html, 'id="in-use"', 'id="machines"')
    idle = ""
    if 'id="not-in-use"' in used:
        used, idle = used.split('id="not-in-use"')
    for name in CRITERIA:
        assert (f'href="evidence/{name}"' in used) is (name in policy.criteria), name
        assert (f'href="evidence/{name}"' in idle) is (name not in policy.criteria), name


def test_a_page_says_whether_its_criterion_is_in_use(client: FlaskClient, knowledge: Knowledge) -> None:
    for name in CRITERIA:
        says_idle = "Not in use." in page(client, f"/evidence/{name}").text

        assert says_idle is not bool(knowledge.in_use(name)), name


def test_a_page_shows_question_limits_answers_and_inputs_with_their_search(client: FlaskClient) -> None:
    text = " ".join(page(client, "/evidence/IMG-1").text.split())
    entry = CONTENT.criteria["IMG-1"]

    for words in (entry.question, entry.limits, *entry.answers.values(), "imaging-mri-spine"):
        assert words in text
    assert "ImagingStudy?patient={{context.patientId}}" in text


def test_thresholds_stand_with_the_source_the_policy_gives(client: FlaskClient, knowledge: Knowledge) -> None:
    text = page(client, "/evidence/CC-1").text
    file = knowledge.policies[0].file

    for key, value in file.params["CC-1"].items():
        assert f"params.CC-1.{key}" in text
        assert str(value) in text
        assert file.sources[f"CC-1.{key}"] in text


def test_the_thresholds_of_several_policies_stand_side_by_side() -> None:
    client = serving(load_knowledge(["default", str(SIX_WEEKS)]))

    html = client.get("/evidence/CC-1").get_data(as_text=True)
    row = between(html, "params.CC-1.min_days", "params.CC-1.acute_severe_min_days")

    assert row.index("<strong>28</strong>") < row.index("<strong>42</strong>")
    assert client.get("/evidence").get_data(as_text=True).count("<code>") == 2


def test_the_page_on_axial_pain_names_both_sides_and_marks_the_conflict(client: FlaskClient) -> None:
    html = client.get("/evidence/IND-1").get_data(as_text=True)
    matrix = between(html, "Who is for and who is against", "In full:")
    axial_chronic = next(
        row for row in matrix.split("<tr ") if "3 months or more: interlaminar" in " ".join(row.split())
    )

    assert "⚠ Disagree" in axial_chronic
    sides = axial_chronic.split('data-label="')
    assert "BMJ 2025" in next(s for s in sides if s.startswith("Against"))
    assert "ASPN 2022" in next(s for s in sides if s.startswith("For"))


def test_a_document_stands_with_its_population_its_dispute_its_link_and_how_it_was_read(
    client: FlaskClient,
) -> None:
    text = " ".join(page(client, "/evidence/IND-1").text.split())
    [bmj] = [g for g in load_guidelines() if g.id == "bmj-2025"]

    assert bmj.conflict
    assert bmj.url
    for words in (bmj.title, bmj.citation, bmj.population, f"⚠ {bmj.conflict}", bmj.url, "strong"):
        assert words in text
    assert CONTENT.about.marks["secondary"] in text


def test_what_documents_ask_for_themselves_stands_beside_the_policy(client: FlaskClient) -> None:
    text = page(client, "/evidence/CC-1").text

    own = [(g, c) for g in load_guidelines() for c in g.criteria if c.criterion == "CC-1"]
    assert own
    for guideline, asked in own:
        assert guideline.short_name in text
        assert asked.says in text


@pytest.mark.parametrize("name", CRITERIA)
def test_the_thirteen_source_attributes_are_served_and_shown(client: FlaskClient, name: str) -> None:
    served = client.get(f"/evidence/{name}/source-attributes.json").get_json()
    shown = " ".join(page(client, f"/evidence/{name}").text.split())

    assert [line["number"] for line in served["sourceAttributes"]] == list(range(1, 14))
    assert [line["name"] for line in served["sourceAttributes"]] == [
        CONTENT.attributes[attribute].title for attribute in ATTRIBUTES
    ]
    assert all(line["value"].strip() and "{" not in line["value"] for line in served["sourceAttributes"])
    assert [line for line in served["sourceAttributes"] if line["value"] not in shown] == []
    assert served["criterion"] == name


def test_the_attributes_of_all_criteria_are_served_together(client: FlaskClient) -> None:
    together = client.get("/evidence/source-attributes.json").get_json()["criteria"]

    assert [one["criterion"] for one in together] == list(CRITERIA)
    assert together[0] == client.get(f"/evidence/{CRITERIA[0]}/source-attributes.json").get_json()


def test_the_citation_names_each_document_with_its_side(client: FlaskClient) -> None:
    served = client.get("/evidence/IND-1/source-attributes.json").get_json()
    citation = served["sourceAttributes"][0]["value"]

    assert "BMJ 2025 (against)" in citation
    assert "ASPN 2022 (for" in citation
    assert "J Pain Res" in citation


def test_a_review_date_in_the_past_is_flagged_from_the_day_after(knowledge: Knowledge) -> None:
    due = CONTENT.criteria["IND-1"].next_review
    after = due + timedelta(days=1)
    overdue = "Review overdue"

    assert overdue not in page(serving(knowledge, lambda: due), "/evidence/IND-1").text
    assert "Overdue" not in page(serving(knowledge, lambda: due), "/evidence").text
    assert overdue in page(serving(knowledge, lambda: after), "/evidence/IND-1").text
    assert "Overdue" in page(serving(knowledge, lambda: after), "/evidence").text


def test_a_page_is_rendered_anew_when_the_day_changes(knowledge: Knowledge) -> None:
    due = CONTENT.criteria["IND-1"].next_review
    days = iter([due, due, due, due + timedelta(days=1)])
    client = serving(knowledge, lambda: next(days))

    first, second, third = (client.get("/evidence/IND-1") for _ in range(3))

    assert first.data == second.data
    assert b"Review overdue" not in second.data
    assert b"Review overdue" in third.data


def test_pages_asked_for_at_once_are_all_answered(knowledge: Knowledge) -> None:
    client = serving(knowledge)
    app = client.application

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda path: app.test_client().get(path), PATHS * 8))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == len(PATHS)


def test_whatever_the_content_holds_is_shown_as_text(knowledge: Knowledge) -> None:
    hostile = "<script>alert(1)</script><img src=https://x.example/>\"'&"
    entry = CONTENT.criteria["IND-1"].model_copy(update={"question": hostile, "limits": hostile})
    content = dataclasses.replace(CONTENT, criteria={**CONTENT.criteria, "IND-1": entry})
    bmj = next(g for g in knowledge.guidelines if g.id == "bmj-2025")
    others = [g for g in knowledge.guidelines if g is not bmj]
    said = [p.model_copy(update={"says": hostile, "strength": hostile}) for p in bmj.positions]
    damaged = bmj.model_copy(update={"title": hostile, "conflict": hostile, "positions": tuple(said)})
    client = serving(dataclasses.replace(knowledge, content=content, guidelines=(*others, damaged)))

    for path in ("/evidence", "/evidence/IND-1", "/evidence/guidelines"):
        html = page(client, path)
        assert html.faults == []
        assert "script" not in html.elements
        assert "img" not in html.elements
        assert hostile in html.text


def test_a_criterion_in_use_that_is_not_written_down_stops_the_start(knowledge: Knowledge) -> None:
    criteria = {name: entry for name, entry in CONTENT.criteria.items() if name != "IMG-1"}
    without = dataclasses.replace(knowledge, content=dataclasses.replace(CONTENT, criteria=criteria))

    with pytest.raises(ContentError, match=r"criteria/IMG-1\.toml.*default.*CC-1"):
        without.check()


@pytest.mark.parametrize(
    ("criterion", "update", "named"),
    [
        ("CC-1", {"params": {"min_days": "Days"}}, r"CC-1\.toml: params.*default.*'acute_severe_min_days'"),
        ("IND-1", {"settings": {"max_card": "Cards"}}, r"IND-1\.toml: settings.*'max_card'.*max_cards"),
        ("IND-1", {"value_sets": ("dx-radiculr",)}, r"IND-1\.toml: value_sets.*'dx-radiculr'.*dx-radicular"),
        ("IND-1", {"inputs": ("condition",)}, r"IND-1\.toml: inputs.*'condition'.*conditions"),
    ],
)
def test_a_criterion_that_does_not_fit_the_rest_of_the_content_stops_the_start(
    knowledge: Knowledge, criterion: str, update: dict[str, object], named: str
) -> None:
    entry = CONTENT.criteria[criterion].model_copy(update=update)
    content = dataclasses.replace(CONTENT, criteria={**CONTENT.criteria, criterion: entry})

    with pytest.raises(ContentError, match=named):
        dataclasses.replace(knowledge, content=content).check()
