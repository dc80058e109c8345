"""Studies: ready-made investigations that a user runs and reads.

    neuroscribe study arithmetic              which neurons add, which heads feed them, and when
    neuroscribe study recall-vs-reasoning     do one-hop and two-hop facts use the same units?
    neuroscribe study code-brackets           who closes brackets, and does turning them up help?

Each chooses units on one half of its prompts and tests them on the other, puts a control beside
every effect, and says in sentences what was found and what was not.
"""
