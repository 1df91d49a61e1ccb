"""G-DEM, G-PML, G-MAL (clinical-spec 3.3, 5.2, 8.24, 8.34, 8.37, 8.47)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cql.build import ICD10, SNOMED, Json, condition
from tests.cql.gate_records import check, gates, row

NONE = ("ok", "NO_RECORD")
NOT_OBTAINED = ("unknown", "CONDITIONS_NOT_OBTAINED")
WHO = "http://hl7.org/fhir/sid/icd-10"

# ----- G-DEM -----

DISEASE = "DEMYELINATING_DISEASE"
POSSIBLE_DISEASE = "DEMYELINATING_DISEASE_POSSIBLE"
DEMYELINATION = [
    pytest.param([], NONE, NONE, id="none"),
    *(
        pytest.param(
            [condition(code, clinical=clinical)], ("block", DISEASE), ("caution", DISEASE), id=name
        )
        for name, code, clinical in (
            ("ms", ICD10("G35.A"), "active"),
            ("ms-of-older-records", ICD10("G35"), "remission"),
            ("nmosd", ICD10("G36.0"), "inactive"),
            ("other", ICD10("G37.9"), "active"),
            ("optic-neuritis", ICD10("H46.9"), "resolved"),
            ("ms-snomed", SNOMED("24700007"), "active"),
            ("optic-neuritis-snomed", SNOMED("66760008"), None),
            ("ms-who", (WHO, "G35"), "active"),
        )
    ),
    pytest.param(
        [condition(ICD10("G35.A"), verification="provisional")],
        ("unknown", POSSIBLE_DISEASE),
        ("caution", POSSIBLE_DISEASE),
        id="provisional",
    ),
    pytest.param(
        [condition({"text": "多发性硬化"})],
        ("unknown", POSSIBLE_DISEASE),
        ("caution", POSSIBLE_DISEASE),
        id="text",
    ),
    pytest.param([condition(ICD10("G35.A"), verification="refuted")], NONE, NONE, id="refuted"),
    pytest.param([condition(ICD10("G35.A"), "2026-12-01")], NONE, NONE, id="future"),
]


@pytest.mark.parametrize(("records", "tnfi", "il6ri"), DEMYELINATION)
def test_demyelination(records: list[Json], tnfi: tuple[str, str], il6ri: tuple[str, str]) -> None:
    found = gates(*records)
    for drug_class, expected, applies in (("TNFi", tnfi, "both"), ("IL6Ri", il6ri, "start")):
        made = row(found, drug_class, "G-DEM")
        assert (made["verdict"], made["reason"]) == expected
        assert (made["applies"], made["onlyIfNoAlternative"]) == (applies, False)
        asked = ["demyelinating-disease"] if expected[1] == POSSIBLE_DISEASE else []
        assert made["dataMissing"] == asked
    assert [c for c in found if check(found, c, "G-DEM")] == ["TNFi", "IL6Ri"]


# ----- G-PML -----

PML = [
    pytest.param([], NONE, id="none"),
    pytest.param(
        [condition(ICD10("A81.2"), clinical="resolved")], ("block", "PML_RECORDED"), id="ever"
    ),
    pytest.param(
        [condition(ICD10("A81.2"), verification="provisional")],
        ("unknown", "PML_POSSIBLE"),
        id="possible",
    ),
    pytest.param([condition({"text": "PML"})], ("unknown", "PML_POSSIBLE"), id="text"),
]


@pytest.mark.parametrize(("records", "expected"), PML)
def test_pml(records: list[Json], expected: tuple[str, str]) -> None:
    found = gates(*records)
    assert check(found, "RTX", "G-PML") == expected
    assert row(found, "RTX", "G-PML")["applies"] == "both"
    assert [c for c in found if check(found, c, "G-PML")] == ["RTX"]


# ----- G-MAL -----

ACTIVE = ("do_first", "MALIGNANCY_ACTIVE")
COURSE = ("unknown", "MALIGNANCY_COURSE_UNKNOWN")
POSSIBLE = ("unknown", "MALIGNANCY_POSSIBLE")
REMISSION = ("caution", "MALIGNANCY_IN_REMISSION")
LYMPHOMA = ("caution", "LYMPHOPROLIFERATIVE_DISEASE_IN_REMISSION")
EARLIER = ("caution", "MALIGNANCY_HISTORY_POSSIBLE")


def cancer(code: str = "C50.912", **elements: Any) -> Json:
    return condition(ICD10(code), "1999-03-01", **elements)


def unsure(code: str = "C50.912", **elements: Any) -> Json:
    return cancer(code, verification="provisional", **elements)


CANCERS = [
    pytest.param([], NONE, id="none"),
    pytest.param([cancer()], ACTIVE, id="active"),
    pytest.param([cancer(clinical="recurrence")], ACTIVE, id="recurrence"),
    pytest.param([cancer("C34.90")], ACTIVE, id="lung"),
    pytest.param([cancer("C83.30")], ACTIVE, id="active-lymphoma"),
    pytest.param([condition(SNOMED("363346000"))], ACTIVE, id="snomed"),
    pytest.param([cancer(clinical=None)], COURSE, id="no-status"),
    pytest.param([cancer(clinical=None, abatementDateTime="2005")], REMISSION, id="ended"),
    pytest.param([cancer(clinical="remission")], REMISSION, id="remission"),
    pytest.param([cancer(clinical="resolved")], REMISSION, id="resolved"),
    pytest.param([cancer(clinical="inactive")], REMISSION, id="inactive"),
    pytest.param([cancer("Z85.3")], REMISSION, id="history-listed-as-active"),
    pytest.param([condition(SNOMED("266987004"))], REMISSION, id="history-snomed"),
    pytest.param([cancer("C83.30", clinical="remission")], LYMPHOMA, id="lymphoma-in-remission"),
    pytest.param([cancer("C91.10", clinical="remission")], LYMPHOMA, id="leukaemia-in-remission"),
    pytest.param([cancer("C92.11", clinical="remission")], REMISSION, id="myeloid"),
    pytest.param([cancer("C44.91")], NONE, id="non-melanoma-skin-cancer"),
    pytest.param([cancer("Z85.828")], NONE, id="history-of-the-same"),
    pytest.param([cancer(verification="refuted")], NONE, id="refuted"),
    pytest.param([unsure()], POSSIBLE, id="suspected"),
    pytest.param([unsure(clinical=None)], POSSIBLE, id="suspected-no-status"),
    pytest.param([unsure(clinical="resolved")], EARLIER, id="suspected-and-over"),
    pytest.param([unsure("Z85.3")], EARLIER, id="history-possible"),
    pytest.param([condition({"text": "乳腺癌"})], POSSIBLE, id="text"),
    pytest.param([condition({"text": "乳腺癌"}, clinical="resolved")], EARLIER, id="text-over"),
    pytest.param([cancer(clinical="remission"), cancer("C34.90")], ACTIVE, id="a-second-one"),
    pytest.param([cancer("Z85.3"), unsure("C34.90")], POSSIBLE, id="a-suspected-second-one"),
    pytest.param(
        [unsure("C83.30", clinical="resolved"), cancer("Z85.3")], REMISSION, id="lymphoma-unsure"
    ),
]


@pytest.mark.parametrize("profile", ["STRICT", "EU", "US"])
@pytest.mark.parametrize(("records", "expected"), CANCERS)
def test_cancer(records: list[Json], expected: tuple[str, str], profile: str) -> None:
    found = gates(*records, profile=profile)
    past = expected[0] == "caution"
    for drug_class in ("JAKi", "ABA"):
        made = row(found, drug_class, "G-MAL")
        assert (made["verdict"], made["reason"]) == expected
        assert made["onlyIfNoAlternative"] is past
    for drug_class in ("TNFi", "IL6Ri", "RTX"):
        made = row(found, drug_class, "G-MAL")
        assert (made["verdict"], made["reason"]) == (("ok" if past else expected[0]), expected[1])
        assert made["onlyIfNoAlternative"] is False
    for drug_class in ("TNFi", "JAKi"):
        made = row(found, drug_class, "G-MAL")
        assert made["applies"] == "both"
        asked = ["malignancy"] if expected in (COURSE, POSSIBLE, EARLIER) else []
        assert made["dataMissing"] == asked
        orders = ["oncology-referral"] if expected in (ACTIVE, COURSE, POSSIBLE) else []
        assert made["orders"] == orders
    for drug_class in ("MTX", "LEF", "SSZ", "HCQ"):
        assert check(found, drug_class, "G-MAL") is None


def test_cancer_shows_its_evidence() -> None:
    found = gates(
        condition(ICD10("C50.912"), "1999-03-01", id="c", clinical="remission"),
        condition(ICD10("Z85.3"), "2010-03-01", id="h"),
    )
    used = [
        {"ref": "Condition/c", "date": "1999-03-01", "value": "malignancy"},
        {"ref": "Condition/h", "date": "2010-03-01", "value": "malignancy"},
    ]
    assert row(found, "TNFi", "G-MAL")["dataUsed"] == used
    assert row(found, "ABA", "G-MAL")["dataUsed"] == used


# ----- the list was not obtained -----

HISTORIES = [
    ("TNFi", "G-DEM"),
    ("IL6Ri", "G-DEM"),
    ("RTX", "G-PML"),
    ("ABA", "G-MAL"),
    ("RTX", "G-MAL"),
]


@pytest.mark.parametrize(("drug_class", "check_id"), HISTORIES)
def test_absence_is_unknown_where_the_list_is_incomplete(drug_class: str, check_id: str) -> None:
    found = gates(incomplete=("Condition",))
    assert check(found, drug_class, check_id) == NOT_OBTAINED
    assert len(row(found, drug_class, check_id)["dataMissing"]) == 1
    assert check(gates(incomplete=("Observation",)), drug_class, check_id) == NONE


def test_a_finding_stands_although_the_list_is_incomplete() -> None:
    found = gates(cancer(), condition(ICD10("G35.A")), incomplete=("Condition",))
    assert check(found, "ABA", "G-MAL") == ACTIVE
    assert check(found, "TNFi", "G-DEM") == ("block", DISEASE)
    # a cancer in remission says nothing of one that was not read
    past = gates(cancer(clinical="remission"), incomplete=("Condition",))
    assert check(past, "ABA", "G-MAL") == NOT_OBTAINED
