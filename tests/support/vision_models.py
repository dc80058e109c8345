"""Tiny random vision models of each family with their image processors, saved as a hub would."""

import json
from pathlib import Path
from typing import Any

import torch
from word_model import word_tokenizer

SIZES: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text())
"""By family: the model, its configuration, its image processor; sizes of what finds and cuts."""
WORDS = ("red", "blue", "cat", "dog", "a", "of", "picture", "something", "with")


def save(family: str, folder: Path) -> Path:
    """Builds a family and saves it."""
    import transformers as hf

    kind, config, settings, processor, sizes = SIZES["families"][family]
    torch.manual_seed(1)
    more = {"add_pooling_layer": False} if family == "vit_body" else {}
    network = getattr(hf, kind)(getattr(hf, config)(**settings), **more)
    for weight in network.parameters():  # larger than at birth, so that writes matter
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.15)
    network.save_pretrained(folder)
    getattr(hf, processor)(**sizes).save_pretrained(folder)
    if family == "clip":
        names = ["<pad>", "<s>", "</s>", "<unk>", *WORDS]
        words = word_tokenizer(names, "<s> $A </s>", pad_token="<pad>", eos_token="</s>")
        words.save_pretrained(folder)
    return folder


def grounding(folder: Path) -> Path:
    """A tiny Grounding DINO with its processor."""
    import transformers as hf
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", "?", *WORDS, "object"]
    inner = Tokenizer(models.WordPiece({n: i for i, n in enumerate(names)}, unk_token="[UNK]"))
    inner.normalizer = normalizers.BertNormalizer()
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    special = {f"{name.lower()}_token": f"[{name}]" for name in ("UNK", "PAD", "CLS", "SEP")}
    words = hf.PreTrainedTokenizerFast(tokenizer_object=inner, **special)
    torch.manual_seed(0)
    sizes = SIZES["finds"]
    config = hf.GroundingDinoConfig(
        backbone_config=hf.SwinConfig(**sizes["sees"]),
        text_config=hf.BertConfig(vocab_size=len(names), **sizes["reads"]),
        **sizes["whole"],
    )
    hf.GroundingDinoForObjectDetection(config).save_pretrained(folder)
    resizes = hf.GroundingDinoImageProcessorPil(size={"height": 128, "width": 128})
    hf.GroundingDinoProcessor(image_processor=resizes, tokenizer=words).save_pretrained(folder)
    return folder


def cutter(folder: Path) -> Path:
    """A tiny SAM with its processor."""
    import transformers as hf

    torch.manual_seed(0)
    hf.SamModel(hf.SamConfig(**SIZES["cuts"]["network"])).save_pretrained(folder)
    hf.SamProcessor(hf.SamImageProcessorPil(**SIZES["cuts"]["sizes"])).save_pretrained(folder)
    return folder
