"""A model by its id: from a hub on the loopback, then from the cache with the hub gone."""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.parse

import pytest

COMMIT = "a" * 40
CHILD = """
import json, sys
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import Target
said = {"target": Target.load("some/model").fingerprint}
try:
    Target.load("some/modle")
except UsageError as error:
    said["wrong"] = str(error)
print(json.dumps(said))
"""


def serve(folder):
    class Hub(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path = urllib.parse.urlparse(self.path).path
            code, headers = 200, {"X-Repo-Commit": COMMIT}
            files = [item.name for item in folder.iterdir()]
            if path == "/api/models/some/model":
                siblings = [{"rfilename": name} for name in files]
                data = json.dumps({"id": "some/model", "sha": COMMIT, "siblings": siblings})
                data = data.encode()
            elif path.startswith("/api/models/some/model/tree"):
                data = json.dumps(
                    [{"type": "file", "path": n, "size": 1, "oid": "b" * 40} for n in files]
                ).encode()
            elif path.rpartition("/")[2] in files and path.startswith("/some/model/resolve/"):
                data = (folder / path.rpartition("/")[2]).read_bytes()
                headers["ETag"] = f'"{hashlib.sha256(data).hexdigest()}"'
            else:
                entry = path.startswith("/some/model/")
                headers["X-Error-Code"] = "EntryNotFound" if entry else "RepoNotFound"
                code, data = 404, b""
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.mark.slow
def test_an_id_loads_from_the_hub_and_then_from_the_cache(save, load, tmp_path):
    server = serve(save("llama"))
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(tmp_path),
    }

    def child():
        done = subprocess.run(
            [sys.executable, "-c", CHILD], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return json.loads(done.stdout)

    online = child()
    server.shutdown()
    server.server_close()
    offline = child()
    assert online["target"] == offline["target"] == load("llama").fingerprint
    assert "knows no such model; nearest known: some/model" in online["wrong"]
    assert "cannot be reached" in offline["wrong"]
