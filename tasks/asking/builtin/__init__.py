"""Answers without a language model: recognises kinds of questions and runs their experiments."""

from .answerer import Answerer, AnswererFactory

__all__ = ["Answerer", "AnswererFactory"]
