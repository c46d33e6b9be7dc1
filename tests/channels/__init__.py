"""What every channel must do, and each channel that does it."""
