r"""Worked examples for the few-shot prompt ``cot``: problems and solutions of our own, in the manner of each benchmark.

``gsm8k``: 8 word problems whose solution ends "The answer is N."; ``math``: 5, with the answer in ``\boxed{}``;
``minerva_math``: 4, ending "Final Answer: The final answer is $…$. I hope it is correct."
"""

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "gsm8k": (
        (
            "A baker made 24 rolls in the morning and some more at noon. In the evening there were 40 rolls. "
            "How many did the baker make at noon?",
            "There were 24 rolls after the morning. In the evening there were 40. "
            "So 40 - 24 = 16 were made at noon. The answer is 16.",
        ),
        (
            "Nine boats are in the harbour. Four more sail in. How many boats are there now?",
            "There were 9 boats. 4 more came. 9 + 4 = 13. The answer is 13.",
        ),
        (
            "Iris had 28 beads and her brother had 36. Together they gave away 19. How many have they left together?",
            "Iris had 28 and her brother 36, together 28 + 36 = 64. After giving away 19 they have 64 - 19 = 45. "
            "The answer is 45.",
        ),
        (
            "Paul had 31 stamps. He gave some to Ruth and has 22 now. How many did he give to Ruth?",
            "Paul began with 31 stamps and has 22 left. He gave Ruth 31 - 22 = 9. The answer is 9.",
        ),
        (
            "Vera has 6 books. Each of her three aunts gives her 2 books. How many books has she now?",
            "Vera has 6 books. Three aunts give 2 each, which is 3 * 2 = 6 more. 6 + 6 = 12. The answer is 12.",
        ),
        (
            "A hall had 12 chairs. On each of 5 days, 4 more chairs were brought in. How many chairs are there now?",
            "Over 5 days 5 * 4 = 20 chairs were added to the first 12. 12 + 20 = 32. The answer is 32.",
        ),
        (
            "A farmer had 75 hens. She sold 18 on Monday and 13 on Friday. How many hens has she left?",
            "She began with 75. After Monday 75 - 18 = 57 were left, after Friday 57 - 13 = 44. The answer is 44.",
        ),
        (
            "Leo has 50 euros and buys six notebooks at 4 euros each. How much money is left?",
            "Six notebooks at 4 euros cost 6 * 4 = 24 euros. 50 - 24 = 26 euros are left. The answer is 26.",
        ),
    ),
    "math": (
        (
            "Simplify $\\frac{18}{24}+\\frac{1}{6}$.",
            "We have $\\frac{18}{24}=\\frac{3}{4}=\\frac{9}{12}$ and $\\frac{1}{6}=\\frac{2}{12}$. "
            "Their sum is $\\frac{11}{12}$. The answer is $\\boxed{\\frac{11}{12}}$.",
        ),
        (
            "Find all real $x$ with $x^2-5x+6=0$.",
            "The left side is $(x-2)(x-3)$, which is zero for $x=2$ and for $x=3$. The answer is $\\boxed{2,3}$.",
        ),
        (
            "How many ways are there to choose 2 books out of 7 different ones?",
            "The order does not matter, so there are $\\binom{7}{2}=\\frac{7\\cdot 6}{2}=21$ ways. "
            "The answer is $\\boxed{21}$.",
        ),
        (
            "A rectangle has perimeter 26 and is 3 units longer than wide. What is its area?",
            "Let the width be $w$. Then $2(w+w+3)=26$, so $2w+3=13$ and $w=5$. "
            "The area is $5\\cdot 8=40$. The answer is $\\boxed{40}$.",
        ),
        (
            "What is the remainder when $2^{10}$ is divided by 7?",
            "Since $2^3=8$ leaves the remainder 1, $2^{10}=(2^3)^3\\cdot 2$ leaves $1\\cdot 2=2$. "
            "The answer is $\\boxed{2}$.",
        ),
    ),
    "minerva_math": (
        (
            "Find the domain of $\\sqrt{3-x}$ as a function of real $x$, in interval notation.",
            "The root is defined where $3-x\\ge 0$, that is $x\\le 3$.\n"
            "Final Answer: The final answer is $(-\\infty,3]$. I hope it is correct.",
        ),
        (
            "If $\\det A=3$ and $\\det B=5$ for square matrices of the same size, find $\\det(AB)$.",
            "The determinant of a product is the product of the determinants: $3\\cdot 5=15$.\n"
            "Final Answer: The final answer is $15$. I hope it is correct.",
        ),
        (
            "A cart moves at 4 metres a second for 15 seconds. How many metres does it cover?",
            "The distance is speed times time: $4\\cdot 15=60$ metres.\n"
            "Final Answer: The final answer is $60$. I hope it is correct.",
        ),
        (
            "Solve the system $x+y=9$, $x-y=1$ and give $x$.",
            "Adding both equations gives $2x=10$, so $x=5$.\n"
            "Final Answer: The final answer is $5$. I hope it is correct.",
        ),
    ),
}
