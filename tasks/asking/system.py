"""The system prompt of a conversation: how to answer, then what the conversation is about."""

from ...agent.prompts import predictors, prompt
from ...tools.lab import Lab
from .threads import About

_SITES = 12  # that are named


def system(lab: Lab, about: About) -> str:
    """The system prompt: how to answer, then what this conversation is about."""
    target = lab.target
    kind = {
        "causal": "a causal language model",
        "encoder": "an encoder: each place sees all others",
        "image": "a vision model",
    }.get(target.kind, "a network")
    sites = [f"{site.name} ({site.units} units)" for site in target.sites.values()]
    shown = sites if len(sites) <= _SITES else [*sites[: _SITES - 2], "...", *sites[-2:]]
    if any(name.startswith("head.") for name in target.sites) and target.image is None:
        shown.append("along.N (head.N, each head read along one direction of what it writes)")
    what = "pictures" if target.image is not None else f"windows of {about.context_length} tokens"
    lines = [
        f"The network: {target.name}, {kind}. Sites: {', '.join(shown)}.",
        f"The corpus: {about.data}; experiments look at its exploration part, "
        f"{len(lab.explore)} {what}. Other parts are held out.",
    ]
    if lab.run is not None:
        lines.append(
            f"There is a finished run with {len(lab.run.records)} labelled units: search and read "
            "its labels before you measure anew, and cite the call that read them."
        )
    if not lab.target.sites.get("logit"):
        lines.append("It has no output vocabulary: nothing can be asked about predicted tokens.")
    return prompt(
        "conversation", about="\n".join(lines), predictors=predictors(target.kind, lab.meanings)
    )
