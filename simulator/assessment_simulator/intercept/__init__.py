"""Intercepting: clients whose hosts are compiled in reach the simulator instead of the vendor.

Theory of operation. A client gets here in one of three ways: it sends `CONNECT host:443` to this port as to a proxy, it
sends a request with an http URL to the proxy, or a name that resolves to this machine leads it here directly, with TLS
(hosts file, alias of a container, the shims of `run`). `proxy` looks at the first bytes of a connection without taking
them, and decides by the host:

1. **A host of the table** (each vendor's `hosts`, and those of `--intercept-hosts`) is answered. The connection, with
   TLS by a certificate of the local authority (`certificates`), is served by the same protocol class and limits as any
   other (`http.connection`). `requests` makes each of its requests one to the server's own address; so links and the
   host rule are as there. On this port a vendor's host has the vendor's paths only: no page and no control API.
2. **Another host of a vendor** (under its registered domain) is refused: a vendor is never reached.
3. **Any other host** is tunnelled or refused, as `--intercept-others` says.

For the client's side, `environment` makes the variables, files and shims that lead a client here and let it trust the
authority; `child` runs a command with them; `diagnosis` says why nothing arrived. A client that does not trust the
authority, or speaks HTTP/2 only, is logged once with the remedy.

What may fail: without the extra `tls` there are no certificates, and the server does not start. Certificates live for
30 days; a server makes a new one when half of that is over.
"""
