from random import Random

from l2s.search.race.order import in_order
from tests.search.simulated import problems


def test_the_order_is_of_seed_and_ids_alone() -> None:
    rows = problems(100)
    mixed = Random(0).sample(rows, len(rows))
    assert in_order(rows, 3) == in_order(mixed, 3) != in_order(rows, 4)
    assert sorted(row["id"] for row in in_order(rows, 3)) == sorted(row["id"] for row in rows)


def test_levels_are_interleaved() -> None:
    rows = problems(100)
    for start in range(0, 100, 5):
        assert {row["level"] for row in in_order(rows, 0)[start : start + 5]} == {1, 2, 3, 4, 5}
    uneven = [row for row in rows if row["level"] != 5 or int(row["id"]) < 25]  # 20 of each level but 5 of the fifth
    for n in (17, 34, 51, 68, 85):
        assert abs(sum(row["level"] == 5 for row in in_order(uneven, 0)[:n]) - n / 17) <= 1


def test_problems_without_a_level_are_shuffled() -> None:
    rows = [row | {"level": None} for row in problems(50)]
    assert in_order(rows, 0) != rows and in_order(rows[::-1], 0) == in_order(rows, 0)
    without = [{key: value for key, value in row.items() if key != "level"} for row in rows]
    assert [row["id"] for row in in_order(without, 0)] == [row["id"] for row in in_order(rows, 0)]
