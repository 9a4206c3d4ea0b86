#!/usr/bin/env python3
"""leash lsp in real editors: `./dev test-all editors`.

    editors.py LEASH

The leaky example has to show what `leash check` says of it, as it is opened and while somebody
types: in Neovim, without plugins and beside clangd (neovim.lua), and in Emacs by eglot (emacs.el).
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EXAMPLE = ROOT / "runtime" / "examples" / "leaky" / "thumbnailer.c"
SECONDS = 300
EDITORS = {
    "neovim": ["nvim", "--headless", "--clean", "-c", f"luafile {HERE / 'neovim.lua'}"],
    "emacs": ["emacs", "--batch", "-l", str(HERE / "emacs.el")],
}


def make_program(folder):
    source = folder / EXAMPLE.name
    shutil.copy(EXAMPLE, source)
    (folder / "compile_commands.json").write_text(json.dumps([{
        "directory": str(folder), "file": source.name,
        "arguments": ["cc", "-std=gnu17", f"-I{ROOT}/runtime/include", "-c", source.name]}]))
    return source


def checked(leash, source):
    """What leash check says, as "LINE RULE"."""
    report = subprocess.run([leash, "check", "-p", source.parent, "--format", "json"], check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return [f"{f['line']} {f['rule']}" for f in json.loads(report)["findings"]]


def main():
    leash = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="leash-editors-") as name:
        folder = pathlib.Path(name)
        source = make_program(folder)
        found = checked(leash, source)
        # What README.md shows of it is among them.
        line = source.read_text().split("\n").index("        return;") + 1
        assert f"{line} missing-wg-done" in found, found
        expected = folder / "expected"
        expected.write_text("".join(f"{line}\n" for line in found))
        environment = {**os.environ, "LEASH": str(leash), "CLANGD": "clangd-19",
                       "EXPECT": str(expected)}
        failed = 0
        for editor, command in EDITORS.items():
            ended = subprocess.run([*command, source], env=environment, timeout=SECONDS,
                                   check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            good = ended.returncode == 0
            failed += not good
            print(f"{editor}: " + ("as expected" if good else ended.stdout.decode() + "FAILED"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
