"""Two nodes on one PostgreSQL behind HAProxy; one of them is killed again and again under load.

What was acknowledged is in the ledger and in the study database, once and whole, whoever took it. HAProxy
runs with the configuration that is shipped in docker/. Long form (LABRELAY_LONG=1): a node is killed every
20 seconds for ten minutes. Another course of the same test: LABRELAY_SEED=<the printed seed>.
"""

import collections
import json
import os
import pathlib
import queue
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import flow_traffic
import labrelay_process
from labrelay_process import LONG, PATIENCE, SOURCE

CONNECTIONS = 8
SUBJECTS = 12
ROUNDS = 30 if LONG else 3
BETWEEN_KILLS = 20.0 if LONG else 2.0


class Cluster:
    """A private PostgreSQL with a database for the engine and one for the study."""

    def __init__(self, folder):
        self.folder = folder
        self.tool([sys.executable, str(SOURCE / "tests/support/postgres_cluster.py"), "start", str(folder),
                   "--durable"])
        self.server = (folder / "url").read_text().strip()
        self.sql("CREATE DATABASE engine")
        self.sql("CREATE DATABASE study")

    @staticmethod
    def tool(command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def url(self, database):
        return self.server.rsplit("/", 1)[0] + "/" + database

    def sql(self, text, database="postgres"):
        return self.tool(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.url(database), "-c", text])

    def rows(self, text, database):
        """A SELECT's rows as dictionaries."""
        answer = self.sql(f"SELECT coalesce(json_agg(t), '[]') FROM ({text}) t", database)
        return json.loads(answer)

    def stop(self):
        subprocess.run([sys.executable, str(SOURCE / "tests/support/postgres_cluster.py"), "stop",
                        str(self.folder)], capture_output=True, timeout=PATIENCE, check=False)


class Balancer:
    """HAProxy with the shipped configuration."""

    def __init__(self, folder, port, nodes):
        self.port = port
        self.log = open(folder / "haproxy.log", "wb")
        environment = dict(os.environ, MLLP_BIND=f"127.0.0.1:{self.port}")
        for name, (mllp, http) in zip("AB", nodes):
            environment |= {f"NODE_{name}": f"127.0.0.1:{mllp}", f"CHECK_{name}": str(http)}
        self.process = subprocess.Popen(
            [shutil.which("haproxy") or "/usr/sbin/haproxy", "-f", str(SOURCE / "docker/haproxy.cfg"), "-db"],
            env=environment, stdout=self.log, stderr=self.log)

    def stop(self):
        self.process.kill()
        self.process.wait(timeout=PATIENCE)
        self.log.close()


class Senders:
    """Senders that connect again when they are cut off, and send again what was not answered."""

    def __init__(self, port):
        self.port = port
        self.changed = threading.Condition()
        self.sent = {}  # control id -> number
        self.acknowledged = set()
        self.wrong = []
        self.stopping = False
        self.next_number = 1
        self.threads = [threading.Thread(target=self.run) for _ in range(CONNECTIONS)]
        for thread in self.threads:
            thread.start()

    def next_message(self):
        with self.changed:
            number = self.next_number
            self.next_number += 1
            message = flow_traffic.message(number, number % SUBJECTS + 1)
            self.sent[labrelay_process.control_id(message)] = number
            return message

    def run(self):
        message = None
        while True:
            try:
                with labrelay_process.MllpConnection(self.port) as connection:
                    while True:
                        if message is None:
                            with self.changed:
                                if self.stopping:
                                    return
                            message = self.next_message()
                        answer = connection.exchange(message)
                        if answer is None:
                            break
                        with self.changed:
                            if answer.code == "AA":
                                self.acknowledged.add(labrelay_process.control_id(message))
                            else:
                                self.wrong.append(answer.payload)
                            self.changed.notify_all()
                        message = None
            except (ConnectionError, socket.timeout):
                pass
            # Nobody there for the moment: the time-out of the wait is the sender's own.
            with self.changed:
                self.changed.wait(0.05)

    def wait_for_more(self, count):
        with self.changed:
            goal = len(self.acknowledged) + count
            return self.changed.wait_for(lambda: len(self.acknowledged) >= goal or self.wrong, PATIENCE)

    def stop(self):
        with self.changed:
            self.stopping = True
            self.changed.notify_all()
        for thread in self.threads:
            thread.join(PATIENCE)


class NodesTest(labrelay_process.IntegrationTest):
    def setUp(self):
        super().setUp()
        for tool in ("psql", "haproxy"):
            if not shutil.which(tool) and not os.path.exists(f"/usr/sbin/{tool}"):
                self.skipTest(f"{tool} is not installed; scripts/setup installs it")
        self.seed = int(os.environ.get("LABRELAY_SEED") or random.SystemRandom().randrange(1 << 32))
        print(f"LABRELAY_SEED={self.seed}", flush=True)
        self.draw = random.Random(self.seed)
        self.cluster = Cluster(self.directory / "postgres")
        self.addCleanup(self.cluster.stop)
        self.ports = [(self.port(), self.port()) for _ in range(2)]
        self.nodes = [self.node(index) for index in range(2)]

    def node(self, index):
        mllp, http = self.ports[index]
        node = self.labrelay(f"node{index}", settings=[
            f"store.url={self.cluster.url('engine')}", f"target.url={self.cluster.url('study')}",
            "mllp.trusted_proxies=127.0.0.1"])
        node.ports = [f"mllp.port={mllp}", f"http.port={http}", "http_intake.port=off"]
        return node

    def start(self, node):
        node.start(*node.ports)

    def start_both(self):
        self.start(self.nodes[0])
        # The nodes of a store have one key.
        other = self.nodes[1].data
        other.mkdir(mode=0o700, parents=True)
        shutil.copy(self.nodes[0].data / "store.key", other / "store.key")
        self.start(self.nodes[1])
        registry = self.directory / "subjects.csv"
        registry.write_text(flow_traffic.subjects_csv(SUBJECTS))
        self.nodes[0].import_registry("subjects", registry)
        balancer = Balancer(self.directory, self.port(), self.ports)
        self.addCleanup(balancer.stop)
        return balancer

    def settle(self):
        limit = time.monotonic() + PATIENCE
        while True:
            waiting = self.cluster.sql(
                "SELECT (SELECT count(*) FROM job WHERE done_us IS NULL) + "
                "(SELECT count(*) FROM outbox WHERE state <> 'delivered')", "engine").strip()
            if waiting == "0":
                return
            if time.monotonic() > limit:
                raise AssertionError(f"still waiting: {waiting}\n"
                                     + "\n".join(node.diagnostics() for node in self.nodes))
            self.nodes[0].ended_within(0.05)

    def check(self, senders):
        rows = {}
        for row in self.nodes[0].ledger():
            if row["state"] == "duplicate":
                continue
            control_id = row["control_id"].encode()
            self.assertNotIn(control_id, rows, "twice in the ledger")
            rows[control_id] = row
            self.assertEqual((row["state"], row["stored"], row["held"]),
                             ("processed", flow_traffic.STORED, 0), control_id)
        self.assertEqual(senders.acknowledged - rows.keys(), set(), "acknowledged and not in the ledger")
        self.assertEqual(rows.keys(), senders.sent.keys(), "every message was answered in the end")
        for table in ("lab_result", "lab_result_version"):
            found = collections.Counter()
            values = {}
            for row in self.cluster.rows(f"SELECT lineage_id, analyte, value_num, specimen FROM {table}",
                                         "study"):
                found[row["lineage_id"]] += 1
                values[row["lineage_id"]] = row
            expected = set()
            for control_id, row in rows.items():
                lineages = [f"{row['message_id']}-{ordinal}" for ordinal in range(1, flow_traffic.STORED + 1)]
                expected |= {*lineages, f"{lineages[3]}+{lineages[5]}"}
                cd4 = values.get(lineages[3], {})
                number = senders.sent[control_id]
                self.assertEqual((cd4.get("analyte"), cd4.get("value_num"), cd4.get("specimen")),
                                 ("CD4A", str(flow_traffic.cd4(number)), f"P9{number:08d}"), control_id)
            self.assertEqual(set(found), expected, table)
            self.assertEqual({lineage for lineage, count in found.items() if count != 1}, set(), table)
        return rows

    def test_a_node_is_killed_again_and_again(self):
        balancer = self.start_both()
        senders = Senders(balancer.port)
        self.addCleanup(senders.stop)
        self.assertTrue(senders.wait_for_more(50), self.nodes[0].diagnostics())
        for _ in range(ROUNDS):
            victim = self.draw.choice(self.nodes)
            self.assertIsNone(victim.ended_within(self.draw.uniform(0.5, 1.5) * BETWEEN_KILLS),
                              victim.diagnostics())
            victim.kill()
            # The other goes on alone.
            self.assertTrue(senders.wait_for_more(30), "\n".join(n.diagnostics() for n in self.nodes))
            self.start(victim)
        self.assertTrue(senders.wait_for_more(30))
        senders.stop()
        self.assertEqual(senders.wrong, [])
        self.settle()
        rows = self.check(senders)
        nodes = {int(node) for node in self.cluster.sql("SELECT DISTINCT node FROM audit", "engine").split()}
        self.assertGreaterEqual(len(nodes), 2, "both nodes took messages")
        print(f"{ROUNDS} kills, {len(rows)} messages", flush=True)

    def test_a_node_commits_on_two_lanes(self):
        """Sixteen connections to one node, all with results of the same subjects."""
        self.start_both()
        messages = [flow_traffic.message(number, number % 3 + 1) for number in range(1, 97)]
        answers = queue.Queue()

        def send(place):
            with socket.create_connection(("127.0.0.1", self.ports[0][0]), timeout=PATIENCE) as plain:
                plain.sendall(b"PROXY TCP4 10.9.8.7 127.0.0.1 %d 2575\r\n" % (40000 + place))
                connection = labrelay_process.MllpConnection.over(plain)
                for message in messages[place::16]:
                    answers.put(connection.exchange(message).code)

        threads = [threading.Thread(target=send, args=(place,)) for place in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(collections.Counter(answers.queue), {"AA": len(messages)})
        self.settle()
        lanes = self.cluster.sql("SELECT DISTINCT node, life FROM audit WHERE kind = 'ingest'", "engine").split()
        self.assertEqual(len(lanes), 2, lanes)
        self.assertEqual(len({lane.split("|")[0] for lane in lanes}), 1, "one node")
        states = collections.Counter(row["state"] for row in self.nodes[0].ledger())
        self.assertEqual(states, {"processed": len(messages)})
        results = self.cluster.sql("SELECT count(*) FROM lab_result", "study").strip()
        self.assertEqual(int(results), len(messages) * (flow_traffic.STORED + 1))
        self.nodes[0].run("audit", "verify")
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[0][1]}/metrics", timeout=PATIENCE) as page:
            self.assertIn(f"labrelay_messages_committed_total {len(messages)}\n", page.read().decode())

    def test_the_same_messages_through_both_nodes_at_once(self):
        """Each message goes to both nodes in the same moment: one processes it, the other says so."""
        self.start_both()
        count = 40
        messages = [flow_traffic.message(number, number % SUBJECTS + 1) for number in range(1, count + 1)]
        answers = [[], []]
        together = threading.Barrier(2)

        def send(index):
            with socket.create_connection(("127.0.0.1", self.ports[index][0]), timeout=PATIENCE) as plain:
                # The nodes want to hear from a trusted proxy who it speaks for.
                plain.sendall(b"PROXY TCP4 10.9.8.7 127.0.0.1 40000 2575\r\n")
                connection = labrelay_process.MllpConnection.over(plain)
                for message in messages:
                    together.wait(PATIENCE)
                    answers[index].append(connection.exchange(message))

        threads = [threading.Thread(target=send, args=(index,)) for index in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        for one, other in zip(*answers):
            self.assertEqual((one.code, other.code), ("AA", "AA"))
        self.settle()
        states = collections.Counter(row["state"] for row in self.nodes[1].ledger())
        self.assertEqual(states, {"processed": count, "duplicate": count})
        results = self.cluster.sql("SELECT count(*) FROM lab_result", "study").strip()
        self.assertEqual(int(results), count * (flow_traffic.STORED + 1))
        peers = self.cluster.sql("SELECT DISTINCT t.text FROM message m JOIN term t ON t.term_id = m.peer_id",
                                 "engine").split()
        self.assertEqual(peers, ["10.9.8.7:40000"])


if __name__ == "__main__":
    labrelay_process.main()
