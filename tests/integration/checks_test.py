"""What a check holds comes free when the laboratory corrects what it contradicted."""

import json

import labrelay_process
from labrelay_process import MAPPINGS

CASES = MAPPINGS / "NCT05872659" / "cases"


class ChecksTest(labrelay_process.IntegrationTest):
    def test_a_correction_brings_back_what_was_held(self):
        server = self.labrelay()
        server.start()
        server.import_registry("subjects", CASES / "subjects.csv")
        messages = [(CASES / f"correction-settles-the-subsets.{number}.hl7").read_bytes() for number in (1, 2, 3)]
        with server.connect() as connection:
            for message in messages[:2]:
                connection.exchange(message)
            server.settle()
            self.assertEqual(self.dispositions(server)["CK0003"], (0, 1))
            connection.exchange(messages[2])
            server.settle()
        self.assertEqual(self.dispositions(server), {"CK0002": (2, 0), "CK0003": (1, 0), "CK0004": (1, 0)})
        values = {row["analyte"]: row["value_num"] for row in self.results(server)}
        self.assertEqual((values["CD3P"], values["CD4P"], values["CD8P"]), ("62", "20", "40"))
        self.assertEqual(server.stop(), 0)

    def dispositions(self, server):
        return {row["control_id"]: (row["stored"], row["held"]) for row in server.ledger()}

    def results(self, server):
        rows = server.run("results", "--json", "--mappings", str(MAPPINGS))
        return [json.loads(line) for line in rows.splitlines()]


if __name__ == "__main__":
    labrelay_process.main()
