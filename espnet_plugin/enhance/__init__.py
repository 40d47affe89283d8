"""Wave in, wave out; and whole lists of files."""
