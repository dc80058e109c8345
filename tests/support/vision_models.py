"""Tiny random vision models of each family with their image processors, saved as a hub would."""

from pathlib import Path
from typing import Any

import torch

SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}
SEES: dict[str, Any] = {"image_size": 32, "patch_size": 8}
DINO: dict[str, Any] = {
    **{key: SMALL[key] for key in ("hidden_size", "num_hidden_layers", "num_attention_heads")},
    **SEES,
    "mlp_ratio": 2,
}
CROP = {"size": {"shortest_edge": 36}, "crop_size": {"height": 32, "width": 32}}
WORDS = ("red", "blue", "cat", "dog", "a", "of", "picture", "something", "with")


def _made(family: str) -> tuple[Any, Any]:
    import transformers as hf

    labels = {"num_labels": 5, "id2label": {i: f"class {i}" for i in range(5)}}
    text = {**SMALL, "vocab_size": 64, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    if family == "vit":
        config = hf.ViTConfig(**SMALL, **SEES, **labels)
        return hf.ViTForImageClassification(config), _vit_processor()
    if family == "vit_body":
        return hf.ViTModel(hf.ViTConfig(**SMALL, **SEES), False), _vit_processor()
    if family == "dinov2":
        return hf.Dinov2Model(hf.Dinov2Config(**DINO)), hf.BitImageProcessorPil(**CROP)
    if family == "dinov2_registers":
        config = hf.Dinov2WithRegistersConfig(**DINO, num_register_tokens=4)
        return hf.Dinov2WithRegistersModel(config), hf.BitImageProcessorPil(**CROP)
    if family == "clip":
        config = hf.CLIPConfig(text_config=text, vision_config={**SMALL, **SEES}, projection_dim=16)
        return hf.CLIPModel(config), hf.CLIPImageProcessorPil(**CROP)
    if family == "clip_vision":
        return hf.CLIPVisionModel(hf.CLIPVisionConfig(**SMALL, **SEES)), hf.CLIPImageProcessorPil(
            **CROP
        )
    if family == "resnet":
        config = hf.ResNetConfig(embedding_size=8, hidden_sizes=[16, 24], depths=[1, 1], **labels)
        return hf.ResNetForImageClassification(config), _convnext_processor()
    config = hf.ConvNextConfig(
        hidden_sizes=[8, 16], depths=[1, 1], num_stages=2, layer_scale_init_value=1.0, **labels
    )
    return hf.ConvNextForImageClassification(config), _convnext_processor()


def _vit_processor() -> Any:
    import transformers as hf

    return hf.ViTImageProcessorPil(size={"height": 32, "width": 32})


def _convnext_processor() -> Any:
    import transformers as hf

    return hf.ConvNextImageProcessorPil(size={"shortest_edge": 32})


def tokenizer() -> Any:
    """Whole words, with a CLIP's beginning and end."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = ["<pad>", "<s>", "</s>", "<unk>", *WORDS]
    inner = Tokenizer(models.WordLevel({n: i for i, n in enumerate(names)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="<unk>", pad_token="<pad>", eos_token="</s>"
    )


def grounding(folder: Path) -> Path:
    """A tiny Grounding DINO with its processor."""
    import transformers as hf
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", "?", *WORDS, "object"]
    inner = Tokenizer(models.WordPiece({n: i for i, n in enumerate(names)}, unk_token="[UNK]"))
    inner.normalizer = normalizers.BertNormalizer()
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    words = hf.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    )
    torch.manual_seed(0)
    sees = hf.SwinConfig(
        image_size=128,
        embed_dim=8,
        depths=[1] * 4,
        num_heads=[1] * 4,
        window_size=4,
        out_features=["stage2", "stage3", "stage4"],
    )
    reads = hf.BertConfig(
        vocab_size=len(names),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
    )
    config = hf.GroundingDinoConfig(
        backbone_config=sees,
        text_config=reads,
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_queries=9,
        max_text_len=16,
    )
    hf.GroundingDinoForObjectDetection(config).save_pretrained(folder)
    resizes = hf.GroundingDinoImageProcessorPil(size={"height": 128, "width": 128})
    hf.GroundingDinoProcessor(image_processor=resizes, tokenizer=words).save_pretrained(folder)
    return folder


def cutter(folder: Path) -> Path:
    """A tiny SAM with its processor."""
    import transformers as hf

    torch.manual_seed(0)
    config = hf.SamConfig(
        vision_config={
            "hidden_size": 16,
            "output_channels": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 64,
            "patch_size": 8,
            "mlp_dim": 16,
            "window_size": 4,
            "global_attn_indexes": [0],
            "num_pos_feats": 8,
        },
        prompt_encoder_config={
            "hidden_size": 16,
            "image_size": 64,
            "patch_size": 8,
            "mask_input_channels": 4,
        },
        mask_decoder_config={
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "mlp_dim": 16,
            "iou_head_hidden_dim": 8,
        },
    )
    hf.SamModel(config).save_pretrained(folder)
    resizes = hf.SamImageProcessorPil(
        size={"longest_edge": 64},
        pad_size={"height": 64, "width": 64},
        mask_size={"longest_edge": 16},
        mask_pad_size={"height": 16, "width": 16},
    )
    hf.SamProcessor(resizes).save_pretrained(folder)
    return folder


def save(family: str, folder: Path) -> Path:
    """Builds a family and saves it."""
    torch.manual_seed(1)
    network, processor = _made(family)
    for weight in network.parameters():  # larger than at birth, so that writes matter
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.15)
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    if family == "clip":
        tokenizer().save_pretrained(folder)
    return folder
