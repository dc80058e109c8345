"""Questions about models whose answers are known exactly, and what a planner scores on them."""
