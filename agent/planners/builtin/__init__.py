"""The built-in planner: it searches, experiments and concludes without a language model."""
