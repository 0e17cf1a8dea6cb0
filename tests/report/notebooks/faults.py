"""Every way in which a notebook can end badly. Imports nothing heavy, so that its kernels start at once."""

import ctypes
import os
import signal
import subprocess
import sys
import time

PHONE = "13800138000"
NARRATIVE = "my husband hides the parcels"


def trip(fault: str, note: str = "") -> None:
    """Nothing, or the fault of that name; `child` writes the number of a process it starts to the file `note`."""
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault == "segfault":
        ctypes.string_at(0)
    elif fault == "_exit":
        os._exit(0)
    elif fault == "sys.exit":
        sys.exit(0)
    elif fault == "raise":
        raise ValueError(f"{PHONE}: {NARRATIVE}")
    elif fault == "trouble":
        from complaintlib.words import Trouble, Words

        raise Trouble(Words("先做这个", "do this first"))
    elif fault == "loop":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            time.sleep(1)
    elif fault == "token":
        print(note)
        sys.exit(0)
    elif fault == "hog":
        note = [bytearray(2**28) for _ in range(64)]
    elif fault == "child":
        child = subprocess.Popen(["sleep", "600"])
        with open(note, "w", encoding="utf-8") as file:
            file.write(str(child.pid))
        while True:
            time.sleep(1)
