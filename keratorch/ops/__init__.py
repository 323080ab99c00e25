"""The operations: one `Grad` subclass and one public function each."""
