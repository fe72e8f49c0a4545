"""What `tress-web` promises beside the right answer: inputs of every kind, cancelling, clear errors, exact PNG."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[3] / "examples"
LEMUR = (EXAMPLES / "lemur.jpg").read_bytes()
FETCH = "const blob = await (await fetch('/given/image', {cache: 'no-store'})).blob();"


@pytest.fixture
def refused(package):
    """The error that a script ends with."""

    def run(script, **given):
        with pytest.raises(Exception, match="TressError") as raised:
            package.run_with_remover(script, **given)
        return raised.value.code

    return run


@pytest.fixture
def lemur(package):
    package.served.files["given/image"] = LEMUR
    return package


def test_one_line_makes_a_png(lemur):
    kind = lemur.run(
        f"{FETCH} const body = await tress.remove(blob); await fetch('/', {{method: 'POST', body}}); return body.type;"
    )
    cutout = Image.open(io.BytesIO(lemur.served.posted.pop()))
    assert (kind, cutout.mode, cutout.size) == ("image/png", "RGBA", (680, 440))
    assert np.asarray(cutout)[..., 3].min() == 0


def test_all_kinds_of_pictures_are_one(lemur):
    same = lemur.run_with_remover(
        f"""
        {FETCH}
        const bitmap = await createImageBitmap(blob);
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
        const pen = canvas.getContext("2d");
        pen.drawImage(bitmap, 0, 0);
        const image = new Image();
        image.src = URL.createObjectURL(blob);
        const {{alpha}} = await remover.matte(blob);
        const answers = [];
        for (const picture of [bitmap, canvas, image, pen.getImageData(0, 0, canvas.width, canvas.height)]) {{
          const other = await remover.matte(picture);
          answers.push(other.alpha.every((value, i) => value === alpha[i]));
        }}
        // They are still the caller's.
        return [...answers, bitmap.width, image.naturalWidth];
        """
    )
    assert same == [True, True, True, True, 680, 680]


def test_orientation_is_applied(package):
    exif = Image.Exif()
    exif[0x112] = 6
    turned = io.BytesIO()
    Image.open(io.BytesIO(LEMUR)).rotate(90, expand=True).save(turned, "JPEG", quality=95, exif=exif)
    found = package.matte(turned.getvalue())
    assert (found.width, found.height) == (680, 440)
    assert np.abs(found.alpha - package.matte(LEMUR).alpha).mean() < 0.02


def test_transparent_parts_of_a_picture_stay_so(package):
    picture = Image.open(io.BytesIO(LEMUR)).convert("RGBA")
    picture.putalpha(Image.fromarray(np.full((440, 680), 255, np.uint8) * (np.arange(680) > 300).astype(np.uint8)))
    half = io.BytesIO()
    picture.save(half, "PNG")
    alpha = package.matte(half.getvalue()).alpha
    assert not alpha[:, :300].any()
    assert alpha[:, 301:].max() > 0.9


def test_the_page_lives_on_while_a_picture_is_worked_on(lemur):
    ticks, share = lemur.run_with_remover(
        f"""
        {FETCH}
        let ticks = 0;
        const timer = setInterval(() => (ticks += 1), 5);
        let share = 0;
        await remover.matte(blob, {{onProgress: (done) => (share = done)}});
        clearInterval(timer);
        return [ticks, share];
        """
    )
    assert ticks > 10
    assert share == 1


def test_a_stopped_picture_makes_room_for_the_next(lemur):
    names = lemur.run_with_remover(
        f"""
        {FETCH}
        const stop = new AbortController();
        const name = (work) => work.then(() => "done", (error) => error.name);
        const works = [remover.matte(blob, {{signal: stop.signal}}), remover.matte(blob, {{signal: stop.signal}})];
        setTimeout(() => stop.abort(), 50);
        const stopped = await Promise.all(works.map(name));
        return [...stopped, await name(remover.matte(blob)), await name(remover.matte(blob, {{signal: stop.signal}}))];
        """
    )
    assert names == ["AbortError", "AbortError", "done", "AbortError"]


def test_nothing_comes_after_close(lemur, refused):
    assert refused(
        f"""
        {FETCH}
        const second = await tress.Remover.load({{threads: 1}});
        second.close();
        await second.matte(blob);
        """
    ) == ("closed")


def test_wrong_pictures(package, refused):
    assert refused("await remover.matte(new Blob([]))") == "file_empty"
    assert refused("await remover.matte(new Blob(['no picture']))") == "picture_unsupported"
    assert refused("await remover.matte(new Image())") == "picture_unsupported"
    package.served.files["given/image"] = LEMUR
    small = "const small = await tress.Remover.load({maxMegapixels: 0.2});"
    assert refused(f"{FETCH} {small} try {{ await small.matte(blob); }} finally {{ small.close(); }}") == (
        "picture_too_large"
    )


def test_wrong_options(package, refused):
    package.matte(LEMUR)
    assert refused(f"{FETCH} await remover.matte(blob, {{region: '0 0 9999 10'}})") == "region_outside"
    assert refused(f"{FETCH} await remover.matte(blob, {{region: [5, 5, 5, 20]}})") == "region_empty"
    assert refused(f"{FETCH} await remover.matte(blob, {{region: 'left'}})") == "option_value"
    square = "const keep = await createImageBitmap(new ImageData(40, 40));"
    assert refused(f"{FETCH} {square} await remover.matte(blob, {{keep}})") == "marks_shape"
    assert refused("await matte.over('no colour')") == "option_value"
    assert refused("await matte.render({sparkle: 'true'})") == "option_unknown"
    assert refused("await matte.render({format: 'jpeg'})") == "jpeg_transparent"
    assert refused("await matte.render({mask: 'true', shadow: 'drop'})") == "option_conflict"


def test_marks_that_mark_nothing_are_told(package):
    black = io.BytesIO()
    Image.new("L", (680, 440)).save(black, "PNG")
    assert package.matte(LEMUR, keep=black.getvalue()).warnings == ["nothing is marked to keep; marks are bright"]


def test_backgrounds(package):
    package.matte(LEMUR)
    sizes = package.run(
        """
        const picture = await new OffscreenCanvas(8, 8).getContext("2d").canvas.convertToBlob();
        const works = ["white", [255, 255, 255], picture].map((background) => matte.over(background));
        return (await Promise.all(works)).map((png) => png.size);
        """
    )
    assert sizes[0] == sizes[1]
    # A clear picture lies on white.
    assert sizes[2] == sizes[0]


def test_other_formats_have_what_was_asked_for(package):
    package.matte(LEMUR)
    for name in package.run("return await tress.formats()"):
        made = package.render(format=name, background="rgb(0 0 255)", quality="95")
        picture = Image.open(io.BytesIO(made.content))
        assert (made.type, picture.size) == (f"image/{name}", (680, 440))
        assert np.abs(np.asarray(picture.convert("RGB"))[0, 0].astype(int) - (0, 0, 255)).max() <= 4


def test_loading_tells_how_far_it_is(package):
    steps = package.run(
        """
        const steps = [];
        const other = await tress.Remover.load({onProgress: (step) => steps.push(step)});
        other.close();
        return steps;
        """
    )
    loaded = [step["loaded"] for step in steps]
    assert loaded == sorted(loaded)
    assert loaded[-1] == steps[-1]["total"] == sum(len(_content(package, name)) for name in LOADED)


LOADED = [
    "browser/networks/tress-locator.onnx",
    "browser/networks/tress-refiner.onnx",
    "browser/runtime/ort-wasm-simd-threaded.wasm",
]


def _content(package, name):
    return package.served.files[name].read_bytes()


def test_networks_that_are_not_there_or_not_ours(package):
    torn = bytearray(_content(package, LOADED[0]))
    torn[1000] ^= 1
    package.served.files.update({"other/tress-locator.onnx": bytes(torn), "other/tress-refiner.onnx": b"short"})
    for folder, code in (("other", "model_checksum"), ("nowhere", "model_not_found")):
        with pytest.raises(Exception, match=folder) as raised:
            package.run(f"await tress.Remover.load({{base: '/{folder}'}})")
        assert raised.value.code == code
        assert raised.value.hint


def test_a_device_that_is_not_there_is_an_error(package):
    with pytest.raises(Exception, match="WebGPU") as raised:
        package.run("await tress.Remover.load({device: 'webgpu'})")
    assert raised.value.code == "runtime_not_found"


def test_browsers_that_cannot(package):
    code = package.run(
        """
        const {loadNetworks} = await import("/browser/src/engine.js");
        const kept = globalThis.WebAssembly;
        delete globalThis.WebAssembly;
        try {
          return await loadNetworks({}, () => {}).then(() => "done", (error) => error.code);
        } finally {
          globalThis.WebAssembly = kept;
        }
        """
    )
    assert code == "no_webassembly"
    memory = package.run(
        """
        const {toPlain} = await import("/browser/src/errors.js");
        try {
          return new Float32Array(2 ** 52);
        } catch (error) {
          return toPlain(error);
        }
        """
    )
    assert memory["code"] == "out_of_memory"


def test_the_png_has_every_byte(package):
    """Also colours under an alpha of 1 of 255, which a canvas would lose."""
    rng = np.random.default_rng(3)
    for channels, mode in ((1, "L"), (3, "RGB"), (4, "RGBA")):
        pixels = rng.integers(0, 256, (131, 97, channels), np.uint8)
        pixels[..., -1] %= 4
        package.served.files["given/pixels"] = pixels.tobytes()
        package.run(
            """
            const {encodePng} = await import("/browser/src/io/png.js");
            const {Raster} = await import("/browser/src/arrays.js");
            const data = new Uint8Array(await (await fetch("/given/pixels", {cache: "no-store"})).arrayBuffer());
            const png = await encodePng(new Raster(data, 131, 97, given.channels));
            await fetch("/", {method: "POST", body: png});
            """,
            channels=channels,
        )
        picture = Image.open(io.BytesIO(package.served.posted.pop()))
        assert (picture.mode, picture.info["srgb"]) == (mode, 1)
        assert np.array_equal(np.asarray(picture).reshape(pixels.shape), pixels)
