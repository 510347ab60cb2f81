"""The demo: an office's calls run end to end in real time on the simulated board."""
