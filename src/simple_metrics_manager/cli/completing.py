"""Scripts with which a shell completes verbs and options: made from the parser, so that they know what it knows."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import cast

from simple_metrics_manager.cli.parser import parser
from simple_metrics_manager.cli.verbs import VERBS


def script(shell: str) -> str:
    """The script for this shell; what to do with it stands in its first lines."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()


def _bash() -> str:
    cases = "\n".join(f"    {'|'.join(names)}) words='{' '.join(words)}' ;;" for names, words in _words())
    return f"""\
# bash completion of smm.  In ~/.bashrc:  eval "$(smm completion bash)"
_smm() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} verb='' each words
  for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $each in {"|".join(_verbs())}) verb=$each; break ;; esac
  done
  case $verb in
{cases}
    *) words='{" ".join([*_verbs(), *_flags(parser())])}' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _smm smm
"""


def _zsh() -> str:
    cases = "\n".join(f"    {'|'.join(names)}) compadd -- {' '.join(words)} ;;" for names, words in _words())
    described = " ".join(f"'{verb.name}:{_quoted(verb.summary)}'" for verb in VERBS)
    return f"""\
#compdef smm
# zsh completion of smm.  In ~/.zshrc, after compinit:  eval "$(smm completion zsh)"
_smm() {{
  local verb='' each
  local -a verbs
  verbs=({described})
  for each in "${{words[@]:1:$((CURRENT - 2))}}"; do
    case $each in {"|".join(_verbs())}) verb=$each; break ;; esac
  done
  case $verb in
{cases}
    *) _describe 'verb' verbs; compadd -- {" ".join(_flags(parser()))} ;;
  esac
  _files
}}
compdef _smm smm
"""


def _fish() -> str:
    lines = ["# fish completion of smm.  smm completion fish > ~/.config/fish/completions/smm.fish"]
    none = f"not __fish_seen_subcommand_from {' '.join(_verbs())}"
    lines += [f"complete -c smm -n '{none}' -a {verb.name} -d '{_quoted(verb.summary)}'" for verb in VERBS]
    for verb in VERBS:
        for action in _actions(_subparsers()[verb.name]):
            seen = f"__fish_seen_subcommand_from {' '.join((verb.name, *verb.aliases))}"
            longs = [flag.removeprefix("--") for flag in action.option_strings if flag.startswith("--")]
            shorts = [flag.removeprefix("-") for flag in action.option_strings if not flag.startswith("--")]
            spelled = " ".join([*(f"-l {long}" for long in longs), *(f"-s {short}" for short in shorts)])
            takes = " -r" if action.nargs != 0 else ""
            lines.append(f"complete -c smm -n '{seen}' {spelled}{takes} -d '{_quoted(action.help or '')}'")
    return "\n".join(lines) + "\n"


def _verbs() -> list[str]:
    return [name for verb in VERBS for name in (verb.name, *verb.aliases)]


def _words() -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Verbs, by all of their names, with what may follow them."""
    known = _subparsers()
    for verb in VERBS:
        choices = [str(each) for action in known[verb.name]._actions for each in action.choices or ()]
        words = choices if verb.name == "completion" else []
        yield (verb.name, *verb.aliases), [*words, *_flags(known[verb.name])]


def _flags(of: argparse.ArgumentParser) -> list[str]:
    return [flag for action in _actions(of) for flag in action.option_strings]


def _actions(of: argparse.ArgumentParser) -> list[argparse.Action]:
    """Options; argparse has no public way to ask for them, and typeshed knows this one."""
    return [action for action in of._actions if action.option_strings]  # pyright: ignore[reportPrivateUsage]


def _subparsers() -> dict[str, argparse.ArgumentParser]:
    for action in parser()._actions:  # pyright: ignore[reportPrivateUsage]
        if isinstance(action, argparse._SubParsersAction):  # pyright: ignore[reportPrivateUsage]
            return cast("dict[str, argparse.ArgumentParser]", action.choices)  # pyright: ignore[reportUnknownMemberType]
    raise AssertionError("unreachable")


def _quoted(text: str) -> str:
    return text.replace("'", "").replace(":", "\\:")
