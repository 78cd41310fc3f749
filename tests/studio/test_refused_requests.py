"""Invalid and hostile requests: each is refused with 4xx and changes nothing."""

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from studio_project import Studio, copy, state

from merflow.datasets.catalogue import read_catalogue
from merflow.studio.marks import MarkCorrections, corrected, published
from merflow.studio.routing import Conflict

CLIP = "/api/clip/smic/s01/s01_ne_01"
READS = [
    CLIP + "/video?percent=100",
    "/api/marks/smic",
    "/api/runs/quick/x1/0/against/quick/x10/0",
    "/api/about",
    "/api/clips",
    CLIP,
    CLIP + "/frames/0",
    CLIP + "/traces",
    CLIP + "/selection",
    "/api/experiments",
    "/api/runs/quick/x1/0",
    "/api/runs/quick/x1/0/curves",
    "/api/datasets",
    "/api/datasets/smic/check",
    "/api/workflow",
    "/api/config",
    "/api/config/fields/experiments",
    "/api/config/plan/quick",
    "/api/project",
    "/api/projects/recent",
    "/api/projects/creation",
    "/api/files?from=project",
    "/api/own-clips",
    "/api/test",
    "/api/test/state",
]
WRITES = [
    CLIP + "/marks",
    "/api/marks/smic/apply",
    "/api/marks/smic/undo",
    "/api/datasets/smic/check/start",
    "/api/workflow/start",
    "/api/workflow/stop",
    "/api/workflow/unlock",
    "/api/datasets/smic/root",
    "/api/test/dataset",
    "/api/test/recording",
    "/api/test/camera",
    "/api/test/stop",
    "/api/test/frame",
    "/api/projects/open",
    "/api/projects/new",
    "/api/projects/forget",
    "/api/projects/creation/stop",
    "/api/upload",
    "/api/own-clips/check",
    "/api/own-clips/save",
    "/api/own-clips/recording",
    "/api/own-clips/recording/close",
    "/api/own-clips/recording/import",
    "/api/own-clips/recording/export",
]
LARGE = {
    "/api/upload": 17 * 2**30,
    "/api/own-clips/check": 17 * 2**20,
    "/api/own-clips/save": 17 * 2**20,
    "/api/own-clips/recording/import": 17 * 2**20,
    "/api/own-clips/recording/export": 17 * 2**20,
}
"""Bodies above the limit of a route that takes more than the others (bytes)."""
BODIES = {
    CLIP + "/marks": {"marks": {}, "before": {}},
    "/api/workflow/start": {"what": "experiment", "name": "quick"},
    "/api/workflow/stop": {"id": 1},
    "/api/own-clips/recording": {"path": "faces/recordings/recording00.avi"},
    "/api/datasets/smic/root": {"root": "faces/samm", "before": "faces/smic"},
    "/api/test/dataset": {"run": "results/runs/svm/x1/seed0", "dataset": "smic"},
}
ESCAPES = [
    "..", "../..", "..%2f..%2f..%2fetc", "%2e%2e%2f%2e%2e", "..%5c..%5cx", "....//", "%00",
    "x%00.h5", "%2fetc%2fpasswd", "C:%5cWindows", "CON", "~", "%EF%BC%8E%EF%BC%8E", "..%c0%af",
    ".", "%20", "results", "a" * 3000, "<script>", "%3Cscript%3Ealert(1)%3C/script%3E", "*",
    "%0d%0aX:1",
]  # fmt: skip
PLACES = [
    "/api/clip/{}/s01/s01_ne_01",
    "/api/clip/smic/{}/s01_ne_01",
    "/api/clip/smic/s01/{}",
    CLIP + "/frames/{}",
    "/api/runs/{}/x1/0",
    "/api/runs/quick/{}/0/curves",
    "/api/runs/quick/x1/{}",
    "/api/datasets/{}/check",
    "/api/files?at={}",
    "/api/own-clips/folder?folder={}",
    "/api/own-clips/recording/frames/{}",
    "/api/test/{}/result",
    "/api/test/{}/windows",
    "/api/test/{}/faces",
    "/api/test/{}/film",
    "/api/config/fields/{}",
    "/api/config/plan/{}",
    "/api/test/0/frames/{}",
    "/api/marks/{}",
    "/api/runs/quick/x1/0/against/{}/x1/0",
    CLIP + "/video?percent={}",
    CLIP + "/video?beside={}",
    "/docs/{}",
    "/{}",
]


@pytest.fixture(autouse=True)
def unchanged(studio):
    """After every request: the same files, no job, and the server still answers."""
    before = state(studio.folder)
    yield
    assert state(studio.folder) == before
    assert studio.json("/api/workflow")["state"] == "idle"
    assert studio.json("/api/test/state")["state"] == "idle"


def refused(answer, *codes):
    assert answer.status in codes if codes else 400 <= answer.status < 500, answer.content
    assert answer.getheader("content-security-policy", "").startswith("default-src 'self';")
    assert answer.getheader("cache-control") == "no-store"
    assert answer.getheader("access-control-allow-origin") is None
    assert b"Traceback" not in answer.content
    assert answer.getheader("content-type") == "application/json"


def test_valid_requests_are_answered(studio):
    for path in READS:
        assert studio.ask(path).status == 200, path
    assert studio.ask("/", X_Merflow_Token=None).status == 200


@pytest.mark.parametrize("path", READS + WRITES)
@pytest.mark.parametrize("token", [None, "", "wrong", "é"])
def test_without_the_token_every_request_for_data_is_refused(studio, path, token):
    method = "POST" if path in WRITES else "GET"
    body = BODIES.get(path, {}) if method == "POST" else None
    refused(studio.ask(path, method, body, X_Merflow_Token=token), 401)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost",
        "127.0.0.1:1",
        "0.0.0.0",
        "",
        "[::]",
        "[",
        "[::1",
        "]",
        "[x]:80",
        "127.0.0.1:x",
        "127.0.0.1:99999",
        "\u00ff",
        "{",
        "127.0.0.1:[",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/clips", "/main.js"])
def test_a_foreign_host_is_refused(studio, host, path):
    refused(studio.ask(path, Host=host), 400)


def test_no_host_and_two_hosts_are_refused(studio):
    for lines in (b"", f"Host: {studio.host}\r\nHost: evil.example\r\n".encode()):
        with socket.create_connection(("127.0.0.1", studio.port), timeout=20) as line:
            token = f"X-Merflow-Token: {studio.token}\r\n".encode()
            line.sendall(b"GET /api/clips HTTP/1.1\r\n" + lines + token + b"\r\n")
            assert line.recv(4096).split()[1] == b"400"


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1", "http://localhost:1", "https://{host}",
     "http://{host}.evil.example", "http://evil.example/{host}", "file://", "http://[",
     "http://[::1", "http://]", "http://[x]", "http://{host}:x", "\u00ff"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/clips", "/api/workflow/start"])
def test_a_foreign_origin_is_refused_even_with_the_token(studio, origin, path):
    method = "POST" if path in WRITES else "GET"
    body = BODIES[path] if method == "POST" else None
    refused(studio.ask(path, method, body, Origin=origin.format(host=studio.host)), 403)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_request_that_a_browser_marks_as_cross_site_is_refused(studio, site):
    refused(studio.ask("/api/clips", Sec_Fetch_Site=site), 403)
    refused(studio.ask("/main.js", Sec_Fetch_Site=site), 403)


@pytest.mark.parametrize("escape", ESCAPES)
def test_a_path_out_of_the_project_is_refused_in_every_place_of_a_name(studio, escape):
    for place in PLACES:
        # http.client refuses raw control characters; every other sign goes out as it is.
        answer = studio.ask(place.format(escape))
        if place == "/{}" and escape == ".":
            continue
        if "folder={}" in place and escape == "results":
            continue
        refused(answer, 400, 404, 414)


@pytest.mark.parametrize("name", ["preparation", "factor"])
@pytest.mark.parametrize("value", ["..", "../../etc", "%00", "x1000000", "nan", "<script>"])
def test_a_query_out_of_the_project_is_refused(studio, name, value):
    refused(studio.ask(f"{CLIP}/frames/0?{name}={value}"), 400, 404)


@pytest.mark.parametrize("index", ["-1", "99999999999", "1e3", "٣", "0x1", "24000"])
def test_an_invalid_frame_index_is_refused(studio, index):
    path = f"{CLIP}/frames/{''.join(f'%{b:02x}' for b in index.encode())}"
    refused(studio.ask(path), 400, 404)


@pytest.mark.parametrize(
    "query",
    ["onset=9&apex=3&offset=12", "onset=-1", "window=0", "window=1e9", "every=x", "frames=best"],
)
def test_an_invalid_frame_selection_is_refused(studio, query):
    refused(studio.ask(f"{CLIP}/selection?{query}"), 400)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "FOO"])
@pytest.mark.parametrize("path", ["/", "/api/clips", CLIP + "/marks", "/api/workflow/start"])
def test_another_method_is_refused(studio, method, path):
    refused(studio.ask(path, method), 400, 405)


@pytest.mark.parametrize("path", sorted({*WRITES} - {"/api/own-clips/recording"}))
def test_get_changes_nothing(studio, path):
    refused(studio.ask(path), 404, 405)


@pytest.mark.parametrize("path", WRITES)
def test_an_oversized_body_is_refused(studio, path):
    size = LARGE.get(path, 10_000_000)
    if size < 2**30:
        refused(studio.ask(path, "POST", b"x" * size), 413)
    refused(studio.ask(path, "POST", b"{}", Content_Length="99999999999"), 413)


def test_only_a_post_to_the_upload_may_be_as_large_as_a_recording(studio):
    refused(studio.ask("/api/upload", "PUT", b"{}", Content_Length="100000"), 413)


def test_an_oversized_body_in_pieces_is_refused(studio):
    line = http.client.HTTPConnection(studio.host, timeout=60)
    headers = {"X-Merflow-Token": studio.token, "Content-Type": "application/json"}
    pieces = (b" " * 10_000 for _ in range(7))
    line.request("POST", "/api/workflow/start", pieces, headers, encode_chunked=True)
    assert line.getresponse().status == 413


def test_a_body_that_does_not_arrive_times_out(studio):
    answer = studio.ask("/api/workflow/start", "POST", b"{", Content_Length="500")
    refused(answer, 408)


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b"\xff\xfe", b'{"what": "experiment", "name": "\\ud800"}',
     b'{"\\udfff": 1}', b"[" * 30_000, b'{"what": "experiment"}',
     b'{"what": "experiment", "name": 3}', b'{"what": "shell", "name": "x"}',
     b'{"what": "experiment", "name": "--unlock"}', b'{"what": "dataset", "name": "../../x"}',
     b'{"what": "experiment", "name": "quick", "cores": 99}',
     b'{"what": ["experiment"], "name": "quick"}'],
)  # fmt: skip
def test_an_invalid_start_starts_nothing(studio, body):
    refused(studio.ask("/api/workflow/start", "POST", body), 400, 404)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_is_not_json(studio, kind):
    """Requests that another site could send without a preflight request of the browser."""
    body = json.dumps(BODIES["/api/workflow/start"]).encode()
    refused(studio.ask("/api/workflow/start", "POST", body, Content_Type=kind), 400)


SVM = "results/runs/svm/x1/seed0"


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "/etc/passwd", "faces/../../x.avi", "faces/none.avi", "config/config.yaml",
     "", ".", 3, None, ["a"], "a" * 2000, "faces/recordings/recording00.avi\u0000", "C:\\x.avi"],
)  # fmt: skip
def test_an_invalid_recording_path_is_not_opened(studio, path):
    body = {"run": SVM, "path": path, "fps": None, "points": 5}
    refused(studio.ask("/api/test/recording", "POST", body), 400, 404)


@pytest.mark.parametrize(
    "change",
    [{"run": "../../x"}, {"run": "results/runs/other/x1/seed0"}, {"run": None}, {"run": 3},
     {"fps": -1}, {"fps": "x"}, {"fps": 1e9}, {"fps": True}, {"points": 7}, {"points": True},
     {"more": 1}],
)  # fmt: skip
def test_a_test_with_invalid_settings_is_not_started(studio, change):
    body = {"run": SVM, "path": "faces/recordings/recording00.avi", "fps": None, "points": 5}
    refused(studio.ask("/api/test/recording", "POST", body | change), 400, 404)


@pytest.mark.parametrize(
    "change", [{"window": 1}, {"window": 10**6}, {"window": "9"}, {"stride": 0}, {"stride": True},
               {"stride": None}, {"points": 69}, {"run": SVM + "/.."}],
)  # fmt: skip
def test_a_camera_with_invalid_settings_is_not_started(studio, change):
    body = {"run": SVM, "window": 30, "stride": 10, "points": 5}
    refused(studio.ask("/api/test/camera", "POST", body | change), 400, 404)


@pytest.mark.parametrize("name", ["../smic", "", None, 3, "nobody", "<script>"])
def test_an_unknown_dataset_is_not_tested(studio, name):
    refused(studio.ask("/api/test/dataset", "POST", {"run": SVM, "dataset": name}), 400, 404)


@pytest.mark.parametrize(
    "query", ["", "id=0&at=0", "id=1&at=-1", "id=1&at=x", "id=x&at=0", "id=1&at=1"]
)
def test_a_frame_without_a_camera_test_is_refused(studio, query):
    jpeg = b"\xff\xd8\xff" + b"\x00" * 100
    path = f"/api/test/frame?{query}"
    refused(studio.ask(path, "POST", jpeg, Content_Type="image/jpeg"), 400, 404)
    refused(studio.ask(path, "POST", b"{}"), 400)


@pytest.mark.parametrize(
    "root",
    [
        "..",
        "/",
        "/etc",
        "\ud800",
        "faces/\udc80",
        "a" * 300,
        "a/" * 400,
        "{x}",
        "faces/../..",
        "config/config.yaml",
        None,
        3,
        "~",
    ],
)
def test_a_root_outside_the_project_is_not_set(studio, root):
    refused(studio.ask("/api/datasets/smic/root", "POST", {"root": root}), 400, 404)


OUTSIDE = [
    "..", "/", "/etc", "/etc/passwd", "/root", "/proc/self", "/home/other", "~", "../..", "a/../..",
    "/tmp/../etc", "\ud800", "a" * 5000, "", None, 3, ["/etc"], True, "C:\\x", "//etc", "/etc\u0000",
    "\n", "file:///etc", ".git", "faces/nothing",
]  # fmt: skip


@pytest.mark.parametrize("folder", OUTSIDE)
def test_a_folder_outside_is_neither_opened_nor_read_nor_written(studio, folder):
    table = {"header": ["subject", "clip", "path"], "rows": [["a", "b", "c.mp4"]]}
    for path, body in (
        ("/api/projects/open", {"folder": folder}),
        ("/api/projects/forget", {"folder": folder}),
        ("/api/own-clips/check", {"folder": folder, **table}),
        ("/api/own-clips/save", {"folder": folder, "dataset": "x", "before": "", **table}),
        ("/api/own-clips/recording", {"path": folder}),
        ("/api/datasets/smic/root", {"root": folder, "before": "faces/smic"}),
    ):
        refused(studio.ask(path, "POST", body), 400, 404)
    if folder:
        body = {"name": "new", "parent": folder, "template": "own"}
        refused(studio.ask("/api/projects/new", "POST", body), 400, 404)


@pytest.mark.parametrize(
    "change",
    [{"name": ".."}, {"name": ".hidden"}, {"name": ""}, {"name": "a/b"}, {"name": None}, {"name": "CON"},
     {"name": "x" * 300}, {"name": "a\u0000"}, {"template": "other"}, {"template": ["own"]}, {"more": 1}],
)  # fmt: skip
def test_an_invalid_project_is_not_written(studio, change):
    body = {"name": "new", "parent": str(studio.folder), "template": "own"}
    refused(studio.ask("/api/projects/new", "POST", body | change), 400)


@pytest.mark.parametrize(
    "change",
    [{"header": []}, {"header": ["subject"]}, {"header": "subject"}, {"rows": [["a"]]}, {"rows": "x"},
     {"rows": [["a", "b", 3]]}, {"rows": [["a", "b", "\ud800"]]}, {"rows": [["a\u0000", "b", "c"]]},
     {"header": ["subject", "clip", "clip"]}, {"header": ["subject", "clip", ""]},
     {"rows": [["a", "b", "c" * 3000]]}, {"rows": []}, {"rows": [["=x", "b", "c"]]},
     {"rows": [["a", "../b", "c"]]}, {"rows": [["a", "b", "../../etc/passwd"]]},
     {"rows": [["a", "b", "/etc/passwd"]]}, {"dataset": "../x"}, {"dataset": "smic"},
     {"dataset": None}, {"dataset": "a b"}, {"dataset": "=x"}, {"before": None}, {"before": "0"}],
)  # fmt: skip
def test_an_invalid_table_is_not_saved(studio, change):
    body = {
        "folder": "faces/recordings", "dataset": "mine", "before": "",
        "header": ["subject", "clip", "path"], "rows": [["a", "b", "recording00.avi"]],
    }  # fmt: skip
    refused(studio.ask("/api/own-clips/save", "POST", body | change), 400, 404, 409)
    assert not (studio.folder / "faces/recordings/manifest.csv").exists()


UPLOAD = "/api/upload?name={}&folder={}"
OCTETS = {"Content_Type": "application/octet-stream"}


@pytest.mark.parametrize(
    "query",
    ["", "name=", "name=x.txt", "name=x", "name=x.mp4", "name=..", "name=.mp4", "name=%00.mp4",
     "name=x.mp4&folder=..", "name=x.mp4&folder=/etc", "name=x.mp4&folder=config",
     "name=x.mp4&folder=results/runs", "name=x.mp4&folder=.git", "name=x.mp4&folder=.",
     "name=x.mp4&folder=%00", "name=a/b/c/d/e/f/g/h/i.mp4", "name=" + "x" * 2000 + ".mp4"],
)  # fmt: skip
def test_an_upload_that_is_no_video_or_has_no_place_leaves_nothing(studio, query):
    refused(studio.ask(f"/api/upload?{query}", "POST", b"no video" * 100, **OCTETS), 400)
    refused(studio.ask(f"/api/upload?{query}", "POST", b"", **OCTETS), 400)


def test_an_upload_needs_its_content_type_and_ends_when_it_stalls(studio):
    path = "/api/upload?name=x.mp4"
    refused(studio.ask(path, "POST", b"x", Content_Type="text/plain"), 400)
    refused(studio.ask(path, "POST", b"x", Content_Length="500", **OCTETS), 400)
    assert not [*studio.folder.rglob(".part-*")]


def test_a_page_of_another_project_is_refused(studio):
    present = studio.json("/api/project")["id"]
    assert studio.ask("/api/clips", X_Merflow_Project=present).status == 200
    for other in ("0" * 16, "x", present.upper() + "0"):
        refused(studio.ask("/api/clips", X_Merflow_Project=other), 409)
        refused(
            studio.ask("/api/upload?name=x.mp4", "POST", b"x", X_Merflow_Project=other, **OCTETS),
            409,
        )


def test_an_unknown_dataset_gets_no_root(studio):
    refused(studio.ask("/api/datasets/nobody/root", "POST", {"root": "faces"}), 404)


@pytest.mark.parametrize("version", [None, "", 0, "0" * 64, ["a"], {"a": 1}])
def test_marks_are_not_applied_without_the_version_that_was_shown(studio, version):
    refused(studio.ask("/api/marks/smic/apply", "POST", {"version": version}), 400, 409)
    refused(studio.ask("/api/marks/smic/apply", "POST", {"version": "x", "folder": ".."}), 400)
    refused(studio.ask("/api/marks/smic/undo", "POST", {}), 409)


@pytest.mark.parametrize("number", [0, 1, -1, True, "1", None, [1], 10**30])
def test_an_unknown_job_is_not_stopped(studio, number):
    refused(studio.ask("/api/test/stop", "POST", {"id": number}), 404)
    refused(studio.ask("/api/workflow/stop", "POST", {"id": number}), 404)


@pytest.mark.parametrize(
    "change",
    [{"onset": 61300}, {"onset": "61209"}, {"onset": 61209.5}, {"onset": True}, {"onset": None},
     {"apex": 61207}, {"offset": 10**400}, {"onset": [1]}, {"label": 3},
     {"onset": 61212, "apex": 61210}, {"apex": 61225, "offset": 61220}],
)  # fmt: skip
def test_an_invalid_mark_is_not_saved(studio, change):
    numbers = studio.json(CLIP)["numbers"]
    marks = {"onset": numbers[0], "apex": None, "offset": numbers[-1]}
    shifted = {
        k: v - 61208 + numbers[0] if type(v) is int and v < 10**6 else v for k, v in change.items()
    }
    body = {"marks": marks | shifted, "before": marks}
    refused(studio.ask(CLIP + "/marks", "POST", body), 400)


@pytest.mark.parametrize(
    "source", ["=cmd|' /C calc'!A0", "@x", " +A1", "a\nb", "\x00", "x" * 201, 5, ["a"]]
)
def test_a_source_that_is_a_spreadsheet_formula_is_not_saved(studio, source):
    numbers = studio.json(CLIP)["numbers"]
    marks = {"onset": numbers[0], "apex": None, "offset": numbers[-1]}
    body = {"marks": marks | {"apex": numbers[5]}, "before": marks, "source": source}
    refused(studio.ask(CLIP + "/marks", "POST", body), 400)


def test_an_outdated_page_overwrites_nothing(studio):
    numbers = studio.json(CLIP)["numbers"]
    body = {
        "marks": {"onset": numbers[0], "apex": numbers[5], "offset": numbers[-1]},
        "before": {"onset": numbers[0], "apex": numbers[9], "offset": numbers[-1]},
    }
    answer = studio.ask(CLIP + "/marks", "POST", body)
    refused(answer, 409)
    assert json.loads(answer.content)["versions"] == {
        "file": body["marks"] | {"apex": None}, "page": body["marks"],
    }  # fmt: skip


def test_one_of_several_simultaneous_saves_succeeds(built, tmp_path):
    clip = read_catalogue(built / "results/catalogue/smic.json")[0]
    for turn in range(10):
        corrections, before = MarkCorrections(tmp_path / str(turn)), published(clip)
        together = threading.Barrier(6)

        def save(apex, corrections=corrections, before=before, together=together):
            together.wait()
            try:
                return corrections.save(clip, before | {"apex": apex}, before, "a reader", before)
            except Conflict:
                return None

        with ThreadPoolExecutor(6) as pool:
            made = [marks for marks in pool.map(save, clip.numbers[1:7]) if marks]
        assert made == [corrected(published(clip), corrections.of(clip))]


ENTRY = {"preparation": "grey32", "collection": "composite"}
CONFIG_BODY = {"section": "experiments", "name": "new", "was": None, "values": ENTRY}
DEEP = {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}


@pytest.mark.parametrize(
    "change",
    [{"section": "datasets"}, {"section": ["experiments"]}, {"section": None}, {"name": 3},
     {"name": ["new"]}, {"name": "n" * 300}, {"was": "nobody"}, {"was": 3}, {"values": 3},
     {"values": []}, {"values": "x"}, {"values": DEEP}, {"values": {str(i): i for i in range(600)}},
     {"values": None}, {"values": ENTRY | {"label": "\ud800"}}, {"more": 1},
     {"values": ENTRY | {"holdout": float("nan")}}],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/config/preview", "/api/config/save"])
def test_an_invalid_entry_of_the_config_is_refused(studio, path, change):
    refused(studio.ask(path, "POST", CONFIG_BODY | change), 400, 404, 409)


@pytest.mark.parametrize(
    "change",
    [{"name": "../../etc/cron"}, {"name": "a/b"}, {"name": "x: {y: 1}\n  z"}, {"name": "!!x"},
     {"name": "new\r\nbootstrap: 100"}, {"name": "\u2028"}, {"name": "&a"}, {"name": "*demo"},
     {"name": "<<"}, {"values": ENTRY | {"network": "!!python/object/apply:os.system [id]"}},
     {"values": ENTRY | {"preparation": "../grey32"}}, {"values": ENTRY | {"<<": ENTRY}},
     {"values": ENTRY | {"label": "x\nmethod: command"}}, {"values": ENTRY | {"seeds": [True, -1]}},
     {"values": ENTRY | {"from_grid": {"base": "x", "values": {}, "more": 1}}}],
)  # fmt: skip
def test_names_and_values_cannot_break_out_of_the_config(studio, change):
    before = studio.json("/api/config")["version"]
    body = CONFIG_BODY | change | {"before": before}
    refused(studio.ask("/api/config/save", "POST", body), 400)
    shown = studio.ask("/api/config/preview", "POST", CONFIG_BODY | change)
    assert shown.status == 400 or json.loads(shown.content)["faults"]


@pytest.mark.parametrize("before", [None, "", "0" * 16, 3, ["a"]])
def test_an_entry_is_not_saved_over_another_version(studio, before):
    refused(studio.ask("/api/config/save", "POST", CONFIG_BODY | {"before": before}), 409)


@pytest.mark.parametrize(
    "path",
    ["/static/", "/static/main.js", "/docs", "/openapi.json", "//", "/api", "/api/", "/index.html",
     "/..%2fapp.py", "/app.py"],
)  # fmt: skip
def test_there_is_no_listing_and_no_other_file(studio, path):
    refused(studio.ask(path), 404)


def test_a_link_out_of_the_project_is_not_followed(built, tmp_path):
    folder = copy(built, tmp_path / "linked")
    store = folder / "results/grey32/cropped/smic/s01.h5"
    store.rename(tmp_path / "outside.h5")
    store.symlink_to(tmp_path / "outside.h5")
    runs = folder / "results/runs/quick/x1/seed0"
    runs.rename(tmp_path / "run")
    runs.symlink_to(tmp_path / "run")
    other = Studio(folder)
    try:
        refused(other.ask(CLIP), 400)
        refused(other.ask("/api/runs/quick/x1/0"), 400)
        refused(other.ask("/api/experiments"), 400)
    finally:
        other.close()
