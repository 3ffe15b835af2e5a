"""Accounts from the command line to the last request: who may do what, by direct requests to every resource.

R8, R19 to R22, R24, R44 of the requirements. The resources are those that the server itself lists; a new one
comes under the matrix by itself.
"""

import base64
import datetime
import hashlib
import hmac
import json
import re
import sqlite3
import struct
import subprocess
import time

import labrelay_process
from console_client import Person
from labrelay_process import PATIENCE, SOURCE, Labrelay

PASSWORD = "seventeen red pencils"
ROLES = ["viewer", "data manager", "mapper", "administrator", "inspector"]
TRAINING = "2026-11-20 SOP-12 v3"

# Resources that need no right: whoever has an account may ask them, or anybody. Nothing of a study, of another
# person or of the system is in them. A new one must be entered here on purpose.
WITHOUT_RIGHT = {
    "anyone": {"GET /session", "POST /session"},
    "whoever is signed in": {
        "DELETE /session", "GET /me", "POST /me/password", "POST /me/second-factor", "PUT /me/second-factor",
        "DELETE /me/second-factor", "GET /permissions", "GET /openapi.json"},
}

# Resources that change what is of all studies: the right must be held in all of them. Every other resource keeps to
# the studies and sites of the person's roles, or shows what is of the system; a new one must say that it does.
EVERYWHERE = {
    "POST /config", "POST /config/{id}/activate", "POST /config/rollback", "PUT /four-eyes/{action}",
    "POST /alarms/test", "POST /access/reviews",
    "POST /audit/reviews",
}
STUDY = "NCT05872659"
SITE = "QILU"


def matrix():
    """The table of rights as the source has it: {key: {role: bool}}."""
    text = (SOURCE / "include/labrelay/security/permissions.def").read_text()
    rows = re.findall(r'^LABRELAY_PERMISSION\(\w+,\s*"([\w.]+)",\s*([01]), ([01]), ([01]), ([01]), ([01]),',
                      text, re.M)
    return {key: dict(zip(ROLES, (bit == "1" for bit in bits))) for key, *bits in rows}


def totp_step():
    return int(time.time()) // 30


def totp(secret, step):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class AccountsTest(labrelay_process.IntegrationTest):
    def user(self, server, action, *arguments, password=None, status=0):
        done = subprocess.run([Labrelay.binary, "user", action, *arguments, "--data", str(server.data)],
                              input=password, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, status, f"{action} {arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def add(self, server, name, role, password=PASSWORD, *more):
        self.user(server, "add", name, "--role", role.replace(" ", "-"), "--training", TRAINING, "--own", *more,
                  password=password + "\n")

    def person(self, server, name=None, password=PASSWORD):
        person = Person(server.ready["http"]["port"])
        if name:
            reply = person.sign_in(name, password)
            self.assertEqual(reply.status, 200, reply.text)
        return person

    def audit(self, server):
        store = sqlite3.connect(f"file:{server.data / 'store.db'}?mode=ro", uri=True, timeout=PATIENCE)
        rows = store.execute("SELECT kind, actor, what FROM audit ORDER BY audit_id").fetchall()
        store.close()
        return rows


class MatrixTest(AccountsTest):
    def resources(self, server):
        document = self.person(server, "viewer").ask("GET", "/openapi.json").json
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                yield method.upper(), path.removeprefix("/api/v1"), operation

    def test_every_resource_with_every_role(self):
        server = self.labrelay()
        for role in ROLES:  # before the first serve: on the store itself
            self.add(server, role.replace(" ", "_"), role)
        server.start()
        table = matrix()
        self.assertEqual(len(table), (SOURCE / "include/labrelay/security/permissions.def").read_text().count(
            "\nLABRELAY_PERMISSION("))
        people = {role: self.person(server, role.replace(" ", "_")) for role in ROLES}
        nobody = self.person(server)
        asked = 0
        for method, path, operation in self.resources(server):
            access = operation["x-labrelay-access"]
            if (method, path) == ("DELETE", "/session"):
                continue  # it would sign the person out
            resource = f"{method} {path}"
            address = re.sub(r"\{[^}]*\}", "999999", path)
            body = None if method == "GET" else {}
            if access != "anyone":
                with self.subTest(resource=resource, role="nobody"):
                    self.assertEqual(nobody.ask(method, address, body, whole=False).status, 401)
            for role, person in people.items():
                with self.subTest(resource=resource, role=role):
                    reply = person.ask(method, address, body)
                    refused = reply.status == 403
                    if access in WITHOUT_RIGHT:
                        self.assertIn(resource, WITHOUT_RIGHT[access])
                        self.assertFalse(refused, reply.text)
                    elif access == "commands on the server's host":
                        self.assertEqual(reply.code, "forbidden")
                    else:
                        self.assertEqual(refused, not table[access][role], reply.text)
                    asked += 1
        self.assertGreater(asked, 100)

    def test_a_role_of_one_study_or_site_changes_nothing_of_all_studies(self):
        server = self.labrelay()
        server.start()
        table = matrix()
        people = {}
        for role in ROLES:
            for reach, scope in {"study": ("--study", STUDY), "site": ("--study", STUDY, "--site", SITE)}.items():
                name = f"{role.replace(' ', '_')}.{reach}"
                self.add(server, name, role, PASSWORD, *scope)
                people[role, reach] = self.person(server, name)
        self.add(server, "viewer", "viewer")
        everywhere = set()
        for method, path, operation in self.resources(server):
            access, reach = operation["x-labrelay-access"], operation.get("x-labrelay-reach")
            if access not in table:
                self.assertIsNone(reach)
                continue
            resource = f"{method} {path}"
            if reach == "all studies":
                everywhere.add(resource)
            address = re.sub(r"\{[^}]*\}", "999999", path)
            body = None if method == "GET" else {}
            for (role, scope), person in people.items():
                with self.subTest(resource=resource, role=role, scope=scope):
                    reply = person.ask(method, address, body)
                    refused = not table[access][role] or resource in EVERYWHERE
                    self.assertEqual(reply.status == 403, refused, reply.text)
        self.assertEqual(everywhere, EVERYWHERE)

    def test_what_me_says_is_the_table(self):
        server = self.labrelay()
        for role in ROLES:
            self.add(server, role.replace(" ", "_"), role)
        server.start()
        for role in ROLES:
            me = self.person(server, role.replace(" ", "_")).ask("GET", "/me").json
            self.assertEqual(set(me["permissions"]), {key for key, row in matrix().items() if row[role]})
            self.assertEqual(me["everywhere"], me["permissions"])
            self.assertEqual(me["account"]["roles"], [{"role": role, "study": "", "site": ""}])
            self.assertEqual(me["engine"]["state"], "live")
            self.assertEqual([study["id"] for study in me["studies"]], ["NCT05872659"])
        rows = self.person(server, "viewer").ask("GET", "/permissions").json["rows"]
        said = {row["permission"]: {role: row[role.replace(" ", "_")] for role in ROLES} for row in rows}
        self.assertEqual(said, matrix())

    def test_a_role_of_one_site_shows_that_site(self):
        server = self.labrelay()
        server.start()
        configuration = (server.mappings / "NCT05872659" / "study.xml").read_text()
        site = re.search(r'<site id="([^"]+)"', configuration).group(1)
        self.add(server, "anna", "viewer", PASSWORD, "--study", "NCT05872659", "--site", site)
        me = self.person(server, "anna").ask("GET", "/me").json
        self.assertEqual(me["studies"][0]["sites"], [site])
        self.assertIn("problems.view", me["permissions"])
        self.assertEqual(me["everywhere"], [])
        self.add(server, "bo", "viewer", PASSWORD, "--study", "NCT00000000")
        self.assertEqual(self.person(server, "bo").ask("GET", "/me").json["studies"], [])


class SignInTest(AccountsTest):
    def server_with(self, *people):
        server = self.labrelay()
        server.start()
        for name, role in people:
            self.add(server, name, role)
        return server

    def test_there_is_no_account_to_begin_with(self):
        server = self.server_with()
        person = self.person(server)
        for name, password in [("admin", "admin"), ("root", ""), ("", "")]:
            self.assertEqual(person.sign_in(name, password).code, "sign-in-failed")
        self.assertEqual(person.ask("GET", "/me").code, "sign-in-needed")
        self.assertEqual(self.user(server, "list", "--json").stdout, "")

    def test_the_cookie_and_the_token_of_a_session(self):
        server = self.server_with(("anna", "data manager"))
        person = self.person(server)
        reply = person.sign_in("Anna", PASSWORD)
        self.assertRegex(reply.headers["Set-Cookie"],
                         r"^labrelay_session=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict$")
        self.assertEqual(reply.json["account"]["name"], "anna")
        csrf, person.csrf = person.csrf, ""
        self.assertEqual(person.ask("DELETE", "/session").code, "csrf-mismatch")
        person.csrf = csrf
        elsewhere = {"Origin": "https://evil.example"}
        self.assertEqual(person.ask("DELETE", "/session", headers=elsewhere).code, "csrf-mismatch")
        self.assertEqual(person.ask("GET", "/me").status, 200)
        out = person.ask("DELETE", "/session", headers={"Origin": f"http://127.0.0.1:{person.port}"})
        self.assertEqual(out.status, 204)
        self.assertIn("Max-Age=0", out.headers["Set-Cookie"])
        self.assertEqual(person.ask("GET", "/me").status, 401)
        sign_ins = [row for row in self.audit(server) if row[0] == "sign-in"]
        self.assertEqual(sign_ins, [("sign-in", "anna", "signed in"), ("sign-in", "anna", "signed out")])

    def test_failures_close_the_account_until_it_is_opened(self):
        server = self.server_with(("anna", "viewer"))
        person = self.person(server)
        codes = [person.sign_in("anna", "not " + PASSWORD).code for _ in range(6)]
        self.assertEqual(codes, ["sign-in-failed"] * 4 + ["account-locked"] * 2)
        self.assertEqual(person.sign_in("anna", PASSWORD).status, 423)
        self.user(server, "unlock", "anna", "--reason", "called back")
        self.assertEqual(person.sign_in("anna", PASSWORD).status, 200)
        strangers = [person.sign_in("nobody", PASSWORD).code for _ in range(6)]
        self.assertEqual(strangers, codes)

    def test_guessing_from_one_address_ends(self):
        server = self.server_with()
        person = self.person(server)
        codes = [person.sign_in(f"name{number}", PASSWORD).code for number in range(31)]
        self.assertEqual(codes, ["sign-in-failed"] * 30 + ["too-many-requests"])

    def test_a_second_factor(self):
        server = self.server_with(("anna", "viewer"))
        person = self.person(server, "anna")
        begun = person.ask("POST", "/me/second-factor", {}).json
        self.assertIn(begun["secret"], begun["uri"])
        step = totp_step()
        good = {totp(begun["secret"], near) for near in range(step - 1, step + 4)}
        bad = next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in good)
        self.assertEqual(person.ask("PUT", "/me/second-factor", {"code": bad}).code, "sign-in-failed")
        step = totp_step()
        self.assertEqual(person.ask("PUT", "/me/second-factor", {"code": totp(begun["secret"], step)}).status, 204)
        self.assertTrue(person.ask("GET", "/me").json["account"]["second_factor"])
        self.assertEqual(person.ask("POST", "/me/second-factor", {}).code, "state-change-bad")
        other = self.person(server)
        self.assertEqual(other.sign_in("anna", PASSWORD).code, "second-factor-needed")
        # A step that is older than the one that was used, however long this took.
        self.assertEqual(other.sign_in("anna", PASSWORD, totp(begun["secret"], step - 1)).code, "sign-in-failed")
        self.assertEqual(other.sign_in("anna", PASSWORD, totp(begun["secret"], totp_step() + 1)).status, 200)
        self.assertEqual(person.ask("DELETE", "/me/second-factor", {"password": "x"}).code, "sign-in-failed")
        self.assertEqual(person.ask("DELETE", "/me/second-factor", {"password": PASSWORD}).status, 204)


class AdministrationTest(AccountsTest):
    def setUp(self):
        super().setUp()
        self.server = self.labrelay()
        self.add(self.server, "root.admin", "administrator")
        self.server.start()
        self.admin = self.person(self.server, "root.admin")

    def make(self, name="anna"):
        made = self.admin.ask("POST", "/accounts", {"name": name, "display_name": "Anna Chen"})
        self.assertEqual(made.status, 201, made.text)
        return made.json

    def grant(self, account, **more):
        body = {"role": "data manager", "study": "", "site": "", "training": TRAINING, "reason": "joins"} | more
        return self.admin.ask("POST", f"/accounts/{account['id']}/grants", body)

    def test_a_new_person_begins_with_a_password_of_their_own(self):
        made = self.make()
        person = self.person(self.server, "anna", made["initial_password"])
        self.assertTrue(person.ask("GET", "/me").json["account"]["must_change_password"])
        self.assertEqual(person.ask("GET", "/permissions").code, "must-change-password")
        change = {"current": made["initial_password"], "new": "password1234"}
        self.assertEqual(person.ask("POST", "/me/password", change).code, "password-weak")
        change["new"] = PASSWORD
        self.assertEqual(person.ask("POST", "/me/password", change | {"current": "x"}).code, "sign-in-failed")
        self.assertEqual(person.ask("POST", "/me/password", change).status, 204)
        self.assertEqual(person.ask("GET", "/permissions").status, 200)
        self.assertEqual(self.person(self.server).sign_in("anna", made["initial_password"]).status, 401)
        self.assertNotIn("initial_password", self.admin.ask("GET", f"/accounts/{made['id']}").json)

    def test_roles_need_training_and_reason_and_are_ended(self):
        account = self.make()
        self.assertEqual(self.grant(account, training="").code, "training-missing")
        self.assertEqual(self.grant(account, reason="").code, "reason-needed")
        self.assertEqual(self.grant(account, role="emperor").code, "body-bad")
        self.assertEqual(self.grant(account, study="NCT0").code, "body-bad")
        self.assertEqual(self.grant(account, site="01").code, "body-bad")
        given = self.grant(account)
        self.assertEqual(given.status, 201, given.text)
        grant = given.json["grants"][0]
        self.assertEqual((grant["role"], grant["active"], grant["granted_by"]), ("data manager", True, "root.admin"))
        self.assertEqual(self.grant(account, role="administrator").code, "forbidden")
        address = f"/accounts/{account['id']}/grants/{grant['id']}"
        self.assertEqual(self.admin.ask("DELETE", address, {}).code, "reason-needed")
        ended = self.admin.ask("DELETE", address, {"reason": "leaves"})
        self.assertEqual((ended.status, ended.json["grants"][0]["active"]), (200, False))
        self.assertEqual(self.admin.ask("DELETE", address, {"reason": "leaves"}).status, 404)

    def test_an_account_is_closed_at_once(self):
        account = self.make()
        person = self.person(self.server, "anna", account["initial_password"])
        address = f"/accounts/{account['id']}"
        body = {"state": "disabled", "reason": "lost password"}
        self.assertEqual(self.admin.ask("PATCH", address, body).status, 428)
        self.assertEqual(self.admin.ask("PATCH", address, body, {"If-Match": '"77"'}).status, 412)
        match = {"If-Match": self.admin.ask("GET", address).headers["ETag"]}
        closed = self.admin.ask("PATCH", address, body, match)
        self.assertEqual((closed.status, closed.json["state"]), (200, "disabled"))
        self.assertEqual(self.admin.ask("PATCH", address, body, match).status, 412)
        self.assertEqual(person.ask("GET", "/me").status, 401)
        self.assertEqual(person.sign_in("anna", account["initial_password"]).code, "account-disabled")
        again = self.admin.ask("POST", "/accounts", {"name": "Anna", "display_name": "Another Anna"})
        self.assertEqual(again.code, "account-exists")

    def test_the_last_administrator_stays(self):
        me = self.admin.ask("GET", "/me").json["account"]["id"]
        account = self.admin.ask("GET", f"/accounts/{me}")
        reply = self.admin.ask("PATCH", f"/accounts/{me}", {"state": "disabled", "reason": "x"},
                               {"If-Match": account.headers["ETag"]})
        self.assertEqual(reply.code, "last-administrator")
        own = self.admin.ask("POST", f"/accounts/{me}/grants",
                             {"role": "inspector", "training": TRAINING, "reason": "x"})
        self.assertEqual(own.code, "forbidden")
        self.user(self.server, "revoke", "root.admin", "--role", "administrator", "--reason", "x", status=1)
        self.assertEqual(self.admin.ask("GET", "/me").status, 200)

    def test_who_administers_one_study_administers_nothing_else(self):
        self.add(self.server, "wanda", "administrator", PASSWORD, "--study", STUDY, "--site", SITE)
        self.add(self.server, "elsewhere", "data manager", PASSWORD, "--study", "NCT00000000")
        self.add(self.server, "whole", "data manager", PASSWORD, "--study", STUDY)
        self.add(self.server, "mine", "viewer", PASSWORD, "--study", STUDY, "--site", SITE)
        self.make("new")
        everybody = self.admin.ask("GET", "/accounts").json["items"]
        accounts = {one["name"]: one for one in everybody}
        eve = self.person(self.server, "wanda")
        theirs = {"study": STUDY, "site": SITE}

        def whole(name):
            """What the account as a whole answers to her."""
            address = f"/accounts/{accounts[name]['id']}"
            match = {"If-Match": eve.ask("GET", address).headers["ETag"]}
            return [eve.ask("POST", address + "/password", {"reason": "x"}),
                    eve.ask("DELETE", address + "/second-factor", {"reason": "x"}),
                    eve.ask("PATCH", address, {"state": "disabled", "reason": "x"}, match),
                    eve.ask("PATCH", address, {"unlock": True, "reason": "x"}, match),
                    eve.ask("PATCH", address, {"display_name": "X", "reason": "x"}, match)]

        def give(name, role, scope):
            body = {"role": role, "training": TRAINING, "reason": "x"} | scope
            return eve.ask("POST", f"/accounts/{accounts[name]['id']}/grants", body)

        seen = {one["name"]: one for one in eve.ask("GET", "/accounts").json["items"]}
        said = {name: (one["may_change"], one["may_give"], [grant["may_end"] for grant in one["grants"]])
                for name, one in seen.items()}
        self.assertEqual(said, {"root.admin": (False, True, [False]), "elsewhere": (False, True, [False]),
                                "whole": (False, True, [False]), "new": (False, False, []),
                                "mine": (True, True, [True]), "wanda": (False, False, [False])})
        self.assertTrue(all(one["may_change"] == (name != "root.admin") for name, one in accounts.items()))

        for name in ["root.admin", "elsewhere", "whole", "new"]:
            for reply in whole(name):
                self.assertEqual(reply.code, "forbidden", f"{name} {reply.text}")
        for scope in [{"study": "", "site": ""}, {"study": STUDY, "site": ""}]:
            self.assertEqual(give("mine", "data manager", scope).code, "forbidden")
        # An account that has no role yet may be given one for all studies: it is not hers to begin with.
        self.assertEqual(give("new", "inspector", theirs).code, "forbidden")
        for name in ["elsewhere", "whole", "root.admin"]:
            grant = accounts[name]["grants"][0]["id"]
            address = f"/accounts/{accounts[name]['id']}/grants/{grant}"
            self.assertEqual(eve.ask("DELETE", address, {"reason": "x"}).code, "forbidden")
        self.assertEqual(self.admin.ask("GET", "/accounts").json["items"], everybody)

        # Where she administers she does: also for a person who works elsewhere as well.
        given = give("elsewhere", "viewer", theirs)
        self.assertEqual(given.status, 201, given.text)
        self.assertEqual(whole("elsewhere")[0].code, "forbidden")
        address = f"/accounts/{accounts['elsewhere']['id']}/grants/{given.json['grants'][-1]['id']}"
        self.assertEqual(eve.ask("DELETE", address, {"reason": "x"}).status, 200)
        reset = eve.ask("POST", f"/accounts/{accounts['mine']['id']}/password", {"reason": "forgot it"})
        self.assertEqual(reset.status, 200, reset.text)
        made = eve.ask("POST", "/accounts", {"name": "hers", "display_name": "H"})
        self.assertEqual(made.status, 201, made.text)
        accounts["hers"] = made.json
        self.assertEqual(give("hers", "data manager", {"study": "", "site": ""}).code, "forbidden")
        self.assertEqual(give("hers", "data manager", theirs).status, 201)
        self.assertEqual(whole("hers")[0].status, 200)

    def test_who_could_do_what_on_a_past_day(self):
        account = self.make()
        grant = self.grant(account).json["grants"][0]["id"]
        self.admin.ask("DELETE", f"/accounts/{account['id']}/grants/{grant}", {"reason": "leaves"})
        rows = self.admin.ask("GET", "/access").json["items"]
        self.assertEqual([(row["account"]["name"], row["role"]) for row in rows], [("root.admin", "administrator")])
        self.assertEqual(self.admin.ask("GET", "/access?at=2020-01-01").json["items"], [])
        self.assertEqual(self.admin.ask("GET", "/access?at=2020-13-01").status, 400)
        self.assertEqual(self.admin.ask("GET", "/access?at=2026-01-01T10:00").status, 400)
        tomorrow = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).date()
        listed = [json.loads(line) for line in
                  self.user(self.server, "access", "--at", str(tomorrow), "--json").stdout.splitlines()]
        self.assertEqual(listed, rows)
        self.assertIn("root.admin", self.user(self.server, "access").stdout)

    def test_lists_page_by_key(self):
        for number in range(3):
            self.make(f"person{number}")
        first = self.admin.ask("GET", "/accounts?limit=3").json
        self.assertEqual((len(first["items"]), first["total"]), (3, 4))
        rest = self.admin.ask("GET", f"/accounts?limit=3&after={first['next']}").json
        self.assertEqual([one["name"] for one in rest["items"]], ["person2"])
        self.assertIsNone(rest["next"])

    def test_every_change_is_in_the_audit_trail(self):
        account = self.make()
        grant = self.grant(account).json["grants"][0]["id"]
        self.admin.ask("DELETE", f"/accounts/{account['id']}/grants/{grant}", {"reason": "leaves"})
        reset = self.admin.ask("POST", f"/accounts/{account['id']}/password", {"reason": "forgot it"})
        self.assertEqual(self.person(self.server).sign_in("anna", reset.json["initial_password"]).status, 200)
        whats = [what for kind, actor, what in self.audit(self.server) if actor == "root.admin" and kind != "sign-in"]
        self.assertEqual(whats, ["Made the account anna", "Gave anna the role data manager in all studies",
                                 "Ended the role data manager in all studies of anna", "Set the password of anna"])
        self.assertEqual(self.admin.ask("GET", "/signatures/1").status, 404)

    def test_commands_need_a_good_password(self):
        for password in ["short\n", "password1234\n", "\n", "xx root.admin2 xx\n"]:
            done = subprocess.run([Labrelay.binary, "user", "add", "root.admin2", "--data", str(self.server.data)],
                                  input=password, capture_output=True, text=True, timeout=PATIENCE)
            self.assertNotEqual(done.returncode, 0, password)
        self.user(self.server, "passwd", "root.admin", "--reason", "forgot it", password="nineteen blue pencils\n")
        self.assertEqual(self.admin.ask("GET", "/me").status, 401)
        self.assertEqual(self.person(self.server).sign_in("root.admin", PASSWORD).status, 401)
        reply = self.person(self.server).sign_in("root.admin", "nineteen blue pencils")
        self.assertTrue(reply.json["account"]["must_change_password"])
        names = [json.loads(line)["name"] for line in self.user(self.server, "list", "--json").stdout.splitlines()]
        self.assertEqual(names, ["root.admin"])


if __name__ == "__main__":
    labrelay_process.main()
