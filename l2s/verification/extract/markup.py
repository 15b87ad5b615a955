"""Markup by model family: how each writes thinking, its final part, its boxes and the end of its turn. Data only.

A new family is a new line here; nothing else in the package knows a family's name. Tags are matched whatever
their case.
"""

THINKING: tuple[tuple[str, str], ...] = (
    ("<think>", "</think>"),  # DeepSeek-R1, Qwen3, QwQ, Phi-4-reasoning, SmolLM3, Nemotron, Hunyuan, and most
    ("<thinking>", "</thinking>"),  # Claude's prompts, Ring
    ("◁think▷", "◁/think▷"),  # Kimi-VL-Thinking
    ("[THINK]", "[/THINK]"),  # Magistral
    ("<thought>", "</thought>"),  # EXAONE-Deep, Marco-o1
    ("<thoughts>", "</thoughts>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),  # Sky-T1, OpenThinker
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("<mm:think>", "</mm:think>"),
    ("<reasoning>", "</reasoning>"),  # prompts of GRPO recipes
    ("<reason>", "</reason>"),
    ("<longcat_think>", "</longcat_think>"),  # LongCat-Flash-Thinking
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A Reasoning
    ("<|inner_prefix|>", "<|inner_suffix|>"),  # Apertus
    ("[unused16]", "[unused17]"),  # openPangu
    ("<unused94>", "<unused95>"),  # MedGemma
    ("<|thinking_start|>", "<|thinking_end|>"),
    ("<|begin_of_thinking|>", "<|end_of_thinking|>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<inner_monologue>", "</inner_monologue>"),
    ("<reflection>", "</reflection>"),  # Reflection
    ("<analysis>", "</analysis>"),
    ("<|im_start|>think", "<|im_start|>answer"),  # s1
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),  # gpt-oss (harmony)
    ("<|channel|>commentary<|message|>", "<|channel|>final<|message|>"),
    ("<|channel>thought", "<channel|>"),  # Gemma 4
)
"""What opens and what closes thinking."""

SPOKEN_THINKING: tuple[tuple[str, str], ...] = (
    ("analysis", "assistantfinal"),  # harmony, its special tokens left out
    ("## Thinking", "## Final Response"),  # HuatuoGPT-o1
    ("Here is my thought process:", "Here is my response:"),  # Granite 3.2
)
"""Plain words that do the same: only where a response begins with the first and has the second."""

CONTAINERS: tuple[str, ...] = (
    *("<|begin_of_solution|>", "<|end_of_solution|>", "<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    *("<output>", "</output>", "<response>", "</response>", "<|start|>assistant", "<|channel|>final<|message|>"),
    *("<solution>", "</solution>", "<conclusion>", "</conclusion>", "<summary>", "</summary>"),
)
"""Marks around a final part, which say nothing by themselves."""

ANSWER_TAGS: tuple[tuple[str, str], ...] = (
    ("<answer>", "</answer>"),  # R1-Zero, TinyZero, Hunyuan, GRPO recipes
    ("<final_answer>", "</final_answer>"),
    ("<final>", "</final>"),
    ("<ans>", "</ans>"),
    ("[ANSWER]", "[/ANSWER]"),
    ("<|begin_of_answer|>", "<|end_of_answer|>"),
    ("◁answer▷", "◁/answer▷"),
)
"""Marks around an answer."""

BOX_TOKENS: tuple[tuple[str, str], ...] = (("<|begin_of_box|>", "<|end_of_box|>"),)  # GLM-4.1V, GLM-4.5
"""Tokens that stand for a box."""

END_TOKENS: tuple[str, ...] = (
    *("<|im_end|>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "</s>", "<eos>", "<|end|>"),
    *("<｜end▁of▁sentence｜>", "<|end▁of▁sentence|>", "<end_of_turn>", "<turn|>", "<|return|>", "<|call|>", "[EOS]"),
    *("<|END_OF_TURN_TOKEN|>", "<|endofturn|>", "[|endofturn|]", "<seed:eos>", "<|role_end|>", "<|eos|>", "<|EOT|>"),
    *("<|end_of_sentence|>", "<|hy_eos|>", "<｜hy_eos｜>", "<|hy_place▁holder▁no▁2|>", "<|end_of_role|>", "<pad>"),
    *("<|assistant_end|>", "[e~[", "<|im_end_of_turn|>", "[unused10]", "<|endofresponse|>", "<|message_end|>"),
    *("<|eot|>", "[EOT]", "<|stop|>", "<end_of_utterance>", "<|/assistant|>", "[/INST]", "[PAD]"),
)
"""What ends a turn and may be left in the text."""

OTHER_TURNS: tuple[str, ...] = (
    *("<|im_start|>user", "<|im_start|>system", "<|start_header_id|>user", "<|start|>user", "<start_of_turn>user"),
    *("<|user|>", "<|system|>", "<|observation|>", "[INST]", "<｜User｜>", "<|User|>", "<|START_OF_TURN_TOKEN|>"),
    *("<|begin_of_text|>", "<｜begin▁of▁sentence｜>", "<|startoftext|>", "<bos>", "<|prompter|>", "<turn|>user"),
)
"""What begins somebody else's turn: the response is over before it."""
