"""Stands in for Renode where instructions are counted: QEMU logs every instruction of the model `digits`, one by one.

At each hook of the script, this says how many have been executed, as Renode logs it.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

script = Path(sys.argv[-1].removeprefix("include @").replace("\\ ", " ")).read_text()
hook = r"sysbus.cpu AddHook (0x\w+) \"self.WarningLog\('(aot-count 0x\w+ )' \+ str\(self.ExecutedInstructions\)\)\""
hooks = {int(address, 16): text for address, text in re.findall(hook, script)}
(elf,) = re.findall(r"sysbus LoadELF @(.*)", script)
(tcp_port,) = re.findall(r'CreateServerSocketTerminal (\d+) "uart" false', script)

linker_map = Path(elf).with_suffix(".map").read_text().partition("Linker script and memory map")[2]
model = re.findall(r"(0x0*8\w{6}) +(0x[1-9a-f]\w*) \S*(?:/digits\.o|mem\w*\.o\))", linker_map)
seen = ",".join([f"{begin}+{size}" for begin, size in model] + [f"{at:#x}+0x1" for at in hooks])

pipe = Path(f"{elf}.trace")
os.mkfifo(pipe)
command = ["qemu-system-arm", "-M", "netduinoplus2", "-nographic", "-monitor", "none", "-kernel", elf]
command += ["-serial", "null", "-serial", f"tcp:127.0.0.1:{tcp_port},server=on,wait=on,nodelay=on"]
qemu = subprocess.Popen([*command, "-singlestep", "-d", "exec,nochain", "-dfilter", seen, "-D", str(pipe)])


def stop(*_: object) -> None:
    qemu.kill()
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
with pipe.open() as log:
    for count, line in enumerate(log):
        found = re.search(r"\[\w+/(\w+)/", line)
        if found and int(found[1], 16) in hooks:
            print(f"12:00:00.0000 [WARNING] cpu: {hooks[int(found[1], 16)]}{count}", flush=True)
