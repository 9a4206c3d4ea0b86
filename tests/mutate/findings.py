"""What leash says of a program, and whether that is the mistake that was made."""
import json
import re
import subprocess

from ctext import Source

AT_LINE, ELSEWHERE, MISSED = "at line", "elsewhere", "missed"
PARKS = re.compile(r"chan_(send|recv|select)|(wg|cv)_wait|(mu|rw)_r?lock|once_do|task_|io_")


def check(leash, options, folder, program):
    """The findings on a program that lies in `folder`, in leash's own form."""
    done = subprocess.run(
        [leash, "check", "--format=json", "--jobs=1", *options, *program.files, "--",
         *program.command_flags()], cwd=folder, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{program.name}: leash ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)["findings"]


def new_findings(findings, original):
    """Those that the program without the mistake does not have.  Lines stay, so a finding is the
    same when rule, function and message are."""
    def identity(finding):
        return finding["rule"], finding.get("function"), finding["message"]

    known = [identity(finding) for finding in original]
    fresh = []
    for finding in findings:
        if identity(finding) in known:
            known.remove(identity(finding))
        else:
            fresh.append(finding)
    return fresh


def lines_of_call(source, line):
    """The lines of the call that parks at `line`: one over several lines is noted by the runtime at
    one of them, and by leash at another."""
    spans = [(source.line(call.at), source.line(call.close)) for call in source.calls
             if PARKS.match(call.name)]
    around = [span for span in spans if span[0] <= line <= span[1]]
    return min(around, key=lambda span: span[1] - span[0], default=(line, line))


def touches(finding, file, first, last):
    if finding["file"] == file and finding["line"] <= last and finding["end_line"] >= first:
        return True
    return any(note["file"] == file and first <= note["line"] <= last for note in finding["notes"])


def is_mistake(findings):
    """Whether one of them says more than that a convention is not kept."""
    return any(finding["group"] in ("leak", "misuse") for finding in findings)


def verdict(findings, places, texts):
    """How the new findings fit the places where tasks were stuck.  `texts`: file to text."""
    spans = [(file, *lines_of_call(Source(texts[file]), line))
             for file, line in places if file in texts]
    if any(touches(finding, *span) for finding in findings for span in spans):
        return AT_LINE
    return ELSEWHERE if is_mistake(findings) else MISSED
