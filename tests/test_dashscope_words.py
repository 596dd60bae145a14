"""Endpoints, keys, times, prompts and outgoing calls: the parts of `dashscope` without I/O."""

from __future__ import annotations

import copy
import json
import pickle
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.dashscope import encode, times
from r2vbatch.dashscope.decode import Policy, Reply, decode_policy, error_of
from r2vbatch.dashscope.faults import Fate, fate
from r2vbatch.dashscope.key import Key, checked, find_key, redact, redact_bytes
from r2vbatch.dashscope.prompts import prompt_key
from r2vbatch.dashscope.regions import NAMES, find_endpoint, is_loopback, normalised
from r2vbatch.errors import UsageProblem

SECRET = "sk-0123456789abcdefSECRET"


# --- endpoints -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "workspace", "url"),
    [
        ("singapore", None, "https://dashscope-intl.aliyuncs.com/api/v1"),
        ("beijing", None, "https://dashscope.aliyuncs.com/api/v1"),
        ("virginia", None, "https://dashscope-us.aliyuncs.com/api/v1"),
        ("singapore", "ws-1", "https://ws-1.ap-southeast-1.maas.aliyuncs.com/api/v1"),
        ("beijing", "ws-1", "https://ws-1.cn-beijing.maas.aliyuncs.com/api/v1"),
        ("virginia", "ws-1", "https://ws-1.us-east-1.maas.aliyuncs.com/api/v1"),
        ("frankfurt", "ws-1", "https://ws-1.eu-central-1.maas.aliyuncs.com/api/v1"),
    ],
)
def test_a_region_has_its_documented_host(name: str, workspace: str | None, url: str) -> None:
    """A region's name is its classic host, or its workspace host when a workspace is given."""
    endpoint = find_endpoint(name, workspace)
    assert (endpoint.base_url, endpoint.kind, endpoint.region) == (url, "live", name)


def test_preview_gets_its_address_when_the_emulator_is_up() -> None:
    """Preview is known before its port is, and stays preview once it is placed."""
    endpoint = find_endpoint("preview").at("http://127.0.0.1:8123/api/v1/")
    assert endpoint.kind == "preview"
    assert endpoint.base_url == "http://127.0.0.1:8123/api/v1"


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("http://127.0.0.1:80/api/v1/", "http://127.0.0.1:80/api/v1"),
        ("https://Proxy.Example/some/Path/api/v1", "https://proxy.example/some/Path/api/v1"),
        (" https://h.example/api/v1// ", "https://h.example/api/v1"),
        ("HTTPS://h.example/api/v1", "https://h.example/api/v1"),
        ("http://[::1]:8080/api/v1", "http://[::1]:8080/api/v1"),
    ],
)
def test_a_url_endpoint_is_normalised(url: str, clean: str) -> None:
    """One endpoint is written in one way, so that the ledger can compare."""
    endpoint = find_endpoint(url.strip())
    assert endpoint.base_url == normalised(url) == clean
    assert endpoint.kind == "live"


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/v1",
        "https://h.example/api/v1?key=1",
        "https://h.example/api/v1#x",
        "https://user:hunter2@h.example/api/v1",
        "https://hunter2@h.example/api/v1",
        "ftp://h.example/api/v1",
        "https:///api/v1",
        "https://h.example:99999/api/v1",
        "https://h .example/api/v1",
        "https://[::1/api/v1",
        "file:///etc/passwd/api/v1",
        "https://h.example/\x1b[2K\x1b[1G/api/v1",
        "https://h.example/a\tb/api/v1",
        "https://h.example/a\nb/api/v1",
        "https://h.example/\x9b2K/api/v1",
        "https://h.example/\u202e/api/v1",
        "https://h.example/%1b/api/v1",
        "https://h.example/../api/v1",
        "https://h.example//api/v1",
        "https://h.example/a b/api/v1",
        "https://h%2eexample/api/v1",
        "https://h\u0435.example/api/v1",
        "https://h\uff0eexample/api/v1",
        "https://h.example\\@evil.example/api/v1",
    ],
)
def test_what_cannot_be_a_base_url_is_refused(url: str) -> None:
    """A URL that would misdirect a key is a usage problem, and a password is not repeated."""
    with pytest.raises(UsageProblem) as problem:
        find_endpoint(url)
    assert "hunter2" not in problem.value.message + problem.value.hint


def test_an_unknown_name_is_answered_with_a_near_one() -> None:
    """A typo in a region gets a suggestion; a workspace id cannot smuggle in another host."""
    with pytest.raises(UsageProblem) as problem:
        find_endpoint("singapur")
    assert "singapore" in problem.value.hint
    with pytest.raises(UsageProblem):
        find_endpoint("frankfurt")
    for workspace in ("evil.example/", "a.b", "", "-a", "a@b", "a\n"):
        with pytest.raises(UsageProblem):
            find_endpoint("beijing", workspace)


@given(st.text())
def test_any_text_is_an_endpoint_or_a_usage_problem(text: str) -> None:
    """No endpoint name ends in a traceback."""
    try:
        endpoint = find_endpoint(text)
    except UsageProblem:
        return
    assert endpoint.name in NAMES or endpoint.base_url.endswith("/api/v1")


def test_loopback_is_this_machine_only() -> None:
    """Names that merely look local are not loopback."""
    here = ["http://localhost:1/x", "http://127.9.9.9", "http://[::1]:2"]
    away = ["http://localhost.example", "http://128.0.0.1", "http://0.0.0.0", "http://[::1", "x",
            "http://a.localhost", "http://localhost.", "http://[::ffff:127.0.0.1]"]  # fmt: skip
    assert [is_loopback(url) for url in here] == [True] * len(here)
    assert [is_loopback(url) for url in away] == [False] * len(away)
    assert find_endpoint("http://localhost:1/api/v1").takes_slates
    assert not find_endpoint("beijing").takes_slates


# --- keys ----------------------------------------------------------------------------------


def test_a_key_shows_itself_nowhere() -> None:
    """Neither repr, str, format, a container nor a pickle gives a key away."""
    key = Key(SECRET)
    shown = f"{key!r} {key} {[key]} {key.mark('salt')} {Exception(key)!r}"
    assert "SECRET" not in shown
    for write in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            write(key)
    assert not hasattr(key, "__dict__")


def test_a_mark_tells_keys_apart_and_depends_on_its_salt() -> None:
    """A mark is 8 hex digits, the same for the same key and salt only."""
    mark = Key(SECRET).mark("a")
    assert re.fullmatch(r"[0-9a-f]{8}", mark)
    assert mark == Key(SECRET).mark("a")
    assert len({mark, Key(SECRET).mark("b"), Key(SECRET + "x").mark("a")}) == 3


def test_a_key_is_looked_for_as_the_vendors_sdk_does(tmp_path: Path) -> None:
    """The environment wins over the file it names, and that over ~/.dashscope/api_key."""
    (tmp_path / ".dashscope").mkdir()
    (tmp_path / ".dashscope" / "api_key").write_text(" sk-home \n")
    named = tmp_path / "named"
    named.write_text("sk-named\n")
    env = {"DASHSCOPE_API_KEY": " sk-env\n", "DASHSCOPE_API_KEY_FILE_PATH": str(named)}
    assert find_key(env, tmp_path) == Key("sk-env")
    assert find_key({**env, "DASHSCOPE_API_KEY": " "}, tmp_path) == Key("sk-named")
    assert find_key({"DASHSCOPE_API_KEY_FILE_PATH": "~/named"}, tmp_path) == Key("sk-named")
    assert find_key({}, tmp_path) == Key("sk-home")
    assert find_key({}, tmp_path / "nobody") is None


@pytest.mark.parametrize("text", ["sk-a\nsk-b", "sk-a\x00b", "sk-\u00e9", "sk a", "sk-sp-abc",
                                  "'sk-abc'", '"sk-abc"', "sk-..."])  # fmt: skip
def test_a_key_that_cannot_work_is_refused_unseen(text: str) -> None:
    """A broken or subscription key is a usage problem whose message does not contain it."""
    with pytest.raises(UsageProblem) as problem:
        checked(text, "the environment")
    assert text not in problem.value.message + problem.value.hint


def test_a_key_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    """A missing, empty or binary key file named by the environment is a usage problem."""
    (tmp_path / "empty").write_text("")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("missing", "empty", "binary"):
        with pytest.raises(UsageProblem, match=name):
            find_key({"DASHSCOPE_API_KEY_FILE_PATH": str(tmp_path / name)}, tmp_path)


def test_redaction_takes_a_key_out_of_whatever_echoes_it() -> None:
    """A key that comes back in a body or a text is taken out, and the rest is kept."""
    key = Key(SECRET)
    assert redact(f"bad key {SECRET}!", key) == "bad key [the API key]!"
    assert SECRET.encode() not in redact_bytes(f'{{"m":"{SECRET}"}}'.encode(), key)
    assert redact("text", None) == redact("text", Key("")) == "text"


# --- times ---------------------------------------------------------------------------------

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
QUARTERS = st.integers(-48, 56).map(lambda n: timedelta(minutes=15 * n))
ERRORS = st.timedeltas(timedelta(minutes=-7), timedelta(minutes=7))


@given(INSTANTS, QUARTERS, ERRORS)
def test_a_zone_is_inferred_from_one_time_known_on_both_clocks(
    instant: datetime, offset: timedelta, error: timedelta
) -> None:
    """Any quarter-hour zone is found while clocks differ by up to 7 minutes."""
    printed = (instant + offset).replace(tzinfo=None)
    assert times.infer_offset(printed, instant + error) == offset


@given(INSTANTS, QUARTERS)
def test_a_printed_time_comes_back_as_the_instant_it_was(
    instant: datetime, offset: timedelta
) -> None:
    """Print in a zone, parse with its offset: the same instant, to the printed millisecond."""
    instant = instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    printed = (instant + offset).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    assert times.parse_time(printed, offset) == instant
    stamp = datetime.strptime(times.wire_stamp(instant, offset), "%Y%m%d%H%M%S")
    assert stamp == (instant + offset).replace(microsecond=0, tzinfo=None)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.binary()))
def test_any_value_is_a_time_in_utc_or_none(value: object) -> None:
    """No value in a time field breaks a reply."""
    parsed = times.parse_time(value, times.BEIJING)
    assert parsed is None or parsed.utcoffset() == timedelta(0)


@given(st.text())
def test_any_link_has_an_end_or_none(text: str) -> None:
    """No link, however odd, breaks a reply; what Expires says is its end."""
    times.link_expiry(text)
    times.link_expiry(f"https://h.example/x?{text}")
    assert times.link_expiry("https://h.example/x?Expires=1787904126") == datetime(
        2026, 8, 28, 8, 2, 6, tzinfo=UTC
    )


# --- prompts -------------------------------------------------------------------------------


@given(st.text(), st.integers(1, 40))
def test_the_key_of_a_key_is_itself(prompt: str, limit: int) -> None:
    """The equality of prompts is settled after one pass, and no key is longer than the cut."""
    key = prompt_key(prompt, limit)
    assert prompt_key(key, limit) == key
    assert len(key) <= limit


@given(st.text(), st.integers(1, 40))
def test_a_prompt_equals_its_own_echo(prompt: str, limit: int) -> None:
    """A prompt the service cut at its limit, and stripped, is recognised."""
    assert prompt_key(prompt[:limit], limit) == prompt_key(prompt, limit)
    assert prompt_key(prompt[:limit].strip() + " ", limit + 1) == prompt_key(
        prompt[:limit], limit + 1
    )


def test_writing_differently_is_not_asking_differently() -> None:
    """Line breaks, runs of blanks and decomposed letters do not make another prompt."""
    assert prompt_key("a  caf\u00e9\n scene ", 1500) == prompt_key("a cafe\u0301 scene", 1500)
    assert prompt_key("a scene", 1500) != prompt_key("A scene", 1500)


# --- outgoing calls ------------------------------------------------------------------------


def test_a_submit_carries_the_headers_it_needs() -> None:
    """Async always; the oss header when any URL needs it, wherever it stands; a slate readably."""
    plain = encode.submit({"model": "m", "input": {"reference_urls": ["https://h/x"]}})
    assert plain.headers["X-DashScope-Async"] == "enable"
    assert "X-DashScope-OssResourceResolve" not in plain.headers
    media = {"media": [{"type": "reference_image", "url": "oss://a/b.png"}]}
    slate = {"shot": "sh010", "take": "sh010_t01", "names": ["小雨"]}
    full = encode.submit({"model": "m", "input": media}, slate)
    assert full.headers["X-DashScope-OssResourceResolve"] == "enable"
    assert full.headers[encode.SLATE_HEADER].isascii()
    assert json.loads(unquote(full.headers[encode.SLATE_HEADER])) == slate
    assert json.loads(full.body or b"") == {"model": "m", "input": media}


def test_a_request_with_a_file_not_yet_uploaded_cannot_be_encoded() -> None:
    """The planned stand-in for a local file never goes out."""
    with pytest.raises(ValueError, match="uploaded"):
        encode.submit({"model": "m", "input": {"reference_urls": ["oss://PENDING/ab/x.png"]}})


def test_a_prompt_that_speaks_of_oss_is_not_a_reference() -> None:
    """Only a text that begins with oss:// counts as an uploaded reference."""
    call = encode.submit({"model": "m", "input": {"prompt": "see oss://PENDING/x"}})
    assert "X-DashScope-OssResourceResolve" not in call.headers


def test_a_task_id_cannot_lead_to_another_path() -> None:
    """Whatever a ledger holds as task id stays one segment of the path."""
    assert encode.query("../uploads?x=1").path == "/tasks/..%2Fuploads%3Fx%3D1"
    assert encode.cancel("a/b").path == "/tasks/a%2Fb/cancel"


@given(st.text(min_size=1).filter(lambda name: "/" not in name and "\0" not in name))
def test_an_upload_name_is_plain_unique_and_keeps_its_extension(name: str) -> None:
    """No two uploads share a key; the extension survives; nothing leaves the folder."""
    policy = Policy("https://h", "dir", "p", "s", "k", "private", "true", 300.0, None, None)
    first, second = encode.upload_key(policy, name), encode.upload_key(policy, name)
    assert first != second
    assert re.fullmatch(r"dir/[A-Za-z0-9_-]+(\.[A-Za-z0-9]+)?", first)
    assert encode.upload_key(policy, "a b.PNG").endswith(".PNG")


def test_where_an_upload_lies_is_told_to_nobody() -> None:
    """A message of the service that names it is shown without."""
    body = {"code": "InvalidURL", "message": "cannot read 'oss://instant/1f/a.png', sorry"}
    error = error_of(Reply(400, {}, json.dumps(body).encode()))
    assert str(error) == "InvalidURL: cannot read 'oss://…', sorry (HTTP 400)"


@pytest.mark.parametrize("megabytes", [100, "100"])
def test_what_a_leave_to_upload_allows(megabytes: object) -> None:
    """Bytes of a file and of all, from numbers or texts."""
    words = ("upload_host", "upload_dir", "policy", "signature", "oss_access_key_id")
    limits = {"max_file_size_mb": megabytes, "capacity_limit_mb": megabytes}
    body = {"data": {**dict.fromkeys(words, "x"), **limits}}
    policy = decode_policy(Reply(200, {}, json.dumps(body).encode()))
    assert policy.max_bytes == policy.capacity == 100 * 2**20


# --- what became of a POST -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("connected", "status", "code", "task_id", "expected"),
    [
        (False, None, "", "", Fate.NOT_SENT),  # name, TCP, proxy or TLS failed
        (True, None, "", "", Fate.UNSURE),  # reset, time-out, half an answer
        (True, 200, "", "t", Fate.CREATED),
        (True, 201, "", "t", Fate.CREATED),
        (True, 200, "", "", Fate.UNSURE),  # 200 without a task id
        (True, 200, "InvalidParameter", "", Fate.UNSURE),  # 200 with a code
        (True, 301, "", "", Fate.UNSURE),
        (True, 307, "Code", "", Fate.UNSURE),
        (True, 400, "InvalidParameter", "", Fate.REFUSED),
        (True, 400, "", "", Fate.UNSURE),  # not the service's own format
        (True, 401, "InvalidApiKey", "", Fate.REFUSED),
        (True, 404, "", "", Fate.UNSURE),
        (True, 407, "", "", Fate.UNSURE),
        (True, 408, "RequestTimeOut", "", Fate.UNSURE),
        (True, 413, "", "", Fate.UNSURE),
        (True, 429, "Throttling.RateQuota", "", Fate.REFUSED),
        (True, 429, "", "", Fate.UNSURE),
        (True, 499, "Code", "", Fate.REFUSED),
        (True, 500, "InternalError", "", Fate.UNSURE),
        (True, 502, "", "", Fate.UNSURE),
        (True, 503, "ModelUnavailable", "", Fate.UNSURE),
        (True, 500, "InternalError", "t", Fate.UNSURE),
    ],
)
def test_what_became_of_a_post(
    connected: bool, status: int | None, code: str, task_id: str, expected: Fate
) -> None:
    """Design 6.2 as a table: only these may be sent again by themselves."""
    assert fate(connected=connected, status=status, code=code, task_id=task_id) is expected
