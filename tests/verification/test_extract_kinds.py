"""Where the answer stands, kind by kind: markup of model families, announcements by language, last sentences."""

import pytest

from l2s.verification import extract_answer, verify_rows
from l2s.verification.extract.languages import ANSWER_WORDS
from l2s.verification.extract.markup import ANSWER_TAGS, BOX_TOKENS, END_TOKENS, OTHER_TURNS, THINKING

THOUGHT = r"maybe \boxed{4}, or the answer is 5"


@pytest.mark.parametrize(("opening", "closing"), THINKING)
def test_no_familys_thinking_beats_what_stands_outside(opening: str, closing: str) -> None:
    assert extract_answer(f"{opening}{THOUGHT}{closing}The answer is 3.") == "3"
    assert extract_answer(f"{opening}{THOUGHT}{closing}\n\nThe sum is **3**.") == "3"
    assert extract_answer(f"{THOUGHT}{closing}So it is 3.") == "3", "the template opened it"
    assert extract_answer(f"{opening}{THOUGHT}") is None, "never closed"


@pytest.mark.parametrize(("opening", "closing"), THINKING)
def test_thinking_counts_only_where_nothing_stands_outside_and_says_so(opening: str, closing: str) -> None:
    (verdict,) = verify_rows([{"gold": "4", "response": f"{opening}{THOUGHT}{closing}\n"}])
    assert verdict["correct"] and verdict["in_thinking"] is True
    (outside,) = verify_rows([{"gold": "3", "response": f"{opening}{THOUGHT}{closing}3"}])
    assert outside["correct"] and "in_thinking" not in outside
    (cut,) = verify_rows([{"gold": "4", "response": f"{opening}{THOUGHT}{closing}\n", "finish": "length"}])
    assert cut["status"] == "truncated"


def test_harmony_with_and_without_its_tokens() -> None:
    analysis = r"<|channel|>analysis<|message|>Perhaps \boxed{4}?<|end|><|start|>assistant"
    assert extract_answer(analysis + "<|channel|>final<|message|>The sum is **3**.<|return|>") == "3"
    assert extract_answer(analysis + "<|channel|>commentary<|message|>calls<|call|>") is None
    assert extract_answer(r"analysisWe need it. Perhaps \boxed{4}?assistantfinalThe sum is 3.") == "3"


@pytest.mark.parametrize("token", END_TOKENS)
def test_tokens_that_end_a_turn_are_no_part_of_the_answer(token: str) -> None:
    for text in ("The answer is 3.", "#### 3", "so\n3", r"\boxed{3}", "Thus there are 3 apples."):
        assert (extract_answer(f"{text}{token}") or "").startswith("3"), text
        assert (extract_answer(f"{text}{token}\nThe answer is 9.") or "").startswith("3"), "and it is over there"


@pytest.mark.parametrize("turn", OTHER_TURNS)
def test_somebody_elses_turn_is_not_read(turn: str) -> None:
    assert extract_answer(f"The answer is 3.\n{turn}\nWhat is 4+5? The answer is 9.") == "3"


@pytest.mark.parametrize(("opening", "closing"), [*ANSWER_TAGS, *BOX_TOKENS])
def test_tags_and_tokens_around_an_answer(opening: str, closing: str) -> None:
    assert extract_answer(f"<think>6 or 7?</think>\n{opening} 42 {closing}") == "42"
    assert extract_answer(f"So 6, then 7.\n{opening}\n\\frac{{1}}{{2}}\n{closing}") == r"\frac{1}{2}"
    assert extract_answer(f"<think>a</think>{opening}42{closing} and", cut=True) == "42"


TAGGED = [
    (r"<answer>\boxed{42}</answer>", "42"),
    ("<answer>The answer is 42 apples.</answer>", "42 apples"),
    ("<answer> (44+19)-8 </answer>", "(44+19)-8"),
    ("Put it in <answer> tags: <answer>...</answer>\n<answer>7</answer>", "7"),
    ("<think>no closing mark <answer>7</answer>", "7"),
    ("<answer>7", "7"),
]


BOXES = [
    ("So x is 83.\n\nboxed{83}", "83"),
    ("so \x08oxed{83}", "83"),
    (r"\boxed\text{B}", r"\text{B}"),
    (r"\framebox{8}", "8"),
    ("The roots are:\n1. $\\boxed{2}$\n2. $\\boxed{3}$", "2, 3"),
    ("- $x=\\boxed{1}$\n- $y=\\boxed{1}$", "1, 1"),
    ("* \\boxed{2}.\n* \\boxed{3}.", "2, 3"),
    ("unboxed{5} here", None),
    ('```python\nprint("\\\\boxed{4}")\n```\nThe result is 3.', "3"),
    ("```\n\\boxed{4}\n```", "4"),
]


ANNOUNCED = [
    ("31 - 17 = <<31-17=14>>14 years.\nA: 14", "14"),
    ("He pays 5 dollars.\nA: $5", "$5"),
    ("**Total: 124,500**", "124,500"),
    ("Result: 124500", "124500"),
    ("Number of ways = 5\n\nFinal result: 70", "70"),
    ("\\[\n\\text{Answer: } 124500\n\\]", "124500"),
    ("... which gives us 124500 as the answer.", "124500"),
    ("**Final Answer**\n\n$42$", "42"),
    ("### Final Answer\n42", "42"),
    ("Ans: 42", "42"),
    ('```json\n{"reasoning": "x", "answer": "42"}\n```', '"42"'),
    ('{"answer": 42}', "42"),
    ("The answer is _42_.", "42"),
    (r"Final Answer: The final answer is $\$10$. I hope it is correct.", r"\$10"),
    ("The answer must therefore be 7.", "7"),
    ("The answer is probably 14.", "14"),
    ("The answer is 12, not 14.", "12"),
    ("I think the correct answer is r^2 = 657/64, so p + q = 721.", "721"),
    ("So the answer is 80 + 150 = 230 miles.", "230 miles"),
]


DENIED = [
    "The answer is not 14.", "So it cannot be 14.", "14 is not the answer.", "So she does not have 14 apples.",
    "Is the answer 14?", "So the answer is 14?", "It is more than 14 and less than 20.",
    "The answer is either 14 or 15.", "答案不是14。", "Let me check the case of 14 apples.",
    "If the answer is 14 then we are done.",
]  # fmt: skip


@pytest.mark.parametrize("response", DENIED)
def test_what_is_denied_asked_or_left_open_is_no_answer(response: str) -> None:
    assert not verify_rows([{"gold": "14", "response": response}])[0]["correct"]


CONTINUED = [
    ("#### 14\n\nQuestion: What is 3+4?\nAnswer: 7\n#### 7", "14"),
    ("The answer is 8.\n\nQ: There are 5 trees.\nA: The answer is 9.", "8"),
    ("Tom is 14 years old.\nA: 14\n\nQ: And Tim?\nA: 15", "14"),
    (r"So $x = \boxed{5}$." + "\n\nProblem: Find y.\nSolution: " + r"$\boxed{6}$", "5"),
    ("答案是 3。\n\n问题：再来一个\n答案是 4。", "3"),
    ("Q: What is 2+2?\nA: 4", "4"),
]


LAST = [
    ("Therefore, the distance between the two is **124500 meters**.", "124500 meters"),
    ("So, Lillian can expect to see a total of **31,075 birds** in her garden each day.", "31,075 birds"),
    ("Lucas will make a profit of $20 each week.", "$20"),
    ("so the age of Wilfred is 20 - (3 + 4 + 10) = 3 years old.", "3"),
    ("So there were 6 x 4 = 24 meatballs in the sub sandwiches that remained.", "24"),
    ("So, 313.9 + 12.6 = 326.5", "326.5"),
    ("So she makes $20 a day. Let me know if you need help with 5 more!", "$20"),
    ("So she paid 15 dollars and 30 cents.", "15 dollars and 30 cents"),
    ("So the ratio is 3:4.", "3:4"),
    (r"So $x = 5$ and $y = 6$.", "x = 5, y = 6"),
    (r"Thus, there are 2 values of \( x \) for which it is not defined.", "2"),
    ("It takes 3-4 days to see 5 of them.", None),
    ("We compare 5 with 6 and 7.", "6 and 7"),
    ("I think it is 7 or 8.", "7 or 8"),
    ("Kim needs to pay $64 for 16 glasses.", "$64"),
    ("There are 260 sheep in total: 20 here, 80 there and 160 beyond.", "260"),
    ("His profit is 200,000-130,000=70,000 dollars.", "70,000"),
    ("The area is 12 cm^2.", "12 cm^2"),
    (r"The probability is \frac{1}{2}.", r"\frac{1}{2}"),
    ("\\begin{align*}\nx &= 40 + 2 \\\\\n&= 42\n\\end{align*}", "42"),
    ("The number of trees is 18.  \n\n---\n", "18"),
    ("We have 10 apples. How many are left?", None),
    ("There were 14 apples at first.\n\nNow we compute", None),
    ("Let x be 2.", None),
    ("So x = 13 and y = 12.", "x = 13 and y = 12"),
    ("See equation (12).", None),
    ("Unfortunately I could not solve it after 12 attempts.", None),
    ("因此，她每天赚18美元。", "18"),
    ("よって、18ドルになります。", "18"),
    ("<think>\\boxed{3}</think>I do not know.", None),
    ("Maybe 4?", None),
    ("we restate it.\n\n\\[\n\\frac{1}{2} + \\frac{3}{4}", None),
    ("So the answer is 11.\n\nBut let me check 119.\n\nIf c = 6, 15*6 = 90, so 119 - 90 = 29.\nIf c = 5,", None),
    ("So I think the answer is 11. To make sure, let me compute it.\n\\[\n x = 12 +", None),
]


CHOICES = [
    ("B) because the flux vanishes", "B"),
    ("Answer: B – the flux vanishes", "B"),
    ("Answer: B, D is wrong because it is too large", "B"),
    ("Answer: **B**", "B"),
    ("B is the answer.", "B"),
    ("So B is correct.", "B"),
    ("Option C is the right one.", "C"),
    ("We find \\boxed{\\ll \\Delta E}.\n\nThe correct answer is **(B)**.", "B"),
    ("The answer is clearly not A, C or D; it must be B.", "B"),
    ("A is incorrect, B is incorrect, so C is the right one.", "C"),
    ("I would go with D.", "D"),
    ("**B**", "B"),
    ("(B)", "B"),
    ("正确答案是B。", "B"),
    ("故选：B", "B"),
    ("答えはBです。", "B"),
    ("Die richtige Antwort ist B.", "B"),
    ("La respuesta correcta es la B.", "B"),
]


@pytest.mark.parametrize(("response", "letter"), CHOICES)
def test_choices(response: str, letter: str) -> None:
    answer = extract_answer(response)
    assert answer is not None and answer.strip("().* ") == letter


@pytest.mark.parametrize("response", ["Answer: A triangle", "A is not correct.", "The answer is A and C.", "Is it B?"])
def test_a_letter_that_is_a_word_denied_or_one_of_several_is_no_choice(response: str) -> None:
    assert extract_answer(response) not in ("A", "B", "C")


LANGUAGES = [
    "উত্তর: ৪২", "সুতরাং, উত্তরটি হলো ৪২।", "Antwort: 42", "Die Antwort lautet 42.", "Respuesta: 42",
    "La respuesta final es $42$.", "Réponse : 42", "La réponse est 42.",
    "答えは42です。", "答え：４２", "したがって、答えは42個です。",
    "Ответ: 42", "Ответ — 42.", "Jibu ni 42.", "Jibu: 42", "సమాధానం: ౪౨", "సమాధానం 42.", "คำตอบคือ 42", "คำตอบ: ๔๒",
    "答案：42。", "答案是 $42$。", "उत्तर: ४२", "الجواب: ٤٢", "Odpowiedź: 42", "Vastaus: 42", "정답은 42입니다.",
    "따라서 정답은 **42**입니다.", "答案是42个（而不是20个）。",
    "Cevap 42'dir.", "Câu trả lời là 42.", "Jawabannya adalah 42.",
    "A resposta é 42.", "Het antwoord is 42.", "התשובה היא 42.", "پاسخ: ۴۲",
]  # fmt: skip


@pytest.mark.parametrize("response", LANGUAGES)
def test_announcements_in_other_languages_and_digits(response: str) -> None:
    assert extract_answer(response) == "42"
    assert extract_answer(f"5 + 7 = 12\n\n{response}") == "42"


@pytest.mark.parametrize("language", sorted(ANSWER_WORDS))
def test_every_word_of_the_table_announces(language: str) -> None:
    for word in ANSWER_WORDS[language]:
        assert extract_answer(f"1 + 2\n{word.rstrip(':：')}: 42") == "42"


NUMBERS = [
    ("Die Antwort lautet 1.234 Euro.", "1234 Euro"),
    ("La respuesta es 12,5.", "12.5"),
    ("Ответ: 124 500", "124500"),
    ("答案是60万元。", "600000"),
    ("答案是1.5亿。", "150000000"),
]


PASSING = [
    ("I do not think the answer is 14.", None),
    ("I don't believe that the final answer is 14.", None),
    ("There are 12 students who passed out of 30.", None),
    ("I do not think so, but the answer is 14.", "14"),
    ("One incorrect answer is 14. The right one is 15.", "15"),
    ("The wrong answer is 14.", None),
    ("Your answer is 14, which is wrong.", None),
    ("The answer is unlikely to be 14.", None),
    ("The answer is 15 (not 14).", "15"),
    ("So in total she has 42 apples left after giving away 3.", "42"),
    ("We add them, giving 15.", "15"),
    ('{"final_answer": 5}', "5"),
    (" Ned:2*4=8. Wait, is Ned 8? 2*4=8.", "8"),
    ("Is it 8?", None),
]

READ = [*TAGGED, *BOXES, *ANNOUNCED, *CONTINUED, *LAST, *NUMBERS, *PASSING]


@pytest.mark.parametrize(("response", "answer"), READ)
def test_what_a_response_answers(response: str, answer: str | None) -> None:
    assert extract_answer(response) == answer
