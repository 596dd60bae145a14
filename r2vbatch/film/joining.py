"""Clips of one kind to one file, packet by packet: nothing is encoded, so nothing is lost.

Pictures are cut to the frame. Sound comes in packets of some 20 ms that do not end where a picture
does, and a player expects them without a gap: so they stand on one grid through the whole film,
and each clip's go to the places nearest to its pictures. The sound of a clip is thus at most half
a packet early or late, in the hundredth clip no more than in the second. (Taking over all packets
would shift it by one or two more with every cut: encoders warm up in front and fill up behind.)

This room of `film` refuses to know what the clips are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r2vbatch.film.silence import silence
from r2vbatch.film.survey import Sound, Survey, in_words
from r2vbatch.media.files import opened

if TYPE_CHECKING:
    import av
    import av.container


def alike(clips: Sequence[Survey]) -> bool:
    """Whether the clips can be joined: one kind of picture, one kind of sound where there is any,
    and a silence for the rest."""
    sounds = {clip.sound for clip in clips if clip.sound}
    return (
        all(clip.even for clip in clips)
        and len({clip.picture for clip in clips}) == 1
        and len(sounds) <= 1
        and all(silence(sound) for sound in sounds)
    )


def join(
    clips: Sequence[Survey], names: Sequence[str], part: Path, onward: Callable[[], None]
) -> None:
    """Write the clips, which must be `alike`, one after another as MP4 to `part`, each a chapter
    of that name.

    `onward` is called after each clip; what it raises ends the work. Raises `Unreadable` for a
    clip that cannot be read, and OSError where `part` cannot be written.
    """
    import av

    options = {"movflags": "+faststart"}
    with av.open(str(part), "w", format="mp4", options=options) as film:
        joint = _Joint(film, clips)
        for clip, start, own in zip(clips, joint.starts, joint.grid, strict=False):
            joint.add(clip, start, own)
            onward()
        film.set_chapters(list(_chapters(clips, joint.starts, names)))


def places(clips: Sequence[Survey], sound: Sound) -> list[range]:
    """For each clip, the places of the grid of sound that are its own, in packets."""
    starts, at = [0], Fraction(0)
    for before, clip in pairwise(clips):
        at += before.seconds
        start = round((at * sound.hertz + clip.lead - clips[0].lead) / sound.samples)
        starts.append(max(start, starts[-1]))
    # none is begun that would be heard after the last picture
    end = ((at + clips[-1].seconds) * sound.hertz - clips[0].lead) // sound.samples
    return [range(a, b) for a, b in pairwise([*starts, max(end, starts[-1])])]


class _Joint:
    """A film that grows by one clip after the other."""

    def __init__(self, film: av.container.OutputContainer, clips: Sequence[Survey]) -> None:
        self._film = film
        self._picture = _stream(film, "video", clips[0])
        self._lead = clips[0].lead
        self.starts = list(accumulate((clip.ticks for clip in clips), initial=0))
        self.grid = [range(0)] * len(clips)
        voiced = next((clip for clip in clips if clip.sound), None)
        self._voice: Sound | None = None
        if voiced and voiced.sound:
            self._voice = voiced.sound
            self._sound = _stream(film, "audio", voiced)
            self._silence = silence(voiced.sound) or b""
            self.grid = places(clips, voiced.sound)

    def add(self, clip: Survey, start: int, own: range) -> None:
        """The next clip: its pictures from `start`, its sound at its `own` places."""
        heard = own.start
        for kind, packet in _packets(clip):
            if kind == "video":
                self._move(packet, start - clip.start)
                packet.stream = self._picture
                self._film.mux(packet)
            elif (number := self._number(packet, clip, own)) in own:
                self._mux_sound(packet, number)
                heard = number + 1
        for number in range(heard, own.stop):
            self._mux_sound(_packet(self._silence), number)

    @staticmethod
    def _move(packet: Any, by: int) -> None:
        packet.pts += by
        packet.dts += by

    def _number(self, packet: Any, clip: Survey, own: range) -> int:
        assert self._voice, "a packet of sound is of a clip that has one"
        return int(own.start + (packet.pts - clip.lead) // self._voice.samples)

    def _mux_sound(self, packet: Any, number: int) -> None:
        assert self._voice, "without sound there are no places for it"
        packet.stream = self._sound
        packet.pts = packet.dts = self._lead + number * self._voice.samples
        packet.duration, packet.time_base = self._voice.samples, self._voice.time_base
        self._film.mux(packet)


def _stream(film: av.container.OutputContainer, kind: str, clip: Survey) -> Any:
    with in_words(clip.file), opened(clip.file) as container:
        template = next(s for s in container.streams if s.type == kind and s.codec_context)
        return film.add_stream_from_template(template)


def _packets(clip: Survey) -> Iterator[tuple[str, Any]]:
    """The packets of a clip's picture and sound, each with its kind, as they lie in the file."""
    with in_words(clip.file), opened(clip.file) as container:
        streams: list[Any] = [next(s for s in container.streams.video if s.codec_context)]
        streams += [s for s in container.streams.audio if s.codec_context][: bool(clip.sound)]
        for packet in container.demux(streams):
            if packet.size:
                yield packet.stream.type, packet


def _packet(data: bytes) -> Any:
    import av

    packet = av.Packet(data)
    packet.is_keyframe = True
    return packet


def _chapters(
    clips: Sequence[Survey], starts: Sequence[int], names: Sequence[str]
) -> Iterator[Any]:
    base = clips[0].picture.time_base
    for number, (name, (start, end)) in enumerate(zip(names, pairwise(starts), strict=True)):
        yield {
            "id": number, "start": start, "end": end, "time_base": base,
            "metadata": {"title": name},
        }  # fmt: skip
