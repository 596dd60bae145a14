"""Where the service's documentation is silent, or disagrees with itself: each such point a switch.

The default is always the likelier reading; the other ones are there so that a client can be tried
against them before the real service decides. What a reading changes is done in the room that it
concerns. Which points these are, and what speaks for either side, was gathered from the pages
named in the project's notes on the API; none was tested against the live service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal


@dataclass(frozen=True)
class OfRequests:
    """Where the documentation is silent or disagrees: requests"""

    size_refused: Annotated[
        Literal["later", "at_once"],
        "A size that is not offered: the task fails later, or HTTP 400.",
    ] = "later"
    values_refused: Annotated[
        Literal["at_once", "later"],
        "Any other parameter that is wrong: HTTP 400, or the task fails later.",
    ] = "at_once"
    default_size: Annotated[
        Literal["1920*1080", "1280*720"], "Size of a clip whose request names none."
    ] = "1920*1080"
    unknown_keys: Annotated[
        Literal["accept", "refuse"],
        "Keys that are neither documented nor the SDK's own, such as extend_prompt.",
    ] = "accept"
    both_fields: Annotated[
        Literal["newer", "refuse"],
        "reference_urls beside reference_video_urls: the newer counts, or HTTP 400.",
    ] = "newer"
    prompt_extend: Annotated[
        Literal["accept", "refuse", "for_multi"],
        "prompt_extend for 2.6: without effect, HTTP 400, or needed for shot_type multi.",
    ] = "accept"
    needless_audio: Annotated[
        Literal["ignore", "refuse"], "`audio` sent where sound is always on."
    ] = "ignore"
    stray_characters: Annotated[
        Literal["accept", "refuse"],
        "A characterN (2.7: Image N, Video N) in the prompt beyond the references.",
    ] = "accept"
    five_or_ten: Annotated[bool, "wan2.6-r2v takes 5 or 10 s only, as once in Virginia."] = False
    videos_only: Annotated[bool, "References must be videos, as once in Virginia."] = False
    fourth_video: Annotated[
        Literal["fail", "accept"], "More than three videos among the references of 2.6."
    ] = "fail"
    reference_limits: Annotated[
        Literal["newer", "strict"],
        "Of 2.6: images to 20 MB, 8000 px, videos from 1 s; or 10 MB, 5000 px, 2 s, 1:8 to 8:1.",
    ] = "newer"
    alpha: Annotated[
        Literal["fail", "accept"], "A PNG with an alpha channel, which the documentation rules out."
    ] = "fail"
    wrong_extension: Annotated[
        Literal["accept", "fail"], "An upload whose name ends otherwise than its content says."
    ] = "accept"
    unknown_model: Annotated[Literal[404, 400], "Status for a model that does not exist."] = 404
    sync_status: Annotated[Literal[403, 400], "Status for a submit without X-DashScope-Async."] = (
        403
    )


_STERNEST: Mapping[str, Any] = {
    "size_refused": "at_once",
    "unknown_keys": "refuse",
    "both_fields": "refuse",
    "prompt_extend": "refuse",
    "needless_audio": "refuse",
    "stray_characters": "refuse",
    "reference_limits": "strict",
    "wrong_extension": "fail",
    "oss_refused": "at_once",
    "missing_reference": "fail",
}
_STERNEST_IN: Mapping[str, Mapping[str, Any]] = {
    "us-east-1": {"five_or_ten": True, "videos_only": True},
    "eu-central-1": {"five_or_ten": True},
}
"""By region: Virginia had both limits, and one of them is told of it and Frankfurt together."""


def strictest(region: str) -> Mapping[str, Any]:
    """The switches under which a request that passes has no known reason to be refused: those
    whose likelier reading lets more through than another one."""
    return {**_STERNEST, **_STERNEST_IN.get(region, {})}


@dataclass(frozen=True)
class OfReplies:
    """Where the documentation is silent or disagrees: answers"""

    usage_seconds: Annotated[
        Literal["exact", "whole"], "Fractions of seconds in the usage: as they are, or rounded up."
    ] = "exact"
    loose_types: Annotated[
        bool, "Numbers as texts where clients have met them: usage.SR, upload policies."
    ] = False
    more_fields: Annotated[
        bool, "Fields other models have: actual_prompt, task_metrics, usage.fps and more."
    ] = False
    empty_times: Annotated[bool, 'Times not known yet as "" instead of left out.'] = False
    long_messages: Annotated[bool, "Messages end in a link to a help page, as live ones do."] = (
        False
    )
    cancel_body: Annotated[
        Literal["task", "bare"],
        "A cancel that worked: with the task in the output, or with a request_id alone.",
    ] = "task"
    retry_after: Annotated[int | None, "Seconds in a Retry-After header of every 429."] = None
    rate_code: Annotated[
        Literal["Throttling.RateQuota", "Throttling", "LimitRequests"],
        "Code of a 429 for calls that come too fast.",
    ] = "Throttling.RateQuota"


@dataclass(frozen=True)
class OfLists:
    """Where the documentation is silent or disagrees: the task list"""

    list_rows: Annotated[
        Literal["data", "tasks"],
        "The key of the rows, as documented or as the SDK's 2.x client reads it.",
    ] = "data"
    list_times: Annotated[
        Literal["milliseconds", "text"],
        "Times in rows: numbers, as documented, or texts, as the SDK's 2.x client reads them.",
    ] = "milliseconds"
    list_order: Annotated[Literal["newest", "oldest"], "Which task comes first."] = "newest"
    list_window: Annotated[
        Literal["refuse", "cut"], "Times more than 24 h apart: HTTP 400, or the last 24 h of them."
    ] = "refuse"
    list_zone: Annotated[
        str | None, "Zone in which start_time and end_time are read, if not that of --zone."
    ] = None
    largest_page: Annotated[int, "The largest page_size; more is taken for this."] = 100


@dataclass(frozen=True)
class OfFiles:
    """Where the documentation is silent or disagrees: files"""

    oss_refused: Annotated[
        Literal["later", "at_once"],
        "An oss:// link that does not resolve: the task fails later, or HTTP 400.",
    ] = "later"
    no_uploads: Annotated[bool, "No upload policies, as outside Beijing by older pages."] = False
    upload_mb: Annotated[int, "The largest upload, in MB."] = 100
    no_ranges: Annotated[bool, "Clips are sent whole, whatever Range is asked for."] = False
    expired_link: Annotated[Literal[403, 404], "Status of a clip's link that has expired."] = 403
