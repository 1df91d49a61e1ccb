"""Diagnoses: exactly the codes of specification 5.3 (8.48 where it adds), and words for them.

ICD families are those of the specification, expanded by the published editions (ICD-10-CM of April
2026, WHO ICD-10 of 2019). Where the specification names no code, the family stands with a word of
its own published title (`E08*=diabetes`), and the test reads the title.
SNOMED CT: 5.3; others as labelled in public tables read on 2026-11-29. `?`: not read
again that day (docs/terminology.md has an earlier look-up), so the set may lack it unnoticed.
"""

from __future__ import annotations

from tests.terminology.demands import read

JOINTS = read("""
Rheumatoid Arthritis
  snomed  69896004 239791005 239792003
  icd10cm M05* M06.0* M06.8* M06.9            # 5.3: not M06.1 Still, not M06.4
  icd10   M05* M06.0 M06.8 M06.9
  names   rheumatoid arthritis, seropositive rheumatoid arthritis, seronegative rheumatoid arthritis
  names   类风湿关节炎, 类风湿性关节炎, 类风关
Osteoarthritis
  snomed  396275006
  icd10cm M15* M16* M17* M18* M19*
  icd10   M15* M16* M17* M18* M19*
  names   osteoarthritis, hip osteoarthritis, knee osteoarthritis
  names   骨关节炎, 骨性关节炎, 膝骨关节炎
Fibromyalgia
  snomed  203082005 95417003
  icd10cm M79.7
  icd10   M79.7
  names   fibromyalgia, 纤维肌痛, 纤维肌痛综合征
Depression
  snomed  35489007 370143000
  icd10cm F32* F33* F34.1=dysthymic
  icd10   F32* F33* F34.1=dysthymia
  names   depression, depressive disorder, major depression, dysthymia, 抑郁, 抑郁症, 抑郁状态
Sleep Disorder
  snomed  39898005 193462001
  icd10cm G47* F51*
  icd10   G47* F51*
  names   sleep disorder, insomnia, sleep apnea, sleep apnoea, 失眠, 睡眠障碍, 睡眠呼吸暂停
Obesity
  snomed  414916001
  icd10cm E66* -E66.3=overweight              # 5.3 E66; overweight is not obesity
  icd10   E66*
  names   obesity, obese, 肥胖, 肥胖症
Non-adherence
  snomed  129834002
  icd10cm Z91.12*=underdosing Z91.14*=noncompliance_with_medication
  icd10cm Z91.13*=unintentional_underdosing
  icd10   Z91.1=noncompliance
  names   non adherence, nonadherence, noncompliance, 依从性不佳, 依从性差
Joint Swelling
  snomed  271771009
  icd10cm M25.4*=effusion_of_joint
  names   joint swelling, swollen joint, 关节肿胀
Swollen Ankle Or Forefoot
  icd10cm M25.47*=ankle_and_foot
  local   swollen-ankle-mtp
  names   swollen ankle joint, ankle synovitis, mtp synovitis
  names   踝关节肿胀, 踝关节滑膜炎, 跖趾关节肿胀
Ankle And Forefoot Sites
  snomed  ?70258002
  names   ankle, forefoot, mtp, metatarsophalangeal, 踝关节, 跖趾关节
""")

LUNG = read("""
RA-ILD
  snomed  10713006
  icd10cm M05.1*
  icd10   M05.1
  names   ra ild, rheumatoid lung, rheumatoid interstitial lung disease
  names   类风关相关间质性肺病, 类风湿关节炎相关间质性肺病
Interstitial Lung Disease
  snomed  233703007 64667001
  icd10cm J84* J70.4                          # 5.3; J99 alone is not ILD
  icd10   J84* J70.4=drug-induced
  names   ild, interstitial lung disease, interstitial pneumonia, pulmonary fibrosis
  names   usual interstitial pneumonia, nonspecific interstitial pneumonia
  names   间质性肺病, 间质性肺疾病, 间质性肺炎, 肺纤维化, 肺间质纤维化
  = RA-ILD
Bronchiectasis
  snomed  12295008
  icd10cm J47*
  icd10   J47
  names   bronchiectasis, 支气管扩张, 支气管扩张症, 支扩
COPD
  snomed  13645005
  icd10cm J44*
  icd10   J44*
  names   copd, chronic obstructive pulmonary disease, 慢阻肺, 慢性阻塞性肺病, 慢性阻塞性肺疾病
Emphysema
  snomed  87433001
  icd10cm J43*                                # 5.3: emphysema separate
  icd10   J43*
  names   emphysema, 肺气肿
Respiratory Symptoms
  snomed  267036007 ?49727002 ?11833005       # 3.2: dyspnoea; cough, dry cough
  icd10cm R06.0*=dyspnea R05*=cough
  icd10   R06.0=dyspnoea R05=cough
  names   dyspnea, dyspnoea, shortness of breath, cough, dry cough, crackles, velcro
  names   呼吸困难, 气促, 气短, 咳嗽, 干咳, 爆裂音
""")

INFECTION = read("""
Active Tuberculosis
  snomed  56717001 154283005 47604008
  icd10cm A15* A17* A18* A19*
  icd10   A15* A16* A17* A18* A19*
  names   active tuberculosis, pulmonary tuberculosis, 活动性结核, 活动性肺结核, 肺结核
Latent Tuberculosis
  snomed  11999007                            # displays "Inactive tuberculosis": 5.3
  icd10cm Z22.7 R76.11 R76.12
  icd10   Z22.7
  names   latent tuberculosis, latent tuberculosis infection, latent tb, ltbi
  names   潜伏结核, 潜伏结核感染, 潜伏性结核感染, 结核潜伏感染
History of Tuberculosis
  snomed  161414005
  icd10cm Z86.15 Z86.11=history_of_tuberculosis
  names   history of tuberculosis, 陈旧性结核, 陈旧性肺结核
TB Contact
  icd10cm Z20.1=tuberculosis
  icd10   Z20.1=tuberculosis
  names   tuberculosis contact, tb contact, 结核接触史, 结核密切接触
TB Symptoms
  snomed  66857006 ?42984000 ?68154008 ?89362005
  icd10cm R04.2=hemoptysis R61=hyperhidrosis R05.3=chronic_cough R63.4=weight_loss
  icd10   R04.2=haemoptysis R63.4=weight_loss
  names   hemoptysis, haemoptysis, night sweats, chronic cough, weight loss
  names   咯血, 盗汗, 慢性咳嗽, 体重下降
Hepatitis B
  snomed  66071002 61977001
  icd10cm B16* B18.0 B18.1 B19.1*
  icd10   B18.1 B16*=hepatitis_b B18.0=hepatitis_b
  names   hepatitis b, chronic hepatitis b, 乙肝, 乙型肝炎, 慢性乙型肝炎
Hepatitis C
  snomed  50711007
  icd10cm B18.2 B17.1* B19.2*
  icd10   B18.2 B17.1=hepatitis_c
  names   hepatitis c, chronic hepatitis c, 丙肝, 丙型肝炎
HIV Infection
  snomed  86406008
  icd10cm B20 Z21 B97.35
  icd10   B20* B21* B22* B23* B24 Z21=human_immunodeficiency_virus
  names   hiv, hiv infection, aids, hiv感染, 艾滋病
Herpes Zoster
  snomed  4740000
  icd10cm B02*
  icd10   B02*
  names   herpes zoster, zoster, shingles, 带状疱疹
Nontuberculous Mycobacterial Disease
  snomed  88415009 277869007
  icd10cm A31.0 A31.8 A31.9
  icd10   A31.0
  names   ntm, nontuberculous mycobacteria, nontuberculous mycobacterial
  names   非结核分枝杆菌病, 非结核分枝杆菌肺病
Sepsis
  snomed  91302008 ?76571007
  icd10cm A40* A41* R65.2*
  icd10   A41* A40*=sepsis
  names   sepsis, septic shock, septicemia, bacteremia, 脓毒症, 脓毒性休克, 败血症
Pneumonia
  snomed  233604007 ?385093006 ?53084003
  icd10cm J12* J13* J14* J15* J16* J17* J18*
  icd10   J18* J12*=pneumonia J13*=pneumonia J14*=pneumonia J15*=pneumonia J16*=pneumonia
  icd10   J17*=pneumonia
  names   pneumonia, bacterial pneumonia, community acquired pneumonia
  names   肺炎, 细菌性肺炎, 社区获得性肺炎
Cellulitis
  snomed  128045006
  icd10cm L03*=cellulitis
  icd10   L03*=cellulitis
  names   cellulitis, 蜂窝织炎, 蜂窝组织炎
Septic Arthritis
  snomed  396234004
  icd10cm M00*=pyogenic_arthritis
  icd10   M00*=pyogenic_arthritis
  names   septic arthritis, infective arthritis, 化脓性关节炎, 感染性关节炎
Osteomyelitis
  snomed  ?60168000
  icd10cm M86*=osteomyelitis M46.2*=osteomyelitis
  icd10   M86*=osteomyelitis M46.2=osteomyelitis
  names   osteomyelitis, 骨髓炎
Pyelonephritis
  snomed  45816000
  icd10cm N10=pyelonephritis N12=tubulo-interstitial_nephritis N13.6=pyonephrosis
  icd10   N10=tubulo-interstitial N12=tubulo-interstitial_nephritis N13.6=pyonephrosis
  names   pyelonephritis, acute pyelonephritis, 肾盂肾炎
Opportunistic Infection
  snomed  88860002                            # 5.3 pneumocystis
  icd10cm B59 A32*=listeriosis A43*=nocardiosis B25*=cytomegaloviral B37.1=pulmonary
  icd10cm B37.5=meningitis B37.6=endocarditis B37.7=sepsis B37.81=esophagitis
  icd10cm B38*=coccidioidomycosis B39*=histoplasmosis B40*=blastomycosis B44*=aspergillosis
  icd10cm B45*=cryptococcosis B46*=zygomycosis
  icd10   B48.5=pneumocystosis A32*=listeriosis A43*=nocardiosis B25*=cytomegaloviral
  icd10   B37.1=pulmonary B37.5=meningitis B37.6=endocarditis B37.7=sepsis
  icd10   B38*=coccidioidomycosis B39*=histoplasmosis B40*=blastomycosis B44*=aspergillosis
  icd10   B45*=cryptococcosis B46*=zygomycosis
  names   pneumocystis, pneumocystis pneumonia, cryptococcosis, invasive aspergillosis
  names   listeriosis, nocardiosis, 肺孢子菌肺炎, 隐球菌病, 侵袭性曲霉病
Active COVID-19
  snomed  ?840539006
  icd10cm U07.1
  icd10   U07.1=covid-19
  names   covid, covid 19, sars cov 2, 新冠, 新型冠状病毒感染
Serious Infection
  = Sepsis, Pneumonia, Cellulitis, Septic Arthritis, Osteomyelitis, Pyelonephritis
  = Opportunistic Infection, Active COVID-19   # G-INF1
""")

DEMANDS = JOINTS | LUNG | INFECTION
