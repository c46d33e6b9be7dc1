"""The command line on real files and real databases."""
