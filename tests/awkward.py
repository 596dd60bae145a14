"""The files that people have: as phones, paint programs, discs, mishaps and strangers make them.

Each maker writes one file into a folder and returns it; `MAKERS` names them all.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from media_files import picture, video, voice
from PIL import Image, ImageCms
from pillow_heif import from_pillow

MEGABYTE = 2**20
_TURNED = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
"""The matrix of a film whose pictures are to be turned a quarter to the right."""
HLG = {"color_trc": 18, "color_primaries": 9, "colorspace": 9}
_FAST = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=error:pools=1"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
}


def phone(file: Path, *, seconds: float = 1.0, hdr: bool = False) -> Path:
    """A film as phones make it: HEVC, stored on its side, in uneven steps, with two sounds."""
    film(file, "libx265", seconds=seconds, form="mov", uneven=True, sounds=2, hdr=hdr)
    return turned(file)


def film(
    file: Path,
    codec: str = "libx264",
    *,
    seconds: float = 1.0,
    size: tuple[int, int] = (320, 240),
    form: str = "mp4",
    uneven: bool = False,
    sounds: int = 0,
    hdr: bool = False,
    square: bool = True,
    pixels: str = "yuv420p",
    rate: int = 20,
) -> Path:
    """A film of a gold band on navy."""
    with av.open(str(file), "w", format=form) as made:
        options = _FAST.get(codec, {})
        pictures = made.add_stream(codec, rate=rate, options=options)
        pictures.width, pictures.height = size
        pictures.pix_fmt = pixels
        if uneven:
            pictures.codec_context.time_base = Fraction(1, 600)
        if not square:
            pictures.codec_context.sample_aspect_ratio = Fraction(16, 11)
        for key, value in (HLG if hdr else {}).items():
            setattr(pictures.codec_context, key, value)
        heard = [made.add_stream("aac", rate=48000, layout="mono") for _ in range(sounds)]
        image = Image.new("RGB", size, "navy")
        image.paste("gold", (0, 0, size[0], size[1] // 4))
        for n in range(round(seconds * rate)):
            frame = av.VideoFrame.from_image(image)
            if uneven:
                frame.pts, frame.time_base = n * 30 + (n % 3) * 7, Fraction(1, 600)
            made.mux(pictures.encode(frame))
        made.mux(pictures.encode(None))
        for sound in heard:
            made.mux(sound.encode(quiet(seconds)))
            made.mux(sound.encode(None))
    return file


def quiet(seconds: float) -> av.AudioFrame:
    """Silence."""
    frame = av.AudioFrame(format="fltp", layout="mono", samples=round(seconds * 48000))
    frame.planes[0].update(bytes(4 * frame.samples))
    frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
    return frame


def turned(file: Path) -> Path:
    """`file`, to be shown a quarter to the right."""
    content = bytearray(file.read_bytes())
    at = content.index(b"tkhd") + 44
    content[at : at + 36] = _TURNED
    file.write_bytes(content)
    return file


def recording(file: Path, codec: str, form: str, seconds: float) -> Path:
    """Sound alone."""
    with av.open(str(file), "w", format=form) as made:
        sound = made.add_stream(codec, rate=48000, layout="mono")
        frame = quiet(seconds)
        if other := {"libmp3lame": "s16p", "flac": "s16", "libopus": "flt"}.get(codec):
            frame = next(iter(av.AudioResampler(other, "mono", 48000).resample(frame)))
        made.mux(sound.encode(frame))
        made.mux(sound.encode(None))
    return file


def image(file: Path, size: tuple[int, int], mode: str = "RGB", form: str = "", **how: Any) -> Path:
    """A picture of one colour."""
    Image.new(mode, size, "teal" if mode == "RGB" else 0).save(file, form or None, **how)
    return file


def _on_its_side(file: Path, form: str) -> Path:
    exif = Image.Exif()
    exif[0x0112] = 6
    if form == "JPEG":
        return image(file, (400, 300), exif=exif)
    from_pillow(Image.new("RGB", (400, 300), "teal")).save(file, exif=exif.tobytes(), quality=40)
    return file


def _moving(file: Path, form: str) -> Path:
    first, *others = (Image.new("RGB", (300, 300), colour) for colour in ("red", "blue", "green"))
    first.save(file, form, save_all=True, append_images=others, duration=100)
    return file


def _cut(file: Path, content: bytes, share: float = 0.6) -> Path:
    file.write_bytes(content[: int(len(content) * share)])
    return file


def _cut_film(file: Path) -> Path:
    film(file, seconds=3, size=(640, 480))
    content = file.read_bytes()
    with (
        av.open(io.BytesIO(content)) as source,
        av.open(str(file), "w", format="mp4", options={"movflags": "+faststart"}) as copy,
    ):
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    return _cut(file, file.read_bytes(), 0.9)


def _huge(file: Path) -> Path:
    """101 MB with next to nothing in them: a box that is to be skipped, and takes no room."""
    content = video(2.0, size=(320, 240))
    free = 101 * MEGABYTE - len(content)
    with file.open("wb") as out:
        out.write(content + free.to_bytes(4, "big") + b"free")
        out.truncate(101 * MEGABYTE)
    return file


def _wide_colours(file: Path) -> Path:
    """With a profile that is not one of red, green and blue."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    return image(file, (9000, 600), icc_profile=profile)


def _words(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def _bytes(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


MAKERS: Mapping[str, Callable[[Path], Path]] = {
    "phone.mov": phone,
    "upright.mp4": lambda file: turned(film(file, sounds=1)),
    "uneven.mp4": lambda file: film(file, uneven=True),
    "hevc.mp4": lambda file: film(file, "libx265"),
    "silent.mp4": lambda file: film(file, seconds=2),
    "disc.mp4": lambda file: film(file, size=(352, 288), square=False),
    "two-sounds.mp4": lambda file: film(file, seconds=2, sounds=2),
    "long.mp4": lambda file: _bytes(file, video(31.0, rate=2, size=(320, 240))),
    "half.mp4": lambda file: _bytes(file, video(0.5, size=(320, 240))),
    "huge.mp4": _huge,
    "browser.webm": lambda file: film(file, "libvpx", form="webm"),
    "camera.avi": lambda file: film(file, "mjpeg", form="avi", pixels="yuvj420p"),
    "screen.mp4": lambda file: film(file, pixels="yuv444p"),
    "ten-bits.mp4": lambda file: film(file, pixels="yuv420p10le"),
    "slow-motion.mp4": lambda file: film(file, rate=240, seconds=1.0),
    "tape.mts": lambda file: film(file, seconds=2, form="mpegts"),
    "cut-short.mp4": lambda file: _cut(file, video(2.0, size=(320, 240))),
    "cut-in-the-middle.mp4": _cut_film,
    "nothing.mp4": lambda file: _bytes(file, b""),
    "words.mp4": lambda file: _words(file, "404 not found\n" * 20),
    "list.mp4": lambda file: _words(file, "ffconcat version 1.0\nfile silent.mp4\n"),
    "song.mp4": lambda file: recording(file, "aac", "mp4", 3.0),
    "still.mp4": lambda file: _bytes(file, picture()),
    "cut-out.png": lambda file: image(file, (320, 320), "RGBA"),
    "palette.png": lambda file: image(file, (320, 320), "P", transparency=0),
    "deep.png": lambda file: image(file, (320, 320), "I;16"),
    "large.png": lambda file: image(file, (9000, 2000), "1"),
    "strip.png": lambda file: image(file, (3000, 250)),
    "icon.png": lambda file: image(file, (64, 64)),
    "photo.png": lambda file: image(file, (320, 320), form="JPEG"),
    "side.jpg": lambda file: _on_its_side(file, "JPEG"),
    "print.jpg": lambda file: image(file, (320, 320), "CMYK"),
    "odd-colours.jpg": _wide_colours,
    "cut-short.jpg": lambda file: _cut(file, picture(400, 400, "JPEG")),
    "nothing.jpg": lambda file: _bytes(file, b""),
    "film.jpg": lambda file: _bytes(file, video(2.0, size=(320, 240))),
    "dance.webp": lambda file: _moving(file, "WEBP"),
    "dance.gif": lambda file: _moving(file, "GIF"),
    "photo.heic": lambda file: _on_its_side(file, "HEIC"),
    "scan.tif": lambda file: image(file, (320, 320), "CMYK"),
    "web.avif": lambda file: image(file, (320, 320)),
    "memo.m4a": lambda file: recording(file, "aac", "ipod", 3.0),
    "studio.flac": lambda file: recording(file, "flac", "flac", 3.0),
    "chat.ogg": lambda file: recording(file, "libopus", "ogg", 3.0),
    "unheard-of.m4a": lambda file: _bytes(
        file,
        recording(file, "aac", "ipod", 3.0)
        .read_bytes()
        .replace(b"mp4a", b"zzzz")
        .replace(b"esds", b"zzzz"),
    ),
    "long.wav": lambda file: _bytes(file, voice(12.0)),
    "half.wav": lambda file: _bytes(file, voice(0.5)),
    "voice.mp3": lambda file: recording(file, "libmp3lame", "mp3", 3.0),
    "film.wav": lambda file: film(file, seconds=2, sounds=1),
}
