"""Small complete programs that show how keratorch is used; run one with ``python -m``."""
