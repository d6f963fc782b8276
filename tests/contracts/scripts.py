"""The curl scripts of failing examples, run as a reader would run them."""

import re
import subprocess

_STEP = re.compile(r"^# (\d+)\. (?:answered (\d{3}))?", re.MULTILINE)


def replayed(script: str, base: str | None = None) -> str:
    """The output of the script, run with BASE set if given; each step must be answered as in the failing example.

    A step that got no answer, or that is a webhook to the client, is run and not compared.
    """
    environment = {"PATH": "/usr/bin:/bin", "HOOK": "http://127.0.0.1:9/", **({"BASE": base} if base else {})}
    marked = _STEP.sub(lambda step: f"printf 'step {step[1]}\\n'\n{step[0]}", script)
    run = subprocess.run(
        ["sh"], input=marked, env=environment, capture_output=True, text=True, errors="replace", timeout=60, check=False
    )
    steps, answers = _STEP.split(script)[1:], re.split(r"^step \d+$", run.stdout, flags=re.MULTILINE)[1:]
    assert steps, script
    for number, status, text, answer in zip(steps[::3], steps[1::3], steps[2::3], answers, strict=True):
        if status and '"$HOOK"' not in text:
            answered = re.findall(r"^HTTP/1\.\d (\d{3})", answer, re.MULTILINE)
            assert answered == [status], f"step {number}: {answered}\n{script}\n{run.stdout}\n{run.stderr}"
    return run.stdout
