"""Receiving bytes: tus 1.0, one-shot uploads and sidecars. The upload's row is the truth, the store moves the bytes."""
