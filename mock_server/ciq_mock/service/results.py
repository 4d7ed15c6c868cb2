"""What a finished job says it has made: small, plausible result containers, one kind a feature.

Values follow the shapes of the describe and callback pages (callbacks.md 4.2); nothing was really processed.
"""

from collections.abc import Mapping
from hashlib import md5, sha256

from ciq_schemas.features import Feature

Content = Mapping[str, object]


def result_of(feature: Feature, tag: str, job_id: str, operation: Content) -> dict[str, object]:
    """Return the containers to add to Operation; `operation` is its canonical mapping as submitted."""
    output = operation.get("Output")
    made = {name: str(text) for name, text in output.items() if isinstance(text, str)} if (
        isinstance(output, Mapping)
    ) else {}
    name = _filled(made.get("Object", ""), job_id)
    digest = md5(job_id.encode(), usedforsecurity=False).hexdigest()
    match feature:
        case Feature.MEDIA if name:
            return {
                "MediaResult": {
                    "OutputFile": {
                        "Bucket": made.get("Bucket", ""),
                        "Region": made.get("Region", ""),
                        "ObjectName": name,
                        "Md5Info": {"ObjectName": name, "Md5": digest},
                    }
                }
            }
        case Feature.SPEECH if tag == "SpeechRecognition":
            return {"SpeechRecognitionResult": {"AudioTime": "1.000", "Result": ["[0:0.000,0:1.000] ok"]}}
        case Feature.DOC if tag == "DocProcess":
            target = operation.get("DocProcess")
            kind = target.get("TgtType") if isinstance(target, Mapping) else None
            return {
                "DocProcessResult": {
                    "FailPageCount": "0",
                    "SuccPageCount": "1",
                    "TotalPageCount": "1",
                    "TaskId": job_id,
                    "TgtType": str(kind or "jpg"),
                    "PageInfo": {"PageNo": "1", "TgtUri": name},
                }
            }
        case Feature.PIC if tag == "PicProcess":
            return {"PicProcessResult": {"ObjectName": name, "OriginalInfo": {"Etag": digest}}}
        case Feature.FILE if tag == "FileHashCode":
            return {"FileHashCodeResult": _hash_result(operation, job_id)}
        case Feature.FILE if tag == "FileUncompress":
            return {
                "FileUncompressResult": {
                    "Region": made.get("Region", ""), "Bucket": made.get("Bucket", ""), "FileCount": "1",
                }
            }  # fmt: skip
        case Feature.FILE if tag == "FileCompress":
            return {"FileCompressResult": {**made, "CompressFileCount": "1", "ErrorCount": "0"}}
        case _:
            return {}


def _filled(pattern: str, job_id: str) -> str:
    """Put values into the wildcards of an output name (jobs.md 1.3)."""
    for mark, text in (
        ("${jobid}", job_id), ("${InventoryTriggerJobId}", job_id), ("${Number}", "0"), ("${number}", "0"),
        ("${Page}", "1"), ("${SheetID}", "1"), ("${ext}", "bin"),
    ):  # fmt: skip
        pattern = pattern.replace(mark, text)
    return pattern


def _hash_result(operation: Content, job_id: str) -> dict[str, str]:
    config = operation.get("FileHashCodeConfig")
    kind = str(config.get("Type") or "MD5") if isinstance(config, Mapping) else "MD5"
    digest = sha256(job_id.encode()).hexdigest()
    length = {"MD5": 32, "SHA1": 40}.get(kind, 64)
    return {kind if kind in ("MD5", "SHA1", "SHA256") else "MD5": digest[:length], "FileSize": "1024"}
