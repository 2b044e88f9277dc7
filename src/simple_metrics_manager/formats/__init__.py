"""How a value becomes the bytes of one file: a module for each format."""

from __future__ import annotations

from simple_metrics_manager.formats.base import Buffer, Format
from simple_metrics_manager.formats.json import Json
from simple_metrics_manager.formats.npy import Npy
from simple_metrics_manager.formats.npz import Npz

__all__ = ["Buffer", "Format", "Json", "Npy", "Npz"]
