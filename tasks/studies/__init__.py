"""Studies: ready-made investigations that a user runs and reads.

    neuroscribe study arithmetic              which neurons add, which heads feed them, and when
    neuroscribe study recall-vs-reasoning     do one-hop and two-hop facts use the same units?
    neuroscribe study code-brackets           who closes brackets, and does turning them up help?
    neuroscribe study spurious                units that follow the object, chosen by description
    neuroscribe study failures                which pictures of a class are misclassified?

Each chooses on some inputs and tests on others, puts a control beside every effect, and says in
sentences what was found and what was not.
"""
