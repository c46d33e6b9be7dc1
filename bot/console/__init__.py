"""What operators open: the console, all of it under /console."""
