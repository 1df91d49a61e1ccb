"""Answers, readings, stop reasons: exactly the codes of specification 5.3, 5.5, 8.19 and 8.48.

Interpretation, yes/no and status reason codes: the HL7 code systems
v3-ObservationInterpretation, v2-0136 and medicationrequest-status-reason. SNOMED CT beyond the
specification: read on 2026-11-29 where the comment says.
"""

from __future__ import annotations

from tests.terminology.demands import read

ANSWERS = read("""
Positive Answers
  snomed 10828004
  snomed 260373001                       # SMART Health Cards lab results: Detected
  loinc LA6576-8
  loinc LA11882-0                        # LOINC answer list LL1055-4: Detected
  interpretation POS DET RR              # positive, detected, reactive
  names positive, pos, detected, reactive, 阳性
Negative Answers
  snomed 260385009
  snomed 260415000                       # SMART Health Cards lab results: Not detected
  loinc LA6577-6
  loinc LA11883-8                        # LOINC answer list LL1055-4: Not detected
  interpretation NEG ND NR               # negative, not detected, non-reactive
  names negative, neg, not detected, target not detected, non reactive, nonreactive, 阴性, 未检出
Indeterminate Answers
  snomed 82334004
  loinc LA11884-6
  interpretation IND E WR                # indeterminate, equivocal, weakly reactive
  names indeterminate, equivocal, borderline, invalid, 不确定, 可疑, 灰区
Low Answers
  interpretation L LL                    # low, critical low
Yes Answers
  snomed ?373066001
  loinc ?LA33-6
  yesno Y
  names yes, y, true, 是, 有
No Answers
  snomed ?373067005
  loinc ?LA32-8
  yesno N
  names no, n, false, 否, 无
Smoking Current
  snomed 449868002 77176002 428041000124106 428061000124105 428071000124103         # 5.3, 8.48
  loinc LA18976-3 LA18977-1 LA18981-3 LA18982-1   # HL7 idea4rc: every day, some day, heavy, light
  icd10cm F17.2* -F17.201 -F17.211 -F17.221 -F17.291 Z72.0                          # not remission
  icd10 F17.2 Z72.0
  names smoker, current smoker, 吸烟, 现吸烟
Smoking Ex
  snomed 8517006
  loinc LA15920-4                                         # HL7 idea4rc: Former smoker
  icd10cm Z87.891
  names ex smoker, former smoker, 戒烟, 已戒烟
Smoking Never
  snomed 266919005
  loinc LA18978-9                                         # HL7 idea4rc: Never smoker
  names never smoker, never smoked, non smoker, nonsmoker, 不吸烟, 从不吸烟
""")

READINGS = read("""
HRCT Normal
  local normal
  snomed 17621005                        # clinosim: conclusionCode Normal
  interpretation N
  names normal, no ild, 正常, 未见异常, 未见明显异常
HRCT ILD-UIP
  local ild-uip
  names uip, usual interstitial pneumonia, 普通型间质性肺炎
HRCT ILD-NSIP
  local ild-nsip
  names nsip, nonspecific interstitial pneumonia, 非特异性间质性肺炎
HRCT ILD-Other
  local ild-other
  names ild, interstitial lung disease, 间质性肺病, 间质性改变
HRCT Bronchiectasis
  local bronchiectasis
  names bronchiectasis, 支气管扩张
HRCT Emphysema
  local emphysema
  names emphysema, 肺气肿
CXR Normal
  local normal
  snomed 17621005
  interpretation N
  names normal, 正常, 未见异常, 未见明显异常
CXR Abnormal
  local abnormal
  snomed 263654008                       # clinosim: conclusionCode Abnormal
  interpretation A
  names abnormal, 异常
CXR TB-suggestive
  local tb-suggestive
  names tb suggestive, suggestive of tuberculosis, 结核可能, 考虑结核
""")

# SNOMED CT: HL7 valueset-reason-medication-status-codes; mCODE treatment termination reasons.
STOP_REASONS = read("""
Stop Reasons Ineffective Primary
  local stop-ineffective-primary
  names primary nonresponse, primary non response, 原发性无应答, 原发无效
Stop Reasons Ineffective Secondary
  local stop-ineffective-secondary
  names loss of response, secondary loss of response, secondary nonresponse
  names 继发性失应答, 继发性无应答
Stop Reasons Ineffective Unspecified
  local stop-ineffective
  snomed 58848006 266721009              # mCODE: Lack of drug action, No response to treatment
  names ineffective, inefficacy, lack of efficacy, not effective, 无效, 疗效不佳, 效果不佳
Stop Reasons Ineffective
  = Stop Reasons Ineffective Primary, Stop Reasons Ineffective Secondary
  = Stop Reasons Ineffective Unspecified
Stop Reasons Adverse Event
  local stop-adverse-event
  snomed 182864000                       # HL7: Drug not taken - side-effects
  snomed 281647001 407563006             # mCODE: Adverse reaction, Treatment not tolerated
  statusreason sintol
  names adverse event, adverse reaction, side effect, side effects, intolerance
  names 不良反应, 副作用, 不耐受
Stop Reasons Allergy
  local stop-allergy
  snomed 416098002                       # public C-CDA tables: Drug allergy
  statusreason salg
  names allergy, drug allergy, allergic reaction, hypersensitivity, 过敏, 药物过敏
Stop Reasons Toxicity
  local stop-toxicity
  names toxicity, 毒性
Stop Reasons Lab Toxicity
  local stop-lab-toxicity
  names lab toxicity, laboratory toxicity, elevated liver enzymes, 转氨酶升高, 肝功能异常
  names 白细胞减少
Stop Reasons Intolerance
  = Stop Reasons Adverse Event, Stop Reasons Allergy, Stop Reasons Toxicity     # C7
  = Stop Reasons Lab Toxicity
Stop Reasons Remission
  local stop-remission
  names remission, 缓解, 病情缓解
Stop Reasons Cost
  local stop-cost
  snomed 182872003                       # HL7: Drug discontinued - too expensive
  snomed 160932005                       # mCODE: Financial problem
  names cost, too expensive, insurance, 费用, 经济原因
Stop Reasons Pregnancy
  local stop-pregnancy
  statusreason preg
  names pregnancy, pregnant, 妊娠, 备孕
Stop Reasons Patient Choice
  local stop-patient-choice
  snomed 182865004 182871005             # HL7: inconvenient, patient fear/risk
  snomed 182890002                       # mCODE: Patient requests alternative treatment
  names patient choice, patient preference, 患者意愿, 患者要求
Stop Reasons Infection
  local stop-infection
  names infection, 感染
Stop Reasons Surgery
  local stop-surgery
  statusreason surg
  names surgery, 手术
""")

DEMANDS = ANSWERS | READINGS | STOP_REASONS
