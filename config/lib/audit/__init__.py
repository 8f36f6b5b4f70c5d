"""Evidence that cannot be altered unnoticed: refused attempts, signatures, hash chain, anchors."""
