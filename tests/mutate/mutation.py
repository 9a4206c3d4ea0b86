"""A mutant: a source file with one mistake in it."""


class Edit:
    """Replaces text[start:end]."""

    def __init__(self, start, end, text):
        self.start, self.end, self.text = start, end, text


class Mutation:
    def __init__(self, operator, line, says, edits):
        self.operator = operator
        self.line = line  # where the first edit is
        self.says = says
        self.edits = edits

    def apply(self, text):
        """The text with the edits made.  What was cut leaves its line ends behind, so that every
        line keeps its number and findings can be compared."""
        for edit in sorted(self.edits, key=lambda edit: edit.start, reverse=True):
            lost = text.count("\n", edit.start, edit.end) - edit.text.count("\n")
            text = text[:edit.start] + edit.text + "\n" * max(lost, 0) + text[edit.end:]
        return text
