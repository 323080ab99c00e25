"""What becomes of gradients in libraries written for the Array API: `docs/consumers.md`."""
