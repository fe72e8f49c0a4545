"""What a frozen program needs of tress that no import statement shows: weights, the catalogue, modules loaded late."""

from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata

datas = collect_data_files("tress") + copy_metadata("tress")
# What belongs to extras that are not installed cannot be imported, and is left out.
hiddenimports = collect_submodules("tress", on_error="ignore")
