"""The shells that can complete the command."""

SHELLS = ("bash", "zsh", "fish")
