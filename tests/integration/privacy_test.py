"""Marked names, numbers, dates and addresses go into every text field of every message that samples and golden
cases hold, and must be found nowhere but in the sealed messages: not in the study database, the exports, the
logs, the metrics, the answers of HTTP, the names of files, nor in an acknowledgement.
"""

import re
import sqlite3
import subprocess
import urllib.error
import urllib.request

import labrelay_process
from labrelay_process import MAPPINGS, frame

CASES = MAPPINGS / "NCT05872659" / "cases"

# Nothing in samples or configuration looks like them, nor does a moment: the day of birth would have an hour of 44.
NAME, MRN, BIRTH, PHONE = "QXZHANGXQ", "MRN77665544", "19440317", "13866554433"
ADDRESS, REMARK = "99 QXSTREET", "QXREMARK of QXZHANGXQ"
CHINESE_NAME, CHINESE_ADDRESS = "秦翊霄", "泺源大街九十九号"
PEOPLE = ["QXZHANGXQ", MRN, BIRTH, PHONE, "QXSTREET", "QXREMARK", CHINESE_NAME, CHINESE_ADDRESS]
# The same written into the fields of a result, and the number of a patient whom nobody registered: both stay in
# the engine's store, where a data manager reads why a result is held and links it.
WORDS, WORDS_NAME, WORDS_CHINESE, WORDS_PHONE, STRANGER = "QXWORDS of QXLIQX", "QXLIQX", "覃芮珂", "13755664422", "MRN99887766"
MARKS = PEOPLE + ["QXWORDS", WORDS_NAME, WORDS_CHINESE, WORDS_PHONE, STRANGER]

# Every field of the segment but those that say whom, what and when a result is about (they are keys, not
# texts); None: to the end. XCN and XPN take the mark in their components too.
KEPT = {
    "PID": {0, 1, 3, 7, 8}, "NK1": {0, 1}, "PV1": {0, 1, 2, 19}, "PV2": {0}, "MRG": {0, 1},
    "ORC": {0, 1, 2, 3, 4, 5, 9}, "OBR": {0, 1, 2, 3, 4, 7, 8, 11, 14, 22, 25, 26, 27, 29}, "NTE": {0, 1},
    "OBX": {0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 14, 15, 17, 18, 19, 23, 29},
    "SPM": {0, 1, 2, 3, 4, 11, 17, 18, 20, 24}, "SAC": {0, 3, 4}, "EVN": {0, 1, 2, 6}, "INV": None, "MSA": None,
    "MSH": None, "FHS": None, "BHS": None, "BTS": None, "FTS": None, "DSC": None, "ERR": None,
}
LAST = {"PID": 39, "NK1": 39, "PV1": 52, "ORC": 31, "OBR": 50, "NTE": 4, "OBX": 25, "SPM": 29}
PERSON = f"{MRN}^{NAME}^{CHINESE_NAME}"
TEXTS = [PERSON, f"{ADDRESS}^{CHINESE_ADDRESS}^{PHONE}", f"{REMARK} {BIRTH}"]
# Free words in a result: what it was read as may leave, the words may not.
RESULT_FIELDS = {7: WORDS, 8: f"H^{WORDS_NAME}^L", 15: f"L1^{WORDS_NAME}", 17: f"M1^{WORDS_CHINESE}",
                 23: f"{WORDS_NAME} {WORDS_PHONE}"}

# What leaves the engine, and nothing else. A new column is a decision about people's data.
ALLOWED = """result_id study site subject visit visit_kind role study_day analyte analyte_name value_reported unit_reported
    range_reported flags_reported comparator value_text value_num unit conversion_rule ref_low ref_high range_flag lloq
    uloq result_state grade grade_scale status version placement_version reason derived_from specimen collected_at
    collected_utc_us laboratory method reported_at received_at lineage_id config_hash""".split()


def charset_of(message):
    """What the marks are written in, so that the message stays valid in its own character set."""
    declared = labrelay_process.field(message, 18) if len(message) > 3 else b""
    if declared in (b"ASCII", b"8859/1"):
        return "ascii"
    try:
        message.decode("utf-8")
        return "gb18030" if b"GB" in declared else "utf-8"
    except UnicodeDecodeError:
        return "gb18030"


class Marked:
    """A message with marks: its control id, its bytes, and what stands in its lines."""

    def __init__(self, message, variant):
        self.charset = charset_of(message)
        # HL7 escapes, and bytes of no character set, stay as they are.
        text = message.decode("latin-1")
        self.lines = [line for line in re.split("\r\n|\r|\n", text) if line]
        self.variant = variant

    def sent(self, text):
        encoded = text.encode(self.charset, errors="ignore")
        return encoded.decode("latin-1")

    def mark_people(self):
        marked = []
        for line in self.lines:
            name, kept = line[:3], KEPT.get(line[:3], {0})
            if kept is None or "|" not in line:
                marked.append(line)
                continue
            fields = line.split("|")
            fields += [""] * (LAST.get(name, len(fields) - 1) + 1 - len(fields))
            for index in range(1, len(fields)):
                if index not in kept:
                    fields[index] = self.sent(TEXTS[index % len(TEXTS)])
            if name == "PID" and fields[3]:
                fields[3] += f"~{MRN}^^^ZZQX^PI"
            marked.append("|".join(fields))
            if name == "PID":
                marked.append(self.sent(f"NK1|1|{PERSON}|SPO|{ADDRESS}^{CHINESE_ADDRESS}|{PHONE}"))
                marked.append(self.sent(f"ZPI|1|{PERSON}|{BIRTH}|{PHONE}"))
            if name == "OBX":
                marked.append(self.sent(f"NTE|1|L|{REMARK} {CHINESE_NAME} {PHONE}"))
        self.lines = marked
        return self

    def change_results(self, change):
        changed = []
        for line in self.lines:
            fields = line.split("|")
            if line[:3] == "OBX":
                fields += [""] * (24 - len(fields))
                change(fields)
            changed.append("|".join(fields))
        self.lines = changed
        return self

    def with_control_id(self, suffix):
        for index, line in enumerate(self.lines):
            if line[:3] == "MSH" and len(line) > 3:
                fields = line.split(line[3:4])
                if len(fields) > 9 and fields[9]:
                    fields[9] += suffix
                self.lines[index] = line[3:4].join(fields)
        return self

    def bytes(self):
        return "\r".join(self.lines).encode("latin-1") + b"\r"


def people(message):
    return Marked(message, "people").mark_people().with_control_id("-P")


def results(message):
    marked = Marked(message, "results").mark_people().with_control_id("-R")

    def change(fields):
        for index, text in RESULT_FIELDS.items():
            fields[index] = marked.sent(text)
        if fields[2] in ("ST", "CE", "CWE", "TX") and "^" not in fields[5]:
            fields[5] += marked.sent(f"^^^^^^^^^^^{WORDS_NAME} {WORDS_CHINESE}") if fields[2][0] == "C" else ""
    return marked.change_results(change)


def not_done(message):
    """Words where no value is: stored, because OBX-11 says that there is none."""
    marked = Marked(message, "not done").mark_people().with_control_id("-X")

    def change(fields):
        fields[2], fields[5], fields[6], fields[11] = "ST", marked.sent(f"{WORDS} {WORDS_CHINESE}"), WORDS_NAME, "X"
    return marked.change_results(change)


def words_for_values(message):
    marked = Marked(message, "words").mark_people().with_control_id("-W")

    def change(fields):
        fields[2], fields[5] = "TX", marked.sent(f"{WORDS}: {WORDS_CHINESE}, {WORDS_PHONE}")
    return marked.change_results(change)


def unknown_units(message):
    marked = Marked(message, "units").mark_people().with_control_id("-U")

    def change(fields):
        fields[6] = marked.sent(f"{WORDS_NAME}^{WORDS_CHINESE}")
    return marked.change_results(change)


def strangers(message):
    """Patients and specimens that nobody registered."""
    marked = Marked(message, "strangers").mark_people().with_control_id("-S")
    for index, line in enumerate(marked.lines):
        fields = line.split("|")
        if line[:3] == "PID":
            fields[3] = fields[3].replace(fields[3].split("^")[0], STRANGER, 1)
            fields[7] = BIRTH
        marked.lines[index] = "|".join(fields)
    return marked


def refused(message):
    marked = Marked(message, "refused").mark_people().with_control_id("-F")
    fields = marked.lines[0].split("|")
    if len(fields) > 8:
        fields[8] = "QRY^Z99"
    marked.lines[0] = "|".join(fields)
    return marked


VARIANTS = (people, results, not_done, words_for_values, unknown_units, strangers, refused)


def batch_of(messages):
    # Sender and control id are addresses, and the answer goes back to them.
    head = f"FHS|^~\\&|LAB|QILU|||20260101||{MRN}|{REMARK} {PHONE}|F1\r" \
           f"BHS|^~\\&|LAB|QILU|||20260101||{MRN}|{REMARK} {PHONE}|B1\r"
    tail = f"BTS|{len(messages)}|{REMARK}\rFTS|1|{REMARK}\r"
    return head.encode() + b"".join(messages) + tail.encode()


class PrivacyTest(labrelay_process.IntegrationTest):
    def test_marks_of_the_samples_stay_inside(self):
        server = self.serve()
        registries, messages = [], []
        for kind, file in labrelay_process.demo_plan():
            if kind == "send":
                messages.append(file.read_bytes())
            else:
                registries.append((kind, file))
        for kind, file in registries:
            server.import_registry(kind, file)
        self.send_all(server, messages)
        self.check(server)

    def test_marks_of_the_golden_cases_stay_inside(self):
        server = self.serve()
        server.import_registry("subjects", CASES / "subjects.csv")
        server.import_registry("specimens", CASES / "specimens.csv")
        files = [*sorted(CASES.glob("*.hl7")), *sorted((MAPPINGS / "sources").glob("*.cases/*.hl7"))]
        self.send_all(server, [file.read_bytes() for file in files])
        self.check(server)

    def serve(self):
        server = self.labrelay()
        server.start("http_intake.port=0")
        self.answers = []  # (what was sent, what came back)
        return server

    def send_all(self, server, messages):
        for number, message in enumerate(messages):
            # What comes first is stored; the others repeat it or contradict it.
            first = number % len(VARIANTS)
            for variant in (*VARIANTS[first:], *VARIANTS[:first]):
                self.exchange_alone(server, frame(variant(message).bytes()))
        marked = [people(message).with_control_id("-B").bytes() for message in messages[:6]]
        self.exchange_alone(server, frame(batch_of(marked)))
        for bad in (f"{NAME}|{MRN}|{PHONE}\r".encode(), f"PID|1||{MRN}||{NAME}\r".encode(),
                    f"MSH|{NAME}\r{PHONE}".encode(), f"MSH|^~\\&|LAB|QILU|||20260101|{NAME}\x00\xff{MRN}".encode("latin-1")):
            self.exchange_alone(server, frame(bad))
        self.exchange_alone(server, f"GET /{NAME}?{MRN} HTTP/1.1\r\n\r\n".encode())
        self.post(server, people(messages[0]).with_control_id("-H").bytes())
        self.post(server, f"{NAME}|{MRN}".encode())
        server.settle()

    def exchange_alone(self, server, data):
        """On a connection of its own, because not every message is answered."""
        with server.connect() as connection:
            connection.send_bytes(data)
            connection.finish()
            answer = connection.answer()
            self.answers.append((data[:20], answer.payload if answer else b""))

    def post(self, server, body):
        for path in ("/hl7", f"/hl7/{NAME}", "/"):
            request = urllib.request.Request(self.url(server, "http_intake", path), data=body,
                                             headers={"Content-Type": "x-application/hl7-v2+er7"})
            try:
                self.answers.append((path, urllib.request.urlopen(request, timeout=60).read()))
            except urllib.error.HTTPError as error:
                self.answers.append((path, error.read()))

    def url(self, server, way, path):
        ways = {one["name"]: one for one in server.ready["ways_in"]} | {"http": server.ready["http"]}
        address = ways[way]
        return f"http://127.0.0.1:{address['port']}{path}"

    def check(self, server):
        stored = server.study("lab_result", "result_id")
        self.assertGreater(len(stored), 20, "without results nothing could leak")
        self.assertIn("not_done", {row["result_state"] for row in stored})
        for column, text in (("value_reported", "[withheld]"), ("range_reported", "[withheld]"),
                             ("laboratory", "undeclared-"), ("method", "undeclared-")):
            self.assertTrue(any((row[column] or "").startswith(text) for row in stored), f"no mark got as far as {column}")
        states = {row["state"] for row in server.ledger()}
        self.assertLessEqual({"processed", "held", "refused"}, states)
        self.check_study_database(server)
        self.check_exports(server)
        for path in ("/metrics", "/healthz", "/readyz", f"/{NAME}"):
            try:
                body = urllib.request.urlopen(self.url(server, "http", path), timeout=60).read()
            except urllib.error.HTTPError as error:
                body = error.read()
            self.assert_clean(body, path)
        for what, answer in self.answers:
            self.assert_clean(answer, f"answer to {what}")
        self.check_store(server)
        self.assertEqual(server.stop(), 0)
        self.assert_clean(server.log.read_bytes(), "log")
        self.assert_clean("\n".join(str(file) for file in server.data.rglob("*")).encode(), "file names")

    def check_study_database(self, server):
        database = sqlite3.connect(f"file:{server.data / 'study.db'}?mode=ro", uri=True)
        for table in ("lab_result", "lab_result_version"):
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            self.assertEqual(columns, ALLOWED, table)
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall():
            for row in database.execute(f"SELECT * FROM {table}"):
                self.assert_clean(repr(row).encode(), table)
        database.close()
        for file in server.data.glob("study.db*"):
            self.assert_clean(file.read_bytes(), file.name)

    def check_exports(self, server):
        for number, what in enumerate((["lb-csv"], ["lb-json"], ["lb-json", "--ndjson"], ["odm"],
                                       ["odm", "--snapshot"])):
            out = self.directory / f"export-{number}"
            server.run("export", *what, "--mappings", str(MAPPINGS), "--out", str(out))
            files = list(out.iterdir())
            self.assertGreaterEqual(len(files), 2)
            for file in files:
                self.assert_clean(file.read_bytes(), f"{what} {file.name}")
        # A transport file refuses words in Chinese: what it says of them names no value.
        out = subprocess.run([labrelay_process.Labrelay.binary, "export", "lb-xpt", "--data", str(server.data),
                              "--mappings", str(MAPPINGS), "--out", str(self.directory / "xpt")],
                             capture_output=True, timeout=120)
        self.assert_clean(out.stdout + out.stderr, "export lb-xpt")

    def check_store(self, server):
        """What people are called stands only in sealed bytes."""
        for file in server.data.glob("store.db*"):
            self.assert_clean(file.read_bytes(), file.name, marks=PEOPLE)

    def assert_clean(self, data, where, marks=None):
        for mark in marks or MARKS:
            for charset in ("utf-8", "gb18030"):
                self.assertNotIn(mark.encode(charset), data, f"{mark} in {where}")


if __name__ == "__main__":
    labrelay_process.main()
