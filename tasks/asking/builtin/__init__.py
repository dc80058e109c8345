"""Answers without a language model: templates of questions, and their experiments."""

from .answerer import Answerer, AnswererFactory

__all__ = ["Answerer", "AnswererFactory"]
