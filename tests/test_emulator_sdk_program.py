"""A program of the vendor's SDK, as its users start it, against `emulate` as ours do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT
from media_files import picture

KEY = "sk-one"


@pytest.mark.long
def test_a_program_of_the_sdk_needs_the_printed_variable_alone(tmp_path):
    """With DASHSCOPE_HTTP_BASE_URL as `emulate` prints it, and a key, functions and client work."""
    (tmp_path / "a.png").write_bytes(picture())
    command = [sys.executable, "-m", "r2vbatch.emulator", "--plain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        printed = re.search(r"export (\w+)=(\S+)\)", service.stdout.readline())
        done = subprocess.run(
            [sys.executable, str(ROOT / "tests" / "sdk_program.py"), str(tmp_path / "a.png")],
            env={**os.environ, printed[1]: printed[2], "DASHSCOPE_API_KEY": KEY},
            capture_output=True,
            text=True,
            check=False,
        )
        service.terminate()
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for status, link in (told["functions"], told["client"]):
        assert status == "SUCCEEDED" and link.startswith(printed[2].removesuffix("/api/v1"))
