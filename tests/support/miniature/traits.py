"""The properties of a miniature target: its legal variations and its faults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Traits:
    """The legal variations, followed by the fault."""

    workers: int = 4
    duration: float = 0.03
    callback_delay: float = 0.0
    callback_jitter: float = 0.0
    callback_copies: int = 1
    held_state: str = "Pause"
    halting: bool = False
    closed_when_paused: bool = False
    shuffle: bool = False
    extras: bool = False
    declaration: bool = True
    pretty: bool = False
    json_details: str = "array"
    json_wrapper: bool = False
    json_numbers: bool = False
    nested_nonexist: bool = False
    comma_nonexist: bool = False
    unset: str | None = "-"
    message: str = ""
    charset: bool = False
    lower_headers: bool = False
    chunked: bool = False
    http10: bool = False
    zone_hours: int = 8
    legacy_callback: bool = False
    speed_queue: bool = False
    speech_queue_name: str = "queue-speech-1"
    one_id_only: bool = False
    shared_path_only: bool = False
    doc_result_format: bool = True
    blind_to_input: bool = False
    needs_activation: bool = False
    echo_level: bool = True
    ids_upper: bool = False
    end_token: str = "absent"
    request_id_header: bool = True
    jitter_start: float = 0.0
    tick: float = 0.0
    latency: float = 0.0
    rule_merged: bool = False
    fault: str = ""
