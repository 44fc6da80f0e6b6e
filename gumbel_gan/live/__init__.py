"""The page one plays with: the game itself, in a process of its own, drawn in a browser."""

from .notebook import show as show
