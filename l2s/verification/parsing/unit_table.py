"""The table of units: symbols | names | dimension | how much of the coherent unit one is. Data only.

Base quantities: L length, M mass, T time, I current, K temperature, N amount, J light; months, currencies, turns and
"any" are dimensions of their own.
"""

PREFIXES = {"T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "d": -1, "c": -2, "m": -3, "μ": -6, "µ": -6, "u": -6, "n": -9}
PREFIXES |= {"p": -12, "f": -15}
PREFIX_NAMES = {"tera": 12, "giga": 9, "mega": 6, "kilo": 3, "hecto": 2, "deci": -1, "centi": -2, "milli": -3}
PREFIX_NAMES |= {"micro": -6, "nano": -9, "pico": -12, "femto": -15}

PREFIXED = """
m | meter metre | L | 1
g | gram gramme | M | 0.001
s | second | T | 1
A | ampere amp | I | 1
K | kelvin | K | 1
mol | mole | N | 1
cd | candela | J | 1
Hz | hertz | T-1 | 1
N | newton | M L T-2 | 1
Pa | pascal | M L-1 T-2 | 1
J | joule | M L2 T-2 | 1
W | watt | M L2 T-3 | 1
C | coulomb | I T | 1
V | volt | M L2 T-3 I-1 | 1
F | farad | M-1 L-2 T4 I2 | 1
Ω ohm | ohm | M L2 T-3 I-2 | 1
S | siemens | M-1 L-2 T3 I2 | 1
Wb | weber | M L2 T-2 I-1 | 1
T | tesla | M T-2 I-1 | 1
H | henry | M L2 T-2 I-2 | 1
l L ℓ | liter litre | L3 | 0.001
eV | electronvolt | M L2 T-2 | 1.602176634e-19
cal | calorie | M L2 T-2 | 4.184
Wh | | M L2 T-2 | 3600
bar | | M L-1 T-2 | 1e5
t | tonne | M | 1000
B | byte | byte | 1
rad | radian | rad | 1
dyn | dyne | M L T-2 | 1e-5
erg | | M L2 T-2 | 1e-7
Bq | becquerel | decay T-1 | 1
lm | lumen | J sr | 1
lx | lux | J sr L-2 | 1
"""
PLAIN = """
kg | kilo | M | 1
sec secs 秒 | | T | 1
min mins 分钟 | minute | T | 60
h hr hrs 小时 | hour | T | 3600
day days d 天 日 | | T | 86400
wk week weeks 周 | | T | 604800
fortnight | fortnight | T | 1209600
month months mo 个月 | | month | 1
yr yrs year years 年 | | month | 12
decade | decade | month | 120
century centuries | | month | 1200
millimeter millimetre 毫米 | | L | 0.001
厘米 | | L | 0.01
米 | | L | 1
公里 千米 | | L | 1000
in inch inches | | L | 0.0254
ft foot feet | | L | 0.3048
yd yds | yard | L | 0.9144
mi mile miles | | L | 1609.344
nmi | nautical-mile | L | 1852
Å | angstrom | L | 1e-10
fathom | fathom | L | 1.8288
furlong | furlong | L | 201.168
au AU | astronomical-unit | L | 149597870700
ly | light-year lightyear | L | 9460730472580800
pc parsec parsecs | | L | 30856775814913673
acre | acre | L2 | 4046.8564224
ha | hectare | L2 | 10000
平方厘米 | | L2 | 0.0001
平方米 | | L2 | 1
lb lbs | pound | M | 0.45359237
oz | ounce | M | 0.028349523125
ton tons | | M | 907.18474
metric-ton metric-tons | | M | 1000
stone | | M | 6.35029318
amu Da dalton | | M | 1.66053906660e-27
千克 公斤 | | M | 1
克 | | M | 0.001
升 | | L3 | 0.001
毫升 立方厘米 | | L3 | 0.000001
立方米 | | L3 | 1
cc | | L3 | 0.000001
gal | gallon | L3 | 0.003785411784
qt | quart | L3 | 0.000946352946
pt | pint | L3 | 0.000473176473
cup | cup | L3 | 0.0002365882365
fl-oz | fluid-ounce | L3 | 0.0000295735295625
tbsp | tablespoon | L3 | 0.00001478676478125
tsp | teaspoon | L3 | 0.00000492892159375
bushel | bushel | L3 | 0.03523907016688
mph | | L T-1 | 0.44704
kph kmh kmph | | L T-1 | 1/3.6
knot | knot | L T-1 | 1852/3600
fps | | L T-1 | 0.3048
rev | revolution turn rotation | turn | 1
rpm | | turn T-1 | 1/60
cycle cycles | | turn | 1
psi | | M L-1 T-2 | 6894.757293168361
atm | atmosphere | M L-1 T-2 | 101325
mmHg torr Torr | | M L-1 T-2 | 101325/760
lbf pound-force | | M L T-2 | 4.4482216152605
BTU Btu | | M L2 T-2 | 1055.05585262
hp | horsepower | M L2 T-3 | 745.6998715822702
Kcal Cal | | M L2 T-2 | 4184
G gauss | | M T-2 I-1 | 0.0001
sr | steradian | sr | 1
deg | degree | degree | 1
arcminutes | arcminute | degree | 1/60
arcseconds | arcsecond | degree | 1/3600
bit bits | | byte | 1/8
dB | decibel | dB | 1
M | molar | N L-3 | 1000
$ USD usd US$ bucks buck 美元 dollar dollars | | USD | 1
¢ cent cents c penny pennies 美分 | | USD | 0.01
€ EUR euro euros | | EUR | 1
£ GBP | pound-sterling | GBP | 1
¥ 元 yuan RMB CNY | | CNY | 1
yen JPY 円 | | JPY | 1
₹ Rs INR rupee rupees | | INR | 1
unit units 单位 | | any | 1
"""
