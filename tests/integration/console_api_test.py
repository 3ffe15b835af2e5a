"""The console's reading routes over HTTP: every answer is of the form that openapi.json promises."""

import http.client
import json
import urllib.parse

import jsonschema

import labrelay_process

READING = tuple("/api/v1/" + name for name in (
    "problems", "messages", "subjects", "results", "eligibility", "sources"))
PERSON_NEEDED = 403  # what a command may not ask, because it has no account or session


class ConsoleApiTest(labrelay_process.IntegrationTest):
    def demo_server(self):
        server = self.labrelay()
        server.start()
        for kind, file in labrelay_process.demo_plan():
            if kind == "send":
                with server.connect() as connection:
                    connection.exchange(file.read_bytes())
            else:
                server.import_registry(kind, file)
        server.settle(grouped=True)
        return server

    def get(self, server, path):
        address = json.loads((server.data / "server.json").read_text())
        connection = http.client.HTTPConnection(address["host"], address["http_port"],
                                                timeout=labrelay_process.PATIENCE)
        connection.request("GET", path, headers={"Authorization": "Bearer " + address["token"]})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.getheader("Content-Type"), body

    def json(self, server, path):
        status, _, body = self.get(server, "/api/v1" + path)
        self.assertEqual(status, 200, f"{path}: {body[:300]}")
        return json.loads(body)

    def known(self, server):
        """Something that is there, for each parameter of a path, by the path's beginning."""
        problems = self.json(server, "/problems?limit=500")["items"]
        messages = self.json(server, "/messages?limit=500")["items"]
        subjects = self.json(server, "/subjects?limit=500")["items"]
        pages = (self.json(server, f"/subjects/{row['id']}") for row in subjects)
        page = next(page for page in pages if page["results"])
        self.assertTrue(problems and messages and page["results"])
        one_of_each_state = {message["state"]: message["message_id"] for message in messages}
        return {"/problems": [problem["id"] for problem in problems],
                "/messages": list(one_of_each_state.values()),
                "/subjects": [row["id"] for row in subjects[:5]] + [page["label"]],
                "/eligibility": [page["label"]],
                "/sources": [source["id"] for source in self.json(server, "/traffic")["sources"]],
                "/results": [result["result_id"] for result in page["results"]]}

    def test_every_answer_is_of_the_form_that_the_document_promises(self):
        server = self.demo_server()
        document = self.json(server, "/openapi.json")
        known = self.known(server)
        checked = set()
        for path, methods in document["paths"].items():
            if "get" not in methods:
                continue
            operation = methods["get"]
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            begin = "/" + path.removeprefix("/api/v1/").split("/")[0]
            if "{" in path and begin not in known:
                continue  # another part's, with tests of its own
            if path.endswith(("/events", "/traffic/live")):
                continue  # streams; the C++ test ends them
            if any(each.get("required") and each["name"] not in ("q", "analytes")
                   for each in operation.get("parameters", ()) if each["in"] == "query"):
                continue  # asked for by the tests of its part
            for value in known[begin] if "{" in path else [None]:
                asked = path
                if value is not None:
                    open_, close = path.index("{"), path.index("}")
                    asked = path[:open_] + urllib.parse.quote(str(value)) + path[close + 1:]
                status, kind, body = self.get(server, asked + "?q=S-00&analytes=CD4A,HIVVL")
                if status == PERSON_NEEDED:
                    continue
                self.assertEqual(status, 200, f"{asked}: {body[:300]}")
                if kind == "application/json":
                    jsonschema.validate(json.loads(body), schema)
                checked.add(path)
        for path in ("/problems", "/problems/{id}", "/problems/{id}/items", "/messages",
                     "/messages/{id}", "/messages/{id}/raw", "/messages/{id}/bytes",
                     "/messages/{id}/diff/last-good", "/messages/{id}/diff/previous", "/subjects", "/subjects/{id}",
                     "/subjects/{id}/series", "/results/{result_id}/lineage", "/outstanding",
                     "/expected", "/eligibility/{subject}", "/traffic", "/sources/{id}",
                     "/deliveries", "/search"):
            self.assertIn("/api/v1" + path, checked)

    def test_document_and_router_name_the_same_routes(self):
        server = self.labrelay()
        server.start()
        document = self.json(server, "/openapi.json")
        for path, methods in document["paths"].items():
            if path.endswith(("/events", "/traffic/live")):
                continue
            asked = path.replace("{", "no-such-").replace("}", "")
            status, kind, body = self.get(server, asked)
            if "get" in methods:
                # The route is there: what is not found is the thing, not the address.
                self.assertNotEqual(status, 405, path)
                if status == 404 and path.startswith(READING):
                    self.assertTrue(json.loads(body)["instance"], f"{path}: {body}")
            else:
                self.assertEqual(status, 405, path)
        status, kind, body = self.get(server, "/api/v1/no-such-thing")
        self.assertEqual((status, json.loads(body)["instance"]), (404, ""))

    def test_lists_page_to_their_end_without_repeating(self):
        server = self.demo_server()
        for path, key in (("/messages", "message_id"), ("/problems", "id"), ("/subjects", "id"),
                          ("/deliveries?state=delivered", "id")):
            whole = self.json(server, path + ("&" if "?" in path else "?") + "limit=500")
            self.assertIsNone(whole["next"], path)
            seen, after = [], ""
            while True:
                mark = "&" if "?" in path else "?"
                page = self.json(server, f"{path}{mark}limit=7&after={urllib.parse.quote(after)}")
                seen += [item[key] for item in page["items"]]
                if page["next"] is None:
                    break
                after = page["next"]
            self.assertEqual(seen, [item[key] for item in whole["items"]], path)

    def test_what_the_page_shows_adds_up(self):
        server = self.demo_server()
        traffic = self.json(server, "/traffic")
        for row in traffic["balance"]:
            self.assertTrue(row["balanced"])
            self.assertEqual(row["received"], row["stored"] + row["held"] + row["ignored"])
        for source in traffic["sources"]:
            self.assertEqual(sum(hour["messages"] for hour in source["hours"]), source["messages_24h"])
        problems = self.json(server, "/problems?limit=500")
        for facet in ("source", "rule", "assignee", "age"):
            self.assertEqual(sum(value["count"] for value in problems["facets"][facet]),
                             problems["total"], facet)
        risks = [problem["risk"] for problem in problems["items"]]
        self.assertEqual(risks, sorted(risks, reverse=True))
        for problem in problems["items"]:
            items = self.json(server, f"/problems/{problem['id']}/items?limit=500")["items"]
            held = [item for item in items if item["released"] is None]
            self.assertEqual(len(held), problem["held"], problem["sentence"])

    def test_what_is_outstanding_names_visit_analyte_and_rule(self):
        server = self.demo_server()
        items = self.json(server, "/outstanding")["items"]
        held = [item for item in items if item["kind"] == "held"]
        self.assertIn(("S-004", "M3", "ALT", "unknown-unit"),
                      [(item["subject"], item["visit"], item["analyte"], item["rule"]) for item in held])
        for item in held:
            where = f"{item['subject']} {item['visit']}".strip()
            self.assertEqual(item["text"], f"{where}: {item['analyte'] or item['code']} is held by {item['rule']}")
        for item in items:
            if item["kind"] == "missing":
                self.assertEqual(item["id"].split(":")[1:3], [item["subject"], item["visit"]])
                self.assertEqual(item["id"].split(":", 4)[4], item["analyte"])


if __name__ == "__main__":
    labrelay_process.main()
