"""C source as tokens, with what the operators ask of it: calls, statements, blocks, functions.

This is no parser.  It knows brackets, semicolons and the words that begin a statement, which is
enough for code that is laid out as people lay it out; where it is wrong, the mutant does not
compile and is dropped.
"""
import bisect
import re

TOKEN = re.compile(r"""
      (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<directive>^[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n])*)
    | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    | (?P<word>[A-Za-z_]\w*)
    | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
    | (?P<sign>->|\+\+|--|<<=|>>=|<<|>>|[-+*/%&|^=!<>]=|&&|\|\||\.\.\.|[^\s\w])
    """, re.VERBOSE | re.DOTALL | re.MULTILINE)
CLOSES = {"(": ")", "[": "]", "{": "}"}
CONTROLS = {"if", "while", "for", "switch"}
LONG_PREFIX = re.compile(r"^(leash|LEASH)_")


class Token:
    def __init__(self, match):
        self.kind = match.lastgroup
        self.text = match.group()
        self.start, self.end = match.span()


class Call:
    """NAME(ARGUMENT, ...): `name` is the short lower-case one of leash.h, whatever was written."""

    def __init__(self, name, at, close, arguments):
        self.name = name
        self.at = at  # index of the name's token
        self.close = close  # index of the token )
        self.arguments = arguments  # each as (first token, one past the last)


class Function:
    def __init__(self, name, at, body):
        self.name = name
        self.at = at  # index of the name's token
        self.body = body  # index of its {


class Source:
    """The text of one file, and its tokens without comments and directives."""

    def __init__(self, text):
        self.text = text
        self.tokens = [token for token in map(Token, TOKEN.finditer(text))
                       if token.kind not in ("comment", "directive")]
        self.line_starts = [0] + [i + 1 for i, c in enumerate(text) if c == "\n"]
        self.partner = {}  # an opening bracket's index to the closing one's, and back
        self.block_of = []  # of each token, the index of the { around it, or None
        self._match_brackets()
        self.calls = list(self._find_calls())
        self.functions = list(self._find_functions())

    def _match_brackets(self):
        open_ones, blocks = [], [None]
        for i, token in enumerate(self.tokens):
            if token.text == "}" and len(blocks) > 1:
                blocks.pop()
            self.block_of.append(blocks[-1])
            if token.text in CLOSES:
                open_ones.append(i)
            elif open_ones and token.text == CLOSES[self.tokens[open_ones[-1]].text]:
                opened = open_ones.pop()
                self.partner[opened], self.partner[i] = i, opened
            if token.text == "{":
                blocks.append(i)

    def word(self, i):
        """The text of token i; "" outside."""
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def line(self, i):
        return bisect.bisect_right(self.line_starts, self.tokens[i].start)

    def slice(self, first, end):
        """The text from token `first` up to the one before `end`."""
        return self.text[self.tokens[first].start:self.tokens[end - 1].end] if first < end else ""

    # ---- calls -------------------------------------------------------------------------------

    def _find_calls(self):
        for i, token in enumerate(self.tokens):
            if token.kind == "word" and self.word(i + 1) == "(" and i + 1 in self.partner:
                close = self.partner[i + 1]
                yield Call(LONG_PREFIX.sub("", token.text).lower(), i, close,
                           self._arguments(i + 2, close))

    def _arguments(self, first, close):
        """Splits at the commas that stand in no further bracket."""
        arguments, i, begin = [], first, first
        while i < close:
            if self.word(i) == ",":
                arguments.append((begin, i))
                begin = i + 1
            i = self.partner.get(i, i) + 1 if self.word(i) in CLOSES else i + 1
        return arguments + [(begin, close)] if first < close else []

    def argument(self, call, number):
        return self.slice(*call.arguments[number])

    # ---- statements --------------------------------------------------------------------------

    def begins_statement(self, i):
        before = self.word(i - 1)
        if before == ")":
            opened = self.partner.get(i - 1)
            return opened is not None and self.word(opened - 1) in CONTROLS
        return before in (";", "{", "}", ":", "else", "do")

    def statement_of(self, call):
        """(first, end) of the tokens of a statement that is nothing but this call, maybe behind a
        cast to void; else None."""
        first = call.at
        if [self.word(first - k) for k in (3, 2, 1)] == ["(", "void", ")"]:
            first -= 3
        if self.word(call.close + 1) != ";" or not self.begins_statement(first):
            return None
        return first, call.close + 2

    def end_of_statement(self, i):
        """One past the last token of the statement that begins at i."""
        word = self.word(i)
        if word == "{":
            return self.partner[i] + 1
        if word in CONTROLS:
            end = self.end_of_statement(self.partner[i + 1] + 1)
            return self.end_of_statement(end + 1) if self.word(end) == "else" else end
        if word == "do":
            i = self.end_of_statement(i + 1)
        while self.word(i) not in (";", ""):
            i = self.partner.get(i, i) + 1 if self.word(i) in CLOSES else i + 1
        return i + 1

    # ---- functions ---------------------------------------------------------------------------

    def _find_functions(self):
        for call in self.calls:
            if self.block_of[call.at] is None and self.word(call.close + 1) == "{":
                yield Function(self.tokens[call.at].text, call.at, call.close + 1)

    def function_of(self, i):
        for function in self.functions:
            if function.body < i < self.partner.get(function.body, 0):
                return function
        return None

    def returns_nothing(self, function):
        return self.word(function.at - 1) == "void"
