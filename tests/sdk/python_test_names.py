"""The tests `test_ci_*` of cos-python-sdk-v5 (ut/test.py at cc3bdf0), and what the mock has of their calls.

They need keys of a real account and objects in its bucket, so the kit calls the same methods in its own exercises.
"""

from collections.abc import Mapping

_JOBS_OF_MEDIA = ("ci_get_media_queue", "ci_create_media_jobs")
_OPENED = ("ci_get_asr_bucket", "ci_open_asr_bucket")
_BATCH = "ci_create_inventory_trigger_jobs"

WORKS: Mapping[str, tuple[str, ...]] = {
    "test_ci_get_media_queue": ("ci_get_media_queue",),
    "test_ci_get_media_pic_queue": ("ci_get_media_pic_queue",),
    "test_ci_create_media_transcode_watermark_jobs": _JOBS_OF_MEDIA,
    "test_ci_create_media_transcode_jobs": _JOBS_OF_MEDIA,
    "test_ci_create_media_pic_jobs": ("ci_get_media_pic_queue", "ci_create_media_pic_jobs"),
    "test_ci_list_media_pic_jobs": ("ci_get_media_pic_queue", "ci_list_media_pic_jobs"),
    "test_ci_list_media_transcode_jobs": ("ci_get_media_queue", "ci_list_media_jobs"),
    "test_ci_get_media_bucket": ("ci_get_media_bucket",),
    "test_ci_create_doc_transcode_jobs": ("ci_get_doc_queue", "ci_create_doc_job", "ci_get_doc_job"),
    "test_ci_list_doc_transcode_jobs": ("ci_get_doc_queue", "ci_list_doc_jobs"),
    "test_ci_delete_asr_template": (*_OPENED, "ci_delete_asr_template"),
    "test_ci_get_asr_template": (*_OPENED, "ci_get_asr_template"),
    "test_ci_create_asr_template": (*_OPENED, "ci_create_asr_template", "ci_update_asr_template"),
    "test_ci_list_asr_jobs": (*_OPENED, "ci_get_asr_queue", "ci_list_asr_jobs"),
    "test_ci_get_asr_jobs": (*_OPENED, "ci_get_asr_job"),
    "test_ci_create_asr_jobs": (*_OPENED, "ci_get_asr_queue", "ci_create_asr_job"),
    "test_ci_put_asr_queue": (*_OPENED, "ci_get_asr_queue", "ci_update_asr_queue"),
    "test_ci_get_asr_queue": (*_OPENED, "ci_get_asr_queue"),
    "test_ci_get_asr_bucket": ("ci_get_asr_bucket",),
    "test_ci_get_doc_bucket": ("ci_get_doc_bucket",),
    "test_ci_put_doc_queue": ("ci_get_doc_queue", "ci_update_doc_queue"),
    "test_ci_list_workflowexecution": ("ci_list_workflowexecution",),
    "test_ci_get_media_transcode_jobs": ("ci_get_media_jobs",),
    "test_ci_get_media_pic_jobs": ("ci_get_media_pic_jobs",),
    "test_ci_put_media_pic_queue": ("ci_get_media_pic_queue", "ci_update_media_pic_queue"),
    "test_ci_create_file_hash_job": ("ci_create_file_hash_job", "ci_get_file_process_jobs"),
    "test_ci_create_file_uncompress_job": ("ci_create_file_uncompress_job", "ci_get_file_process_jobs"),
    "test_ci_create_file_compress_job": ("ci_create_file_compress_job", "ci_get_file_process_jobs"),
    "test_ci_cancel_jobs": ("ci_cancel_jobs",),
    "test_ci_create_inventory_trigger_jobs": (_BATCH, "ci_get_inventory_trigger_jobs"),
    "test_ci_delete_inventory_trigger_jobs": (_BATCH, "ci_delete_inventory_trigger_jobs"),
    "test_ci_snapshot_template": ("ci_create_template", "ci_update_template", "ci_get_template", "ci_delete_template"),
    "test_ci_list_inventory_trigger_jobs": ("ci_list_inventory_trigger_jobs",),
    "test_ci_get_ai_bucket": ("ci_get_ai_bucket",),
    "test_ci_update_ai_queue": ("ci_get_ai_queue", "ci_update_ai_queue"),
    "test_ci_workflow": ("ci_create_workflow", "ci_update_workflow", "ci_update_workflow_state", "ci_get_workflow"),
    "test_ci_image_search_bucket": ("ci_image_search_bucket",),
    "test_ci_ai_bucket": ("ci_close_ai_bucket", "ci_open_ai_bucket"),
    "test_ci_pic_bucket": ("ci_close_pic_bucket", "ci_open_pic_bucket"),
    "test_ci_hls_play_key": ("ci_update_hls_play_key", "ci_get_hls_play_key"),
    "test_ci_asr_bucket": ("ci_close_asr_bucket", "ci_open_asr_bucket"),
    "test_ci_asr_hot_vocabulary_table": ("ci_create_asr_hot_vocabulary_table", "ci_update_asr_hot_vocabulary_table"),
}
"""Test and the methods that it calls; each has an exercise."""

_IMAGE = "image processing on the fly, which is not a queue"
_AUDIT = "content auditing, another service"
_PREVIEW = "preview on the fly, which is not a queue"

OUT_OF_SCOPE: Mapping[str, str] = {
    "test_ci_put_image_style": _IMAGE,
    "test_ci_get_image_info": _IMAGE,
    "test_ci_get_image_exif_info": _IMAGE,
    "test_ci_get_image_ave_info": _IMAGE,
    "test_ci_image_assess_quality": _IMAGE,
    "test_ci_qrcode_generate": _IMAGE,
    "test_ci_ocr_process": _IMAGE,
    "test_ci_compress_image": _IMAGE,
    "test_ci_image_detect_label": _IMAGE,
    "test_ci_image_detect_car": _IMAGE,
    "test_ci_recognize_logo_process": _IMAGE,
    "test_ci_super_resolution_process": _IMAGE,
    "test_ci_live_video_auditing": _AUDIT,
    "test_ci_auditing_video_submit": _AUDIT,
    "test_ci_auditing_audio_submit": _AUDIT,
    "test_ci_auditing_text_submit": _AUDIT,
    "test_ci_auditing_document_submit": _AUDIT,
    "test_ci_auditing_html_submit": _AUDIT,
    "test_ci_auditing_image_batch": _AUDIT,
    "test_ci_auditing_virus_submit": _AUDIT,
    "test_ci_auditing_detect_type": _AUDIT,
    "test_ci_auditing_report_badcase": _AUDIT,
    "test_ci_doc_preview_to_html_process": _PREVIEW,
    "test_ci_doc_preview_process": _PREVIEW,
    "test_ci_get_zip_preview": _PREVIEW,
    "test_ci_file_hash": "hash of an object in the answer to a GET; as a job it works (test_ci_create_file_hash_job)",
}
"""Test and the reason why the mock does not have its calls."""
