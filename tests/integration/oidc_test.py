"""Sign-in by an organisation's OpenID Connect provider, with a stub that checks what a provider checks."""

import base64
import hashlib
import http.server
import json
import pathlib
import subprocess
import threading
import time
import urllib.parse

import labrelay_process
from console_client import Person
from rights_test import PASSWORD, TRAINING, AccountsTest

CLIENT = "labrelay"
SECRET = "a secret of the client & more"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """Discovery, keys and token endpoint; whoever is sent there is `person` at once."""

    def __init__(self, folder):
        self.key = folder / "provider.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        shown = subprocess.run(["openssl", "rsa", "-in", self.key, "-modulus", "-noout"], check=True,
                               capture_output=True, text=True).stdout
        self.modulus = bytes.fromhex(shown.strip().split("=")[1])
        self.person = {"sub": "1001", "preferred_username": "anna"}
        self.changes = {}  # of the claims
        self.waiting = {}  # code -> what the browser was sent with
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def say(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                if self.path == "/.well-known/openid-configuration":
                    self.say(200, {"issuer": outer.url, "authorization_endpoint": outer.url + "/authorize",
                                   "token_endpoint": outer.url + "/token", "jwks_uri": outer.url + "/keys"})
                elif self.path == "/keys":
                    self.say(200, {"keys": [{"kty": "RSA", "use": "sig", "kid": "1", "alg": "RS256", "e": "AQAB",
                                             "n": b64(outer.modulus)}]})
                else:
                    self.say(404, {})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = outer.token(dict(urllib.parse.parse_qsl(body)), self.headers["Authorization"])
                self.say(status, answer)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def authorize(self, location):
        """What the person's browser is sent back with."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
        assert query["response_type"] == "code" and query["code_challenge_method"] == "S256"
        assert query["client_id"] == CLIENT and "openid" in query["scope"].split()
        code = f"code {len(self.waiting)} +/&"
        self.waiting[code] = query
        return {"code": code, "state": query["state"]}

    def token(self, form, authorization):
        sent = self.waiting.pop(form.get("code"), None)
        user, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        fits = (sent is not None and form["grant_type"] == "authorization_code"
                and urllib.parse.unquote(user) == CLIENT and urllib.parse.unquote(secret) == SECRET
                and form["redirect_uri"] == sent["redirect_uri"]
                and b64(hashlib.sha256(form["code_verifier"].encode()).digest()) == sent["code_challenge"])
        if not fits:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": sent["nonce"]}
        claims |= self.person | self.changes
        text = b64(json.dumps({"alg": "RS256", "kid": "1"}).encode()) + "." + b64(json.dumps(claims).encode())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(),
                                   check=True, capture_output=True).stdout
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": text + "." + b64(signature)}


class OidcTest(AccountsTest):
    def setUp(self):
        super().setUp()
        self.provider = Provider(pathlib.Path(self.directory))
        self.addCleanup(self.provider.close)
        secret = pathlib.Path(self.directory) / "secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        self.server = self.labrelay()
        # A password that somebody else made: nobody signs in with it but to choose another.
        self.user(self.server, "add", "anna", "--role", "viewer", "--training", TRAINING,
                  "--password-file", "-", "--reason", "starts", password=PASSWORD + "\n")
        self.add(self.server, "boris", "viewer")
        self.server.start(f"oidc.issuer={self.provider.url}", f"oidc.client_id={CLIENT}",
                          f"oidc.client_secret_file={secret}", "console.url=http://localhost:8080")

    def sign_in(self, change=lambda back: back):
        """A browser's way there and back; the last answer, and the person where it is signed in."""
        person = self.person(self.server)
        begun = person.ask("GET", "/session/oidc")
        self.assertEqual(begun.status, 303, begun.text)
        self.assertRegex(begun.headers["Set-Cookie"], r"HttpOnly; SameSite=Lax; Max-Age=600$")
        person.cookie = begun.headers["Set-Cookie"].split(";")[0]
        back = change(self.provider.authorize(begun.headers["Location"]))
        ended = person.ask("GET", "/session/oidc/callback?" + urllib.parse.urlencode(back))
        if ended.status == 303:
            self.assertEqual(ended.headers["Location"], "/")
            cookies = [value.split(";")[0] for value in ended.headers.get_all("Set-Cookie")]
            person.cookie = next(one for one in cookies if one.startswith("labrelay_session="))
            person.csrf = person.ask("GET", "/me").json["csrf"]
        return ended, person

    def test_a_person_comes_in_and_is_bound(self):
        self.assertTrue(self.person(self.server).ask("GET", "/session").json["oidc"])
        ended, anna = self.sign_in()
        self.assertEqual(ended.status, 303, ended.text)
        account = anna.ask("GET", "/me").json["account"]
        self.assertEqual((account["name"], account["has_password"]), ("anna", False))
        # Another person whom the provider gives the name later does not come in.
        self.provider.person["sub"] = "2002"
        self.assertEqual(self.sign_in()[0].code, "sign-in-failed")
        self.provider.person["sub"] = "1001"
        # The password from before is gone; a new one is for signing only.
        self.assertEqual(self.person(self.server).sign_in("anna", PASSWORD).code, "sign-in-failed")
        self.assertEqual(anna.ask("POST", "/me/password", {"current": "", "new": PASSWORD}).status, 204)
        self.assertEqual(self.person(self.server).sign_in("anna", PASSWORD).code, "sign-in-failed")
        self.assertEqual(anna.ask("POST", "/me/password", {"current": "", "new": PASSWORD + "!"}).code,
                         "sign-in-failed")
        self.assertEqual(self.sign_in()[0].status, 303)

    def test_an_account_with_a_password_of_its_holders_own_is_not_taken_over(self):
        self.provider.person = {"sub": "4004", "preferred_username": "boris"}
        self.assertEqual(self.sign_in()[0].code, "sign-in-failed")
        self.assertEqual(self.person(self.server).sign_in("boris", PASSWORD).status, 200)

    def test_a_person_has_one_account(self):
        self.user(self.server, "add", "anna.too", "--role", "viewer", "--training", TRAINING,
                  "--password-file", "-", "--reason", "starts", password=PASSWORD + "\n")
        self.assertEqual(self.sign_in()[0].status, 303)
        # The provider lets people choose the name that it says.
        self.provider.person["preferred_username"] = "anna.too"
        self.assertEqual(self.sign_in()[0].code, "sign-in-failed")
        self.assertIn(("sign-in", "anna.too", "sign-in by the organisation's service refused: "
                       "the person there has the account anna"), self.audit(self.server))
        # Whose account it is comes in.
        self.provider.person = {"sub": "5005", "preferred_username": "anna.too"}
        self.assertEqual(self.sign_in()[0].status, 303)
        self.provider.person = {"sub": "1001", "preferred_username": "anna"}
        self.assertEqual(self.sign_in()[0].status, 303)

    def test_who_has_no_account_or_a_closed_one_stays_out(self):
        self.provider.person = {"sub": "3003", "preferred_username": "nobody"}
        self.assertEqual(self.sign_in()[0].code, "sign-in-failed")
        self.provider.person = {"sub": "1001", "preferred_username": "anna"}
        self.user(self.server, "disable", "anna", "--reason", "left")
        self.assertEqual(self.sign_in()[0].code, "account-disabled")

    def test_an_answer_that_does_not_fit_is_refused(self):
        for change in [lambda back: back | {"state": "0" * 64}, lambda back: back | {"code": "other"},
                       lambda back: {"state": back["state"], "error": "access_denied"}, lambda back: {}]:
            self.assertEqual(self.sign_in(change)[0].code, "provider-failed")
        for claims in [{"nonce": "x"}, {"aud": "other"}, {"iss": "https://evil.example"}, {"exp": 1},
                       {"preferred_username": ""}]:
            self.provider.changes = claims
            with self.subTest(claims=claims):
                self.assertEqual(self.sign_in()[0].code, "provider-failed")
        self.provider.changes = {}
        begun = self.person(self.server).ask("GET", "/session/oidc")
        back = self.provider.authorize(begun.headers["Location"])
        other = Person(self.server.ready["http"]["port"])  # another browser: without the cookie
        self.assertEqual(other.ask("GET", "/session/oidc/callback?" + urllib.parse.urlencode(back)).code,
                         "provider-failed")

    def test_a_provider_that_is_away_is_said(self):
        self.provider.close()
        self.assertEqual(self.person(self.server).ask("GET", "/session/oidc").code, "provider-failed")


if __name__ == "__main__":
    labrelay_process.main()
