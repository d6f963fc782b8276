"""Loaded first by every Python that `assessment-simulator run` starts. It leads clients to the intercepting port.

Names of vendors resolve to that port, so that clients reach it that ignore proxies; and whichever authorities a client
trusts, for a vendor's host it trusts ours, too. aiohttp and uvloop may bring resolvers of their own: they are changed
after their import. The `sitecustomize` of the environment is loaded afterwards.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import socket
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


class Interception:
    """Changes of this process, until `undo`: what leads clients of `hosts` to `address` and `port`."""

    def __init__(self, address, port, hosts, authority):
        self.address, self.port, self.authority = address, port, authority
        self.hosts = frozenset(hosts)
        self._before = []
        self._resolve, self._resolve_v4 = socket.getaddrinfo, socket.gethostbyname
        self._set(socket, "getaddrinfo", self._getaddrinfo)
        self._set(socket, "gethostbyname", self._gethostbyname)
        try:
            import ssl
        except ImportError:
            return
        for name in ("wrap_socket", "wrap_bio"):
            self._set(ssl.SSLContext, name, self._trusting(getattr(ssl.SSLContext, name)))

    def undo(self):
        for place, name, value in reversed(self._before):
            setattr(place, name, value)

    def _set(self, place, name, value):
        self._before.append((place, name, getattr(place, name)))
        setattr(place, name, value)

    def is_vendor(self, host):
        if isinstance(host, bytes):
            host = host.decode("latin-1")
        return isinstance(host, str) and host.lower().rstrip(".") in self.hosts

    def _getaddrinfo(self, host, port, *args, **kwargs):
        if self.is_vendor(host):
            host, port = self.address, self.port
        return self._resolve(host, port, *args, **kwargs)

    def _gethostbyname(self, host):
        # The caller adds a port of its own, where nothing of the vendor answers.
        return self.address if self.is_vendor(host) else self._resolve_v4(host)

    def _trusting(self, wrap):
        def wrapped(context, *args, **kwargs):
            if self.is_vendor(kwargs.get("server_hostname")):
                context.load_verify_locations(self.authority)
            return wrap(context, *args, **kwargs)

        return wrapped

    def change_aiohttp(self, module):
        initialize = module.ClientSession.__init__

        def initialized(session, *args, **kwargs):
            kwargs.setdefault("trust_env", True)
            initialize(session, *args, **kwargs)

        module.ClientSession.__init__ = initialized

    def change_uvloop(self, module):
        resolve = module.Loop.getaddrinfo

        async def getaddrinfo(loop, host, port, **kwargs):
            if self.is_vendor(host):
                host, port = self.address, self.port
            return await resolve(loop, host, port, **kwargs)

        module.Loop.getaddrinfo = getaddrinfo


class _Loader(importlib.abc.Loader):
    def __init__(self, loader, change):
        self._loader, self._change = loader, change

    def __getattr__(self, name):  # such as get_data and is_package
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        self._change(module)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, changes):
        self._changes = changes

    def find_spec(self, name, path=None, target=None):
        change = self._changes.pop(name, None)
        spec = importlib.util.find_spec(name) if change else None
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, change)
        return spec


def _begin():
    address, _, port = os.environ.get("ASSESSMENT_SIMULATOR_INTERCEPT", "").rpartition(":")
    hosts = os.environ.get("ASSESSMENT_SIMULATOR_HOSTS", "").split(",")
    if port:
        begun = Interception(address, int(port), hosts, os.environ["ASSESSMENT_SIMULATOR_AUTHORITY"])
        sys.meta_path.insert(0, _Finder({"aiohttp": begun.change_aiohttp, "uvloop": begun.change_uvloop}))
    # This module replaced the next one on the path, if there is one.
    elsewhere = [folder for folder in sys.path if os.path.abspath(folder or ".") != _HERE]
    following = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if following is not None and following.loader is not None:
        following.loader.exec_module(importlib.util.module_from_spec(following))


if __name__ == "sitecustomize":
    _begin()
