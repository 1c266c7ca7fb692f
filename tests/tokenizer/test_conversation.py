"""The template of a conversation: what training records and prompts have in common."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tokenizer.conversation import Segment, Turn, parts, prompt_ids
from havoc.tokenizer.special import NAMES, SPECIAL
from training_examples import small_tokenizer

TOKENIZER = small_tokenizer()


def said(role: str, *segments: tuple[str, str]) -> Turn:
    return Turn(role, tuple(Segment(kind, text) for kind, text in segments))


SYSTEM = said("system", ("text", "Be brief."))
USER = said("user", ("text", "Is A above B? <tool>"))
CALL = said("assistant", ("reason", "two groups"), ("tool", '{"tool":"python_math"}'))
RESULT = said("tool", ("result", '{"p_value":0.01}'))
ANSWER = said("assistant", ("text", "yes"))


def shown(ids: list[int]) -> str:
    return TOKENIZER.decode(ids, control=True)


def test_a_prompt_is_the_record_up_to_where_the_assistant_begins() -> None:
    for turns in ([USER, ANSWER], [SYSTEM, USER, CALL, RESULT, ANSWER], [USER, ANSWER, USER, CALL]):
        whole = [number for part in parts(turns, TOKENIZER) for number in part.ids]
        prompt = prompt_ids(turns[:-1], TOKENIZER)
        assert whole[: len(prompt)] == prompt


def test_a_prompt_ends_where_the_assistant_goes_on() -> None:
    assert shown(prompt_ids([USER], TOKENIZER)) == "<bos><user>Is A above B? <tool><assistant>"
    assert SPECIAL["<tool>"] not in prompt_ids([USER], TOKENIZER)
    after = prompt_ids([USER, CALL, RESULT], TOKENIZER)
    assert after[-1] == SPECIAL["</result>"] and after.count(SPECIAL["<assistant>"]) == 1


@given(st.text(max_size=40), st.booleans())
def test_text_adds_no_control_id(text: str, slots: bool) -> None:
    ids = prompt_ids([said("user", ("text", text))], TOKENIZER, slots=slots)
    control = [NAMES[number] for number in ids if number < 128 and not number >= 64]
    assert control == ["<bos>", "<user>", "<assistant>"]


@pytest.mark.parametrize(
    ("turns", "message"),
    [
        ([], "does not wait for the assistant"),
        ([USER, ANSWER], "does not wait for the assistant"),
        ([SYSTEM], "does not wait for the assistant"),
        ([ANSWER], r"messages\[0\]: a message by assistant comes first"),
        ([USER, USER], r"messages\[1\]: a message by user follows user"),
        ([USER, RESULT], r"messages\[1\]: a message by tool follows user"),
    ],
)
def test_turns_out_of_order_are_refused(turns: list[Turn], message: str) -> None:
    with pytest.raises(InputError, match=message):
        prompt_ids(turns, TOKENIZER)
