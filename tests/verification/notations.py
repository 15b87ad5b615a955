"""Numbers drawn at random and written in different notations, for tests that must never see two of them equal."""

import random
from collections.abc import Callable, Iterator
from fractions import Fraction

Writer = Callable[[random.Random, Fraction], str]
DRESSES = ("{}", "${}$", r"\boxed{{{}}}", r"\({}\)", "x={}", "{}.", r"{}\text{{ cm}}", " {} ", r"\displaystyle {}")


def differing_pairs(rng: random.Random, count: int) -> Iterator[tuple[str, str]]:
    """Pairs of notations of two numbers that differ, mostly by little."""
    while count:
        number = draw(rng)
        other = neighbour(rng, number)
        if number != other:
            yield written(rng, number), written(rng, other)
            count -= 1


def equal_pairs(rng: random.Random, count: int) -> Iterator[tuple[str, str]]:
    """Pairs of notations of one number."""
    for _ in range(count):
        number = draw(rng)
        yield written(rng, number), written(rng, number)


def draw(rng: random.Random) -> Fraction:
    kind = rng.random()
    if kind < 0.4:
        bound = 10 ** rng.randint(1, 9)
        return Fraction(rng.randint(-bound, bound))
    if kind < 0.7:
        return Fraction(rng.randint(-9999, 9999), rng.randint(1, 400))
    return Fraction(rng.randint(-(10**6), 10**6), 10 ** rng.randint(0, 5))


def neighbour(rng: random.Random, number: Fraction) -> Fraction:
    """A number easily taken for it: another sign, digit, place of the point, part of the fraction, or one beside it."""
    digits = str(abs(number.numerator))
    place = rng.randrange(len(digits))
    return rng.choice(
        [
            -number,
            number + rng.choice([-1, 1]),
            number * Fraction(10) ** rng.choice([-2, -1, 1, 2, 3]),
            1 / number if number else Fraction(1),
            Fraction(number.numerator + rng.choice([-1, 1]), number.denominator),
            Fraction(number.numerator, number.denominator + 1),
            Fraction(int(digits[:place] + str(rng.randint(0, 9)) + digits[place + 1 :]), number.denominator),
            draw(rng),
        ]
    )


def written(rng: random.Random, number: Fraction) -> str:
    return rng.choice(DRESSES).format(rng.choice(WRITERS)(rng, number))


def as_decimal(rng: random.Random, number: Fraction) -> str:
    places = next((n for n in range(12) if (number * 10**n).denominator == 1), None)
    if places is None:
        return as_fraction(rng, number)
    digits = str(abs(number * 10**places).numerator).rjust(places + 1, "0")
    point = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return ("-" if number < 0 else "") + point


def as_fraction(rng: random.Random, number: Fraction) -> str:
    sign, factor = "-" if number < 0 else "", rng.randint(1, 4)
    above, below = abs(number.numerator), number.denominator
    return rng.choice(
        [
            rf"{sign}\frac{{{above * factor}}}{{{below * factor}}}",
            f"{sign}{above * factor}/{below * factor}",
            rf"\dfrac{{{sign}{above}}}{{{below}}}",
        ]
    )


def as_mixed(rng: random.Random, number: Fraction) -> str:
    sign, above, below = "-" if number < 0 else "", abs(number.numerator), number.denominator
    if below == 1 or above < below:
        return as_fraction(rng, number)
    whole, part = divmod(above, below)
    return rng.choice([rf"{sign}{whole}\frac{{{part}}}{{{below}}}", f"{sign}{whole} {part}/{below}"])


def as_grouped(rng: random.Random, number: Fraction) -> str:
    if number.denominator != 1:
        return as_decimal(rng, number)
    return f"{number.numerator:,}".replace(",", rng.choice([",", "{,}", r"\,", r",\!", " "]))


def as_scientific(rng: random.Random, number: Fraction) -> str:
    power = rng.randint(-5, 5)
    mantissa = as_decimal(rng, number / Fraction(10) ** power)
    return as_fraction(rng, number) if "/" in mantissa or "frac" in mantissa else rf"{mantissa} \times 10^{{{power}}}"


def as_sum(rng: random.Random, number: Fraction) -> str:
    other = rng.randint(-50, 50)
    return f"({as_fraction(rng, number - other)}) - ({-other})"


def as_product(rng: random.Random, number: Fraction) -> str:
    factor = rng.randint(2, 9)
    return rf"{factor} \cdot ({as_fraction(rng, number / factor)})"


WRITERS: tuple[Writer, ...] = (
    as_decimal,
    as_fraction,
    as_mixed,
    as_grouped,
    as_scientific,
    as_sum,
    as_product,
)
