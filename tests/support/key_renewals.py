"""A TLS client that does nothing but renew its keys (RFC 8446 4.6.3): OpenSSL itself, as Python has no call for it."""

import ctypes
import ctypes.util
import socket

import pytest

UPDATE_NOT_REQUESTED = 0


class KeyRenewer:
    """A connection of TLS 1.3 with no certificate of its own."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        name = ctypes.util.find_library("ssl")
        if name is None:
            pytest.skip("there is no libssl")
        self._openssl = ctypes.CDLL(name)
        for function in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
            getattr(self._openssl, function).restype = ctypes.c_void_p
        method = ctypes.c_void_p(self._openssl.TLS_client_method())
        self._context = ctypes.c_void_p(self._openssl.SSL_CTX_new(method))
        self._tls = ctypes.c_void_p(self._openssl.SSL_new(self._context))
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=None, source_address=(source, 0))
        self._openssl.SSL_set_fd(self._tls, self._connection.fileno())
        assert self._openssl.SSL_connect(self._tls) == 1

    def send(self, content: bytes) -> None:
        """Send something."""
        assert self._openssl.SSL_write(self._tls, content, len(content)) == len(content)

    def renew(self) -> bool:
        """Renew the keys once; tell whether the connection still stands."""
        asked = self._openssl.SSL_key_update(self._tls, UPDATE_NOT_REQUESTED)
        return asked == 1 and self._openssl.SSL_do_handshake(self._tls) == 1

    def close(self) -> None:
        """End it."""
        self._connection.close()
        self._openssl.SSL_free(self._tls)
        self._openssl.SSL_CTX_free(self._context)
