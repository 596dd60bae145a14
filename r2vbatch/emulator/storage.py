"""Where uploads lie and clips are served from: policies, form uploads, signed links, expiry.

Plays the object store beside the service. It has no key of the service's users: policies and
links carry signatures of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

from r2vbatch.emulator.options import Options
from r2vbatch.emulator.service import Clock

ACCESS_KEY_ID = "EMULATOR"
LINK_PREFIX = "/results"
UPLOAD_PATH = "/oss"


class StoreRefusal(Exception):
    """The object store's answer to what it will not do; XML, like its model's."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    @property
    def xml(self) -> str:
        """The body."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n'
            f"  <Code>{self.code}</Code>\n  <Message>{self.message}</Message>\n</Error>\n"
        )


@dataclass(frozen=True, slots=True)
class Upload:
    """One file received, bound to an account and a model."""

    path: Path
    account: str
    model: str
    received: float


@dataclass(frozen=True, slots=True)
class Grant:
    """What a policy allows."""

    folder: str
    account: str
    model: str
    expires: float


class Storage:
    """Uploads and clips under one folder, on the service's clock."""

    def __init__(self, folder: Path, options: Options, clock: Clock) -> None:
        self.options = options
        self.clips = folder / "clips"
        self._uploads_folder = folder / "uploads"
        for each in (self.clips, self._uploads_folder):
            each.mkdir(parents=True, exist_ok=True)
        self._now = clock
        self._secret = secrets.token_bytes(32)
        self._grants: dict[str, Grant] = {}
        self._uploads: dict[str, Upload] = {}

    def policy(self, account: str, model: str, origin: str) -> dict[str, Any]:
        """The `data` of an upload policy. `origin`: where this server was reached."""
        now = self._now()
        mark = hashlib.sha256(account.encode() + self._secret).hexdigest()[:32]
        day = datetime.fromtimestamp(now, UTC).date().isoformat()
        folder = f"dashscope-instant/{mark}/{day}/{uuid.uuid4()}"
        expires = now + self.options.policy_life
        conditions = [
            ["content-length-range", 0, self.largest],
            ["starts-with", "$key", folder],
            {"bucket": "dashscope-file-mgr"},
            {"x-oss-object-acl": "private"},
            {"x-oss-forbid-overwrite": "true"},
        ]
        expiration = datetime.fromtimestamp(expires, UTC).isoformat(timespec="milliseconds")
        text = json.dumps({"expiration": expiration, "conditions": conditions})
        policy = base64.b64encode(text.encode()).decode()
        self._grants[policy] = Grant(folder, account, model, expires)
        numbers = {
            "expire_in_seconds": round(self.options.policy_life),
            "max_file_size_mb": self.options.upload_mb,
            "capacity_limit_mb": 999_999_999,
        }
        return {
            "policy": policy,
            "signature": self._sign(policy),
            "upload_dir": folder,
            "upload_host": origin + UPLOAD_PATH,
            **(_as_texts(numbers) if self.options.loose_types else numbers),
            "oss_access_key_id": ACCESS_KEY_ID,
            "x_oss_object_acl": "private",
            "x_oss_forbid_overwrite": "true",
        }

    @property
    def largest(self) -> int:
        """Bytes of the largest upload."""
        return self.options.upload_mb * 2**20

    def grant(self, form: Mapping[str, str]) -> Grant:
        """Check the fields of a form upload, all but the file.

        Raises:
            StoreRefusal: a field is missing or wrong, the policy is stale, the key is taken.
        """
        wanted = ("OSSAccessKeyId", "Signature", "policy", "key")
        missing = [name for name in wanted if name not in form]
        if missing:
            raise StoreRefusal(400, "InvalidArgument", f"missing before file: {missing}")
        grant = self._grants.get(form["policy"])
        if grant is None or not _same(self._sign(form["policy"]), form["Signature"]):
            raise StoreRefusal(403, "SignatureDoesNotMatch", "The signature does not match.")
        if self._now() > grant.expires:
            message = "Invalid according to Policy: Policy expired."
            raise StoreRefusal(403, "AccessDenied", message)
        conditions = {"x-oss-object-acl": "private", "x-oss-forbid-overwrite": "true"}
        wrong = [name for name, value in conditions.items() if form.get(name) != value]
        if not form["key"].startswith(grant.folder + "/"):
            wrong.append("key")
        if form["OSSAccessKeyId"] != ACCESS_KEY_ID:
            wrong.append("OSSAccessKeyId")
        if wrong:
            message = f"Invalid according to Policy: Policy Condition failed: {wrong}"
            raise StoreRefusal(403, "AccessDenied", message)
        if form["key"] in self._uploads:
            raise StoreRefusal(409, "FileAlreadyExists", "The object you specified exists.")
        return grant

    def new_file(self) -> Path:
        """A fresh path to receive a file at."""
        return self._uploads_folder / uuid.uuid4().hex

    def keep(self, key: str, path: Path, grant: Grant) -> None:
        """A file arrived whole."""
        self._uploads[key] = Upload(path, grant.account, grant.model, self._now())

    def uploaded(self, key: str, account: str, model: str) -> Path | None:
        """The file behind ``oss://<key>``, for the account and model it was uploaded for."""
        upload = self._uploads.get(key)
        if upload is None or (upload.account, upload.model) != (account, model):
            return None
        alive = self._now() < upload.received + self.options.upload_life
        return upload.path if alive else None

    def link(self, task_id: str, made: float) -> str:
        """The path and query of a signed link to a clip."""
        path = f"{LINK_PREFIX}/{task_id}.mp4"
        expires = str(int(made + self.options.link_life))
        query = {
            "Expires": expires,
            "OSSAccessKeyId": ACCESS_KEY_ID,
            "Signature": self._sign(path + expires),
        }
        return f"{path}?{urlencode(query)}"

    def check_link(self, path: str, query: Mapping[str, str]) -> None:
        """Raises StoreRefusal for a link that is not ours or no longer holds."""
        expires = query.get("Expires", "")
        if not _same(self._sign(path + expires), query.get("Signature", "")):
            raise StoreRefusal(403, "SignatureDoesNotMatch", "The signature does not match.")
        if self._now() > int(expires):
            status = self.options.expired_link
            code = "AccessDenied" if status == 403 else "NoSuchKey"
            raise StoreRefusal(status, code, "Request has expired.")

    def _sign(self, text: str) -> str:
        digest = hmac.new(self._secret, text.encode(), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()


def oss_key(url: str) -> str:
    """The key behind an ``oss://`` link; empty for other URLs."""
    return unquote(url.removeprefix("oss://")) if url.startswith("oss://") else ""


def _same(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(ours.encode(), theirs.encode("utf-8", "replace"))


def _as_texts(numbers: Mapping[str, int]) -> Mapping[str, str]:
    return {name: str(number) for name, number in numbers.items()}
