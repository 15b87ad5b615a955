"""Languages: the words that announce an answer, and digits, in each. Data only.

The eleven languages of MGSM come first (bn, de, en, es, fr, ja, ru, sw, te, th, zh), then those of other
multilingual benchmarks. English has patterns of its own in :mod:`~l2s.verification.extract.announced`.
"""

ANSWER_WORDS: dict[str, tuple[str, ...]] = {
    "bn": ("উত্তর",),
    "de": ("Antwort", "Endergebnis", "Ergebnis", "Lösung lautet", "Lösung ist"),
    "es": ("respuesta", "resultado final", "resultado es", "solución es"),
    "fr": ("réponse", "résultat final", "résultat est", "solution est"),
    "ja": ("答え", "解答", "正解", "回答", "答案"),
    "ru": ("ответ", "итого", "результат:"),
    "sw": ("jibu", "jawabu"),
    "te": ("సమాధానం", "జవాబు"),
    "th": ("คำตอบ", "ตอบ"),
    "zh": ("答案", "最终结果", "最終結果", "答：", "答:", "正确选项", "正確選項", "故选", "故選", "应选", "應選"),
    "ar": ("الجواب", "الإجابة", "الاجابة", "جواب", "إجابة", "الناتج النهائي"),
    "bg": ("отговор",),
    "ca": ("resposta",),
    "cs": ("odpověď", "výsledek je"),
    "da": ("svaret", "svar:"),
    "el": ("απάντηση",),
    "et": ("vastus",),
    "fa": ("پاسخ", "جواب"),
    "fi": ("vastaus",),
    "gu": ("જવાબ",),
    "he": ("תשובה", "התשובה"),
    "hi": ("उत्तर", "जवाब"),
    "hr": ("odgovor",),
    "hu": ("válasz", "végeredmény"),
    "id": ("jawaban", "jawabannya"),
    "it": ("risposta", "risultato finale", "risultato è"),
    "kn": ("ಉತ್ತರ",),
    "ko": ("정답", "최종 답", "답은", "답:", "답："),
    "lt": ("atsakymas",),
    "lv": ("atbilde",),
    "ml": ("ഉത്തരം",),
    "mr": ("उत्तर",),
    "ms": ("jawapan",),
    "nl": ("antwoord",),
    "no": ("svaret", "svar:"),
    "pa": ("ਜਵਾਬ", "ਉੱਤਰ"),
    "pl": ("odpowiedź", "odpowiedz", "wynik to", "wynik:"),
    "pt": ("resposta", "resultado final", "resultado é"),
    "ro": ("răspuns", "raspuns"),
    "sk": ("odpoveď",),
    "sl": ("odgovor",),
    "sr": ("одговор",),
    "sv": ("svaret", "svar:"),
    "ta": ("விடை", "பதில்"),
    "tl": ("sagot",),
    "tr": ("cevap", "cevabı", "yanıt", "sonuç"),
    "uk": ("відповідь",),
    "ur": ("جواب",),
    "vi": ("đáp án", "đáp số", "câu trả lời", "trả lời:", "kết quả là"),
}
"""Language code → words that an answer follows."""

_CODES = "bg ca cs da de el es et fi fr hr hu id it lt lv nl no pl pt ro ru sk sl sr sv tr uk vi"
DECIMAL_COMMA = frozenset(_CODES.split())
"""Languages that write 1.234,5 for 1234.5."""

NEXT_PROBLEM: tuple[str, ...] = (
    *("Question", "Q", "Problem", "Human", "User", "Instruction", "Exercise", "Input", "Example"),
    *("প্রশ্ন", "Frage", "Aufgabe", "Pregunta", "Problema", "Problème", "問題", "質問", "Вопрос", "Задача", "Swali"),
    *("ప్రశ్న", "คำถาม", "โจทย์", "问题", "题目", "問", "السؤال", "सवाल", "प्रश्न", "질문", "문제", "Câu hỏi", "Soal"),
    *("Pergunta", "Domanda", "Vraag", "Soru", "Pytanie", "Kysymys"),
)
"""Words that, before a colon at the start of a line, begin another problem."""

_ZEROS = "٠۰०০੦૦୦௦౦೦൦๐໐０"
"""The zero of each script that writes decimals of its own; the other nine digits follow it in Unicode."""

PLAIN = {chr(ord(zero) + digit): str(digit) for zero in _ZEROS for digit in range(10)}
PLAIN |= dict(zip("٫٬٪．％＄－＋／＝：（）＃＊،\u00a0\u202f\u2009", ".,%.%$-+/=:()#*,   ", strict=True))
"""Digits of every script, full-width signs and special spaces as ASCII."""

SCALES = {"万": 4, "萬": 4, "亿": 8, "億": 8, "만": 4, "억": 8, "লাখ": 5, "लाख": 5, "లక్షల": 5, "ล้าน": 6}
"""Words behind a number → the power of ten that they stand for, where English has no such word."""
