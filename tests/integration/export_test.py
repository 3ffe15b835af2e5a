"""What `labrelay export` writes of the demo's study: every form says the same, readers that nobody here wrote
accept it, and a study of any size is written in the memory of one subject.
"""

import csv
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import labrelay_process
from labrelay_process import LONG, MAPPINGS, PATIENCE, SOURCE

SCHEMAS = SOURCE / "../shared/cases/schemas"
ODM = "{http://www.cdisc.org/ns/odm/v1.3}"
# jsonschema and pandas come from Debian, and so does their Python.
DEBIAN_PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
STRESN = {"LB": "LBSTRESN", "CP": "CPSTRESN", "MB": "MBSTRESN", "IS": "ISSTRESN"}


def debian_has(module):
    return subprocess.run([DEBIAN_PYTHON, "-c", f"import {module}"], capture_output=True).returncode == 0


class ExportTest(labrelay_process.IntegrationTest):
    data = None

    @classmethod
    def setUpClass(cls):
        """The demo's study database, made once for all tests."""
        import tempfile
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="labrelay-export-"))
        cls.data = cls.folder / "data"
        subprocess.run([labrelay_process.Labrelay.binary, "demo", "--once", "--data", str(cls.data)], cwd=SOURCE,
                       check=True, capture_output=True, timeout=PATIENCE)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def export(self, *what, data=None, status=0):
        out = self.directory / "-".join(what)
        done = subprocess.run([labrelay_process.Labrelay.binary, "export", *what, "--data", str(data or self.data),
                               "--mappings", str(MAPPINGS), "--out", str(out)], capture_output=True, text=True,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, status, done.stderr)
        self.stderr = done.stderr
        return out

    def study(self, sql):
        database = sqlite3.connect(f"file:{self.data / 'study.db'}?mode=ro", uri=True)
        database.row_factory = sqlite3.Row
        rows = [dict(row) for row in database.execute(sql)]
        database.close()
        return rows

    def csv_rows(self, out):
        return {file.stem.upper(): list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
                for file in out.glob("*.csv")}

    def test_every_result_is_one_row_of_its_domain(self):
        domains = self.csv_rows(self.export("lb-csv"))
        omitted = "'CD45P', 'CD19P', 'NKP', 'RHD'"
        results = self.study(f"SELECT * FROM lab_result WHERE result_state <> 'withdrawn' AND analyte NOT IN ({omitted})")
        self.assertEqual(sum(map(len, domains.values())), len(results))
        self.assertLessEqual({"LB", "CP", "MB"}, set(domains))
        for analyte, domain, code in (("CD4A", "CP", "TLYH"), ("ALT", "LB", "ALT"), ("HIVVL", "MB", "HIV1RNA")):
            expected = sorted((row["subject"], row["value_num"] or "", row["collected_at"][:4])
                              for row in results if row["analyte"] == analyte)
            unit = {"TLYH": "10^6/L", "HIV1RNA": "copies/mL", "ALT": "U/L"}[code]
            written = sorted((row["USUBJID"].split("-", 2)[2], row[domain + "STRESN"], row[domain + "DTC"][:4])
                             for row in domains[domain] if row[domain + "TESTCD"] == code
                             and row[domain + "STRESU"] in (unit, ""))
            self.assertEqual(written, expected, analyte)

    def test_rows_stand_in_the_order_of_their_keys_with_a_sequence_of_the_subject(self):
        left_out = 0
        for domain, rows in self.csv_rows(self.export("lb-csv")).items():
            keys = [(row["USUBJID"], row[domain + "CAT"], row[domain + "TESTCD"], row[domain + "DTC"]) for row in rows]
            self.assertEqual(keys, sorted(keys))
            numbers = {}
            for row in rows:
                numbers.setdefault(row["USUBJID"], set()).add(int(row[domain + "SEQ"]))
            self.assertEqual(sum(map(len, numbers.values())), len(rows), "no number stands twice")
            left_out += sum(max(each) - len(each) for each in numbers.values())
        # What was withdrawn keeps its number, so that those of the others stay.
        withdrawn = self.study("SELECT count(*) AS n FROM lab_result WHERE result_state = 'withdrawn'")[0]["n"]
        self.assertLessEqual(left_out, withdrawn)

    def test_a_limit_is_never_a_number(self):
        limits = [row for row in self.csv_rows(self.export("lb-csv"))["MB"] if row["MBSTRESC"].startswith(("<", ">"))]
        self.assertTrue(limits)
        self.assertEqual({row["MBSTRESN"] for row in limits}, {""})

    def test_json_and_its_lines_say_what_csv_says(self):
        domains = self.csv_rows(self.export("lb-csv"))
        for domain, rows in domains.items():
            document = json.loads((self.export("lb-json") / f"{domain.lower()}.json").read_text())
            lines = (self.export("lb-json", "--ndjson") / f"{domain.lower()}.ndjson").read_text().splitlines()
            names = [column["name"] for column in document["columns"]]
            as_text = [{name: "" if cell is None else str(cell) for name, cell in zip(names, row)}
                       for row in document["rows"]]
            self.assertEqual(as_text, rows)
            self.assertEqual(document["records"], len(rows))
            head = json.loads(lines[0])
            self.assertEqual(head["columns"], document["columns"])
            self.assertEqual([json.loads(line) for line in lines[1:]], document["rows"])
            number = document["columns"][names.index(STRESN[domain])]
            self.assertEqual((number["dataType"], number["targetDataType"]), ("decimal", "decimal"))
            for row in document["rows"]:
                self.assertIsInstance(row[names.index(STRESN[domain])], (str, type(None)))

    def test_the_control_file_counts_and_sums(self):
        for what in (["lb-csv"], ["lb-json"], ["odm"]):
            for file in self.export(*what).iterdir():
                if file.name.endswith(".control.json"):
                    continue
                control = json.loads(pathlib.Path(str(file) + ".control.json").read_text())
                content = file.read_bytes()
                self.assertEqual(control["sha256"], hashlib.sha256(content).hexdigest())
                self.assertEqual(control["bytes"], len(content))
                self.assertEqual(control["file"], file.name)
                if file.suffix == ".csv":
                    self.assertEqual(control["rows"], len(content.decode().splitlines()) - 1)

    def test_dataset_json_fits_the_schema(self):
        if not (SCHEMAS / "dataset-json-1.1").exists() or not debian_has("jsonschema"):
            self.skipTest("../shared/cases or python3-jsonschema is not here")
        script = ("import json, sys, jsonschema\n"
                  "schema, *files = [json.load(open(name)) for name in sys.argv[1:]]\n"
                  "for file in files: jsonschema.validate(file, schema)\n")
        schema = str(SCHEMAS / "dataset-json-1.1" / "dataset.schema.json")
        files = [str(file) for file in self.export("lb-json").glob("??.json")]
        self.assertTrue(files)
        done = subprocess.run([DEBIAN_PYTHON, "-c", script, schema, *files], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        broken = self.directory / "broken.json"
        broken.write_text(pathlib.Path(files[0]).read_text().replace('"1.1.0"', '"1.0.0"'))
        done = subprocess.run([DEBIAN_PYTHON, "-c", script, schema, str(broken)], capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0, "the schema is not looked at")

    def test_pandas_reads_the_transport_file(self):
        if not debian_has("pandas"):
            self.skipTest("python3-pandas is not here")
        script = ("import json, sys, pandas\n"
                  "table = pandas.read_sas(sys.argv[1], format='xport', encoding='ascii')\n"
                  "rows = [[None if pandas.isna(cell) or cell == '' else cell for cell in row]\n"
                  "        for row in table.values.tolist()]\n"
                  "print(json.dumps([list(table.columns), rows]))\n")
        # Their laboratories report some words in Chinese, which no transport file can hold.
        data = self.directory / "ascii"
        shutil.copytree(self.data, data)
        database = sqlite3.connect(data / "study.db")
        for result_id, text in database.execute("SELECT result_id, value_reported FROM lab_result").fetchall():
            if text and not text.isascii():
                database.execute("UPDATE lab_result SET value_reported = 'IN CHINESE' WHERE result_id = ?", (result_id,))
        database.commit()
        database.close()
        out = self.export("lb-xpt", data=data)
        expected = self.csv_rows(self.export("lb-csv", data=data))
        for domain in ("LB", "CP", "MB", "IS"):
            done = subprocess.run([DEBIAN_PYTHON, "-c", script, str(out / f"{domain.lower()}.xpt")],
                                  capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            columns, rows = json.loads(done.stdout)
            self.assertEqual(len(rows), len(expected[domain]))
            for row, line in zip(rows, expected[domain]):
                for name, cell in zip(columns, row):
                    if isinstance(cell, float):
                        # pandas 1.5 makes 16^-65 of a zero.
                        self.assertEqual(0.0 if abs(cell) < 1e-78 else cell, float(line[name]), name)
                    else:
                        self.assertEqual(cell or "", line[name], name)

    def test_a_transport_file_refuses_what_it_cannot_hold(self):
        data = self.directory / "changed"
        shutil.copytree(self.data, data)
        for text in ("阴性", "x" * 201):
            database = sqlite3.connect(data / "study.db")
            database.execute("UPDATE lab_result SET value_reported = 'WORDS'")
            database.execute("UPDATE lab_result SET value_reported = ? WHERE result_id = "
                             "(SELECT min(result_id) FROM lab_result WHERE analyte = 'ALT')", (text,))
            database.commit()
            database.close()
            out = self.export("lb-xpt", data=data, status=1)
            self.assertRegex(self.stderr, r"LB row [0-9]+ LBORRES")
            self.assertNotIn(text, self.stderr)
            self.assertEqual(list(out.iterdir()), [])
        self.assertTrue(self.csv_rows(self.export("lb-csv", data=data))["LB"])

    def test_an_analyte_without_a_term_ends_the_export(self):
        data = self.directory / "changed"
        shutil.copytree(self.data, data)
        database = sqlite3.connect(data / "study.db")
        database.execute("UPDATE lab_result SET analyte = 'NEWTEST' WHERE analyte = 'ALT'")
        database.commit()
        database.close()
        for what in ("lb-csv", "odm"):
            out = self.export(what, data=data, status=1)
            self.assertIn("export-term-missing", self.stderr)
            self.assertIn("NEWTEST", self.stderr)
            self.assertEqual(list(out.iterdir()), [])

    def test_what_cannot_be_written_is_said(self):
        (self.directory / "lb-csv").write_text("a file where a directory is meant")
        self.export("lb-csv", status=1)
        self.assertIn("export-unwritable", self.stderr)

    def test_a_domain_that_is_named_is_written_although_it_is_empty(self):
        data = self.directory / "changed"
        shutil.copytree(self.data, data)
        database = sqlite3.connect(data / "study.db")
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("DELETE FROM lab_result WHERE analyte IN ('TPAB', 'RPR', 'HAVIGM', 'HDVIGM', 'HEVIGM')")
        database.commit()
        database.close()
        out = self.export("lb-xpt", "--domain", "IS", data=data)
        self.assertEqual(json.loads((out / "is.xpt.control.json").read_text())["rows"], 0)
        self.assertEqual(len((out / "is.xpt").read_bytes()) % 80, 0)

    def test_odm_fits_the_schema_and_holds_every_result(self):
        results = self.study("SELECT * FROM lab_result")
        for what in (["odm"], ["odm", "--snapshot"]):
            file = self.export(*what) / "odm.xml"
            schema = SCHEMAS / "odm-1.3.2" / "ODM1-3-2.xsd"
            if schema.exists():
                done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", str(schema), str(file)],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            root = ElementTree.parse(file).getroot()
            groups = list(root.iter(ODM + "ItemGroupData"))
            expected = [row for row in results if what == ["odm"] or row["result_state"] != "withdrawn"]
            self.assertEqual({group.get("ItemGroupRepeatKey") for group in groups},
                             {row["result_id"] for row in expected})
            numbers = {item.get("ItemOID"): item.get("Value") for group in groups for item in group
                       if not item.get("ItemOID").endswith(("_TEXT", "_CMP", "_STATE"))}
            for value in filter(None, numbers.values()):
                float(value)
        if not schema.exists():
            self.skipTest("../shared/cases is not here: content was looked at, the schema was not")

    def test_odm_says_who_changed_what_and_why(self):
        root = ElementTree.parse(self.export("odm") / "odm.xml").getroot()
        self.assertEqual(root.get("FileType"), "Transactional")
        later = {row["lineage_id"] for row in self.study("SELECT * FROM lab_result WHERE version > 1")}
        self.assertTrue(later)
        seen = set()
        for item in root.iter(ODM + "ItemData"):
            audit = item.find(ODM + "AuditRecord")
            source = audit.find(ODM + "SourceID").text
            if source in later:
                seen.add(source)
                self.assertTrue(audit.find(ODM + "ReasonForChange").text)
        self.assertEqual(seen, later)

    def test_memory_does_not_grow_with_the_rows(self):
        few, many = (100_000, 1_000_000) if LONG else (20_000, 80_000)
        used = {}
        for rows in (few, many):
            data = self.directory / f"rows-{rows}"
            data.mkdir()
            self.multiply(data / "study.db", rows)
            for what in ("lb-json", "lb-xpt", "odm"):
                command = [labrelay_process.Labrelay.binary, "export", what, "--data", str(data), "--mappings",
                           str(MAPPINGS), "--out", str(self.directory / f"{what}-{rows}")]
                process = subprocess.Popen(command, stdout=subprocess.PIPE)
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                process.stdout.close()
                self.assertEqual(process.returncode, 0)
                used[what, rows] = usage.ru_maxrss
            shutil.rmtree(data)
        for what in ("lb-json", "lb-xpt", "odm"):
            self.assertLess(used[what, many], used[what, few] + 8 * 1024, f"KiB: {used}")

    def multiply(self, file, rows):
        """A study of `rows` ALT values, two hundred a subject."""
        shutil.copyfile(self.data / "study.db", file)
        database = sqlite3.connect(file)
        columns = [row[1] for row in database.execute("PRAGMA table_info(lab_result)")]
        template = dict(zip(columns, database.execute(
            "SELECT * FROM lab_result WHERE analyte = 'ALT' AND result_state = 'quantified'").fetchone()))
        for table in ("lab_result_version", "lab_result"):
            database.execute(f"DELETE FROM {table}")

        def row(number):
            changed = {**template, "result_id": f"R{number:09}", "subject": f"S-{number // 200:06}"}
            return [changed[column] for column in columns]
        marks = ", ".join("?" * len(columns))
        for table in ("lab_result", "lab_result_version"):
            names = ", ".join(columns)
            database.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", map(row, range(rows)))
        database.commit()
        database.close()


if __name__ == "__main__":
    labrelay_process.main()
