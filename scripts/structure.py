#!/usr/bin/env python3
"""Measure names, sizes and docstrings of the package: ``scripts/structure.py [--vague | --raises] [FOLDER]``.

Without an option it prints one line a measure. ``--vague`` lists the vague local names by file, ``--raises`` the public
functions whose docstring doesn't say what they raise. tests/test_architecture.py holds the package to the limits.
"""

from __future__ import annotations

import argparse
import ast
import collections
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent.parent / "pipeline"

# What stands for anything says nothing.
VAGUE = frozenset(
    "one made found told known said other its this seen kept gone own before after here mine theirs each several more"
    " both rest again some place places named what how who".split()
)
GENERIC = ("read", "find", "serve")  # public names that few modules may share

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Measures(NamedTuple):
    """What one folder measures."""

    modules: int
    longest_module: int  # lines
    functions: int
    longest_function: int  # lines
    p99_function: int  # lines: 99 of 100 functions have at most so many
    repeated_classes: dict[str, list[str]]  # public name → the files that define it, where these are several
    generic: dict[str, list[str]]  # GENERIC name → the files that define it in public
    local_names: int  # a name counts once a function
    vague_names: dict[str, collections.Counter[str]]  # file → name → functions
    public_functions: int
    documented: int  # public functions with a docstring
    silent: list[str]  # public functions that raise, and whose docstring doesn't say so

    @property
    def vague_share(self) -> float:
        """Return the share of local names that are vague words, 0 to 1."""
        return sum(names.total() for names in self.vague_names.values()) / max(1, self.local_names)


def measure(folder: Path = PACKAGE) -> Measures:
    """Return what the Python files below ``folder``, or the one file ``folder``, measure."""
    paths = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]
    sources = {str(path.relative_to(PACKAGE.parent)): path.read_text(encoding="utf-8") for path in paths}
    trees = {path: ast.parse(source) for path, source in sources.items()}
    functions = [(path, function) for path, tree in trees.items() for function in _functions(tree)]
    lengths = sorted((function.end_lineno or 0) - function.lineno + 1 for _, function in functions) or [0]
    local = [(path, name) for path, function in functions for name in local_names(function)]
    public = [(path, function) for path, tree in trees.items() for function in public_functions(tree)]
    return Measures(
        modules=len(sources),
        longest_module=max((source.count("\n") for source in sources.values()), default=0),
        functions=len(functions),
        longest_function=lengths[-1],
        p99_function=lengths[int(0.99 * (len(lengths) - 1))],
        repeated_classes=_repeated((node.name, path) for path, tree in trees.items() for node in _public_classes(tree)),
        generic={name: sorted({path for path, function in public if function.name == name}) for name in GENERIC},
        local_names=len(local),
        vague_names=_by_file((path, name) for path, name in local if name.strip("_") in VAGUE),
        public_functions=len(public),
        documented=sum(ast.get_docstring(function) is not None for _, function in public),
        silent=[f"{path}:{function.lineno} {function.name}" for path, function in public if _is_silent(function)],
    )


def local_names(function: Function) -> set[str]:
    """Return the parameters and variables of ``function``, without those of the functions inside it."""
    arguments = function.args
    names = {argument.arg for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    names |= {argument.arg for argument in (arguments.vararg, arguments.kwarg) if argument}
    for node in _own_nodes(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.Lambda):
            names |= {argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]}
    return names


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body; what functions and classes inside of it hold belongs to these."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _public_classes(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def public_functions(tree: ast.Module) -> list[Function]:
    """Return a module's functions, and its classes' methods, that others may call."""
    bodies = [tree.body, *(node.body for node in _public_classes(tree))]
    return [
        node
        for body in bodies
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    ]


def _is_silent(function: Function) -> bool:
    """Tell whether a function has a ``raise`` of its own, and no word of it in its docstring."""
    raises = any(isinstance(node, ast.Raise) and node.exc is not None for node in _own_nodes(function))
    return raises and "Raise" not in (ast.get_docstring(function) or "")


def _repeated(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    paths = collections.defaultdict(list)
    for name, path in pairs:
        paths[name].append(path)
    return {name: sorted(where) for name, where in sorted(paths.items()) if len(where) > 1}


def _by_file(pairs: Iterable[tuple[str, str]]) -> dict[str, collections.Counter[str]]:
    files: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for path, name in pairs:
        files[path][name] += 1
    return dict(files)


def _print_measures(measures: Measures) -> None:
    print(f"modules                            {measures.modules}, the longest of {measures.longest_module} lines")
    print(
        f"functions                          {measures.functions}, 99 % of at most {measures.p99_function} lines, "
        f"the longest of {measures.longest_function}"
    )
    print(f"class names in several modules     {len(measures.repeated_classes)}")
    for name, paths in measures.repeated_classes.items():
        print(f"    {name}: {', '.join(paths)}")
    for name, paths in measures.generic.items():
        print(f"modules with a public {name:6}       {len(paths)}  {', '.join(paths)}")
    print(f"vague local names                  {measures.vague_share:.1%} of {measures.local_names}")
    share = measures.documented / max(1, measures.public_functions)
    print(f"public functions with a docstring  {share:.1%} of {measures.public_functions}")
    print(f"… that raise without saying so     {len(measures.silent)}")


def main() -> None:
    """Print the measures, or a list to work through."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=lambda path: Path(path).resolve(), default=PACKAGE)
    lists = parser.add_mutually_exclusive_group()
    lists.add_argument("--vague", action="store_true", help="list the vague local names by file")
    lists.add_argument("--raises", action="store_true", help="list the public functions that raise without saying so")
    options = parser.parse_args()
    measures = measure(options.folder)
    if options.vague:
        for path, names in sorted(measures.vague_names.items(), key=lambda item: -item[1].total()):
            print(f"{names.total():4}  {path}: {', '.join(f'{name} {count}' for name, count in names.most_common())}")
    elif options.raises:
        print("\n".join(measures.silent))
    else:
        _print_measures(measures)


if __name__ == "__main__":
    main()
