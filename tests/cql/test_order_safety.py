"""OrderSafety and DraftOrders: the edges that the cases over HTTP do not stand on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.activity_records import visit
from tests.cql.build import (
    ICD10,
    LOCAL,
    LOINC,
    SNOMED,
    Json,
    administration,
    bundle,
    concept,
    condition,
    dispense,
    evaluate,
    medication,
    patient,
    request,
    resource,
    statement,
)
from tests.cql.gate_records import ago, igra, ra
from tests.cql.planted import planted
from tests.cql.test_gate_composition import row

DRAFT = "MedicationRequest/draft"
SERVICE_REQUEST = "ServiceRequest/sr"


def rows(
    drug: Any, *others: Json, incomplete: tuple[str, ...] = (), drafts: tuple[str, ...] = ()
) -> list[Json]:
    """The concerns of a draft of ``drug``; ``drafts`` names further drafts of the session."""
    draft = request(drug, id="draft", status="draft")
    parameters = {
        "RAParameters.Draft Orders": [DRAFT, *drafts],
        "RAParameters.Orders In Question": [DRAFT],
        "RAParameters.Incomplete Data": list(incomplete),
    }
    name = "OrderSafety.Order Concerns"
    found: list[Json] = evaluate(bundle(ra(), draft, *others), [name], parameters=parameters)[name]
    return found


def only(found: list[Json]) -> Json:
    [one] = found
    return one


def dual(found: list[Json]) -> tuple[str, str] | None:
    named = [(f["verdict"], f["reason"]) for f in only(found)["findings"] if f["id"] == "G-DUAL"]
    return named[0] if named else None


@pytest.mark.parametrize(
    ("record", "wanted"),
    [
        ([], None),
        ([statement("adalimumab", ago(200))], None),  # the same drug is a renewal
        ([statement("methotrexate", ago(200))], None),  # no biologic
        ([statement("abatacept", ago(200))], ("block", "DUAL_TAKEN")),
        ([statement("anakinra", ago(200))], ("block", "DUAL_TAKEN")),
        ([statement("abatacept", ago(200), ago(30), status="stopped")], None),
        ([request("abatacept", ago(20))], ("unknown", "DUAL_ORDERED")),
        # supply that lasts until today counts as taken; one that ended yesterday leaves a question
        ([dispense("abatacept", ago(27), 28)], ("block", "DUAL_TAKEN")),
        ([dispense("abatacept", ago(28), 28)], ("unknown", "DUAL_ORDERED")),
        # how long it lasts is not said: the day of its handing out is covered
        ([dispense("abatacept", ago(0), None)], ("block", "DUAL_TAKEN")),
        ([dispense("abatacept", ago(1), None)], ("unknown", "DUAL_ORDERED")),
        # rituximab acts on for 24 weeks (8.43)
        ([administration("rituximab", ago(168))], ("block", "DUAL_TAKEN")),
        ([administration("rituximab", ago(169))], ("unknown", "DUAL_ORDERED")),
    ],
)
def test_two_biologics(record: list[Json], wanted: tuple[str, str] | None) -> None:
    assert dual(rows("adalimumab", *record)) == wanted


def test_a_conventional_drug_is_no_second_biologic() -> None:
    found = rows("leflunomide", statement("abatacept", ago(200)), incomplete=("Condition",))
    assert dual(found) is None


@pytest.mark.parametrize(
    ("record", "incomplete", "wanted"),
    [
        ([], (), False),
        ([statement("abatacept", ago(90))], (), True),
        ([statement("abatacept", ago(90), ago(10), status="stopped")], (), False),
        ([statement("abatacept", ago(90), status="unknown")], (), None),
        ([], ("MedicationStatement",), None),
        ([statement("abatacept", ago(90))], ("MedicationStatement",), True),
    ],
)
def test_start_or_renewal(
    record: list[Json], incomplete: tuple[str, ...], wanted: bool | None
) -> None:
    draft = request("abatacept", id="draft", status="draft")
    parameters = {
        "RAParameters.Draft Orders": [DRAFT],
        "RAParameters.Orders In Question": [DRAFT],
        "RAParameters.Incomplete Data": list(incomplete),
    }
    name = "OrderSafety.Draft Orders"
    [row] = evaluate(bundle(ra(), draft, *record), [name], parameters=parameters)[name]
    assert row["renewal"] is wanted


IGRA, T_SPOT, OTHER = LOINC("71775-1"), LOINC("74281-7"), LOINC("36643-5")


def service_request(code: Any = IGRA, authored: str | None = None, **elements: Any) -> Json:
    made = {"status": "active", "code": concept(code), **elements}
    if authored is not None:
        made["authoredOn"] = authored
    return resource("ServiceRequest", "sr", subject={"reference": "Patient/p"}, **made)


@pytest.mark.parametrize(
    ("ordered", "drafted", "suggested"),
    [
        (service_request(authored=ago(90)), False, False),
        (service_request(authored=ago(91)), False, True),
        (service_request(authored=ago(1), status="on-hold"), False, False),
        (service_request(authored=ago(1), status="completed"), False, True),
        (service_request(authored=ago(1), doNotPerform=True), False, True),
        (service_request(), False, True),  # undated: nobody knows whether it is still awaited
        (service_request(OTHER, ago(1)), False, True),
        (service_request(status="draft"), True, False),
        (service_request(status="revoked"), True, True),
        (service_request(status="draft"), False, True),  # somebody's draft, not of this session
    ],
)
def test_a_test_on_its_way(ordered: Json, drafted: bool, suggested: bool) -> None:
    found = rows("abatacept", ordered, drafts=(SERVICE_REQUEST,) if drafted else ())
    assert ("igra" in only(found)["orders"]) is suggested
    assert ("igra" in [p["order"] for p in only(found)["pending"]]) is not suggested


@pytest.mark.parametrize(
    ("code", "suggested"),
    [(LOINC("5196-1"), False), (LOINC("13952-7"), True), (("urn:laboratory", "5196-1"), True)],
)
def test_a_test_is_known_by_its_code_in_its_system(code: Any, suggested: bool) -> None:
    found = only(rows("abatacept", service_request(code, ago(1))))
    assert ("hbsag" in found["orders"]) is suggested
    assert ("hbsag" in [p["order"] for p in found["pending"]]) is not suggested


@pytest.mark.parametrize(
    ("drug", "wanted"),
    [
        (concept(text="abatacept"), "abatacept"),
        ("anakinra", "anakinra"),
        (LOCAL("some-drug"), None),
        (concept(text="denosumab 60 mg"), None),
        (concept(text="iguratimod"), None),
        (concept(text="prednisone 5 mg"), None),
    ],
)
def test_which_drafts_are_asked_about(drug: Any, wanted: str | None) -> None:
    assert [row["ingredient"] for row in rows(drug)] == ([wanted] if wanted else [])


def test_a_drug_without_checks_is_unknown() -> None:
    found = only(rows("anakinra"))
    reasons = [f["reason"] for f in found["findings"]]
    assert (found["verdict"], found["indicator"]) == ("unknown", "warning")
    assert (reasons, found["missing"]) == (["DRUG_WITHOUT_CHECKS"], [])


def test_words_alone_never_block() -> None:
    taken = statement("abatacept", ago(200))
    coded, told = only(rows("adalimumab", taken)), only(rows(concept(text="adalimumab"), taken))
    assert (coded["verdict"], coded["indicator"], coded["remove"]) == ("block", "critical", True)
    assert (told["verdict"], told["indicator"], told["remove"]) == ("unknown", "warning", False)
    assert "block" not in {f["verdict"] for f in told["findings"]}


def test_alternatives_come_with_a_block_only() -> None:
    taken = statement("abatacept", ago(200))
    blocked = only(rows("adalimumab", taken, igra("NEG")))
    assert "TNFi" not in [a["class"] for a in blocked["alternatives"]]
    assert blocked["alternatives"]
    assert only(rows("adalimumab"))["alternatives"] is None


def concern(checks: list[Json]) -> Json:
    """The concern of a draft of adalimumab where these are all rows of the gate."""
    name = "OrderSafety.Order Concerns"
    parameters = {
        "RAParameters.Draft Orders": [DRAFT],
        "RAParameters.Orders In Question": [DRAFT],
        "RAParameters.Incomplete Data": ["Condition"],
    }
    record = bundle(ra(), request("adalimumab", id="draft", status="draft"))
    found = planted({"SafetyGate.All Checks": checks}, [name], record, parameters)[name]
    return only(found)


def test_a_verdict_that_could_not_be_decided_is_an_unknown_finding() -> None:
    found = concern([row(["TNFi"], None), row(["TNFi"], "ok")])
    assert [(f["id"], f["verdict"]) for f in found["findings"]] == [("G-X", "unknown")]
    assert (found["verdict"], found["indicator"]) == ("unknown", "warning")


def test_what_was_not_obtained_is_named_beside_an_unknown_finding_alone() -> None:
    assert concern([row(["TNFi"], "unknown")])["notObtained"] == ["Condition"]
    assert concern([row(["TNFi"], "caution")])["notObtained"] is None


def test_a_drug_that_nobody_can_read_is_a_concern_of_its_own() -> None:
    found = only(rows({"reference": "Medication/nowhere"}))
    assert (found["concern"], found["ingredient"]) == ("unknown", None)
    assert found["missing"] == ["medication"]
    assert [f["reason"] for f in found["findings"]] == ["DRUG_NOT_READABLE"]


def test_a_medication_that_was_delivered_is_another_drug_and_not_asked_about() -> None:
    draft: Any = {"reference": "Medication/m1"}
    assert rows(draft, medication("m1", LOCAL("some-drug"))) == []
    assert only(rows(draft, medication("m2", LOCAL("some-drug"))))["ingredient"] is None


def test_a_conventional_drug_has_alternatives_that_are_not_blocked() -> None:
    pregnant = [patient("female", "1990-03-17"), condition(ICD10("Z34.90"), ago(30))]
    blocked = only(rows("leflunomide", *pregnant))
    assert blocked["verdict"] == "block"
    assert {a["class"] for a in blocked["alternatives"]} == {"SSZ", "HCQ"}


SUSPECTED = [
    statement("adalimumab", "2025-09-01"),
    *visit(tjc28=16, sjc28=0, esr=9, crp=2, ptgh=80, ega=1.5),
]
PNEUMONIA = [condition(SNOMED("233604007"), ago(10))]
ETANERCEPT = statement("etanercept", ago(90))


@pytest.mark.parametrize(
    ("record", "notes"),
    [
        (SUSPECTED, ["PSEUDO_REFRACTORY_SUSPECTED"]),
        (PNEUMONIA, ["INFECTION_ACTIVE"]),
        ([], []),
    ],
)
def test_notes_of_a_start_and_where_nobody_knows_whether_it_is_one(
    record: list[Json], notes: list[str]
) -> None:
    assert only(rows("etanercept", *record))["notes"] == notes
    perhaps = ETANERCEPT | {"status": "unknown"}
    assert only(rows("etanercept", perhaps, *record))["notes"] == notes


def test_a_renewal_has_no_notes() -> None:
    found = only(rows("etanercept", ETANERCEPT, *PNEUMONIA))
    assert (found["renewal"], found["notes"]) == (True, [])


def test_an_ended_draft_that_nobody_can_read_ends_no_other_drug() -> None:
    ended = request({"reference": "Medication/nowhere"}, id="ended", status="cancelled")
    taken = statement("abatacept", ago(200))
    found = rows("adalimumab", taken, ended, drafts=("MedicationRequest/ended",))
    assert dual(found) == ("block", "DUAL_TAKEN")
    readable = request("abatacept", id="ended", status="cancelled")
    found = rows("adalimumab", taken, readable, drafts=("MedicationRequest/ended",))
    assert dual(found) is None


@pytest.mark.parametrize(
    ("route", "wanted"),
    [
        ({"text": "under the skin"}, "under the skin"),
        ({"coding": [{"display": "Subcutaneous route", "code": "34206005"}]}, "Subcutaneous route"),
        ({"coding": [{"code": "34206005"}]}, "34206005"),
        (None, None),
    ],
)
def test_the_route_in_the_words_of_the_order(route: Json | None, wanted: str | None) -> None:
    draft = request("abatacept", id="draft", status="draft")
    if route is not None:
        draft["dosageInstruction"] = [{"route": route}]
    name = "DraftOrders.Drafts"
    parameters = {"RAParameters.Draft Orders": [DRAFT]}
    [found] = evaluate(bundle(ra(), draft), [name], parameters=parameters)[name]
    assert found["route"] == wanted


@pytest.mark.parametrize(
    ("drug", "expected"),
    [
        ("adalimumab", ("adalimumab", "bDMARD")),
        ("amoxicillin", ("antibiotic", "other")),
        # of a drug that nobody recognises the kind is unknown as well
        (concept(text="paracetamol"), (None, None)),
        ({"reference": "Medication/elsewhere"}, (None, None)),
    ],
)
def test_kind_of_the_drug_of_a_draft(drug: Any, expected: tuple[str | None, str | None]) -> None:
    name = "DraftOrders.Drafts"
    parameters = {"RAParameters.Draft Orders": [DRAFT]}
    draft = request(drug, id="draft", status="draft")
    [found] = evaluate(bundle(draft), [name], parameters=parameters)[name]
    assert (found["ingredient"], found["kind"]) == expected
