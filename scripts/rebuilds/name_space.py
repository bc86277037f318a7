"""name_space.py FIRST COMMAND...: runs COMMAND as the root of a user name space whose ids are FIRST and on: what an engine
does for somebody who is not root. Only for root.
"""

import ctypes
import os
import sys

NEW_USERS, NEW_MOUNTS = 0x10000000, 0x00020000
IDS = 65536


def main() -> int:
    first, command = int(sys.argv[1]), sys.argv[2:]
    (ready_read, ready), (mapped, mapped_write) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        if ctypes.CDLL(None, use_errno=True).unshare(NEW_USERS | NEW_MOUNTS) != 0:
            os._exit(71)
        os.write(ready, b"x")
        os.read(mapped, 1)
        os.setresgid(0, 0, 0)
        os.setgroups([])
        os.setresuid(0, 0, 0)
        os.execvp(command[0], command)
    os.close(ready)
    if os.read(ready_read, 1):
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{child}/{name}", "w", encoding="ascii") as file:
                file.write(f"0 {first} {IDS}\n")
        os.write(mapped_write, b"x")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


sys.exit(main())
