r"""Kinds of equality and the near misses of each, made for this project; see :mod:`tests.verification.test_kinds`.

Every kind has what must be equal and what is easily taken for it.
"""

SAME: dict[str, str] = {
    "letters that stand for any number": r"""
\frac{\pi}{4}+k\pi | \frac{\pi}{4}+n\pi
x = \frac{\pi}{6}+2n\pi | \frac{\pi}{6}+2k\pi
\frac12x^2+C | \frac{x^2}{2}+K
C_1e^x+C_2e^{-x} | Ae^x+Be^{-x}
C_1e^x+C_2e^{-x} | C_2e^{x}+C_1e^{-x}
C_1e^x+C_2e^{-x} | C_1e^{-x}+C_2e^{x}
y=Ce^{x} | y=Ae^x
""",
    "units in plain letters": r"""
10 kPa | 10000 Pa
x>5 \text{ km} | x>5
\pm 5 \text{ m} | 5 \text{ m}, -5 \text{ m}
x=1 \text{ m} | x=100 \text{ cm}
2x=4 m | x=2 m
v=5 m/s | v=5 \text{ m/s}
x=5 \text{ apples} | x=5
20 kN | 20000 N
3 kJ | 3000 J
5 mA | 0.005 A
1 m^2 | 10000 cm^2
60 mph | 60 miles per hour
10 per day | 10
""",
    "words around a value": r"""
\text{approximately }5 | 5
\text{about } 2.5 | 2.5
3 \text{ dozen} | 36
36 | 3 dozen eggs
14 | \textbf{(B)}\ 14
I and II only | I and II
Type 2 Error | type 2 error
\mathbb{R} | all real numbers
""",
    "signs that are chosen apart": r"""
(\pm1,\pm1) | (1,1),(1,-1),(-1,1),(-1,-1)
(\pm1,\mp1) | (1,-1),(-1,1)
(\pm 2, \pm 3) | (2,3),(-2,3),(2,-3),(-2,-3)
(\pm 2, \pm 3) | (\pm 2, \pm 3)
""",
    "names of functions": r"""
1+\csc(3x) | 1+\operatorname{cosec}(3x)
\csc^2 x | \operatorname{cosec}^2 x
\tan x | \operatorname{tg} x
\cot x | \operatorname{ctg} x
\cot x | \operatorname{cotan} x
\arctan x | \operatorname{arctg} x
\sinh x | \operatorname{sh} x
\sinh x | \frac{e^x-e^{-x}}{2}
\cosh x | \operatorname{ch} x
\operatorname{sech} x | \frac{1}{\cosh x}
\operatorname{csch} x | \frac{1}{\sinh x}
\operatorname{csch} x | \operatorname{cosech} x
\operatorname{arsinh}(x) | \ln(x+\sqrt{x^2+1})
\operatorname{arsinh}(x) | \sinh^{-1} x
\operatorname{artanh}(x) | \frac12\ln\frac{1+x}{1-x}
\operatorname{arcsec} 2 | \frac{\pi}{3}
\operatorname{arccsc} 2 | \frac{\pi}{6}
\operatorname{asin}(1/2) | \frac{\pi}{6}
\lg 1000 | 3
\frac{1}{\csc x} | \sin x
""",
    "logarithms": r"""
-\ln\frac{a}{b} | \ln\frac{b}{a}
-\ln \frac{a}{b} | \ln b-\ln a
-\ln(a/b) | \ln(b/a)
\ln\sqrt{x} | \frac12\ln x
\ln(xy) | \ln x+\ln y
-\log_2\frac{1}{8} | 3
\ln|\sec x| | -\ln|\cos x|
2\ln 3 | \ln 9
""",
    "solved relations": r"""
y=\frac{x}{2x-1} | \frac1x+\frac1y=2
y=\frac{x}{2x-1} | x+y=2xy
\frac{1}{x}+\frac{1}{y}=\frac12 | 2x+2y=xy
xy=4 | y=\frac{4}{x}
y=2x+1 | 2x-y+1=0
x^2+y^2=4 | \frac{x^2}{4}+\frac{y^2}{4}=1
\frac{y}{x}=3 | y=3x
R=\frac{ab}{a+b} | \frac1R=\frac1a+\frac1b
3x+4y=12 | \frac{x}{4}+\frac{y}{3}=1
y-1=2(x-3) | y=2x-5
""",
    "alternatives as sets": r"""
a \leqslant -2 \text{ or } a = 1 | (-\infty, -2] \cup \{1\}
x \geq 3 \text{ or } x = 0 | \{0\} \cup [3, \infty)
x<1 \text{ or } x>2 | (-\infty,1)\cup(2,\infty)
x = 0 \text{ or } 1 < x \le 2 | \{0\}\cup(1,2]
x \in [1,2] \text{ or } x > 5 | [1,2]\cup(5,\infty)
x = 1 \text{ or } x = 2 | x \in \{1, 2\}
x = 1 \text{ or } x = 2 | \{1,2\}
\text{all real numbers except } 3 | x \neq 3
x>2, x \ne 3 | (2,3)\cup(3,\infty)
k<0 \text{ or } k=4 | k \in (-\infty,0)\cup\{4\}
""",
    "named values": r"""
1,2,3 | (x, y, z) = (1, 2, 3)
(x,y,z)=(1,2,3) | 1,2,3
16,3,1,1 | w=16, d=3, a=1, b=1
(x,y)=(4,2) | x=4, y=2
(x,y)=(4,2) | (y,x)=(2,4)
x=4, y=2 | y=2, x=4
x=4, y=2 | (4,2)
(1,2,3) | x=1,y=2,z=3
x=y=2 | (2,2)
a=b=c=1 | (1,1,1)
x(t)=e^{-t}+2e^{5t} | 2e^{5t}+e^{-t}
y(x)=x^2+1 | x^2+1
u(x,t)=e^{-t}\sin x | e^{-t}\sin x
x=1,y=2 | \begin{cases} x=1 \\ y=2 \end{cases}
""",
    "families": r"""
n\pi, n\in\mathbb{Z} | k\pi
n\pi, n\in\mathbb{Z} | -k\pi, k \in \mathbb{Z}
x=\frac{\pi}{4}+k\pi, k\in\mathbb{Z} | x=\frac{\pi}{4}+n\pi, n \in \mathbb{Z}
x=\frac{\pi}{4}+k\pi, k\in\mathbb{Z} | \frac{\pi}{4}+n\pi
\frac{\pi}{4}+k\pi, k\in\mathbb{Z} | \frac{5\pi}{4}+k\pi, k\in\mathbb{Z}
x=2k\pi \pm \frac{\pi}{3}, k \in \mathbb{Z} | x = \pm\frac{\pi}{3}+2n\pi \text{ for integer } n
2k+1, k \in \mathbb{Z} | 2m-1, m \in \mathbb{Z}
n = 4k+2 \text{ or } n = 4k+3 \text{ where } k \in \mathbb{N}_0 | n \equiv 2, 3 \pmod 4
x \equiv 1, 5 \pmod 6 | x = 6k+1 \text{ or } x=6k+5
n \equiv 2 \pmod{3} | n = 3k+2, k \in \mathbb{Z}
n \equiv 2 \pmod{3} | n = 3k-1
n \equiv 1 \text{ or } 4 \pmod 5 | n \equiv \ 4, 1 \pmod 5
""",
    "signs chosen apart": r"""
(\sqrt2,0,\sqrt2),(\sqrt2,0,-\sqrt2),(-\sqrt2,0,\sqrt2),(-\sqrt2,0,-\sqrt2) | (\pm\sqrt2,0,\pm\sqrt2)
(1,2),(1,-2),(-1,2),(-1,-2) | (\pm 1, \pm 2)
(\pm 1, \pm 2) | (-1,-2),(-1,2),(1,-2),(1,2)
(\pm 1, 0) | (1,0),(-1,0)
(0, \pm 3) | (0,3),(0,-3)
""",
    "ordinals": r"""
12 | 12^{\mathrm{th}}\text{ grade}
15 | 15^{\text{th}}
21 | 21^{\text{st}}
2 | 2^{nd}
3 | 3rd
5^{\text{th}}\text{ floor} | 5
\text{third} | 3
12th | \text{twelfth}
21st | twenty-first
""",
    "times of day": r"""
08:34 \text{P.M.} | 20:34
20:34 | 8:34 \text{ p.m.}
7:05 \text{ a.m.} | 07:05
12:00 PM | noon
12:00 AM | midnight
\text{noon} | 12:00 \text{ p.m.}
3 \text{ p.m.} | 15:00
3 o'clock | 3:00
10:30 | 10:30 AM
12:15 a.m. | 00:15
9:05 | 9:05 p.m.
""",
    "units": r"""
5 \text{ cm} | 50 \text{ mm}
2 \text{ m} | 200 \text{ cm}
500 m | 0.5 km
1 \text{ kg} | 1000 \text{ g}
36 \text{ km/h} | 10 \text{ m/s}
90 \text{ minutes} | 1.5 \text{ hours}
1 hour 30 minutes | 90 minutes
1 \text{ day} | 24 \text{ hours}
3 \text{ ft} | 36 \text{ inches}
5 feet 10 inches | 70 inches
1 \text{ m}^2 | 10000 \text{ cm}^2
2 \text{ liters} | 2000 \text{ mL}
1 \text{ mL} | 1 \text{ cm}^3
5 \text{ dollars} | 500 \text{ cents}
\$1.50 | 150 \text{ cents}
25^\circ C | 77^\circ F
60 \text{ mph} | 60 \text{ miles per hour}
10\text{ m/s} | 10 \text{ m s}^{-1}
9.8 \text{ m/s}^2 | 9.8 \text{ meters per second squared}
10 \text{ kg m/s}^2 | 10 \text{ N}
2 \text{ kWh} | 7200 \text{ kJ}
5 \text{ square meters} | 5 \text{ m}^2
5 \text{ units} | 5 \text{ cm}
2\pi \text{ rad} | 360^\circ
3 \text{ years} | 36 \text{ months}
5 \text{ m} | 5
10 in. | 10 inches
100^\circ\text{C} | 100^\circ C
10 k\Omega | 10000 \text{ Ω}
0.5 \mu F | 0.5
7 | 7 apples
7 \text{ apples} | 7 \text{ red apples}
12 inches | 12 inches long
\text{two hours} | 2 \text{ hours}
""",
    "words": r"""
The ellipse | an ellipse
\text{Tim wins} | tim wins.
Not possible | \text{not possible}
red and blue | blue, red
x-axis | \text{the } x\text{-axis}
\text{three quarters} | \frac{3}{4}
\text{one half} | 0.5
\text{five apples} | 5 \text{ apples}
it converges | \textbf{It converges}
Monday | **Monday**
""",
    "vectors": r"""
3\mathbf{i}-2\mathbf{j} | \langle 3,-2\rangle
3\mathbf{i}-2\mathbf{j}+\mathbf{k} | (3,-2,1)
3\hat{i}-2\hat{j} | (3,-2)
3\hat{\imath}-2\hat{\jmath} | 3i-2j
\mathbf{i}+\mathbf{j} | (1,1)
\begin{bmatrix}1\\2\end{bmatrix} | [1,2]^T
""",
    "values of other writings": r"""
10 | {5 \choose 2}
\frac12+\frac{\sqrt3}{2}i | \operatorname{cis}(60^\circ)
\mathbb{R}\setminus\{1\} | \mathbb R - \{1\}
x \neq 2 | \{x \in \mathbb{R} : x \neq 2\}
f^{-1}(x) = \frac{x-1}{2} | \frac{x-1}{2}
P(X=2)=0.3 | 0.3
10:1 | 10 \text{ to } 1
\sqrt{x}\cdot\sqrt{y} | \sqrt{xy}
x=1,y=2 \text{ or } x=3,y=4 | (1,2),(3,4)
9.8 \frac{m}{s^2} | 9.8 \text{ m/s}^2
45 \text{ mph} | 45 \frac{\text{miles}}{\text{hour}}
\text{Yes} | \text{Yes, it is.}
""",
    "only": r"""
\text{only }x=0 | 0
only 5 | 5
x = 5 \text{ only} | 5
\text{just } 7 | 7
""",
    "layout": r"""
5 | \begin{aligned}x&=5\end{aligned}
5 | \begin{aligned} x &= 2+3 \\ &= 5 \end{aligned}
5 | \begin{align*} x &= 5 \end{align*}
x+1 | \begin{split} x + 1 \end{split}
7 | \begin{gathered} 7 \end{gathered}
-2 | \begin{vmatrix}1&2\\3&4\end{vmatrix}
-2 | \det\begin{pmatrix}1&2\\3&4\end{pmatrix}
-2 | \left|\begin{array}{cc}1&2\\3&4\end{array}\right|
ad-bc | \begin{vmatrix}a&b\\c&d\end{vmatrix}
1 | \begin{vmatrix}1&0&0\\0&1&0\\0&0&1\end{vmatrix}
(1,2) | \begin{cases} x=1 \\ y=2 \end{cases}
x=1,y=2 | \left\{\begin{array}{l} x=1 \\ y=2 \end{array}\right.
\begin{cases}x & \text{if } x>0\\0 & \text{otherwise}\end{cases} | \begin{cases}0 & \text{otherwise}\\x & x>0\end{cases}
""",
    "choices": r"""
B | b
C | c
D | d
""",
}

DIFFERENT: dict[str, str] = {
    "letters that stand for any number, near misses": r"""
\frac{\pi}{4}+k\pi | \frac{\pi}{4}+2n\pi
\frac{\pi}{4}+k\pi | \frac{3\pi}{4}+n\pi
2n\pi r | 2k r
2n\pi | 2k\pi
(n-2)\pi | (k-2)\pi
\frac12x^2+C | x^2+K
\frac12x^2+C | \frac12x^2
C_1e^x+C_2e^{-x} | Ae^x+B
C_1e^x+C_2e^{-x} | C_1e^x+C_2e^x
Ax+By=C | Bx+Ay=C
F = \frac95 C + 32 | F = \frac95 K+32
x^2 + c x | x^2 + k x
a + C | a + D
\frac{\pi}{4}+k | \frac{\pi}{4}+n
ab | cd
""",
    "size of a unit's letter": r"""
3 \text{ mA} | 3 \text{ MA}
5 \text{ mW} | 5 \text{ MW}
10 kPa | 10 MPa
x>5 \text{ km} | x>5 \text{ m}
\pm 5 \text{ m} | \pm 5 \text{ s}
5 \pm 2 \text{ cm} | 5 \pm 2 \text{ m}
x+y = 5 \text{ m} | x+y=5 \text{ s}
x=1 \text{ m} | x=1 \text{ s}
x=5 \text{ km} | x=5 \text{ m}
x=5 km | x=5 cm
x=1 \text{ apples} | x=1 \text{ dogs}
y=2x \text{ m} | y=2x \text{ cm}
x=1 \text{ (minimum)} | x=1 \text{ (maximum)}
10 kN | 10 N
5 mA | 5 A
1 m^2 | 100 cm^2
""",
    "order and joints of a list": r"""
2 boys, 3 girls | 3, 2
p \land q | p \lor q
A and B | A or B
A, B | A or B
\{1,\{2\}\} | \{1,2\}
(\pm1,\pm1) | (1,1),(-1,-1)
(1,1),(-1,-1) | (\pm1,\pm1)
(\pm1,\mp1) | (1,1),(-1,-1)
14 | \textbf{(B)}\ 15
\textbf{(A)}\ 14 | \textbf{(B)}\ 14
3 dozen | 30
""",
    "names of functions": r"""
\csc x | \sec x
\csc(3x) | \operatorname{cosec}(2x)
\operatorname{cosec} x | \cos x
\operatorname{cosec} x | \sin x
\sinh x | \sin x
\operatorname{sech} x | \cosh x
\operatorname{arsinh}(x) | \operatorname{arcosh}(x)
\tan x | \operatorname{ctg} x
\operatorname{tg} x | \operatorname{th} x
\lg 1000 | \ln 1000
""",
    "logarithms": r"""
-\ln\frac{a}{b} | \ln\frac{a}{b}
-\ln(a/b) | \frac{-\ln a}{\ln b}
\ln(x+y) | \ln x+\ln y
\ln|\sec x| | \ln|\cos x|
2\ln 3 | \ln 6
""",
    "solved relations": r"""
y=\frac{x}{2x-1} | \frac1x-\frac1y=2
y=\frac{x}{2x-1} | \frac1x+\frac1y=3
xy=4 | x+y=4
\frac{1}{x}+\frac{1}{y}=2 | x+y=2
\frac{x^2-1}{x-1}=0 | x^2-1=0
R=\frac{ab}{a+b} | R=\frac1a+\frac1b
y=x^2 | x=\sqrt{y}
y=2x+1 | y=2x-1
""",
    "alternatives as sets": r"""
a \leqslant -2 \text{ or } a = 1 | (-\infty,-2]\cup\{2\}
a \leqslant -2 \text{ or } a = 1 | (-\infty, -2) \cup \{1\}
a \le -2 \text{ and } a = 1 | (-\infty, -2] \cup \{1\}
x \geq 3 \text{ or } x = 0 | [3, \infty)
x \geq 3 \text{ or } y = 0 | \{0\} \cup [3, \infty)
\text{all real numbers except } 3 | x \neq 4
x = 1 \text{ or } x = 2 | x=1
""",
    "named values": r"""
x=1 \text{ or } x=2 | x=1 \text{ and } y=2
x=1 \text{ or } x=2 | y=1 \text{ or } y=2
x=1, x=2 | x=1, y=2
x=1, y=2 | x=1, z=2
x=1, y=2 | x=2, y=1
(x,y)=(4,2) | x=2, y=4
(x,y)=(4,2) | (y,x)=(4,2)
1,2,3 | (x,y,z)=(1,3,2)
1,2,3 | (1,2,3)
16,3,1,1 | w=16, d=3, a=1, b=2
16,3,1,1 | w=16, d=1, a=1, b=3
x=y=2 | (2,3)
a=b=c=1 | (1,1)
y(x)=x^2+1 | x^2+2
x=1,y=2 | \begin{cases} x=2 \\ y=1 \end{cases}
""",
    "multiplicity": r"""
16,3,1,1 | 16,3,1
16,3,1 | 16,3,1,1
2,2,2 | 2
2,2,2 | 2,2
1,1,2 | 1,2,2
1,1 | 1
\{1,2\} | \{1,3\}
""",
    "families": r"""
n\pi, n\in\mathbb{Z} | 2k\pi
n\pi, n\in\mathbb{Z} | \pi
n\pi, n\in\mathbb{Z} | \frac{k\pi}{2}
n\pi | k\pi
\frac{\pi}{4}+k\pi, k\in\mathbb{Z} | \frac{3\pi}{4}+n\pi
2k, k\in\mathbb{N} | 2k+2
2n+1, n \in \mathbb{Z} | 2k
n \equiv 2, 3 \pmod 4 | n=4k+2
n \equiv 2, 3 \pmod 4 | n=4k+2 \text{ or } n=4k+1
n \equiv 2 \pmod 4 | n=2k+2
n \equiv 2, 3 \pmod 4 | n \equiv 2 \pmod 4
n \equiv 2, 3 \pmod 4 | n \equiv 2, 3 \pmod 5
n \equiv 2 \pmod 3 | m = 3k+2
""",
    "signs chosen apart": r"""
(\pm 1, \pm 2) | (1,2),(1,-2),(-1,2)
(\pm 1, \pm 2) | (1,2),(1,-2),(-1,2),(-1,-3)
(\pm 1, \pm 2) | (1,2)
(\pm 1, 0) | (1,0)
(1,2),(-1,2) | (\pm 1, \pm 2)
""",
    "ordinals": r"""
12 | 13^{\text{th}}
12 | 12^{3}
first | second
first | one
\text{third} | \frac13
3rd | 2nd
""",
    "times of day": r"""
20:34 | 8:34 \text{ a.m.}
20:34 | 8:35 PM
08:34 AM | 08:34 PM
12:00 AM | noon
12 noon | 12 midnight
20:34 | 8:34
3 \text{ p.m.} | 3 \text{ a.m.}
3:00 | 3:30 p.m.
12:00 | 1:00
""",
    "units": r"""
5 \text{ km/h} | 5 \text{ m/s}
9.8 \text{ m/s} | 9.8 \text{ m/s}^2
10 \text{ N} | 10 \text{ Pa}
3 \text{ mol} | 3 \text{ g}
5 \text{ cm} | 5 \text{ mm}
5 \text{ m} | 5 \text{ s}
5 \text{ m} | 5 \text{ m}^2
3 \text{ feet} | 3 \text{ square feet}
90 \text{ minutes} | 1.6 \text{ hours}
1 hour 30 minutes | 80 minutes
1 hour 30 minutes | 30 minutes
\$5 | 5 \text{ cents}
\$5 | €5
25^\circ C | 25^\circ F
90^\circ | 90 \text{ cm}
10 \text{ kg m/s}^2 | 10 \text{ J}
5 \text{ square units} | 5 \text{ cm}
2 \text{ hours} | 2 \text{ days}
5 \text{ miles north} | 5 \text{ miles south}
4 \text{ left} | 4 \text{ right}
5 profit | 5 loss
9 \text{ A.D.} | 9 \text{ B.C.}
7 apples | 7 oranges
5 \text{ heads} | 5 \text{ tails}
\text{3 and 4} | \text{3 or 5}
3 | \text{3 or 5}
5 \text{ cm} | 5 \text{ apples}
\text{two hours} | 3 \text{ hours}
""",
    "words": r"""
The ellipse | The hyperbola
it converges | it diverges
The matrix is invertible | The matrix is singular
n \text{ even} | n \text{ odd}
n \text{ even} | n
The sum is less than zero. | The sum is greater than zero.
top left | top right
Tim wins | Tim loses
Kafelnikov served in the first game | the alternating harmonic series
Kafelnikov served in the first game | the first game
at most 5 | at least 5
at most 5 | 5
Not possible | Not impossible
no | on
dog | god
is it so | it is so
Team A | team
Team A | Team B
red and blue | red or blue
\text{one half} | \frac13
\text{five apples} | 6 \text{ apples}
\text{five apples} | 5 \text{ oranges}
5 or more | 5 or fewer
x \text{ is rational} | x \text{ is irrational}
""",
    "vectors": r"""
3\mathbf{i}-2\mathbf{j} | \langle 3,2\rangle
3\mathbf{i}-2\mathbf{j} | \langle -2,3\rangle
3\mathbf{i}-2\mathbf{j} | (3,-2,1)
3\mathbf{i}-2\mathbf{j}+\mathbf{k} | (3,-2)
""",
    "values of other writings": r"""
10 | {5 \choose 3}+1
\operatorname{cis}(60^\circ) | \operatorname{cis}(30^\circ)
\mathbb{R}\setminus\{1\} | \mathbb R - \{2\}
f^{-1}(x) = \frac{x-1}{2} | \frac{2}{x-1}
P(X=2)=0.3 | 0.4
k=1 | \lfloor\sqrt{n-1}\rfloor
N=5 | \mathrm{r}=5
40_9 | 40 \mathrm{~kg}
\lfloor n/2 \rfloor | \lfloor n/3 \rfloor
x=1,y=2 \text{ or } x=3,y=4 | (1,4),(3,2)
9.8 \frac{m}{s^2} | 9.8 \text{ m/s}
\text{Yes} | \text{Yes and no}
\text{Yes} | \text{No, it is not.}
\sqrt{x^2} | x
""",
    "only": r"""
\text{only }x=0 | 1
\text{only }x=0 | x=0,1
only 5 | 6
""",
    "layout": r"""
5 | \begin{aligned}x&=6\end{aligned}
-2 | \begin{vmatrix}1&2\\3&5\end{vmatrix}
2 | \det\begin{pmatrix}1&2\\3&4\end{pmatrix}
\begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{vmatrix}1&2\\3&4\end{vmatrix}
\begin{cases} x & x>0 \\ 0 & \text{otherwise}\end{cases} | \begin{cases} 0 & x>0 \\ x & \text{otherwise}\end{cases}
\begin{cases} x & x>0 \\ 0 & x \le 0\end{cases} | \begin{cases} x & x>0 \\ 1 & x \le 0\end{cases}
""",
    "choices": r"""
B | c
A | a
b | B
D | e
""",
}


def pairs(block: str) -> list[tuple[str, str]]:
    """Gold answer and answer of each line, with a bar between spaces between them."""
    lines = (line.split(" | ") for line in block.strip().splitlines())
    return [(gold, answer) for gold, answer in lines]
