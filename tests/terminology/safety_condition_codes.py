"""Diagnoses that the safety checks read: codes of specification 3.3, 3.4, 5.3 and 8.48, and words.

How to read a table: tests/terminology/demands.py. `=word` behind a code: the specification names
the diagnosis but no code, and the published title of the code holds that word. SNOMED CT and `?`:
as in test_condition_codes.py.
"""

from __future__ import annotations

from tests.terminology.demands import read

HEART_VESSELS = read("""
Heart Failure
  snomed  84114007 42343007
  icd10cm I50*
  icd10   I50*
  names   heart failure, congestive heart failure, 心力衰竭, 心衰, 心功能不全
Venous Thromboembolism
  snomed  128053003 59282003 111293003
  icd10cm I26* I82.4* I82.2* I82.5* I82.6*     # 5.3; 8.48
  icd10   I26* I80.1=femoral_vein I80.2=deep_vessels I82.2=vena_cava
  names   venous thromboembolism, vte, deep vein thrombosis, dvt, pulmonary embolism
  names   深静脉血栓, 深静脉血栓形成, 肺栓塞, 静脉血栓栓塞
History of Venous Thromboembolism
  icd10cm Z86.718 Z86.711
  names   history of dvt, history of vte
Myocardial Infarction
  snomed  22298006 57054005 1755008
  icd10cm I21* I22* I25.2
  icd10   I21* I22* I25.2
  names   myocardial infarction, heart attack, 心肌梗死, 急性心肌梗死, 陈旧性心肌梗死, 心梗
Stroke
  snomed  230690007 432504007
  icd10cm I63* I61* Z86.73 I60* I69*           # not G45.9: TIA is no MACE
  icd10   I63* I60* I61* I62* I64* I69*        # 8.48
  names   stroke, cerebrovascular accident, cerebral infarction, 脑卒中, 脑梗死, 脑梗, 脑出血
Cardiovascular Disease
  snomed  53741008 414545008
  icd10cm I20*=angina I24*=ischemic I25*=ischemic I65*=precerebral I66*=cerebral_arteries
  icd10cm I67.2=atherosclerosis I70*=atherosclerosis I73.9=peripheral_vascular
  icd10   I20*=angina I24*=ischaemic I25*=ischaemic I65*=precerebral I66*=cerebral_arteries
  icd10   I67.2=atherosclerosis I70*=atherosclerosis I73.9=peripheral_vascular
  names   coronary artery disease, coronary heart disease, ischemic heart disease, angina
  names   peripheral artery disease, 冠心病, 冠状动脉粥样硬化性心脏病, 缺血性心脏病, 心绞痛
  names   外周动脉疾病
Diabetes
  snomed  44054006
  icd10cm E08*=diabetes E09*=diabetes E10*=diabetes E11*=diabetes E13*=diabetes
  icd10   E10*=diabetes E11*=diabetes E12*=diabetes E13*=diabetes E14*=diabetes
  names   diabetes, diabetes mellitus, type 2 diabetes, 糖尿病, 2型糖尿病
Hypertension
  snomed  38341003 59621000
  icd10cm I10=hypertension I11*=hypertensive I12*=hypertensive I13*=hypertensive
  icd10cm I15*=secondary_hypertension
  icd10   I10=hypertension I11*=hypertensive I12*=hypertensive I13*=hypertensive
  icd10   I15*=secondary_hypertension
  names   hypertension, high blood pressure, 高血压, 高血压病
Dyslipidaemia
  snomed  ?55822004
  icd10cm E78.0*=hypercholesterolemia E78.1=hyperglyceridemia E78.2=hyperlipidemia
  icd10cm E78.4*=hyperlipidemia E78.5=hyperlipidemia
  icd10   E78.0=hypercholesterolaemia E78.1=hyperglyceridaemia E78.2=hyperlipidaemia
  icd10   E78.4=hyperlipidaemia E78.5=hyperlipidaemia
  names   hyperlipidemia, dyslipidemia, hypercholesterolemia, 高脂血症, 血脂异常
Thrombophilia
  icd10cm D68.5*=thrombophilia D68.6*=thrombophilia
  icd10   D68.5=thrombophilia D68.6=thrombophilia
  names   thrombophilia, antiphospholipid syndrome, 易栓症, 抗磷脂综合征
Immobility
  icd10cm Z74.01=bed_confinement Z99.3=wheelchair
  icd10   R26.3=immobility Z99.3=wheelchair
  names   bedridden, wheelchair, 卧床, 长期卧床
Long QT
  icd10cm I45.81=long_qt
  names   long qt, long qt syndrome, 长qt综合征
""")

ORGANS = read("""
Demyelinating Disease
  snomed  24700007 66760008
  icd10cm G35* G36* G37* H46*                  # 5.3: G35 itself is older than its subcodes
  icd10   G35 G36*=demyelination G37*=demyelinating H46=optic_neuritis
  names   multiple sclerosis, neuromyelitis optica, nmosd, optic neuritis
  names   多发性硬化, 视神经脊髓炎, 视神经炎
Progressive Multifocal Leukoencephalopathy
  icd10cm A81.2=progressive_multifocal
  icd10   A81.2=progressive_multifocal
  names   pml, progressive multifocal leukoencephalopathy, 进行性多灶性白质脑病
Diverticulitis
  snomed  4494009
  icd10cm K57.00 K57.01 K57.12 K57.13 K57.20 K57.21 K57.32 K57.33 K57.40 K57.41 K57.52 K57.53
  icd10cm K57.80 K57.81 K57.92 K57.93
  names   diverticulitis, 憩室炎
Diverticular Disease
  icd10cm K57*
  icd10   K57*
  names   diverticulosis, diverticular disease, 憩室病, 结肠憩室
Diverticular Disease Unspecified
  icd10   K57*                                 # 8.48: mixes both, ask
Gastrointestinal Perforation
  snomed  51875005
  icd10cm K63.1
  icd10cm K57.00=perforation K57.01=perforation K57.20=perforation K57.21=perforation
  icd10cm K57.40=perforation K57.41=perforation K57.80=perforation K57.81=perforation
  icd10cm K25.1=perforation K25.2=perforation K25.5=perforation K25.6=perforation
  icd10cm K26.1=perforation K26.2=perforation K26.5=perforation K26.6=perforation
  icd10cm K27.1=perforation K27.2=perforation K27.5=perforation K27.6=perforation
  icd10cm K28.1=perforation K28.2=perforation K28.5=perforation K28.6=perforation
  icd10   K63.1
  icd10   K25.1=perforation K25.2=perforation K25.5=perforation K25.6=perforation
  icd10   K26.1=perforation K26.2=perforation K26.5=perforation K26.6=perforation
  icd10   K27.1=perforation K27.2=perforation K27.5=perforation K27.6=perforation
  icd10   K28.1=perforation K28.2=perforation K28.5=perforation K28.6=perforation
  names   intestinal perforation, bowel perforation, gi perforation
  names   肠穿孔, 消化道穿孔, 胃肠穿孔
Cirrhosis
  snomed  19943007
  icd10cm K74* K70.3*
  icd10   K74*=cirrhosis K70.3=cirrhosis
  names   cirrhosis, liver cirrhosis, 肝硬化
Hepatic Failure
  icd10cm K72*=hepatic_failure
  icd10   K72*=hepatic_failure
  names   hepatic failure, liver failure, 肝衰竭, 肝功能衰竭
Fatty Liver Disease
  icd10cm K76.0=fatty K75.81=steatohepatitis
  icd10   K76.0=fatty
  names   fatty liver, nafld, masld, 脂肪肝
Alcohol Use Disorder
  icd10cm F10.1*=alcohol_abuse F10.2*=alcohol_dependence
  icd10   F10.1=use_of_alcohol F10.2=use_of_alcohol
  names   alcohol use disorder, alcohol dependence, alcoholism, 酒精依赖
Neutropenia
  snomed  165517008
  icd10cm D70*
  icd10   D70=agranulocytosis
  names   neutropenia, 中性粒细胞减少, 粒细胞减少
Immunodeficiency
  icd10cm D80*=immunodeficiency D81*=immunodeficiencies D82*=immunodeficiency
  icd10cm D83*=immunodeficiency D84*=immunodeficiencies
  icd10   D80*=immunodeficiency D81*=immunodeficiencies D82*=immunodeficiency
  icd10   D83*=immunodeficiency D84*=immunodeficiencies
  names   immunodeficiency, 免疫缺陷
G6PD Deficiency
  icd10cm D55.0=glucose-6-phosphate D75.A=glucose-6-phosphate
  icd10   D55.0=glucose-6-phosphate
  names   g6pd deficiency, g6pd缺乏症, 蚕豆病
Retinopathy
  icd10cm H35.0*=background_retinopathy H35.38*=toxic_maculopathy
  icd10   H35.0=background_retinopathy
  names   retinopathy, maculopathy, 视网膜病变, 黄斑病变
Malignancy
  snomed  363346000
  icd10cm C* -C44*                             # 5.3: not non-melanoma skin cancer
  icd10   C* -C44*
  names   cancer, malignancy, carcinoma, lymphoma, leukemia, melanoma
  names   恶性肿瘤, 肺癌, 乳腺癌, 胃癌, 肝癌, 结直肠癌, 甲状腺癌, 淋巴瘤, 白血病
History of Malignancy
  snomed  266987004
  icd10cm Z85* -Z85.828
  icd10   Z85*=malignant_neoplasm
  names   history of cancer, history of malignancy
Lymphoproliferative Disease
  icd10cm C81*=lymphoma C82*=lymphoma C83*=lymphoma C84*=lymphoma C85*=lymphoma C86*=lymphoma
  icd10cm C88*=immunoproliferative C90*=plasma_cell C91*=lymphoid_leukemia
  icd10   C81*=lymphoma C82*=lymphoma C83*=lymphoma C84*=lymphoma C85*=lymphoma C86*=lymphoma
  icd10   C88*=immunoproliferative C90*=plasma_cell C91*=lymphoid_leukaemia
  names   lymphoma, 淋巴瘤, 慢性淋巴细胞白血病
Severe Hypersensitivity
  snomed  39579001 73442001
  icd10cm T78.2*=anaphylactic T88.6*=anaphylactic T80.5*=anaphylactic T80.6*=serum
  icd10cm L51.1=stevens-johnson L51.2=toxic_epidermal L51.3=stevens-johnson
  icd10   T78.2=anaphylactic T88.6=anaphylactic T80.5=anaphylactic T80.6=serum
  icd10   L51.1=bullous L51.2=toxic_epidermal
  names   anaphylaxis, anaphylactic shock, anaphylactic reaction, serum sickness
  names   stevens johnson syndrome, toxic epidermal necrolysis
  names   过敏性休克, 严重过敏反应, 血清病
Biologic Reaction
  snomed  446994009
  icd10cm T80.9* T50.905A
  names   infusion reaction, 输液反应
""")

REPRODUCTION_ALLERGY = read("""
Pregnancy
  snomed  77386006
  icd10cm O* Z33.1 Z34* Z3A*=weeks_of_gestation
  icd10   O* Z33 Z34*=supervision_of_normal_pregnancy
  names   pregnancy, pregnant, 妊娠, 怀孕
Lactation
  icd10cm Z39.1
  icd10   Z39.1=lactating
  names   lactation, breastfeeding, 哺乳, 哺乳期
Pregnancy Not Possible
  snomed  ?76498008
  icd10cm Z78.0=menopausal Z90.710=absence_of_both_cervix_and_uterus Z90.711=absence_of_uterus
  icd10cm Z90.722=absence_of_ovaries,_bilateral Z98.51=tubal_ligation
  names   postmenopausal, menopause, hysterectomy, tubal ligation
  names   绝经, 绝经后, 子宫切除术后, 输卵管结扎术后
Pregnancy Planned
  local   pregnancy-planned
  icd10cm Z31.6*=procreation
  names   planning pregnancy, 备孕
Sulfonamide Allergy
  snomed  91939003 ?387406002
  rxnorm  10831                                # CPIC drug.sql: sulfamethoxazole / trimethoprim
  names   sulfa, sulpha, sulfonamide, sulfonamides, sulphonamide, sulphonamides
  names   磺胺, 磺胺类, 磺胺过敏, 磺胺类过敏, 磺胺类药物过敏
Murine Protein Allergy
  local   murine-protein
  names   murine protein, murine proteins, mouse protein, mouse proteins
  names   鼠蛋白, 鼠源蛋白, 鼠源蛋白过敏
Prophylaxis
  icd10cm Z29*=prophylactic Z79.2=antibiotics
  names   prophylaxis, prophylactic, 预防
""")

DEMANDS = HEART_VESSELS | ORGANS | REPRODUCTION_ALLERGY
