"""What a user of the vendor's SDK runs: nothing in it speaks of the emulator.

Address and key come from the environment. It prints what became of one clip by the 1.x functions
and one by the 2.x client, as JSON.
"""

from __future__ import annotations

import json
import sys

import dashscope
from dashscope import Client, VideoSynthesis

references = sys.argv[1:]
first = VideoSynthesis.call(
    model="wan2.6-r2v-flash",
    prompt="character1 waves",
    reference_urls=references,
    size="1280*720",
    duration=2,
)
with Client() as client:
    second = client.videos.generate(
        model="wan2.6-r2v",
        prompt="character1 waves",
        extra_input={"reference_urls": references},
        size="1280*720",
        duration=2,
    )
print(
    json.dumps(
        {
            "version": dashscope.__version__,
            "functions": [first.output.task_status, first.output.video_url],
            "client": [second.status, second.video_url],
        }
    )
)
