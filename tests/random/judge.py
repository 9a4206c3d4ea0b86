"""Holds what leash says of a program against what running it exhaustively says.

A finding is right when its construct or one of its notes covers a line on which a task can be
parked for good.  Tasks hang together: of the places where one mistake leaves tasks parked, leash
names one, so a leaking program is found as soon as one of its places is named.  A finding that has
to do with a call no task ever comes to, because all are parked before it, is neither right nor
wrong: mend the other place, and it may be right.  One that is called proven has no such excuse.
"""
from dataclasses import dataclass, field

# Leaks that are no parked task, or not only: a loop that runs for ever, a context never freed.
# What parks nobody is outside the explorer's question.
NOT_ASKED = {"lost-cancel", "endless-task", "closed-spin", "io-without-timeout", "orphan-task",
             "done-ignored"}


@dataclass
class Case:
    """A generated program with its exhaustive answer: lists of [first, last] line.
    never: of the calls that no task comes to."""
    path: str
    template: str
    seed: int
    stuck: list
    unsettled: list
    never: list
    findings: list = field(default_factory=list)   # of the leak group


@dataclass
class Verdict:
    """agreed, wrong, behind (another leak), not_asked: findings.
    missed: the stuck places that none of them names."""
    case: Case
    agreed: list = field(default_factory=list)
    wrong: list = field(default_factory=list)
    behind: list = field(default_factory=list)
    not_asked: list = field(default_factory=list)
    missed: list = field(default_factory=list)

    @property
    def leaks(self):
        return bool(self.case.stuck)

    @property
    def is_found(self):
        return self.leaks and len(self.missed) < len(self.case.stuck)

    @property
    def disagrees(self):
        return bool(self.wrong) or self.leaks and not self.is_found


COLUMNS = ("agreed", "wrong", "behind", "not_asked")
PROVEN = ("proven", "of these wrong")


def spans_of(finding):
    """The lines of a finding and of its notes, as [first, last]."""
    return [[finding["line"], finding.get("end_line", finding["line"])]] + \
        [[note["line"], note["line"]] for note in finding["notes"]]


def meets(spans, place):
    return any(first <= place[1] and place[0] <= last for first, last in spans)


def judge(case):
    verdict = Verdict(case)
    named = []
    for finding in case.findings:
        spans = spans_of(finding)
        if any(meets(spans, place) for place in case.stuck + case.unsettled):
            verdict.agreed.append(finding)
            named += spans
        elif finding["rule"] in NOT_ASKED:
            verdict.not_asked.append(finding)
        elif not is_proven(finding) and any(meets(spans, place) for place in case.never):
            verdict.behind.append(finding)
        else:
            verdict.wrong.append(finding)
    verdict.missed = [place for place in case.stuck if not meets(named, place)]
    return verdict


# ---- tables --------------------------------------------------------------------------------------


def percent(part, whole):
    return f"{100 * part // whole:3}%" if whole else "   -"


def by_template(verdicts):
    """Lines: what became of the programs of each template."""
    lines = [f"{'template':18}{'programs':>9}{'leaking':>9}{'found':>7}{'':5}{'sound':>7}"
             f"{'alarms':>8}{'proven':>8}{'undecided':>11}"]
    templates = sorted({verdict.case.template for verdict in verdicts})
    for name in templates + ["all"]:
        mine = [verdict for verdict in verdicts if name in ("all", verdict.case.template)]
        leaking = [verdict for verdict in mine if verdict.leaks]
        found = sum(verdict.is_found for verdict in leaking)
        undecided = sum(bool(verdict.case.unsettled) and not verdict.leaks for verdict in mine)
        sound = len(mine) - len(leaking) - undecided
        alarms = sum(len(verdict.wrong) for verdict in mine)
        proven = sum(is_proven(finding) for verdict in mine for finding in verdict.wrong)
        lines.append(f"{name:18}{len(mine):9}{len(leaking):9}{found:7} "
                     f"{percent(found, len(leaking))}{sound:7}{alarms:8}{proven:8}{undecided:11}")
    return lines


def is_proven(finding):
    return finding["confidence"] == "proven"


def by_rule(verdicts):
    """Lines: what the findings of each rule were worth."""
    counts = {}
    for verdict in verdicts:
        for column in COLUMNS:
            for finding in getattr(verdict, column):
                row = counts.setdefault(finding["rule"], dict.fromkeys(COLUMNS + PROVEN, 0))
                row[column] += 1
                if is_proven(finding):
                    row["proven"] += 1
                    row["of these wrong"] += column == "wrong"
    lines = [f"{'rule':24}" + "".join(f"{word.replace('_', ' '):>{len(word) + 3}}"
                                      for word in COLUMNS + PROVEN)]
    for rule in sorted(counts):
        lines.append(f"{rule:24}" + "".join(f"{counts[rule][word]:{len(word) + 3}}"
                                            for word in COLUMNS + PROVEN))
    return lines


def lines_of(places):
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in places)


def disagreement(verdict):
    """Lines: what is to be looked at in one program."""
    case, lines = verdict.case, []
    for finding in verdict.wrong:
        word = "PROVEN WRONG" if is_proven(finding) else "wrong alarm"
        lines.append(f"{case.path}:{finding['line']}: {word}: {finding['message']} "
                     f"[{finding['rule']}]")
    if verdict.leaks and not verdict.is_found:
        lines.append(f"{case.path}: missed: tasks stay parked at line {lines_of(case.stuck)}")
    return lines
