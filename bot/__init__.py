"""The runtime: it knows no business."""
