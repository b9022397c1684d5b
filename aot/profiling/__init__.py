"""Where the instructions of one inference go: counted block by block in QEMU, summed up by layer."""
