"""Antirheumatic drugs, glucocorticoids, tuberculosis drugs: exactly the codes of specification 5.2.

RxNorm and ATC: 5.2 (ingredient, then the products it lists). "ATC": the WHO list of 2026-04-25
(github.com/fabkury/atcd), read on 2026-11-29; superseded codes: 5.2. Words: the substance in
English and Chinese (5.2), then brands of that substance. Chinese brands as read in public medicine
catalogues, `?` where none names them. English brands: 5.2; those that 5.2 does not name are general
knowledge, not looked up.
"""

from __future__ import annotations

from tests.terminology.demands import read

DEMANDS = read("""
Adalimumab
  rxnorm 327361
  rxnorm 351290 727703 1655726 763564 1726844 1872979 1921009 1921016 1855523 1921238 1921465
  rxnorm 352334 727705 1655728 763565 1726846 1872980 1855524 1921240                # Humira
  rxnorm 2641654 2641658 2641661 2641663 2641667 2665422 2665426                     # Hyrimoz
  rxnorm 2663901 2663906 2663908 2663912 2663914 2627711 2627719 2627724             # -atto
  rxnorm 2640410 2640415 2640418 2640857 2640862 2640889 2640898  # Hulio, Idacio, Cyltezo
  rxnorm 2103477 2103479                                          # -adbm, -atto
  atc    L04AB04
  names  adalimumab, 阿达木单抗, humira, 修美乐, 安健宁, 汉达远, 格乐立, 苏立信, ?君迈康
  names  amjevita, amgevita, cyltezo, hadlima, hulio, hyrimoz, idacio, yuflyma, yusimry, imraldi
  names  abrilada, amsparity, hukyndra, simlandi
Etanercept
  rxnorm 214555 253014 582671 727757 809158 2392140 2392143
  rxnorm 261105 802652 809159 2182340 2182342                     # Enbrel
  atc    L04AB01 L04AA11
  names  etanercept, 依那西普, enbrel, 恩利, 益赛普, erelzi, eticovo, benepali, brenzys, nepexto
  # the Chinese non-brand name, with the Roman numeral and without
  names  人ii型肿瘤坏死因子受体 抗体融合蛋白, 型肿瘤坏死因子受体 抗体融合蛋白
  names  ?安佰诺, ?强克
Infliximab
  rxnorm 191831 310994 213361 1927285 1790541 1790546 2675743 2675754
  atc    L04AB02
  atc    L04AA12                                  # until 2008: two public ATC tables
  names  infliximab, 英夫利西单抗, 英夫利昔单抗, remicade, 类克, inflectra, remsima, renflexis
  names  avsola, flixabi, ixifi, zessly, zymfentra, ?类停, ?安佰特
Golimumab
  rxnorm 819300 848164 1482814 1360436
  atc    L04AB06
  names  golimumab, 戈利木单抗, simponi, 欣普尼
Certolizumab Pegol
  rxnorm 709271 849599
  atc    L04AB05
  names  certolizumab, 培塞利珠单抗, 培塞丽珠单抗, cimzia, 希敏佳
Tocilizumab
  rxnorm 612865 1441527 1657974 1657979 1657981
  rxnorm 2679438 2679441 2679443 2686057 2680294 2680297 2680299  # Tyenne, Tofidence
  rxnorm 2705432 2705439 2705448 2705451 2705453                  # Avtozma
  atc    L04AC07
  names  tocilizumab, 托珠单抗, actemra, roactemra, 雅美罗, 施瑞立, tyenne, tofidence, avtozma
Sarilumab
  rxnorm 1923319 1923338 1923347
  atc    L04AC14
  names  sarilumab, kevzara, 沙利鲁单抗, 沙瑞鲁单抗, 萨瑞鲁单抗
Olokizumab
  atc    L04AC23
  local  olokizumab
  names  olokizumab, artlegia, 奥洛奇单抗
Abatacept
  rxnorm 614391 616015 1145929 1799228 1925254 1925256
  rxnorm 616018 1145932 1799230 1925255 1925257                   # Orencia
  atc    L04AA24
  names  abatacept, 阿巴西普, orencia, ?恩瑞舒
Rituximab
  rxnorm 121191 1657862 1657867 2105826 2105831 2105834 2105835 2273517 2273521 1927885 1927893
  atc    L01FA01 L01XC02
  names  rituximab, 利妥昔单抗, rituxan, mabthera, 美罗华, truxima, ruxience, riabni, rixathon
  names  blitzima, 汉利康, ?达伯华
Anakinra
  rxnorm 72435 727714
  atc    L04AC03
  names  anakinra, kineret, 阿那白滞素
Tofacitinib
  rxnorm 1357536 1357547 2048568 1741051 2478437
  atc    L04AF01 L04AA29
  names  tofacitinib, 托法替布, 托法替尼, xeljanz, 尚杰
Baricitinib
  rxnorm 2047232 2205474 2047247 2601725
  atc    L04AF02 L04AA37
  names  baricitinib, 巴瑞替尼, 巴瑞克替尼, olumiant, 艾乐明
Upadacitinib
  rxnorm 2196092 2196902 2590055 2596961
  atc    L04AF03 L04AA44
  names  upadacitinib, 乌帕替尼, rinvoq, 瑞福
Filgotinib
  atc    L04AF04 L04AA45
  local  filgotinib
  names  filgotinib, 非戈替尼, jyseleca
Peficitinib
  atc    L04AF06
  local  peficitinib
  names  peficitinib, 培菲替尼, smyraf
Methotrexate
  rxnorm 6851 1441402 2377333 2377341 2377343 2377345 2377347 2377349 2377351 2377353 2671462
  rxnorm ?105585
  atc    L04AX03 L01BA01
  names  methotrexate, mtx, 甲氨蝶呤, 甲氨喋呤, otrexup, rasuvo, trexall, xatmep, jylamvo
  names  metoject, methofill, nordimet, rheumatrex
Leflunomide
  rxnorm 27169 205284 205285 205286 213377 213379 213380
  atc    L04AK01 L04AA13
  names  leflunomide, 来氟米特, arava, 爱若华
Sulfasalazine
  rxnorm 9524
  atc    A07EC01
  names  sulfasalazine, sulphasalazine, salazopyrin, azulfidine, 柳氮磺吡啶, 柳氮磺胺吡啶
Hydroxychloroquine
  rxnorm 5521 ?979092
  atc    P01BA02
  names  hydroxychloroquine, plaquenil, 羟氯喹, ?纷乐, ?赛能
Iguratimod
  local  iguratimod
  names  iguratimod, 艾拉莫德, 艾得辛, careram
Tripterygium Glycosides
  local  tripterygium
  names  tripterygium, 雷公藤多苷, 雷公藤, 昆明山海棠, 昆仙
Azathioprine
  rxnorm 1256                                     # cpicpgx/cpic-schema drug.sql
  atc    L04AX01
  names  azathioprine, imuran, imurel, 硫唑嘌呤
Ciclosporin
  rxnorm 3008                                     # CPIC
  atc    L04AD01
  names  ciclosporin, cyclosporin, cyclosporine, neoral, sandimmune, 环孢素
Tacrolimus
  rxnorm 42316                                    # CPIC
  atc    L04AD02
  names  tacrolimus, prograf, advagraf, envarsus, 他克莫司
Mycophenolate
  rxnorm 7145                                     # CPIC: mycophenolic acid
  atc    L04AA06
  names  mycophenolate, cellcept, myfortic, 吗替麦考酚酯, 麦考酚钠
Prednisone
  rxnorm 8640 ?312617
  atc    H02AB07
  names  prednisone, deltasone, rayos, lodotra, 泼尼松, 强的松
Prednisolone
  rxnorm 8638
  atc    H02AB06
  names  prednisolone, orapred, 泼尼松龙, 强的松龙
Methylprednisolone
  rxnorm 6902
  atc    H02AB04 H02BX01                          # ATC: methylprednisolone, and combinations
  names  methylprednisolone, medrol, 甲泼尼龙, 美卓乐, 甲基泼尼松龙, 甲基强的松龙
Hydrocortisone
  atc    H02AB09
  names  cortef, plenadren, 氢化可的松
Dexamethasone
  atc    H02AB02
  names  decadron, 地塞米松
Isoniazid
  rxnorm 6038                                     # CPIC
  atc    J04AC01 J04AC51 J04AM02                  # alone, combinations, with rifampicin alone
  names  isoniazid, 异烟肼, rifamate
Rifampicin
  rxnorm ?9384
  atc    J04AB02
  names  rifampicin, rifampin, rifadin, 利福平
Rifapentine
  rxnorm ?35617
  atc    J04AB05
  names  rifapentine, priftin, 利福喷丁
Azithromycin
  rxnorm 18631                                    # two public RxNorm tables
  atc    J01FA10
  names  azithromycin, zithromax, 阿奇霉素

TNF Inhibitors
  = Adalimumab, Etanercept, Infliximab, Golimumab, Certolizumab Pegol              # 0.11
IL-6 Inhibitors
  = Tocilizumab, Sarilumab, Olokizumab
JAK Inhibitors
  = Tofacitinib, Baricitinib, Upadacitinib, Filgotinib, Peficitinib
Biologic DMARDs
  = TNF Inhibitors, IL-6 Inhibitors, Abatacept, Rituximab, Anakinra
Targeted Synthetic DMARDs
  = JAK Inhibitors
Conventional Synthetic DMARDs
  = Methotrexate, Leflunomide, Sulfasalazine, Hydroxychloroquine, Iguratimod        # 0.11
Antirheumatic Drugs
  = Biologic DMARDs, Targeted Synthetic DMARDs, Conventional Synthetic DMARDs
  = Tripterygium Glycosides                       # 0.11: recorded as other DMARD
Glucocorticoids
  # ATC H02AB, all that is given by mouth or injection into the body (not H02AB12, into joints)
  atc    H02AB01 H02AB03 H02AB05 H02AB08 H02AB10 H02AB11 H02AB13..15 H02AB17 H02AB18
  names  deflazacort, 地夫可特
  = Prednisone, Prednisolone, Methylprednisolone, Hydrocortisone, Dexamethasone
TB Preventive Therapy Drugs
  = Isoniazid, Rifampicin, Rifapentine            # 5.5 tpt, 8.32
TB Preventive Therapy
  local  tpt
TB Treatment Drugs
  # ATC J04A: what treats active disease and is no preventive regimen
  atc    J04AA01 J04AA02 J04AB01 J04AB30 J04AD01 J04AD03 J04AK01..03 J04AK05 J04AK06 J04AK08
  atc    J04AM01 J04AM03 J04AM05..07 J04AM09..12
  rxnorm ?4110 ?8987
  names  ethambutol, pyrazinamide, ethionamide, protionamide, prothionamide, cycloserine
  names  bedaquiline, rifater, 乙胺丁醇, 吡嗪酰胺, 丙硫异烟胺, 环丝氨酸, 贝达喹啉
Unmapped Drug Name Endings
  names  mab, cept, tinib                         # 5.2, step 6
""")
