def measure_rivals(n): return {}
