"""How C calls the types of elements."""

C_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",  # of a kernel's tables only
    "int32": "int32_t",
    "uint32": "uint32_t",  # of a kernel's tables only
    "int64": "int64_t",
    "float32": "float",
    "float64": "double",  # of a kernel's tables only
    "bool": "uint8_t",  # 0 or 1
}
