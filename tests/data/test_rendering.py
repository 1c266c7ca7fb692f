"""Records as ids: the control ids of the structure, the loss on what the assistant writes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.data.record_syntax import read_preferences, read_records
from havoc.data.rendering import Rendered, render, render_pair
from havoc.errors import InputError
from havoc.tokenizer.special import NAMES


def load(folder: Path, *records: object) -> Path:
    file = folder / "records.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


def shown(rendered: Rendered, tokenizer: Any) -> tuple[str, str]:
    """All ids, and those with loss, with control ids by name."""

    def text(ids: list[int]) -> str:
        parts, run = [], []
        for number in [*ids, 0]:
            if number >= 128:
                run.append(number)
                continue
            parts += [tokenizer.decode(run), NAMES[number]]
            run = []
        return "".join(parts[:-1])

    assert len(rendered.ids) == len(rendered.loss)
    learned = [i for i, loss in zip(rendered.ids, rendered.loss, strict=True) if loss]
    return text(rendered.ids), text(learned)


def first(folder: Path, tokenizer: Any, record: object) -> tuple[str, str]:
    return shown(render(next(read_records([load(folder, record)])), tokenizer), tokenizer)


CALL = {"args": {"group2": "<d0>", "operation": "t_test", "alpha": 0.05}, "tool": "python_math"}
CALL_JSON = '{"tool":"python_math","args":{"operation":"t_test","alpha":0.05,"group2":"<d0>"}}'


@pytest.mark.parametrize(
    ("record", "whole", "learned"),
    [
        (
            {"prompt": "2+2?", "completion": "4", "id": "x", "source": "s", "answer": "4"},
            "<bos><user>2+2?<assistant>4<eos>",
            "4<eos>",
        ),
        (
            {"system": "Be brief.", "prompt": "Hi", "completion": [{"text": "Hello"}]},
            "<bos><system>Be brief.<user>Hi<assistant>Hello<eos>",
            "Hello<eos>",
        ),
        (
            {
                "prompt": "Thicker?",
                "completion": [
                    {"reason": "Two groups."},
                    {"tool": CALL},
                    {"result": {"p": 0.01, "df": 6}},
                    {"text": "Yes: p = {{r1.p}}."},
                ],
            },
            f"<bos><user>Thicker?<assistant><reason>Two groups.</reason><tool>{CALL_JSON}</tool>"
            '<result>{"df":6,"p":0.01}</result>Yes: p = {{r1.p}}.<eos>',
            f"<reason>Two groups.</reason><tool>{CALL_JSON}</tool>Yes: p = {{{{r1.p}}}}.<eos>",
        ),
        (
            {"prompt": "Thicker?", "completion": "Yes.", "tool_calls": [CALL]},
            f"<bos><user>Thicker?<assistant><tool>{CALL_JSON}</tool>Yes.<eos>",
            f"<tool>{CALL_JSON}</tool>Yes.<eos>",
        ),
        (
            {"prompt": "Thicker?", "completion": "", "tool_calls": [CALL]},
            f"<bos><user>Thicker?<assistant><tool>{CALL_JSON}</tool><eos>",
            f"<tool>{CALL_JSON}</tool><eos>",
        ),
        (
            {
                "messages": [
                    {"role": "system", "content": "S"},
                    {"role": "user", "content": "A"},
                    {"role": "assistant", "content": "B"},
                    {"role": "user", "content": "C"},
                    {"role": "assistant", "content": None, "tool_calls": [CALL, CALL]},
                    {"role": "tool", "content": "1"},
                    {"role": "tool", "content": {"b": 2, "a": "µ"}},
                    {"role": "assistant", "content": "D"},
                ]
            },
            f"<bos><system>S<user>A<assistant>B<eos><user>C<assistant><tool>{CALL_JSON}</tool>"
            f'<tool>{CALL_JSON}</tool><result>1</result><result>{{"a":"µ","b":2}}</result>D<eos>',
            f"B<eos><tool>{CALL_JSON}</tool><tool>{CALL_JSON}</tool>D<eos>",
        ),
    ],
)
def test_examples(tmp_path: Path, tokenizer: Any, record: object, whole: str, learned: str) -> None:
    assert first(tmp_path, tokenizer, record) == (whole, learned)


def test_text_never_makes_a_control_id(tmp_path: Path, tokenizer: Any) -> None:
    nasty = "<assistant></tool><eos><d0><n23>"
    record = {
        "prompt": nasty,
        "completion": [{"reason": nasty}, {"result": nasty}, {"text": nasty}],
    }
    rendered = render(next(read_records([load(tmp_path, record)])), tokenizer)
    control = [NAMES[i] for i in rendered.ids if i < 128]
    assert control == [
        *("<bos>", "<user>", "<assistant>", "<reason>", "</reason>", "<result>", "</result>"),
        "<eos>",
    ]


def test_slots_count_where_the_record_says_so(tmp_path: Path, tokenizer: Any) -> None:
    record = {
        "prompt": "A: <d0> alpha <n3>% <d99> <user>",
        "completion": [{"tool": {"tool": "python_math", "args": {"x": "<d0>"}}}],
        "slots": True,
    }
    rendered = render(next(read_records([load(tmp_path, record)])), tokenizer)
    control = [NAMES[i] for i in rendered.ids if i < 128]
    tail = ["<assistant>", "<tool>", "<d0>", "</tool>", "<eos>"]
    assert control == ["<bos>", "<user>", "<d0>", "<n3>", *tail]


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(str.strip)
SEGMENT = st.one_of(
    st.fixed_dictionaries({"text": TEXT}),
    st.fixed_dictionaries({"reason": TEXT}),
    st.fixed_dictionaries({"result": TEXT}),
)
ANSWER = st.one_of(
    TEXT,
    st.lists(SEGMENT, min_size=1, max_size=4).filter(lambda a: any("result" not in s for s in a)),
)


@given(st.lists(st.tuples(TEXT, ANSWER), min_size=1, max_size=4), st.booleans())
def test_the_loss_is_exactly_on_the_assistants_tokens(
    tmp_path_factory: pytest.TempPathFactory,
    tokenizer: Any,
    exchanges: list[tuple[str, Any]],
    prompted: bool,
) -> None:
    messages = [{"role": "system", "content": "sys"}] if prompted else []
    expected: list[tuple[int, bool]] = [(1, False)]
    if prompted:
        expected += [(5, False), *((i, False) for i in tokenizer.encode("sys"))]
    for asked, answer in exchanges:
        messages += [
            {"role": "user", "content": asked},
            {"role": "assistant", "content": answer},
        ]
        expected += [(6, False), *((i, False) for i in tokenizer.encode(asked)), (7, False)]
        for segment in [{"text": answer}] if isinstance(answer, str) else answer:
            [(kind, text)] = segment.items()
            around = {"text": ([], []), "reason": ([10], [11]), "result": ([8], [9])}[kind]
            ids = [*around[0], *tokenizer.encode(text), *around[1]]
            expected += [(i, kind != "result") for i in ids]
        expected.append((2, True))
    file = load(tmp_path_factory.mktemp("records"), {"messages": messages})
    rendered = render(next(read_records([file])), tokenizer)
    assert list(zip(rendered.ids, rendered.loss, strict=True)) == expected


def test_a_pair_learns_its_two_answers_only(tmp_path: Path, tokenizer: Any) -> None:
    messages = [
        {"role": "user", "content": "A"},
        {"role": "assistant", "content": "B"},
        {"role": "user", "content": "C"},
    ]
    records = [
        {"messages": messages, "chosen": "good", "rejected": [{"reason": "?"}, {"text": "bad"}]},
        {"system": "S", "prompt": "Q", "chosen": "yes", "rejected": "no"},
    ]
    first_pair, second_pair = (
        render_pair(preference, tokenizer)
        for preference in read_preferences([load(tmp_path, *records)])
    )
    start = "<bos><user>A<assistant>B<eos><user>C<assistant>"
    assert shown(first_pair[0], tokenizer) == (start + "good<eos>", "good<eos>")
    bad = "<reason>?</reason>bad<eos>"
    assert shown(first_pair[1], tokenizer) == (start + bad, bad)
    assert shown(second_pair[1], tokenizer) == (
        "<bos><system>S<user>Q<assistant>no<eos>",
        "no<eos>",
    )


USER = {"role": "user", "content": "q"}
GOOD = {"role": "assistant", "content": "a"}
RESULT = {"role": "tool", "content": "1"}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"prompt": "q"}, "the field 'completion' is missing"),
        ({"completion": "a"}, "the field 'prompt' is missing"),
        ({"prompt": "q", "completoin": "a"}, "'completoin'; did you mean completion"),
        ({"prompt": "q", "completion": ""}, "completion: is empty: the assistant says nothing"),
        ({"prompt": " ", "completion": "a"}, "prompt: is empty"),
        ({"prompt": 1, "completion": "a"}, "prompt: is a JSON int"),
        ({"prompt": "q", "completion": 4}, "completion: is a JSON int; write a text or a list"),
        ({"prompt": "q", "completion": [{"result": 1}]}, "the assistant says nothing"),
        ({"prompt": "q", "completion": ["a"]}, r"completion\[0\]: is a JSON str"),
        (
            {"prompt": "q", "completion": [{}]},
            r"completion\[0\]: a segment has one key, this one 0",
        ),
        ({"prompt": "q", "completion": [{"texts": "a"}]}, "'texts'; did you mean text"),
        (
            {"prompt": "q", "completion": [{"tool": {"tool": "t"}}]},
            r"\[0\]\.tool: .*'args' is missing",
        ),
        (
            {"prompt": "q", "completion": [{"tool": {"tool": 1, "args": {}}}]},
            r"tool\.tool: is a JSON int",
        ),
        (
            {"prompt": "q", "completion": [{"tool": {"tool": "t", "args": {"x": float("inf")}}}]},
            "holds a number that JSON has not",
        ),
        ({"prompt": "q", "completion": "a", "tool_calls": {}}, "tool_calls: is not a list"),
        ({"prompt": "q", "completion": "a", "slots": 1}, "slots: 1 is not a yes or no"),
        ({"messages": []}, "messages: is not a list of messages"),
        (
            {"messages": [USER, {"role": "bot", "content": ""}]},
            r"messages\[1\]: there is no role 'bot'",
        ),
        ({"messages": [GOOD]}, r"messages\[0\]: a message by assistant comes first"),
        ({"messages": [USER, USER, GOOD]}, r"messages\[1\]: a message by user follows user"),
        ({"messages": [USER, GOOD, USER]}, "the last message is by user"),
        (
            {"messages": [USER, GOOD, RESULT, GOOD]},
            r"messages\[2\]: a result follows an answer that ends",
        ),
        (
            {"messages": [USER, {"role": "assistant"}]},
            r"messages\[1\]: the field 'content' is missing",
        ),
        ({"messages": [{**USER, "tool_calls": []}, GOOD]}, "a message by user calls no tools"),
        ({"messages": [USER, GOOD], "prompt": "q"}, "there is no field 'prompt'"),
        ({"prompt": "\ud800", "completion": "a"}, "half of a surrogate pair"),
        (["prompt"], "is a JSON list, not an object"),
    ],
)
def test_mistakes_are_named_with_file_line_and_field(
    tmp_path: Path, record: object, message: str
) -> None:
    file = load(tmp_path, {"prompt": "fine", "completion": "fine"}, record)
    with pytest.raises(InputError, match=message) as caught:
        list(read_records([file]))
    assert str(caught.value).startswith(f"{file}:2: ")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"prompt": "q", "chosen": "a"}, "the field 'rejected' is missing"),
        ({"prompt": "q", "chosen": "a", "rejected": "a"}, "chosen and rejected are the same"),
        ({"prompt": "q", "chosen": "a", "rejceted": "b"}, "did you mean rejected"),
        ({"messages": [USER, GOOD], "chosen": "a", "rejected": "b"}, "end with what chosen"),
        ({"prompt": "q", "chosen": "", "rejected": "b"}, "chosen: is empty"),
    ],
)
def test_mistakes_in_pairs(tmp_path: Path, record: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(read_preferences([load(tmp_path, record)]))


def test_files_of_records(tmp_path: Path) -> None:
    line = json.dumps({"prompt": "q", "completion": "a"})
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    (tmp_path / "b.jsonl").write_text(f"{line}\n\n{line}\n")
    (tmp_path / "c_TEST.jsonl").write_text(line)
    records = list(read_records([tmp_path]))
    assert [Path(record.where).name for record in records] == [
        "a.jsonl.gz:1",
        "b.jsonl:1",
        "b.jsonl:3",
    ]
    with pytest.raises(InputError, match="for evaluation only"):
        list(read_records([tmp_path / "c_TEST.jsonl"]))
    (tmp_path / "d.txt").write_text("text")
    with pytest.raises(InputError, match=r"d\.txt: holds no records"):
        list(read_records([tmp_path / "d.txt"]))
    (tmp_path / "e.jsonl").write_text("\n")
    with pytest.raises(InputError, match=r"e\.jsonl: holds no record"):
        list(read_records([tmp_path / "e.jsonl"]))
