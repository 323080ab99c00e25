"""Small complete programs that show how to use keratorch; run one with ``python -m``."""
