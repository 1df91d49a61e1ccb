"""G-ALLERGY (clinical-spec 8.35, 3.4, 5.2): which molecule, and what is not certain."""

from __future__ import annotations

import pytest

from tests.cql.build import (
    DRUGS,
    ICD10,
    LOCAL,
    RXNORM,
    SNOMED,
    Coding,
    Json,
    bundle,
    concept,
    evaluate,
    resource,
    statement,
)

SYSTEM = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"
BLOCK, ASK = ("block", "ALLERGY_ON_RECORD"), ("unknown", "ALLERGY_POSSIBLE")
NONE = ("ok", "NO_RECORD_OF_ALLERGY")
ALL = ("TNFi", "IL6Ri", "ABA", "RTX", "JAKi", "MTX", "LEF", "SSZ", "HCQ")


def allergy(code: Coding | Json, verification: str = "confirmed", clinical: str = "active") -> Json:
    return resource(
        "AllergyIntolerance",
        "a",
        patient={"reference": "Patient/p"},
        code=code if isinstance(code, dict) else concept(code),
        clinicalStatus=concept((SYSTEM + "clinical", clinical)),
        verificationStatus=concept((SYSTEM + "verification", verification)),
        recordedDate="2026-06-01",
    )


REACTION = concept(SNOMED("446994009"))
INFUSION_REACTION = concept(("http://hl7.org/fhir/sid/icd-10-cm", "T80.90XA"))


def event(
    *, serious: bool | str | None, what: Json | None = None, suspect: Json | None = None
) -> Json:
    coded = {True: "serious", False: "non-serious"}.get(serious, serious)
    stated = {} if coded is None else {"seriousness": concept(("x", str(coded)))}
    return resource(
        "AdverseEvent",
        "e",
        subject={"reference": "Patient/p"},
        actuality="actual",
        date="2026-06-01",
        suspectEntity=[{"instance": suspect or {"display": "Infliximab"}}],
        **stated,
        **({} if what is None else {"event": what}),
    )


def rows(*resources: Json, incomplete: tuple[str, ...] = ()) -> list[Json]:
    name = "HypersensitivitySafety.Checks"
    parameters = {"RAParameters.Incomplete Data": list(incomplete)}
    found: list[Json] = evaluate(bundle(*resources), [name], parameters=parameters)[name]
    return found


TAKEN = {"reference": "MedicationStatement/taken"}
SULFA, MOUSE = SNOMED("91939003"), LOCAL("murine-protein")
STOPPED = statement(
    "adalimumab", "2026-05-11", "2026-11-10", status="stopped", reason="stop-allergy"
)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (allergy(DRUGS["adalimumab"]), {("TNFi", "adalimumab"): BLOCK}),
        (allergy(DRUGS["tofacitinib"]), {("JAKi", "tofacitinib"): BLOCK}),
        (allergy(DRUGS["methotrexate"]), {("MTX", "methotrexate"): BLOCK}),
        (allergy(DRUGS["leflunomide"]), {("LEF", "leflunomide"): BLOCK}),
        (allergy(DRUGS["hydroxychloroquine"]), {("HCQ", "hydroxychloroquine"): BLOCK}),
        (allergy(DRUGS["adalimumab"], "unconfirmed"), {("TNFi", "adalimumab"): ASK}),
        (allergy(concept(text="adalimumab")), {("TNFi", "adalimumab"): ASK}),
        (allergy(DRUGS["adalimumab"], "refuted"), {}),
        (allergy(DRUGS["adalimumab"], clinical="resolved"), {}),
        (allergy(DRUGS["amoxicillin"]), {}),
        (allergy(SULFA), {("SSZ", "sulfasalazine"): BLOCK}),
        (allergy(SNOMED("387406002")), {("SSZ", "sulfasalazine"): BLOCK}),
        (allergy(RXNORM("10831")), {("SSZ", "sulfasalazine"): BLOCK}),
        (allergy(SNOMED("294505008")), {}),
        (allergy(SULFA, "presumed"), {("SSZ", "sulfasalazine"): ASK}),
        (allergy(SULFA, "refuted"), {}),
        (allergy(SULFA, clinical="inactive"), {}),
        (allergy(MOUSE), {("RTX", "rituximab"): BLOCK, ("TNFi", "infliximab"): BLOCK}),
        (STOPPED, {("TNFi", "adalimumab"): ASK}),
        (event(serious=True), {("TNFi", "infliximab"): ASK}),
        (event(serious=False), {}),
        (event(serious=False, what=REACTION, suspect=TAKEN), {}),
        (event(serious=True, what=REACTION, suspect=TAKEN), {("TNFi", "adalimumab"): BLOCK}),
        (
            event(serious=True, what=INFUSION_REACTION, suspect=TAKEN),
            {("TNFi", "adalimumab"): BLOCK},
        ),
        # a pneumonia under the drug is no hypersensitivity; what it was is asked
        (
            event(serious=True, what=concept(SNOMED("233604007")), suspect=TAKEN),
            {("TNFi", "adalimumab"): ASK},
        ),
        (event(serious=True, suspect=TAKEN), {("TNFi", "adalimumab"): ASK}),
        # the older codes of the standard say in one word why it was serious
        *(
            (event(serious=code, what=REACTION, suspect=TAKEN), {("TNFi", "adalimumab"): BLOCK})
            for code in ("Serious", "SeriousIsLifeThreatening", "SeriousResultsInHospitalization")
        ),
        (event(serious="Non-serious", what=REACTION, suspect=TAKEN), {}),
        # a reaction of unsaid seriousness is asked about, another event is not
        (event(serious=None, what=REACTION, suspect=TAKEN), {("TNFi", "adalimumab"): ASK}),
        (event(serious="x", what=REACTION, suspect=TAKEN), {("TNFi", "adalimumab"): ASK}),
        (event(serious=None, what=concept(SNOMED("233604007")), suspect=TAKEN), {}),
        (event(serious=None, suspect=TAKEN), {}),
        # anaphylaxis and its like are serious by what they are
        *(
            (event(serious=stated, what=what, suspect=TAKEN), {("TNFi", "adalimumab"): BLOCK})
            for stated in (True, False, None)
            for what in (
                concept(SNOMED("39579001")),
                concept(("http://hl7.org/fhir/sid/icd-10-cm", "T88.6XXA")),
                concept(ICD10("T78.2")),
            )
        ),
        # urticaria is no severe hypersensitivity by itself; a serious one is asked about
        (
            event(serious=True, what=concept(SNOMED("126485001")), suspect=TAKEN),
            {("TNFi", "adalimumab"): ASK},
        ),
        (event(serious=False, what=concept(SNOMED("126485001")), suspect=TAKEN), {}),
        (event(serious=None, what=concept(SNOMED("39579001"))), {("TNFi", "infliximab"): ASK}),
        # a drug known by words alone may ask, never block
        (event(serious=True, what=REACTION), {("TNFi", "infliximab"): ASK}),
        (allergy(concept(text="Sulfa drugs")), {("SSZ", "sulfasalazine"): ASK}),
        (allergy(concept(text="磺胺过敏")), {("SSZ", "sulfasalazine"): ASK}),
        (allergy(concept(("x", "1"), text="sulfonamide")), {("SSZ", "sulfasalazine"): ASK}),
        (allergy(concept(SULFA, text="sulfonamide")), {("SSZ", "sulfasalazine"): BLOCK}),
        (allergy(concept(text="no sulfa allergy")), {}),
        (allergy(concept(text="sulfa"), "refuted"), {}),
        (allergy(concept(text="sulfa"), clinical="resolved"), {}),
        (allergy(concept(text="penicillin")), {}),
        (
            allergy(concept(text="mouse protein")),
            {("RTX", "rituximab"): ASK, ("TNFi", "infliximab"): ASK},
        ),
    ],
)
def test_molecule(record: Json, expected: dict[tuple[str, str], tuple[str, str]]) -> None:
    taken = statement("adalimumab", "2026-05-11", id="taken")
    found = rows(record, *([taken] if record["resourceType"] == "AdverseEvent" else []))
    named = {
        (r["classes"][0], r["molecules"][0]): (r["verdict"], r["reason"])
        for r in found
        if r["molecules"]
    }
    assert named == expected
    quiet = {c for r in found if not r["molecules"] for c in r["classes"]}
    assert quiet == set(ALL) - {drug_class for drug_class, _ in expected}
    for row in found:
        assert row["applies"] == "both"
        assert bool(row["dataUsed"]) == bool(row["molecules"])
        assert row["dataMissing"] == (["reaction"] if row["verdict"] == "unknown" else [])


def test_no_record_and_lists_not_obtained() -> None:
    assert {(r["verdict"], r["reason"]) for r in rows()} == {NONE}
    found = rows(allergy(SULFA), incomplete=("AllergyIntolerance",))
    unknown = {c for r in found if r["verdict"] == "unknown" for c in r["classes"]}
    assert unknown == set(ALL)
    assert [r["verdict"] for r in found if r["molecules"]] == ["block"]


@pytest.mark.parametrize(
    ("dates", "shown"),
    [
        ({"onsetDateTime": "2025-03-02"}, "2025-03-02"),
        ({}, "2026-06-01"),
    ],
)
def test_an_allergy_is_dated_by_its_onset_or_its_record(dates: Json, shown: str) -> None:
    made = allergy(SNOMED("387406002")) | dates
    name = "HypersensitivitySafety.Checks"
    found = evaluate(bundle(made), [name])[name]
    days = {d["date"] for r in found for d in r["dataUsed"] if d["value"] == "allergy: sulfonamide"}
    assert days == {shown}
