"""Reading the memory of a process or a core file, by the types of its debug information."""

import gdb

ADDRESS_BYTES = 8


class NoTypes(gdb.GdbError):
    """The program has no debug information of something that is needed."""


def read(address, size):
    return gdb.selected_inferior().read_memory(address, size).tobytes()


def read_number(address, size=ADDRESS_BYTES):
    return int.from_bytes(read(address, size), "little")


def read_text(address, longest=4096):
    """A C string, or None where there is no memory."""
    if address == 0:
        return None
    try:
        return gdb.Value(address).cast(gdb.lookup_type("char").pointer()).string(length=-1, errors="replace")[:longest]
    except (gdb.error, UnicodeDecodeError):
        return None


_values = []  # Dictionaries of what was read, which holds until the process goes on.


def keep_until_it_goes_on():
    """A dictionary that is emptied then."""
    made = {}
    _values.append(made)
    return made


def forget_values():
    for each in _values:
        each.clear()


_types = {}


def find_type(name):
    """The type of that name, or None."""
    if name not in _types:
        try:
            _types[name] = gdb.lookup_type(name).strip_typedefs()
        except gdb.error:
            return None  # Not kept: an objfile may bring it later.
    return _types[name]


def need_type(name):
    found = find_type(name)
    if found is None:
        raise NoTypes(f"bifilar: this program has no debug information of {name}; build the library of its own sources, "
                      "or do not strip what is linked")
    return found


def is_struct(kind):
    return kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION)


_fields = {}


def _name_for_sure(kind):
    """The name of a type that no other of the program has; None where there may be others."""
    name = kind.name
    return name if name and not any(part in name for part in ("lambda", "(anonymous", "$_", "unnamed")) else None


def fields_of(kind):
    kind = kind.strip_typedefs()
    name = _name_for_sure(kind)
    if name in _fields:
        return _fields[name]
    found = [field for field in kind.fields() if not getattr(field, "is_static", False) and hasattr(field, "bitpos")]
    if name is not None:
        _fields[name] = found
    return found


_offsets = {}


def offset(kind, path):
    """Where the member at `path`, names with dots between them, lies in `kind`; looks into base classes."""
    key = (str(kind), path)
    if key not in _offsets:
        at = 0
        now = kind.strip_typedefs()
        for name in path.split("."):
            found = _find_member(now, name)
            if found is None:
                raise NoTypes(f"bifilar: {kind} has no member {path}: this script is for another version of the library")
            at += found[0]
            now = found[1]
        _offsets[key] = at
    return _offsets[key]


_members = {}


def _find_member(kind, name):
    sure = _name_for_sure(kind)
    if (sure, name) in _members:
        return _members[sure, name]
    found = _look_for_member(kind, name)
    if sure is not None:
        _members[sure, name] = found
    return found


def _look_for_member(kind, name):
    for field in fields_of(kind):
        if field.name == name and not field.is_base_class:
            return field.bitpos // 8, field.type.strip_typedefs()
    for field in fields_of(kind):
        if field.is_base_class or not field.name:
            found = _find_member(field.type.strip_typedefs(), name) if is_struct(field.type.strip_typedefs()) else None
            if found is not None:
                return field.bitpos // 8 + found[0], found[1]
    return None


def member(value, name):
    """The member of that name, of the class or of a base; None where there is none."""
    found = _find_member(value.type.strip_typedefs(), name)
    if found is None:
        return None
    return at(value_address(value) + found[0], found[1])


def at(address, kind):
    return gdb.Value(address).cast(kind.pointer()).dereference()


def value_address(value):
    return int(value.address)


def leaves(value, most=8):
    """The plain fields of a class, in order, whatever they are wrapped in: how to look into std:: and atomics."""
    found = []

    def look(address, kind):
        kind = kind.strip_typedefs()
        if len(found) == most:
            return
        if kind.code == gdb.TYPE_CODE_ARRAY:
            look(address, kind.target())
        elif is_struct(kind):
            for field in fields_of(kind):
                if not is_empty(field.type):
                    look(address + field.bitpos // 8, field.type)
        else:
            found.append((address, kind))

    look(value_address(value), value.type)
    return found


def is_empty(kind):
    kind = kind.strip_typedefs()
    return is_struct(kind) and kind.sizeof <= 1 and all(is_empty(field.type) for field in fields_of(kind))


def number(value):
    """The first plain field of a class as a number: of an atomic, a unique_ptr, a reference to a waker."""
    kind = value.type.strip_typedefs()
    if not is_struct(kind):
        return int(value)
    address, inner = leaves(value, 1)[0]
    return read_number(address, inner.sizeof)


def vector(value):
    """Begin and end of a std::vector."""
    (begin, _), (end, _) = leaves(value, 2)
    return read_number(begin), read_number(end)


def text_of(value):
    """A std::string."""
    begin, length = (read_number(address) for address, _ in leaves(value, 2))
    return read(begin, min(length, 4096)).decode(errors="replace") if length else ""


def hash_nodes(table):
    """The entries of a std::unordered_map, as addresses of their pairs. Of GCC's library; keys whose hash is not kept."""
    (_, _), (_, _), (first, _) = leaves(table, 3)
    node = read_number(first)
    while node != 0:
        yield node + ADDRESS_BYTES
        node = read_number(node)


def symbol_at(address):
    """The demangled name of what lies at an address, without the offset; None where nothing has a name."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    if text.startswith("No symbol"):
        return None
    return text.split(" in section ")[0].split(" + ")[0].strip()


def symbol_begins(address):
    """Whether something with a name begins there."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return not text.startswith("No symbol") and " + " not in text.split(" in section ")[0]


_addresses = {}


def symbol_address(name):
    """Where a variable lies, also one that only the linker knows; None where there is none."""
    if name not in _addresses:
        try:
            _addresses[name] = int(gdb.parse_and_eval(f"&'{name}'").cast(gdb.lookup_type("unsigned long")))
        except gdb.error:
            _addresses[name] = None
    return _addresses[name]


def forget_program():
    """Other types and variables may be there."""
    for each in (_types, _offsets, _fields, _members, _addresses):
        each.clear()


def is_core():
    """Whether there is no process, so that time stands still."""
    return gdb.selected_inferior().connection is None or gdb.selected_inferior().connection.type == "core"
