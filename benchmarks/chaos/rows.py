"""A file of rows, sent in by the API as a client does: sent, matched, checked, committed. It waits only for the check."""

from __future__ import annotations

import json
import time
import urllib.request
import uuid

from benchmarks.chaos.scene import PATIENCE, Scene

CHECKED = "checked"


def send(scene: Scene, rows: int) -> None:
    """So many people, one a row; on return the house has said that it takes them in."""
    text = "E-mail,Name\n" + "".join(f"row{n}@company{n}.example,Row {n}\n" for n in range(rows))
    edge = uuid.uuid4().hex
    parts = (
        f'--{edge}\r\nContent-Disposition: form-data; name="kind"\r\n\r\nleads\r\n'
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="rows.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\n{text}\r\n--{edge}--\r\n"
    )
    key = _asked(scene, "POST", "", parts.encode(), f"multipart/form-data; boundary={edge}")["id"]
    _asked(scene, "POST", f"/{key}/dry-run", b"{}")
    until = time.monotonic() + PATIENCE
    while _asked(scene, "GET", f"/{key}")["state"] != CHECKED:
        if time.monotonic() > until:
            raise TimeoutError("the rows were not checked")
        time.sleep(0.2)
    _asked(scene, "POST", f"/{key}/commit", b"")


def _asked(
    scene: Scene, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {scene.seeded.token}", "Content-Type": kind, "Accept": "application/json"}
    address = f"http://127.0.0.1:{scene.port}/api/v1/imports{path}"
    asked = urllib.request.Request(address, data=body, headers=headers, method=method)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        told: dict[str, str] = json.loads(answer.read())
    return told
