#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The library python3-acme, driven the way its users drive it.  The state is a directory.

Usage: python_acme.py DIR DIRECTORY_URL COMMAND [WORD...]
  register [KEY_ID MAC_KEY] | obtain WEBROOT|- KEY_TYPE NAME... | revoke | contact ADDRESS | key | deactivate
"""
import os
import sys

import josepy
from acme import challenges, client, crypto_util, messages
from cryptography.hazmat.backends import default_backend
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
import OpenSSL


class Session:
    def __init__(self, path, directory_url):
        self.path = path
        self.directory_url = directory_url
        self.key_file = os.path.join(path, "account.pem")
        self.account_file = os.path.join(path, "account.json")

    def connect(self):
        if not os.path.exists(self.key_file):
            key = rsa.generate_private_key(65537, 2048, default_backend())
            self.write(self.key_file, key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        with open(self.key_file, "rb") as file:
            self.key = josepy.JWKRSA(key=serialization.load_pem_private_key(file.read(), None, default_backend()))
        account = None
        if os.path.exists(self.account_file):
            with open(self.account_file, encoding="utf-8") as file:
                account = messages.RegistrationResource(uri=file.read(), body=messages.Registration())
        net = client.ClientNetwork(self.key, account=account, user_agent="python3-acme", timeout=120)
        directory = messages.Directory.from_json(net.get(self.directory_url).json())
        self.acme = client.ClientV2(directory, net=net)
        self.account = account

    def write(self, path, data):
        with open(path, "wb") as file:
            file.write(data)

    def keep_account(self, account):
        self.write(self.account_file, account.uri.encode())

    def register(self, *binding):
        values = {"email": "edge@cdn.example", "terms_of_service_agreed": True}
        if binding:
            values["external_account_binding"] = messages.ExternalAccountBinding.from_data(
                account_public_key=self.key.public_key(), kid=binding[0], hmac_key=binding[1],
                directory=self.acme.directory)
        self.keep_account(self.acme.new_account(messages.NewRegistration.from_data(**values)))

    def obtain(self, webroot, key_type, *names):
        key = ec.generate_private_key(ec.SECP256R1(), default_backend()) if key_type == "ec" else \
            rsa.generate_private_key(65537, 2048, default_backend())
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
        order = self.acme.new_order(crypto_util.make_csr(pem, list(names)))
        for authorization in order.authorizations:
            if authorization.body.status != messages.STATUS_VALID:
                self.answer(authorization, webroot)
        order = self.acme.poll_and_finalize(order)
        self.write(os.path.join(self.path, "cert.pem"), order.fullchain_pem.encode())

    def answer(self, authorization, webroot):
        for body in authorization.body.challenges:
            if isinstance(body.chall, challenges.HTTP01):
                response, validation = body.response_and_validation(self.key)
                self.write(os.path.join(webroot, body.chall.encode("token")), validation.encode())
                self.acme.answer_challenge(body, response)

    def revoke(self):
        with open(os.path.join(self.path, "cert.pem"), "rb") as file:
            certificate = OpenSSL.crypto.load_certificate(OpenSSL.crypto.FILETYPE_PEM, file.read())
        self.acme.revoke(josepy.ComparableX509(certificate), 4)

    def contact(self, address):
        self.acme.update_registration(self.account, messages.Registration(contact=("mailto:" + address,)))

    def deactivate(self):
        self.acme.deactivate_registration(self.account)


def main():
    session = Session(sys.argv[1], sys.argv[2])
    try:
        session.connect()
        getattr(session, sys.argv[3])(*sys.argv[4:])
    except Exception as why:  # whatever the library says is the result
        print(f"{type(why).__name__}: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
