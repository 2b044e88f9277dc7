from collections.abc import Mapping, Sequence
from pathlib import Path

from pyarrow import BufferOutputStream, BufferReader, Schema, Table

class FileMetaData:
    metadata: dict[bytes, bytes] | None
    num_rows: int

class ParquetWriter:
    is_open: bool
    def __init__(
        self,
        where: BufferOutputStream,
        schema: Schema,
        *,
        compression: str = ...,
        use_dictionary: bool | Sequence[str] = ...,
        use_compliant_nested_type: bool = ...,
    ) -> None: ...
    def write_table(self, table: Table) -> None: ...
    def add_key_value_metadata(self, key_value_metadata: Mapping[str, str]) -> None: ...
    def close(self) -> None: ...

class ParquetFile:
    metadata: FileMetaData
    schema_arrow: Schema
    def __init__(self, source: BufferReader | str | Path) -> None: ...
    def read(self) -> Table: ...

def read_table(source: str | Path | BufferReader) -> Table: ...
def write_table(table: Table, where: str | Path | BufferOutputStream, *, compression: str = ...) -> None: ...
