"""What a search has found, made small, and mended since: the target and the input."""

# ruff: noqa: E501  data

from __future__ import annotations

_HEAD = b'{"format": 1, "provider": "openai", "base_url": "https://x", "simulated": false, "kinds": ["text"]}\n===\n'
INPUTS: tuple[tuple[str, bytes], ...] = (
    # A name in a table of labels that is longer than a file's name may be.
    ("labels", b"scripts.csv\nfile,case,checks\n" + b"x" * 300 + b",b.json,C02\n"),
    ("labels", b"stills.json\n" + b"[" * 5000),
    ("labels", b"stills.json\n" + b'["x"]'),
    ("labels", b"emotions.csv\nfile,person,emotion,neutral\n" + b"x" * 200_000),
    # Control characters in a script, which XML cannot hold: the FDX was written and could not be read.
    ("json script", b'{"title":"T","scenes":[{"id":"s1","location":"pier","daypart":"\\u0000","present":["mei"],"beats":[{"id":"b1","action":"Rain.","function":"hook","emotion":4,"actors":["mei"],"lines":[{"id":"l1","speaker":"mei","text":"a\\u000bb","kind":"dialogue"}]}]}]}'),
    ("chinese text", b"\xb3\xa1\xbe\xb0\xd2\xbb B\xeb\xcd\xb7\xef\xbc\x88\xd7\xdf\xa3\xa1\x06"),
    # IPv4 addresses inside of IPv6 ones that were not looked into.
    ("download links", b"http://[::127.0.0.1]/"),
    ("download links", b"http://[64:ff9b:1::a00:1]/"),
    # The head of a journal was broken, and no page that lists runs could be shown.
    ("journal, torn", b'{"crc":"00000000","type":"journal","schema":1,"run_id":"r"}\n{"crc":"cf4c982f","type":"claim","run_id":"r","at":"2026-03-01T12:00:00.000000Z","job_id":"j"}\n'),
    # Lines with a right checksum that are no events of ours.
    ("journal, foreign lines", b'[{"type": "run", "run_id": "r"}, {"type": "generation", "run_id": "r", "job_id": ["x"]}, {"type": "scores", "run_id": "r", "scores": [5]}, {"type": "handing"}, {"type": "settled", "at": 5}, {"type": "end"}]'),
    # The words for such a line named a scratch file: folded again, they were others. (The spaces have the log folded twice.)
    ("journal, foreign lines", b'[{"type": "run", "run_id": "r", "at": "2026-03-01T12:00:00.000000Z", "suite": "stop", "jobs": []}     ]'),
    # A forged ledger, whose hashes are right and whose values are of other types.
    ("ledger, forged", b'[{"action": "freeze", "actor": "c", "template": ["x"], "channel": "production", "from": "", "to": "", "report": "", "policy": "", "series": "", "reason": "", "details": {}, "seq": 1, "time": ""}]'),
    ("ledger, forged", b'[{"action": "gate", "actor": "c", "template": "x", "channel": "production", "from": "", "to": "", "report": "", "policy": "", "series": "", "reason": "", "details": "x", "seq": 1, "time": ""}]'),
    ("ledger and pointers", b'\n===\n{"ledger": {"seq": 1e999, "hash": ""}}'),
    ("ledger and pointers", b'\n===\n{"ledger": {"seq": 0, "hash": "' + b"0" * 64 + b'"}, "x": NaN}'),
    # Cassettes that somebody has changed.
    ("cassettes", _HEAD + b'{"takes": []}'),
    ("cassettes", _HEAD + b'{"takes": [{"assets": [{"kind": "text", "media_type": "x", "file": "gone.txt"}], "failure": null}]}'),
    ("cassettes", _HEAD + b'{"takes": [{"assets": [], "failure": {"error": "odd", "message": "x"}, "usage": {}}]}'),
    ("cassettes", _HEAD + b"[" * 5000),
    ("cassettes", b'{"format": 1}\n===\n{}'),
    # Our studio answered 500.
    ("studio chat", b'{"messages": [{"role": "user", "content": "x"}], "response_format": {"json_schema": 5}}'),
    ("studio chat", b'{"messages": [{"role": "user", "content": "x"}], "stream": true, "stream_options": 5}'),
    ("studio pictures", b'{"prompt": "rain", "n": "\\u00b2"}'),
    ("studio pictures", b'{"prompt": "rain", "n": "' + b"9" * 5000 + b'"}'),
    ("studio pictures", b'{"prompt": "rain", "output_format": "\\ud800"}'),
    ("studio edits", '{"prompt": "rain", "images": ["data:image/png;base64,²"]}'.encode()),
    # A decoder's own kind of error, and a frame that unpacks to a gigabyte and a half.
    ("pictures", bytes.fromhex("00000020667479706176696600000000617669666d6966316d6961664d413142000000eb6d657461000000000000002168646c72000000000000000070696374000000000000000000000000000000000e7069746d0000000000010000001e696c6f630000000044000001000100000001000001130000002a0000002869696e660000000000010000001a696e6665020000000001000061763031436f6c6f72000000006a697072700000004b6970636f0000001469737065000000000000001800000010000000107069786900000000030808080000000c6176314381000c0000000013636f6c726e636c780001000d0006800000001769706d61000000000000000100010401028304000000326d64617412000a091810664c6143ed1010d06840321b14c78786650208209e5000000057df11f1df50b684569c5e54f0d0")),
    ("animations", bytes.fromhex("47494638396118001000810000ff000000000000000000000021f90400080000002c00000000180010000008220001081c48b0a0c18308132a5cc8b0a1c38710234a9c48b1a2c58b18336adc6830200021f90401080001002c0000000018001000810000ff00000000000000000008220001081c48b0a0c18308132a5cc8b0a1c38710234a9c48b1a2c58b18336adc6830200021f90401080001002c00000000001000810080000000000000000000000822706c616e7465642d3764336539306161353163340001081c48b0a0c18308132a5cc8b0a1c38710234a9c48b1a2c58b18336adc683020003b")),
    # A task's name that cannot be sent back.
    ("answers of replicate", b'[[201, {"id": "\\ud800x", "status": "starting", "urls": {}}], [200, null]]'),
    ("answers of wan", b'[[200, {"output": {"task_id": "\\ud800x"}}]]'),
    # Less than no tokens, which would cost less than nothing.
    ("messages of langchain", b'{"content": "x", "usage_metadata": {"input_tokens": -1, "output_tokens": 4, "total_tokens": 3}}'),
    # A code of an error that only looks like a number.
    ("answers of youchuan", '[[200, {"code": "²²²", "message": "x"}]]'.encode()),
    ("answers of chat", '{"error": {"code": "²²²", "message": "x"}}'.encode()),
    # A key that stood where a name should, and was told back.
    ("settings", b'[ui]\nplanted-7d3e90aa51c4 = "x"\n'),
    # Numbers that Python does not read, for which Jinja and tomllib leave its own kind of error.
    ("template", b"---\nstage: shot\n---\n{{ words " + b"9" * 5000 + b" }}"),
    ("settings", b"[ui]\nport = " + b"9" * 5000 + b"\n"),
    ("policy", b"min_units = " + b"9" * 5000 + b"\n"),
    # A list where a picture's name should stand.
    ("manifest json", b'{"files": [{"character": "mei", "emotion": "fear", "x": 0.5, "references": [["r.png"]]}]}'),
)  # fmt: skip
