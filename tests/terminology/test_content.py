"""What the specification (section 5) says of the codes, and what must never be mixed up."""

from __future__ import annotations

import itertools

import pytest

Codes = dict[str, set[tuple[str, str]]]

INGREDIENTS = (
    "Adalimumab", "Etanercept", "Infliximab", "Golimumab", "Certolizumab Pegol", "Tocilizumab",
    "Sarilumab", "Olokizumab", "Abatacept", "Rituximab", "Anakinra", "Tofacitinib", "Baricitinib",
    "Upadacitinib", "Filgotinib", "Peficitinib", "Methotrexate", "Leflunomide", "Sulfasalazine",
    "Hydroxychloroquine", "Iguratimod", "Tripterygium Glycosides", "Azathioprine", "Ciclosporin",
    "Tacrolimus", "Mycophenolate", "Prednisone", "Prednisolone", "Methylprednisolone",
    "Hydrocortisone", "Dexamethasone", "Isoniazid", "Rifampicin", "Rifapentine", "Azithromycin",
)  # fmt: skip

EXCLUSIVE = [
    INGREDIENTS,
    ("TNF Inhibitors", "IL-6 Inhibitors", "JAK Inhibitors", "Abatacept", "Rituximab", "Anakinra",
     "Conventional Synthetic DMARDs", "Glucocorticoids", "Systemic Antibiotics",
     "TB Preventive Therapy Drugs", "TB Treatment Drugs"),
    ("Positive Answers", "Negative Answers", "Indeterminate Answers"),
    ("Yes Answers", "No Answers"),
    ("HRCT Normal", "HRCT ILD-UIP", "HRCT ILD-NSIP", "HRCT ILD-Other", "HRCT Bronchiectasis",
     "HRCT Emphysema"),
    ("CXR Normal", "CXR Abnormal", "CXR TB-suggestive"),
    ("Smoking Current", "Smoking Ex", "Smoking Never"),
    ("TJC28", "SJC28", "Patient Global", "Evaluator Global", "CRP Mass", "CRP Molar", "ESR",
     "DAS28 Unspecified", "DAS28-ESR4", "DAS28-ESR3", "DAS28-CRP4", "DAS28-CRP3", "CDAI", "SDAI",
     "RAPID3", "US Grey Scale Max", "US Power Doppler Max", "US Negative", "MRI Synovitis",
     "Sharp Progression", "RF", "Anti-CCP", "HAQ-DI", "IGRA", "IGRA Components", "T-SPOT Spots",
     "TST", "Chest X-ray", "HRCT Chest", "FVC Percent", "FVC Volume", "DLCO Percent",
     "Smoking Status", "Pack Years", "Oxygen Saturation", "PDC", "MARS-5", "CQR",
     "Missed Doses of 6", "Ever Responded", "GC Taper Failed"),
    ("Stop Reasons Ineffective Primary", "Stop Reasons Ineffective Secondary",
     "Stop Reasons Ineffective Unspecified", "Stop Reasons Adverse Event",
     "Stop Reasons Allergy", "Stop Reasons Toxicity", "Stop Reasons Lab Toxicity",
     "Stop Reasons Remission", "Stop Reasons Cost", "Stop Reasons Pregnancy",
     "Stop Reasons Patient Choice", "Stop Reasons Infection", "Stop Reasons Surgery"),
    ("Active Tuberculosis", "Latent Tuberculosis", "History of Tuberculosis", "TB Contact"),
    ("Interstitial Lung Disease", "Bronchiectasis", "COPD", "Emphysema", "Pneumonia"),
    ("Malignancy", "History of Malignancy"),
    ("Venous Thromboembolism", "History of Venous Thromboembolism", "Myocardial Infarction",
     "Stroke", "Heart Failure"),
    ("NYHA I", "NYHA II", "NYHA III", "NYHA IV"),
    ("HBsAg", "Anti-HBc Total", "Anti-HBs", "HBV DNA", "HCV Antibody", "HCV RNA", "HIV Test",
     "Albumin", "ALT", "AST", "Creatinine Mass", "Creatinine Molar", "eGFR", "White Cell Count",
     "Neutrophil Count", "Lymphocyte Count", "Platelet Count", "Hemoglobin", "Immunoglobulin G",
     "Pregnancy Test", "Body Mass Index", "Body Weight", "Ejection Fraction", "NYHA Class"),
    tuple(f"{inn} {kind}" for inn in ("Adalimumab", "Infliximab", "Golimumab", "Certolizumab",
          "Etanercept", "Tocilizumab") for kind in ("Level", "ADA", "NAb", "Activity")),
    ("Influenza Vaccines", "Live Vaccines", "Recombinant Zoster Vaccine", "Hepatitis B Vaccines",
     "Pneumococcal Conjugate 20 or 21", "Pneumococcal Conjugate 13 or 15",
     "Pneumococcal Polysaccharide 23"),
    ("Rheumatoid Arthritis", "Osteoarthritis", "Fibromyalgia", "Septic Arthritis"),
]  # fmt: skip


@pytest.mark.parametrize("titles", EXCLUSIVE, ids=lambda titles: titles[0])
def test_no_code_is_in_two_exclusive_sets(titles: tuple[str, ...], codes: Codes) -> None:
    for one, other in itertools.combinations(titles, 2):
        assert codes[one] & codes[other] == set(), (one, other)


EXCLUDED = [
    ("Rheumatoid Arthritis", "icd10cm", ["M06", "M06.1", "M06.2", "M06.20", "M06.3", "M06.4"]),
    ("Rheumatoid Arthritis", "icd10", ["M06", "M06.1", "M06.2", "M06.3", "M06.4"]),
    ("Interstitial Lung Disease", "icd10cm", ["J99", "J70", "J70.3"]),
    ("Interstitial Lung Disease", "icd10", ["J99", "J99.0", "J70"]),
    ("Active Tuberculosis", "icd10cm", ["A16", "Z22.7", "R76.11", "Z86.11"]),
    ("Latent Tuberculosis", "icd10cm", ["Z86.15", "A15.0"]),
    ("Obesity", "icd10cm", ["E66.3"]),
    ("Smoking Current", "icd10cm", ["F17.201", "F17.211", "F17.221", "F17.291", "Z87.891"]),
    ("Non-adherence", "icd10cm", ["Z91.11", "Z91.15", "Z91.19"]),
    ("COPD", "icd10cm", ["J43", "J43.9"]),
    ("Opportunistic Infection", "icd10cm", ["A31.0", "B37.0", "B02.9"]),
    ("DLCO Percent", "loinc", ["19911-7"]),
    ("RF", "loinc", ["15205-0"]),
    ("Evaluator Global", "loinc", ["75894-6"]),
    ("CRP Mass", "loinc", ["76485-2"]),
    ("Diverticulitis", "icd10cm", ["K57.30", "K57.31", "K57.10", "K57.50", "K57.90", "K57"]),
    ("Malignancy", "icd10cm", ["C44", "C44.91", "C44.311"]),
    ("Malignancy", "icd10", ["C44", "C44.9"]),
    ("History of Malignancy", "icd10cm", ["Z85.828"]),
    ("Stroke", "icd10cm", ["G45.9"]),
    ("Anti-HBc Total", "loinc", ["31204-1"]),
    ("Live Vaccines", "cvx", ["187", "140", "206"]),
    ("Neutrophil Count", "loinc", ["6690-2"]),
]


@pytest.mark.parametrize(("title", "system", "absent"), EXCLUDED)
def test_codes_that_look_alike_are_left_out(
    title: str, system: str, absent: list[str], codes: Codes
) -> None:
    assert {code for code in absent if (system, code) in codes[title]} == set()


def test_codes_that_failed_a_check_are_nowhere(codes: Codes) -> None:
    everywhere = set().union(*codes.values())
    for system, code in (("icd10cm", "Z22.51"), ("loinc", "15205-0"), ("icd10cm", "A16")):
        assert (system, code) not in everywhere


def test_glucocorticoids_are_systemic(codes: Codes) -> None:
    atc = {code for system, code in codes["Glucocorticoids"] if system == "atc"}
    assert atc
    assert all(code.startswith("H02") for code in atc)


def test_antibiotics_are_systemic_and_no_tb_drugs(codes: Codes) -> None:
    atc = {code for system, code in codes["Systemic Antibiotics"] if system == "atc"}
    assert len(atc) > 250
    assert all(code.startswith("J01") and len(code) == 7 for code in atc)
    assert codes["Prophylactic Antibiotics"] < codes["Systemic Antibiotics"]


NAMED = [
    ("Methotrexate", ["rxnorm 6851", "atc L04AX03", "atc L01BA01", "names mtx", "names 甲氨蝶呤"]),
    ("Leflunomide", ["rxnorm 27169", "atc L04AK01", "atc L04AA13", "rxnorm 205284"]),
    ("Sulfasalazine", ["rxnorm 9524", "atc A07EC01"]),
    ("Hydroxychloroquine", ["rxnorm 5521", "atc P01BA02", "names 羟氯喹"]),
    ("Adalimumab", ["rxnorm 327361", "atc L04AB04", "rxnorm 2103477", "rxnorm 2103479",
                    "names hyrimoz", "names 阿达木单抗"]),
    ("Etanercept", ["rxnorm 214555", "atc L04AB01", "atc L04AA11", "names 益赛普"]),
    ("Infliximab", ["rxnorm 191831", "atc L04AB02", "rxnorm 1790541"]),
    ("Golimumab", ["rxnorm 819300", "atc L04AB06"]),
    ("Certolizumab Pegol", ["rxnorm 709271", "atc L04AB05", "rxnorm 849599"]),
    ("Tocilizumab", ["rxnorm 612865", "atc L04AC07", "rxnorm 2679438"]),
    ("Sarilumab", ["rxnorm 1923319", "atc L04AC14"]),
    ("Olokizumab", ["atc L04AC23", "local olokizumab"]),
    ("Abatacept", ["rxnorm 614391", "atc L04AA24", "rxnorm 616015"]),
    ("Rituximab", ["rxnorm 121191", "atc L01FA01", "atc L01XC02"]),
    ("Anakinra", ["rxnorm 72435", "atc L04AC03"]),
    ("Tofacitinib", ["rxnorm 1357536", "atc L04AF01", "atc L04AA29", "rxnorm 1741051"]),
    ("Baricitinib", ["rxnorm 2047232", "atc L04AF02", "atc L04AA37"]),
    ("Upadacitinib", ["rxnorm 2196092", "atc L04AF03", "atc L04AA44"]),
    ("Filgotinib", ["atc L04AF04", "atc L04AA45", "local filgotinib"]),
    ("Peficitinib", ["atc L04AF06", "local peficitinib"]),
    ("Iguratimod", ["local iguratimod", "names 艾拉莫德"]),
    ("Tripterygium Glycosides", ["local tripterygium", "names 雷公藤多苷"]),
    ("Glucocorticoids", ["rxnorm 8640", "rxnorm 8638", "rxnorm 6902", "atc H02AB07"]),
    ("TB Preventive Therapy Drugs", ["atc J04AC01", "atc J04AB02", "atc J04AB05",
                                     "atc J04AM02"]),
    ("TB Preventive Therapy", ["local tpt"]),
    ("Rheumatoid Arthritis", ["snomed 69896004", "snomed 239791005", "snomed 239792003",
                              "icd10cm M05.79", "icd10cm M05.A", "icd10cm M06.09",
                              "icd10cm M06.89", "icd10cm M06.9", "icd10 M06.9"]),
    ("Interstitial Lung Disease", ["snomed 10713006", "snomed 233703007", "snomed 64667001",
                                   "icd10cm M05.10", "icd10cm J84.170", "icd10cm J70.4",
                                   "icd10 J84.1"]),
    ("Fibromyalgia", ["snomed 203082005", "snomed 95417003", "icd10cm M79.7"]),
    ("Osteoarthritis", ["snomed 396275006", "icd10cm M17.11", "icd10 M19"]),
    ("Depression", ["snomed 35489007", "snomed 370143000", "icd10cm F32.A", "icd10cm F34.1"]),
    ("Sleep Disorder", ["snomed 39898005", "snomed 193462001", "icd10cm G47.00"]),
    ("Bronchiectasis", ["snomed 12295008", "icd10cm J47.9"]),
    ("COPD", ["snomed 13645005", "icd10cm J44.9"]),
    ("Active Tuberculosis", ["snomed 56717001", "snomed 154283005", "snomed 47604008",
                             "icd10cm A15.0", "icd10cm A19.9", "icd10 A16.2"]),
    ("Latent Tuberculosis", ["snomed 11999007", "icd10cm Z22.7", "icd10cm R76.11",
                             "icd10cm R76.12", "icd10 Z22.7"]),
    ("Herpes Zoster", ["snomed 4740000", "icd10cm B02.9"]),
    ("Serious Infection", ["snomed 233604007", "snomed 91302008", "icd10cm J18.9", "icd10cm A41.9",
                           "icd10cm R65.21", "icd10cm B59", "icd10cm U07.1", "icd10 J18.9"]),
    ("Nontuberculous Mycobacterial Disease", ["snomed 88415009", "snomed 277869007",
                                              "icd10cm A31.0", "icd10cm A31.8", "icd10cm A31.9"]),
    ("Obesity", ["snomed 414916001", "icd10cm E66.811", "icd10cm E66.9"]),
    ("Non-adherence", ["icd10cm Z91.120", "icd10cm Z91.141", "icd10cm Z91.148"]),
    ("TJC28", ["loinc 88981-6"]),
    ("SJC28", ["loinc 88980-8"]),
    ("Patient Global", ["loinc 75894-6", "local pt-global"]),
    ("Evaluator Global", ["loinc 75846-6", "local ega-global"]),
    ("CDAI", ["loinc 75847-4"]),
    ("SDAI", ["loinc 75845-8"]),
    ("DAS28 Unspecified", ["snomed 441870009"]),
    ("ESR", ["loinc 4537-7", "loinc 30341-2"]),
    ("CRP Mass", ["loinc 1988-5", "loinc 30522-7"]),
    ("CRP Molar", ["loinc 76485-2"]),
    ("RF", ["loinc 11572-5", "loinc 15205-8"]),
    ("Anti-CCP", ["loinc 33935-8", "loinc 32218-0", "loinc 53027-9"]),
    ("IGRA", ["loinc 71775-1", "loinc 71773-6", "loinc 74281-7"]),
    ("TST", ["local tst-mm"]),
    ("Chest X-ray", ["local cxr"]),
    ("HRCT Chest", ["local hrct-chest", "loinc 24627-2"]),
    ("FVC Percent", ["loinc 19872-1", "local fvc-pct"]),
    ("FVC Volume", ["loinc 19876-2"]),
    ("DLCO Percent", ["local dlco-pct"]),
    ("Smoking Current", ["snomed 449868002", "snomed 77176002", "snomed 428041000124106",
                         "icd10cm F17.210", "icd10cm Z72.0"]),
    ("Smoking Ex", ["snomed 8517006", "icd10cm Z87.891"]),
    ("Smoking Never", ["snomed 266919005"]),
    ("Positive Answers", ["snomed 10828004", "loinc LA6576-8", "interpretation POS", "names 阳性"]),
    ("Negative Answers", ["snomed 260385009", "loinc LA6577-6", "interpretation NEG",
                          "names 阴性"]),
    ("Hepatitis B", ["snomed 66071002", "snomed 61977001", "icd10cm B18.0", "icd10cm B18.1",
                     "icd10cm B16.9", "icd10cm B19.10", "icd10 B18.1"]),
    ("Hepatitis C", ["snomed 50711007", "icd10cm B18.2", "icd10cm B17.10", "icd10cm B19.20"]),
    ("HIV Infection", ["snomed 86406008", "icd10cm B20", "icd10cm Z21", "icd10cm B97.35"]),
    ("Heart Failure", ["snomed 84114007", "snomed 42343007", "icd10cm I50.22", "icd10 I50.0"]),
    ("Demyelinating Disease", ["snomed 24700007", "snomed 66760008", "icd10cm G35",
                               "icd10cm G35.A", "icd10cm G35.D", "icd10cm H46.9"]),
    ("Diverticulitis", ["snomed 4494009", "icd10cm K57.32", "icd10cm K57.92"]),
    ("Gastrointestinal Perforation", ["snomed 51875005", "icd10cm K63.1"]),
    ("Venous Thromboembolism", ["snomed 128053003", "snomed 59282003", "snomed 111293003",
                                "icd10cm I82.401", "icd10cm I26.99", "icd10cm I82.220",
                                "icd10cm I82.501", "icd10cm I82.601"]),
    ("Myocardial Infarction", ["snomed 22298006", "snomed 57054005", "snomed 1755008",
                               "icd10cm I21.9", "icd10cm I25.2", "icd10 I22.0"]),
    ("Stroke", ["snomed 230690007", "snomed 432504007", "icd10cm I63.9", "icd10cm I61.9",
                "icd10cm I60.9", "icd10cm I69.30", "icd10cm Z86.73", "icd10 I64", "icd10 I62.9"]),
    ("Malignancy", ["snomed 363346000", "icd10cm C50.919", "icd10cm C43.9", "icd10 C97"]),
    ("History of Malignancy", ["snomed 266987004", "icd10cm Z85.3"]),
    ("Pregnancy", ["snomed 77386006", "icd10cm Z33.1", "icd10cm O09.90", "icd10cm O9A.211"]),
    ("Biologic Reaction", ["snomed 446994009", "icd10cm T80.90XA", "icd10cm T50.905A"]),
    ("Cirrhosis", ["snomed 19943007", "icd10cm K74.60", "icd10cm K70.30"]),
    ("Neutropenia", ["snomed 165517008", "icd10cm D70.9"]),
    ("NYHA III", ["local nyha-3", "snomed 420913000"]),
    ("HBsAg", ["loinc 5196-1", "loinc 5195-3"]),
    ("Anti-HBc Total", ["loinc 13952-7", "loinc 16933-4"]),
    ("Anti-HBs", ["loinc 5193-8", "loinc 10900-9", "loinc 16935-9"]),
    ("HBV DNA", ["loinc 42595-9", "loinc 29615-2"]),
    ("HIV Test", ["loinc 31201-7", "loinc 56888-1"]),
    ("Adalimumab Level", ["loinc 86894-3", "loinc 74117-3", "local tdm-adalimumab-level"]),
    ("Certolizumab ADA", ["loinc 87405-7", "local tdm-certolizumab-ada"]),
    ("Indeterminate Answers", ["snomed 82334004", "loinc LA11884-6", "interpretation IND"]),
]  # fmt: skip


@pytest.mark.parametrize(("title", "rows"), NAMED, ids=lambda v: v if isinstance(v, str) else "")
def test_every_code_that_the_specification_names_is_in_its_set(
    title: str, rows: list[str], codes: Codes
) -> None:
    wanted = {tuple(row.split(" ", 1)) for row in rows}
    assert wanted - codes[title] == set()


LOCAL = """das28-esr-4 das28-esr-3 das28-crp-4 das28-crp-3 us-gs-max us-pd-max us-negative
mri-synovitis mars-5 pdc cqr haq-di missed-doses-of-6 ever-responded hrct-chest cxr tst-mm
pack-years fvc-pct dlco-pct gc-taper-failed sharp-progression-1y pt-global ega-global tpt normal
abnormal tb-suggestive ild-uip ild-nsip ild-other bronchiectasis emphysema iguratimod tripterygium
peficitinib filgotinib olokizumab stop-ineffective-primary stop-ineffective-secondary
stop-ineffective stop-adverse-event stop-allergy stop-toxicity stop-lab-toxicity stop-remission
stop-cost stop-pregnancy stop-patient-choice stop-infection stop-surgery trough d2t-problematic
misdiagnosis-reviewed csdmard-cotherapy-impossible synovial-pathotype lympho-myeloid
diffuse-myeloid pauci-immune-fibroid nyha nyha-1 nyha-2 nyha-3 nyha-4 lvef"""


def test_every_local_code_of_this_scope_is_in_a_value_set(codes: Codes) -> None:
    known = {code for members in codes.values() for system, code in members if system == "local"}
    assert set(LOCAL.split()) - known == set()


def loinc_check_digit(code: str) -> bool:
    """Mod 10 over the number: LOINC codes are typed by hand, and a wrong digit is another test."""
    number, digit = code.split("-")
    total = 0
    for position, figure in enumerate(reversed(number)):
        doubled = int(figure) * (2 if position % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return (10 - total % 10) % 10 == int(digit)


_TIMES = [
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
]  # fmt: skip
_TURN = [
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
]  # fmt: skip


def snomed_check_digit(code: str) -> bool:
    """Verhoeff, as SNOMED CT prescribes for its identifiers."""
    state = 0
    for position, figure in enumerate(reversed(code)):
        state = int(_TIMES[state][int(_TURN[position % 8][int(figure)])])
    return state == 0


def test_check_digits(codes: Codes) -> None:
    assert not loinc_check_digit("15205-0")
    assert not snomed_check_digit("69896005")
    everywhere = set().union(*codes.values())
    loinc = {c for s, c in everywhere if s == "loinc" and not c.startswith("LA")}
    snomed = {c for s, c in everywhere if s == "snomed"}
    assert len(loinc) > 30
    assert len(snomed) > 60
    assert {code for code in loinc if not loinc_check_digit(code)} == set()
    assert {code for code in snomed if not snomed_check_digit(code)} == set()
