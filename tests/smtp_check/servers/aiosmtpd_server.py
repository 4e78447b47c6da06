"""aiosmtpd on four ports: mail, mail after STARTTLS only with AUTH, LMTP, and behind a proxy.

Arguments: a file with key and certificate, a user, a password.
"""
import asyncio
import ssl
import sys

from aiosmtpd.handlers import Sink
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

chain, user, password = sys.argv[1:]
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(chain)


def known(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=data == LoginPassword(user.encode(), password.encode()), handled=False)


class Handler(Sink):
    async def handle_PROXY(self, _server, _session, _envelope, _proxy):
        return True


async def main():
    mail = {"hostname": "mx.example.org"}
    secure = {"tls_context": tls, "require_starttls": True, "authenticator": known}
    for port, server, more in [
        (4025, SMTP, {}),
        (4026, SMTP, secure),
        (4024, LMTP, {}),
        (4027, SMTP, {"proxy_protocol_timeout": 30}),
    ]:
        def make(server=server, more=more):
            return server(Handler(), **mail, **more)

        await asyncio.get_running_loop().create_server(make, "127.0.0.1", port)
    await asyncio.Event().wait()


asyncio.run(main())
