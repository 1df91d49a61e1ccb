"""Vaccines of specification 8.20 and G-LIVE: exactly these codes.

CVX: the CDC list of 2025-09-03 as a public FHIR guide carries it (SMART Health Cards vocabulary,
ValueSet immunization-all-cvx); ATC: the WHO list of 2026-04-25 (github.com/fabkury/atcd). Both read
on 2026-11-29; the words behind the codes are theirs, shortened.
"""

from __future__ import annotations

from tests.terminology.demands import read

DEMANDS = read("""
Influenza Vaccines                       # not live
  cvx 15 16 88                           # split, whole, unspecified
  cvx 140 141 150 158 161                # split virus, trivalent and quadrivalent
  cvx 135 197                            # high-dose
  cvx 144 166                            # intradermal
  cvx 153 320 171 186                    # MDCK
  cvx 155 185                            # recombinant
  cvx 168 205                            # adjuvanted
  cvx 194 200 201 202 231 331            # Southern Hemisphere
  atc J07BB01 J07BB02 J07BB04 J07BB05 J07BB55
  names influenza vaccine, flu vaccine, 流感疫苗
COVID-19 Vaccines                        # adult doses
  cvx 207 208 217 221 229 300 309 312    # mRNA
  cvx 210 212                            # vector
  cvx 211 313                            # subunit
  cvx 213                                # unspecified
  cvx 225 226                            # recombinant preS dTM with AS03
  cvx 500 501 502 503 504 505 506 507 508 509 510 511 513 516 519 520 521            # non-US
  atc J07BB55 J07BN01..05
  names covid vaccine, covid 19 vaccine, 新冠疫苗, 新冠病毒疫苗
Pneumococcal Conjugate 20 or 21
  cvx 216 327
  names pcv20, pcv21, prevnar 20, capvaxive
Pneumococcal Conjugate 13 or 15
  cvx 133 215
  names pcv13, pcv15, prevnar 13, vaxneuvance, 13价肺炎球菌多糖结合疫苗
Pneumococcal Polysaccharide 23
  cvx 33
  atc J07AL01
  names ppsv23, pneumovax, 23价肺炎球菌多糖疫苗
Recombinant Zoster Vaccine
  cvx 187
  atc J07BK03
  names shingrix, recombinant zoster vaccine, 重组带状疱疹疫苗
Hepatitis B Vaccines
  cvx 08 42 43 44 45                     # paediatric, adolescent, adult, dialysis, unspecified
  cvx 104 189 220                        # with hepatitis A, CpG, three antigens
  atc J07BC01
  names hepatitis b vaccine, 乙肝疫苗
Hepatitis B Vaccines Of Two Doses
  cvx 189
  names heplisav b
Live Vaccines
  cvx 03 04 05 06 07 38 94 21 121        # measles, mumps, rubella, varicella, zoster live
  cvx 111 125 149 151 333                  # influenza, nasal
  cvx 37 183 184 178 179 182             # yellow fever, oral polio
  cvx 116 119 74 122                     # rotavirus
  cvx 19 25 174                          # BCG, typhoid oral, cholera live
  cvx 54 55 143 75 105 80                # adenovirus, vaccinia, Venezuelan equine encephalitis
  cvx 169 204 317                        # hepatitis A live, Ebola, chikungunya
  atc J07AN01 J07AP01 J07AE02 J07BA03 J07BB03   # BCG, typhoid, cholera, Japanese enc., influenza
  atc J07BD01 J07BD51..54 J07BE01 J07BJ01 J07BJ51                     # measles, mumps, rubella
  atc J07BF01 J07BF02 J07BF04 J07BH01 J07BH02                         # oral polio, rotavirus
  atc J07BK01 J07BK02 J07BL01 J07BP01    # varicella, zoster live, yellow fever, chikungunya
  names bcg, mmr, varicella vaccine, yellow fever vaccine, zostavax
  names 卡介苗, 麻腮风疫苗, 水痘疫苗, 黄热病疫苗
""")
