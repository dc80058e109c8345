"""Pictures from files: every kind of file there may be in a folder, and what becomes of it."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from checks import refused
from neuroscribe.tools.data import decoding, image_files
from neuroscribe.tools.data.decoding import decode
from neuroscribe.tools.data.image_files import read_images
from neuroscribe.tools.data.pictures import ImageCorpus
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.models.image_input import crop_and_normalise
from PIL import Image
from stand_in import StandIn


def gradient(width: int = 40, height: int = 30) -> Image.Image:
    """Red grows to the right, green downwards."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, 0 * x + 60], -1).astype(np.uint8))


def pixels(path: Path) -> np.ndarray:
    picture = decode(path).picture
    assert picture.mode == "RGB"
    return np.asarray(picture).astype(int)


def png(width: int, height: int, bits: int, kind: int, rows: bytes = b"\0" * 1000) -> bytes:
    """A PNG that claims this size."""
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in chunks
    )


def test_a_folder_with_other_files_in_it(tmp_path):
    gradient().save(tmp_path / "a.jpg", quality=95)
    gradient().save(tmp_path / "b.PNG")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    gradient().rotate(90).save(tmp_path / "deep" / "er" / "c.webp", lossless=True)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "model.bin").write_bytes(b"\0" * 100)
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("I am no picture")
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    corpus = read_images(tmp_path)
    assert isinstance(corpus, ImageCorpus)
    assert [item.id for item in corpus.pictures] == ["a.jpg", "b.PNG", "deep/er/c.webp"]
    assert corpus.pictures[2].label == "deep"
    why = dict(corpus.skipped)
    assert set(why) == {"notes.txt", "model.bin", "empty.png", "text.jpg", "cut.jpg"}
    assert "no picture by its name" in why["notes.txt"]
    assert "empty" in why["empty.png"]
    assert "no picture in one of the formats" in why["text.jpg"]
    assert "damaged" in why["cut.jpg"]
    for item in corpus.pictures:
        assert item.load().mode == "RGB"


def test_copies_have_one_key_whatever_their_name_and_format(tmp_path, test_data):
    gradient().save(tmp_path / "one.png")
    gradient().save(tmp_path / "two.bmp")
    (tmp_path / "x").mkdir()
    gradient().save(tmp_path / "x" / "three.webp", lossless=True)
    Image.effect_noise((40, 30), 60).save(tmp_path / "other.png")
    keys = [item.key for item in read_images(tmp_path).pictures]
    assert len(keys) == 4
    assert len(set(keys)) == 2
    corpus = load_corpus(str(test_data / "imagenet_samples"))
    assert len(corpus) == 300
    assert not corpus.skipped
    labels = {item.id: item.label for item in corpus.pictures}
    assert labels["n01443537_goldfish.jpg"] == "goldfish"
    assert labels["n01532829_house_finch.jpg"] == "house finch"


def test_16_bits_are_scaled_not_clipped(tmp_path):
    values = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(values).save(tmp_path / "grey.png")
    Image.fromarray(values).save(tmp_path / "grey.tif")
    for name in ("grey.png", "grey.tif"):
        found = pixels(tmp_path / name)[..., 0]
        assert np.abs(found - np.round(values / 257)).max() <= 1
        assert decode(tmp_path / name).notes == ("scaled to 8 bits",)
    colours = np.stack([values, 0 * values, 65535 - values], -1).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in colours)  # which Pillow does not write
    (tmp_path / "colour.png").write_bytes(png(16, 16, 16, 2, rows))
    found = pixels(tmp_path / "colour.png")
    assert np.abs(found[..., 0] - values // 257).max() <= 1
    assert np.abs(found[..., 2] - (65535 - values) // 257).max() <= 1


def test_numbers_beyond_16_bits_are_scaled_by_what_is_there(tmp_path):
    shares = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    want = np.round(255 * shares)
    for name, values in (
        ("whole.tif", (shares * 1e6).astype(np.int32)),
        ("below.tif", (shares * 1000 - 500).astype(np.int32)),
        ("share.tif", shares),
        ("bytes.tif", 255 * shares),
        ("any.tif", shares * 3000 - 70),
    ):
        Image.fromarray(values).save(tmp_path / name)
        assert np.abs(pixels(tmp_path / name)[..., 0] - want).max() <= 1, name


def test_cmyk_palette_bilevel_and_grey(tmp_path):
    want = np.asarray(gradient()).astype(int)
    gradient().convert("CMYK").save(tmp_path / "cmyk.jpg", quality=97)
    assert np.abs(pixels(tmp_path / "cmyk.jpg") - want).mean() < 6
    gradient().convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "palette.png")
    assert np.abs(pixels(tmp_path / "palette.png") - want).mean() < 12
    gradient().convert("L").save(tmp_path / "grey.jpg")
    assert np.ptp(pixels(tmp_path / "grey.jpg"), axis=2).max() == 0
    gradient().convert("1").save(tmp_path / "bilevel.png")
    assert set(np.unique(pixels(tmp_path / "bilevel.png"))) == {0, 255}


def test_transparent_lies_on_white(tmp_path):
    clear = gradient().convert("RGBA")
    half = Image.new("L", clear.size, 0)
    half.paste(255, (0, 0, 20, 30))
    clear.putalpha(half)
    clear.save(tmp_path / "clear.png")
    clear.save(tmp_path / "clear.webp", lossless=True)
    clear.save(tmp_path / "clear.gif")
    for name in ("clear.png", "clear.webp", "clear.gif"):
        found = pixels(tmp_path / name)
        assert (found[:, 21:] == 255).all(), name
        assert np.abs(found[:, :19] - np.asarray(gradient())[:, :19]).mean() < 12, name
    grey = Image.merge("LA", (gradient().convert("L"), half))
    grey.save(tmp_path / "grey.png")
    assert (pixels(tmp_path / "grey.png")[:, 21:] == 255).all()


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_pictures_stand_upright(tmp_path, suffix):
    turned = gradient().transpose(Image.Transpose.ROTATE_90)  # as a camera held sideways stores it
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it clockwise to see it upright
    turned.save(tmp_path / f"turned.{suffix}", exif=exif)
    found = pixels(tmp_path / f"turned.{suffix}")
    assert found.shape == (30, 40, 3)
    assert np.abs(found - np.asarray(gradient()).astype(int)).mean() < 12


def test_of_an_animation_the_first_frame_is_taken_and_said(tmp_path):
    frames = [Image.new("RGB", (12, 12), colour) for colour in ("red", "blue", "lime")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])
    corpus = read_images(tmp_path)
    assert len(corpus) == 2
    for item in corpus.pictures:
        assert item.load().getpixel((5, 5)) == (255, 0, 0)
    assert [name for name, note in corpus.notes if "first" in note] == ["moving.gif", "pages.tif"]


def test_odd_names_sizes_and_ends(tmp_path):
    small, hostile = tmp_path / "small", tmp_path / "hostile"
    small.mkdir()
    hostile.mkdir()
    Image.new("RGB", (1, 1), (9, 8, 7)).save(small / "dot.png")
    (picture,) = read_images(small).pictures
    assert picture.load().size == (1, 1)
    (small / "dot.png").write_bytes(b"no more")
    refused(r"picture dot\.png cannot be read any more", picture.load)
    gradient().save(hostile / "red\x1b[31m\nname.png")
    (picture,) = read_images(hostile).pictures
    assert picture.id == "red?[31m?name.png"
    assert picture.load().size == (40, 30)


def test_a_decompression_bomb_is_refused_before_it_unpacks(tmp_path):
    (tmp_path / "large.png").write_bytes(png(9000, 8000, 1, 0))
    (tmp_path / "bomb.png").write_bytes(png(100_000, 100_000, 1, 0))
    (tmp_path / "thin.png").write_bytes(png(200_000, 3, 1, 0))
    gradient().save(tmp_path / "sound.png")
    corpus = read_images(tmp_path)
    assert [item.id for item in corpus.pictures] == ["sound.png"]
    why = dict(corpus.skipped)
    assert "9000 x 8000 pixels" in why["large.png"]
    assert "pixels" in why["bomb.png"]
    assert "64 times" in why["thin.png"]


def test_large_files_scripts_and_too_many(tmp_path, monkeypatch):
    gradient().save(tmp_path / "a.bmp")
    monkeypatch.setattr(decoding, "MOST_BYTES", 100)
    refused(r"bytes; the limit is 100", decode, tmp_path / "a.bmp")
    (tmp_path / "page.jpg").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage"
    )
    refused("no picture in one of the formats", decode, tmp_path / "page.jpg")
    many = tmp_path / "many"
    many.mkdir()
    for number in range(12):
        Image.new("RGB", (4, 4), (number, 0, 0)).save(many / f"{number}.png")
    monkeypatch.undo()
    monkeypatch.setattr(image_files, "MOST", 5)
    one, again = read_images(many), read_images(many)
    assert len(one) == 5
    assert one.hash == again.hash
    assert len(one.skipped) == 7


SEEING, READING = StandIn(image=crop_and_normalise(224)), StandIn()


def test_the_target_decides_what_a_folder_is_read_for(tmp_path):
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    gradient().save(mixed / "a.png")
    (mixed / "a.txt").write_text("some words\n\nand more")
    assert isinstance(load_corpus(str(mixed), target=SEEING), ImageCorpus)
    assert not isinstance(load_corpus(str(mixed), target=READING), ImageCorpus)
    assert isinstance(load_corpus("builtin:scenes:5", target=SEEING), ImageCorpus)
    assert len(load_corpus("builtin:scenes:5").pictures) == 5


def test_text_for_eyes_and_pictures_for_readers_are_refused(tmp_path):
    pictures, text, none = (tmp_path / name for name in ("pictures", "text", "none"))
    for folder in (pictures, text, none):
        folder.mkdir()
    gradient().save(pictures / "a.png")
    (text / "a.txt").write_text("words")
    gradient().save(none / "broken.jpg")
    (none / "broken.jpg").write_bytes((none / "broken.jpg").read_bytes()[:700])
    for spec, target, said in (
        ("builtin:stories", SEEING, "takes pictures and 'builtin:stories' is text"),
        ("self:20", SEEING, "takes pictures and 'self:20' is text"),
        (str(text), SEEING, "takes pictures and .* holds none"),
        (str(pictures), READING, "reads text and .* holds pictures"),
        ("builtin:scenes", READING, "reads text and 'builtin:scenes' are pictures"),
        (str(none), SEEING, "no picture that can be used .*broken.jpg: it is damaged"),
        ("builtin:scenes:none", SEEING, "must end in a number"),
    ):
        refused(said, load_corpus, spec, target=target)
