"""Calls every recorded CI method of the official Python SDK once on a mock, in a valid order.

Each exercise reads the response through the SDK and returns what it found, in a text that is the same in each run.
"""

from collections.abc import Mapping
from typing import Any

from python_sdk import BUCKET, OUTPUT, REGION, WORKFLOW, Exercise, SdkBench

_PLACE: Mapping[str, Any] = {"Bucket": BUCKET, "OutputBucket": BUCKET, "OutputRegion": REGION}
_SPEECH = {"EngineModelType": "16k_zh", "ChannelNum": 1, "ResTextFormat": 1}
_SPEECH_TEXTS = {name: str(value) for name, value in _SPEECH.items()}
_PIC = {"Tag": "PicProcess", "Input": {"Object": "in/a.png"}}


def _opened(method: str, container: str) -> Exercise:
    def run(context: SdkBench) -> str:
        _, data = getattr(context.cos, method)(BUCKET)
        assert data[container]["Name"] == BUCKET
        return f"{container}.Region = {data[container]['Region']}"

    return run


def _closed(method: str) -> Exercise:
    def run(context: SdkBench) -> str:
        _, data = getattr(context.cos, method)(BUCKET)
        assert data["BucketName"] == BUCKET
        return "BucketName is the bucket"

    return run


def _buckets(method: str, container: str) -> Exercise:
    def run(context: SdkBench) -> str:
        data = getattr(context.cos, method)(Regions=REGION, BucketNames=BUCKET)
        found = data[container]
        (bucket,) = found if isinstance(found, list) else [found]  # the SDK does not convert AiBucketList to a list
        assert bucket["BucketId"] == BUCKET
        return f"TotalCount = {data['TotalCount']}"

    return run


def _queues(method: str) -> Exercise:
    def run(context: SdkBench) -> str:
        queue = getattr(context.cos, method)(BUCKET)["QueueList"][0]
        context.ids[method.replace("_get_", "_update_")] = queue["QueueId"]
        return f"QueueList[0].Name = {queue['Name']}"

    return run


def _queue_changes(state: str) -> dict[str, object]:
    rule = {"State": "Off", "Event": "TaskFinish", "Type": "Url", "Url": "http://cb.example.com/x"}
    return {"Name": "renamed", "State": state, "NotifyConfig": rule}


def _queue_update(method: str) -> Exercise:
    def run(context: SdkBench) -> str:
        (queue,) = getattr(context.cos, method)(BUCKET, context.ids[method], _queue_changes("Active"))["Queue"]
        assert queue["QueueId"] == context.ids[method]
        return f"Queue[0].Name = {queue['Name']}"

    return run


def _created(job: Any, context: SdkBench, name: str) -> str:
    detail = job["JobsDetail"]
    one = detail[0] if isinstance(detail, list) else detail
    context.ids[name] = one["JobId"]
    return f"JobsDetail.State = {one['State']}, Tag = {one['Tag']}"


def _media_job(context: SdkBench) -> str:
    body = {"Tag": "Snapshot", "Input": {"Object": "in/a.mp4"}, "Operation": {"Output": OUTPUT}}
    return _created(context.cos.ci_create_media_jobs(BUCKET, body, {}), context, "media")


def _cancelled(context: SdkBench) -> str:
    body = {"Tag": "Snapshot", "Input": {"Object": "in/b.mp4"}, "Operation": {"Output": OUTPUT}}
    queue_id = context.ids["ci_update_media_queue"]
    context.cos.ci_update_media_queue(BUCKET, queue_id, _queue_changes("Paused"))
    (job,) = context.cos.ci_create_media_jobs(BUCKET, body, {})["JobsDetail"]
    context.cos.ci_cancel_jobs(BUCKET, job["JobId"])
    context.cos.ci_update_media_queue(BUCKET, queue_id, _queue_changes("Active"))
    (after,) = context.cos.ci_get_media_jobs(BUCKET, job["JobId"])["JobsDetail"]
    assert after["State"] == "Cancel"
    return "describe then shows State = Cancel"


def _picture_job(context: SdkBench) -> str:
    rule = {"IsPicInfo": "true", "ProcessRule": "imageMogr2/rotate/90"}
    body = {**_PIC, "Operation": {"PicProcess": rule, "Output": OUTPUT}}
    return _created(context.cos.ci_create_media_pic_jobs(BUCKET, body, {}), context, "pic")


def _doc_job(context: SdkBench) -> str:
    job = context.cos.ci_create_doc_job(**_PLACE, InputObject="in.docx", OutputObject="out_${Number}.jpg", EndPage=1)
    return _created(job, context, "doc")


def _asr_job(context: SdkBench) -> str:
    job = context.cos.ci_create_asr_job(
        **_PLACE,
        InputObject="in.mp3",
        OutputObject="out.txt",
        SpeechRecognition=_SPEECH_TEXTS,
    )
    return _created(job, context, "asr")


def _hash_job(context: SdkBench) -> str:
    job = context.cos.ci_create_file_hash_job(BUCKET, "in.zip", {"Type": "MD5", "AddToHeader": "true"})
    return _created(job, context, "file")


def _uncompress_job(context: SdkBench) -> str:
    config = {"Prefix": "out/", "PrefixReplaced": "0"}
    return _created(
        context.cos.ci_create_file_uncompress_job(BUCKET, "in.zip", BUCKET, REGION, config), context, "file2"
    )


def _compress_job(context: SdkBench) -> str:
    job = context.cos.ci_create_file_compress_job(
        **_PLACE, OutputObject="out.zip", FileCompressConfig={"Flatten": "0", "Format": "zip", "Prefix": "in/"}
    )
    return _created(job, context, "file3")


def _described(method: str, name: str) -> Exercise:
    def run(context: SdkBench) -> str:
        context.run_jobs()
        (job,) = getattr(context.cos, method)(BUCKET, context.ids[name])["JobsDetail"]
        assert job["JobId"] == context.ids[name]
        return f"JobsDetail[0].State = {job['State']}"

    return run


def _listed(method: str, name: str, *arguments: str) -> Exercise:
    def run(context: SdkBench) -> str:
        jobs = getattr(context.cos, method)(BUCKET, *arguments)["JobsDetail"]
        assert context.ids[name] in [job["JobId"] for job in jobs]
        return f"JobsDetail[{len(jobs)}] holds the job"

    return run


def _template(context: SdkBench) -> str:
    body = {"Tag": "Snapshot", "Name": "shot", "Snapshot": {"Mode": "Interval", "Start": "0"}}
    template = context.cos.ci_create_template(BUCKET, body)["Template"]
    context.ids["template"] = template["TemplateId"]
    return f"Template.Snapshot.Mode = {template['Snapshot']['Mode']}"


def _template_update(context: SdkBench) -> str:
    body = {"Tag": "Snapshot", "Name": "shot-2", "Snapshot": {"Mode": "Average", "Start": "0"}}
    template = context.cos.ci_update_template(BUCKET, context.ids["template"], body)["Template"]
    assert template["TemplateId"] == context.ids["template"]
    return f"Template.Name = {template['Name']}"


def _speech_template(context: SdkBench) -> str:
    template = context.cos.ci_create_asr_template(BUCKET, "talk", **_SPEECH)["Template"]
    context.ids["asr_template"] = template["TemplateId"]
    return f"Template.SpeechRecognition.EngineModelType = {template['SpeechRecognition']['EngineModelType']}"


def _speech_template_update(context: SdkBench) -> str:
    answer = context.cos.ci_update_asr_template(BUCKET, context.ids["asr_template"], "talk-2", **_SPEECH)
    return f"Template.Name = {answer['Template']['Name']}"


def _templates(method: str, name: str) -> Exercise:
    def run(context: SdkBench) -> str:
        (template,) = getattr(context.cos, method)(BUCKET, Ids=context.ids[name])["TemplateList"]
        return f"TemplateList[0].Name = {template['Name']}"

    return run


def _template_deleted(method: str, name: str) -> Exercise:
    def run(context: SdkBench) -> str:
        answer = getattr(context.cos, method)(BUCKET, context.ids[name])
        assert answer["TemplateId"] == context.ids[name]
        return "TemplateId is the one deleted"

    return run


def _workflow(context: SdkBench) -> str:
    workflow = context.cos.ci_create_workflow(BUCKET, WORKFLOW)["MediaWorkflow"]
    context.ids["workflow"] = workflow["WorkflowId"]
    return f"MediaWorkflow.State = {workflow['State']}"


def _workflow_update(context: SdkBench) -> str:
    context.cos.ci_update_workflow_state(BUCKET, context.ids["workflow"], "paused")
    changed = {"MediaWorkflow": {**WORKFLOW["MediaWorkflow"], "Name": "flow-2", "State": "Paused"}}
    answer = context.cos.ci_update_workflow(BUCKET, context.ids["workflow"], changed)
    return f"MediaWorkflow.Name = {answer['MediaWorkflow']['Name']}"


def _workflow_state(context: SdkBench) -> str:
    context.cos.ci_update_workflow_state(BUCKET, context.ids["workflow"], "active")
    (workflow,) = context.cos.ci_get_workflow(BUCKET, Ids=context.ids["workflow"])["MediaWorkflowList"]
    return f"list then shows State = {workflow['State']}"


def _workflows(context: SdkBench) -> str:
    (workflow,) = context.cos.ci_get_workflow(BUCKET, Ids=context.ids["workflow"])["MediaWorkflowList"]
    return f"MediaWorkflowList[0].Name = {workflow['Name']}"


def _triggered(context: SdkBench) -> str:
    context.ids["run"] = context.cos.ci_trigger_workflow(BUCKET, context.ids["workflow"], "in/a.mp4")["InstanceId"]
    return "InstanceId names the run"


def _run(context: SdkBench) -> str:
    context.run_jobs()
    (run,) = context.cos.ci_get_workflowexecution(BUCKET, context.ids["run"])["WorkflowExecution"]
    return f"WorkflowExecution[0].State = {run['State']}"


def _runs(context: SdkBench) -> str:
    found = context.cos.ci_list_workflowexecution(BUCKET, context.ids["workflow"])["WorkflowExecutionList"]
    run = found if isinstance(found, dict) else found[0]  # the SDK does not convert it to a list
    assert run["RunId"] == context.ids["run"]
    return f"WorkflowExecutionList.State = {run['State']}"


def _workflow_deleted(context: SdkBench) -> str:
    context.cos.ci_update_workflow_state(BUCKET, context.ids["workflow"], "paused")
    answer = context.cos.ci_delete_workflow(BUCKET, context.ids["workflow"])
    assert answer["WorkflowId"] == context.ids["workflow"]
    return "WorkflowId is the one deleted"


def _batch(context: SdkBench) -> str:
    body = {
        "Name": "batch",
        "Type": "Job",
        "Input": {"Object": "in/a.mp4"},
        "Operation": {
            "Tag": "Snapshot",
            "JobParam": {"Snapshot": {"Mode": "Interval", "Start": "0"}},
            "Output": OUTPUT,
            "TimeInterval": {"Start": "2020-01-01T00:00:00+0800", "End": "2040-01-01T00:00:00+0800"},
        },
    }
    (batch,) = context.cos.ci_create_inventory_trigger_jobs(BUCKET, body)["JobsDetail"]
    context.ids["batch"] = batch["JobId"]
    return f"JobsDetail[0].Name = {batch['Name']}"


def _batches(context: SdkBench) -> str:
    batches = context.cos.ci_list_inventory_trigger_jobs(BUCKET, Type="Job")["JobsDetail"]
    assert [one["JobId"] for one in batches] == [context.ids["batch"]]
    return f"JobsDetail[0].Type = {batches[0]['Type']}"


def _batch_described(context: SdkBench) -> str:
    (batch,) = context.cos.ci_get_inventory_trigger_jobs(BUCKET, context.ids["batch"])["JobsDetail"]
    assert batch["JobId"] == context.ids["batch"]
    return f"JobsDetail[0].Type = {batch['Type']}"


def _batch_cancelled(context: SdkBench) -> str:
    answer = context.cos.ci_delete_inventory_trigger_jobs(BUCKET, context.ids["batch"])
    assert answer.status_code == 200
    (batch,) = context.cos.ci_get_inventory_trigger_jobs(BUCKET, context.ids["batch"])["JobsDetail"]
    return f"describe then shows State = {batch['State']}"


def _keys_updated(context: SdkBench) -> str:
    _, data = context.cos.ci_update_hls_play_key(BUCKET, "master-key", "backup-key")
    return f"PlayKeyList.MasterPlayKey = {data['PlayKeyList']['MasterPlayKey']}"


def _keys(context: SdkBench) -> str:
    _, data = context.cos.ci_get_hls_play_key(BUCKET)
    return f"PlayKeyList.BackupPlayKey = {data['PlayKeyList']['BackupPlayKey']}"


def _image_search(context: SdkBench) -> str:
    _, data = context.ai.ci_image_search_bucket(BUCKET, {"MaxCapacity": "1000", "MaxQps": "10"})
    assert data == b""
    return "no body, as documented"


def _words(context: SdkBench) -> str:
    body = {"TableName": "towns", "VocabularyWeights": {"Vocabulary": "chengdu", "Weight": "10"}}
    _, data = context.speech.ci_create_asr_hot_vocabulary_table(BUCKET, body, ContentType="application/xml")
    context.ids["words"] = data["TableId"]
    return "TableId names the table"


def _words_updated(context: SdkBench) -> str:
    body = {"TableId": context.ids["words"], "TableName": "cities"}
    _, data = context.speech.ci_update_asr_hot_vocabulary_table(BUCKET, body)
    assert data["TableId"] == context.ids["words"]
    return "TableId is the one updated"


def _words_shown(context: SdkBench) -> str:
    _, data = context.speech.ci_get_asr_hot_vocabulary_table(BUCKET, context.ids["words"])
    return f"TableName = {data['TableName']}"


def _words_listed(context: SdkBench) -> str:
    _, data = context.speech.ci_list_asr_hot_vocabulary_table(BUCKET)
    assert data["VocabularyTable"]["TableId"] == context.ids["words"]
    return f"TotalCount = {data['TotalCount']}"


def _words_deleted(context: SdkBench) -> str:
    _, data = context.speech.ci_delete_asr_hot_vocabulary_table(BUCKET, context.ids["words"])
    assert data["TableId"] == context.ids["words"]
    return "TableId is the one deleted"


EXERCISES: Mapping[str, Exercise] = {
    "ci_open_pic_bucket": _opened("ci_open_pic_bucket", "PicBucket"),
    "ci_open_asr_bucket": _opened("ci_open_asr_bucket", "AsrBucket"),
    "ci_open_ai_bucket": _opened("ci_open_ai_bucket", "AiBucket"),
    "ci_get_bucket": _buckets("ci_get_bucket", "MediaBucketList"),
    "ci_get_media_bucket": _buckets("ci_get_media_bucket", "MediaBucketList"),
    "ci_get_pic_bucket": _buckets("ci_get_pic_bucket", "PicBucketList"),
    "ci_get_doc_bucket": _buckets("ci_get_doc_bucket", "DocBucketList"),
    "ci_get_asr_bucket": _buckets("ci_get_asr_bucket", "AsrBucketList"),
    "ci_get_ai_bucket": _buckets("ci_get_ai_bucket", "AiBucketList"),
    "ci_get_media_queue": _queues("ci_get_media_queue"),
    "ci_get_media_pic_queue": _queues("ci_get_media_pic_queue"),
    "ci_get_doc_queue": _queues("ci_get_doc_queue"),
    "ci_get_asr_queue": _queues("ci_get_asr_queue"),
    "ci_get_ai_queue": _queues("ci_get_ai_queue"),
    "ci_update_media_queue": _queue_update("ci_update_media_queue"),
    "ci_update_media_pic_queue": _queue_update("ci_update_media_pic_queue"),
    "ci_update_doc_queue": _queue_update("ci_update_doc_queue"),
    "ci_update_asr_queue": _queue_update("ci_update_asr_queue"),
    "ci_update_ai_queue": _queue_update("ci_update_ai_queue"),
    "ci_create_media_jobs": _media_job,
    "ci_cancel_jobs": _cancelled,
    "ci_create_media_pic_jobs": _picture_job,
    "ci_create_doc_job": _doc_job,
    "ci_create_asr_job": _asr_job,
    "ci_create_file_hash_job": _hash_job,
    "ci_create_file_uncompress_job": _uncompress_job,
    "ci_create_file_compress_job": _compress_job,
    "ci_get_media_jobs": _described("ci_get_media_jobs", "media"),
    "ci_get_media_pic_jobs": _described("ci_get_media_pic_jobs", "pic"),
    "ci_get_doc_job": _described("ci_get_doc_job", "doc"),
    "ci_get_asr_job": _described("ci_get_asr_job", "asr"),
    "ci_get_file_process_jobs": _described("ci_get_file_process_jobs", "file"),
    "ci_list_media_jobs": _listed("ci_list_media_jobs", "media", "Snapshot"),
    "ci_list_media_pic_jobs": _listed("ci_list_media_pic_jobs", "pic", "PicProcess"),
    "ci_list_doc_jobs": _listed("ci_list_doc_jobs", "doc"),
    "ci_list_asr_jobs": _listed("ci_list_asr_jobs", "asr"),
    "ci_create_template": _template,
    "ci_update_template": _template_update,
    "ci_get_template": _templates("ci_get_template", "template"),
    "ci_delete_template": _template_deleted("ci_delete_template", "template"),
    "ci_create_asr_template": _speech_template,
    "ci_update_asr_template": _speech_template_update,
    "ci_get_asr_template": _templates("ci_get_asr_template", "asr_template"),
    "ci_delete_asr_template": _template_deleted("ci_delete_asr_template", "asr_template"),
    "ci_create_workflow": _workflow,
    "ci_update_workflow": _workflow_update,
    "ci_update_workflow_state": _workflow_state,
    "ci_get_workflow": _workflows,
    "ci_trigger_workflow": _triggered,
    "ci_get_workflowexecution": _run,
    "ci_list_workflowexecution": _runs,
    "ci_delete_workflow": _workflow_deleted,
    "ci_create_inventory_trigger_jobs": _batch,
    "ci_list_inventory_trigger_jobs": _batches,
    "ci_get_inventory_trigger_jobs": _batch_described,
    "ci_delete_inventory_trigger_jobs": _batch_cancelled,
    "ci_update_hls_play_key": _keys_updated,
    "ci_get_hls_play_key": _keys,
    "ci_image_search_bucket": _image_search,
    "ci_create_asr_hot_vocabulary_table": _words,
    "ci_update_asr_hot_vocabulary_table": _words_updated,
    "ci_get_asr_hot_vocabulary_table": _words_shown,
    "ci_list_asr_hot_vocabulary_table": _words_listed,
    "ci_delete_asr_hot_vocabulary_table": _words_deleted,
    "ci_close_pic_bucket": _closed("ci_close_pic_bucket"),
    "ci_close_asr_bucket": _closed("ci_close_asr_bucket"),
    "ci_close_ai_bucket": _closed("ci_close_ai_bucket"),
}
"""The exercises by method, in the order of their execution."""
