"""``havoc train`` from end to end, on a corpus and a network that take seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from havoc.bundle import Bundle
from havoc.cli import main
from havoc.data.manifest import read_manifest
from havoc.tokenizer import HavocTokenizer
from havoc.train.checkpoint import checkpoints
from havoc.train.tracking import read_events
from training_examples import ROOT, documents, small_config
from tuning_examples import OPERATIONS, preferences, tool_records, write_lines

SHORT = (
    *("--max-steps", "6", "--batch-size", "2", "--sequence-length", "32", "--eval-every", "3"),
    *("--log-every", "2", "--eval-sequences", "2", "--sample-tokens", "3", "--threads", "1"),
)
TUNING = ("--max-steps", "3", "--batch-size", "2", "--sequence-length", "96", "--threads", "1")

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a user would bring: text, a shape, records."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "corpus").mkdir()
    texts = ({"text": text, "id": str(n)} for n, text in enumerate(documents()))
    write_lines(folder / "corpus" / "pages.jsonl", texts)
    shape = small_config(max_seq_len=128)
    values = {name: getattr(shape, name) for name in shape.__dataclass_fields__}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(values))
    write_lines(folder / "sft.jsonl", tool_records())
    write_lines(folder / "prefs.jsonl", preferences())
    return folder


@pytest.fixture(scope="module")
def tokenizer(place: Path) -> Path:
    out = place / "tokenizer.model"
    corpus = str(place / "corpus")
    assert main(["train", "tokenizer", "--data", corpus, "--vocab-size", "1024", *to(out)]) == 0
    return out


@pytest.fixture(scope="module")
def shards(place: Path, tokenizer: Path) -> Path:
    out = place / "shards"
    data = ("--data", str(place / "corpus"), "--tokenizer", str(tokenizer))
    assert main(["train", "data", *data, *to(out)]) == 0
    return out


@pytest.fixture(scope="module")
def pretrained(place: Path, tokenizer: Path, shards: Path) -> Path:
    out = place / "runs" / "a"
    assert main([*begin(place, tokenizer, shards), *to(out), "--quiet"]) == 0
    return out


def to(out: Path) -> tuple[str, str]:
    return ("--out", str(out))


def begin(place: Path, tokenizer: Path | None, data: Path) -> list[str]:
    """The command that pretrains; the folder of the run is still to be named."""
    named = ["--tokenizer", str(tokenizer)] if tokenizer else []
    shape = ["--config", str(place / "tiny.yaml")]
    return ["train", "pretrain", *shape, "--data", str(data), *named, *SHORT]


def one_error(arguments: list[str], capsys: Capture) -> str:
    """The only line that a command that must fail says."""
    capsys.readouterr()
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1, said
    assert said.err.startswith("havoc: ") and len(said.err) < 400
    return said.err.removeprefix("havoc: ").rstrip("\n")


# what the phases leave -----------------------------------------------------------------


def test_tokenizer(place: Path, tokenizer: Path, tmp_path: Path, capsys: Capture) -> None:
    assert HavocTokenizer.load(tokenizer).vocab_size == 1024
    command = ["train", "tokenizer", "--data", str(place / "corpus"), "--vocab-size", "1024"]
    # a folder takes the file; the same text gives the same vocabulary
    assert main([*command, *to(tmp_path / "new" / "folder")]) == 0
    said = capsys.readouterr()
    written = tmp_path / "new" / "folder" / "tokenizer.model"
    assert said.out == f"1,024 ids in {written}\n"
    assert said.err == "learning 1,024 ids from the text\n"
    assert written.read_bytes() == tokenizer.read_bytes()
    assert "is there already" in one_error([*command, *to(tmp_path / "new" / "folder")], capsys)


def test_the_tokenizer_lies_here_unless_told_otherwise(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["train", "tokenizer", "--data", str(place / "corpus"), "--vocab-size", "800"]
    assert main([*command, "--quiet"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["tokenizer.model"]


def test_data(place: Path, tokenizer: Path, tmp_path: Path, capsys: Capture) -> None:
    capsys.readouterr()
    (tmp_path / "in").mkdir()
    text = write_lines(tmp_path / "in" / "t.jsonl", [{"text": text} for text in documents()[:60]])
    (tmp_path / "in" / "items_TEST.jsonl").write_text("{}")
    data = ("--data", str(text.parent), "--tokenizer", str(tokenizer.parent))
    assert main(["train", "data", *data, *to(tmp_path / "shards")]) == 0
    said = capsys.readouterr()
    group = read_manifest(tmp_path / "shards").groups["data"]
    assert f"data: weight 1, {group.train.tokens:,} tokens for training" in said.out
    assert "left out: items_TEST.jsonl (for evaluation only)" in said.out
    assert said.out.endswith(f"shards in {tmp_path / 'shards'}\n")
    assert "preparing file 1 of 1" in said.err
    # the same inputs are not prepared twice
    assert main(["train", "data", *data, *to(tmp_path / "shards"), "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_pretrain_from_shards(pretrained: Path) -> None:
    assert {path.name for path in pretrained.iterdir()} == {
        *("run.json", "metrics.jsonl", "tokenizer.model", "checkpoints", "bundle", "card.md")
    }
    bundle = Bundle.open(pretrained / "bundle")
    assert bundle.card["steps"] == 6 and bundle.config == small_config(max_seq_len=128)
    samples = [e for e in read_events(pretrained / "metrics.jsonl") if e["event"] == "sample"]
    assert {event["step"] for event in samples} == {3, 6} and len(samples) == 6
    assert main(["bundle", "verify", str(pretrained)]) == 0


def test_pretrain_from_text_alone(place: Path, tmp_path: Path, capsys: Capture) -> None:
    capsys.readouterr()
    out = tmp_path / "run"
    assert main([*begin(place, None, place / "corpus"), *to(out)]) == 0
    said = capsys.readouterr()
    assert said.out == f"6 steps; the network is in {out}/bundle, see {out}/card.md\n"
    assert said.err.startswith("learning 1,024 ids from the text\n")
    assert (out / "shards" / "manifest.json").is_file()
    # the shards lie in the run folder, which may move
    assert json.loads((out / "run.json").read_text())["data"] == ["shards"]
    moved = out.rename(tmp_path / "moved")
    assert main(["train", "pretrain", *to(moved), "--resume", "--quiet"]) == 0


def test_a_time_limit_stops_and_resume_goes_on(
    place: Path, tokenizer: Path, shards: Path, pretrained: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "run"
    command = [*begin(place, tokenizer, shards), *to(out), "--quiet"]
    capsys.readouterr()
    assert main([*command, "--minutes", "1e-6"]) == 0
    advice = f"havoc train pretrain --out {out} --resume"
    assert capsys.readouterr().out == f"stopped and saved after 1 steps; go on with {advice}\n"
    assert not (out / "bundle").exists() and len(checkpoints(out / "checkpoints")) == 1
    # the limit is that of one start; and the advice is a command
    assert main([*advice.split()[1:], "--minutes", "1e-6", "--quiet"]) == 0
    assert "after 2 steps" in capsys.readouterr().out
    assert main([*advice.split()[1:], "--quiet"]) == 0
    weights = (out / "bundle" / "model.safetensors").read_bytes()
    assert weights == (pretrained / "bundle" / "model.safetensors").read_bytes()
    # the whole command with --resume after it is as good, also for a run that has finished
    assert main([*command, "--resume"]) == 0
    assert (out / "bundle" / "model.safetensors").read_bytes() == weights


def test_sft_and_polish(place: Path, pretrained: Path, tmp_path: Path, capsys: Capture) -> None:
    """Without --out, each run lies beside the one that it goes on from."""
    held_out = write_lines(tmp_path / "held_out.jsonl", tool_records()[:2])
    capsys.readouterr()
    sft = ["train", "sft", "--from", str(pretrained), "--data", str(place / "sft.jsonl")]
    assert main([*sft, "--validation", str(held_out), *TUNING]) == 0
    said = capsys.readouterr()
    assert "6 training records" in said.err and "2 held out records" in said.err
    tuned = pretrained.with_name("a-sft")
    assert str(tuned / "bundle") in said.out
    card = Bundle.open(tuned / "bundle").card
    assert card["phase"] == "sft" and card["settings"]["learning_rate"] == 1e-4
    assert card["settings"]["min_learning_rate"] == pytest.approx(1e-5)

    polish = ["train", "polish", "--from", str(tuned / "bundle"), *TUNING, "--quiet"]
    preferred = ["--data", str(place / "prefs.jsonl"), "--beta", "0.2"]
    assert main([*polish, *preferred, "--minutes", "1e-6"]) == 0
    polished = pretrained.with_name("a-sft-polish")
    assert main(["train", "polish", *to(polished), "--resume", "--quiet"]) == 0
    card = Bundle.open(polished / "bundle").card
    assert card["samples"]["beta"] == 0.2 and card["settings"]["learning_rate"] == 1e-5
    assert card["base_weights"] == Bundle.open(tuned / "bundle").card["files"]["model.safetensors"]

    out = tmp_path / "conversations"
    assert main([*polish, "--data", str(place / "sft.jsonl"), *to(out)]) == 0
    assert Bundle.open(out / "bundle").card["samples"]["training_records"] == len(OPERATIONS)


def test_settings_come_from_yaml_and_the_command_line_goes_before(
    place: Path, tokenizer: Path, shards: Path, tmp_path: Path
) -> None:
    (tmp_path / "s.yaml").write_text("learning_rate: 3e-3\nmax_steps: 500\noptimizer: muon\n")
    command = [*begin(place, tokenizer, shards), *to(tmp_path / "run"), "--quiet"]
    assert main([*command, "--settings", str(tmp_path / "s.yaml")]) == 0
    settings = json.loads((tmp_path / "run" / "run.json").read_text())["settings"]
    assert (settings["learning_rate"], settings["max_steps"]) == (3e-3, 6)
    assert settings["optimizer"] == "muon" and settings["warmup_steps"] == 0
    assert settings["min_learning_rate"] == pytest.approx(3e-4)


def test_two_processes_with_the_real_command(place: Path, tmp_path: Path) -> None:
    """One prepares the text, the other waits; both train."""
    out = tmp_path / "run"
    start = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "havoc"]
    command = [*begin(place, None, place / "corpus"), *to(out), "--parallel", "ddp"]
    done = subprocess.run(
        [sys.executable, *start, *command],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("the network is in") == 1
    assert done.stderr.count("learning 1,024 ids") == 1
    card = Bundle.open(out / "bundle").card
    assert card["hardware"]["processes"] == 2 and card["tokens"] == 6 * 2 * 2 * 32


# what a user can get wrong -------------------------------------------------------------

Arguments = Callable[[dict[str, Path], Path], list[str]]


def pretraining(*changes: str, without: tuple[str, ...] = ()) -> Arguments:
    """The command that works, with other words at its end and some options left out."""

    def arguments(paths: dict[str, Path], tmp: Path) -> list[str]:
        pairs = {
            "--config": str(paths["place"] / "tiny.yaml"),
            "--data": str(paths["shards"]),
            "--tokenizer": str(paths["tokenizer"]),
            "--out": str(tmp / "run"),
        }
        kept = [word for name, v in pairs.items() if name not in without for word in (name, v)]
        filled = [word.format(tmp=tmp, **paths) for word in changes]
        return ["train", "pretrain", *kept, *SHORT, *filled]

    return arguments


def tuning(*changes: str, phase: str = "sft", without: tuple[str, ...] = ()) -> Arguments:
    def arguments(paths: dict[str, Path], tmp: Path) -> list[str]:
        pairs = {
            "--from": str(paths["pretrained"]),
            "--data": str(paths["place"] / "sft.jsonl"),
            "--out": str(tmp / "run"),
        }
        kept = [word for name, v in pairs.items() if name not in without for word in (name, v)]
        filled = [word.format(tmp=tmp, **paths) for word in changes]
        return ["train", phase, *kept, *TUNING, *filled]

    return arguments


def words(*arguments: str) -> Arguments:
    return lambda paths, tmp: ["train", *(word.format(tmp=tmp, **paths) for word in arguments)]


TEXT = ("--data", "{place}/corpus")
WRONG: dict[str, tuple[Arguments, str]] = {
    "no phase": (words(), "arguments are required: PHASE"),
    "no data": (pretraining(without=("--data",)), "--data: is missing; name text"),
    "no shape": (pretraining(without=("--config",)), "--preset, --config: give one of the two"),
    "two shapes": (pretraining("--preset", "havoc-1m"), "--preset, --config: give one of the two"),
    "unknown preset": (
        pretraining("--preset", "havoc-8", without=("--config",)),
        "there is no preset 'havoc-8'; did you mean havoc-8m?",
    ),
    "no such shape": (pretraining("--config", "{tmp}/x.yaml"), "x.yaml: cannot be read (No such"),
    "no such text": (pretraining("--data", "{tmp}/none.txt"), "none.txt: does not exist"),
    "no such folder": (pretraining("--data", "{tmp}/none/"), "none: does not exist"),
    "empty folder": (pretraining("--data", "{tmp}/empty"), "empty: holds nothing to train on"),
    "test file": (pretraining("--data", "{tmp}/a_TEST.jsonl"), "is for evaluation only"),
    "broken text": (pretraining("--data", "{tmp}/broken.jsonl"), "broken.jsonl:2: is not JSON"),
    "broken text, no tokenizer": (
        pretraining("--data", "{tmp}/broken.jsonl", without=("--tokenizer",)),
        "broken.jsonl:2: is not JSON",
    ),
    "mixture misspelt": (pretraining("--data", "{tmp}/mix.yaml"), "did you mean groups?"),
    "little text": (
        pretraining("--data", "{tmp}/little.txt", without=("--tokenizer",)),
        "the text is too small for 1024 pieces; give more text, or at most",
    ),
    "shards without tokenizer": (
        pretraining(without=("--tokenizer",)),
        "--tokenizer: is missing; name the one that the shards were made with",
    ),
    "no such tokenizer": (pretraining("--tokenizer", "{tmp}/t.model"), "t.model: cannot be read"),
    "damaged tokenizer": (
        pretraining("--tokenizer", "{tmp}/little.txt"),
        "little.txt: is damaged or no SentencePiece model; make it with havoc train tokenizer",
    ),
    "tokenizer of other shards": (
        pretraining("--tokenizer", "{tmp}/other.model"),
        "made with another tokenizer",
    ),
    "vocabulary of another size": (
        pretraining("--vocab-size", "2000"),
        "the tokenizer has 1024 ids, the network 2000; give --vocab-size 1024",
    ),
    "vocabulary of no size": (pretraining("--vocab-size", "0"), "vocab_size: is 0; give a whole"),
    "run that exists": (pretraining("--out", "{pretrained}"), "holds a run already; go on with"),
    "run that exists, from text": (
        pretraining("--out", "{pretrained}", *TEXT, without=("--tokenizer",)),
        "holds a run already; go on with --resume, or name another --out",
    ),
    "out below a file": (pretraining("--out", "{tmp}/little.txt/run"), "little.txt is no folder"),
    "out in the corpus": (
        pretraining("--data", "{tmp}/in", "--out", "{tmp}/in/run"),
        "lies within the source",
    ),
    "long sequences": (
        pretraining("--sequence-length", "512", *TEXT),
        "sequence_length: is 512; the network has 128 positions; give --sequence-length 128",
    ),
    "no such device": (pretraining("--device", "gpu"), "device: 'gpu' is no device; give cpu or"),
    "misspelt option": (pretraining("--max-step", "3"), "unrecognized arguments: --max-step 3"),
    "no number": (pretraining("--max-steps", "many"), "--max-steps: invalid int value: 'many'"),
    "impossible setting": (pretraining("--batch-size", "0"), "batch_size: is 0; give 1 or more"),
    "unknown tracker": (pretraining("--track", "mlflow"), "--track: invalid choice: 'mlflow'"),
    "misspelt setting": (
        pretraining("--settings", "{tmp}/misspelt.yaml"),
        "misspelt.yaml: there is no setting 'learning_rat'; did you mean learning_rate?",
    ),
    "setting of another kind": (
        pretraining("--settings", "{tmp}/kind.yaml"),
        "kind.yaml: save_every: is a text; give a whole number",
    ),
    "no settings file": (pretraining("--settings", "{tmp}/s.yaml"), "s.yaml: cannot be read"),
    "resume of nothing": (
        words("pretrain", "--out", "{tmp}/run", "--resume"),
        "run: holds no run; check the path, or begin it without --resume",
    ),
    "resume of another phase": (
        words("sft", "--out", "{pretrained}", "--resume"),
        "holds a run of the phase pretrain; go on with havoc train pretrain --out",
    ),
    "resume with other settings": (
        words("pretrain", "--out", "{pretrained}", "--resume", "--learning-rate", "1"),
        "learning_rate: is 1.0, the run began with 0.0003",
    ),
    "resume with another shape": (
        words("pretrain", "--out", "{pretrained}", "--resume", "--preset", "havoc-1m"),
        "is not the shape that the run began with",
    ),
    "resume of nothing named": (words("sft", "--resume"), "--out: is missing; name the folder"),
    "tokenizer: no text": (
        words("tokenizer", "--data", "{tmp}/empty", "--out", "{tmp}/run"),
        "empty: holds nothing to train on",
    ),
    "tokenizer: too few ids": (
        words("tokenizer", *TEXT, "--vocab-size", "100", "--out", "{tmp}/run"),
        "vocab_size: 100 is less than the",
    ),
    "data: no tokenizer": (
        words("data", *TEXT, "--out", "{tmp}/run"),
        "the following arguments are required: --tokenizer",
    ),
    "data: out is taken": (
        words("data", *TEXT, "--tokenizer", "{tokenizer}", "--out", "{tmp}/in"),
        "in: exists and holds no token shards",
    ),
    "sft: no base": (tuning(without=("--from",)), "--from: is missing; name a finished run"),
    "sft: no records": (tuning(without=("--data",)), "--data: is missing; name files of records"),
    "sft: no such base": (tuning("--from", "{tmp}/none"), "none: is no folder; name a bundle"),
    "sft: unfinished base": (
        tuning("--from", "{unfinished}"),
        "the run has not finished: it has no bundle yet; finish it with --resume",
    ),
    "sft: no such records": (tuning("--data", "{tmp}/none.jsonl"), "none.jsonl: does not exist"),
    "sft: text": (tuning("--data", "{tmp}/little.txt"), "little.txt: holds no records"),
    "sft: broken": (tuning("--data", "{tmp}/broken.jsonl"), "broken.jsonl:2: is not JSON"),
    "sft: preferences": (
        tuning("--data", "{place}/prefs.jsonl"),
        "prefs.jsonl:1: holds preferences, not conversations; havoc train polish takes",
    ),
    "sft: test file": (tuning("--data", "{tmp}/a_TEST.jsonl"), "is for evaluation only"),
    "polish: beta of conversations": (
        tuning("--beta", "0.2", phase="polish"),
        "beta: weighs chosen against rejected answers, and the data are conversations; leave",
    ),
    "polish: no beta": (
        tuning("--data", "{place}/prefs.jsonl", "--beta", "0", phase="polish"),
        "beta: is 0.0; give a number such as 0.1",
    ),
    "processes without torchrun": (pretraining("--parallel", "ddp"), "torchrun --nproc-per-node"),
}


@pytest.fixture(scope="module")
def paths(
    place: Path, tokenizer: Path, shards: Path, pretrained: Path, tmp_path_factory: Any
) -> dict[str, Path]:
    unfinished = tmp_path_factory.mktemp("unfinished") / "run"
    command = [*begin(place, tokenizer, shards), *to(unfinished), "--minutes", "1e-6", "--quiet"]
    assert main(command) == 0
    return {
        "place": place,
        "tokenizer": tokenizer,
        "shards": shards,
        "pretrained": pretrained,
        "unfinished": unfinished,
    }


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """Files that cannot be used."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "text.txt").write_text("\n\n".join(documents()[:5]))
    (tmp_path / "a_TEST.jsonl").write_text('{"text": "a"}\n')
    (tmp_path / "broken.jsonl").write_text(
        json.dumps({"text": documents()[0], "prompt": "a", "completion": "b"}) + "\n{\n"
    )
    (tmp_path / "little.txt").write_text("A little text that says nothing much.\n")
    (tmp_path / "mix.yaml").write_text("group:\n  a: {weight: 1, sources: [x]}\n")
    (tmp_path / "misspelt.yaml").write_text("learning_rat: 0.1\n")
    (tmp_path / "kind.yaml").write_text("save_every: many\n")
    return tmp_path


@pytest.fixture(scope="module")
def other_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the same size, but learned from other text."""
    from havoc.tokenizer import train_tokenizer

    path = tmp_path_factory.mktemp("other") / "other.model"
    path.write_bytes(train_tokenizer(documents()[::-2], 1024).model)
    return path


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_one_line(
    name: str, paths: dict[str, Path], wrong: Path, other_tokenizer: Path, capsys: Capture
) -> None:
    if name == "tokenizer of other shards":
        (wrong / "other.model").write_bytes(other_tokenizer.read_bytes())
    make, said = WRONG[name]
    before = {path: path.stat().st_mtime_ns for path in wrong.rglob("*")}
    arguments = make(paths, wrong)
    if name in QUIET:
        arguments.append("--quiet")
    message = one_error(arguments, capsys)
    assert said in message, message
    after = {path: path.stat().st_mtime_ns for path in wrong.rglob("*")}
    assert after == before, f"left behind: {set(after) - set(before)}"


QUIET = {"broken text", "broken text, no tokenizer", "little text", "tokenizer: too few ids"}
"""Here work begins, and says so, before the fault is found."""


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_cannot_be_written_is_refused(
    paths: dict[str, Path], tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    arguments = pretraining("--out", "{tmp}/closed/run")(paths, tmp_path)
    assert "closed is not writable; name another --out" in one_error(arguments, capsys)


def test_data_that_has_gone_is_missed(
    place: Path, tokenizer: Path, shards: Path, tmp_path: Path, capsys: Capture
) -> None:
    """A run whose shards were moved goes on when it is told where they lie now."""
    import shutil

    mine = tmp_path / "mine"
    shutil.copytree(shards, mine)
    out = tmp_path / "run"
    command = [*begin(place, tokenizer, mine), *to(out), "--quiet"]
    assert main([*command, "--minutes", "1e-6"]) == 0
    mine.rename(tmp_path / "moved")
    resume = ["train", "pretrain", *to(out), "--resume", "--quiet"]
    said = one_error(resume, capsys)
    assert f"{mine}: is no longer there, and the run needs it; put it back, or name" in said
    assert main([*resume, "--data", str(tmp_path / "moved")]) == 0


@pytest.mark.parametrize("phase", ["tokenizer", "data", "pretrain", "sft", "polish"])
def test_help_names_every_option_once(phase: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["train", phase, "--help"])
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: havoc train {phase} ")
    assert "None" not in said and "==" not in said
    options = [line.split()[0] for line in said.splitlines() if line.startswith("  --")]
    assert len(options) == len(set(options))
    # the default of every setting stands behind it, once
    if phase == "sft":
        assert " ".join(said.split()).count("the highest learning rate (0.0001)") == 1


def test_without_torch_the_remedy_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    command = ["train", "pretrain", "--data", str(place), "--out", str(place / "x")]
    said = one_error(command, capsys)
    assert said == 'havoc train: training needs torch; pip install "havoc[train]"'


def test_help_needs_no_torch() -> None:
    program = (
        "import sys\n"
        "from havoc.cli import main\n"
        "try: main(['train', 'pretrain', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(', '.join({'torch', 'numpy', 'sentencepiece'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_text_of_which_nothing_is_held_out_is_refused_before_any_step(
    place: Path, tokenizer: Path, tmp_path: Path, capsys: Capture
) -> None:
    """A single document is either trained on or held out, never both."""
    whole = tmp_path / "whole.txt"
    whole.write_text("\n\n".join(documents()))
    out = tmp_path / "run"
    command = ["train", "pretrain", "--config", str(place / "tiny.yaml"), "--data", str(whole)]
    said = one_error([*command, "--tokenizer", str(tokenizer), *to(out), *SHORT, "--quiet"], capsys)
    assert "holds no validation documents" in said
    assert not (out / "checkpoints").exists()
