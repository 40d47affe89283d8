"""The URGENT 2026 challenge's own simulation: its lists, random draws and operations, number for number."""
