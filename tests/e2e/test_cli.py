"""The command line as users run it: a process of its own, real files."""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
LEMUR = ROOT / "examples" / "lemur.jpg"
TINY = ("--model", str(ROOT / "tests" / "data" / "tiny_locator.onnx"), "--no-refine")
COMMAND = (sys.executable, "-W", "error", "-c", "from tress.cli.main import run; run()")


def tress(*arguments: object, stdin: bytes | None = None, cwd: Path | None = None, **env: str):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "100", **env},
        timeout=120,
        check=False,
    )


def picture(path: Path, *, blue: int = 255, width: int = 96, height: int = 64) -> Path:
    """To the tiny network red is subject, and blue how sure it is that there is one."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 2] = blue
    pixels[height // 4 : height * 3 // 4, width // 3 : width * 2 // 3, 0] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def ends_well(result, code: int = 0) -> str:
    """The exit code is right and stderr is for people; returns stderr."""
    said = result.stderr.decode()
    assert result.returncode == code, said
    assert "Traceback" not in said
    return said


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return picture(tmp_path / "photo.png")


def test_one_command_cuts_out_a_real_photo(tmp_path):
    lemur = tmp_path / "lemur.jpg"
    lemur.write_bytes(LEMUR.read_bytes())
    said = ends_well(tress(lemur))
    with Image.open(lemur) as before, Image.open(tmp_path / "lemur.cutout.png") as after:
        assert after.size == before.size
        assert after.mode == "RGBA"
        alpha = np.asarray(after)[..., 3]
    # The animal fills the middle, and there is only leaf in the upper corners.
    assert alpha[150:350, 250:420].mean() > 200
    assert alpha[:60, :60].mean() < 20
    assert alpha[:60, -60:].mean() < 20
    assert "lemur.cutout.png (680x440" in said
    assert "on cpu" in said or "on cuda" in said
    assert lemur.read_bytes() == LEMUR.read_bytes()


def test_nothing_is_overwritten_without_being_asked(photo):
    ends_well(tress(photo, *TINY))
    target = photo.with_name("photo.cutout.png")
    target.write_bytes(b"precious")
    said = ends_well(tress(photo, *TINY), 2)
    assert said.startswith("error: ")
    assert "hint: " in said
    assert target.read_bytes() == b"precious"
    ends_well(tress(photo, *TINY, "--overwrite"))
    assert target.read_bytes() != b"precious"


def test_output_options_reach_the_picture(photo, tmp_path):
    target = tmp_path / "shop.jpg"
    options = ("--background", "#00ff00", "--crop", "--margin", "50%", "--size", "40x40", "--quality", "95")
    ends_well(tress("cut", photo, *TINY, *options, "-o", target))
    with Image.open(target) as made:
        assert (made.format, made.size, made.mode) == ("JPEG", (40, 40), "RGB")
        pixels = np.asarray(made).astype(int)
    assert np.abs(pixels[2, 2] - (0, 255, 0)).max() < 30
    assert np.abs(pixels[20, 20] - (255, 0, 255)).max() < 30


def test_a_picture_as_background(photo, tmp_path):
    behind = tmp_path / "behind.png"
    Image.new("RGB", (10, 10), (0, 255, 0)).save(behind)
    ends_well(tress(photo, *TINY, "--background", behind))
    with Image.open(tmp_path / "photo.cutout.png") as made:
        assert made.getpixel((1, 1)) == (0, 255, 0)


def test_from_stdin_to_stdout(photo):
    result = tress("-", *TINY, stdin=photo.read_bytes())
    ends_well(result)
    with Image.open(io.BytesIO(result.stdout)) as made:
        assert (made.format, made.size) == ("PNG", (96, 64))


def test_stdout_takes_the_format_that_is_asked_for(photo):
    result = tress(photo, *TINY, "-o", "-", "--format", "webp")
    ends_well(result)
    with Image.open(io.BytesIO(result.stdout)) as made:
        assert made.format == "WEBP"


def test_a_folder_keeps_its_tree_and_one_bad_file_stops_nobody(tmp_path):
    folder = tmp_path / "in"
    picture(folder / "a.png")
    picture(folder / "deep" / "er" / "b.png")
    (folder / "bad.jpg").write_bytes(b"this is no picture")
    said = ends_well(tress(folder, *TINY, "-o", tmp_path / "out", "--format", "webp"), 1)
    assert files(tmp_path / "out") == ["a.webp", "deep/er/b.webp"]
    assert "bad.jpg" in said
    assert "2 of 3 written, 1 failed" in said


def test_json_has_one_line_for_each_input(tmp_path):
    folder = tmp_path / "in"
    picture(folder / "a.png")
    (folder / "b.png").write_bytes(b"")
    picture(folder / "c.png", blue=0)
    result = tress(folder, *TINY, "-o", tmp_path / "out", "--json")
    assert ends_well(result, 1) == ""
    good, bad, empty = (json.loads(line) for line in result.stdout.decode().splitlines())
    assert good["input"] == str(folder / "a.png")
    assert good["output"] == str(tmp_path / "out" / "a.png")
    assert (good["width"], good["height"]) == (96, 64)
    assert good["bytes"] == (tmp_path / "out" / "a.png").stat().st_size
    assert (good["found"], good["device"], good["model"], good["error"]) == (True, "cpu", "tiny_locator", None)
    assert all(seconds >= 0 for seconds in good["seconds"].values())
    assert 0 <= good["confidence"] <= 1
    assert bad["output"] is None
    assert bad["error"]["code"] == "file_empty"
    assert (empty["found"], len(empty["warnings"])) == (False, 1)
    assert set(good["box"]) == {"left", "top", "width", "height"}
    assert good["box"]["width"] > 0
    assert empty["box"] is None


def test_no_subject_is_warned_about_and_has_an_exit_code(tmp_path):
    said = ends_well(tress(picture(tmp_path / "wall.png", blue=0), *TINY, "--quiet"), 4)
    assert said.startswith("warning: ")
    assert (tmp_path / "wall.cutout.png").exists()


def test_the_command_may_be_left_out_whatever_comes_first(photo):
    ends_well(tress("--mask", photo, *TINY))
    with Image.open(photo.with_name("photo.cutout.png")) as made:
        assert made.mode == "L"
    odd = picture(photo.with_name("-q.png"))
    ends_well(tress(*TINY, "--", odd.name, cwd=photo.parent))
    assert odd.with_name("-q.cutout.png").exists()


def test_quiet_says_nothing(photo):
    result = tress(photo, *TINY, "-q")
    assert ends_well(result) == ""
    assert result.stdout == b""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["missing.jpg"], 2, "missing.jpg does not exist"),
        (["photo.png", "--format", "jpeg"], 2, "jpeg cannot store"),
        (["photo.png", "-o", "x.jpg"], 2, "jpeg cannot store"),
        (["photo.png", "-o", "x.webp", "--format", "png"], 2, "is a name for webp"),
        (["photo.png", "--background", "nowhere.png"], 2, "background is 'nowhere.png'"),
        (["photo.png", "--background", "note.txt"], 2, "not a picture"),
        (["photo.png", "--margin", "5%"], 2, "without crop"),
        (["photo.png", "--bakground", "white"], 2, "--bakground"),
        (["photo.png", "--threads", "0"], 2, "threads is 0"),
        (["photo.png", "--threads", "many"], 2, "threads"),
        (["photo.png", "--max-megapixels", "nan"], 2, "max-megapixels"),
        (["photo.png", "--max-megapixels", "0.001"], 2, "megapixels"),
        (["photo.png", "--json", "-o", "-"], 2, "stdout"),
        (["cut"], 2, "INPUT"),
        (["modles"], 2, "no command or picture"),
        (["--nonsense"], 2, "--nonsense"),
        (["photo.png", "--model", "nonsense"], 3, "nonsense"),
        (["photo.png", "--model", "note.txt"], 3, "note.txt"),
        (["photo.png", "--device", "tpu"], 3, "tpu"),
    ],
)
def test_mistakes_are_told_in_a_line_and_leave_nothing_behind(photo, arguments, code, words):
    (photo.parent / "note.txt").write_text("no picture")
    model = () if "--model" in arguments or len(arguments) < 2 else TINY
    before = files(photo.parent)
    said = ends_well(tress(*arguments, *model, cwd=photo.parent), code)
    assert said.startswith("error: ")
    assert words in said
    assert files(photo.parent) == before


def test_a_device_that_is_not_there_is_an_error(photo):
    absent = "coreml" if sys.platform != "darwin" else "directml"
    said = ends_well(tress(photo, *TINY, "--device", absent), 3)
    assert absent in said.lower()


def test_two_inputs_that_would_share_a_result_are_refused_first(tmp_path):
    one, two = picture(tmp_path / "x" / "a.png"), picture(tmp_path / "y" / "a.png")
    ends_well(tress(one, two, *TINY, "-o", tmp_path / "out"), 2)
    assert not (tmp_path / "out").exists()


def test_ctrl_c_stops_and_leaves_no_broken_file(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    source = picture(folder / "0000.png", width=1200, height=900).read_bytes()
    for number in range(1, 200):
        (folder / f"{number:04}.png").write_bytes(source)
    process = subprocess.Popen(
        [*COMMAND, str(folder), *TINY, "-o", str(out)], stderr=subprocess.PIPE, start_new_session=True
    )
    while not list(out.glob("*.png")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in said
    done = files(out)
    assert 0 < len(done) < 200
    for name in done:
        assert name.endswith(".png")
        with Image.open(out / name) as made:
            made.load()


@pytest.mark.parametrize("arguments", [["models"], ["--version"]])
def test_a_reader_that_goes_away_is_met_with_silence(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run([*COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writing)
    assert process.returncode == 1
    assert process.stderr == b""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_second_run_over_all_files_goes_on_where_the_first_stopped(tmp_path):
    for name in ("a", "b"):
        picture(tmp_path / f"{name}.png")
    ends_well(tress(*TINY, "a.png", cwd=tmp_path))
    first = (tmp_path / "a.cutout.png").stat().st_mtime_ns
    names = ["a.cutout.png", "a.png", "b.png"]
    assert "--skip-existing" in ends_well(tress(*TINY, *names, cwd=tmp_path), 2)
    said = ends_well(tress(*TINY, *names, "--skip-existing", cwd=tmp_path))
    assert "a.cutout.png is an earlier result" in said
    assert files(tmp_path) == ["a.cutout.png", "a.png", "b.cutout.png", "b.png"]
    assert (tmp_path / "a.cutout.png").stat().st_mtime_ns == first
    assert "nothing to do" in ends_well(tress(*TINY, *names, "--skip-existing", cwd=tmp_path))
    assert "exclude each other" in ends_well(tress(*TINY, "a.png", "--skip-existing", "--overwrite", cwd=tmp_path), 2)


def test_the_background_picture_is_never_overwritten(photo, tmp_path):
    behind = picture(tmp_path / "behind.png", blue=0)
    before = behind.read_bytes()
    said = ends_well(tress(*TINY, photo, "--background", behind, "-o", behind, "--overwrite"), 2)
    assert "would replace the input" in said
    assert behind.read_bytes() == before
    text = tmp_path / "notes.png"
    text.write_text("no picture")
    assert f"background {text}" in ends_well(tress(*TINY, photo, "--background", text, "-o", tmp_path / "x.png"), 2)


def in_shell(line: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    command = shlex.join([*COMMAND, *TINY])
    line = line.replace("TRESS", command)
    return subprocess.run(line, shell=True, cwd=cwd, capture_output=True, timeout=120, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", ["-o -", "--json", "--json --quiet"])
def test_a_full_disk_behind_stdout_is_an_error_of_its_own(photo, arguments):
    said = ends_well(in_shell(f"TRESS {photo} {arguments} > /dev/full", photo.parent), 2)
    assert "cannot write to standard output" in said
    assert "bug" not in said


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_closed_streams_are_no_reason_to_stop(photo, tmp_path):
    ends_well(in_shell(f"TRESS {photo} -o a.png >&-", tmp_path))
    in_shell(f"TRESS {photo} -o - 2>&- > b.png", tmp_path)
    with Image.open(tmp_path / "a.png") as left, Image.open(tmp_path / "b.png") as right:
        np.testing.assert_array_equal(np.asarray(left), np.asarray(right))


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_messages_that_nobody_reads_never_land_in_the_picture(photo, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    line = f"(exec 3<pipe; exec 3<&-) & TRESS {photo} -o - 2>pipe > cut.png"
    in_shell(line, tmp_path)
    data = (tmp_path / "cut.png").read_bytes()
    assert data.index(b"IEND") + 8 == len(data)


def test_on_a_terminal_there_is_a_progress_bar_and_json_stays_on_stdout(tmp_path):
    import pty

    folder = tmp_path / "in"
    picture(folder / "a.png")
    picture(folder / "b.png")
    main, other = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, str(folder), *TINY, "-o", str(tmp_path / "out"), "--json"], stdout=subprocess.PIPE, stderr=other
    )
    os.close(other)
    stdout, _ = process.communicate(timeout=60)
    shown = os.read(main, 1 << 16).decode()
    os.close(main)
    assert process.returncode == 0
    assert "2/2" in shown
    assert [json.loads(line)["error"] for line in stdout.decode().splitlines()] == [None, None]


def test_models_lists_our_own_first():
    result = tress("models", "--json")
    ends_well(result)
    first = json.loads(result.stdout.decode().splitlines()[0])
    assert first["bundled"]
    assert "default" in first["aliases"]
    text = tress("models").stdout.decode()
    assert "licence" in text
    assert first["name"] in text


def test_version_and_help():
    version = tress("--version")
    ends_well(version)
    assert version.stdout.decode().startswith("tress ")
    for arguments in ([], ["--help"], ["cut", "--help"], ["models", "-h"]):
        result = tress(*arguments)
        ends_well(result)
        assert result.stdout.decode().startswith("Usage: tress")


def test_help_loads_no_heavy_library():
    code = (
        "import sys; from tress.cli.main import main; main(['cut', '--help']);"
        "print([m for m in ('cv2', 'PIL', 'onnxruntime', 'rich', 'torch') if m in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stderr.decode().strip() == "[]"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_shell_completion_is_installed_and_answers(tmp_path):
    # Installing asks which shell it was called from, so it must be called from one.
    line = [shutil.which("bash"), "-c", f"{shlex.join([*COMMAND, '--install-completion'])}; exit $?"]
    home = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    ends_well(subprocess.run(line, capture_output=True, env=home, timeout=120, check=False))
    assert files(tmp_path)
    asked = {"_TRESS_COMPLETE": "complete_bash", "COMP_CWORD": "3", "COMP_WORDS": "tress cut --shadow "}
    assert tress(**asked).stdout.decode().split() == ["none", "drop", "contact"]


def test_a_bug_is_one_line_and_a_traceback_only_on_request(photo):
    code = (
        "import sys, tress.produce;"
        "tress.produce.produce = lambda *a: 1 / 0;"
        "from tress.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, str(photo), *TINY]
    plain = subprocess.run(command, capture_output=True, check=False)
    said = ends_well(plain, 70)
    assert "unexpected ZeroDivisionError" in said
    assert "report" in said
    debug = subprocess.run([*command, "--debug"], capture_output=True, check=False)
    assert debug.returncode == 70
    assert b"Traceback" in debug.stderr


def test_python_runs_it_as_a_module(tmp_path):
    command = [sys.executable, "-m", "tress", str(picture(tmp_path / "photo.png")), *TINY, "--mask", "--invert"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "photo.cutout.png") as mask:
        assert mask.mode == "L"
        assert mask.getpixel((0, 0)) == 255
