"""Observations: exactly the codes of specification 5.1 and 5.5 (8.14), test by test.

LOINC codes that 5.1 does not list were read on 2026-11-29 where the comment says. Local codes: 5.5.
"""

from __future__ import annotations

from tests.terminology.demands import read

ACTIVITY = read("""
TJC28
  loinc 88981-6
SJC28
  loinc 88980-8
Patient Global
  loinc 75894-6
  local pt-global                                           # 8.14
Evaluator Global
  loinc 75846-6
  local ega-global
Ten-point Global Scales                                     # 2.2: 0 to 10
  loinc 75894-6 75846-6
CDAI
  loinc 75847-4
SDAI
  loinc 75845-8
RAPID3
  loinc 90028-2                                             # 5.1: the panel; no code of the total
  local rapid3
DAS28 Unspecified
  snomed 441870009                                          # 5.1: no LOINC
DAS28-ESR4
  local das28-esr-4
  names das28 esr, das28 esr 4                              # four variables are the usual form
DAS28-ESR3
  local das28-esr-3
  names das28 esr 3
DAS28-CRP4
  local das28-crp-4
  names das28 crp, das28 crp 4
DAS28-CRP3
  local das28-crp-3
  names das28 crp 3
ESR
  loinc 4537-7 30341-2
CRP Mass
  loinc 1988-5 30522-7
CRP Molar
  loinc 76485-2
RF
  loinc 11572-5
  loinc 15205-8                                             # 5.1 has 15205-0: wrong check digit
Anti-CCP
  loinc 33935-8 32218-0 53027-9
HAQ-DI
  local haq-di
US Grey Scale Max
  local us-gs-max
US Power Doppler Max
  local us-pd-max
US Negative
  local us-negative
MRI Synovitis
  local mri-synovitis
Sharp Progression
  local sharp-progression-1y
GC Taper Failed
  local gc-taper-failed
Synovial Pathotype
  local synovial-pathotype
Pathotype Lympho-Myeloid
  local lympho-myeloid
Pathotype Diffuse-Myeloid
  local diffuse-myeloid
Pathotype Pauci-Immune-Fibroid
  local pauci-immune-fibroid
""")

QUESTIONS = read("""
PDC
  local pdc
MARS-5
  local mars-5
CQR
  local cqr
Missed Doses of 6
  local missed-doses-of-6
Ever Responded
  local ever-responded
D2T Problematic
  local d2t-problematic
Misdiagnosis Reviewed
  local misdiagnosis-reviewed
csDMARD Cotherapy Impossible
  local csdmard-cotherapy-impossible
Smoking Status
  loinc 72166-2
Pack Years
  local pack-years
  snomed 401201003         # US Core, mCODE, C-CDA: Cigarette pack-years
  snomed 782516008         # TW Core: Number of calculated smoking pack years
  loinc 8664-5             # 5.5; public guides: Cigarettes smoked total (pack per year) - Reported
Smoking Years
  local smoking-years                                       # 8.46: >= 10 years; no standard code
""")

LUNG_TB = read("""
IGRA
  loinc 71775-1 71773-6 74281-7 96754-7
  names igra, quantiferon, t spot, t spot tb, 干扰素释放试验, 结核感染t细胞检测
IGRA Components
  loinc 64084-7 71774-4 71776-9
T-SPOT Spots
  loinc 74277-5
TST
  local tst-mm
Chest X-ray
  loinc 36643-5                                             # 3.5
  local cxr
  names chest x ray, chest xray, cxr, 胸部x线, 胸部正位
HRCT Chest
  loinc 24627-2                                             # 3.5
  local hrct-chest
  names hrct, hrct chest, chest ct, ct chest, 胸部ct, 高分辨率ct, 胸部高分辨率ct
FVC Percent
  loinc 19872-1
  loinc 19871-3 19873-9    # pft-ig: FVC before and after bronchodilation measured/predicted
  local fvc-pct
FVC Volume
  loinc 19876-2
  loinc 19870-5 19874-7    # pft-ig: FVC [Volume]; after bronchodilation
DLCO Percent
  local dlco-pct                                            # 5.1: 19911-7 is the absolute value
Oxygen Saturation
  loinc 59408-5 2708-6
Mycobacterial Culture
  loinc 543-9              # public HL7 laboratory messages: Mycobacterium sp identified
  loinc ?89636-5
  local sputum-culture-ntm
""")

LABORATORY = read("""
HBsAg
  loinc 5196-1 5195-3
Anti-HBc Total
  loinc 13952-7 16933-4
Anti-HBs
  loinc 5193-8 10900-9 16935-9
HBV DNA
  loinc 42595-9 29615-2
HCV Antibody
  loinc 13955-0 16128-1
HCV RNA
  loinc 11011-4 11259-9
HIV Test
  loinc 31201-7 56888-1
Varicella Zoster IgG
  loinc 15410-4 19162-7    # two public value sets: IgG Ab [Presence] in Serum (by Immunoassay)
Albumin
  loinc 1751-7
ALT
  loinc 1742-6
AST
  loinc 1920-8
Creatinine Mass
  loinc 2160-0
  loinc 38483-4                                  # public lists: Creatinine [Mass/volume] in Blood
Creatinine Molar
  loinc 14682-9
eGFR
  loinc 98979-8 62238-1 33914-3
White Cell Count
  loinc 6690-2             # clinosim's LOINC 2.82 table: Leukocytes [#/volume] in Blood
Neutrophil Count
  loinc 751-8 26499-4 753-4
Lymphocyte Count
  loinc 731-0 26474-7
Platelet Count
  loinc 777-3 26515-7
Hemoglobin
  loinc 718-7
Immunoglobulin G
  loinc 2465-3
Pregnancy Test
  loinc 2106-3
Body Mass Index
  loinc 39156-5
Body Weight
  loinc 29463-7 3141-9
Ejection Fraction
  loinc 10230-1
  local lvef
NYHA Class
  loinc 88020-3
  local nyha
NYHA I
  snomed 420300004
  local nyha-1
  names nyha 1, nyha i, class i
NYHA II
  snomed 421704003
  local nyha-2
  names nyha 2, nyha ii, class ii
NYHA III
  snomed 420913000
  local nyha-3
  names nyha 3, nyha iii, class iii
NYHA IV
  snomed 422293003
  local nyha-4
  names nyha 4, nyha iv, class iv
""")

DRUG_LEVELS = read("""
Trough Sample
  local trough
Assay Type
  local assay                                               # 5.5: component `assay`
Adalimumab Level
  loinc 86894-3
  loinc 74117-3                         # 5.1: 74117-x, its check digit cut off; recomputed below
  local tdm-adalimumab-level
Adalimumab ADA
  local tdm-adalimumab-ada
Adalimumab NAb
  local tdm-adalimumab-nab
Adalimumab Activity
  local tdm-adalimumab-activity
Infliximab Level
  loinc 39803-2
  local tdm-infliximab-level
Infliximab ADA
  local tdm-infliximab-ada                                  # 5.1: 72623-2 unverified, seen nowhere
Infliximab NAb
  local tdm-infliximab-nab
Infliximab Activity
  local tdm-infliximab-activity
Golimumab Level
  local tdm-golimumab-level
Golimumab ADA
  local tdm-golimumab-ada
Golimumab NAb
  local tdm-golimumab-nab
Golimumab Activity
  local tdm-golimumab-activity
Certolizumab Level
  loinc 87404-0
  local tdm-certolizumab-level tdm-certolizumab-pegol-level
Certolizumab ADA
  loinc 87405-7
  local tdm-certolizumab-ada tdm-certolizumab-pegol-ada
Certolizumab NAb
  local tdm-certolizumab-nab tdm-certolizumab-pegol-nab
Certolizumab Activity
  local tdm-certolizumab-activity tdm-certolizumab-pegol-activity
Etanercept Level
  local tdm-etanercept-level
Etanercept ADA
  local tdm-etanercept-ada
Etanercept NAb
  local tdm-etanercept-nab
Etanercept Activity
  local tdm-etanercept-activity
Tocilizumab Level
  local tdm-tocilizumab-level
Tocilizumab ADA
  local tdm-tocilizumab-ada
Tocilizumab NAb
  local tdm-tocilizumab-nab
Tocilizumab Activity
  local tdm-tocilizumab-activity
Drug Monitoring
  = Adalimumab Level, Adalimumab ADA, Adalimumab NAb, Adalimumab Activity
  = Infliximab Level, Infliximab ADA, Infliximab NAb, Infliximab Activity
  = Golimumab Level, Golimumab ADA, Golimumab NAb, Golimumab Activity
  = Certolizumab Level, Certolizumab ADA, Certolizumab NAb, Certolizumab Activity
  = Etanercept Level, Etanercept ADA, Etanercept NAb, Etanercept Activity
  = Tocilizumab Level, Tocilizumab ADA, Tocilizumab NAb, Tocilizumab Activity
""")

DEMANDS = ACTIVITY | QUESTIONS | LUNG_TB | LABORATORY | DRUG_LEVELS
