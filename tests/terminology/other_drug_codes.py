"""Antibiotics and the other drugs that safety checks look for: exactly these codes.

"ATC": the WHO list of 2026-04-25 (github.com/fabkury/atcd), read on 2026-11-29: each code stands
there for the substance written beside it. RxNorm: cpicpgx/cpic-schema drug.sql ("CPIC"), or two
public RxNorm tables that agree ("two tables"), or one; `?`: none found.
"""

from __future__ import annotations

from tests.terminology import drug_codes
from tests.terminology.demands import read

ANTIBIOTICS = read(
    """
Prophylactic Antibiotics                                    # 8.33: prevention, not a course
  rxnorm 10831 7454                                         # CPIC: TMP-SMX, nitrofurantoin
  atc    J01EE01 J01EA01 J01XE01 J01XX05   # TMP-SMX, trimethoprim, nitrofurantoin, methenamine
  names  trimethoprim, sulfamethoxazole, cotrimoxazole, bactrim, septrin, nitrofurantoin
  names  methenamine, 复方磺胺甲噁唑, 复方新诺明
  = Azithromycin
Systemic Antibiotics                                        # ATC J01, every substance
  atc    J01AA01..15 J01AA20 J01AA56 J01BA01 J01BA02 J01BA52
  atc    J01CA01..20 J01CA51 J01CE01..10 J01CE30 J01CF01..06 J01CG01 J01CG02 J01CG30
  atc    J01CR01..05 J01CR50
  atc    J01DB01..12 J01DC01..14 J01DC52 J01DD01..18 J01DD51 J01DD52 J01DD54 J01DD58 J01DD62..64
  atc    J01DE01..03 J01DE51 J01DF01 J01DF02 J01DF51 J01DH02..06 J01DH51 J01DH52 J01DH55 J01DH56
  atc    J01DI01..04 J01DI54 J01DI55
  atc    J01EA02 J01EA03 J01EB01..08 J01EB20 J01EC01..03 J01EC20 J01ED01..09 J01ED20 J01EE02..07
  atc    J01FA01..03 J01FA05..09 J01FA11..17 J01FF01 J01FF02 J01FG01 J01FG02
  atc    J01GA01 J01GA02 J01GB01 J01GB03..14
  atc    J01MA01..19 J01MA21..25 J01MB01..08 J01RA01..19
  atc    J01XA01..05 J01XB01 J01XB02 J01XC01 J01XD01..03 J01XE02 J01XE03 J01XE51
  atc    J01XX01..04 J01XX06..13
  rxnorm 2551 82122 139462 7517 10171       # CPIC: ciprofloxacin, levofloxacin, moxifloxacin,
                                            # norfloxacin, sulfadiazine
  rxnorm 723 733 2231 2180 2193 20481       # two tables: amoxicillin, ampicillin, cephalexin,
  rxnorm 29561 11124 190376                 # cefazolin, ceftriaxone, cefepime, meropenem,
                                            # vancomycin, linezolid
  rxnorm 21212 2191 3640 ?2194 ?8339        # one: clarithromycin, ceftazidime, doxycycline
  names  amoxicillin, ampicillin, penicillin, flucloxacillin, piperacillin, tazobactam, augmentin
  names  amoxiclav, cefalexin, cephalexin, cefazolin, cefuroxime, cefotaxime, ceftriaxone
  names  ceftazidime, cefepime, cefixime, cefoperazone, meropenem, imipenem, ertapenem
  names  clarithromycin, roxithromycin, doxycycline, minocycline, tigecycline, ciprofloxacin
  names  levofloxacin, moxifloxacin, amikacin, vancomycin, teicoplanin, daptomycin, linezolid
  names  阿莫西林, 阿莫西林克拉维酸, 氨苄西林, 青霉素, 哌拉西林, 哌拉西林他唑巴坦
  names  头孢氨苄, 头孢唑林, 头孢拉定, 头孢呋辛, 头孢曲松, 头孢他啶, 头孢吡肟, 头孢克肟, 头孢地尼
  names  头孢哌酮, 头孢哌酮舒巴坦, 美罗培南, 亚胺培南, 厄他培南, 克拉霉素, 罗红霉素
  names  多西环素, 米诺环素, 替加环素, 环丙沙星, 左氧氟沙星, 莫西沙星, 阿米卡星
  names  万古霉素, 替考拉宁, 达托霉素, 利奈唑胺
  = Prophylactic Antibiotics
Trimethoprim                                                # 8.36: alone or with sulfamethoxazole
  rxnorm 10831
  atc    J01EA01 J01EE01
  names  trimethoprim, cotrimoxazole, bactrim, septrin, 复方磺胺甲噁唑, 复方新诺明
Trimethoprim And Sulfamethoxazole                           # 3.1 G-PJP
  rxnorm 10831
  atc    J01EE01
Clarithromycin
  rxnorm 21212                                              # one table
  atc    J01FA09
  names  clarithromycin, 克拉霉素
""",
    drug_codes.DEMANDS,
)

INTERACTING = read(
    """
Strong CYP3A4 Inducers
  rxnorm 2002 8183                                          # CPIC: carbamazepine, phenytoin
  atc    J04AM02 N03AF01 N03AB02 N03AB05   # with isoniazid; carbamazepine, (fos)phenytoin
  atc    N03AA02 N03AA03 L02BB04 L02BB05   # phenobarbital, primidone, enzalutamide, apalutamide
  atc    L01XX23                                            # mitotane
  names  carbamazepine, phenytoin, phenobarbital, primidone, enzalutamide, apalutamide, mitotane
  names  卡马西平, 苯妥英, 苯妥英钠, 苯巴比妥
  = Rifampicin, Rifapentine
Strong CYP3A4 Inhibitors
  rxnorm 121243                                             # CPIC: voriconazole
  atc    J02AB02 J02AC02 J02AC03 J02AC04   # keto-, itra-, vori-, posaconazole
  atc    J05AE03 J05AE30 J05AR10           # ritonavir, with nirmatrelvir, with lopinavir
  names  ketoconazole, itraconazole, voriconazole, posaconazole, ritonavir, cobicistat, paxlovid
  names  酮康唑, 伊曲康唑, 伏立康唑, 泊沙康唑, 利托那韦
  = Clarithromycin
Probenecid
  rxnorm 8698                                               # CPIC
  atc    M04AB01 M04AC51                                    # alone, with colchicine
  names  probenecid, 丙磺舒
Cyclophosphamide
  rxnorm 3002                                               # CPIC
  atc    L01AA01
  names  cyclophosphamide, 环磷酰胺
Antifibrotic Drugs
  atc    L01EX09 L04AX05                                    # 5.2: nintedanib, pirfenidone
  names  nintedanib, ofev, 尼达尼布, pirfenidone, esbriet, 吡非尼酮
HBV Antivirals
  rxnorm 117466                                             # CPIC: tenofovir
  atc    J05AF10 J05AF07 J05AF13           # 5.2: entecavir, tenofovir DF, TAF
  atc    J05AF05 J05AF08 J05AF11           # lamivudine, adefovir, telbivudine
  names  entecavir, baraclude, tenofovir, viread, vemlidy, lamivudine, adefovir, telbivudine
  names  恩替卡韦, 替诺福韦, 富马酸替诺福韦二吡呋酯, 丙酚替诺福韦, 富马酸丙酚替诺福韦
  names  拉米夫定, 阿德福韦酯, 替比夫定
Anticoagulants                                              # 8.46
  rxnorm 11289 154 8150                    # CPIC: warfarin, acenocoumarol, phenprocoumon
  atc    B01AA03                                            # warfarin
  atc    B01AB04..06 B01AB10 B01AX05       # dalte-, enoxa-, nadro-, tinzaparin, fondaparinux
  atc    B01AE07 B01AF01..03               # dabigatran, rivaroxaban, apixaban, edoxaban
  names  warfarin, rivaroxaban, apixaban, edoxaban, dabigatran, enoxaparin
  names  华法林, 利伐沙班, 阿哌沙班, 艾多沙班, 达比加群, 达比加群酯, 依诺肝素
NSAIDs                                                      # 8.44
  rxnorm 5640 140587 3355                  # two tables: ibuprofen; CPIC: celecoxib, diclofenac
  atc    M01AB01 M01AB05 M01AB15 M01AB16   # indometacin, diclofenac, ketorolac, aceclofenac
  atc    M01AC01 M01AC05 M01AC06           # piroxicam, lornoxicam, meloxicam
  atc    M01AE01..03 M01AE19               # ibuprofen, naproxen, ketoprofen, loxoprofen
  atc    M01AH01 M01AH05 M01AX01 M01AX17   # celecoxib, etoricoxib, nabumetone, nimesulide
  names  ibuprofen, naproxen, diclofenac, ketoprofen, loxoprofen, meloxicam, celecoxib, etoricoxib
  names  布洛芬, 萘普生, 双氯芬酸, 双氯芬酸钠, 洛索洛芬, 洛索洛芬钠, 美洛昔康, 塞来昔布, 依托考昔
Opioids                                                     # 8.44
  rxnorm 7052 7804 4337 2670 10689 6813    # CPIC: morphine, oxycodone, fentanyl, codeine,
                                           # tramadol, methadone
  atc    N02AA01 N02AA03 N02AA05 N02AA08   # morphine, hydromorphone, oxycodone, dihydrocodeine
  atc    N02AA55 N02AB03 N02AE01           # oxycodone with naloxone, fentanyl, buprenorphine
  atc    N02AJ06 N02AJ13 N02AJ17           # paracetamol with codeine, tramadol, oxycodone
  atc    N02AX02 N02AX06                                    # tramadol, tapentadol
  names  morphine, oxycodone, hydromorphone, fentanyl, codeine, tramadol, tapentadol, methadone
  names  buprenorphine, 吗啡, 羟考酮, 芬太尼, 可待因, 曲马多
Systemic Oestrogens                                         # 3.3 G-JAK3
  atc    G03CA03 G03CA57 G03FA01           # estradiol, conjugated, norethisterone and estrogen
  atc    G03AA12                           # drospirenone and ethinylestradiol
  atc    ?G03AA07 ?G03AA09
  names  estradiol, oestradiol, ethinylestradiol, premarin, 雌二醇, 炔雌醇, 结合雌激素
""",
    drug_codes.DEMANDS | ANTIBIOTICS,
)

DEMANDS = ANTIBIOTICS | INTERACTING

EVERY_DRUG = "Drugs Of Interest"  # read by RAMedications: one look instead of many
GROUPS = """Antirheumatic Drugs, Glucocorticoids, TB Preventive Therapy Drugs, TB Treatment Drugs,
Systemic Antibiotics, Prophylactic Antibiotics, Azathioprine, Mycophenolate, Ciclosporin,
Tacrolimus, Cyclophosphamide, Antifibrotic Drugs, HBV Antivirals, Strong CYP3A4 Inducers,
Strong CYP3A4 Inhibitors, Probenecid, Trimethoprim, Anticoagulants, NSAIDs, Opioids,
Systemic Oestrogens"""
