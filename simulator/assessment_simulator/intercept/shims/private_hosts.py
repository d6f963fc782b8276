"""Runs a command with a hosts file of its own: `private_hosts.py ADDRESS HOSTS COMMAND…`.

A mount namespace (Linux) gets a hosts file in which the vendors' names are this machine, so no resolver is asked for
them, in whatever language a client is written. Without the right to make one, the command runs without it, and standard
error says so. Only the standard library is imported, because this runs before every command.
"""

import ctypes
import os
import sys
import tempfile

_NEW_MOUNTS, _NEW_USER = 0x20000, 0x10000000
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18


def main(address: str, hosts: str, command: list[str]) -> None:
    """Replace this process by the command."""
    try:
        _isolate(address, hosts.split(","))
    except OSError as problem:
        sys.stderr.write(
            f"assessment-simulator: the command has no hosts file of its own ({problem.strerror}): clients that ignore "
            "proxies can reach the vendors, unless they are written in Python or for Node.js\n"
        )
    try:
        os.execvp(command[0], command)
    except OSError as problem:
        sys.stderr.write(f"assessment-simulator: {command[0]}: {problem.strerror}\n")
        sys.exit(126 if isinstance(problem, PermissionError) else 127)


def _isolate(address: str, hosts: list[str]) -> None:
    if not sys.platform.startswith("linux"):
        raise OSError(0, "this system has no mount namespaces")
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NEW_MOUNTS):
        _check(libc.unshare(_NEW_USER | _NEW_MOUNTS))
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(line)
    _check(libc.mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None))
    # An IPv4 address in the form of an IPv6 one, so that nobody asks a resolver for an IPv6 address.
    lines = "".join(f"{address} {host}\n::ffff:{address} {host}\n" for host in hosts)
    _replace(libc, "/etc/hosts", lambda text: lines + text)
    if os.path.exists("/etc/nsswitch.conf"):
        _replace(libc, "/etc/nsswitch.conf", _files_first)


def _files_first(text: str) -> str:
    """Names are looked up in the hosts file before any service, which would not see this one."""
    return "".join(
        f"hosts: files {line.partition(':')[2]}" if line.startswith("hosts:") else line
        for line in text.splitlines(True)
    )


def _replace(libc: ctypes.CDLL, path: str, change: "object") -> None:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        text = change(file.read())  # type: ignore[operator]
    handle, name = tempfile.mkstemp()
    with open(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.chmod(name, 0o644)
    try:
        _check(libc.mount(name.encode(), path.encode(), None, _BIND, None))
    finally:
        os.unlink(name)


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
