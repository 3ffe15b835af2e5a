"""Configurations that change while traffic flows, that outlive a restart, and that two nodes agree on."""

import http.client
import json
import shutil
import sqlite3
import subprocess
import threading

import flow_traffic
import labrelay_process
from labrelay_process import MAPPINGS, PATIENCE
from nodes_test import Cluster

SUBJECTS = 12
TAUGHT = '<observation code="CD19 new" system="99BD" analyte="CD19P"/>'


def message(number):
    """Of flow_traffic, with a percentage under a code that the shipped configuration does not know."""
    plain = flow_traffic.message(number, number % SUBJECTS + 1)
    line = b"OBX|11|NM|CD19 new^^99BD||7.5|%|||||F|||||FLOW01||LYRIC^BD|20230702122500"
    return plain.replace(b"\rSPM|", b"\r" + line + b"\rSPM|", 1)


def teach(text):
    """The source's file with the line that knows the code."""
    return text.replace('  <ignore code="QC*"', f'  {TAUGHT}\n  <ignore code="QC*"', 1)


class Sender(threading.Thread):
    """Sends one message after the other over one connection, and wants each answered."""

    def __init__(self, port, connection=None):
        super().__init__()
        self.port = port
        self.connection = connection
        self.changed = threading.Condition()
        self.answered = 0
        self.wrong = []
        self.stopping = False

    def run(self):
        connection = self.connection or labrelay_process.MllpConnection(self.port)
        with connection:
            while not self.stopping:
                sent = message(self.answered + 1)
                answer = connection.exchange(sent)
                with self.changed:
                    if answer is None or (answer.code, answer.control_id) != (
                            "AA", labrelay_process.control_id(sent)):
                        self.wrong.append(answer and answer.payload)
                        self.changed.notify_all()
                        return
                    self.answered += 1
                    self.changed.notify_all()

    def wait_for(self, count):
        with self.changed:
            return self.changed.wait_for(lambda: self.answered >= count or self.wrong, PATIENCE)

    def stop(self):
        self.stopping = True
        self.join(PATIENCE)


class ConfigurationCase(labrelay_process.IntegrationTest):
    """What the tests below do with configurations."""

    def mappings(self, name="mappings"):
        folder = self.directory / name
        shutil.copytree(MAPPINGS, folder)
        return folder

    @staticmethod
    def edit(mappings, file, change):
        path = mappings / file
        text = path.read_text()
        changed = change(text)
        assert changed != text, file
        path.write_text(changed)

    def server(self, mappings):
        server = self.labrelay(mappings=mappings).start()
        registry = self.directory / "subjects.csv"
        registry.write_text(flow_traffic.subjects_csv(SUBJECTS))
        server.import_registry("subjects", registry)
        return server

    def activate(self, server, what):
        return server.run("config", "activate", str(what), "--by", "T. Ester", "--reason", "a new code")

    def refused(self, server, *arguments):
        done = subprocess.run([server.binary, *arguments, "--data", str(server.data)], capture_output=True,
                              timeout=PATIENCE, check=False)
        self.assertNotEqual(done.returncode, 0)
        return done.stdout.decode() + done.stderr.decode()

    def rest(self, server, method, path, body=None):
        address = json.loads((server.data / "server.json").read_text())
        connection = http.client.HTTPConnection(address["host"], address["http_port"], timeout=PATIENCE)
        connection.request(method, "/api/v1" + path, body and json.dumps(body),
                           {"Authorization": "Bearer " + address["token"]})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        if response.getheader("Content-Type", "").startswith("application"):
            content = json.loads(content)
        return response.status, content

    def rows(self, server, text):
        store = sqlite3.connect(f"file:{server.data / 'store.db'}?mode=ro", uri=True, timeout=PATIENCE)
        rows = store.execute(text).fetchall()
        store.close()
        return rows

    def versions(self, server):
        return [json.loads(line) for line in server.run("config", "list", "--json").splitlines()]

    def teach_by_rest(self, server):
        """As the workbench does: proposed on top of the active one, then activated."""
        status, text = self.rest(server, "GET", "/config/active/files/sources/facs-lyric.xml")
        self.assertEqual(status, 200)
        files = [{"name": "sources/facs-lyric.xml", "text": teach(text.decode())}]
        status, checked = self.rest(server, "POST", "/config/check", {"parent": "active", "files": files})
        self.assertEqual((status, checked["errors"]), (200, []))
        status, proposed = self.rest(server, "POST", "/config",
                                     {"parent": "active", "files": files, "reason": "a new code"})
        self.assertEqual((status, proposed["state"]), (201, "proposed"), proposed)
        status, active = self.rest(server, "POST", f"/config/{proposed['id']}/activate", {"reason": "it is right"})
        self.assertEqual((status, active["state"]), (200, "active"), active)
        return active


class ConfigTest(ConfigurationCase):
    def test_a_directory_that_the_settings_do_not_fit_is_not_activated(self):
        mappings = self.mappings()
        server = self.server(mappings)
        self.assertEqual(server.stop(), 0)
        source = "sources/facs-lyric.xml"
        self.edit(mappings, source, lambda text: text.replace("<source ", '<source reply="apart" ', 1))
        with self.assertRaisesRegex(labrelay_process.Died, "reply.facs-lyric"):
            server.start()
        self.assertEqual([each["state"] for each in self.versions(server)], ["active"])
        self.edit(mappings, source, lambda text: text.replace(' reply="apart"', "", 1))
        server.start()
        self.assertEqual(server.stop(), 0)

    def test_traffic_flows_while_one_is_activated(self):
        mappings = self.mappings()
        server = self.server(mappings)
        before = server.ready["config"]
        sender = Sender(server.mllp_port)
        sender.start()
        self.addCleanup(sender.stop)
        self.assertTrue(sender.wait_for(20))
        self.edit(mappings, "sources/facs-lyric.xml", teach)
        self.activate(server, mappings)
        sent_before = sender.answered + 1  # the one on its way may be of either
        self.assertTrue(sender.wait_for(sent_before + 20))
        sender.stop()
        self.assertEqual(sender.wrong, [])
        server.settle()

        after = self.versions(server)[0]["hash"]
        self.assertNotEqual(before, after)
        self.assertEqual(len(server.ledger()), sender.answered, "every message that was answered, once")
        # How each message was processed when it came: one configuration for all of it.
        hashes = {}
        for control_id, config, again in self.rows(
                server, "SELECT m.control_id, c.hash, EXISTS(SELECT 1 FROM message_again a WHERE a.message_id = "
                        "m.message_id) FROM message m JOIN observation o ON o.message_id = m.message_id "
                        "JOIN configuration c ON c.config_id = o.config_id WHERE o.ordinal <= 9"):
            hashes.setdefault(control_id, set()).add(config)
        self.assertTrue(all(len(of_one) == 1 for of_one in hashes.values()), hashes)
        order = [next(iter(hashes[key])) for key in sorted(hashes)]
        self.assertEqual(set(order), {before, after})
        self.assertEqual(order, sorted(order, key=[before, after].index), "none older after a newer one")
        # What was held for the code came back by itself, and says which configuration read it.
        taught = self.rows(server, "SELECT o.disposition, c.hash FROM observation o JOIN configuration c ON "
                                   "c.config_id = o.config_id WHERE o.ordinal = 11")
        self.assertEqual(set(taught), {("S", after)})
        again = self.rows(server, "SELECT count(*) FROM message_again")[0][0]
        self.assertEqual(again, order.count(before))
        audit = self.rows(server, "SELECT count(*) FROM audit WHERE kind = 'configuration' AND what LIKE "
                                  "'%was activated'")
        self.assertEqual(audit[0][0], 2)

        # And back: the code is unknown again, to what comes from now on.
        server.run("config", "rollback", "--by", "T. Ester", "--reason", "not yet")
        with server.connect() as connection:
            self.assertEqual(connection.exchange(message(9999)).code, "AA")
        held = self.rows(server, "SELECT o.disposition, c.hash FROM observation o JOIN configuration c ON "
                                 "c.config_id = o.config_id JOIN message m ON m.message_id = o.message_id "
                                 "WHERE o.ordinal = 11 AND m.control_id = 'KT00009999'")
        self.assertEqual(held, [("H", before)])

    def test_what_was_taught_outlives_a_restart_and_is_not_lost_by_files(self):
        mappings = self.mappings()
        server = self.server(mappings)
        first = server.ready["config"]
        taught = self.teach_by_rest(server)
        self.assertNotEqual(first, taught["hash"])
        self.assertEqual(server.stop(), 0)

        # The directory was not touched: what was activated holds.
        self.assertEqual(server.start().ready["config"], taught["hash"])
        server.stop()

        # It was, by somebody who does not know of the lesson.
        self.edit(mappings, "sources/facs-lyric.xml", lambda text: text.replace("bead counts", "the beads", 1))
        with self.assertRaises(labrelay_process.Died) as refused:
            server.start()
        self.assertIn("config-lacks-taught", str(refused.exception))
        self.assertIn("observation CD19 new (99BD)", str(refused.exception))
        self.assertIn("config-lacks-taught",
                      self.refused(server, "config", "activate", str(mappings), "--by", "T. Ester", "--reason", "x"))
        self.assertIn("observation CD19 new (99BD)", self.refused(server, "config", "check", str(mappings)))

        # Merged from an export, which is byte for byte what is active, it is taken.
        export = self.directory / "export"
        server.run("config", "export", str(export))
        exported = (export / "sources/facs-lyric.xml").read_text()
        self.assertEqual(exported, teach((MAPPINGS / "sources/facs-lyric.xml").read_text()))
        self.edit(mappings, "sources/facs-lyric.xml", teach)
        server.start()
        merged = server.ready["config"]
        self.assertNotIn(merged, (first, taught["hash"]))
        self.assertEqual([(row["origin"], row["state"]) for row in self.versions(server)],
                         [("files", "active"), ("page", "past"), ("files", "past")])
        changes = json.loads(self.refused(server, "config", "diff", taught["hash"][:12], "active", "--json"))
        self.assertEqual([change["what"] for change in changes], ["ignore Beads*"])

        # Going back outlives a restart too.
        server.run("config", "rollback", "--by", "T. Ester", "--reason", "not yet")
        server.stop()
        self.assertEqual(server.start().ready["config"], taught["hash"])

    def test_an_older_parent_and_bad_files_are_refused(self):
        server = self.server(self.mappings())
        files = [{"name": "sources/facs-lyric.xml", "text": "<source"}]
        status, checked = self.rest(server, "POST", "/config/check", {"files": files})
        self.assertEqual(status, 200)
        self.assertIsNone(checked["hash"])
        self.assertIn(("sources/facs-lyric.xml", 1, "xml-malformed"),
                      [(error["place"], error["line"], error["code"]) for error in checked["errors"]])
        status, refused = self.rest(server, "POST", "/config", {"files": files, "reason": "x"})
        self.assertEqual((status, refused["code"]), (422, "configuration-bad"))
        status, text = self.rest(server, "GET", "/config/active/files/intake.xml")
        self.assertEqual(status, 200)
        other = [{"name": "intake.xml", "text": text.decode().replace('"reject"', '"hold"')}]
        status, mine = self.rest(server, "POST", "/config", {"files": other, "reason": "x"})
        self.assertEqual(status, 201)
        self.teach_by_rest(server)
        status, refused = self.rest(server, "POST", f"/config/{mine['id']}/activate", {"reason": "x"})
        self.assertEqual((status, refused["code"]), (409, "config-parent-old"))
        status, changes = self.rest(server, "GET", f"/config/{mine['parent']}/diff/{mine['id']}")
        self.assertEqual([(change["kind"], change["before"], change["after"]) for change in changes["changes"]],
                         [("changed", 'unknown-source="reject"', 'unknown-source="hold"')])

    def test_the_effect_is_what_happens(self):
        server = self.server(self.mappings())
        with server.connect() as connection:
            for number in range(1, 6):
                self.assertEqual(connection.exchange(message(number)).code, "AA")
        server.settle()
        server.stop()
        server.run("problems", "list")  # grouped
        server.start()
        status, text = self.rest(server, "GET", "/config/active/files/sources/facs-lyric.xml")
        files = [{"name": "sources/facs-lyric.xml", "text": teach(text.decode())}]
        status, effect = self.rest(server, "POST", "/config/effect", {"files": files})
        self.assertEqual(status, 200, effect)
        self.assertEqual((effect["total"], effect["would_store"], effect["still_held"]), (5, 5, 0), effect)
        self.assertEqual(effect["examples"][0]["before"]["rule"], "unknown-code")
        self.assertIn("CD19P 7.5 %", effect["examples"][0]["after"]["text"])
        self.teach_by_rest(server)
        server.settle()
        self.assertEqual(self.rows(server, "SELECT DISTINCT disposition FROM observation WHERE ordinal = 11"),
                         [("S",)])

    def test_a_changed_window_moves_what_is_stored(self):
        """The end state is the same whether a draw came before the amendment or after it."""
        server = self.server(self.mappings())
        with server.connect() as connection:
            for number in range(1, 8):  # M1 ends with the draw of the third
                self.assertEqual(connection.exchange(message(number)).code, "AA")
        server.settle()
        kinds = "SELECT kind, count(DISTINCT subject_id) FROM result GROUP BY kind ORDER BY kind"
        self.assertEqual(self.rows(server, kinds), [(0, 3), (1, 4)])
        study = "NCT05872659/study.xml"
        _, text = self.rest(server, "GET", f"/config/active/files/{study}")
        longer = text.decode().replace('from="23" until="37"', 'from="23" until="44"', 1)
        self.assertNotEqual(longer, text.decode())
        files = [{"name": study, "text": longer}]
        status, effect = self.rest(server, "POST", "/config/effect", {"files": files})
        self.assertEqual(status, 200, effect)
        moved = effect["placed_again"]["moved"]
        self.assertEqual((effect["placed_again"]["subjects"], effect["placed_again"]["tried"]), (SUBJECTS, SUBJECTS))
        self.assertGreaterEqual(moved, 4 * flow_traffic.STORED)
        self.assertEqual(len(effect["delivered_changes"]), moved, "each of them was delivered")
        status, proposed = self.rest(server, "POST", "/config", {"parent": "active", "files": files, "reason": "amendment"})
        self.assertEqual(status, 201, proposed)
        status, active = self.rest(server, "POST", f"/config/{proposed['id']}/activate", {"reason": "amendment"})
        self.assertEqual(status, 200, active)
        server.settle()
        self.assertEqual(self.rows(server, kinds), [(0, 7)])

    def test_a_message_is_explained_with_files_that_are_not_active(self):
        server = self.server(self.mappings())
        _, text = self.rest(server, "GET", "/config/active/files/sources/facs-lyric.xml")
        body = {"message": message(1).decode().replace("\r", "\n")}
        for files, rule in ((None, "unknown-code"), ([{"name": "sources/facs-lyric.xml",
                                                       "text": teach(text.decode())}], "")):
            status, told = self.rest(server, "POST", "/explain", dict(body, **({"files": files} if files else {})))
            self.assertEqual(status, 200, told)
            self.assertEqual(told["message"]["observations"][10]["rule"], rule)
        status, vocabulary = self.rest(server, "GET", "/mappings/vocabulary")
        attributes = {one["name"]: one.get("values") for one in
                      vocabulary["elements"]["source"]["attributes"]}
        self.assertEqual(attributes["mode"], ["test", "shadow", "live", "off"])
        self.assertIn("CD4A", [analyte["key"] for analyte in vocabulary["analytes"]])
        self.assertIn("unit", vocabulary["elements"]["observation"]["children"])


class NodesAgreeTest(ConfigurationCase):
    def test_a_node_follows_what_another_activated(self):
        cluster = Cluster(self.directory / "postgres")
        self.addCleanup(cluster.stop)
        mappings = self.mappings()
        settings = [f"store.url={cluster.url('engine')}", f"target.url={cluster.url('study')}",
                    "http_intake.port=off"]
        one = self.labrelay("one", mappings=mappings, settings=settings).start()
        (self.directory / "two").mkdir(mode=0o700)
        shutil.copy(one.data / "store.key", self.directory / "two" / "store.key")
        two = self.labrelay("two", mappings=mappings, settings=settings).start()
        registry = self.directory / "subjects.csv"
        registry.write_text(flow_traffic.subjects_csv(SUBJECTS))
        one.import_registry("subjects", registry)
        sender = Sender(two.mllp_port)
        sender.start()
        self.addCleanup(sender.stop)
        self.assertTrue(sender.wait_for(10))
        taught = self.teach_by_rest(one)
        # Whatever the other node answers from now on was read with it: no waiting, no restart.
        sender.wait_for(sender.answered + 1)
        first = sender.answered + 1
        self.assertTrue(sender.wait_for(first + 10))
        sender.stop()
        self.assertEqual(sender.wrong, [])
        rows = cluster.rows("SELECT m.control_id, c.hash FROM message m JOIN configuration c ON "
                            "c.config_id = m.config_id", "engine")
        hashes = {row["control_id"]: row["hash"] for row in rows}
        self.assertEqual({hashes[f"KT{number:08d}"] for number in range(first, sender.answered + 1)},
                         {taught["hash"]})


if __name__ == "__main__":
    labrelay_process.main()
