"""The modular-addition transformer: a trained network whose neurons have a known function."""

from .load import load_modular

__all__ = ["load_modular"]
