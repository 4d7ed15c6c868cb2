"""The bench for exercises of the official Python SDK: its clients with a mock as their target."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.ai_recognition import AIRecognitionClient
from qcloud_cos.cos_auth import CosS3Auth
from qcloud_cos.intelligent_speech import IntelligentSpeechClient
from requests import post

from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials

BUCKET = "sdk-1250000000"
REGION = "ap-test"
KEYS = Credentials(secret_id="AKIDSDK", secret_key="sdk-secret")
OUTPUT = {"Bucket": BUCKET, "Region": REGION, "Object": "out/${Number}.jpg"}
WORKFLOW = {
    "MediaWorkflow": {
        "Name": "flow",
        "State": "Active",
        "Topology": {
            "Dependencies": {"Start": "Snapshot_1", "Snapshot_1": "End"},
            "Nodes": {
                "Start": {"Type": "Start", "Input": {"ObjectPrefix": "in/"}},
                "Snapshot_1": {"Type": "Snapshot", "Operation": {"TemplateId": "tsome", "Output": OUTPUT}},
            },
        },
    }
}


@dataclass
class SdkBench:
    """The clients, the mock, and the ids that earlier exercises stored."""

    server: MockServer
    cos: Any
    speech: Any
    ai: Any
    ids: dict[str, str] = field(default_factory=dict)

    def run_jobs(self) -> None:
        """Let all waiting jobs run to their end."""
        self.server.advance(60)


def bench_of(server: MockServer, scheme: str = "http") -> SdkBench:
    """Clients of the SDK with the mock as their proxy; features that the SDK cannot activate are active.

    Over https the SDK trusts the mock by its option VerifySSL, which takes a file too.
    """
    verify = str(server.ca_file) if scheme == "https" else True
    config = CosConfig(
        Region=REGION,
        SecretId=KEYS.secret_id,
        SecretKey=KEYS.secret_key,
        Scheme=scheme,
        Proxies={"http": server.url, "https": server.url},
        VerifySSL=verify,
    )
    for path in ("/mediabucket", "/docbucket", "/file_bucket"):
        response = post(
            f"{scheme}://{BUCKET}.ci.{REGION}.myqcloud.com{path}",
            auth=CosS3Auth(config, path),
            proxies={"http": server.url, "https": server.url},
            verify=verify,
            timeout=10,
        )
        response.raise_for_status()
    clients = (kind(config, retry=0) for kind in (CosS3Client, IntelligentSpeechClient, AIRecognitionClient))
    return SdkBench(server, *clients)


Exercise = Callable[[SdkBench], str]
