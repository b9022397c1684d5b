"""For RISC-V cores with vectors (Zve32x)."""
