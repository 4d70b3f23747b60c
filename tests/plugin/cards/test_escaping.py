"""What the chart holds reaches a card as text: no link, image, heading, table, code or HTML is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from plugin.cards.markdown import quoted
from tests.plugin.cards.service import cards, entries, order_of, request_of, searchset
from tests.scenarios.scenario import Json

RENDERER = MarkdownIt("gfm-like", {"html": True, "linkify": True})
OURS = {
    *("paragraph_open", "paragraph_close", "inline", "text", "softbreak", "strong_open", "strong_close"),
    *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
    *("heading_open", "heading_close"),
}
"""What our own templates are made of; headings are `###`."""
HTML = (
    *("<script>alert(1)</script>", "<img src=https://evil.example/x.png?pt=1>", "<h1>APPROVED</h1>"),
    *("<a href='javascript:alert(1)'>x</a>", "<svg onload=alert(1)>", "<!-- x -->", "<!--", "-->"),
    *("<?php echo 1 ?>", "<![CDATA[x]]>", "<!DOCTYPE html>", "</p></div></body>", "<b", "<br/>", "< b>"),
    *("<iframe src=//evil.example>", "<style>*{display:none}</style>", "<table><tr><td>x", "<details open>"),
    *("<input onfocus=alert(1) autofocus>", "<a\thref=x>", "<A HREF=x>", "<x-y>", "<a b='>'>", '<a "'),
    *("<scr<script>ipt>", "<<b>>", "<\u0000script>", "<scr\u200bipt>", "<math><mi>", "<base href=//evil>"),
)
ENTITIES = (
    *("&lt;b&gt;", "&#60;b&#62;", "&#x3c;img&#x3e;", "&amp;lt;b&amp;gt;", "&colon;", "&lbrack;x&rbrack;(y)"),
    *("&Tab;", "&NewLine;# x", "&#10;# x", "&lpar;", "&bsol;", "&grave;x&grave;", "&vert;", "&nbsp;", "&"),
    *("&#0;", "&#xD800;", "&#1114112;", "&unknown;", "&lt", "AT&T", "&&&&"),
)
LINKS = (
    *("[a](https://evil.example)", "[a](<https://evil.example>)", "[a](javascript:alert(1))", "[a](//x.y)"),
    *("![a](https://evil.example/x.png)", "![](x)", "[![a](b)](c)", "[a][b]", "[a]", "[a]: https://evil"),
    *('[a](b "title")', "[a](\\)b)", "[^1]", "[^1]: note", "[ ] task", "[x] task", "](https://evil)", "[a]("),
    *("a](b", "[a\\](b)", "\\[a](b)", "\\\\[a](b)", "[a](b)[c](d)", "[a]((((b))))", "![[wiki]]", "[[wiki]]"),
)
AUTOLINKS = (
    *("https://evil.example/x", "http://evil.example", "HTTPS://EVIL.EXAMPLE", "hTTp://e.co", "ftp://e.co/x"),
    *("<https://evil.example>", "<mailto:a@b.co>", "<a@b.co>", "mailto:a@b.co", "a@b.co", "a.b+c@d-e.co"),
    *("xmpp:a@b.co/x", "javascript:alert(1)", "data:text/html,<b>x</b>", "vbscript:x", "file:///etc/passwd"),
    *("http:\u2060//evil.example", "http://\u202eelpmaxe", "https:\\\\evil.example", "http:/\\evil.example"),
    *("https://1.2.3.4/x", "http://localhost/x", "http://[::1]/", "tel:+15550100", "http://a:b@c.co/"),
)
BLOCKS = (
    *(
        "# heading",
        "## heading",
        "####### x",
        "#",
        "x\n===",
        "x\n---",
        "\n# x",
        "\r# x",
        "\u2028# x",
        "\x0b# x",
    ),
    *("---", "***", "___", "- - -", "- item", "* item", "+ item", "1. item", "1) item", "> quote", ">x"),
    *(
        "```",
        "```js\nx\n```",
        "~~~",
        "    code",
        "\tcode",
        "| a | b |\n|---|---|\n| c | d |",
        "|a|b|",
        "--|--",
    ),
    *(
        "\n\n",
        "\n\n\n- x",
        "\\",
        "\\\\",
        "x\\",
        "x  \ny",
        ": definition",
        "term\n: x",
        "$$x$$",
        "$x$",
        ":::x",
    ),
)
INLINE = (
    *("*x*", "**x**", "_x_", "__x__", "***x***", "*x", "x*", "**", "~~x~~", "~x~", "==x==", "^x^", "++x++"),
    *("`x`", "``x``", "`", "```x```", "` `` `", "\\`x\\`", "a*b*c", "a_b_c", "**bold", "x**", "* * *", "_"),
    *(":smile:", "@user", "#123", "GH-1", "a@{b}", "{{x}}", "{% x %}", "${x}", "#{x}", "%s %d %n", "{0.x}"),
    *("{", "}", "{subject}", "{codes}", "{0}", "{__class__}", "!", "![", "]", "(", ")", "\\*x\\*", "\\\\*x*"),
)
CHARACTERS = (
    *(
        "\u202ekcab",
        "\u202a\u202b\u202c\u202d",
        "\u2066\u2067\u2068\u2069",
        "\u200e\u200f",
        "\ufeff",
        "\u00ad",
    ),
    *("\u0000", "\u0001\u0002", "\u001b[31m", "\u0007", "\u007f", "\u0085", "\u2028", "\u2029", "\u00a0x"),
    *(
        "\u200b\u200c\u200d",
        "\u2060\u2061",
        "\ufffe",
        "\uffff",
        "\ue000",
        "\U000e0041",
        "\U0010ffff",
        "\ufff9",
    ),
    *(
        "e\u0301" * 200,
        "\u0489" * 300,
        "😀" * 300,
        "日本語" * 100,
        "x" * 100_000,
        " " * 1000,
        "<" * 1000,
        "*" * 999,
    ),
    *(
        "[" * 500 + "](x)" * 500,
        "&" * 500,
        "`" * 501,
        "\\" * 333,
        "a\n" * 400,
        "<b>" * 300,
        "> " * 300,
        "www",
    ),
)
PAYLOADS = {
    "HTML": HTML,
    "entities": ENTITIES,
    "links": LINKS,
    "autolinks": AUTOLINKS,
    "blocks": BLOCKS,
    "inline marks": INLINE,
    "characters": CHARACTERS,
}
MARK = "zq7"


def marked(payload: str) -> str:
    """Recognisable in the card, in front and behind, and long enough to be cut."""
    return f"{MARK} {payload} {MARK}"


def condition(code: Json, **more: Any) -> Json:
    return {"resourceType": "Condition", "id": "told-1", "clinicalStatus": ACTIVE, "code": code} | more


ACTIVE = {"coding": [{"code": "active"}]}


def _condition_text(payload: str) -> Json:
    request = _without_indication()
    entries(request, "conditions").append(
        {"resource": condition({"text": f"Lumbar radiculopathy {payload}"})}
    )
    return request


def _condition_display(payload: str) -> Json:
    request = _without_indication()
    coding = [{"system": "urn:local", "code": "L1", "display": f"Sciatica, lumbar radiculopathy {payload}"}]
    entries(request, "conditions").append({"resource": condition({"coding": coding})})
    return request


def _condition_id(payload: str) -> Json:
    request = request_of("002")
    listed = entries(request, "conditions")
    listed[0]["resource"]["id"] = payload
    order_of(request)["reasonReference"] = [{"reference": f"Condition/{payload}"}]
    return request


def _reason_text(payload: str) -> Json:
    request = _without_indication()
    del order_of(request)["reasonReference"]
    order_of(request)["reasonCode"] = [{"text": f"Lumbar radiculopathy {payload}"}]
    return request


def _without_indication() -> Json:
    request = request_of("002")
    request["prefetch"]["conditions"] = searchset()
    order_of(request).pop("reasonReference", None)
    order_of(request).pop("reasonCode", None)
    order_of(request)["reasonReference"] = [{"reference": "Condition/told-1"}]
    return request


def _procedure_text(payload: str) -> Json:
    request = request_of("045")
    session = {"resourceType": "Procedure", "id": "told-1", "status": "completed", "code": {}}
    session["code"] = {"text": f"Physical therapy session {payload}"}
    session["performedDateTime"] = "2026-11-01"
    entries(request, "procedures").append({"resource": session})
    return request


def _procedure_id(payload: str) -> Json:
    request = request_of("044")
    entries(request, "procedures")[0]["resource"]["id"] = payload
    return request


def _medication(key: str, resource: Json, payload: str) -> Json:
    request = request_of("045")
    told = {"id": "told-1", "status": "active", "medicationCodeableConcept": {"text": f"Naproxen {payload}"}}
    entries(request, key).append({"resource": told | resource})
    return request


def _medication_request(payload: str) -> Json:
    order = {"resourceType": "MedicationRequest", "intent": "order", "authoredOn": "2026-10-20"}
    return _medication("medications", order, payload)


def _medication_statement(payload: str) -> Json:
    taken = {"resourceType": "MedicationStatement", "effectivePeriod": {"start": "2026-10-20"}}
    return _medication("medicationStatements", taken, payload)


def _body_site(payload: str) -> Json:
    request = request_of("048")
    for entry in entries(request, "procedures"):
        entry["resource"]["bodySite"] = [{"text": f"Knee {payload}"}]
    return request


def _study_description(payload: str) -> Json:
    request = request_of("026")
    for entry in entries(request, "imaging"):
        entry["resource"] |= {"id": payload, "description": f"MRI cervical spine {payload}"}
    return request


def _order_id(payload: str) -> Json:
    request = request_of("025")
    order_of(request)["id"] = payload
    return request


def _order_text(payload: str) -> Json:
    request = request_of("025")
    order_of(request)["code"]["text"] = payload
    order_of(request)["orderDetail"] = [{"text": payload}]
    order_of(request)["bodySite"] = [{"text": payload}]
    return request


def _uncoded_order(payload: str) -> Json:
    request = request_of("127")
    order_of(request)["code"] = {"text": f"Lumbar epidural steroid injection {payload}"}
    return request


ELEMENTS: dict[str, Callable[[str], Json]] = {
    "Condition.code.text": _condition_text,
    "Condition.code.coding.display": _condition_display,
    "Condition.id": _condition_id,
    "ServiceRequest.reasonCode.text": _reason_text,
    "Procedure.code.text": _procedure_text,
    "Procedure.id": _procedure_id,
    "MedicationRequest.medicationCodeableConcept.text": _medication_request,
    "MedicationStatement.medicationCodeableConcept.text": _medication_statement,
    "Procedure.bodySite.text": _body_site,
    "ImagingStudy.description": _study_description,
    "ServiceRequest.id": _order_id,
    "ServiceRequest.code.text": _order_text,
    "ServiceRequest of words only": _uncoded_order,
}
QUOTED = {
    *("Condition.code.text", "Condition.code.coding.display", "Condition.id", "Procedure.code.text"),
    *("Procedure.id", "MedicationRequest.medicationCodeableConcept.text", "ServiceRequest.id"),
    *("MedicationStatement.medicationCodeableConcept.text", "ServiceRequest.reasonCode.text"),
}
"""Elements whose words a card repeats."""


def tokens(markdown: str) -> Iterator[Token]:
    for token in RENDERER.parse(markdown):
        yield token
        yield from token.children or ()


def shape(detail: str) -> list[str]:
    """The kinds of tokens of a card without its runs of text, and the level of its headings."""
    return [f"{t.type} {t.tag}" for t in tokens(detail) if t.type not in ("text", "inline", "softbreak")]


@cache
def plain_shape(element: str) -> tuple[list[str], ...]:
    return tuple(shape(card["detail"]) for card in cards(ELEMENTS[element](f"{MARK}plain{MARK}")))


def test_there_are_two_hundred_payloads() -> None:
    assert len({payload for group in PAYLOADS.values() for payload in group}) >= 200


@pytest.mark.parametrize("element", sorted(QUOTED))
def test_the_words_of_the_chart_are_shown(element: str) -> None:
    details = "".join(card["detail"] for card in cards(ELEMENTS[element](f"{MARK}plain{MARK}")))

    assert f"{MARK}plain{MARK}" in details


def assert_is_text_only(element: str, payload: str) -> None:
    answer = cards(ELEMENTS[element](payload))

    assert [shape(card["detail"]) for card in answer] == list(plain_shape(element)), repr(payload[:200])
    for card in answer:
        assert {t.type for t in tokens(card["detail"])} <= OURS, repr(payload[:200])
        assert {t.tag for t in tokens(card["detail"]) if t.type == "heading_open"} <= {"h3"}
        assert len(card["detail"]) < 20_000
        assert MARK not in card["summary"]
        assert MARK not in str([s["label"] for s in card.get("suggestions", [])])


@pytest.mark.parametrize("group", PAYLOADS)
@pytest.mark.parametrize("element", [name for name in ELEMENTS if not name.endswith(".id")])
def test_no_text_of_the_chart_becomes_markup(element: str, group: str) -> None:
    for payload in PAYLOADS[group]:
        assert_is_text_only(element, marked(payload))


@pytest.mark.parametrize("group", PAYLOADS)
@pytest.mark.parametrize("element", ["Condition.id", "Procedure.id"])
def test_no_id_of_the_chart_becomes_markup(element: str, group: str) -> None:
    for payload in PAYLOADS[group]:
        # References are cut at slashes, which an id cannot hold.
        assert_is_text_only(element, f"{MARK}{payload}{MARK}".replace("/", ""))


@pytest.mark.parametrize("group", PAYLOADS)
def test_no_id_of_an_order_becomes_markup(group: str) -> None:
    for payload in PAYLOADS[group]:
        assert_is_text_only("ServiceRequest.id", f"{MARK}{payload}{MARK}")


@pytest.mark.parametrize("group", PAYLOADS)
def test_quoted_text_is_one_short_line_without_hidden_characters(group: str) -> None:
    hidden = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200b\ufeff\u0000\u001b"

    for text in map(quoted, PAYLOADS[group]):
        assert "\n" not in text
        assert len(text) <= 80 * len("&quot;")
        assert not set(text) & set(hidden)


@pytest.mark.parametrize(
    "word", ["Lumbar radiculopathy", "M54.16", "Ischias, rechts", "L4/L5", "50 % relief"]
)
def test_ordinary_words_are_quoted_as_they_are(word: str) -> None:
    rendered = "".join(t.content for t in tokens(f"- x: {quoted(word)}") if t.type == "text")

    assert rendered.replace("\u2060", "") == f"x: {word}"
